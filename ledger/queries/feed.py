"""The event feed: pages of a shard's log, and waiting for more without holding a connection."""

import asyncio
from typing import Final

from msgspec import Struct
from prometheus_client import Gauge

from ledger.engine.commit import Unavailable
from ledger.engine.reading import Reading
from ledger.store import feed
from ledger.store.feed import FeedPage

POLL_S: Final = 0.05
"""How often the heads of the shards are looked at while anybody waits."""

WAITERS_MAX: Final = 256
"""How many may wait in one process: each holds one of the server's connections."""


WAITING: Final = Gauge(
    "ledger_feed_waiting", "Callers who wait for events.", multiprocess_mode="livesum"
)


class _Waiter(Struct, eq=False):
    """Somebody who waits for a shard to grow beyond a seq."""

    shard: int
    after_seq: int
    grown: asyncio.Future[None]


class Feed:
    """What one process reads of the log, in order. All who wait share one look at the heads."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._waiters: set[_Waiter] = set()
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    async def read(self, shard: int, after_seq: int, limit: int, wait_s: float = 0) -> FeedPage:
        """The events after a seq, as soon as there are any; none when the wait is over.

        Raises Unavailable: the database is away, the service shuts down, or too many wait.
        """
        page = await self._load(shard, after_seq, limit)
        if page.events or wait_s <= 0:
            return page
        await self._wait(shard, after_seq, wait_s)
        return await self._load(shard, after_seq, limit)

    def drain(self) -> None:
        """End every wait now, and let no request wait any more."""
        self._closed = True
        self._fail_all(Unavailable("shutting-down"))

    async def close(self) -> None:
        """Stop looking at the heads of the shards."""
        self.drain()
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    async def _load(self, shard: int, after_seq: int, limit: int) -> FeedPage:
        async with self._reading() as connection:
            return await feed.load_feed(connection, shard, after_seq, limit)

    async def _wait(self, shard: int, after_seq: int, wait_s: float) -> None:
        if self._closed:
            raise Unavailable("shutting-down")
        if len(self._waiters) >= WAITERS_MAX:
            raise Unavailable("busy")
        waiter = _Waiter(shard, after_seq, asyncio.get_running_loop().create_future())
        self._waiters.add(waiter)
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll(), name="feed")
        try:
            with WAITING.track_inprogress():
                await asyncio.wait_for(waiter.grown, wait_s)
        except TimeoutError:
            return
        finally:
            self._waiters.discard(waiter)

    async def _poll(self) -> None:
        try:
            while self._waiters:
                await asyncio.sleep(POLL_S)
                await self._read_heads()
        except Exception as error:  # noqa: BLE001 - it is raised to every request that waits
            self._fail_all(error)
        finally:
            self._poller = None

    async def _read_heads(self) -> None:
        shards = {waiter.shard for waiter in self._waiters}
        async with self._reading() as connection:
            heads = await feed.load_heads(connection, shards)
        for waiter in self._waiters:
            # A request that came meanwhile may follow a shard that was not read.
            if heads.get(waiter.shard, 0) > waiter.after_seq and not waiter.grown.done():
                waiter.grown.set_result(None)

    def _fail_all(self, error: Exception) -> None:
        for waiter in self._waiters:
            if not waiter.grown.done():
                waiter.grown.set_exception(error)
