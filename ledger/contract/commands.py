"""Commands: what a decoded body asks of a wallet, as the core's command. Currencies by number."""

from collections.abc import Mapping
from typing import Any, assert_never

from msgspec import UNSET, UnsetType

from ledger.contract.bodies import (
    CaptureBody,
    CloseWalletBody,
    ConvertBody,
    DebitBody,
    ExtendBody,
    GrantBody,
    HoldBody,
    LimitBody,
    MembershipBody,
    PayoutBody,
    RechargeBody,
    RefundBody,
    RefundOrderBody,
    TransferBody,
)
from ledger.contract.fields import (
    amount_from_zero,
    instant_within,
    number_within,
    positive_amount,
    shown,
    whole_yuan,
)
from ledger.contract.problems import ProblemError, problem
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.control import SetLimit
from ledger.core.flows.conversion import Convert
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import HOLD_TTL_MAX_S, AuthorizeHold, CaptureHold, ExtendHold
from ledger.core.flows.order import OpenMembership, OpenRecharge
from ledger.core.flows.order_refund import RefundOrder
from ledger.core.flows.refund import RefundCharge
from ledger.core.flows.transfer import PayOut, SendTransfer
from ledger.core.money import AMOUNT_MINOR_MAX

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
    amount_minor = _optional_amount(body.amount, "amount")
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
            promotion = _given(body.promotion)
            return OpenMembership(wallet_id, body.plan, body.period, body.channel, promotion)
        case _:
            assert_never(body)


def refund_order(wallet_id: str, order_id: str, body: RefundOrderBody) -> RefundOrder:
    """Money of an order given back."""
    amount_fen = _optional_amount(body.amount_cny, "amount_cny")
    return RefundOrder(wallet_id, order_id, body.reason, amount_fen)


def convert(wallet_id: str, body: ConvertBody, numbers: Numbers) -> Convert:
    """Value of one currency turned into another."""
    return Convert(
        wallet_id,
        from_currency=currency_number(body.from_currency, numbers, "from_currency"),
        to_currency=currency_number(body.to_currency, numbers, "to_currency"),
        amount_minor=positive_amount(body.amount, "amount"),
    )


def send_transfer(wallet_id: str, body: TransferBody, numbers: Numbers) -> SendTransfer:
    """Value given to the owner of another wallet."""
    return SendTransfer(
        wallet_id,
        to_wallet_id=body.to_wallet_id,
        currency=currency_number(body.currency, numbers),
        amount_minor=positive_amount(body.amount, "amount"),
        reference=_given(body.reference),
    )


def set_limit(wallet_id: str, body: LimitBody, numbers: Numbers) -> SetLimit:
    """A wallet's own limit on spending a currency."""
    return SetLimit(
        wallet_id,
        currency=currency_number(body.currency, numbers),
        reason=body.reason,
        day_minor=_optional_amount(body.day, "day"),
        single_minor=_optional_amount(body.single, "single"),
    )


def pay_out(wallet_id: str, body: PayoutBody) -> PayOut:
    """Money paid to a wallet's owner."""
    return PayOut(
        wallet_id,
        amount_fen=positive_amount(body.amount_cny, "amount_cny"),
        withheld_fen=amount_from_zero(body.tax_withheld_cny, "tax_withheld_cny"),
        reference=_given(body.reference),
    )


def close_wallet(wallet_id: str, body: CloseWalletBody) -> CloseWallet:
    """The end of a wallet."""
    return CloseWallet(
        wallet_id,
        body.reason,
        forfeit_balance=body.forfeit_balance,
        end_membership=body.end_membership,
        write_off_claim=body.write_off_claim,
    )


def currency_number(code: str, numbers: Numbers, name: str = "currency") -> int:
    """The number of a currency. Raises ProblemError `unknown-currency` naming the field."""
    number = numbers.get(code)
    if number is None:
        known = ", ".join(numbers)
        detail = f"{name} was {shown(code)}; it is one of {known}"
        raise ProblemError(problem("unknown-currency", detail, field=name))
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


def _optional_amount(text: str | UnsetType, name: str) -> int | None:
    return None if isinstance(text, UnsetType) else positive_amount(text, name)


def _given(value: str | UnsetType) -> str | None:
    return None if isinstance(value, UnsetType) else value
