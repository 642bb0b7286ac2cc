"""Openings of earlier imports: found by whole keys, whatever the planner knows of the tables."""

import re

import asyncpg

from ledger.store.sql import statement
from tests.kit.databases import Database


async def test_openings_are_probed_with_whole_keys(database: Database) -> None:
    """A plan that was made when the log was empty must be right when it is long."""
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(statement("session"))
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(
            f"PREPARE found (smallint, text [], text) AS {statement('find_openings')}"
        )
        rows = await connection.fetch("EXPLAIN EXECUTE found (0, ARRAY['w'], 'ledger:import')")
    finally:
        await connection.close()
    plan = "\n".join(row[0] for row in rows)
    probes = re.findall(r"Index Scan (?:using|on) (\w+)[^\n]*\n\s*Index Cond: ([^\n]*)", plan)
    conditions = {index: set(re.findall(r"\((\w+) = ", condition)) for index, condition in probes}
    assert conditions.pop("requests_pkey") == {"shard", "wallet", "caller"}
    assert conditions in (
        {"events_pkey": {"shard", "seq"}},
        {"events_by_wallet": {"shard", "wallet", "seq"}},
    )
    assert "Seq Scan" not in plan
