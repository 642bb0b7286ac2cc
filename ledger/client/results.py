"""Results about wallets and generations: amounts are Decimals, times aware datetimes in UTC.

Fields that a newer ledger adds are ignored. Closed sets, such as a status, are plain strings: a
newer ledger may know one more.
"""

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Result(Struct, frozen=True, kw_only=True):
    """What the ledger answered to a call, or a part of that."""


class Page(Result, Generic[T], frozen=True, kw_only=True):
    """A page of a list; `next` is the cursor of the page after it, None on the last."""

    items: tuple[T, ...]
    next: str | None = None


class Balance(Result, frozen=True, kw_only=True):
    """One currency of a wallet; `expiring_soon` is what is available and expires within 24 h."""

    available: Decimal
    held: Decimal
    expiring_soon: Decimal


class QueuedTerm(Result, frozen=True, kw_only=True):
    """A paid term of a membership that begins when those before it are over."""

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
    """A running membership: `plan` and `entitlements` are in force, `ends_at` ends all paid terms.

    `period`, `months` and `months_granted` are of the term that runs; `queued` are those behind it.
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


class SpendLimit(Result, frozen=True, kw_only=True):
    """What may be spent of a currency a Shanghai day and in a single charge; None is no limit."""

    currency: str
    day: Decimal | None = None
    single: Decimal | None = None
    charged_today: Decimal


class Claim(Result, frozen=True, kw_only=True):
    """What is owed, in CNY, of an order whose payment was taken back."""

    order_id: str
    open_cny: Decimal


class Wallet(Result, frozen=True, kw_only=True):
    """A wallet at `as_of`, whatever fell due by then applied; `seq` is its last recorded event.

    `claim_fen` is what its owner owes, `payable_fen` what is owed to them.
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
    """The day's points; `claimed_now` is False when they were claimed before."""

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


class Take(Result, frozen=True, kw_only=True):
    """The slice of a lot that something uses."""

    lot_id: str
    amount: Decimal


class Quote(Result, frozen=True, kw_only=True):
    """What a SKU costs now."""

    sku: str
    quantity: int
    currency: str
    amount: Decimal
    price_version: str


class Price(Result, frozen=True, kw_only=True):
    """The price that a hold or charge was made at."""

    sku: str
    quantity: int
    price_version: str


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


class ConvertedLot(Result, frozen=True, kw_only=True):
    """A lot that a conversion made of one of its takes, with that take's expiry."""

    lot_id: str
    amount: Decimal
    expires_at: datetime | None = None


class Conversion(Result, frozen=True, kw_only=True):
    """A conversion at par: `lots` were made of `takes`, one of each, in order."""

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
    """Value given to another wallet; `creator_share_fen` becomes payable to its owner."""

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
