"""Answers as callers see them: amounts as decimal texts, currencies as codes, times in UTC."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ledger.contract.fields import Amount, Moment
from ledger.core.chart import Source
from ledger.core.purchases import OrderStatus
from ledger.core.wallet import HoldStatus


class BalanceAnswer(Struct, frozen=True):
    """One currency of a wallet; `expiring_soon` is what is available and expires within 24 h."""

    available: Amount
    held: Amount
    expiring_soon: Amount


class QueuedAnswer(Struct, frozen=True):
    """A paid term that begins when those before it are over."""

    order_id: str
    plan: str
    period: str
    months: int


class UpgradeAnswer(Struct, frozen=True):
    """A paid upgrade: the difference to `plan`, granted beside the term in force."""

    order_id: str
    plan: str
    months: int
    months_granted: int


class MembershipAnswer(Struct, frozen=True):
    """A running membership.

    `plan` and `entitlements` are what is in force, upgrades included; `period`, `months` and
    `months_granted` are of the term that runs; `queued` are the paid terms behind it; `ends_at` is
    the end of all that is paid. Without `renews` it ends there.
    """

    plan: str
    status: Literal["active"]
    period: str
    started_at: Moment
    ends_at: Moment
    next_grant_at: Moment | None
    months: int
    months_granted: int
    renews: bool
    entitlements: list[str]
    queued: list[QueuedAnswer]
    upgrades: list[UpgradeAnswer]


WalletStatus = Literal["open", "frozen", "closed"]


class LimitAnswer(Struct, frozen=True):
    """What may be spent of a currency a Shanghai day, and in a single charge; null is no limit.

    `charged_today` counts towards the day, and so does what open holds have set aside.
    """

    currency: str
    day: Amount | None
    single: Amount | None
    charged_today: Amount


class ClaimAnswer(Struct, frozen=True):
    """What is owed of an order whose payment was taken back after its points were spent."""

    order_id: str
    open_cny: Amount


class WalletAnswer(Struct, frozen=True):
    """A wallet at `as_of`, whatever fell due by then applied; `seq` is its last recorded event.

    `claim_fen` is what its owner owes, all `claims` together; `payable_fen` is what is owed to them
    for what others gave them.
    """

    wallet_id: str
    status: WalletStatus
    balances: dict[str, BalanceAnswer]
    membership: MembershipAnswer | None
    claim_fen: int
    claims: list[ClaimAnswer]
    payable_fen: int
    limits: list[LimitAnswer]
    frozen: bool
    seq: int
    as_of: Moment


class LotAnswer(Struct, frozen=True):
    """A parcel of one currency; `cost_fen` is what was paid for the whole of it."""

    lot_id: str
    currency: str
    source: Source
    available: Amount
    held: Amount
    cost_fen: int
    granted_at: Moment
    expires_at: Moment | None


class LotsAnswer(Struct, frozen=True):
    """A page of lots, in spending order."""

    items: list[LotAnswer]
    next: str | None


class DailyGrantAnswer(Struct, frozen=True):
    """The day's points; `claimed_now` is false when they were claimed before."""

    lot_id: str
    currency: str
    amount: Amount
    expires_at: Moment
    claimed_now: bool


class GrantAnswer(Struct, frozen=True):
    """A granted lot."""

    lot_id: str
    wallet_id: str
    currency: str
    amount: Amount
    source: Source
    granted_at: Moment
    expires_at: Moment | None


class QuoteAnswer(Struct, frozen=True):
    """What a SKU costs now."""

    sku: str
    quantity: int
    currency: str
    amount: Amount
    price_version: str


class PriceAnswer(Struct, frozen=True):
    """The price that a hold or charge was made at, frozen when it was made."""

    sku: str
    quantity: int
    price_version: str


class TakeAnswer(Struct, frozen=True):
    """The slice of a lot that a hold or charge uses."""

    lot_id: str
    amount: Amount


class HoldAnswer(Struct, frozen=True):
    """A hold; `charge_id` and `captured` are null unless it was captured."""

    hold_id: str
    wallet_id: str
    currency: str
    amount: Amount
    status: HoldStatus
    authorized_at: Moment
    expires_at: Moment
    takes: list[TakeAnswer]
    reference: str | None
    quote: PriceAnswer | None
    charge_id: str | None
    captured: Amount | None


class HoldsAnswer(Struct, frozen=True):
    """A page of open holds, oldest first."""

    items: list[HoldAnswer]
    next: str | None


class CaptureAnswer(Struct, frozen=True):
    """A captured hold: what was charged, and what went back to its lots."""

    charge_id: str
    hold_id: str
    wallet_id: str
    currency: str
    captured: Amount
    returned: Amount
    status: Literal["captured"]


class DebitAnswer(Struct, frozen=True):
    """A debit; `available_after` is of its currency, right after it."""

    charge_id: str
    wallet_id: str
    currency: str
    amount: Amount
    takes: list[TakeAnswer]
    available_after: Amount
    reference: str | None
    quote: PriceAnswer | None
    charged_at: Moment


class ChargeAnswer(Struct, frozen=True):
    """A captured hold or a debit, and what was refunded of it so far."""

    charge_id: str
    wallet_id: str
    hold_id: str | None
    currency: str
    amount: Amount
    refunded: Amount
    takes: list[TakeAnswer]
    reference: str | None
    quote: PriceAnswer | None
    charged_at: Moment


class RefundAnswer(ChargeAnswer, frozen=True):
    """A charge right after a refund: what was given back now, and what is available then."""

    refunded_now: Amount
    available_after: Amount


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


class ResultAnswer(Struct, frozen=True):
    """What one command of a batch came to: the status and body of its own call."""

    status: int
    body: Annotated[Any, Meta(description="The answer of the command's own call, or a problem")]
    replayed: bool


class BatchAnswer(Struct, frozen=True):
    """The results, in the order of the commands."""

    results: list[ResultAnswer]


class TrialBalanceItem(Struct, frozen=True):
    """One account and currency; opening and closing are signed, debit positive."""

    account: str
    code: str
    currency: str
    opening: Amount
    debit: Amount
    credit: Amount
    closing: Amount


class TrialBalanceAnswer(Struct, frozen=True):
    """All accounts that ever moved."""

    items: list[TrialBalanceItem]


class ClockAnswer(Struct, frozen=True):
    """The service's clock."""

    at: Moment


class ProbeAnswer(Struct, frozen=True):
    """What a probe wants to hear."""

    status: Literal["live", "ready"]
