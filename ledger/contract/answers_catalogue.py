"""Answers about the catalogue: what is for sale, and what the house allows."""

from msgspec import Struct

from ledger.contract.fields import Amount, Moment


class CurrencyAnswer(Struct, frozen=True):
    """A virtual currency."""

    currency: str
    name: str


class SkuAnswer(Struct, frozen=True):
    """The price of one item of a generation."""

    sku: str
    currency: str
    price: Amount
    attributes: dict[str, str | int | bool]


class PlanAnswer(Struct, frozen=True):
    """A membership tier; `prices_cny` are list prices by period.

    A plan of a higher `rank` than the one that runs is an upgrade of it.
    """

    plan: str
    name: str
    rank: int
    currency: str
    month_amount: Amount
    prices_cny: dict[str, Amount]
    entitlements: list[str]


class PeriodAnswer(Struct, frozen=True):
    """How long a membership can be bought for."""

    period: str
    months: int


class ChannelAnswer(Struct, frozen=True):
    """A payment channel; an order expires `order_ttl_s` seconds after it was opened."""

    channel: str
    amount_per_yuan: Amount
    order_ttl_s: int


class RechargeTermsAnswer(Struct, frozen=True):
    """The bounds of a recharge, in whole yuan."""

    min_cny: Amount
    max_cny: Amount


class DailyTermsAnswer(Struct, frozen=True):
    """The day's free points."""

    currency: str
    amount: Amount


class PromotionAnswer(Struct, frozen=True):
    """A lower price for memberships: `prices_cny` by plan and period.

    It holds for orders opened from `since` until before `until`, `per_wallet_max` times a wallet;
    on an upgrade, at `factor_bp` ten-thousandths of its price, only if it is `stackable`.
    """

    promotion: str
    name: str
    since: Moment
    until: Moment
    per_wallet_max: int
    stackable: bool
    factor_bp: int
    prices_cny: dict[str, dict[str, Amount]]


class ConversionTermsAnswer(Struct, frozen=True):
    """A conversion on offer, at par; `day` is what a wallet may convert a Shanghai day."""

    from_currency: str
    to_currency: str
    day: Amount | None


class TransferTermsAnswer(Struct, frozen=True):
    """What may be given away; the receiver's share of its cost, in ten-thousandths."""

    currencies: list[str]
    creator_share_bp: int


class SpendTermsAnswer(Struct, frozen=True):
    """What a wallet without a limit of its own may spend of a currency a Shanghai day."""

    currency: str
    day: Amount


class PolicyAnswer(Struct, frozen=True):
    """What the house allows; `claims_block_spending` while a claim is open."""

    conversions: list[ConversionTermsAnswer]
    transfers: TransferTermsAnswer
    spend_limits: list[SpendTermsAnswer]
    claims_block_spending: bool


class CatalogueAnswer(Struct, frozen=True):
    """Everything that is for sale, at the prices of now, and what the house allows."""

    version: str
    currencies: list[CurrencyAnswer]
    skus: list[SkuAnswer]
    plans: list[PlanAnswer]
    periods: list[PeriodAnswer]
    channels: list[ChannelAnswer]
    recharge: RechargeTermsAnswer
    daily_grant: DailyTermsAnswer
    promotions: list[PromotionAnswer]
    policy: PolicyAnswer
