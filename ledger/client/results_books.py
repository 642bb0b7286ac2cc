"""Results about the books: history, the event feed, the trial balance, administration."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledger.client.results import Result


class Entry(Result, frozen=True, kw_only=True):
    """One recorded event of a wallet: what it was about, and what it left available.

    Amounts are of `currency`, None (and they with it) where no points moved; `amount_cny` is the
    money that it is about. `at` is when it happened, `recorded_at` when it was written down.
    `caller` is None for what fell due by itself. `what` says it in words.
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
    what: str = ""


class Leg(Result, frozen=True, kw_only=True):
    """One leg of a journal entry; the amount is signed, debit positive."""

    account: str
    code: str
    currency: str
    amount: Decimal


class Event(Result, frozen=True, kw_only=True):
    """One event of a shard's log; `caller` is None for what fell due by itself."""

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
    """Events in seq order; go on after `next`. `head` is the shard's last seq."""

    items: tuple[Event, ...]
    next: int
    head: int


class AccountBalance(Result, frozen=True, kw_only=True):
    """One account and currency of a day; opening and closing are signed, debit positive."""

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
    """How many texts about the wallet were erased."""

    wallet_id: str
    erased: int


class Payout(Result, frozen=True, kw_only=True):
    """Money paid to a wallet's owner, tax included; `payable_after_cny` is what is owed still."""

    wallet_id: str
    amount_cny: Decimal
    tax_withheld_cny: Decimal
    payable_after_cny: Decimal
    reference: str | None = None
    paid_at: datetime


class Switch(Result, frozen=True, kw_only=True):
    """Something that operators can stop: since when it is, who stopped it last and why."""

    kind: str
    name: str
    stopped: bool
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    reason: str | None = None
