"""Bodies: what each call takes, decoded strictly; a field left out is UNSET, null is refused."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.core.flows.hold import HOLD_TTL_MAX_S
from ledger.http.fields import AmountText, CurrencyCode, Id, KeyText, MomentIn, ReasonText

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


class RechargeBody(Body, frozen=True, kw_only=True, tag_field="kind", tag="recharge"):
    """Whole yuan for points."""

    currency: CurrencyCode
    price_cny: AmountText
    channel: Id


class MembershipBody(Body, frozen=True, kw_only=True, tag_field="kind", tag="membership"):
    """A membership at its list price."""

    plan: Id
    period: Id
    channel: Id


class ClockBody(Body, frozen=True):
    """Either `advance_s`, 0 allowed, or `at`."""

    advance_s: Annotated[int, Meta(extra_json_schema={"minimum": 0})] | UnsetType = UNSET
    at: MomentIn | UnsetType = UNSET


class BatchDebit(DebitBody, frozen=True, kw_only=True, tag_field="kind", tag="debit"):
    """POST …/debits, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchAuthorizeHold(
    HoldBody, frozen=True, kw_only=True, tag_field="kind", tag="authorize_hold"
):
    """POST …/holds, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchCaptureHold(
    CaptureBody, frozen=True, kw_only=True, tag_field="kind", tag="capture_hold"
):
    """POST …/holds/{hold_id}/capture, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchVoidHold(EmptyBody, frozen=True, kw_only=True, tag_field="kind", tag="void_hold"):
    """POST …/holds/{hold_id}/void, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchExtendHold(ExtendBody, frozen=True, kw_only=True, tag_field="kind", tag="extend_hold"):
    """POST …/holds/{hold_id}/extend, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchRefundCharge(
    RefundBody, frozen=True, kw_only=True, tag_field="kind", tag="refund_charge"
):
    """POST …/charges/{charge_id}/refund, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    charge_id: Id


class BatchGrant(GrantBody, frozen=True, kw_only=True, tag_field="kind", tag="grant"):
    """POST …/grants, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchDailyGrant(EmptyBody, frozen=True, kw_only=True, tag_field="kind", tag="daily_grant"):
    """POST …/daily-grant, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


AnyBatchCommand = (
    BatchDebit
    | BatchAuthorizeHold
    | BatchCaptureHold
    | BatchVoidHold
    | BatchExtendHold
    | BatchRefundCharge
    | BatchGrant
    | BatchDailyGrant
)

BATCH_COMMANDS_MAX = 10_000


class BatchBody(Body, frozen=True):
    """Up to 10,000 commands; each stands alone."""

    commands: Annotated[list[AnyBatchCommand], Meta(max_length=BATCH_COMMANDS_MAX)]
