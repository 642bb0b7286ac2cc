"""`ledger import`: balances of an earlier system, from CSV files, a wallet at a time.

First every file is read, checked and added up; only files without any fault, which agree with
their control totals, are imported. Each wallet's rows are one command under a key of its own, so
that an import that was stopped, however, goes on where it stopped when it is run again.
"""

import asyncio
import gc
import re
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, aclosing
from pathlib import Path
from types import FrameType
from typing import IO, Final

import uvloop
from msgspec import Struct

from ledger.cli.command_error import CommandError
from ledger.cli.database import settings_with_database
from ledger.cli.importing.checking import Checked, check, find_files
from ledger.cli.importing.faults import Faults
from ledger.cli.importing.rehearsal import Rehearsal
from ledger.cli.importing.report import (
    Report,
    Tally,
    Wallets,
    show,
    show_wrong,
)
from ledger.cli.importing.scratch import Scratch
from ledger.cli.importing.sending import CALLER, Sender, Submit
from ledger.cli.importing.wallets import stream_openings
from ledger.cli.progress import Meter
from ledger.cli.screen import Screen
from ledger.core.flows.opening import ImportOpening
from ledger.core.ids import ID_PATTERN
from ledger.core.instants import Instant
from ledger.core.terms import Terms
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings
from ledger.store.reads import read_clock

INCOMPLETE: Final = 1
"""Exit code where some wallets were refused, all others imported."""

WRONG: Final = 2
"""Exit code where the files or their totals are wrong: nothing was imported."""

_NAME: Final = re.compile(ID_PATTERN, re.ASCII)


class ImportOptions(Struct, frozen=True):
    """What `ledger import` was asked to do; without a name, the files' digest is their name."""

    paths: Sequence[Path]
    totals: Path | None = None
    result: Path | None = None
    name: str | None = None
    dry_run: bool = False
    additional: bool = False
    as_json: bool = False


def run(options: ImportOptions) -> int:
    """Import and report: 0 when everything is in the books, else INCOMPLETE or WRONG."""
    if options.name is not None and not _NAME.fullmatch(options.name):
        raise CommandError("--name is 1 to 64 of A-Z a-z 0-9 _ . : -")
    files = find_files(options.paths)
    _check_result(options.result, [*files.values(), options.totals])
    # A SIGTERM ends it as Ctrl-C does: the database is released.
    signal.signal(signal.SIGTERM, _leave)
    with ExitStack() as stack:
        settings = stack.enter_context(settings_with_database())
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        terms, now = runner.run(_terms_now(settings))
        scratch = stack.enter_context(Scratch())
        meter = stack.enter_context(Meter(quiet=options.as_json))
        checked = check(files, options.totals, terms, now, scratch, meter)
        tally = None
        if checked.is_right:
            tally = Tally(terms, _open_result(options.result, stack))
            openings = stream_openings(scratch.stream(), terms.lots_max, Faults())
            meter.begin("importing", checked.wallets)
            runner.run(_import(settings, options, checked, openings, tally, meter))
    return _report(options, checked, tally)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def _check_result(result: Path | None, given: Iterable[Path | None]) -> None:
    if result is not None and result.exists():
        for path in given:
            if path is not None and path.exists() and path.samefile(result):
                raise CommandError(f"--result would overwrite {path}: name another file")


def _open_result(path: Path | None, stack: ExitStack) -> IO[str] | None:
    if path is None:
        return None
    return stack.enter_context(path.open("w", encoding="utf-8", newline=""))


async def _terms_now(settings: Settings) -> tuple[Terms, Instant]:
    ledger = await open_ledger(settings)
    try:
        async with ledger.reading() as connection:
            now = await read_clock(connection)
        return ledger.catalogue.at(now), now
    finally:
        await ledger.close()


async def _import(
    settings: Settings,
    options: ImportOptions,
    checked: Checked,
    openings: Iterable[ImportOpening],
    tally: Tally,
    meter: Meter,
) -> None:
    ledger = await open_ledger(settings)
    # As a worker does: nothing here makes cycles, and there is much to look through in vain.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        name = options.name or checked.digest
        sender = Sender(ledger, name, _submit(ledger, options), additional=options.additional)
        async with aclosing(sender.stream(openings)) as chunks:
            async for results in chunks:
                for result in results:
                    tally.add(result)
                meter.advance(len(results))
    finally:
        await ledger.close()


def _submit(ledger: Ledger, options: ImportOptions) -> Submit:
    if options.dry_run:
        return Rehearsal(ledger).submit
    return lambda requests: ledger.submit_many(CALLER, requests)


def _report(options: ImportOptions, checked: Checked, tally: Tally | None) -> int:
    report = Report(
        name=options.name or checked.digest,
        dry_run=options.dry_run,
        rows=checked.rows,
        wallets=Wallets() if tally is None else tally.wallets,
        totals={} if tally is None else tally.totals(checked.totals),
        reasons={} if tally is None else tally.reasons,
        refused=[] if tally is None else tally.refused,
        errors=checked.faults,
        differences=checked.differences,
    )
    screen = Screen()
    if options.as_json:
        screen.document(report)
    elif tally is None:
        show_wrong(screen, report)
    else:
        show(screen, report)
    if tally is None:
        return WRONG
    return 0 if report.is_complete else INCOMPLETE
