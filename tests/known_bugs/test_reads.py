"""Reading: by key among many, in pages that stay stable, and telling only what is so now."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from ledger.core.decider import Command
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold
from ledger.embedded import EmbeddedPostgres
from ledger.engine import CommandFailed
from ledger.service import Ledger
from ledger.store import feed, history, jobs, reads
from ledger.store.pool import connect_service
from ledger.store.sql import statement
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences, fresh_database
from tests.kit.http_calls import balance, funded, new_wallet, post, problem, state
from tests.kit.http_steps import body_of, clock_now, move_to, recharged
from tests.kit.serving import Client
from tests.known_bugs.crowd import BIG, LONG, LONG_EVENTS, SHARD, WALLETS, gather_crowd

FAR = 2**62


@pytest.fixture(scope="module")
async def crowd(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Database]:
    """A ledger with fifty thousand wallets."""
    async with fresh_database(postgres, template) as own_database:
        owner = await asyncpg.connect(own_database.owner_url)
        try:
            await gather_crowd(owner)
            yield own_database
        finally:
            await owner.close()


async def _past(connection: Any) -> None:
    async for _ in history.stream_past(connection, SHARD, LONG, LONG_EVENTS, FAR // 2**10):
        break


READS: dict[str, tuple[Callable[[Any], Awaitable[Any]], int]] = {
    "a balance": (lambda c: reads.load_wallet(c, SHARD, "w25001"), 2),
    "a hold": (lambda c: reads.load_document(c, SHARD, "w25001", "hold", "h"), 2),
    "a charge": (lambda c: reads.load_document(c, SHARD, "w1", "charge", "ch-1-25001"), 3),
    "an order": (lambda c: reads.find_order(c, SHARD, "01" + "f" * 30), 1),
    "a refund": (lambda c: reads.find_refund(c, SHARD, "01" + "f" * 30), 1),
    "an answer": (lambda c: reads.load_answer(c, SHARD, ("w25001", "app", b"k" * 16)), 2),
    "the newest entries": (lambda c: history.load_entries(c, SHARD, LONG, FAR, 50), 102),
    "old entries": (lambda c: history.load_entries(c, SHARD, LONG, WALLETS + 100, 50), 102),
    "orders": (lambda c: history.load_orders(c, SHARD, LONG, None, 50), 52),
    "old orders": (lambda c: history.load_orders(c, SHARD, LONG, "0110", 50), 52),
    "a past state": (_past, 130),
    "the feed": (lambda c: feed.load_feed(c, SHARD, 40_000, 50), 60),
    "what is due": (lambda c: jobs.find_due(c, SHARD, FAR // 2**10, 50), 52),
    "what waits": (lambda c: jobs.find_unsent(c, SHARD, FAR // 2**10, 50), 1),
    "the backlog": (lambda c: jobs.read_backlog(c, SHARD), 2),
}
"""Every read of a table that grows, and how many rows of such tables it may look at."""


@pytest.mark.parametrize("session", ["session", "session_engine"])
@pytest.mark.parametrize("analysed", [False, True])
async def test_every_read_probes_its_index_among_fifty_thousand_wallets(
    crowd: Database, session: str, *, analysed: bool
) -> None:
    """ledger#866: slow balance reads, missing indexes.

    Rule: a read looks at the rows that it tells and next to none besides, whatever the planner
    knows, with sequential scans allowed and without.
    """
    connection = await connect_service(crowd.url)
    try:
        await connection.execute(statement(session))
        if analysed:
            await _analyse(crowd)
        for what, (read, rows_max) in READS.items():
            # The sixth run may take another plan than the first five.
            for _ in range(7):
                async with connection.transaction():
                    before = await _looked_at(connection)
                    await read(connection)
                    after = await _looked_at(connection)
                looked = {key: after[key] - before[key] for key in after}
                assert not any(looked[table, "seq_scan"] for table in BIG), (what, looked)
                assert sum(looked.values()) <= rows_max, (what, looked)
    finally:
        await connection.close()


async def _analyse(crowd: Database) -> None:
    owner = await asyncpg.connect(crowd.owner_url)
    try:
        for table in BIG:
            await owner.execute(f"ANALYZE {table}")
    finally:
        await owner.close()


async def _looked_at(connection: Any) -> dict[tuple[str, str], int]:
    """What this session has counted of the big tables: scans, and rows fetched either way."""
    rows = await connection.fetch(
        "SELECT relname, seq_scan, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables "
        "WHERE relname = ANY($1)",
        list(BIG),
    )
    assert len(rows) == len(BIG)
    counted = ("seq_scan", "seq_tup_read", "idx_tup_fetch")
    return {(row["relname"], name): row[name] for row in rows for name in counted}


async def _pages(http: Client, path: str, between: Callable[[], Awaitable[Any]]) -> list[Any]:
    """All items of a list, in pages of 4, with something written between any two."""
    items: list[Any] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = body_of(await http.get(path, params=query))
        items += page["items"]
        if page["next"] is None:
            return items
        query["after"] = page["next"]
        await between()


async def test_pages_neither_repeat_nor_skip_while_others_write(http: Client) -> None:
    """ledger#1295: slow reads by row_number paging.

    Rule: lists go on after a key; what was there when the first page was read is told once.
    """
    wallet = new_wallet()
    for price_cny in ("1", "2", "3", "4", "5", "6"):
        await recharged(http, wallet, price_cny, "INSPIRATION")
    for number in range(6):
        hold = {"currency": "INSPIRATION", "amount": "1", "hold_id": f"h{number}"}
        body_of(await post(http, f"{wallet}/holds", hold))

    async def write() -> None:
        await recharged(http, wallet, "9", "INSPIRATION")
        body_of(await post(http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "0.01"}))
        body_of(await post(http, f"{wallet}/holds", {"currency": "INSPIRATION", "amount": "1"}))

    for name, key, whole in (
        ("entries", "seq", 1_000),
        ("orders", "order_id", 1_000),
        ("holds?status=open", "hold_id", 1_000),
        ("lots", "lot_id", 1_000),
    ):
        path, _, query = name.partition("?")
        status = dict([query.split("=")]) if query else {}
        all_at_once = await http.get(f"{wallet}/{path}", params={"limit": whole, **status})
        before = [item[key] for item in body_of(all_at_once)["items"]]
        seen = [item[key] for item in await _pages(http, f"{wallet}/{name}", write)]
        assert len(seen) == len(set(seen)), name
        assert [item_id for item_id in seen if item_id in before] == before, name


async def test_an_expired_hold_is_not_shown_as_held(here: Client, there: Client) -> None:
    """tigerbeetle#2118: expired holds were still shown in the balance.

    Rule: reads apply what has fallen due, in memory; nobody sweeps here, and nothing is recorded.
    """
    wallet = await funded(here, "10")
    hold = {"currency": "INSPIRATION", "amount": "4", "hold_id": "h", "expires_in_s": 60}
    opened = body_of(await post(here, f"{wallet}/holds", hold))
    assert await balance(there, wallet) == ("6.00", "4.00")
    seq = (await state(here, wallet))["seq"]
    assert await clock_now(here) < datetime.fromisoformat(opened["expires_at"])
    await move_to(here, datetime.fromisoformat(opened["expires_at"]))
    for client in (here, there):
        assert await balance(client, wallet) == ("10.00", "0.00")
        assert body_of(await client.get(f"{wallet}/holds/h"))["status"] == "expired"
        assert body_of(await client.get(f"{wallet}/holds?status=open"))["items"] == []
        assert [lot["held"] for lot in body_of(await client.get(f"{wallet}/lots"))["items"]] == [
            "0.00"
        ]
    assert (await state(here, wallet))["seq"] == seq
    captured = await post(here, f"{wallet}/holds/h/capture", {})
    assert problem(captured, 409, "hold-not-open")["hold_status"] == "expired"


async def test_a_failed_job_never_looks_charged(http: Client) -> None:
    """sexyvoice#503: a failed job looked charged.

    Rule: available and held are told apart; a void leaves neither a charge nor revenue behind, and
    a charge that is given back says so.
    """
    wallet = await funded(http, "50")
    revenue = await _revenue(http)
    hold = body_of(await post(http, f"{wallet}/holds", {"sku": "video-5s-professional"}))
    assert await balance(http, wallet) == ("15.00", "35.00")
    open_hold = body_of(await http.get(f"{wallet}/holds/{hold['hold_id']}"))
    assert (open_hold["status"], open_hold["charge_id"], open_hold["captured"]) == (
        "open",
        None,
        None,
    )
    voided = body_of(await post(http, f"{wallet}/holds/{hold['hold_id']}/void", {}))
    assert (voided["status"], voided["charge_id"], voided["captured"]) == ("voided", None, None)
    assert await balance(http, wallet) == ("50.00", "0.00")
    entries = body_of(await http.get(f"{wallet}/entries"))["items"]
    assert [
        (entry["type"], entry["available_change"], entry["charge_id"]) for entry in entries[:2]
    ] == [
        ("hold_voided", "35.00", None),
        ("hold_authorized", "-35.00", None),
    ]
    assert await _revenue(http) == revenue
    charged = body_of(await post(http, f"{wallet}/debits", {"sku": "image"}))
    refund = f"{wallet}/charges/{charged['charge_id']}/refund"
    body_of(await post(http, refund, {"reason": "the job failed"}))
    charge = body_of(await http.get(f"{wallet}/charges/{charged['charge_id']}"))
    assert (charge["amount"], charge["refunded"]) == ("0.20", "0.20")
    assert await balance(http, wallet) == ("50.00", "0.00")


async def _revenue(http: Client) -> dict[str, str]:
    rows = body_of(await http.get("/v1/finance/trial-balance"))["items"]
    return {row["account"]: row["closing"] for row in rows if row["account"].startswith("revenue")}


async def test_sequence_numbers_have_no_gaps_whatever_failed(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """Formance: gaps in sequence numbers cost a week.

    Rule: a shard's seqs are 1, 2, 3 … in the order of commits; refusals, replays, bugs, callers who
    left and connections that died use none up.
    """
    wallets = [f"w{number}" for number in range(6)]
    for wallet in wallets:
        await ledger.submit("test", "g", Grant(wallet, INSPIRATION, 100, "promotional", "test"))
    poison: Any = AuthorizeHold("w0", INSPIRATION, 1, expires_in_s="soon")  # type: ignore[arg-type]
    not_storable = Grant("w1", INSPIRATION, 1, "promotional", "nul \0 here")
    for turn in range(9):
        commands: list[Command] = [Debit(wallet, INSPIRATION, 1) for wallet in wallets * 3]
        commands += [Debit(wallet, INSPIRATION, 10**9) for wallet in wallets]
        if not turn % 3:
            commands[2:2] = [poison, not_storable]
        calls = [
            asyncio.create_task(ledger.submit("test", f"{turn}-{number}", command))
            for number, command in enumerate(commands)
        ]
        if turn % 3 == 1:
            await asyncio.sleep(0.001)
            for call in calls[::4]:
                call.cancel()
        if turn % 3 == 2:
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'ledger'"
            )
        # Telling of a bug with all its variables takes longer than anything else here.
        with capture_logs():
            answers = await asyncio.gather(*calls, return_exceptions=True)
        failed = sum(isinstance(answer, CommandFailed) for answer in answers)
        assert failed == (0 if turn % 3 else 2)
    for shard in range(ledger.facts.shards):
        seqs = await owner.fetch("SELECT seq FROM events WHERE shard = $1 ORDER BY seq", shard)
        assert [row["seq"] for row in seqs] == list(range(1, len(seqs) + 1))
        assert await owner.fetchval("SELECT seq FROM shards WHERE shard = $1", shard) == len(seqs)
        page = await ledger.feed.read(shard, 0, 1_000)
        assert [event.seq for event in page.events] == list(range(1, len(seqs) + 1))
        assert len(seqs) > 40
    assert await differences(database) == []
