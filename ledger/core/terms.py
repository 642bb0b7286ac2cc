"""Terms: the catalogue as it stands at one instant, handed to `decide` as a plain value."""

from msgspec import Struct

from ledger.core.instants import Instant
from ledger.core.money import AMOUNT_MINOR_MAX


class Currency(Struct, frozen=True):
    """A virtual currency; `number` is its wire name in the log, `liability` an account number."""

    number: int
    code: str
    name: str
    liability: int


class Sku(Struct, frozen=True):
    """One price of a generation: `price_minor` an item or a second, times the quantity."""

    sku: str
    currency: int
    price_minor: int
    attributes: dict[str, str | int | bool] = {}


class Plan(Struct, frozen=True):
    """A membership tier: list price and points of one month, and what it entitles to."""

    plan: str
    name: str
    month_price_fen: int
    month_minor: int
    entitlements: tuple[str, ...]
    rank: int = 0


class Promotion(Struct, frozen=True):
    """A lower price for memberships: `factor_bp` of the list rounded down to whole yuan.

    `prices_fen` are explicit prices by (plan, period) that go before the factor. It may be used
    from `since` until before `until`, `per_wallet_max` times a wallet; `stackable` says whether
    also where the price is a difference already: for an upgrade.
    """

    promotion: str
    name: str
    factor_bp: int
    since: Instant
    until: Instant
    per_wallet_max: int
    stackable: bool = False
    prices_fen: dict[tuple[str, str], int] = {}


class Policy(Struct, frozen=True):
    """What the house allows, beyond prices.

    `conversions` are (from, to) pairs of currency numbers, `conversion_day_minor` caps them a
    wallet and Shanghai day by source currency. `transfer_currencies` may be given away;
    `creator_share_bp` of the takes' cost becomes payable. `spend_day_minor` is the cap a wallet
    and day where the wallet has none of its own.
    """

    conversions: frozenset[tuple[int, int]] = frozenset()
    conversion_day_minor: dict[int, int] = {}
    transfer_currencies: frozenset[int] = frozenset()
    creator_share_bp: int = 5_000
    spend_day_minor: dict[int, int] = {}
    claims_block_spending: bool = False


class Channel(Struct, frozen=True):
    """A payment channel that can be ordered through; `funds` is its clearing account number."""

    channel: str
    funds: int
    minor_per_yuan: int
    order_ttl_s: int


class Terms(Struct, frozen=True):
    """Everything a decision may read of the catalogue. All amounts in minor units or fen.

    `stopped` names what operators switched off: `channel:sandbox`, `sku:image`.
    """

    version: str
    currencies: dict[str, Currency]
    skus: dict[str, Sku]
    plans: dict[str, Plan]
    periods: dict[str, int]
    channels: dict[str, Channel]
    membership_currency: int
    membership_liability: int
    daily_currency: int
    daily_minor: int
    recharge_min_fen: int
    recharge_max_fen: int
    vat_bp: int
    promotions: dict[str, Promotion] = {}
    policy: Policy = Policy()
    stopped: frozenset[str] = frozenset()
    quantity_max: int = 10_000
    lots_max: int = 1_000
    holds_max: int = 1_000
    orders_max: int = 100
    refunds_max: int = 100
    transfers_max: int = 1_000
    amount_minor_max: int = AMOUNT_MINOR_MAX

    def currency_code(self, number: int) -> str:
        """The code of a currency number, `INSPIRATION` say."""
        return next(
            currency.code for currency in self.currencies.values() if currency.number == number
        )


class Stamp(Struct, frozen=True):
    """When and where a command is decided: its instant, the next seq, and one fresh id."""

    at: Instant
    shard: int
    seq: int
    fresh_id: str
