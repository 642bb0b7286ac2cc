"""`ledger verify`: the log against everything derived from it."""

import asyncio

from ledger.cli.database import settings_with_database
from ledger.cli.progress import Meter
from ledger.cli.screen import Screen, columns, long
from ledger.core.findings import Finding
from ledger.queries.verify import verify
from ledger.store.pool import connect_service
from ledger.store.schema import read_facts
from ledger.store.verification import count_events

SHOWN_MAX = 200
"""Differences shown and kept; more are counted."""


def run(*, as_json: bool) -> int:
    """Print what differs; 0 when nothing does, else 1."""
    with settings_with_database() as settings:
        assert settings.database_url is not None
        events, differences, findings = asyncio.run(_verify(settings.database_url, quiet=as_json))
    screen = Screen()
    if as_json:
        screen.document({"events": events, "differences": differences, "findings": findings})
    else:
        _show(screen, events, differences, findings)
    return 1 if differences else 0


async def _verify(url: str, *, quiet: bool) -> tuple[int, int, list[Finding]]:
    connection = await connect_service(url)
    findings: list[Finding] = []
    differences = 0
    try:
        await read_facts(connection)
        total = await count_events(connection)
        with Meter(quiet=quiet) as meter:
            meter.begin("verifying", total)
            async for finding in verify(connection, meter.advance):
                differences += 1
                if len(findings) < SHOWN_MAX:
                    findings.append(finding)
    finally:
        await connection.close()
    return total, differences, findings


def _show(screen: Screen, events: int, differences: int, findings: list[Finding]) -> None:
    if not differences:
        screen.say(
            f"{events} events verified: wallets, documents, requests, totals and blocks agree."
        )
        return
    rows = [(finding.what, finding.where, finding.problem) for finding in findings]
    heads = columns("what", "where", long("problem"))
    screen.table(heads, rows, title=f"{differences} differences")
    if differences > len(findings):
        screen.say(f"… and {differences - len(findings)} more.")
