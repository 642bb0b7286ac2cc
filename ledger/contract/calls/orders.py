"""Orders and channels: open an order, read it, hear of its payment."""

from collections.abc import Iterable
from typing import Final

from ledger.contract import commands
from ledger.contract.answer import Answer
from ledger.contract.answers import OrderAnswer
from ledger.contract.bodies import MembershipBody, RechargeBody
from ledger.contract.calls import examples
from ledger.contract.calls.gates import ORDERS
from ledger.contract.fields import shown
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import problem
from ledger.contract.refusals import problem_of
from ledger.contract.render import render_order
from ledger.contract.submission import told
from ledger.core.flows.order import OrderOpened
from ledger.core.rejections import Reason, rejected
from ledger.payments.notifications import UnknownChannel


async def open_order(call: Call[RechargeBody | MembershipBody, NoQuery]) -> Answer:
    """Open an order. Also a replay says how it can be paid now, and the order as it was opened."""
    wallet_id, codes = call.params["wallet_id"], call.currencies.codes
    command = commands.open_order(wallet_id, call.body, call.currencies.numbers)
    done = await call.ledger.submit(call.caller.name, call.key, command)
    status, body = told(wallet_id, done.answer, codes)
    if isinstance(done.answer, OrderOpened):
        opened = current = done.answer.order
        if done.replayed:
            found = await call.ledger.orders.find(opened.order_id)
            assert found is not None, opened.order_id
            _, current = found
        payment = call.ledger.payments.instructions(current)
        body = render_order(wallet_id, opened, payment, codes)
    return Answer(status, body, done.replayed)


async def read_order(call: Call[None, NoQuery]) -> Answer:
    """Tell one order."""
    order_id, codes = call.params["order_id"], call.currencies.codes
    found = await call.ledger.orders.find(order_id)
    if found is None:
        return problem_of(rejected(Reason.ORDER_NOT_FOUND, order_id=order_id), codes).answer()
    wallet_id, order = found
    payment = call.ledger.payments.instructions(order)
    return Answer(200, render_order(wallet_id, order, payment, codes))


async def notify(call: Call[None, NoQuery]) -> Answer:
    """Hear a channel's own notification, and answer in its own way."""
    channel = call.params["channel"]
    try:
        reply = await call.ledger.payments.notify(channel, _texts(call.headers), call.raw)
    except UnknownChannel:
        return no_channel(channel)
    return Answer(reply.status, reply.body, media_type=reply.content_type.encode())


def no_channel(channel: str) -> Answer:
    """The problem of a channel that nobody knows."""
    detail = f"There is no channel {shown(channel)} here. GET /v1/catalogue lists those there are."
    return problem("not-found", detail, what="channel").answer()


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers as texts; one given twice is joined, as RFC 9110 (5.3) has it."""
    texts: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        texts[name] = f"{texts[name]}, {value}" if name in texts else value
    return texts


OPERATIONS: Final = (
    Operation(
        id="openOrder",
        method="POST",
        path="/v1/wallets/{wallet_id}/orders",
        tag="Orders",
        summary="Open a recharge or membership order",
        description=(
            "A membership of a higher plan than the one that runs is an upgrade of it; one that "
            "costs nothing is paid at once. A replay answers with the order as it was opened and "
            "with its `payment` as it is now."
        ),
        run=open_order,
        scopes=("order:write",),
        body=RechargeBody | MembershipBody,
        needs_key=True,
        answers={201: OrderAnswer},
        reasons=(
            *ORDERS,
            Reason.UNKNOWN_PLAN,
            Reason.UNKNOWN_CHANNEL,
            Reason.UNKNOWN_PROMOTION,
            Reason.PROMOTION_NOT_APPLICABLE,
            Reason.UPGRADE_NOT_OFFERED,
            Reason.AMOUNT_OUT_OF_RANGE,
            Reason.LIMIT_EXCEEDED,
        ),
        problems=("unknown-currency",),
        example_body=RechargeBody(currency="INSPIRATION", price_cny="10", channel=examples.CHANNEL),
        example_answer=examples.RECHARGE,
    ),
    Operation(
        id="readOrder",
        method="GET",
        path="/v1/orders/{order_id}",
        tag="Orders",
        summary="Read an order",
        run=read_order,
        scopes=("wallet:read", "order:write"),
        answers={200: OrderAnswer},
        reasons=(Reason.ORDER_NOT_FOUND,),
        example_answer=examples.RECHARGE,
    ),
    Operation(
        id="notify",
        method="POST",
        path="/v1/channels/{channel}/notifications",
        tag="Orders",
        summary="Receive a channel's notification",
        description="The channel's own body, signature and answer, whatever its status.",
        run=notify,
        public=True,
        raw_body=True,
        only_http=True,
        answers={},
        problems=("not-found",),
    ),
)
