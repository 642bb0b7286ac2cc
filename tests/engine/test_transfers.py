"""Transfers sent on: at once, by the job after a crash at any point, by many at the same time."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.control import FreezeWallet
from ledger.core.flows.transfer import (
    CompleteTransfer,
    PayOut,
    ReceiveTransfer,
    SendTransfer,
    TransferReceived,
    TransferSent,
)
from ledger.core.rejections import Reason, Rejection
from ledger.engine import Unavailable
from ledger.engine.background import Background
from ledger.engine.lane import shard_of
from ledger.payments.outbox import CALLER, PAGE_MAX
from ledger.service import Ledger
from tests.kit.currencies import KUAIBI
from tests.kit.databases import Database
from tests.kit.dues import poison, store_state
from tests.kit.serving import opened
from tests.kit.tips import OLD_US, all_done, check, cny, dying, finish, fund, in_shard, payable, tip
from tests.kit.waiting import until, until_background_rests

SAME = (in_shard("giver", 0), in_shard("creator", 0))
ACROSS = (in_shard("giver", 0), in_shard("creator", 1))


@pytest.fixture
async def dead(database: Database) -> AsyncIterator[Ledger]:
    """A service that dies after every first half."""
    async with dying(database) as service:
        yield service


async def old(ledger: Ledger) -> None:
    """Let so much time pass that the job takes up what was not sent on."""
    await ledger.clock.advance(OLD_US)


@pytest.mark.parametrize("wallets", [SAME, ACROSS], ids=["one shard", "across shards"])
async def test_a_tip_reaches_its_creator_by_itself(
    ledger: Ledger, database: Database, wallets: tuple[str, str]
) -> None:
    """The answer comes after the first half; soon after, the share is payable, at any creator's."""
    giver, creator = wallets
    await fund(ledger, [giver])
    sent = await tip(ledger, giver, creator)
    assert sent.share_fen == 50_0 // 10

    async def done() -> bool:
        return await all_done(ledger, [sent])

    await until(done)
    assert await payable(ledger, creator) == sent.share_fen
    await check(database, [sent])


async def test_a_batch_of_tips_is_sent_on(ledger: Ledger, database: Database) -> None:
    """As single ones are; refused ones leave nothing behind."""
    givers = [f"g{i}" for i in range(40)]
    await fund(ledger, givers)
    requests = [
        (f"{giver} {i}", SendTransfer(giver, f"c{i % 3}", KUAIBI, (i + 1) * 30))
        for giver in givers
        for i in range(5)
    ]
    too_much = ("too much", SendTransfer(givers[0], "c0", KUAIBI, 10**9))
    answers = await ledger.submit_many("test", [*requests, too_much])
    sent = []
    for answer in answers[:-1]:
        assert not isinstance(answer, Exception), answer
        assert isinstance(answer.outcome, TransferSent), answer
        sent.append(answer.outcome.transfer)

    async def done() -> bool:
        return await all_done(ledger, sent)

    await until(done)
    await check(database, sent)


@pytest.mark.parametrize("wallets", [SAME, ACROSS], ids=["one shard", "across shards"])
@pytest.mark.parametrize("halves", [0, 1, 2])
async def test_a_crash_anywhere_is_healed_by_the_job(
    dead: Ledger, database: Database, wallets: tuple[str, str], halves: int
) -> None:
    """After the first half, after the second, after all: nothing is lost, nothing done twice."""
    giver, creator = wallets
    await fund(dead, [giver])
    sent = await tip(dead, giver, creator)
    if halves > 0:
        await dead.submit(CALLER, sent.transfer_id, ReceiveTransfer(creator, sent))
    if halves > 1:
        await dead.submit(CALLER, sent.transfer_id, CompleteTransfer(giver, sent.transfer_id))
    assert await payable(dead, creator) == (sent.share_fen if halves else 0)
    assert await cny(dead, "in-transit") == (0 if halves else sent.share_fen)
    await dead.close()
    async with opened(database) as heir:
        assert await finish(heir) == 0  # it may be on its way in the background
        await old(heir)
        assert await finish(heir) == (1 if halves < 2 else 0)
        assert await finish(heir) == 0
    await check(database, [sent])


async def test_many_send_on_the_same_at_once_and_it_happens_once(
    dead: Ledger, database: Database, owner: Any
) -> None:
    """Jobs of three services and the background of one: a key for each half sees to it."""
    givers = [f"g{i}" for i in range(30)]
    await fund(dead, givers)
    sent = [await tip(dead, giver, f"c{i % 4}") for i, giver in enumerate(givers)]
    await old(dead)
    async with opened(database) as a, opened(database) as b, opened(database) as c:
        for transfer in sent:
            a.outbox._transfers.put(transfer.transfer_id, transfer)
        await asyncio.gather(finish(a), finish(b), finish(c))

        async def done() -> bool:
            return await all_done(a, sent)

        await until(done)
    await check(database, sent)
    rows = await owner.fetch(
        "SELECT tag, count(*) FROM events WHERE tag LIKE 'transfer%' GROUP BY 1"
    )
    assert {row["tag"]: row["count"] for row in rows} == {
        "transfer_sent_v1": 30,
        "transfer_received_v1": 30,
        "transfer_completed_v1": 30,
    }


async def test_the_job_finds_more_than_a_page_of_wallets(dead: Ledger, database: Database) -> None:
    """However many wait: in one round, whatever holds up the first of them."""
    names = (f"g{i}" for i in itertools.count())
    in_one_shard = (name for name in names if shard_of(name, 2) == 0)
    givers = list(itertools.islice(in_one_shard, 2 * PAGE_MAX + 30))
    await fund(dead, givers)
    requests = [(g, SendTransfer(g, "creator", KUAIBI, 100)) for g in givers]
    answers = await dead.submit_many("test", requests)
    sent = []
    for answer in answers:
        assert not isinstance(answer, Exception), answer
        assert isinstance(answer.outcome, TransferSent), answer
        sent.append(answer.outcome.transfer)
    await old(dead)
    async with opened(database) as heir:
        counts = [count async for count in heir.outbox.finish(0)]
    assert sum(counts) == len(sent)
    await check(database, sent)


async def test_a_receiver_in_quarantine_keeps_only_its_own_waiting(
    dead: Ledger, database: Database, owner: Any
) -> None:
    """Its tips stay open and are tried again, later and later; everybody else's are done."""
    await fund(dead, ["g"])
    whole = await poison(dead, owner, "sick")
    stuck = await tip(dead, "g", "sick", key="a")
    free = await tip(dead, "g", "well", key="b")
    await dead.clock.advance(40 * 86_400 * 10**6)
    async with opened(database) as heir:
        assert await finish(heir) == 1
        assert await all_done(heir, [free])
        assert not await all_done(heir, [stuck])
        assert await cny(heir, "in-transit") == stuck.share_fen
        assert await finish(heir) == 0
    await store_state(owner, "sick", whole)
    async with opened(database) as heir:
        assert await finish(heir) == 1
    await check(database, [stuck, free])


async def test_a_frozen_creator_still_receives(ledger: Ledger, database: Database) -> None:
    """The second half is never refused, frozen or closed; what is payable can be paid out."""
    await fund(ledger, ["g"])
    await ledger.submit("test", "f", FreezeWallet("frozen", "a look at it"))
    await ledger.submit("test", "c", CloseWallet("closed", "gone"))
    sent = [await tip(ledger, "g", name, key=name) for name in ("frozen", "closed")]

    async def done() -> bool:
        return await all_done(ledger, sent)

    await until(done)
    await check(database, sent)
    for transfer in sent:
        payout = PayOut(transfer.to_wallet_id, transfer.share_fen, 0)
        paid = await ledger.submit("test", "pay", payout)
        assert not isinstance(paid.outcome, Rejection), paid


async def test_nobody_but_the_ledger_can_send_a_second_half(ledger: Ledger) -> None:
    """A transfer is completed only once it was received, and its giver knows it."""
    done = await ledger.submit("test", "k", CompleteTransfer("w", "tr-none"))
    assert isinstance(done.outcome, Rejection)
    assert done.outcome.reason is Reason.TRANSFER_NOT_FOUND


async def test_a_transfer_is_not_completed_before_it_is_received(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """Somebody used the half's key for something else: the share stays in transit, and it shows."""
    await fund(ledger, ["g"])
    await ledger.outbox.close()
    sent = await tip(ledger, "g", "c")
    other = ReceiveTransfer("c", replace(sent, share_fen=1))
    done = await ledger.submit(CALLER, sent.transfer_id, other)
    assert isinstance(done.outcome, TransferReceived)
    await old(ledger)
    async with opened(database) as heir:
        assert await finish(heir) == 0
        assert not await all_done(heir, [sent])
    assert await owner.fetchval("SELECT count(*) FROM wallets WHERE unsent_since IS NOT NULL") == 1


async def test_a_service_that_closes_leaves_the_rest_to_the_job(
    ledger: Ledger, database: Database
) -> None:
    """What is under way ends in bounded time; nothing is lost whatever was not begun."""
    givers = [f"g{i}" for i in range(200)]
    await fund(ledger, givers)
    requests = [(g, SendTransfer(g, "creator", KUAIBI, 100)) for g in givers]
    answers = await ledger.submit_many("test", requests)
    await ledger.close()
    sent = []
    for answer in answers:
        assert not isinstance(answer, Exception), answer
        assert isinstance(answer.outcome, TransferSent), answer
        sent.append(answer.outcome.transfer)
    async with opened(database) as heir:
        await old(heir)
        await finish(heir)
    await check(database, sent)


async def test_a_job_without_a_database_says_so(dead: Ledger) -> None:
    """Unavailable, so that the runner waits; it is not mistaken for the end of the work."""
    await fund(dead, ["g"])
    await tip(dead, "g", "c")
    await old(dead)
    await dead._engine.close()
    with pytest.raises(Unavailable):
        await finish(dead)


async def test_background_work_is_bounded() -> None:
    """So many at a time, nothing twice, and closing waits for what is under way, not for more."""
    going_on = asyncio.Semaphore(0)
    running: set[int] = set()
    done: list[int] = []

    async def work(number: int) -> None:
        assert number not in running
        running.add(number)
        assert len(running) <= 3
        await going_on.acquire()
        running.discard(number)
        done.append(number)

    def let_go_on(count: int) -> None:
        for _ in range(count):
            going_on.release()

    background = Background(work, 3)
    for number in range(20):
        background.put(str(number), number)
        background.put(str(number), number)
    await until(lambda: len(running) == 3)
    for number in range(3):
        background.put(str(number), number)  # is under way already
    let_go_on(20)
    await until_background_rests()
    background.put("1", 1)
    let_go_on(1)
    await until_background_rests()
    assert sorted(done) == sorted([*range(20), 1])
    for number in range(20):
        background.put(str(number), number)
    await until(lambda: len(running) == 3)
    closing = asyncio.create_task(background.close())
    await asyncio.sleep(0)
    background.put("x", 99)
    let_go_on(20)
    await closing
    assert len(done) == 21 + 3
    assert 99 not in done
