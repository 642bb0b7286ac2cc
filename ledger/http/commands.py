"""Commands: what a decoded body asks of a wallet, as the core's command. Currencies by number."""

from collections.abc import Mapping
from typing import Any, assert_never

from msgspec import UNSET, UnsetType

from ledger.core.decider import Command
from ledger.core.flows.daily_grant import ClaimDailyGrant
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import (
    HOLD_TTL_MAX_S,
    AuthorizeHold,
    CaptureHold,
    ExtendHold,
    VoidHold,
)
from ledger.core.flows.order import OpenMembership, OpenRecharge
from ledger.core.flows.refund import RefundCharge
from ledger.core.money import AMOUNT_MINOR_MAX
from ledger.http.bodies import (
    AnyBatchCommand,
    BatchAuthorizeHold,
    BatchCaptureHold,
    BatchDailyGrant,
    BatchDebit,
    BatchExtendHold,
    BatchGrant,
    BatchRefundCharge,
    BatchVoidHold,
    CaptureBody,
    DebitBody,
    ExtendBody,
    GrantBody,
    HoldBody,
    MembershipBody,
    RechargeBody,
    RefundBody,
)
from ledger.http.fields import instant_within, number_within, positive_amount, shown, whole_yuan
from ledger.http.problems import ProblemError, problem

Numbers = Mapping[str, int]
"""Numbers of the virtual currencies by their code."""


def debit(wallet_id: str, body: DebitBody, numbers: Numbers) -> Debit:
    """A charge in one step."""
    return Debit(wallet_id, reference=_given(body.reference), **_price(body, numbers))


def authorize_hold(wallet_id: str, body: HoldBody, numbers: Numbers) -> AuthorizeHold:
    """Value set aside."""
    return AuthorizeHold(
        wallet_id,
        hold_id=_given(body.hold_id),
        expires_in_s=_expires_in(body.expires_in_s),
        reference=_given(body.reference),
        **_price(body, numbers),
    )


def capture_hold(wallet_id: str, hold_id: str, body: CaptureBody) -> CaptureHold:
    """A hold charged."""
    if isinstance(body.amount, UnsetType):
        return CaptureHold(wallet_id, hold_id)
    instead = "a capture of nothing is a void: call …/void instead"
    return CaptureHold(wallet_id, hold_id, positive_amount(body.amount, "amount", instead=instead))


def extend_hold(wallet_id: str, hold_id: str, body: ExtendBody) -> ExtendHold:
    """A hold's new expiry."""
    return ExtendHold(wallet_id, hold_id, _expires_in(body.expires_in_s))


def refund_charge(wallet_id: str, charge_id: str, body: RefundBody) -> RefundCharge:
    """A charge given back."""
    if isinstance(body.amount, UnsetType):
        return RefundCharge(wallet_id, charge_id, body.reason)
    amount_minor = positive_amount(body.amount, "amount")
    return RefundCharge(wallet_id, charge_id, body.reason, amount_minor)


def grant(wallet_id: str, body: GrantBody, numbers: Numbers) -> Grant:
    """Points without payment."""
    expires_at = body.expires_at
    return Grant(
        wallet_id,
        currency=currency_number(body.currency, numbers),
        amount_minor=positive_amount(body.amount, "amount"),
        source=body.source,
        reason=body.reason,
        expires_at=None
        if isinstance(expires_at, UnsetType)
        else instant_within(expires_at, "expires_at"),
    )


def open_order(
    wallet_id: str, body: RechargeBody | MembershipBody, numbers: Numbers
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
            return OpenMembership(wallet_id, body.plan, body.period, body.channel)
        case _:
            assert_never(body)


def of_batch(body: AnyBatchCommand, numbers: Numbers) -> Command:
    """The command of one entry of a batch: the same as its own call makes."""
    wallet_id = body.wallet_id
    match body:
        case BatchDebit():
            return debit(wallet_id, body, numbers)
        case BatchAuthorizeHold():
            return authorize_hold(wallet_id, body, numbers)
        case BatchCaptureHold():
            return capture_hold(wallet_id, body.hold_id, body)
        case BatchVoidHold():
            return VoidHold(wallet_id, body.hold_id)
        case BatchExtendHold():
            return extend_hold(wallet_id, body.hold_id, body)
        case BatchRefundCharge():
            return refund_charge(wallet_id, body.charge_id, body)
        case BatchGrant():
            return grant(wallet_id, body, numbers)
        case BatchDailyGrant():
            return ClaimDailyGrant(wallet_id)
        case _:
            assert_never(body)


def currency_number(code: str, numbers: Numbers) -> int:
    """The number of a currency. Raises ProblemError `unknown-currency`."""
    number = numbers.get(code)
    if number is None:
        known = ", ".join(numbers)
        detail = f"currency was {shown(code)}; it is one of {known}"
        raise ProblemError(problem("unknown-currency", detail, field="currency"))
    return number


def _price(body: DebitBody, numbers: Numbers) -> dict[str, Any]:
    currency, amount, sku, quantity = body.currency, body.amount, body.sku, body.quantity
    if sku is UNSET:
        if isinstance(currency, str) and isinstance(amount, str) and quantity is UNSET:
            return {
                "currency": currency_number(currency, numbers),
                "amount_minor": positive_amount(amount, "amount"),
            }
    elif currency is UNSET and amount is UNSET:
        if isinstance(quantity, UnsetType):
            return {"sku": sku}
        return {"sku": sku, "quantity": number_within(quantity, "quantity", 1, AMOUNT_MINOR_MAX)}
    detail = "Name either currency and amount, or sku and perhaps quantity; not parts of both."
    raise ProblemError(problem("malformed", detail))


def _expires_in(seconds: int) -> int:
    if not 1 <= seconds <= HOLD_TTL_MAX_S:
        detail = (
            f"expires_in_s was {shown(str(seconds))}; it is between 1 and {HOLD_TTL_MAX_S} seconds"
        )
        raise ProblemError(problem("expiry-out-of-range", detail, field="expires_in_s"))
    return seconds


def _given(value: str | UnsetType) -> str | None:
    return None if isinstance(value, UnsetType) else value
