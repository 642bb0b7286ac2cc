"""Payments: what channels say becomes commands on the wallets concerned; refunds are asked for."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final, Protocol, assert_never

import structlog

from ledger.channels.contract import (
    Channel,
    ChannelAway,
    Instructions,
    Message,
    NotAuthentic,
    Payment,
    RefundFailed,
    RefundRequest,
    RefundSucceeded,
    Reply,
    Restored,
    Reversed,
)
from ledger.core.decider import Command
from ledger.core.flows.order import SettlePayment
from ledger.core.flows.order_refund import ConfirmRefund, FailRefund
from ledger.core.flows.reversal import PaymentReversed, RestorePayment, ReversePayment
from ledger.core.purchases import Order
from ledger.core.rejections import Fact, Reason, Rejection
from ledger.core.wallet import OrderRefund
from ledger.engine.lane import Submit, hash_key, shard_of
from ledger.engine.reading import Reading
from ledger.store import reads

_log = structlog.get_logger()

ASK_S: Final = 30.0
"""How long a channel may take to answer that it was asked."""


_NO_ORDER: Final = "there is no such order at this channel"


class OrderFinder(Protocol):
    """What finds orders and their refunds by their ids, each with the id of its wallet."""

    async def find(self, order_id: str) -> tuple[str, Order] | None:
        """The wallet that opened an order, and the order; None if there is none."""

    async def find_refund(self, refund_id: str) -> tuple[str, OrderRefund] | None:
        """The wallet whose order a refund gives back, and the refund; None if there is none."""


class UnknownChannel(Exception):  # noqa: N818 - what the caller named
    """There is no such channel here."""


class Payments:
    """Every channel that runs here, what it is asked, and what is done about what it says.

    A message is acknowledged once what it says is in the books, however often and in whatever
    order it comes; one that comes too early is not, so that the channel sends it again.
    """

    def __init__(
        self,
        submit: Submit,
        orders: OrderFinder,
        reading: Reading,
        shards: int,
        channels: Mapping[str, Channel],
    ) -> None:
        self._submit, self._orders = submit, orders
        self._reading, self._shards = reading, shards
        self.channels = dict(channels)

    def instructions(self, order: Order) -> Instructions | None:
        """How an order is paid at its channel; None once it is paid or closed."""
        channel = self.channels.get(order.channel)
        if channel is None or order.status != "pending":
            return None
        return channel.instructions(order)

    async def notify(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Book what an authentic notification says, exactly once, then acknowledge.

        Raises UnknownChannel, or Unavailable: then the channel will send it again.
        """
        channel = self.channels.get(name)
        if channel is None:
            raise UnknownChannel(name)
        try:
            message = channel.verify(headers, body, int(time.time()))
        except NotAuthentic as forged:
            return channel.refuse(str(forged))
        why_not = await self._book(name, message)
        if why_not is None:
            return channel.acknowledge()
        _log.warning("message_not_acknowledged", channel=name, why=why_not, message=repr(message))
        return channel.refuse(why_not)

    async def ask(self, refund: OrderRefund) -> None:
        """Ask a refund's channel for it, as often as one likes. Raises ChannelAway, Unavailable."""
        channel = self.channels.get(refund.channel)
        placed = await self._orders.find(refund.order_id)
        assert placed is not None, refund.order_id
        _, order = placed
        # A payment that bought nothing is given back whole; it is not the one the order has.
        payment_id = refund.payment_id or order.payment_id
        if channel is None or payment_id is None:
            raise ChannelAway(f"nobody can be asked for {refund.refund_id} at {refund.channel}")
        request = RefundRequest(
            order_id=refund.order_id,
            payment_id=payment_id,
            refund_id=refund.refund_id,
            amount_fen=refund.amount_fen,
            paid_fen=order.price_fen if refund.payment_id is None else refund.amount_fen,
        )
        try:
            async with asyncio.timeout(ASK_S):
                await channel.refund(request)
        except TimeoutError as late:
            raise ChannelAway(f"no answer within {ASK_S} s") from late

    async def reversal(self, name: str, wallet_id: str, reversal_id: str) -> PaymentReversed | None:
        """What a channel took back under this number, as it was booked."""
        key = (wallet_id, _caller(name), hash_key(_reversed(reversal_id)))
        async with self._reading() as connection:
            answer = await reads.load_answer(connection, shard_of(wallet_id, self._shards), key)
        return answer if isinstance(answer, PaymentReversed) else None

    async def _book(self, name: str, message: Message) -> str | None:
        """Book a message. None once it is in the books, else the reason why it is not."""
        placed = await self._orders.find(message.order_id)
        if placed is None:
            return _NO_ORDER
        wallet_id, order = placed
        if order.channel != name:
            return _NO_ORDER
        match message:
            case Payment(order_id, payment_id, amount_fen):
                # The channel's own number is the idempotency key: a payment is credited once.
                command = SettlePayment(wallet_id, order_id, payment_id, amount_fen)
                return _reason_not_booked(await self._decide(name, payment_id, command))
            case RefundSucceeded():
                return await self._refund_succeeded(name, wallet_id, order, message)
            case RefundFailed():
                return await self._refund_failed(name, wallet_id, message)
            case Reversed():
                return await self._reverse(name, wallet_id, order, message)
            case Restored():
                return await self._restore(name, wallet_id, message)
            case _:
                assert_never(message)

    async def _refund_succeeded(
        self, name: str, wallet_id: str, order: Order, message: RefundSucceeded
    ) -> str | None:
        refund_id, amount_fen = message.refund_id, message.amount_fen
        taken = Reversed(order.order_id, refund_id, amount_fen)
        refund = await self._refund(order.order_id, refund_id)
        if refund is None:
            return await self._reverse(name, wallet_id, order, taken)
        if refund.amount_fen != amount_fen:
            # Books and channel disagree on the amount, which people have to resolve.
            return f"{refund.amount_fen} fen were asked for"
        status: Fact = refund.status
        if status == "requested" or (status == "failed" and refund.payment_id is not None):
            command = ConfirmRefund(wallet_id, refund_id, order.order_id)
            rejection = await self._decide(name, f"refund-succeeded:{refund_id}", command)
            if rejection is None or rejection.reason != Reason.REFUND_NOT_OPEN:
                return _reason_not_booked(rejection)
            status = rejection.facts["refund_status"]
        if status == "confirmed":
            return None
        # It had reported a failure, and the value was returned to the wallet. Yet the money
        # is gone, so it is booked as what it has become: taken back without our asking.
        _log.error("refund_succeeded_after_failure", channel=name, refund=refund_id)
        return await self._reverse(name, wallet_id, order, taken)

    async def _refund_failed(self, name: str, wallet_id: str, message: RefundFailed) -> str | None:
        refund_id = message.refund_id
        refund = await self._refund(message.order_id, refund_id)
        if refund is None:
            return None  # not a refund of ours, and no money moved
        status: Fact = refund.status
        if status == "requested":
            command = FailRefund(wallet_id, refund_id, message.order_id)
            rejection = await self._decide(name, f"refund-failed:{refund_id}", command)
            if rejection is None or rejection.reason != Reason.REFUND_NOT_OPEN:
                return _reason_not_booked(rejection)
            status = rejection.facts["refund_status"]
        if status == "confirmed":
            # The success stands: money that came back after it would be reported as Restored.
            _log.error("refund_failed_after_success", channel=name, refund=refund_id)
        return None

    async def _refund(self, order_id: str, refund_id: str) -> OrderRefund | None:
        """The order's refund of this number; None if there is none."""
        requested = await self._orders.find_refund(refund_id)
        if requested is None:
            return None
        _, refund = requested
        return refund if refund.order_id == order_id else None

    async def _reverse(
        self, name: str, wallet_id: str, order: Order, message: Reversed
    ) -> str | None:
        if order.paid_at is None:
            # Not submitted: a refusal would be remembered under the reversal's number for ever.
            return "the order is not paid yet"
        command = ReversePayment(
            wallet_id, message.order_id, message.reversal_id, message.amount_fen
        )
        return _reason_not_booked(await self._decide(name, _reversed(message.reversal_id), command))

    async def _restore(self, name: str, wallet_id: str, message: Restored) -> str | None:
        number = message.reversal_id
        if await self.reversal(name, wallet_id, number) is None:
            refund = await self._refund(message.order_id, number)
            if refund is None or refund.status != "confirmed":
                # Booked now it would go to suspense, and the later reversal would take the value.
                return "nothing was taken back under this number yet"
        command = RestorePayment(wallet_id, message.order_id, number, message.amount_fen)
        return _reason_not_booked(await self._decide(name, f"restored:{number}", command))

    async def _decide(self, name: str, key: str, command: Command) -> Rejection | None:
        done = await self._submit(_caller(name), key, command)
        return done.outcome if isinstance(done.outcome, Rejection) else None


def _caller(name: str) -> str:
    return f"channel:{name}"


def _reversed(reversal_id: str) -> str:
    """The key of a reversal; a channel may tell of its restoration under the same number."""
    return f"reversed:{reversal_id}"


def _reason_not_booked(rejection: Rejection | None) -> str | None:
    if rejection is None:
        return None
    if rejection.reason == Reason.IDEMPOTENCY_KEY_REUSED:
        return f"this number was used before, with another {rejection.facts['field']}"
    return rejection.reason.value
