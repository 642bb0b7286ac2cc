"""The directory: follows every shard's log, and finds wallets by ids, numbers, references."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from msgspec import Struct

from ledger.core.ids import place_of_charge, shard_of_order
from ledger.engine import metrics
from ledger.engine.commit import Unavailable
from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import directory
from ledger.store.directory import Found, Place, Whereabouts

PAGE_MAX: Final = 5_000
"""How many events are entered at once: a fraction of a second's work for one connection."""

FOUND_MAX: Final = 100
"""How many things that go by one name are shown."""


class Finding(Struct, frozen=True):
    """What goes by a name, whether there is still `more`, and how far the directory was before."""

    items: list[Found]
    more: bool
    places: list[Place]


class Directory:
    """One process's access to the directory, and its part of the job that fills it.

    It is behind the log by as much as the job has not followed yet; wallets, orders, refunds and
    charges need no entry in it, for their ids say where they are.
    """

    def __init__(self, reading: Reading, shards: int) -> None:
        self._reading, self._shards = reading, shards
        # However far behind all shards are, one connection follows and the others serve reads.
        self._turn = asyncio.Lock()

    async def follow(self, shard: int) -> AsyncGenerator[int, None]:
        """One round of the job: yields, page by page, how many events it has followed.

        Raises Unavailable where the database is away.
        """
        async with self._reading() as connection:
            (place,) = await directory.load_places(connection, shard)
        behind = place.head - place.seq
        metrics.DIRECTORY_LAG.labels(shard).set(behind)
        while behind > 0:
            events = await self._follow_page(place)
            behind = max(behind - events, 0) if events else 0
            metrics.DIRECTORY_LAG.labels(shard).set(behind)
            yield events

    async def find(self, name: str) -> Finding:
        """Whose a name is; a name may be several wallets', and of several kinds.

        Where nothing is known by it, what is new is followed first, a page a shard. Raises
        Unavailable where the database is away.
        """
        finding = await self._find(name)
        behind = [place for place in finding.places if place.seq < place.head]
        if finding.items or not behind:
            return finding
        # While the directory is emptied this waits in vain; the job follows later. Where the
        # database is away, what comes next says so.
        with suppress(Unavailable):
            for place in behind:
                await self._follow_page(place)
        return await self._find(name)

    async def _follow_page(self, place: Place) -> int:
        async with self._turn, self._reading() as connection:
            if not place.has_begun:
                await directory.begin(connection, place.shard)
            return await directory.fill(connection, place.shard, PAGE_MAX)

    async def _find(self, name: str) -> Finding:
        whereabouts = Whereabouts(
            shard_of(name, self._shards), shard_of_order(name), place_of_charge(name)
        )
        async with self._reading() as connection:
            places = await directory.load_places(connection)
            items = await directory.find(connection, name, whereabouts, FOUND_MAX + 1)
        return Finding(items[:FOUND_MAX], len(items) > FOUND_MAX, places)

    async def empty(self) -> None:
        """Forget all of it; the job fills it again, from every shard's first event."""
        async with self._reading() as connection:
            await directory.empty(connection)
