"""`ledger bulk grant|adjust|freeze|refund FILE.csv`."""

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from ledger.cli.admin.bulk.expecting import confirm_plan, expected_of
from ledger.cli.admin.bulk.kinds import (
    ADJUST,
    FREEZE,
    GRANT,
    REFUND_CHARGES,
    REFUND_ORDERS,
    SheetKind,
)
from ledger.cli.admin.bulk.report import Plan, Tally, show_plan, show_tally
from ledger.cli.admin.bulk.results import Result, Results
from ledger.cli.admin.bulk.row_commands import RowCommand, Run, row_command_of
from ledger.cli.admin.bulk.running import execute, precheck, run_each
from ledger.cli.admin.bulk.sheets import Fault, Row, digest_of, read_sheet, rows_of
from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Flag
from ledger.cli.admin.session import REFUSED, UNREACHABLE, Session, open_session
from ledger.cli.command_error import CommandError
from ledger.cli.progress import Meter
from ledger.client import OutcomeUnknown, Unavailable
from ledger.core.ids import ID_PATTERN

app: Final = App(name="bulk", help="Do the same for every row of a CSV file.")

WRONG: Final = 2
"""Exit code: the file, or what was expected of it, is wrong; nothing was done."""

_NAME: Final = re.compile(ID_PATTERN, re.ASCII)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class BulkOptions:
    """How the rows of a sheet are checked and sent."""

    dry_run: Flag = False
    """Check every row and tell the totals; do nothing."""

    expect_rows: int | None = None
    """Go on without asking if the file has so many rows, and the totals are as expected."""

    expect_total: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    """Such as INSPIRATION=100.00, one for each total of the dry run."""

    name: str | None = None
    """The run's name, which makes its keys: by default a digest of what the file says."""

    result: Path | None = None
    """Where to write what became of each row; FILE.result.csv by default."""

    new_wallets: Flag = False
    """Wallets that the ledger has never seen are meant, not misspelt."""

    at_once: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 8
    """So many requests at once."""


OPTIONS: Final = BulkOptions()


@app.command
async def grant(
    file: Path, *, options: BulkOptions = OPTIONS, where: ConnectionOptions = HERE
) -> None:
    """Grant points: wallet_id, currency, amount, source, reason; perhaps expires_at."""
    await _run((GRANT,), file, options, where)


@app.command
async def adjust(
    file: Path, *, options: BulkOptions = OPTIONS, where: ConnectionOptions = HERE
) -> None:
    """Propose corrections: wallet_id, direction, currency, amount, reason; perhaps evidence,
    source, expires_at, lot_id, include_paid, valid_for_s. Another person approves them.
    """  # noqa: D205 - it is shown as a paragraph
    await _run((ADJUST,), file, options, where)


@app.command
async def freeze(
    file: Path, *, options: BulkOptions = OPTIONS, where: ConnectionOptions = HERE
) -> None:
    """Freeze wallets: wallet_id, reason."""
    await _run((FREEZE,), file, options, where)


@app.command
async def refund(
    file: Path, *, options: BulkOptions = OPTIONS, where: ConnectionOptions = HERE
) -> None:
    """Refund charges (wallet_id, charge_id, amount, reason), or orders (order_id, amount_cny,
    reason).
    """  # noqa: D205 - it is shown as a paragraph
    await _run((REFUND_ORDERS, REFUND_CHARGES), file, options, where)


async def _run(
    kinds: Sequence[SheetKind], file: Path, options: BulkOptions, where: ConnectionOptions
) -> None:
    if options.name is not None and not _NAME.fullmatch(options.name):
        raise CommandError("--name is 1 to 64 of A-Z a-z 0-9 _ . : -")
    expected = expected_of(options.expect_rows, options.expect_total)
    sheet = read_sheet(file)
    kind = next((kind for kind in kinds if kind.needed[0] in sheet.header), kinds[-1])
    rows = rows_of(sheet, kind.columns, kind.needed)
    result_path = options.result or file.with_name(f"{file.name}.result.csv")
    async with open_session(where) as session:
        plan = await _plan(session, kind, rows, options, result_path)
        show_plan(session, plan)
        if plan.faults:
            sys.exit(WRONG)
        if options.dry_run:
            return
        confirm_plan(session.screen, plan, expected)
        tally = await _execute(session, plan, result_path, options)
        show_tally(session, plan, tally, result_path)
        if tally.refused:
            sys.exit(REFUSED)


async def _plan(
    session: Session, kind: SheetKind, rows: Sequence[Row], options: BulkOptions, result_path: Path
) -> Plan:
    """The calls that the rows become, and their faults, once the ledger was asked about each."""
    me = await session.client.me()
    catalogue = await session.client.catalogue()
    currencies = [currency.currency for currency in catalogue.currencies]
    run = Run(options.name or digest_of(rows), me.caller)
    checked = [row_command_of(kind, row, run, currencies) for row in rows]
    faults = [outcome for outcome in checked if isinstance(outcome, Fault)]
    valid = [outcome for outcome in checked if isinstance(outcome, RowCommand)]
    row_commands: list[RowCommand] = []
    # Of a run that was begun every row was right once: what has changed since is for the ledger
    # to decide, and must not keep the others from being gone on with.
    is_begun = not options.dry_run and _is_begun(result_path, valid)

    def take(outcome: RowCommand | Fault) -> None:
        meter.advance(1)
        if isinstance(outcome, Fault):
            faults.append(outcome)
        else:
            row_commands.append(outcome)

    async def work(row_command: RowCommand) -> RowCommand | Fault:
        outcome = await precheck(session, kind, row_command, new_wallets=options.new_wallets)
        return row_command if is_begun and isinstance(outcome, Fault) else outcome

    with Meter(quiet=session.as_json) as meter:
        meter.begin("checking", len(valid))
        await run_each(valid, work, take, options.at_once)
    row_commands.sort(key=lambda row_command: row_command.row)
    faults.sort(key=lambda fault: fault.row)
    return Plan(kind, run.name, len(rows), row_commands, faults, dry_run=options.dry_run)


def _is_begun(result_path: Path, row_commands: Sequence[RowCommand]) -> bool:
    if not result_path.exists():
        return False
    with Results(result_path) as results:
        return bool(
            results.settled({row_command.row: row_command.key for row_command in row_commands})
        )


async def _execute(session: Session, plan: Plan, result_path: Path, options: BulkOptions) -> Tally:
    """Send the rows that no earlier run has settled, and keep the result of each in the file."""
    with Results(result_path) as results, Meter(quiet=session.as_json) as meter:
        earlier = results.settled(
            {row_command.row: row_command.key for row_command in plan.row_commands}
        )
        tally = Tally(earlier)
        settled_rows = {result.row for result in earlier}
        rest = [
            row_command for row_command in plan.row_commands if row_command.row not in settled_rows
        ]

        def take(result: Result) -> None:
            results.add(result)
            tally.add(result)
            meter.advance(1)

        async def work(row_command: RowCommand) -> Result:
            return await execute(session, plan.kind, row_command)

        meter.begin("sending", len(rest))
        try:
            await run_each(rest, work, take, options.at_once)
        except (OutcomeUnknown, Unavailable) as unavailable:
            _note_stopped(session, plan, tally, f"{unavailable.__cause__ or unavailable}")
            sys.exit(UNREACHABLE)
        except asyncio.CancelledError:
            _note_stopped(session, plan, tally, "interrupted")
            raise
    return tally


def _note_stopped(session: Session, plan: Plan, tally: Tally, why: str) -> None:
    session.screen.note(
        f"ledger: stopped ({why}): {tally.settled} of {plan.rows} rows are settled, some of the "
        "others may be. Run the same command again: it goes on, and nothing is done twice."
    )
