"""Bodies: what each call takes, decoded strictly; a field left out is UNSET, null is refused."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.contract.fields import (
    AmountFromZeroText,
    AmountText,
    CurrencyCode,
    Id,
    MomentIn,
    ReasonText,
)
from ledger.core.flows.hold import HOLD_TTL_MAX_S

Quantity = Annotated[
    int,
    Meta(
        description="How many items; only with a SKU",
        extra_json_schema={"minimum": 1, "default": 1},
    ),
]
ExpiresIn = Annotated[
    int,
    Meta(
        description="Seconds from now",
        extra_json_schema={"minimum": 1, "maximum": HOLD_TTL_MAX_S},
    ),
]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object without any field but its own."""


class EmptyBody(Body, frozen=True):
    """Nothing to say: `{}`, or no body at all."""


class DebitBody(Body, frozen=True):
    """Either `currency` and `amount`, or `sku` and perhaps `quantity`."""

    currency: CurrencyCode | UnsetType = UNSET
    amount: AmountText | UnsetType = UNSET
    sku: Id | UnsetType = UNSET
    quantity: Quantity | UnsetType = UNSET
    reference: Id | UnsetType = UNSET


class HoldBody(DebitBody, frozen=True):
    """A debit's price, and a hold's own id and life; `hold_id` is unique in the wallet for ever."""

    hold_id: Id | UnsetType = UNSET
    expires_in_s: ExpiresIn = 3_600


class CaptureBody(Body, frozen=True):
    """What to charge of a hold; everything when left out."""

    amount: AmountText | UnsetType = UNSET


class ExtendBody(Body, frozen=True):
    """When the hold shall expire instead."""

    expires_in_s: ExpiresIn


class RefundBody(Body, frozen=True):
    """What to give back of a charge; all that is not yet refunded when left out."""

    reason: ReasonText
    amount: AmountText | UnsetType = UNSET


class GrantBody(Body, frozen=True):
    """Points without payment; without `expires_at` they never expire."""

    currency: CurrencyCode
    amount: AmountText
    source: Literal["promotional", "compensation"]
    reason: ReasonText
    expires_at: MomentIn | UnsetType = UNSET


class ConvertBody(Body, frozen=True):
    """Paid value of one currency, to become as much of another."""

    from_currency: CurrencyCode
    to_currency: CurrencyCode
    amount: AmountText


class TransferBody(Body, frozen=True):
    """Paid value for the owner of another wallet."""

    to_wallet_id: Id
    currency: CurrencyCode
    amount: AmountText
    reference: Id | UnsetType = UNSET


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


class RefundOrderBody(Body, frozen=True):
    """What to give back of an order; all that is unspent when left out."""

    reason: ReasonText
    amount_cny: AmountText | UnsetType = UNSET


class ReasonBody(Body, frozen=True):
    """Why."""

    reason: ReasonText


class LimitBody(Body, frozen=True):
    """What may be spent of a currency a Shanghai day and in a single charge; neither: no limit."""

    currency: CurrencyCode
    reason: ReasonText
    day: AmountText | UnsetType = UNSET
    single: AmountText | UnsetType = UNSET


class PayoutBody(Body, frozen=True):
    """Money that was paid to a wallet's owner, with the tax that was withheld of it."""

    amount_cny: AmountText
    tax_withheld_cny: AmountFromZeroText = "0"
    reference: Id | UnsetType = UNSET


class CloseWalletBody(Body, frozen=True):
    """The end of a wallet: what it still has must be said to be given up, one by one."""

    reason: ReasonText
    forfeit_balance: bool = False
    end_membership: bool = False
    write_off_claim: bool = False


class ClockBody(Body, frozen=True):
    """Either `advance_s`, 0 allowed, or `at`."""

    advance_s: Annotated[int, Meta(extra_json_schema={"minimum": 0})] | UnsetType = UNSET
    at: MomentIn | UnsetType = UNSET
