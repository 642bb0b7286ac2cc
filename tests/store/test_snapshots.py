"""What is kept of wallets on the way: counts, states now and then, times to the microsecond."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config

from ledger.catalog import load_catalogue
from ledger.core import wire
from ledger.core.decider import evolve
from ledger.core.flows.order import OpenRecharge, OrderOpened
from ledger.core.flows.order_refund import RefundOrder
from ledger.core.wallet import Wallet
from ledger.embedded import EmbeddedPostgres
from ledger.queries.verify import verify
from ledger.service import Ledger
from ledger.store.journal import SNAPSHOT_EVERY
from ledger.store.pool import connect_owner, connect_service
from ledger.store.schema import MIGRATIONS, migrate
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, fresh_database
from tests.store.wallet_log import BatchUnderWay, debit, fund, log_of


async def test_every_so_many_events_the_wallet_is_kept_as_it_is(
    ledger: Ledger, owner: Any, under_way: BatchUnderWay
) -> None:
    """Counted as they are appended; a batch that passes several multiples keeps one state."""
    await fund(ledger)
    await fund(ledger, "short")
    await debit(ledger, SNAPSHOT_EVERY - 2, "a")
    assert await owner.fetchval("SELECT count(*) FROM wallet_snapshots") == 0
    await debit(ledger, 1, "b")
    await debit(ledger, SNAPSHOT_EVERY - 1, "c")
    await under_way.begin("w", 2 * SNAPSHOT_EVERY + 1)
    await under_way.commit()
    await debit(ledger, SNAPSHOT_EVERY - 1, "d")
    log = await log_of(owner, "w")
    counted = {row["wallet"]: row["events"] for row in await owner.fetch("SELECT * FROM wallets")}
    assert counted == {"w": len(log.events), "short": 1}
    kept = await owner.fetch(
        "SELECT *, (extract(EPOCH FROM recorded_at) * 1000000)::bigint AS us"
        " FROM wallet_snapshots ORDER BY seq"
    )
    places = {seq: place for place, (seq, _, _) in enumerate(log.events, 1)}
    assert [(row["wallet"], places[row["seq"]]) for row in kept] == [
        ("w", SNAPSHOT_EVERY),
        ("w", 4 * SNAPSHOT_EVERY),
    ]
    for row in kept:
        wallet = Wallet("w")
        for _, _, event in log.events[: places[row["seq"]]]:
            wallet = evolve(wallet, event)
        assert wire.decode_wallet(row["state"]) == wallet
        assert row["us"] == log.events[places[row["seq"]] - 1][1]


async def test_since_when_something_waits_to_be_sent_on_is_stored(
    ledger: Ledger, owner: Any
) -> None:
    """A refund on its way to its channel; the sweeper finds the wallet by it."""
    opened = await ledger.submit("test", "o", OpenRecharge("w", INSPIRATION, 1_000, "sandbox"))
    assert isinstance(opened.outcome, OrderOpened)
    order_id = opened.outcome.order.order_id
    await ledger.sandbox.pay(order_id)
    assert await owner.fetchval("SELECT unsent_since FROM wallets") is None
    await ledger.sandbox.behave("silent")
    await ledger.submit("test", "r", RefundOrder("w", order_id, "not wanted"))
    row = await owner.fetchrow(
        "SELECT unsent_since = (SELECT max(recorded_at) FROM events) AS same FROM wallets"
    )
    assert row["same"] is True


async def test_times_far_in_the_future_are_stored_to_the_microsecond(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """The log is hashed with exact times, so it is stored with them, until the clock ends."""
    await fund(ledger)
    await ledger.clock.move_to(221_845_390_000_000_001)
    await debit(ledger, 3, "late")
    await fund(ledger, "w", 221_845_391_999_999_999)
    due_us = "SELECT (extract(EPOCH FROM due_at) * 1000000)::bigint FROM wallets"
    assert await owner.fetchval(due_us) == 221_845_391_999_999_999
    connection = await connect_service(database.url)
    assert [finding async for finding in verify(connection, lambda _: None)] == []
    await connection.close()


async def _copy(source: Any, target: Any, table: str, columns: Sequence[str]) -> None:
    rows = await source.fetch(f"SELECT {', '.join(columns)} FROM {table}")
    await target.copy_records_to_table(table, records=[tuple(row) for row in rows], columns=columns)


def _upgrade_to(url: str, revision: str) -> None:
    async def connect() -> Any:
        return await connect_owner(url)

    config = Config(attributes={"connect": connect})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, revision)


async def test_a_ledger_that_was_not_counted_yet_is_counted_when_it_is_migrated(
    ledger: Ledger, owner: Any, postgres: EmbeddedPostgres
) -> None:
    """What came before this migration counts too, and a long wallet begins with a snapshot."""
    await fund(ledger)
    await debit(ledger, SNAPSHOT_EVERY, "d")
    await fund(ledger, "short")
    async with fresh_database(postgres, None) as old:
        await asyncio.to_thread(_upgrade_to, old.owner_url, "0001")
        target = await asyncpg.connect(old.owner_url)
        for table in ("events", "wallets"):
            columns = await target.fetch(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name = $1",
                table,
            )
            await _copy(owner, target, table, [row["column_name"] for row in columns])
        await migrate(old.owner_url, "ledger_login", load_catalogue().currency_codes())
        counts = await target.fetch("SELECT wallet, events FROM wallets ORDER BY wallet")
        assert [tuple(row) for row in counts] == [("short", 1), ("w", SNAPSHOT_EVERY + 1)]
        (kept,) = await target.fetch("SELECT * FROM wallet_snapshots")
        assert kept["wallet"] == "w"
        last = await target.fetchrow(
            "SELECT events.seq, events.recorded_at, wallets.state FROM wallets"
            " JOIN events ON (events.shard, events.seq) = (wallets.shard, wallets.seq)"
            " WHERE wallets.wallet = 'w'"
        )
        assert last is not None
        assert (kept["seq"], kept["recorded_at"], kept["state"]) == tuple(last)
        await target.close()
