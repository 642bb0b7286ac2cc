"""`ledger jobs`: what the ledger does by itself, in a process of its own."""

import asyncio
import signal
from time import monotonic
from typing import Final

from msgspec import Struct
from prometheus_client import start_http_server

from ledger.cli.database import settings_with_database
from ledger.cli.progress import Meter
from ledger.cli.screen import Screen
from ledger.jobs import JOBS, running
from ledger.jobs.runner import run_once
from ledger.jobs.sweeper import SWEEP
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings
from ledger.store.jobs import count_due, read_backlog
from ledger.telemetry import configure_logging

COUNTED_EVERY_S: Final = 1.0
"""How often a sweep counts how much is left, for its progress bar."""


class Summary(Struct, frozen=True):
    """What a sweep did: events recorded, what it left, and how long it took."""

    events: int
    wallets_due: int
    wallets_quarantined: int
    seconds: float


def run(*, once: bool, metrics_port: int | None, as_json: bool) -> None:
    """Do the jobs until SIGTERM or SIGINT; or sweep once."""
    with settings_with_database() as settings:
        if once:
            _show(asyncio.run(_sweep(settings, quiet=as_json)), as_json=as_json)
            return
        configure_logging()
        if metrics_port is not None:
            start_http_server(metrics_port, settings.http_host)
        asyncio.run(_keep_going(settings))


async def _keep_going(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopping.set)
    ledger = await open_ledger(settings)
    try:
        async with running(ledger, JOBS):
            print("ledger jobs are running", flush=True)
            await stopping.wait()
    finally:
        await ledger.close()


async def _sweep(settings: Settings, *, quiet: bool) -> Summary:
    begun = monotonic()
    ledger = await open_ledger(settings)
    events = 0
    try:
        with Meter(quiet=quiet) as meter:
            left, _ = await _remaining(ledger)
            meter.begin("sweeping wallets", left)
            counted_at = monotonic()
            async for count in run_once(ledger, SWEEP):
                events += count
                # Counting what is left costs something itself.
                if monotonic() - counted_at > COUNTED_EVERY_S:
                    before, (left, _) = left, await _remaining(ledger)
                    meter.advance(max(0, before - left))
                    counted_at = monotonic()
        due, quarantined = await _remaining(ledger)
    finally:
        await ledger.close()
    return Summary(events, due, quarantined, round(monotonic() - begun, 3))


async def _remaining(ledger: Ledger) -> tuple[int, int]:
    """The number of wallets with something due, and of wallets in quarantine."""
    async with ledger.reading() as connection:
        backlogs = [await read_backlog(connection, shard) for shard in range(ledger.facts.shards)]
        due = await count_due(connection, backlogs[0].now)
    return due, sum(backlog.quarantined for backlog in backlogs)


def _show(summary: Summary, *, as_json: bool) -> None:
    screen = Screen()
    if as_json:
        screen.document(summary)
        return
    screen.say(f"{summary.events} dues recorded in {summary.seconds} s.")
    if summary.wallets_quarantined:
        screen.say(
            f"{summary.wallets_quarantined} wallets are in quarantine: the log of the service says "
            "what their dues raise."
        )
