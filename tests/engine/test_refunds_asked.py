"""Refunds asked of channels: what they are told, and what happens when they do not answer."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

import pytest
import structlog

from ledger.channels.contract import (
    ChannelAway,
    Instructions,
    Message,
    NotAuthentic,
    RefundRequest,
    Reply,
)
from ledger.core.flows.order import OpenRecharge, OrderOpened, SettlePayment
from ledger.core.flows.order_refund import OrderRefundRequested, RefundOrder
from ledger.core.purchases import Order
from ledger.core.wallet import OrderRefund
from ledger.engine.lane import shard_of
from ledger.payments.outbox import PAGE_MAX
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.serving import opened
from tests.kit.tips import OLD_US, all_done, dying, finish, fund, tip
from tests.kit.waiting import until, until_background_rests


class Desk:
    """A channel that notes what it is asked, and answers as it is told to."""

    def __init__(self) -> None:
        self.asked: list[RefundRequest] = []
        self.away = False
        self.hangs = False

    async def was_asked(self, times: int) -> None:
        """Wait until it was asked so often, and until nobody is about to ask it once more."""
        await until(lambda: len(self.asked) >= times)
        await until_background_rests()
        assert len(self.asked) == times

    def instructions(self, order: Order) -> Instructions | None:
        """Nobody pays here."""
        del order
        return None

    async def refund(self, asked: RefundRequest) -> None:
        """Note it; fail or hang if so told."""
        self.asked.append(asked)
        if self.away:
            raise ChannelAway("closed today")
        if self.hangs:
            await asyncio.Event().wait()

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: int) -> Message:
        """It never sends anything."""
        raise NotAuthentic(f"{len(headers)} {len(body)} {now_s}")

    def acknowledge(self) -> Reply:
        """Never needed."""
        return Reply(200, "text/plain", b"")

    def refuse(self, why: str) -> Reply:
        """Whatever is sent in its name."""
        return Reply(401, "text/plain", why.encode())


async def paid(ledger: Ledger, wallet_id: str = "w") -> Order:
    """A paid recharge of ten yuan."""
    command = OpenRecharge(wallet_id, INSPIRATION, 1_000, "sandbox")
    done = await ledger.submit("test", f"order {wallet_id}", command)
    assert isinstance(done.outcome, OrderOpened)
    row = await ledger.sandbox.pay(done.outcome.order.order_id)
    assert row is not None
    return row[1]


async def refunded(ledger: Ledger, order: Order, fen: int = 400, key: str = "r") -> OrderRefund:
    """A refund that was asked for; who asks its channel is another matter."""
    row = await ledger.orders.find(order.order_id)
    assert row is not None
    command = RefundOrder(row[0], order.order_id, "changed my mind", fen)
    done = await ledger.submit("test", key, command)
    assert isinstance(done.outcome, OrderRefundRequested), done.outcome
    return done.outcome.refund


async def status(ledger: Ledger, refund: OrderRefund) -> str:
    """How far a refund is."""
    row = await ledger.orders.find_refund(refund.refund_id)
    assert row is not None
    return row[1].status


async def test_a_channel_is_told_what_it_needs_to_know(ledger: Ledger) -> None:
    """Our number, the payment that it belongs to and how much that was; at once, and once."""
    order = await paid(ledger)
    desk = ledger.payments.channels["sandbox"] = Desk()
    refund = await refunded(ledger, order)
    await desk.was_asked(1)
    payment_id = f"sandbox-{order.order_id}"
    assert desk.asked == [RefundRequest(order.order_id, payment_id, refund.refund_id, 400, 1_000)]
    again = await ledger.submit(
        "test", "r", RefundOrder("w", order.order_id, "changed my mind", 400)
    )
    assert again.replayed
    await until_background_rests()
    assert len(desk.asked) == 1


async def test_a_second_payments_return_names_that_payment(ledger: Ledger, owner: Any) -> None:
    """Not the payment that the order was paid by, whose value the wallet has."""
    order = await paid(ledger)
    second = SettlePayment("w", order.order_id, "twice", 1_000)
    desk = ledger.payments.channels["sandbox"] = Desk()
    await ledger.submit("channel:sandbox", "twice", second)
    await desk.was_asked(1)
    refund_id = await owner.fetchval("SELECT id FROM documents WHERE kind = 'refund'")
    assert desk.asked == [RefundRequest(order.order_id, "twice", refund_id, 1_000, 1_000)]


async def test_a_refund_nobody_asked_for_before_a_crash_is_asked_for_by_the_job(
    database: Database,
) -> None:
    """The process died between its answer and the question."""
    async with dying(database) as dead:
        order = await paid(dead)
        refund = await refunded(dead, order)
        await until_background_rests()
        assert await status(dead, refund) == "requested"
    async with opened(database) as heir:
        assert await finish(heir) == 0
        await heir.clock.advance(OLD_US)
        assert await finish(heir) == 1

        async def confirmed() -> bool:
            return await status(heir, refund) == "confirmed"

        await until(confirmed)
    assert await differences(database) == []


async def test_a_channel_that_is_away_is_asked_again_under_the_same_number(
    ledger: Ledger, database: Database
) -> None:
    """Later and later, so that a round of the job just after finds nothing to ask."""
    order = await paid(ledger)
    desk = ledger.payments.channels["sandbox"] = Desk()
    desk.away = True
    refund = await refunded(ledger, order)
    await desk.was_asked(1)
    await ledger.clock.advance(OLD_US)
    assert [await finish(ledger) for _ in range(3)] == [1, 0, 0]
    await desk.was_asked(2)
    assert [asked.refund_id for asked in desk.asked] == [refund.refund_id] * 2
    waits = ledger.outbox._waits[int(refund.refund_id[:2], 16)]
    wait = waits[refund.refund_id]
    wait.until = 0.0
    first_s = wait.pause_s
    assert await finish(ledger) == 1
    assert waits[refund.refund_id].pause_s == 2 * first_s
    async with opened(database) as other:
        assert await finish(other) == 1  # another process asks by itself, at the real sandbox

        async def confirmed() -> bool:
            return await status(other, refund) == "confirmed"

        await until(confirmed)
    assert await finish(ledger) == 0
    assert waits == {}
    assert await differences(database) == []


async def test_a_channel_that_hangs_holds_up_nobody_else(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither transfers nor the job, nor for long the end of the service."""
    monkeypatch.setattr("ledger.engine.background.CLOSE_S", 0.1)
    order = await paid(ledger)
    desk = ledger.payments.channels["sandbox"] = Desk()
    desk.hangs = True
    refunds = [await refunded(ledger, order, 10, f"r{i}") for i in range(40)]
    await fund(ledger, ["g"])
    sent = [await tip(ledger, "g", "c", 100, f"t{i}") for i in range(10)]

    async def done() -> bool:
        return await all_done(ledger, sent)

    await until(done)
    await ledger.clock.advance(OLD_US)
    assert await finish(ledger) == len(refunds)
    await ledger.close()
    assert "background" not in {task.get_name() for task in asyncio.all_tasks()}
    async with opened(database) as heir:
        assert await finish(heir) == len(refunds)

        async def all_confirmed() -> bool:
            return {await status(heir, refund) for refund in refunds} == {"confirmed"}

        await until(all_confirmed)
    assert await differences(database) == []


async def test_refunds_that_nobody_settles_keep_nothing_else_waiting(
    database: Database,
) -> None:
    """However many a silent channel leaves open, what came after them is found in one round."""
    names = (f"w{i}" for i in itertools.count())
    in_one_shard = (name for name in names if shard_of(name, 2) == 0)
    wallets = list(itertools.islice(in_one_shard, PAGE_MAX + 10))
    async with dying(database) as dead:
        await dead.sandbox.behave("silent")
        orders = await asyncio.gather(*(paid(dead, wallet) for wallet in wallets))
        refunds = await asyncio.gather(*(refunded(dead, order) for order in orders))
        giver = next(in_one_shard)
        await fund(dead, [giver])
        sent = await tip(dead, giver, "c", 100)
        await dead.clock.advance(OLD_US)
    async with opened(database) as heir:
        assert sum([count async for count in heir.outbox.finish(0)]) == len(refunds) + 1
        assert await all_done(heir, [sent])


async def test_contradictions_of_a_channel_are_told_as_errors(ledger: Ledger) -> None:
    """Failure after success, and success after failure, in the words of the log."""
    await ledger.sandbox.behave("silent")
    order = await paid(ledger)
    first, second = await refunded(ledger, order, 100, "a"), await refunded(ledger, order, 200, "b")
    with structlog.testing.capture_logs() as logs:
        for refund, word in ((first, True), (second, False)):
            await ledger.sandbox.settle_refund(refund.refund_id, succeeded=word)
        assert [line for line in logs if line["log_level"] == "error"] == []
        for refund, word in ((first, False), (second, True)):
            await ledger.sandbox.settle_refund(refund.refund_id, succeeded=word)
    errors = {line["event"]: line["refund"] for line in logs if line["log_level"] == "error"}
    assert errors == {
        "refund_failed_after_success": first.refund_id,
        "refund_succeeded_after_failure": second.refund_id,
    }
    row = await ledger.orders.find(order.order_id)
    assert row is not None
    assert (row[1].refunded_fen, row[1].reversed_fen) == (100, 200)
