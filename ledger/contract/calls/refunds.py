"""Refunds: give up an order, give back a paid one, and see how far that is."""

from typing import Any, Final

from msgspec.structs import asdict, replace

from ledger.contract import commands
from ledger.contract.answer import Answer
from ledger.contract.answers import OrderAnswer
from ledger.contract.answers_refunds import OrderRefundAnswer, RequestedRefundAnswer
from ledger.contract.bodies import EmptyBody, RefundOrderBody
from ledger.contract.calls import examples
from ledger.contract.calls.gates import CHANGES
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import ProblemError
from ledger.contract.refusals import problem_of
from ledger.contract.render_refunds import render_order_refund
from ledger.contract.submission import submit
from ledger.core.flows.order import CloseOrder
from ledger.core.rejections import Reason, rejected


async def close_order(call: Call[EmptyBody, NoQuery]) -> Answer:
    """Give up an order that was not paid."""
    return await submit(call, CloseOrder(await _wallet_of(call), call.params["order_id"]))


async def refund_order(call: Call[RefundOrderBody, NoQuery]) -> Answer:
    """Take back what is unspent of an order, and ask its channel to pay the money back."""
    wallet_id = await _wallet_of(call)
    return await submit(call, commands.refund_order(wallet_id, call.params["order_id"], call.body))


async def _wallet_of(call: Call[Any, NoQuery]) -> str:
    """The wallet that opened the order of the path. Raises ProblemError `not-found`."""
    order_id = call.params["order_id"]
    found = await call.ledger.orders.find(order_id)
    if found is None:
        missing = rejected(Reason.ORDER_NOT_FOUND, order_id=order_id)
        raise ProblemError(problem_of(missing, call.currencies.codes))
    return found[0]


async def read_refund(call: Call[None, NoQuery]) -> Answer:
    """Tell one refund."""
    refund_id, codes = call.params["refund_id"], call.currencies.codes
    found = await call.ledger.orders.find_refund(refund_id)
    if found is None:
        return problem_of(rejected(Reason.REFUND_NOT_FOUND, refund_id=refund_id), codes).answer()
    return Answer(200, render_order_refund(*found))


REFUND: Final = OrderRefundAnswer(
    refund_id=examples.REFUND,
    order_id=examples.ORDER,
    wallet_id=examples.WALLET,
    amount_cny="1.00",
    channel=examples.CHANNEL,
    status="requested",
    takes=examples.TAKES,
    months=0,
    payment_id=None,
    requested_at="2026-03-02T01:00:00.123456Z",
    resolved_at=None,
)
_REFUNDED: Final = replace(examples.RECHARGE_PAID, refunding_cny="1.00")

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
        answers={200: OrderAnswer},
        reasons=(Reason.ORDER_NOT_FOUND, Reason.ORDER_NOT_PAYABLE),
        example_body=EmptyBody(),
        example_answer=replace(examples.RECHARGE, status="closed", payment=None),
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
        answers={202: RequestedRefundAnswer},
        reasons=(
            *CHANGES,
            Reason.ORDER_NOT_FOUND,
            Reason.ORDER_NOT_REFUNDABLE,
            Reason.REFUND_EXCEEDS_ORDER,
            Reason.LIMIT_EXCEEDED,
        ),
        problems=("amount-out-of-range",),
        example_body=RefundOrderBody("bought by mistake", "1"),
        example_answer=RequestedRefundAnswer(**asdict(REFUND), order=_REFUNDED),
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
        example_answer=REFUND,
    ),
)
