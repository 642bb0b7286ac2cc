"""History: a wallet as it was, what was recorded of it, newest first, and its orders."""

from collections.abc import Iterator, Sequence
from typing import Final

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from ledger.core.batch import dues
from ledger.core.chart import POINTS
from ledger.core.decider import evolve
from ledger.core.instants import INSTANT_MAX, Instant
from ledger.core.journal import Legs
from ledger.core.purchases import Order
from ledger.core.wallet import Wallet
from ledger.engine.commit import Unavailable
from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import history, reads
from ledger.store.history import Recorded
from ledger.store.pool import Connection

_POINTS: Final = frozenset(number for by_source in POINTS.values() for number in by_source.values())
_AVAILABLE: Final = frozenset(POINTS["available"].values())


class YetToComeError(Exception):
    """The instant asked for is after now."""

    def __init__(self, now: Instant) -> None:
        super().__init__(now)
        self.now = now


class Place(Struct, frozen=True):
    """A place in a wallet's history: before this seq, and what was available there by currency."""

    before_seq: int
    available: dict[int, int]


class Moved(Struct, frozen=True):
    """What an event did to the points of one currency, and what was available of it after."""

    currency: int
    amount_minor: int
    change_minor: int
    available_after_minor: int


class Entry(Struct, frozen=True):
    """An event of a wallet; `moved` is of the first currency in its legs that it has points of."""

    recorded: Recorded
    moved: Moved | None


class History:
    """What one process reads of the past."""

    def __init__(self, reading: Reading, shards: int) -> None:
        self._reading, self._shards = reading, shards

    async def read_wallet(self, wallet_id: str, at: Instant) -> tuple[Wallet, int]:
        """The wallet as it was at an instant, and its last seq by then; empty before its first.

        It is what was recorded by then, with what had fallen due by then. Raises YetToComeError
        for an instant after now.
        """
        shard = shard_of(wallet_id, self._shards)
        async with self._reading() as connection:
            recorded_at, now = await history.read_shard_clock(connection, shard)
            if at > min(now, INSTANT_MAX):
                raise YetToComeError(now)
            if at >= recorded_at:
                # A batch on its way may have read the clock before that instant.
                await _settle(connection, shard)
            wallet, seq = await history.load_snapshot(connection, shard, wallet_id, at)
            async for last_seq, event in history.stream_past(connection, shard, wallet_id, seq, at):
                wallet, seq = evolve(wallet, event), last_seq
        for _, event in dues(wallet, at):
            wallet = evolve(wallet, event)
        return wallet, seq

    async def read_entries(
        self, wallet_id: str, place: Place | None, limit: int
    ) -> tuple[list[Entry], Place | None]:
        """A page of what was recorded, newest first, and the place where it goes on."""
        shard = shard_of(wallet_id, self._shards)
        before_seq = history.NO_SEQ_IS_HIGHER if place is None else place.before_seq
        async with self._reading() as connection:
            now, found = await history.load_entries(
                connection, shard, wallet_id, before_seq, limit + 1
            )
        available = dict(now if place is None else place.available)
        # Walking back changes `available` to what it was before the last entry of the page.
        page = list(_walk_back(found[:limit], available))
        if len(found) <= limit:
            return page, None
        left = {currency: minor for currency, minor in available.items() if minor}
        return page, Place(page[-1].recorded.seq, left)

    async def read_orders(
        self, wallet_id: str, before_id: str | None, limit: int
    ) -> tuple[list[Order], bool]:
        """A page of the wallet's orders before an id, newest first, and whether there are more."""
        shard = shard_of(wallet_id, self._shards)
        async with self._reading() as connection:
            orders = await history.load_orders(connection, shard, wallet_id, before_id, limit + 1)
            now = await reads.read_clock(connection)
        return [order_at(order, now) for order in orders[:limit]], len(orders) > limit


def order_at(order: Order, now: Instant) -> Order:
    """The order as it reads now: past its time it is closed, also before that is recorded."""
    if order.status == "pending" and order.expires_at <= now:
        return replace(order, status="closed")
    return order


async def _settle(connection: Connection, shard: int) -> None:
    try:
        await history.settle_shard(connection, shard)
    except asyncpg.LockNotAvailableError as error:
        raise Unavailable("busy") from error


def _walk_back(newest_first: Sequence[Recorded], available: dict[int, int]) -> Iterator[Entry]:
    for recorded in newest_first:
        moves = _moves(recorded.legs)
        moved = None
        for currency, (amount, change) in moves.items():
            after = available.get(currency, 0)
            available[currency] = after - change
            moved = moved or Moved(currency, amount, change, after)
        yield Entry(recorded, moved)


def _moves(legs: Legs) -> dict[int, tuple[int, int]]:
    """Of each currency with points in an entry: how many it moves, and what it makes available."""
    moves: dict[int, tuple[int, int]] = {}
    for account, currency, debit in legs:
        if account in _POINTS:
            amount, change = moves.get(currency, (0, 0))
            credited = -debit if account in _AVAILABLE else 0
            moves[currency] = (amount + max(debit, 0), change + credited)
    return moves
