"""Orders and channels: open an order, read it, book the notifications of its channel."""

from collections.abc import Iterable
from typing import Any, Final, assert_never

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ledger.channels import example_instructions
from ledger.channels.contract import Instructions
from ledger.contract.examples import CHANNEL, ORDER, WALLET
from ledger.contract.fields import Amount, AmountText, CurrencyCode, Id, Moment, shown, whole_yuan
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import problem, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import Body, Codes, Numbers, currency_number, given, moment
from ledger.contract.submission import response_for
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderClosed, OrderOpened
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.purchases import MembershipGoods, Order, OrderStatus, RechargeGoods, UpgradeGoods
from ledger.core.rejections import Reason, rejected
from ledger.payments.notifications import UnknownChannel


class RechargeBody(Body, frozen=True, kw_only=True, tag_field="kind", tag="recharge"):
    """Whole yuan for points."""

    currency: CurrencyCode
    price_cny: AmountText
    channel: Id


class MembershipBody(Body, frozen=True, kw_only=True, tag_field="kind", tag="membership"):
    """A membership at its list price, or under a promotion.

    Of a higher plan than the one that runs it is an upgrade, at the price of the difference.
    """

    plan: Id
    period: Id
    channel: Id
    promotion: Id | UnsetType = UNSET


AnyOrderBody = RechargeBody | MembershipBody


class PaymentAnswer(Struct, frozen=True):
    """How a pending order can be paid."""

    channel: str
    pay_url: str


class _OrderAnswer(Struct, frozen=True, tag_field="kind"):
    order_id: str
    wallet_id: str
    price_cny: Amount
    status: OrderStatus
    channel: str
    payment: PaymentAnswer | None
    created_at: Moment
    expires_at: Moment
    paid_at: Moment | None
    paid_late: bool
    refunding_cny: Amount
    refunded_cny: Amount
    reversed_cny: Amount


class RechargeOrderAnswer(_OrderAnswer, frozen=True, tag="recharge"):
    """An order of points; `paid_late` when its payment came after it was closed.

    Of its price, `refunding_cny` is on its way back, `refunded_cny` was given back,
    `reversed_cny` was taken back by the channel, and `claim_repaid_cny` paid what its owner owed:
    only the rest became points.
    """

    currency: str
    amount: Amount
    claim_repaid_cny: Amount


class MembershipOrderAnswer(_OrderAnswer, frozen=True, tag="membership"):
    """An order of a membership; `paid_late` when its payment came after it was closed.

    With `upgrade_from` it is an upgrade of that plan for the `months` that are left. Of its price,
    `refunding_cny` is on its way back, `refunded_cny` was given back, `reversed_cny` was taken back
    by the channel.
    """

    plan: str
    period: str
    months: int
    list_price_cny: Amount
    promotion: str | None
    upgrade_from: str | None


OrderAnswer = RechargeOrderAnswer | MembershipOrderAnswer


def order_command(
    wallet_id: str, body: AnyOrderBody, numbers: Numbers
) -> OpenRecharge | OpenMembership:
    """An order to be paid at a channel."""
    match body:
        case RechargeBody():
            return OpenRecharge(
                wallet_id,
                currency=currency_number(body.currency, numbers),
                price_fen=whole_yuan(body.price_cny, "price_cny"),
                channel=body.channel,
            )
        case MembershipBody():
            promotion = given(body.promotion)
            return OpenMembership(wallet_id, body.plan, body.period, body.channel, promotion)
        case _:
            assert_never(body)


def render_order(
    wallet_id: str, order: Order, payment: Instructions | None, codes: Codes
) -> OrderAnswer:
    """An order, with how it is paid at its channel, if it can be."""
    common: dict[str, Any] = {
        "order_id": order.order_id,
        "wallet_id": wallet_id,
        "price_cny": format_amount(order.price_fen),
        "status": order.status,
        "channel": order.channel,
        "payment": render_payment(payment),
        "created_at": format_instant(order.opened_at),
        "expires_at": format_instant(order.expires_at),
        "paid_at": moment(order.paid_at),
        "paid_late": order.paid_late,
        "refunding_cny": format_amount(order.refunding_fen),
        "refunded_cny": format_amount(order.refunded_fen),
        "reversed_cny": format_amount(order.reversed_fen),
    }
    goods = order.goods
    match goods:
        case RechargeGoods():
            return RechargeOrderAnswer(
                **common,
                currency=codes[goods.currency],
                amount=format_amount(goods.amount_minor),
                claim_repaid_cny=format_amount(
                    sum(repayment.amount_fen for repayment in order.repaid)
                ),
            )
        case MembershipGoods() | UpgradeGoods():
            return MembershipOrderAnswer(
                **common,
                plan=goods.plan,
                period=goods.period,
                months=goods.months,
                list_price_cny=format_amount(goods.month_list_fen * goods.months),
                promotion=goods.promotion,
                upgrade_from=goods.from_plan if isinstance(goods, UpgradeGoods) else None,
            )
        case _:
            assert_never(goods)


def render_payment(instructions: Instructions | None) -> PaymentAnswer | None:
    """How an order is paid; None where it cannot be."""
    if instructions is None:
        return None
    return PaymentAnswer(instructions.channel, instructions.pay_url)


def render_opened_order(
    wallet_id: str, event: OrderOpened | MembershipUpgraded, codes: Codes
) -> OrderAnswer:
    """The answer to an order; how it is paid only its channel knows, so the call attaches that."""
    return render_order(wallet_id, event.order, None, codes)


def render_closed_order(wallet_id: str, event: OrderClosed, codes: Codes) -> OrderAnswer:
    """The answer to an order given up."""
    return render_order(wallet_id, event.order, None, codes)


async def open_order(call: Call[AnyOrderBody, NoQuery]) -> Response:
    """Open an order. Also a replay says how it can be paid now, and the order as it was opened."""
    wallet_id, codes = call.params["wallet_id"], call.currencies.codes
    command = order_command(wallet_id, call.body, call.currencies.numbers)
    done = await call.ledger.submit(call.caller.name, call.key, command)
    status, body = response_for(wallet_id, done.outcome, call.responses, codes)
    if isinstance(done.outcome, OrderOpened):
        opened = current = done.outcome.order
        if done.replayed:
            wallet_and_order = await call.ledger.orders.find(opened.order_id)
            assert wallet_and_order is not None, opened.order_id
            _, current = wallet_and_order
        payment = call.ledger.payments.instructions(current)
        body = render_order(wallet_id, opened, payment, codes)
    return Response(status, body, done.replayed)


async def read_order(call: Call[None, NoQuery]) -> Response:
    """Read one order, with how it can be paid now."""
    order_id, codes = call.params["order_id"], call.currencies.codes
    wallet_and_order = await call.ledger.orders.find(order_id)
    if wallet_and_order is None:
        return problem_of(rejected(Reason.ORDER_NOT_FOUND, order_id=order_id), codes).response()
    wallet_id, order = wallet_and_order
    payment = call.ledger.payments.instructions(order)
    return Response(200, render_order(wallet_id, order, payment, codes))


async def notify(call: Call[None, NoQuery]) -> Response:
    """Book a channel's notification, and reply in the channel's own form."""
    channel = call.params["channel"]
    try:
        reply = await call.ledger.payments.notify(channel, _header_texts(call.headers), call.raw)
    except UnknownChannel:
        return no_channel(channel)
    return Response(reply.status, reply.body, media_type=reply.content_type.encode())


def no_channel(channel: str) -> Response:
    """The response for a channel that does not run here: problem `not-found`."""
    detail = f"There is no channel {shown(channel)} here. GET /v1/catalogue lists those there are."
    return problem("not-found", detail, what="channel").response()


def _header_texts(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers as texts; one given twice is joined, as RFC 9110 (5.3) has it."""
    texts: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        texts[name] = f"{texts[name]}, {value}" if name in texts else value
    return texts


EXAMPLE_RECHARGE: Final = RechargeOrderAnswer(
    order_id=ORDER,
    wallet_id=WALLET,
    price_cny="10.00",
    status="pending",
    channel=CHANNEL,
    payment=render_payment(example_instructions(ORDER)),
    created_at="2026-03-01T01:00:00Z",
    expires_at="2026-03-01T03:00:00Z",
    paid_at=None,
    paid_late=False,
    refunding_cny="0.00",
    refunded_cny="0.00",
    reversed_cny="0.00",
    currency="INSPIRATION",
    amount="100.00",
    claim_repaid_cny="0.00",
)


EXAMPLE_RECHARGE_PAID: Final = replace(
    EXAMPLE_RECHARGE, status="paid", payment=None, paid_at="2026-03-01T01:02:03.456789Z"
)


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
        body=AnyOrderBody,
        needs_key=True,
        responds={
            OrderOpened: (201, render_opened_order),
            MembershipUpgraded: (201, render_opened_order),
        },
        commands=(OpenMembership, OpenRecharge),
        problems=(Reason.UNKNOWN_CURRENCY,),
        example_body=RechargeBody(currency="INSPIRATION", price_cny="10", channel=CHANNEL),
        example_answer=EXAMPLE_RECHARGE,
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
        example_answer=EXAMPLE_RECHARGE,
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
