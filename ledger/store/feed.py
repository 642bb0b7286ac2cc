"""The event feed: a shard's log in seq order, for those who follow it."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec import Struct

from ledger.core.instants import Instant
from ledger.store.pool import Connection
from ledger.store.sql import statement

PAGE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Where the payloads of a page come to more, it ends early; it always has one event."""


class FeedLeg(Struct, frozen=True):
    """One leg of an entry, its account named as on the entry's day; debit positive."""

    account: str
    code: str
    currency: int
    amount_minor: int


class FeedEvent(Struct, frozen=True):
    """An event of the log; `payload` is the exact text that was hashed, `caller` empty for dues."""

    shard: int
    seq: int
    wallet_id: str
    tag: str
    occurred_at: Instant
    recorded_at: Instant
    day: int
    caller: str
    payload: str
    legs: list[FeedLeg]


class FeedPage(Struct, frozen=True):
    """Events in seq order without a gap; `head` is the shard's last seq when they were read."""

    events: list[FeedEvent]
    head: int


async def load_feed(connection: Connection, shard: int, after_seq: int, limit: int) -> FeedPage:
    """What follows a seq."""
    rows = await connection.fetch(statement("feed_page"), shard, after_seq, limit, PAGE_BYTES_MAX)
    head: int = rows[0]["head"]
    if rows[0]["seq"] is None:
        return FeedPage([], head)
    accounts = await _load_accounts(connection)
    return FeedPage([_event(shard, row, accounts) for row in rows], head)


async def load_heads(connection: Connection, shards: Collection[int]) -> dict[int, int]:
    """The last seqs of some shards."""
    rows = await connection.fetch(statement("feed_heads"), list(shards))
    return {row["shard"]: row["seq"] for row in rows}


class _Account(Struct):
    """An account's path, and its codes with the first day of each, the newest first."""

    path: str
    codes: list[tuple[int, str]]

    def code_on(self, day: int) -> str:
        """The code of a day; empty if it has none yet."""
        return next((code for since, code in self.codes if since <= day), "")


async def _load_accounts(connection: Connection) -> dict[int, _Account]:
    accounts: dict[int, _Account] = {}
    for row in await connection.fetch(statement("feed_accounts")):
        account = accounts.setdefault(row["number"], _Account(row["path"], []))
        account.codes.append((row["since"], row["code"]))
    return accounts


def _event(shard: int, row: Any, accounts: Mapping[int, _Account]) -> FeedEvent:  # noqa: ANN401 - a row of the driver's
    day: int = row["day"]
    legs = zip(row["accounts"], row["currencies"], row["amounts"], strict=True)
    return FeedEvent(
        shard=shard,
        seq=row["seq"],
        wallet_id=row["wallet"],
        tag=row["tag"],
        occurred_at=row["occurred_us"],
        recorded_at=row["recorded_us"],
        day=day,
        caller=row["caller"],
        payload=row["payload"],
        legs=[
            FeedLeg(accounts[account].path, accounts[account].code_on(day), currency, amount)
            for account, currency, amount in legs
        ],
    )
