"""What the tests of imports share: an import as a process of its own, and the books after it."""

import json
from typing import Any

from ledger.queries.verify import verify
from ledger.service import Ledger
from ledger.store.pool import connect_service
from ledger.store.verification import count_events
from tests.kit.command_line import run
from tests.kit.databases import Database


async def import_(database: Database, *arguments: object) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of an import."""
    code, out, err = await run("import", *map(str, arguments), "--json", **database.environment)
    assert out, err
    assert not err
    return code, json.loads(out)


async def closings(ledger: Ledger) -> dict[tuple[str, int], int]:
    """The trial balance: what each account and currency closes with."""
    rows = await ledger.reports.trial_balance(None, None)
    return {(row.account, row.currency): row.closing for row in rows if row.closing}


async def verified(database: Database) -> int:
    """How many events there are; they agree with everything derived from them."""
    connection = await connect_service(database.url)
    try:
        assert not [finding async for finding in verify(connection, lambda _: None)]
        return await count_events(connection)
    finally:
        await connection.close()
