"""History: what was recorded of a wallet, newest first."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from ledger.core.chart import POINTS
from ledger.core.journal import Legs
from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import history
from ledger.store.history import Recorded

_POINTS: Final = frozenset(number for by_source in POINTS.values() for number in by_source.values())
_AVAILABLE: Final = frozenset(POINTS["available"].values())


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
    """What one process reads of what was recorded."""

    def __init__(self, reading: Reading, shards: int) -> None:
        self._reading, self._shards = reading, shards

    async def read_entries(
        self, wallet_id: str, place: Place | None, limit: int
    ) -> tuple[list[Entry], Place | None]:
        """A page of what was recorded, newest first, and the place where it goes on."""
        shard = shard_of(wallet_id, self._shards)
        before_seq = history.NO_SEQ_IS_HIGHER if place is None else place.before_seq
        async with self._reading() as connection:
            now, recorded = await history.load_entries(
                connection, shard, wallet_id, before_seq, limit + 1
            )
        available = dict(now if place is None else place.available)
        # Walking back changes `available` to what it was before the last entry of the page.
        page = list(_walk_back(recorded[:limit], available))
        if len(recorded) <= limit:
            return page, None
        left = {currency: minor for currency, minor in available.items() if minor}
        return page, Place(page[-1].recorded.seq, left)


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
