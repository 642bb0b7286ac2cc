# Generated from the contract by `make client-code`: change that instead.
"""Results: amounts are Decimals, times aware datetimes in UTC, days dates in Shanghai.

Fields that a newer ledger adds are ignored. Closed sets, such as a status, are plain texts: a newer
ledger may know one more.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledger.client.answers import Result


class Balance(Result, frozen=True, kw_only=True):
    """One currency of a wallet; `expiring_soon` is what is available and expires within 24 h."""

    available: Decimal
    held: Decimal
    expiring_soon: Decimal


class QueuedTerm(Result, frozen=True, kw_only=True):
    """A paid term that begins when those before it are over."""

    order_id: str
    plan: str
    period: str
    months: int


class Upgrade(Result, frozen=True, kw_only=True):
    """A paid upgrade: the difference to `plan`, granted beside the term in force."""

    order_id: str
    plan: str
    months: int
    months_granted: int


class Membership(Result, frozen=True, kw_only=True):
    """A running membership.

    `plan` and `entitlements` are what is in force, upgrades included; `period`, `months` and
    `months_granted` are of the term that runs; `queued` are the paid terms behind it; `ends_at` is
    the end of all that is paid. Without `renews` it ends there.
    """

    plan: str
    status: str
    period: str
    started_at: datetime
    ends_at: datetime
    next_grant_at: datetime | None = None
    months: int
    months_granted: int
    renews: bool
    entitlements: tuple[str, ...] = ()
    queued: tuple[QueuedTerm, ...] = ()
    upgrades: tuple[Upgrade, ...] = ()


class Claim(Result, frozen=True, kw_only=True):
    """What is owed of an order whose payment was taken back after its points were spent."""

    order_id: str
    open_cny: Decimal


class SpendLimit(Result, frozen=True, kw_only=True):
    """What may be spent of a currency a Shanghai day, and in a single charge; None is no limit.

    `charged_today` counts towards the day, and so does what open holds have set aside.
    """

    currency: str
    day: Decimal | None = None
    single: Decimal | None = None
    charged_today: Decimal


class Wallet(Result, frozen=True, kw_only=True):
    """A wallet at `as_of`, whatever fell due by then applied; `seq` is its last recorded event.

    `claim_fen` is what its owner owes, all `claims` together; `payable_fen` is what is owed to them
    for what others gave them.
    """

    wallet_id: str
    status: str
    balances: dict[str, Balance]
    membership: Membership | None = None
    claim_fen: int
    claims: tuple[Claim, ...] = ()
    payable_fen: int
    limits: tuple[SpendLimit, ...] = ()
    frozen: bool
    seq: int
    as_of: datetime


class Lot(Result, frozen=True, kw_only=True):
    """A parcel of one currency; `cost_fen` is what was paid for the whole of it."""

    lot_id: str
    currency: str
    source: str
    available: Decimal
    held: Decimal
    cost_fen: int
    granted_at: datetime
    expires_at: datetime | None = None


class DailyGrant(Result, frozen=True, kw_only=True):
    """The day's points; `claimed_now` is false when they were claimed before."""

    lot_id: str
    currency: str
    amount: Decimal
    expires_at: datetime
    claimed_now: bool


class Grant(Result, frozen=True, kw_only=True):
    """A granted lot."""

    lot_id: str
    wallet_id: str
    currency: str
    amount: Decimal
    source: str
    granted_at: datetime
    expires_at: datetime | None = None


class Found(Result, frozen=True, kw_only=True):
    """Something of this name, and the wallet it belongs to.

    `seq` is of an event of that wallet which names it: the one that named it first, or of a
    wallet, an order and a refund the one that changed it last.
    """

    kind: str
    id: str
    wallet_id: str
    seq: int


class Indexed(Result, frozen=True, kw_only=True):
    """Up to which seq of a shard the directory has followed the log, which ended at `head`."""

    shard: int
    seq: int
    head: int


class Finding(Result, frozen=True, kw_only=True):
    """All that goes by a name; `more` says that only a part of it is listed."""

    items: tuple[Found, ...] = ()
    more: bool
    indexed: tuple[Indexed, ...] = ()


class Spending(Result, frozen=True, kw_only=True):
    """Whether the wallet may spend at all."""

    allowed: bool
    why: str


class HeldBy(Result, frozen=True, kw_only=True):
    """How much of a lot a hold has set aside, and until when at most."""

    hold_id: str
    amount: Decimal
    expires_at: datetime


class Origin(Result, frozen=True, kw_only=True):
    """The event that made a lot; `caller` is None for what fell due by itself.

    `reason` is what its caller said, None where nothing was said or it was erased.
    """

    seq: int
    type: str
    at: datetime
    caller: str | None = None
    reason: str | None = None


class LotOrder(Result, frozen=True, kw_only=True):
    """The order that paid for a lot; `price_cny` bought all of it, `promotion` is why so cheap."""

    order_id: str
    kind: str
    status: str
    channel: str
    price_cny: Decimal
    promotion: str | None = None
    payment_id: str | None = None


class ExplainedLot(Result, frozen=True, kw_only=True):
    """A lot at its `place` in the order of spending, and the `rule` that puts it before the next.

    `cost_cny`, with `vat_cny` in it, was paid for all that was `granted`; `cost_left_cny` is the
    part that belongs to what is available. `extended` says that the expiry is the one extension
    that paid value gets. `origin` is None while the directory has not followed so far, `order`
    where nobody paid or another system was paid.
    """

    place: int
    lot_id: str
    available: Decimal
    held: Decimal
    held_by: tuple[HeldBy, ...] = ()
    source: str
    paid: bool
    granted: Decimal
    cost_cny: Decimal
    vat_cny: Decimal
    cost_left_cny: Decimal
    granted_at: datetime
    expires_at: datetime | None = None
    extended: bool
    origin: Origin | None = None
    order_id: str | None = None
    order: LotOrder | None = None
    rule: str
    why: str


class Take(Result, frozen=True, kw_only=True):
    """The slice of a lot that a hold or charge uses."""

    lot_id: str
    amount: Decimal


class ExplainedHold(Result, frozen=True, kw_only=True):
    """An open hold; its takes are the slices of lots that it has set aside."""

    hold_id: str
    amount: Decimal
    authorized_at: datetime
    expires_at: datetime
    reference: str | None = None
    sku: str | None = None
    takes: tuple[Take, ...] = ()
    why: str


class ExplainedLimit(Result, frozen=True, kw_only=True):
    """What limits spending a Shanghai day or a single charge, and what is left of the day.

    `of` says whether the wallet has a limit of its own or the house's applies. What open holds
    have set aside counts as spent.
    """

    of: str
    day: Decimal | None = None
    single: Decimal | None = None
    charged_today: Decimal
    held: Decimal
    left_today: Decimal | None = None
    resets_at: datetime
    why: str


class ExplainedConversion(Result, frozen=True, kw_only=True):
    """What may be converted of a currency a Shanghai day."""

    day: Decimal
    converted_today: Decimal
    left_today: Decimal
    resets_at: datetime


class ExplainedCurrency(Result, frozen=True, kw_only=True):
    """One currency: `available` and `held` are exactly what its lots add up to.

    `refunding` left the lots already, for refunds under way. `expiring_48h` is what will have
    expired by then if nothing else happens.
    """

    currency: str
    available: Decimal
    held: Decimal
    refunding: Decimal
    expiring_48h: Decimal
    lots: tuple[ExplainedLot, ...] = ()
    holds: tuple[ExplainedHold, ...] = ()
    limit: ExplainedLimit | None = None
    conversion: ExplainedConversion | None = None
    why: str


class Upcoming(Result, frozen=True, kw_only=True):
    """What time alone will bring about; `amount` is signed, as it changes what is available."""

    at: datetime
    within_48h: bool
    what: str
    currency: str | None = None
    amount: Decimal | None = None
    lot_id: str | None = None
    hold_id: str | None = None
    order_id: str | None = None
    why: str


class WalletExplanation(Result, frozen=True, kw_only=True):
    """Why a wallet's balance is what it is, with what had fallen due by `as_of` applied.

    `upcoming` is in order of time, what comes within 48 h first; `upcoming_more` says that only
    a part of it is listed. `claims` are what its owner owes.
    """

    wallet_id: str
    as_of: datetime
    seq: int
    status: str
    spending: Spending
    currencies: tuple[ExplainedCurrency, ...] = ()
    upcoming: tuple[Upcoming, ...] = ()
    upcoming_more: bool
    claims: tuple[Claim, ...] = ()
    claim_cny: Decimal
    payable_cny: Decimal
    why: tuple[str, ...] = ()


class ChargePrice(Result, frozen=True, kw_only=True):
    """The price that a charge was made at, frozen when it was quoted."""

    sku: str
    quantity: int
    price_version: str


class ChargeHold(Result, frozen=True, kw_only=True):
    """The hold that a charge captured: how much it had set aside, and what went back."""

    hold_id: str
    status: str
    amount: Decimal
    authorized_at: datetime
    returned: Decimal
    absorbed_by_claims: Decimal
    absorbed_cost_cny: Decimal
    absorbed_vat_cny: Decimal


class ExplainedTake(Result, frozen=True, kw_only=True):
    """A slice of a lot that was charged, with its share of what the lot cost and the VAT in that.

    The `refunded` part came back from the end, with its own share of both.
    """

    lot_id: str
    source: str
    paid: bool
    order_id: str | None = None
    granted_at: datetime
    expires_at: datetime | None = None
    amount: Decimal
    cost_cny: Decimal
    vat_cny: Decimal
    revenue_cny: Decimal
    refunded: Decimal
    refunded_cost_cny: Decimal
    refunded_vat_cny: Decimal
    why: str


class ExplainedRefund(Result, frozen=True, kw_only=True):
    """A refund of a charge: `returned` is available again, the rest reduced claims instead."""

    seq: int
    at: datetime
    caller: str | None = None
    amount: Decimal
    returned: Decimal
    absorbed_by_claims: Decimal
    reason: str | None = None


class ExplainedLeg(Result, frozen=True, kw_only=True):
    """One leg of the journal entry; exactly one of `debit` and `credit` is not None.

    `code` and `name` are those of the general ledger on the entry's day.
    """

    account: str
    code: str
    name: str
    currency: str
    debit: Decimal | None = None
    credit: Decimal | None = None


class ChargeJournal(Result, frozen=True, kw_only=True):
    """The journal entry of a charge; `revenue_cny` and `vat_cny` are what its legs booked."""

    seq: int
    day: date
    legs: tuple[ExplainedLeg, ...] = ()
    revenue_cny: Decimal
    vat_cny: Decimal


class ChargeExplanation(Result, frozen=True, kw_only=True):
    """What a charge took, what that had cost, and what became of it.

    `cost_cny`, `vat_cny` and `revenue_cny` (cost less VAT) are the sums over its takes, as it was
    charged; `refunds_complete` says that `refunds` are all there are. `journal` is for who may
    read the books, and None for all others; it also has what a hold's rest repaid of claims.
    """

    charge_id: str
    wallet_id: str
    currency: str
    amount: Decimal
    refunded: Decimal
    charged_at: datetime
    caller: str | None = None
    reference: str | None = None
    price: ChargePrice | None = None
    hold: ChargeHold | None = None
    takes: tuple[ExplainedTake, ...] = ()
    cost_cny: Decimal
    vat_cny: Decimal
    revenue_cny: Decimal
    refunds: tuple[ExplainedRefund, ...] = ()
    refunds_complete: bool
    journal: ChargeJournal | None = None
    why: tuple[str, ...] = ()


class Entry(Result, frozen=True, kw_only=True):
    """One recorded event of a wallet: what it was about, and what it left available.

    Amounts are of `currency`, which is None (and they with it) where no points moved; of several
    currencies it is the first. `at` is when it happened, `recorded_at` when it was written down.
    `amount_cny` is the money that it is about, `other_wallet_id` the wallet at the other end of a
    gift. `caller` is None for what fell due by itself. `what` says it in words.
    """

    seq: int
    at: datetime
    recorded_at: datetime
    type: str
    currency: str | None = None
    amount: Decimal | None = None
    available_change: Decimal | None = None
    available_after: Decimal | None = None
    reference: str | None = None
    hold_id: str | None = None
    charge_id: str | None = None
    lot_id: str | None = None
    order_id: str | None = None
    transfer_id: str | None = None
    refund_id: str | None = None
    other_wallet_id: str | None = None
    amount_cny: Decimal | None = None
    caller: str | None = None
    reason: str | None = None
    what: str


class Payment(Result, frozen=True, kw_only=True):
    """How a pending order can be paid."""

    channel: str
    pay_url: str


class RechargeOrder(Result, frozen=True, kw_only=True, tag_field="kind", tag="recharge"):
    """An order of points; `paid_late` when its payment came after it was closed.

    Of its price, `refunding_cny` is on its way back, `refunded_cny` was given back,
    `reversed_cny` was taken back by the channel, and `claim_repaid_cny` paid what its owner owed:
    only the rest became points.
    """

    order_id: str
    wallet_id: str
    price_cny: Decimal
    status: str
    channel: str
    payment: Payment | None = None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None = None
    paid_late: bool
    refunding_cny: Decimal
    refunded_cny: Decimal
    reversed_cny: Decimal
    currency: str
    amount: Decimal
    claim_repaid_cny: Decimal


class MembershipOrder(Result, frozen=True, kw_only=True, tag_field="kind", tag="membership"):
    """An order of a membership; `paid_late` when its payment came after it was closed.

    With `upgrade_from` it is an upgrade of that plan for the `months` that are left. Of its price,
    `refunding_cny` is on its way back, `refunded_cny` was given back, `reversed_cny` was taken back
    by the channel.
    """

    order_id: str
    wallet_id: str
    price_cny: Decimal
    status: str
    channel: str
    payment: Payment | None = None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None = None
    paid_late: bool
    refunding_cny: Decimal
    refunded_cny: Decimal
    reversed_cny: Decimal
    plan: str
    period: str
    months: int
    list_price_cny: Decimal
    promotion: str | None = None
    upgrade_from: str | None = None


Order = RechargeOrder | MembershipOrder


class Quote(Result, frozen=True, kw_only=True):
    """What a SKU costs now."""

    sku: str
    quantity: int
    currency: str
    amount: Decimal
    price_version: str


class Price(Result, frozen=True, kw_only=True):
    """The price that a hold or charge was made at, frozen when it was made."""

    sku: str
    quantity: int
    price_version: str


class Debit(Result, frozen=True, kw_only=True):
    """A debit; `available_after` is of its currency, right after it."""

    charge_id: str
    wallet_id: str
    currency: str
    amount: Decimal
    takes: tuple[Take, ...] = ()
    available_after: Decimal
    reference: str | None = None
    quote: Price | None = None
    charged_at: datetime


class Charge(Result, frozen=True, kw_only=True):
    """A captured hold or a debit, and what was refunded of it so far."""

    charge_id: str
    wallet_id: str
    hold_id: str | None = None
    currency: str
    amount: Decimal
    refunded: Decimal
    takes: tuple[Take, ...] = ()
    reference: str | None = None
    quote: Price | None = None
    charged_at: datetime


class ChargeRefund(Charge, frozen=True, kw_only=True):
    """A charge right after a refund: what was given back now, and what is available then."""

    refunded_now: Decimal
    available_after: Decimal


class Hold(Result, frozen=True, kw_only=True):
    """A hold; `charge_id` and `captured` are None unless it was captured."""

    hold_id: str
    wallet_id: str
    currency: str
    amount: Decimal
    status: str
    authorized_at: datetime
    expires_at: datetime
    takes: tuple[Take, ...] = ()
    reference: str | None = None
    quote: Price | None = None
    charge_id: str | None = None
    captured: Decimal | None = None


class Capture(Result, frozen=True, kw_only=True):
    """A captured hold: what was charged, and what went back to its lots."""

    charge_id: str
    hold_id: str
    wallet_id: str
    currency: str
    captured: Decimal
    returned: Decimal
    status: str


class ConvertedLot(Result, frozen=True, kw_only=True):
    """A lot that a conversion made of one of its takes, with that take's expiry."""

    lot_id: str
    amount: Decimal
    expires_at: datetime | None = None


class Conversion(Result, frozen=True, kw_only=True):
    """A conversion at par: `lots` were made of `takes`, one of each, in order.

    `from_available` and `to_available` are what is available of the two currencies right after.
    """

    conversion_id: str
    wallet_id: str
    from_currency: str
    to_currency: str
    amount: Decimal
    takes: tuple[Take, ...] = ()
    lots: tuple[ConvertedLot, ...] = ()
    from_available: Decimal
    to_available: Decimal
    converted_at: datetime


class Transfer(Result, frozen=True, kw_only=True):
    """Value given to another wallet; `creator_share_fen` becomes payable to its owner.

    It is in transit until that is booked, which nothing can refuse.
    """

    transfer_id: str
    wallet_id: str
    to_wallet_id: str
    currency: str
    amount: Decimal
    status: str
    creator_share_fen: int
    reference: str | None = None
    sent_at: datetime


class SentTransfer(Transfer, frozen=True, kw_only=True):
    """A transfer right after it was sent: the lots it used, and what is available then."""

    takes: tuple[Take, ...] = ()
    available_after: Decimal


class Payout(Result, frozen=True, kw_only=True):
    """Money paid to a wallet's owner, tax included; `payable_after_cny` is what is owed still."""

    wallet_id: str
    amount_cny: Decimal
    tax_withheld_cny: Decimal
    payable_after_cny: Decimal
    reference: str | None = None
    paid_at: datetime


class OrderRefund(Result, frozen=True, kw_only=True):
    """A refund of an order: what it took back for the money, and how far it is.

    `takes` are the points set aside, `months` those taken out of the membership. One with a
    `payment_id` returns a payment that bought nothing, so it takes nothing back.
    """

    refund_id: str
    order_id: str
    wallet_id: str
    amount_cny: Decimal
    channel: str
    status: str
    takes: tuple[Take, ...] = ()
    months: int
    payment_id: str | None = None
    requested_at: datetime
    resolved_at: datetime | None = None


class RequestedRefund(OrderRefund, frozen=True, kw_only=True):
    """A refund right after it was asked for, with its order as it stands then."""

    order: Order


class Currency(Result, frozen=True, kw_only=True):
    """A virtual currency."""

    currency: str
    name: str


class Sku(Result, frozen=True, kw_only=True):
    """The price of one item of a generation."""

    sku: str
    currency: str
    price: Decimal
    attributes: dict[str, str | int | bool]


class Plan(Result, frozen=True, kw_only=True):
    """A membership tier; `prices_cny` are list prices by period.

    A plan of a higher `rank` than the one that runs is an upgrade of it.
    """

    plan: str
    name: str
    rank: int
    currency: str
    month_amount: Decimal
    prices_cny: dict[str, Decimal]
    entitlements: tuple[str, ...] = ()


class Period(Result, frozen=True, kw_only=True):
    """How long a membership can be bought for."""

    period: str
    months: int


class Channel(Result, frozen=True, kw_only=True):
    """A payment channel; an order expires `order_ttl_s` seconds after it was opened."""

    channel: str
    amount_per_yuan: Decimal
    order_ttl_s: int


class RechargeTerms(Result, frozen=True, kw_only=True):
    """The bounds of a recharge, in whole yuan."""

    min_cny: Decimal
    max_cny: Decimal


class DailyTerms(Result, frozen=True, kw_only=True):
    """The day's free points."""

    currency: str
    amount: Decimal


class Promotion(Result, frozen=True, kw_only=True):
    """A lower price for memberships: `prices_cny` by plan and period.

    It holds for orders opened from `since` until before `until`, `per_wallet_max` times a wallet;
    on an upgrade, at `factor_bp` ten-thousandths of its price, only if it is `stackable`.
    """

    promotion: str
    name: str
    since: datetime
    until: datetime
    per_wallet_max: int
    stackable: bool
    factor_bp: int
    prices_cny: dict[str, dict[str, Decimal]]


class ConversionTerms(Result, frozen=True, kw_only=True):
    """A conversion on offer, at par; `day` is what a wallet may convert a Shanghai day."""

    from_currency: str
    to_currency: str
    day: Decimal | None = None


class TransferTerms(Result, frozen=True, kw_only=True):
    """What may be given away; the receiver's share of its cost, in ten-thousandths."""

    currencies: tuple[str, ...] = ()
    creator_share_bp: int


class SpendTerms(Result, frozen=True, kw_only=True):
    """What a wallet without a limit of its own may spend of a currency a Shanghai day."""

    currency: str
    day: Decimal


class HousePolicy(Result, frozen=True, kw_only=True):
    """What the house allows; `claims_block_spending` while a claim is open."""

    conversions: tuple[ConversionTerms, ...] = ()
    transfers: TransferTerms
    spend_limits: tuple[SpendTerms, ...] = ()
    claims_block_spending: bool


class Catalogue(Result, frozen=True, kw_only=True):
    """Everything that is offered, at current prices, and the house's policy."""

    version: str
    currencies: tuple[Currency, ...] = ()
    skus: tuple[Sku, ...] = ()
    plans: tuple[Plan, ...] = ()
    periods: tuple[Period, ...] = ()
    channels: tuple[Channel, ...] = ()
    recharge: RechargeTerms
    daily_grant: DailyTerms
    promotions: tuple[Promotion, ...] = ()
    policy: HousePolicy


class AccountBalance(Result, frozen=True, kw_only=True):
    """One account and currency; opening and closing are signed, debit positive."""

    account: str
    code: str
    currency: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal


class Frozen(Result, frozen=True, kw_only=True):
    """Whether the wallet may spend from now on."""

    wallet_id: str
    frozen: bool


class LimitSet(Result, frozen=True, kw_only=True):
    """The wallet's own limit on a currency from now on; None is no limit."""

    wallet_id: str
    currency: str
    day: Decimal | None = None
    single: Decimal | None = None


class Forfeit(Result, frozen=True, kw_only=True):
    """What a closed wallet still had of a lot."""

    lot_id: str
    currency: str
    amount: Decimal


class ClosedWallet(Result, frozen=True, kw_only=True):
    """A wallet's end: what was given up with it."""

    wallet_id: str
    closed_at: datetime
    forfeited: tuple[Forfeit, ...] = ()
    membership_ended: bool
    claim_written_off_cny: Decimal
    orders_closed: tuple[str, ...] = ()


class Erased(Result, frozen=True, kw_only=True):
    """How many texts about the wallet were erased; the log itself never held them."""

    wallet_id: str
    erased: int


class Switch(Result, frozen=True, kw_only=True):
    """Something that can be stopped: since when it is (real time), who stopped it last and why."""

    kind: str
    name: str
    stopped: bool
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    reason: str | None = None


class ProposedAdjustment(Result, frozen=True, kw_only=True, tag_field="kind", tag="adjustment"):
    """A correction: `source` and `expires_at` are a credit's, the other two a debit's."""

    direction: str
    currency: str
    amount: Decimal
    source: str | None = None
    expires_at: datetime | None = None
    lot_id: str | None = None
    include_paid: bool | None = None


class ProposedClose(Result, frozen=True, kw_only=True, tag_field="kind", tag="close_wallet"):
    """A wallet's end, and what is given up with it."""

    forfeit_balance: bool
    end_membership: bool
    write_off_claim: bool


class ProposedPayout(Result, frozen=True, kw_only=True, tag_field="kind", tag="pay_out"):
    """A payout to the wallet's owner."""

    amount_cny: Decimal
    tax_withheld_cny: Decimal
    reference: str | None = None


class ProposedErase(Result, frozen=True, kw_only=True, tag_field="kind", tag="erase_wallet"):
    """The texts about the wallet deleted."""


ProposedCommand = ProposedAdjustment | ProposedClose | ProposedPayout | ProposedErase


class Outcome(Result, frozen=True, kw_only=True):
    """What an approved proposal came to: the status and body of its own call."""

    status: int
    body: Any


class Proposal(Result, frozen=True, kw_only=True):
    """A proposal as it stands; its times are real ones, also where the clock was moved.

    `approved` waits to be carried out, `done` was, and `refused` is what the ledger refused then.
    `reason` is None once it was erased.
    """

    proposal_id: str
    kind: str
    wallet_id: str
    command: ProposedCommand
    reason: str | None = None
    evidence: str | None = None
    status: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    executed_at: datetime | None = None
    outcome: Outcome | None = None


class Me(Result, frozen=True, kw_only=True):
    """Who calls, by which key, and what that key allows."""

    caller: str
    kind: str
    key_id: str
    scopes: tuple[str, ...] = ()
    rate_per_s: int | None = None
    burst: int | None = None


class Caller(Result, frozen=True, kw_only=True):
    """A caller: a service, a person, or the one of a development ledger.

    Of the limit each process of the service counts by itself; None means that there is none.
    """

    caller: str
    kind: str
    rate_per_s: int | None = None
    burst: int | None = None
    stopped: bool
    created_at: datetime


class Key(Result, frozen=True, kw_only=True):
    """A key as it is listed; the key itself is kept nowhere.

    `label` is the identity in a certificate, `replaced_by` the key that a rotation made in its
    place; `last_used_at` is up to a minute behind, None for never.
    """

    key_id: str
    caller: str
    kind: str
    label: str | None = None
    scopes: tuple[str, ...] = ()
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    last_used_at: datetime | None = None
    state: str


class MadeKey(Result, frozen=True, kw_only=True):
    """A new key: `key` is shown this once, to be sent as a Bearer token."""

    key_id: str
    caller: str
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    key: str


class Act(Result, frozen=True, kw_only=True):
    """An act, written down before it was done.

    `actor` is a caller, or `host:` and a user of the server; `operation` the id of the call;
    `outcome` the status of its answer, None while it runs, and for ever where nobody knows.
    """

    act_id: int
    at: datetime
    actor: str
    operation: str
    subject: str
    detail: dict[str, Any]
    request_id: str
    outcome: int | None = None
    outcome_at: datetime | None = None


class Leg(Result, frozen=True, kw_only=True):
    """One leg of a journal entry; the amount is signed, debit positive."""

    account: str
    code: str
    currency: str
    amount: Decimal


class Event(Result, frozen=True, kw_only=True):
    """One event of the log; `caller` is None for what fell due by itself."""

    shard: int
    seq: int
    wallet_id: str
    type: str
    occurred_at: datetime
    recorded_at: datetime
    day: date
    caller: str | None = None
    payload: Any
    legs: tuple[Leg, ...] = ()


class EventPage(Result, frozen=True, kw_only=True):
    """Events in seq order; go on with `after_seq` = `next`. `head` is the shard's last seq."""

    items: tuple[Event, ...] = ()
    next: int
    head: int


class Clock(Result, frozen=True, kw_only=True):
    """The service's clock."""

    at: datetime


class Behaviour(Result, frozen=True, kw_only=True):
    """What becomes of refunds."""

    refunds: str


class Probe(Result, frozen=True, kw_only=True):
    """What a probe wants to hear."""

    status: str
