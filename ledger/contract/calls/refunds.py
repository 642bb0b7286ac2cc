"""Refunds: give up an order, give back a paid one, and see how far that is."""

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from ledger.contract.calls.orders import (
    EXAMPLE_RECHARGE,
    EXAMPLE_RECHARGE_PAID,
    OrderAnswer,
    render_closed_order,
    render_order,
)
from ledger.contract.examples import CHANNEL, ORDER, REFUND, TAKES, WALLET
from ledger.contract.fields import Amount, AmountText, Moment, ReasonText
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import ProblemError, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import (
    Body,
    Codes,
    EmptyBody,
    TakeAnswer,
    moment,
    optional_positive_amount,
    render_takes,
)
from ledger.contract.submission import submit
from ledger.core.flows.order import CloseOrder, OrderClosed
from ledger.core.flows.order_refund import OrderRefundRequested, RefundOrder
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason, rejected
from ledger.core.wallet import OrderRefund, RefundStatus


class RefundOrderBody(Body, frozen=True):
    """What to give back of an order; all that is unspent when left out."""

    reason: ReasonText
    amount_cny: AmountText | UnsetType = UNSET


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


def refund_order_command(wallet_id: str, order_id: str, body: RefundOrderBody) -> RefundOrder:
    """Money of an order given back."""
    amount_fen = optional_positive_amount(body.amount_cny, "amount_cny")
    return RefundOrder(wallet_id, order_id, body.reason, amount_fen)


def render_order_refund(wallet_id: str, refund: OrderRefund) -> OrderRefundAnswer:
    """A refund, as it stands."""
    return OrderRefundAnswer(
        refund_id=refund.refund_id,
        order_id=refund.order_id,
        wallet_id=wallet_id,
        amount_cny=format_amount(refund.amount_fen),
        channel=refund.channel,
        status=refund.status,
        takes=render_takes(refund.takes),
        months=0 if refund.term is None else refund.term.months,
        payment_id=refund.payment_id,
        requested_at=format_instant(refund.requested_at),
        resolved_at=moment(refund.resolved_at),
    )


def render_requested_refund(
    wallet_id: str, event: OrderRefundRequested, codes: Codes
) -> RequestedRefundAnswer:
    """The answer to a refund that was asked for."""
    return RequestedRefundAnswer(
        **asdict(render_order_refund(wallet_id, event.refund)),
        order=render_order(wallet_id, event.order, None, codes),
    )


async def close_order(call: Call[EmptyBody, NoQuery]) -> Response:
    """Give up an order that was not paid."""
    return await submit(call, CloseOrder(await _wallet_of(call), call.params["order_id"]))


async def refund_order(call: Call[RefundOrderBody, NoQuery]) -> Response:
    """Take back what is unspent of an order, and ask its channel to pay the money back."""
    wallet_id = await _wallet_of(call)
    return await submit(call, refund_order_command(wallet_id, call.params["order_id"], call.body))


async def _wallet_of(call: Call[Any, NoQuery]) -> str:
    """The wallet that opened the order of the path. Raises ProblemError `not-found`."""
    order_id = call.params["order_id"]
    wallet_and_order = await call.ledger.orders.find(order_id)
    if wallet_and_order is None:
        missing = rejected(Reason.ORDER_NOT_FOUND, order_id=order_id)
        raise ProblemError(problem_of(missing, call.currencies.codes))
    return wallet_and_order[0]


async def read_refund(call: Call[None, NoQuery]) -> Response:
    """Read one refund."""
    refund_id, codes = call.params["refund_id"], call.currencies.codes
    wallet_and_refund = await call.ledger.orders.find_refund(refund_id)
    if wallet_and_refund is None:
        return problem_of(rejected(Reason.REFUND_NOT_FOUND, refund_id=refund_id), codes).response()
    return Response(200, render_order_refund(*wallet_and_refund))


EXAMPLE_REFUND: Final = OrderRefundAnswer(
    refund_id=REFUND,
    order_id=ORDER,
    wallet_id=WALLET,
    amount_cny="1.00",
    channel=CHANNEL,
    status="requested",
    takes=TAKES,
    months=0,
    payment_id=None,
    requested_at="2026-03-02T01:00:00.123456Z",
    resolved_at=None,
)
_REFUNDED: Final = replace(EXAMPLE_RECHARGE_PAID, refunding_cny="1.00")

OPERATIONS: Final = (
    Operation(
        id="closeOrder",
        method="POST",
        path="/v1/orders/{order_id}/close",
        tag="Orders",
        summary="Give up an order that was not paid",
        description="A payment that is under way already is honoured when it comes.",
        run=close_order,
        scopes=("order:write",),
        body=EmptyBody,
        body_optional=True,
        needs_key=True,
        responds={OrderClosed: (200, render_closed_order)},
        commands=(CloseOrder,),
        example_body=EmptyBody(),
        example_answer=replace(EXAMPLE_RECHARGE, status="closed", payment=None),
    ),
    Operation(
        id="refundOrder",
        method="POST",
        path="/v1/orders/{order_id}/refund",
        tag="Orders",
        summary="Refund what is unspent of an order",
        description=(
            "Without an amount, all that is unspent: months not granted yet, then points. They are "
            "set aside at once and the channel is asked; read the refund to see what it said."
        ),
        run=refund_order,
        scopes=("order:write",),
        body=RefundOrderBody,
        needs_key=True,
        responds={OrderRefundRequested: (202, render_requested_refund)},
        commands=(RefundOrder,),
        problems=(Reason.AMOUNT_OUT_OF_RANGE,),
        example_body=RefundOrderBody("bought by mistake", "1"),
        example_answer=RequestedRefundAnswer(**asdict(EXAMPLE_REFUND), order=_REFUNDED),
    ),
    Operation(
        id="readRefund",
        method="GET",
        path="/v1/refunds/{refund_id}",
        tag="Orders",
        summary="Read a refund of an order",
        run=read_refund,
        scopes=("wallet:read", "order:write"),
        answers={200: OrderRefundAnswer},
        reasons=(Reason.REFUND_NOT_FOUND,),
        example_answer=EXAMPLE_REFUND,
    ),
)
