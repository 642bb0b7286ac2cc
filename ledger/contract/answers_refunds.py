"""Answers about refunds of orders: money on its way back to whoever paid."""

from msgspec import Struct

from ledger.contract.answers import OrderAnswer, TakeAnswer
from ledger.contract.fields import Amount, Moment
from ledger.core.wallet import RefundStatus


class OrderRefundAnswer(Struct, frozen=True):
    """A refund of an order: what it took back for the money, and how far it is.

    `takes` are the points set aside, `months` those taken out of the membership. One with a
    `payment_id` returns a payment that bought nothing, so it takes nothing back.
    """

    refund_id: str
    order_id: str
    wallet_id: str
    amount_cny: Amount
    channel: str
    status: RefundStatus
    takes: list[TakeAnswer]
    months: int
    payment_id: str | None
    requested_at: Moment
    resolved_at: Moment | None


class RequestedRefundAnswer(OrderRefundAnswer, frozen=True):
    """A refund right after it was asked for, with its order as it stands then."""

    order: OrderAnswer
