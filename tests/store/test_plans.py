"""Plans: on a new ledger as on a full one, the engine probes indexes with whole keys."""

import asyncio
import re
import subprocess

from ledger.embedded import bin_dir
from ledger.store.sql import statement
from tests.conftest import Database


def _plan(database: Database, name: str) -> str:
    """The plan of every execution: psql leaves the parameters open."""
    sessions = statement("session") + statement("session_engine")
    script = f"{sessions}\nEXPLAIN (GENERIC_PLAN) {statement(name)};\n"
    return subprocess.run(
        [bin_dir() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database.url],
        input=script,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


async def test_loading_probes_indexes_with_whole_keys_even_on_empty_tables(
    database: Database,
) -> None:
    """A plan is made once and kept: made on empty tables it must still be right on full ones."""
    text = await asyncio.to_thread(_plan, database, "load")
    probes = re.findall(r"Index Scan (?:using|on) (\w+)[^\n]*\n\s*Index Cond: ([^\n]*)", text)
    conditions = {index: set(re.findall(r"\((\w+) = ", found)) for index, found in probes}
    # An event is found by its seq, or by wallet and seq; never by a part of the longer key.
    for index, found in probes:
        if index == "events_by_wallet":
            assert set(re.findall(r"\((\w+) = ", found)) == {"shard", "wallet", "seq"}
    assert conditions["wallets_pkey"] == {"shard", "wallet"}
    assert conditions["documents_pkey"] == {"shard", "wallet", "kind", "id"}
    assert conditions["requests_pkey"] == {"shard", "wallet", "caller", "key_hash"}
    assert conditions["refusals_default_pkey"] == {"shard", "wallet", "caller", "key_hash"}
    assert conditions["texts_pkey"] == {"shard", "wallet", "caller", "key_hash"}
    assert {"events_pkey", "events_by_wallet"} & set(conditions)
    scanned = set(re.findall(r"Seq Scan on (\w+)", text))
    assert scanned <= {"development_clock", "shards"}
