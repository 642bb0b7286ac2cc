"""Calls to the sandbox channel: have it pay, charge back, reverse that, and settle refunds."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from ledger.channels.sandbox import NAME, RefundBehaviour
from ledger.contract.calls.orders import (
    EXAMPLE_RECHARGE_PAID,
    OrderAnswer,
    no_channel,
    render_order,
)
from ledger.contract.calls.refunds import EXAMPLE_REFUND, OrderRefundAnswer, render_order_refund
from ledger.contract.fields import AmountText, Id
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import problem, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import Body, EmptyBody, given, optional_positive_amount
from ledger.core.purchases import Order
from ledger.core.rejections import Reason, rejected
from ledger.payments.sandbox import NotAcknowledged, NotASandboxOrder

ChannelNumber = Annotated[Id, Meta(description="The sandbox's own number; constant if left out")]


class SandboxPayBody(Body, frozen=True):
    """What is paid, the order's price if left out; another `payment_id` is another payment."""

    amount_cny: AmountText | UnsetType = UNSET
    payment_id: ChannelNumber | UnsetType = UNSET


class ChargebackBody(Body, frozen=True):
    """What is taken back, or given back; all of it if left out."""

    amount_cny: AmountText | UnsetType = UNSET
    reversal_id: ChannelNumber | UnsetType = UNSET


class BehaviourBody(Body, frozen=True):
    """What becomes of refunds that the sandbox is asked for from now on."""

    refunds: RefundBehaviour


class BehaviourAnswer(Struct, frozen=True):
    """What becomes of refunds."""

    refunds: RefundBehaviour


_Placed = Awaitable[tuple[str, Order] | None]


async def pay(call: Call[SandboxPayBody, NoQuery]) -> Response:
    """Have the sandbox pay an order."""
    amount_fen = optional_positive_amount(call.body.amount_cny, "amount_cny")
    number = given(call.body.payment_id)
    sandbox = call.ledger.sandbox
    return await _about_order(
        call, lambda order_id: sandbox.pay(order_id, amount_fen, number), Reason.ORDER_NOT_PAYABLE
    )


async def charge_back(call: Call[ChargebackBody, NoQuery]) -> Response:
    """Have the sandbox take an order's payment back."""
    amount_fen = optional_positive_amount(call.body.amount_cny, "amount_cny")
    number = given(call.body.reversal_id)
    sandbox = call.ledger.sandbox
    return await _about_order(
        call,
        lambda order_id: sandbox.charge_back(order_id, amount_fen, number),
        Reason.ORDER_NOT_REFUNDABLE,
    )


async def reverse_chargeback(call: Call[ChargebackBody, NoQuery]) -> Response:
    """Have the sandbox give back what it took."""
    amount_fen = optional_positive_amount(call.body.amount_cny, "amount_cny")
    number = given(call.body.reversal_id)
    sandbox = call.ledger.sandbox
    return await _about_order(
        call,
        lambda order_id: sandbox.reverse_chargeback(order_id, amount_fen, number),
        Reason.ORDER_NOT_REFUNDABLE,
    )


async def confirm_refund(call: Call[EmptyBody, NoQuery]) -> Response:
    """Have the sandbox say that a refund was paid back."""
    return await _settle_refund(call, succeeded=True)


async def fail_refund(call: Call[EmptyBody, NoQuery]) -> Response:
    """Have the sandbox say that a refund will not be paid."""
    return await _settle_refund(call, succeeded=False)


async def behave(call: Call[BehaviourBody, NoQuery]) -> Response:
    """Say what becomes of refunds from now on."""
    if call.params["channel"] != NAME:
        return no_channel(call.params["channel"])
    await call.ledger.sandbox.behave(call.body.refunds)
    return Response(200, BehaviourAnswer(call.body.refunds))


async def _about_order(
    call: Call[Any, NoQuery], act: Callable[[str], _Placed], reason: Reason
) -> Response:
    channel, order_id = call.params["channel"], call.params["order_id"]
    codes = call.currencies.codes
    if channel != NAME:
        return no_channel(channel)
    try:
        placed = await act(order_id)
    except NotASandboxOrder as elsewhere:
        detail = f"Order {order_id} is to be paid at {elsewhere}. Only its channel can do that."
        return problem(reason, detail, order_id=order_id).response()
    except NotAcknowledged as why:
        return problem(reason, _not_taken(why), order_id=order_id).response()
    if placed is None:
        return problem_of(rejected(Reason.ORDER_NOT_FOUND, order_id=order_id), codes).response()
    wallet_id, order = placed
    payment = call.ledger.payments.instructions(order)
    return Response(200, render_order(wallet_id, order, payment, codes))


async def _settle_refund(call: Call[EmptyBody, NoQuery], *, succeeded: bool) -> Response:
    channel, refund_id = call.params["channel"], call.params["refund_id"]
    codes = call.currencies.codes
    if channel != NAME:
        return no_channel(channel)
    try:
        settled = await call.ledger.sandbox.settle_refund(refund_id, succeeded=succeeded)
    except NotASandboxOrder as elsewhere:
        detail = f"Refund {refund_id} was asked of {elsewhere}. Only that channel can settle it."
        return problem(Reason.REFUND_NOT_OPEN, detail, refund_id=refund_id).response()
    except NotAcknowledged as why:
        return problem(Reason.REFUND_NOT_OPEN, _not_taken(why), refund_id=refund_id).response()
    if settled is None:
        return problem_of(rejected(Reason.REFUND_NOT_FOUND, refund_id=refund_id), codes).response()
    return Response(200, render_order_refund(*settled))


def _not_taken(why: NotAcknowledged) -> str:
    return f"The ledger did not accept the sandbox's message: {why}. A channel would send it again."


_PATH: Final = "/v1/channels/{channel}"
_ORDER_PATH: Final = f"{_PATH}/orders/{{order_id}}"
_REFUND_PATH: Final = f"{_PATH}/refunds/{{refund_id}}"


def _operation(**more: Any) -> Operation:  # noqa: ANN401 - an operation's own fields
    return Operation(
        method="POST",
        tag="Development",
        scopes=("order:write",),
        development=True,
        only_http=True,
        **more,
    )


OPERATIONS: Final = (
    _operation(
        id="paySandboxOrder",
        repeatable=True,
        path=f"{_ORDER_PATH}/pay",
        summary="Have the sandbox pay an order",
        description=(
            "Development only, channel `sandbox` only: the sandbox sends itself a signed "
            "notification. A second pay changes nothing, unless it has another `payment_id`; an "
            "amount other than the price is set aside for people to look at."
        ),
        run=pay,
        body=SandboxPayBody,
        body_optional=True,
        answers={200: OrderAnswer},
        reasons=(Reason.ORDER_NOT_FOUND, Reason.ORDER_NOT_PAYABLE),
        problems=(Reason.AMOUNT_OUT_OF_RANGE,),
        example_body=SandboxPayBody(),
        example_answer=EXAMPLE_RECHARGE_PAID,
    ),
    _operation(
        id="chargeBackSandboxOrder",
        path=f"{_ORDER_PATH}/chargeback",
        summary="Have the sandbox take an order's payment back",
        description=(
            "What is unspent goes with it, and what was spent becomes a claim. A second one "
            "changes nothing, unless it has another `reversal_id`."
        ),
        run=charge_back,
        body=ChargebackBody,
        body_optional=True,
        answers={200: OrderAnswer},
        reasons=(Reason.ORDER_NOT_FOUND, Reason.ORDER_NOT_REFUNDABLE),
        problems=(Reason.AMOUNT_OUT_OF_RANGE,),
        example_body=ChargebackBody("4"),
        example_answer=replace(
            EXAMPLE_RECHARGE_PAID, status="partly_refunded", reversed_cny="4.00"
        ),
    ),
    _operation(
        id="reverseSandboxChargeback",
        path=f"{_ORDER_PATH}/chargeback-reversed",
        summary="Have the sandbox give back what it took",
        description=(
            "Under the `reversal_id` of the chargeback; all of that chargeback without an amount."
        ),
        run=reverse_chargeback,
        body=ChargebackBody,
        body_optional=True,
        answers={200: OrderAnswer},
        reasons=(Reason.ORDER_NOT_FOUND, Reason.ORDER_NOT_REFUNDABLE),
        problems=(Reason.AMOUNT_OUT_OF_RANGE,),
        example_body=ChargebackBody(),
        example_answer=EXAMPLE_RECHARGE_PAID,
    ),
    _operation(
        id="confirmSandboxRefund",
        path=f"{_REFUND_PATH}/confirm",
        summary="Have the sandbox say that a refund was paid back",
        description="The first word that the sandbox says of a refund stands.",
        run=confirm_refund,
        body=EmptyBody,
        body_optional=True,
        answers={200: OrderRefundAnswer},
        reasons=(Reason.REFUND_NOT_FOUND, Reason.REFUND_NOT_OPEN),
        example_body=EmptyBody(),
        example_answer=replace(
            EXAMPLE_REFUND, status="confirmed", resolved_at="2026-03-02T01:00:01Z"
        ),
    ),
    _operation(
        id="failSandboxRefund",
        path=f"{_REFUND_PATH}/fail",
        summary="Have the sandbox say that a refund will not be paid",
        description="What was set aside for it returns to the wallet.",
        run=fail_refund,
        body=EmptyBody,
        body_optional=True,
        answers={200: OrderRefundAnswer},
        reasons=(Reason.REFUND_NOT_FOUND, Reason.REFUND_NOT_OPEN),
        example_body=EmptyBody(),
        example_answer=replace(EXAMPLE_REFUND, status="failed", resolved_at="2026-03-02T01:00:01Z"),
    ),
    _operation(
        id="setSandboxBehaviour",
        path=f"{_PATH}/behaviour",
        summary="Say what becomes of refunds at the sandbox",
        description=(
            "`succeed` and `fail` send the ledger that message at once when it asks; `silent` "
            "sends none, and the ledger asks again from time to time."
        ),
        run=behave,
        body=BehaviourBody,
        answers={200: BehaviourAnswer},
        problems=("not-found",),
        example_body=BehaviourBody("silent"),
        example_answer=BehaviourAnswer("silent"),
    ),
)
