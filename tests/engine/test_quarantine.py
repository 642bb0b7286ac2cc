"""Quarantine: a wallet whose dues raise is left alone, tried again, and let out when it is well."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from ledger.contract.problems import unavailable_problem
from ledger.core.batch import Done
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.flows.hold import AuthorizeHold
from ledger.core.wire import decode_wallet, encode
from ledger.engine import Unavailable
from ledger.engine.lane import shard_of
from ledger.jobs.sweeper import sweep
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.dues import DAY_US, HOUR_US, clock, drained, events_of, poison, store_state
from tests.kit.serving import opened
from tests.kit.waiting import until

MINUTE_US = 60 * 10**6
SICK = "sick"
SHARD = shard_of(SICK, 2)
NEIGHBOUR = next(name for name in (f"n{i}" for i in range(99)) if shard_of(name, 2) == SHARD)


@pytest.fixture
async def whole(ledger: Ledger, owner: Any) -> str:
    """A wallet whose dues raise since a day ago, in a shard with a good one; its state before."""
    state = await poison(ledger, owner, SICK)
    in_a_month = await clock(ledger) + 30 * DAY_US
    for number, expires_at in enumerate((None, in_a_month)):
        grant = Grant(NEIGHBOUR, INSPIRATION, 500, "promotional", "test", expires_at)
        await ledger.submit("test", f"n{number}", grant)
    await ledger.clock.advance(40 * DAY_US)
    return state


async def quarantined(owner: Any) -> list[Any]:
    """The rows of wallets in quarantine, with how long until each is tried again by the clock."""
    rows: list[Any] = await owner.fetch(
        "SELECT shard, wallet, attempts, error, extract(epoch FROM retry_at - clock_timestamp() - "
        "(SELECT offset_us FROM development_clock) * interval '1 microsecond')::float AS retry_s "
        "FROM quarantined_wallets"
    )
    return rows


def debit(wallet_id: str) -> Debit:
    """A point."""
    return Debit(wallet_id, INSPIRATION, 100)


@pytest.mark.usefixtures("whole")
async def test_a_command_on_it_is_told_so_and_its_neighbours_go_on(
    ledger: Ledger, owner: Any
) -> None:
    """503 with Retry-After, the wallet's row, one error in the log; the batch's rest is done."""
    with capture_logs() as logs:
        sick, well, again = await ledger.submit_many(
            "test", [("a", debit(SICK)), ("b", debit(NEIGHBOUR)), ("c", debit(NEIGHBOUR))]
        )
    assert isinstance(sick, Unavailable)
    assert sick.reason == "wallet-quarantined"
    problem = unavailable_problem(sick)
    assert (problem.status, problem.headers) == (503, ((b"retry-after", b"60"),))
    assert "quarantine" in problem.detail
    assert "operators see it" in problem.detail
    for answer in (well, again):
        assert isinstance(answer, Done)
        assert isinstance(answer.outcome, DebitCharged)
    (row,) = await quarantined(owner)
    assert (row["shard"], row["wallet"], row["attempts"]) == (SHARD, SICK, 1)
    assert "IndexError" in row["error"]
    assert 50 < row["retry_s"] <= 60
    (line,) = [entry for entry in logs if entry["event"] == "wallet_quarantined"]
    assert (line["log_level"], line["wallet"]) == ("error", SICK)
    assert isinstance(line["exc_info"], IndexError)


@pytest.mark.usefixtures("whole")
async def test_nothing_of_it_is_remembered_or_written(ledger: Ledger, owner: Any) -> None:
    """The same request under the same key is safe to send again, and will be decided then."""
    before = await owner.fetch("SELECT * FROM shards")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await ledger.submit("test", "k", debit(SICK))
    assert await owner.fetch("SELECT * FROM shards") == before
    assert await owner.fetchval("SELECT count(*) FROM refusals") == 0


@pytest.mark.usefixtures("whole")
async def test_the_sweeper_leaves_it_alone_until_its_time(ledger: Ledger, owner: Any) -> None:
    """A minute, then two, then four, at most an hour; the others of its shard are swept."""
    assert await drained(ledger) == 1
    assert [row["wallet"] for row in await events_of(owner, "lot_expired_v1")] == [NEIGHBOUR]
    waits = [1, 2, 4, 8, 16, 32, 60, 60]
    for attempt, minutes in enumerate(waits, 1):
        (row,) = await quarantined(owner)
        assert row["attempts"] == attempt
        assert minutes * 60 - 20 < row["retry_s"] <= minutes * 60
        await let_fall_due(ledger, NEIGHBOUR)
        assert await drained(ledger) == 1
        (row,) = await quarantined(owner)
        assert row["attempts"] == attempt
        await ledger.clock.advance(minutes * MINUTE_US)
        await drained(ledger)


async def let_fall_due(ledger: Ledger, wallet_id: str) -> None:
    """Give a lot that expires in a second, and let that pass."""
    now = await clock(ledger)
    grant = Grant(wallet_id, INSPIRATION, 500, "promotional", "test", now + 10**6)
    await ledger.submit("test", f"due {now}", grant)
    await ledger.clock.advance(10**6)


def gauge(name: str) -> float | None:
    """What a gauge of the shard says."""
    return REGISTRY.get_sample_value(name, {"shard": str(SHARD)})


@pytest.mark.usefixtures("whole")
async def test_it_counts_as_quarantined_and_not_as_lag(ledger: Ledger) -> None:
    """Lag is what the sweeper could do and has not done."""
    steps = sweep(ledger, SHARD)
    await anext(steps)
    assert (gauge("ledger_sweeper_lag_seconds") or 0) > DAY_US / 10**6
    async for _ in steps:
        pass
    assert gauge("ledger_sweeper_lag_seconds") == 0
    assert gauge("ledger_quarantined_wallets") == 1


async def test_a_sweep_lets_it_out_when_its_dues_succeed(
    ledger: Ledger, owner: Any, database: Database, whole: str
) -> None:
    """Once somebody has repaired it, the next try records what was due all along."""
    await drained(ledger)
    await store_state(owner, SICK, whole)
    assert await drained(ledger) == 0
    await ledger.clock.advance(MINUTE_US)
    assert await drained(ledger) == 2
    assert await quarantined(owner) == []
    tags = {row["tag"] for row in await owner.fetch("SELECT tag FROM events WHERE wallet = 'sick'")}
    assert {"lot_expired_v1", "membership_ended_v1"} <= tags
    assert await differences(database) == []


async def test_a_retry_that_finds_nothing_due_lets_it_out_too(
    ledger: Ledger, owner: Any, whole: str
) -> None:
    """Somebody's command may have recorded the dues in a process that knew of no quarantine."""
    await drained(ledger)
    await store_state(owner, SICK, whole)
    ledger.controls.quarantined.clear()
    done = await ledger.submit("test", "g", Grant(SICK, INSPIRATION, 100, "promotional", "sorry"))
    assert isinstance(done.outcome, LotGranted)
    await ledger.clock.advance(MINUTE_US)
    await drained(ledger)
    assert await quarantined(owner) == []


@pytest.mark.parametrize("amount", [100, 10**9], ids=["granted", "refused"])
async def test_any_command_that_succeeds_lets_it_out(
    ledger: Ledger, owner: Any, database: Database, whole: str, amount: int
) -> None:
    """In whatever process: each knows a second later who is in quarantine. A refusal will do."""
    with pytest.raises(Unavailable):
        await ledger.submit("test", "k", debit(SICK))
    async with opened(database) as other:
        await store_state(owner, SICK, whole)
        await other.submit("test", "b", debit(NEIGHBOUR))
        assert len(await quarantined(owner)) == 1
        command = (
            Grant(SICK, INSPIRATION, amount, "promotional", "sorry")
            if amount == 100
            else Debit(SICK, INSPIRATION, amount)
        )
        await other.submit("test", "k", command)

        async def let_out() -> bool:
            return await quarantined(owner) == []

        await until(let_out)


async def test_what_the_database_refuses_of_dues_is_the_wallets_fault(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """A hold of more than its lot holds: its expiry decides well, and breaks a CHECK."""
    now = await clock(ledger)
    for name in (SICK, NEIGHBOUR):
        grant = Grant(name, INSPIRATION, 500, "promotional", "test", now + 9 * DAY_US)
        await ledger.submit("test", "g", grant)
        await ledger.submit("test", "h", AuthorizeHold(name, INSPIRATION, 300, expires_in_s=60))
    whole = await owner.fetchval("SELECT state FROM wallets WHERE wallet = $1", SICK)
    wallet = decode_wallet(whole)
    lots = tuple(replace(lot, held_minor=100) for lot in wallet.lots)
    await store_state(owner, SICK, encode(replace(wallet, lots=lots)).decode())
    await ledger.clock.advance(HOUR_US)
    assert await drained(ledger) == 1
    (row,) = await quarantined(owner)
    assert (row["wallet"], "held_is_never_negative" in row["error"]) == (SICK, True)
    await store_state(owner, SICK, whole)
    await ledger.clock.advance(MINUTE_US)
    assert await drained(ledger) == 1
    assert await quarantined(owner) == []
    assert await differences(database) == []


@pytest.fixture
async def locked(owner: Any) -> AsyncIterator[None]:
    """Nobody can write who is in quarantine."""
    async with owner.transaction():
        await owner.execute("LOCK TABLE quarantined_wallets IN EXCLUSIVE MODE")
        yield


@pytest.mark.usefixtures("whole", "locked")
async def test_neighbours_never_wait_for_what_is_written_of_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is answered, and the lane goes on, though the table cannot be written."""
    monkeypatch.setattr("ledger.engine.commit.QUARANTINE_WRITE_S", 0.2)
    sick = asyncio.create_task(ledger.submit("test", "a", debit(SICK)))
    neighbour = asyncio.create_task(ledger.submit("test", "b", debit(NEIGHBOUR)))
    assert isinstance((await neighbour).outcome, DebitCharged)
    assert not sick.done(), "the neighbour waited as long as the wallet itself"
    with pytest.raises(Unavailable):
        await sick
    done = await ledger.submit("test", "c", debit(NEIGHBOUR))
    assert isinstance(done.outcome, DebitCharged)
