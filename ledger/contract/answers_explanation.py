"""Answers that explain: why a balance is what it is, and what a charge took, cost and earned."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ledger.contract.calls.wallets import ClaimAnswer, WalletStatus
from ledger.contract.fields import Amount, Moment
from ledger.contract.shared import TakeAnswer
from ledger.core.chart import Source
from ledger.core.purchases import OrderStatus
from ledger.core.wallet import HoldStatus
from ledger.queries.explanation import Rule

What = Literal[
    "lot_expires", "hold_expires", "order_expires", "membership_grants", "membership_ends"
]
"""What time alone can bring about."""

Words = Annotated[str, Meta(description="The same in plain words, for people")]


class OriginAnswer(Struct, frozen=True):
    """The event that made a lot; `caller` is null for what fell due by itself.

    `reason` is what its caller said, null where nothing was said or it was erased.
    """

    seq: int
    type: str
    at: Moment
    caller: str | None
    reason: str | None


class LotOrderAnswer(Struct, frozen=True):
    """The order that paid for a lot; `price_cny` bought all of it, `promotion` is why so cheap."""

    order_id: str
    kind: Literal["recharge", "membership"]
    status: OrderStatus
    channel: str
    price_cny: Amount
    promotion: str | None
    payment_id: str | None


class HeldByAnswer(Struct, frozen=True):
    """How much of a lot a hold has set aside, and until when at most."""

    hold_id: str
    amount: Amount
    expires_at: Moment


class ExplainedLot(Struct, frozen=True):
    """A lot at its `place` in the order of spending, and the `rule` that puts it before the next.

    `cost_cny`, with `vat_cny` in it, was paid for all that was `granted`; `cost_left_cny` is the
    part that belongs to what is available. `extended` says that the expiry is the one extension
    that paid value gets. `origin` is null while the directory has not followed so far, `order`
    where nobody paid or another system was paid.
    """

    place: int
    lot_id: str
    available: Amount
    held: Amount
    held_by: list[HeldByAnswer]
    source: Source
    paid: bool
    granted: Amount
    cost_cny: Amount
    vat_cny: Amount
    cost_left_cny: Amount
    granted_at: Moment
    expires_at: Moment | None
    extended: bool
    origin: OriginAnswer | None
    order_id: str | None
    order: LotOrderAnswer | None
    rule: Rule
    why: Words


class ExplainedHold(Struct, frozen=True):
    """An open hold; its takes are the slices of lots that it has set aside."""

    hold_id: str
    amount: Amount
    authorized_at: Moment
    expires_at: Moment
    reference: str | None
    sku: str | None
    takes: list[TakeAnswer]
    why: Words


class ExplainedLimit(Struct, frozen=True):
    """What limits spending a Shanghai day or a single charge, and what is left of the day.

    `of` says whether the wallet has a limit of its own or the house's applies. What open holds
    have set aside counts as spent.
    """

    of: Literal["wallet", "house"]
    day: Amount | None
    single: Amount | None
    charged_today: Amount
    held: Amount
    left_today: Amount | None
    resets_at: Moment
    why: Words


class ExplainedConversion(Struct, frozen=True):
    """What may be converted of a currency a Shanghai day."""

    day: Amount
    converted_today: Amount
    left_today: Amount
    resets_at: Moment


class ExplainedCurrency(Struct, frozen=True):
    """One currency: `available` and `held` are exactly what its lots add up to.

    `refunding` left the lots already, for refunds under way. `expiring_48h` is what will have
    expired by then if nothing else happens.
    """

    currency: str
    available: Amount
    held: Amount
    refunding: Amount
    expiring_48h: Amount
    lots: list[ExplainedLot]
    holds: list[ExplainedHold]
    limit: ExplainedLimit | None
    conversion: ExplainedConversion | None
    why: Words


class UpcomingAnswer(Struct, frozen=True):
    """What time alone will bring about; `amount` is signed, as it changes what is available."""

    at: Moment
    within_48h: bool
    what: What
    currency: str | None
    amount: Amount | None
    lot_id: str | None
    hold_id: str | None
    order_id: str | None
    why: Words


class SpendingAnswer(Struct, frozen=True):
    """Whether the wallet may spend at all."""

    allowed: bool
    why: Words


class WalletExplanation(Struct, frozen=True):
    """Why a wallet's balance is what it is, with what had fallen due by `as_of` applied.

    `upcoming` is in order of time, what comes within 48 h first; `upcoming_more` says that there
    is more than can be told. `claims` are what its owner owes.
    """

    wallet_id: str
    as_of: Moment
    seq: int
    status: WalletStatus
    spending: SpendingAnswer
    currencies: list[ExplainedCurrency]
    upcoming: list[UpcomingAnswer]
    upcoming_more: bool
    claims: list[ClaimAnswer]
    claim_cny: Amount
    payable_cny: Amount
    why: list[str]


class ExplainedTake(Struct, frozen=True):
    """A slice of a lot that was charged, with its share of what the lot cost and the VAT in that.

    The `refunded` part came back from the end, with its own share of both.
    """

    lot_id: str
    source: Source
    paid: bool
    order_id: str | None
    granted_at: Moment
    expires_at: Moment | None
    amount: Amount
    cost_cny: Amount
    vat_cny: Amount
    revenue_cny: Amount
    refunded: Amount
    refunded_cost_cny: Amount
    refunded_vat_cny: Amount
    why: Words


class ChargeHoldAnswer(Struct, frozen=True):
    """The hold that a charge captured: how much it had set aside, and what went back."""

    hold_id: str
    status: HoldStatus
    amount: Amount
    authorized_at: Moment
    returned: Amount
    absorbed_by_claims: Amount
    absorbed_cost_cny: Amount
    absorbed_vat_cny: Amount


class ChargePriceAnswer(Struct, frozen=True):
    """The price that a charge was made at, frozen when it was quoted."""

    sku: str
    quantity: int
    price_version: str


class ChargeRefundAnswer(Struct, frozen=True):
    """A refund of a charge: `returned` is available again, the rest reduced claims instead."""

    seq: int
    at: Moment
    caller: str | None
    amount: Amount
    returned: Amount
    absorbed_by_claims: Amount
    reason: str | None


class ExplainedLeg(Struct, frozen=True):
    """One leg of the journal entry; exactly one of `debit` and `credit` is not null.

    `code` and `name` are those of the general ledger on the entry's day.
    """

    account: str
    code: str
    name: str
    currency: str
    debit: Amount | None
    credit: Amount | None


class ChargeJournal(Struct, frozen=True):
    """The journal entry of a charge; `revenue_cny` and `vat_cny` are what its legs booked."""

    seq: int
    day: Annotated[dt.date, Meta(description="The accounting day, in Shanghai")]
    legs: list[ExplainedLeg]
    revenue_cny: Amount
    vat_cny: Amount


class ChargeExplanation(Struct, frozen=True):
    """What a charge took, what that had cost, and what became of it.

    `cost_cny`, `vat_cny` and `revenue_cny` (cost less VAT) are the sums over its takes, as it was
    charged; `refunds_complete` says that `refunds` are all there are. `journal` is for who may
    read the books, and null for all others; it also has what a hold's rest repaid of claims.
    """

    charge_id: str
    wallet_id: str
    currency: str
    amount: Amount
    refunded: Amount
    charged_at: Moment
    caller: str | None
    reference: str | None
    price: ChargePriceAnswer | None
    hold: ChargeHoldAnswer | None
    takes: list[ExplainedTake]
    cost_cny: Amount
    vat_cny: Amount
    revenue_cny: Amount
    refunds: list[ChargeRefundAnswer]
    refunds_complete: bool
    journal: ChargeJournal | None
    why: list[str]
