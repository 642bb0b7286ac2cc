"""Answers about the past: a wallet's entries and orders, and the event feed."""

import datetime as dt
from typing import Annotated, Any

from msgspec import Meta, Struct

from ledger.contract.calls.orders import OrderAnswer
from ledger.contract.fields import Amount, Moment


class EntryAnswer(Struct, frozen=True):
    """One recorded event of a wallet: what it was about, and what it left available.

    Amounts are of `currency`, which is null (and they with it) where no points moved; of several
    currencies it is the first. `at` is when it happened, `recorded_at` when it was written down.
    `amount_cny` is the money that it is about, `other_wallet_id` the wallet at the other end of a
    gift. `caller` is null for what fell due by itself. `what` says it in words.
    """

    seq: int
    at: Moment
    recorded_at: Moment
    type: str
    currency: str | None
    amount: Amount | None
    available_change: Amount | None
    available_after: Amount | None
    reference: str | None
    hold_id: str | None
    charge_id: str | None
    lot_id: str | None
    order_id: str | None
    transfer_id: str | None
    refund_id: str | None
    other_wallet_id: str | None
    amount_cny: Amount | None
    caller: str | None
    reason: str | None
    what: str


class EntriesAnswer(Struct, frozen=True):
    """A page of a wallet's entries, newest first."""

    items: list[EntryAnswer]
    next: str | None


class OrdersAnswer(Struct, frozen=True):
    """A page of a wallet's orders, newest first."""

    items: list[OrderAnswer]
    next: str | None


class FeedLegAnswer(Struct, frozen=True):
    """One leg of a journal entry; the amount is signed, debit positive."""

    account: str
    code: str
    currency: str
    amount: Amount


class FeedEventAnswer(Struct, frozen=True):
    """One event of the log; `caller` is null for what fell due by itself."""

    shard: int
    seq: int
    wallet_id: str
    type: str
    occurred_at: Moment
    recorded_at: Moment
    day: Annotated[dt.date, Meta(description="The accounting day, in Shanghai")]
    caller: str | None
    payload: Annotated[Any, Meta(description="The event as it is stored: the very text hashed")]
    legs: list[FeedLegAnswer]


class FeedAnswer(Struct, frozen=True):
    """Events in seq order; go on with `after_seq` = `next`. `head` is the shard's last seq."""

    items: list[FeedEventAnswer]
    next: int
    head: int
