"""The shapes of the catalogue's files: what their entries may say. Unknown keys are mistakes."""

from datetime import datetime

from msgspec import Struct

from ledger.core.terms import Currency


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a TOML file: unknown keys are mistakes."""


class Currencies(Strict, frozen=True):
    """currencies.toml: for life, without versions."""

    currency: list[Currency]


class SkuEntry(Strict, frozen=True):
    """The price of one SKU."""

    sku: str
    currency: str
    price: str
    attributes: dict[str, str | int | bool] = {}


class Prices(Strict, frozen=True):
    """One version of prices.toml."""

    version: str
    effective_from: datetime
    sku: list[SkuEntry]


class PlanEntry(Strict, frozen=True):
    """One membership tier."""

    plan: str
    name: str
    month_price_cny: str
    month_points: str
    entitlements: tuple[str, ...]


class Plans(Strict, frozen=True):
    """One version of plans.toml; lower tiers first."""

    version: str
    effective_from: datetime
    currency: str
    liability: int
    periods: dict[str, int]
    plan: list[PlanEntry]


class ChannelEntry(Strict, frozen=True):
    """One payment channel."""

    channel: str
    funds: int
    points_per_yuan: str
    order_ttl_s: int


class Recharge(Strict, frozen=True):
    """One version of recharge.toml."""

    version: str
    effective_from: datetime
    recharge_min_cny: str
    recharge_max_cny: str
    daily_currency: str
    daily_points: str
    vat_bp: int
    channel: list[ChannelEntry]


class PriceEntry(Strict, frozen=True):
    """An explicit price under a promotion."""

    plan: str
    period: str
    price_cny: str


class PromotionEntry(Strict, frozen=True):
    """One promotion."""

    promotion: str
    name: str
    factor_bp: int
    since: datetime
    until: datetime
    per_wallet_max: int
    stackable: bool = False
    price: list[PriceEntry] = []


class Promotions(Strict, frozen=True):
    """One version of promotions.toml."""

    version: str
    effective_from: datetime
    promotion: list[PromotionEntry] = []


class ConversionEntry(Strict, frozen=True, rename={"source": "from", "target": "to"}):
    """One direction of conversion."""

    source: str
    target: str
    day_points: str | None = None


class Policies(Strict, frozen=True):
    """One version of policy.toml."""

    version: str
    effective_from: datetime
    transfer_currencies: list[str]
    creator_share_bp: int
    claims_block_spending: bool
    spend_day: dict[str, str] = {}
    conversion: list[ConversionEntry] = []
