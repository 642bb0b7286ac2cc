"""Work is bounded: whatever is in a wallet and whatever is asked of it, others are not held up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from ledger.core.batch import Done
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, HoldAuthorized, HoldVoided, VoidHold
from ledger.core.rejections import Rejection
from ledger.engine import commit
from ledger.engine.commit import BOUNDS, Committer
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from ledger.store import breath
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.dues import HOUR_US, clock, drained
from tests.kit.steps import available, give

LOTS = 1_000
LOT_MINOR = 100


async def many_lots(ledger: Ledger, wallet_id: str, *, expire: bool = False) -> None:
    """A wallet with as many lots as it may have."""
    expires_at = await clock(ledger) + HOUR_US if expire else None
    grant = Grant(wallet_id, INSPIRATION, LOT_MINOR, "promotional", "test", expires_at)
    grants = [(f"{wallet_id} {number}", grant) for number in range(LOTS)]
    for answer in await ledger.submit_many("test", grants):
        assert isinstance(answer, Done), answer


async def blocks_of(owner: Any) -> list[Any]:
    """Of every batch the bytes of its events, and of the largest of them."""
    rows: list[Any] = await owner.fetch(
        "SELECT sum(length(payload::text)) AS bytes, "
        "max(length(payload::text)) AS most "
        "FROM blocks JOIN events ON events.shard = blocks.shard "
        "AND seq BETWEEN first_seq AND last_seq GROUP BY blocks.shard, last_seq"
    )
    return rows


async def test_a_batch_of_the_dearest_commands_is_done_in_parts(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """100 times all of 1,000 lots are held and given back: each batch ends with what fills it."""
    await many_lots(ledger, "w")
    commands: list[Any] = []
    for number in range(100):
        hold = AuthorizeHold("w", INSPIRATION, LOTS * LOT_MINOR, hold_id=f"h-{number}")
        commands += [(f"a {number}", hold), (f"v {number}", VoidHold("w", f"h-{number}"))]
    answers = await ledger.submit_many("test", commands)
    outcomes = [answer.outcome for answer in answers if isinstance(answer, Done)]
    assert [type(outcome) for outcome in outcomes] == [HoldAuthorized, HoldVoided] * 100
    blocks = await blocks_of(owner)
    assert max(block["most"] for block in blocks) > 100_000
    assert all(block["bytes"] < BOUNDS.payload_bytes + block["most"] for block in blocks)
    assert await available(ledger, "w") == LOTS * LOT_MINOR
    assert await differences(database) == []


async def test_what_fell_due_in_a_wallet_is_recorded_in_parts_before_its_command(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """Also by the sweeper, over wallets that each have as much due as they may."""
    shard = shard_of("w0", 2)
    names = [name for number in range(40) if shard_of(name := f"w{number}", 2) == shard][:2]
    for name in names:
        await many_lots(ledger, name, expire=True)
        holds = [
            (f"h {name} {number}", AuthorizeHold(name, INSPIRATION, 1, expires_in_s=60))
            for number in range(300)
        ]
        await ledger.submit_many("test", holds)
    await ledger.clock.advance(2 * HOUR_US)
    answer = await ledger.submit("test", "late", Debit(names[0], INSPIRATION, 1))
    assert isinstance(answer.outcome, Rejection)
    assert answer.outcome.facts["available_minor"] == 0
    await drained(ledger)
    fell_due = "SELECT count(*) FROM events WHERE tag IN ('lot_expired_v1', 'hold_expired_v1')"
    assert await owner.fetchval(fell_due) == len(names) * (LOTS + 300)
    most = await owner.fetchval(
        "SELECT max(count) FROM (SELECT count(*) FROM events WHERE tag LIKE '%_expired_v1' "
        "GROUP BY shard, wallet, recorded_at) AS parts"
    )
    assert most == BOUNDS.dues
    assert await differences(database) == []


@pytest.fixture
async def turns() -> AsyncIterator[list[int]]:
    """Counts the turns of the loop while the test runs."""
    count = [0]

    async def turn() -> None:
        while True:
            count[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(turn())
    yield count
    task.cancel()


async def test_others_run_between_the_commands_of_a_batch(
    ledger: Ledger, turns: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long they take: with no patience at all the loop turns after every command."""
    await give(ledger, "w")
    monkeypatch.setattr(breath, "HOLD_S", 0.0)
    before = turns[0]
    debits = [(f"d {number}", Debit("w", INSPIRATION, 1)) for number in range(200)]
    for answer in await ledger.submit_many("test", debits):
        assert isinstance(answer, Done)
    assert turns[0] - before >= 200


async def test_a_batch_that_took_too_long_is_tried_in_smaller_ones(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database ends every batch of more than three commands: all are answered all the same."""
    await give(ledger, "w")
    sizes: list[int] = []
    batch = Committer._batch

    async def ended(self: Committer, connection: Any, cut: Any) -> Any:
        size = len(cut())
        sizes.append(size)
        if size > 3:
            raise asyncpg.IdleInTransactionSessionTimeoutError("terminating connection")
        return await batch(self, connection, cut)

    monkeypatch.setattr(Committer, "_batch", ended)
    debits = [(f"d {number}", Debit("w", INSPIRATION, 1)) for number in range(40)]
    for answer in await ledger.submit_many("test", debits):
        assert isinstance(answer, Done)
    assert await available(ledger, "w") == 100_000 - 40
    assert max(sizes) > 3 >= min(sizes)


async def test_one_command_that_takes_too_long_is_put_off(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others in its lane are answered; it is told to come again, and blames no database."""
    monkeypatch.setattr(commit, "PATIENCE_S", 0.1)
    await give(ledger, "w")
    batch = Committer._batch

    async def ended(self: Committer, connection: Any, cut: Any) -> Any:
        if any(isinstance(envelope.command, VoidHold) for envelope in cut()):
            raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")
        return await batch(self, connection, cut)

    monkeypatch.setattr(Committer, "_batch", ended)
    commands: list[Any] = [(f"d {number}", Debit("w", INSPIRATION, 1)) for number in range(9)]
    commands.insert(5, ("v", VoidHold("w", "h")))
    answers = await ledger.submit_many("test", commands)
    assert [isinstance(answer, Done) for answer in answers] == [True] * 5 + [False] + [True] * 4
    assert str(answers[5]) == "busy"
