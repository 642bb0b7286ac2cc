"""The sweeper: what time brings about is recorded without anybody's command, once."""

import asyncio
from typing import Any

from prometheus_client import REGISTRY

from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.order import OpenMembership, OrderOpened
from ledger.engine.lane import shard_of
from ledger.jobs import JOBS, running
from ledger.jobs.sweeper import PAGE_FIRST, sweep
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.dues import DAY_US, HOUR_US, drained, due_now, events_of, lots_that_expire
from tests.kit.serving import opened
from tests.kit.waiting import until


async def test_what_falls_due_is_recorded_without_a_command(database: Database, owner: Any) -> None:
    """A moved clock makes things due; they are recorded as of their own instants, by nobody."""
    async with opened(database) as ledger, running(ledger, JOBS):
        names = await lots_that_expire(ledger, 60)
        await until(lambda: owner.fetchval("SELECT count(*) > 1 FROM job_leases"))
        assert await events_of(owner, "lot_expired_v1") == []
        await ledger.clock.advance(2 * HOUR_US)

        async def swept() -> bool:
            return len(await events_of(owner, "lot_expired_v1")) == len(names)

        await until(swept)
    expired = await events_of(owner, "lot_expired_v1")
    assert {row["wallet"] for row in expired} == set(names)
    assert {(row["caller"], row["key_hash"]) for row in expired} == {("", b"")}
    assert all(row["occurred_at"] < row["recorded_at"] for row in expired)
    assert await owner.fetchval("SELECT count(*) FROM wallets WHERE due_at IS NOT NULL") == 0
    assert await owner.fetchval("SELECT count(*) FROM requests") == len(names)
    assert await owner.fetchval("SELECT count(*) FROM refusals") == 0
    assert await differences(database) == []


async def test_the_oldest_is_recorded_first(ledger: Ledger, owner: Any) -> None:
    """Page after page in the order of falling due, whatever the wallets are called."""
    await lots_that_expire(ledger, 4 * PAGE_FIRST)
    await ledger.clock.advance(2 * HOUR_US)
    pages = [count async for count in sweep(ledger, 0)]
    assert len([count for count in pages if count]) > 1
    occurred = [
        row["occurred_at"] for row in await events_of(owner, "lot_expired_v1") if row["shard"] == 0
    ]
    assert occurred == sorted(occurred)
    assert len(occurred) == sum(pages)


async def test_nothing_is_written_where_nothing_is_due(ledger: Ledger, owner: Any) -> None:
    """Neither an event nor a block nor a request."""
    await lots_that_expire(ledger, 10)
    before = await owner.fetch("SELECT * FROM shards ORDER BY shard")
    assert await drained(ledger) == 0
    assert await owner.fetch("SELECT * FROM shards ORDER BY shard") == before


async def test_wallets_with_very_many_dues_are_swept(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """A year of memberships in every wallet, over in one go: 12 lots come and go, then the end."""
    wallets = 30
    for number in range(wallets):
        order = OpenMembership(f"m{number}", "gold", "year", "sandbox")
        placed = await ledger.submit("test", "o", order)
        assert isinstance(placed.outcome, OrderOpened)
        await ledger.sandbox.pay(placed.outcome.order.order_id)
    await ledger.clock.advance(400 * DAY_US)
    # Eleven more grants, twelve expiries and one end.
    assert await drained(ledger) == wallets * 24
    assert await due_now(owner) == 0
    assert len(await events_of(owner, "membership_ended_v1")) == wallets
    assert await differences(database) == []


async def test_commands_go_on_while_a_sweep_is_under_way(
    database: Database, ledger: Ledger, owner: Any
) -> None:
    """Debits of wallets that are being swept, and of others, are decided as ever."""
    names = await lots_that_expire(ledger, 400)
    await ledger.clock.advance(2 * HOUR_US)
    funded = await lots_that_expire(ledger, 0)
    assert funded == []
    sweeping = asyncio.create_task(drained(ledger))
    answers = await asyncio.gather(
        *(ledger.submit("test", "d", Debit(name, INSPIRATION, 1)) for name in names)
    )
    assert not any(isinstance(answer.outcome, DebitCharged) for answer in answers)
    await sweeping
    assert len(await events_of(owner, "lot_expired_v1")) == len(names)
    assert await differences(database) == []


async def test_two_that_sweep_at_once_do_nothing_twice(
    database: Database, ledger: Ledger, owner: Any
) -> None:
    """The lease saves work; that nothing happens twice does not depend on it."""
    names = await lots_that_expire(ledger, 300)
    await ledger.clock.advance(2 * HOUR_US)
    async with opened(database) as other:
        counts = await asyncio.gather(drained(ledger), drained(other), drained(other))
    assert sum(counts) == len(names)
    assert len(await events_of(owner, "lot_expired_v1")) == len(names)
    assert await differences(database) == []


def _lag(shard: int) -> float | None:
    return REGISTRY.get_sample_value("ledger_sweeper_lag_seconds", {"shard": str(shard)})


async def test_the_lag_is_how_long_the_oldest_due_has_waited(ledger: Ledger) -> None:
    """By the service's clock; 0 once all is swept."""
    await lots_that_expire(ledger, 20)
    await ledger.clock.advance(3 * HOUR_US)
    shard = shard_of("w0", 2)
    counted = REGISTRY.get_sample_value("ledger_sweeper_dues_total", {"shard": str(shard)}) or 0.0
    steps = sweep(ledger, shard)
    await anext(steps)
    assert 7_200 <= (_lag(shard) or 0) < 7_300
    swept = sum([count async for count in steps])
    assert swept > 0
    assert _lag(shard) == 0
    total = REGISTRY.get_sample_value("ledger_sweeper_dues_total", {"shard": str(shard)})
    assert total == counted + swept
