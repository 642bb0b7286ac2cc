"""Plans: on a new ledger as on a full one, indexes are probed with whole keys."""

import asyncio
import re

import pytest

from ledger.store.sql import statement
from tests.kit.databases import Database, plan_of


async def test_loading_probes_indexes_with_whole_keys_even_on_empty_tables(
    database: Database,
) -> None:
    """A plan is made once and kept: made on empty tables it must still be right on full ones."""
    sessions = statement("session") + statement("session_engine")
    text = await asyncio.to_thread(plan_of, database, "load", sessions)
    probes = re.findall(r"Index Scan (?:using|on) (\w+)[^\n]*\n\s*Index Cond: ([^\n]*)", text)
    conditions = {index: set(re.findall(r"\((\w+) = ", condition)) for index, condition in probes}
    # An event is found by its seq, or by wallet and seq; never by a part of the longer key.
    for index, condition in probes:
        if index == "events_by_wallet":
            assert set(re.findall(r"\((\w+) = ", condition)) == {"shard", "wallet", "seq"}
    assert conditions["wallets_pkey"] == {"shard", "wallet"}
    assert conditions["documents_pkey"] == {"shard", "wallet", "kind", "id"}
    assert conditions["requests_pkey"] == {"shard", "wallet", "caller", "key_hash"}
    assert conditions["refusals_default_pkey"] == {"shard", "wallet", "caller", "key_hash"}
    assert conditions["texts_pkey"] == {"shard", "wallet", "caller", "key_hash"}
    assert {"events_pkey", "events_by_wallet"} & set(conditions)
    scanned = set(re.findall(r"Seq Scan on (\w+)", text))
    assert scanned <= {"development_clock", "shards"}


@pytest.mark.parametrize(
    ("name", "index", "condition"),
    [
        ("past_snapshot", "wallet_snapshots_by_time", "shard = wallet = recorded_at <="),
        ("past_events", "events_by_wallet", "shard = wallet = seq >"),
        ("entries", "events_by_wallet", "shard = wallet = seq <"),
        ("entries", "wallets_pkey", "shard = wallet ="),
        ("entries", "texts_pkey", "shard = wallet = caller = key_hash ="),
        ("wallet_orders", "documents_pkey", "shard = wallet = kind = id <"),
        ("feed_page", "events_pkey", "shard = seq >"),
        ("charge_refunds", "events_by_wallet", "shard = wallet = seq >"),
        ("charge_refunds", "texts_pkey", "shard = wallet = caller = key_hash ="),
        ("lot_origins", "directory_pkey", "name = kind = shard = wallet ="),
        ("lot_origins", "texts_pkey", "shard = wallet = caller = key_hash ="),
        ("find", "directory_pkey", "name ="),
        ("find", "wallets_pkey", "shard = wallet ="),
        ("find", "documents_order", "shard = id ="),
        ("find", "documents_refund", "shard = id ="),
        ("find", "events_pkey", "shard = seq > seq <="),
    ],
)
async def test_history_is_read_along_an_index_in_its_own_order(
    database: Database, name: str, index: str, condition: str
) -> None:
    """A page costs what is on it, however long the history: no scan, and no sort but of a page."""
    text = await asyncio.to_thread(plan_of, database, name, statement("session"))
    scans = r"Index Scan (?:Backward )?using (\w+)[^\n]*\n\s*Index Cond: ([^\n]*)"
    conditions = [cond for used, cond in re.findall(scans, text) if used == index]
    compared = [" ".join(re.findall(r"\((\w+ (?:=|<=|<|>))", cond)) for cond in conditions]
    assert compared == [condition], text
    assert "Seq Scan" not in text
    # What comes out of the limit may be sorted, what goes into it never is.
    assert "Sort" not in text.rpartition("Limit")[2]
