"""Control of the sandbox: pays, reverses and refunds, always by signed notifications."""

from secrets import token_hex
from time import time

from ledger.channels.contract import RefundRequest, Reply
from ledger.channels.sandbox import (
    MERCHANT,
    NAME,
    ChargebackNotification,
    ChargebackReversedNotification,
    Notification,
    PaymentNotification,
    RefundBehaviour,
    RefundFailedNotification,
    RefundNotification,
    Sandbox,
)
from ledger.core.purchases import Order
from ledger.core.wallet import OrderRefund
from ledger.engine.reading import Reading
from ledger.payments.notifications import OrderFinder, Payments
from ledger.store.sandbox import read_behaviour, set_behaviour


class NotASandboxOrder(Exception):  # noqa: N818 - what the caller named
    """The order is to be paid at another channel."""


class NotAcknowledged(Exception):  # noqa: N818 - what became of the notification
    """The ledger refused a notification of the sandbox; a real channel would send it again."""


class SandboxControl:
    """Plays the channel's part: notifies the ledger of whatever a developer has happen there.

    The ledger verifies these notifications like any other. Where it asks for a refund, this
    answers as the stored behaviour has it. In production there is no sandbox to control.
    """

    def __init__(self, payments: Payments, orders: OrderFinder, reading: Reading) -> None:
        self._payments, self._orders, self._reading = payments, orders, reading
        channel = payments.channels.get(NAME)
        self._sandbox = channel if isinstance(channel, Sandbox) else None
        if self._sandbox is not None:
            self._sandbox.connect(self._answer_refund)

    async def pay(
        self, order_id: str, amount_fen: int | None = None, payment_id: str | None = None
    ) -> tuple[str, Order] | None:
        """Pay an order: all of it, and once, unless an amount or a payment id says otherwise.

        None if there is no such order. Raises NotASandboxOrder, NotAcknowledged or Unavailable.
        """
        placed = await self._find(order_id)
        if placed is None:
            return None
        _, order = placed
        amount_fen = order.price_fen if amount_fen is None else amount_fen
        number = payment_id or f"sandbox-{order_id}"
        await self._send(PaymentNotification(MERCHANT, order_id, number, amount_fen))
        return await self._orders.find(order_id)

    async def charge_back(
        self, order_id: str, amount_fen: int | None = None, reversal_id: str | None = None
    ) -> tuple[str, Order] | None:
        """Take an order's payment back, all of it or an amount. As `pay` otherwise."""
        placed = await self._find(order_id)
        if placed is None:
            return None
        _, order = placed
        amount_fen = order.price_fen if amount_fen is None else amount_fen
        number = reversal_id or _chargeback_id(order_id)
        await self._send(ChargebackNotification(MERCHANT, order_id, number, amount_fen))
        return await self._orders.find(order_id)

    async def reverse_chargeback(
        self, order_id: str, amount_fen: int | None = None, reversal_id: str | None = None
    ) -> tuple[str, Order] | None:
        """Give back what a chargeback took, all of it or an amount. As `pay` otherwise."""
        placed = await self._find(order_id)
        if placed is None:
            return None
        wallet_id, order = placed
        number = reversal_id or _chargeback_id(order_id)
        if amount_fen is None:
            taken = await self._payments.reversal(NAME, wallet_id, number)
            amount_fen = order.price_fen if taken is None else taken.amount_fen
        await self._send(ChargebackReversedNotification(MERCHANT, order_id, number, amount_fen))
        return await self._orders.find(order_id)

    async def settle_refund(
        self, refund_id: str, *, succeeded: bool
    ) -> tuple[str, OrderRefund] | None:
        """Notify that a refund was paid back, or that it never will be. As `pay` otherwise."""
        requested = await self._orders.find_refund(refund_id)
        if requested is None:
            return None
        _, refund = requested
        if refund.channel != NAME:
            raise NotASandboxOrder(refund.channel)
        notification: Notification = RefundFailedNotification(MERCHANT, refund.order_id, refund_id)
        if succeeded:
            notification = RefundNotification(
                MERCHANT, refund.order_id, refund_id, refund.amount_fen
            )
        await self._send(notification)
        return await self._orders.find_refund(refund_id)

    async def behave(self, refunds: RefundBehaviour) -> None:
        """Say what becomes of refunds from now on, in every process. Raises Unavailable."""
        async with self._reading() as connection:
            await set_behaviour(connection, refunds)

    async def _find(self, order_id: str) -> tuple[str, Order] | None:
        placed = await self._orders.find(order_id)
        if placed is not None:
            _, order = placed
            if order.channel != NAME:
                raise NotASandboxOrder(order.channel)
        return placed

    async def _answer_refund(self, asked: RefundRequest) -> None:
        """Do with a refund that the ledger asks for as the behaviour has it at present."""
        async with self._reading() as connection:
            behaviour = await read_behaviour(connection)
        if behaviour == "succeed":
            await self._notify(
                RefundNotification(MERCHANT, asked.order_id, asked.refund_id, asked.amount_fen)
            )
        elif behaviour == "fail":
            await self._notify(RefundFailedNotification(MERCHANT, asked.order_id, asked.refund_id))

    async def _send(self, notification: Notification) -> None:
        reply = await self._notify(notification)
        if reply.status != 200:
            raise NotAcknowledged(reply.body.decode())

    async def _notify(self, notification: Notification) -> Reply:
        """Give the ledger a signed notification, as if it had come over HTTP."""
        assert self._sandbox is not None, "there is no sandbox in production"
        headers, body = self._sandbox.sign(notification, int(time()), token_hex(16))
        return await self._payments.notify(NAME, headers, body)


def _chargeback_id(order_id: str) -> str:
    return f"chargeback-{order_id}"
