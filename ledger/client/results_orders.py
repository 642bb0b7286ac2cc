"""Results about orders, refunds, and what is for sale."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from ledger.client.results import Result, Take


class Payment(Result, frozen=True, kw_only=True):
    """How a pending order can be paid."""

    channel: str
    pay_url: str


class _Order(Struct, frozen=True, kw_only=True, tag_field="kind"):
    order_id: str
    wallet_id: str
    price_cny: Decimal
    status: str
    channel: str
    payment: Payment | None = None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None = None
    paid_late: bool = False
    refunding_cny: Decimal
    refunded_cny: Decimal
    reversed_cny: Decimal


class RechargeOrder(_Order, frozen=True, kw_only=True, tag="recharge"):
    """An order of points. Of its price, what did not repay a claim became points."""

    currency: str
    amount: Decimal
    claim_repaid_cny: Decimal


class MembershipOrder(_Order, frozen=True, kw_only=True, tag="membership"):
    """An order of a membership; with `upgrade_from` an upgrade for the `months` that are left."""

    plan: str
    period: str
    months: int
    list_price_cny: Decimal
    promotion: str | None = None
    upgrade_from: str | None = None


Order = RechargeOrder | MembershipOrder


class OrderRefund(Result, frozen=True, kw_only=True):
    """A refund of an order: what it took back for the money, and how far it is."""

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
    """A membership tier; `prices_cny` are list prices by period."""

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
    """A lower price for memberships, from `since` until before `until`: by plan and period."""

    promotion: str
    name: str
    since: datetime
    until: datetime
    per_wallet_max: int
    stackable: bool
    factor_bp: int
    prices_cny: dict[str, dict[str, Decimal]]


class ConversionTerms(Result, frozen=True, kw_only=True):
    """A conversion on offer; `day` is what a wallet may convert a Shanghai day."""

    from_currency: str
    to_currency: str
    day: Decimal | None = None


class TransferTerms(Result, frozen=True, kw_only=True):
    """What may be given away; the receiver's share of its cost, in ten-thousandths."""

    currencies: tuple[str, ...]
    creator_share_bp: int


class SpendTerms(Result, frozen=True, kw_only=True):
    """What a wallet without a limit of its own may spend of a currency a Shanghai day."""

    currency: str
    day: Decimal


class HousePolicy(Result, frozen=True, kw_only=True):
    """What the house allows."""

    conversions: tuple[ConversionTerms, ...] = ()
    transfers: TransferTerms
    spend_limits: tuple[SpendTerms, ...] = ()
    claims_block_spending: bool


class Catalogue(Result, frozen=True, kw_only=True):
    """Everything that is for sale, at the prices of now, and what the house allows."""

    version: str
    currencies: tuple[Currency, ...]
    skus: tuple[Sku, ...]
    plans: tuple[Plan, ...]
    periods: tuple[Period, ...]
    channels: tuple[Channel, ...]
    recharge: RechargeTerms
    daily_grant: DailyTerms
    promotions: tuple[Promotion, ...] = ()
    policy: HousePolicy
