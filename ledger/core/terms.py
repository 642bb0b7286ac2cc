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
    stopped: frozenset[str] = frozenset()
    quantity_max: int = 10_000
    lots_max: int = 1_000
    holds_max: int = 1_000
    orders_max: int = 100
    amount_minor_max: int = AMOUNT_MINOR_MAX

    def currency_code(self, number: int) -> str:
        """The code of a currency number, `INSPIRATION` say."""
        return next(one.code for one in self.currencies.values() if one.number == number)


class Now(Struct, frozen=True):
    """When and where a command is decided: its instant, the next seq, and one fresh id."""

    at: Instant
    shard: int
    seq: int
    fresh_id: str
