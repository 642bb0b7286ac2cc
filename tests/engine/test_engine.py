"""The engine on a real Postgres: answers, replays, batches, bounds and lost connections."""

import asyncio
from typing import Any

import pytest

from ledger.core.batch import Done
from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold
from ledger.core.flows.order import OpenRecharge, OrderOpened
from ledger.core.flows.refund import RefundCharge
from ledger.core.rejections import Reason, Rejection
from ledger.engine import Unavailable
from ledger.engine.lane import QUEUE_MAX, shard_of
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database
from tests.kit.serving import opened
from tests.kit.steps import give


async def test_the_same_request_twice_is_one_effect_and_one_answer(ledger: Ledger) -> None:
    """Invariant 6: the second answer is the first one, and only the first one does anything."""
    await give(ledger, "w")
    first = await ledger.submit("test", "k", Debit("w", INSPIRATION, 500))
    again = await ledger.submit("test", "k", Debit("w", INSPIRATION, 500))
    assert again == Done(first.outcome, replayed=True)
    assert (await ledger.wallets.read("w")).wallet.available_minor(INSPIRATION) == 99_500


async def test_a_key_used_for_another_command_is_refused_by_the_field_that_differs(
    ledger: Ledger,
) -> None:
    """Invariant 6: the refusal names the field, also where it is the free text."""
    await give(ledger, "w")
    charged = await ledger.submit("test", "k", Debit("w", INSPIRATION, 500))
    assert isinstance(charged.outcome, DebitCharged)
    charge_id = charged.outcome.charge.charge_id
    await ledger.submit("test", "r", RefundCharge("w", charge_id, "it failed"))
    for key, command, field in (
        ("k", Debit("w", INSPIRATION, 501), "amount_minor"),
        ("k", Debit("w", INSPIRATION, 500, reference="job"), "reference"),
        ("k", TakeDailyGrant("w"), "kind"),
        ("r", RefundCharge("w", charge_id, "it failed badly"), "reason"),
    ):
        done = await ledger.submit("test", key, command)
        assert isinstance(done.outcome, Rejection)
        assert done.outcome.reason is Reason.IDEMPOTENCY_KEY_REUSED
        assert done.outcome.facts == {"field": field}
        assert not done.replayed


async def test_a_refusal_is_remembered_after_the_state_has_changed(ledger: Ledger) -> None:
    """A refusal that depends on state is the answer of its key from then on."""
    refused = await ledger.submit("test", "k", Debit("w", INSPIRATION, 500))
    await give(ledger, "w")
    again = await ledger.submit("test", "k", Debit("w", INSPIRATION, 500))
    assert again == Done(refused.outcome, replayed=True)


async def test_the_key_belongs_to_its_caller_and_wallet(ledger: Ledger) -> None:
    """Another caller, or another wallet, may use the same key for itself."""
    await give(ledger, "w")
    await give(ledger, "v")
    for caller, wallet in (("a", "w"), ("b", "w"), ("a", "v")):
        done = await ledger.submit(caller, "k", Debit(wallet, INSPIRATION, 500))
        assert not done.replayed
        assert isinstance(done.outcome, DebitCharged)


async def test_the_same_key_many_times_in_one_batch_charges_once(ledger: Ledger) -> None:
    """A batch may hold a request and its retries; the retries are replays."""
    await give(ledger, "w")
    commands = [("k", Debit("w", INSPIRATION, 500))] * 50
    answers = await ledger.submit_many("test", commands)
    assert [isinstance(answer, Done) and answer.replayed for answer in answers] == [
        False,
        *[True] * 49,
    ]
    assert (await ledger.wallets.read("w")).wallet.available_minor(INSPIRATION) == 99_500


async def test_concurrent_debits_never_spend_more_than_there_is(ledger: Ledger) -> None:
    """Two hundred jobs race for a hundred points' worth of one wallet: a hundred win."""
    await give(ledger, "w", 100)
    answers = await asyncio.gather(
        *(ledger.submit("test", f"k{i}", Debit("w", INSPIRATION, 1)) for i in range(200))
    )
    won = [answer for answer in answers if isinstance(answer.outcome, DebitCharged)]
    assert len(won) == 100
    assert (await ledger.wallets.read("w")).wallet.lots == ()


async def test_concurrent_refunds_never_exceed_the_charge(ledger: Ledger) -> None:
    """Twenty refunds of a third race for one charge: three win."""
    await give(ledger, "w")
    charged = await ledger.submit("test", "k", Debit("w", INSPIRATION, 300))
    assert isinstance(charged.outcome, DebitCharged)
    charge_id = charged.outcome.charge.charge_id
    answers = await asyncio.gather(
        *(
            ledger.submit("test", f"r{i}", RefundCharge("w", charge_id, "race", 100))
            for i in range(20)
        )
    )
    assert sum(not isinstance(answer.outcome, Rejection) for answer in answers) == 3
    assert (await ledger.wallets.read("w")).wallet.available_minor(INSPIRATION) == 100_000


async def test_two_processes_share_one_database(ledger: Ledger, database: Database) -> None:
    """Any number of engines may work on one database, on the same wallets."""
    async with opened(database) as other:
        await give(ledger, "w", 1_000)
        answers = await asyncio.gather(
            *(
                service.submit("test", f"{name}{i}", Debit("w", INSPIRATION, 10))
                for i in range(60)
                for name, service in (("a", ledger), ("b", other))
            )
        )
    assert sum(isinstance(answer.outcome, DebitCharged) for answer in answers) == 100


async def test_a_full_lane_says_busy_and_a_batch_waits_for_room(ledger: Ledger) -> None:
    """What is bounded refuses at once; a batch waits, and leaves single commands half the room."""
    lane = ledger._engine._lanes[shard_of("w", 2)]
    await give(ledger, "w")
    debit = Debit("w", INSPIRATION, 1)
    many = asyncio.create_task(
        ledger.submit_many("test", [(f"m{i}", debit) for i in range(3 * QUEUE_MAX)])
    )
    while not lane._queue:  # noqa: ASYNC110 - nobody tells when a queue has begun to fill
        await asyncio.sleep(0)
    assert len(lane._queue) <= QUEUE_MAX // 2
    room = QUEUE_MAX - len(lane._queue)
    singles = [asyncio.create_task(ledger.submit("test", f"s{i}", debit)) for i in range(room)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await ledger.submit("test", "k", debit)
    assert refused.value.reason == "busy"
    assert all(isinstance(answer, Done) for answer in await asyncio.gather(*singles))
    assert sum(isinstance(answer, Done) for answer in await many) == 3 * QUEUE_MAX


async def test_a_batch_of_refusals_and_replays_makes_no_block(ledger: Ledger, owner: Any) -> None:
    """The log grows by what happened, and by nothing else."""
    await give(ledger, "w")
    await ledger.submit("test", "k", Debit("w", INSPIRATION, 1))
    before = await owner.fetch("SELECT shard, seq, tree_size FROM shards ORDER BY shard")
    await ledger.submit("test", "k", Debit("w", INSPIRATION, 1))
    await ledger.submit("test", "l", Debit("w", INSPIRATION, 10**9))
    assert await owner.fetch("SELECT shard, seq, tree_size FROM shards ORDER BY shard") == before


async def test_a_poisoned_command_fails_alone(ledger: Ledger) -> None:
    """A command that raises leaves nothing behind and fails nobody else in its batch."""
    await give(ledger, "w")
    poison: Any = AuthorizeHold("w", INSPIRATION, 10, expires_in_s="soon")  # type: ignore[arg-type]
    answers = await ledger.submit_many(
        "test",
        [
            ("a", Debit("w", INSPIRATION, 1)),
            ("b", poison),
            ("c", CaptureHold("w", "none")),
            ("d", Debit("w", INSPIRATION, 1)),
        ],
    )
    assert [isinstance(answer, Done) for answer in answers] == [True, False, True, True]
    view = await ledger.wallets.read("w")
    assert view.wallet.available_minor(INSPIRATION) == 99_998


async def test_what_the_database_refuses_fails_alone(ledger: Ledger) -> None:
    """A NUL cannot be stored: the batch is run again without the command that holds one."""
    await give(ledger, "w")
    answers = await ledger.submit_many(
        "test",
        [
            ("a", Debit("w", INSPIRATION, 1)),
            ("b", Grant("w", INSPIRATION, 1, "promotional", "nul \0 here")),
            ("d", Debit("w", INSPIRATION, 1)),
        ],
    )
    assert [isinstance(answer, Done) for answer in answers] == [True, False, True]
    view = await ledger.wallets.read("w")
    assert view.wallet.available_minor(INSPIRATION) == 99_998


async def test_an_order_is_credited_once_however_often_it_is_paid(ledger: Ledger) -> None:
    """The channel's own number is the key: ten notifications at once are one payment."""
    opened = await ledger.submit("test", "o", OpenRecharge("w", INSPIRATION, 1_000, "sandbox"))
    assert isinstance(opened.outcome, OrderOpened)
    order_id = opened.outcome.order.order_id
    await asyncio.gather(*(ledger.sandbox.pay(order_id) for _ in range(10)))
    view = await ledger.wallets.read("w")
    assert view.wallet.available_minor(INSPIRATION) == 10_000
    order = await ledger.orders.find(order_id)
    assert order is not None
    assert order[1].status == "paid"


async def test_whoever_is_told_to_stop_stops_though_its_connection_breaks_of_it(
    ledger: Ledger,
) -> None:
    """A cancellation told as an outage would be tried again for ever, and closing would wait."""

    async def read() -> None:
        async with ledger.reading():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise ConnectionResetError from None

    task = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with ledger.reading() as connection:
        assert await connection.fetchval("SELECT 1") == 1
