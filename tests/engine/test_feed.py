"""Those who follow the log: they share one look at it, hold nothing, and hear of every end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.grant import Grant
from ledger.embedded import EmbeddedPostgres
from ledger.engine import Unavailable
from ledger.engine.lane import shard_of
from ledger.queries.feed import POLL_S, WAITERS_MAX, Feed
from ledger.service import Ledger
from ledger.store.pool import Connection
from tests.kit.waiting import until


class Lender:
    """Lends the service's connections, counting how often and how many at once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.lent = self.out = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Connection]:
        self.lent += 1
        self.out += 1
        try:
            async with self._ledger.reading() as connection:
                yield connection
        finally:
            self.out -= 1


async def test_all_who_wait_share_one_look_and_hold_no_connection(ledger: Ledger) -> None:
    """A hundred waiters cost what one costs; when the last has gone, nobody looks any more."""
    lender = Lender(ledger)
    shared = Feed(lender)
    waits = [asyncio.create_task(shared.read(number % 2, 0, 10, 30)) for number in range(100)]
    await until(lambda: len(shared._waiters) == 100)
    lent, started = lender.lent, time.monotonic()
    await until(lambda: lender.lent >= lent + 5)
    assert lender.lent - lent <= (time.monotonic() - started) / POLL_S + 1
    assert lender.out <= 1
    await ledger.submit("test", "k", Grant("w", 1001, 1, "promotional", "for a test"))
    grown = shard_of("w", 2)
    pages = await asyncio.gather(*waits[grown::2])
    assert all([event.seq for event in page.events] == [1] for page in pages)
    assert not any(wait.done() for wait in waits[1 - grown :: 2])
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    await until(lambda: shared._poller is None)
    assert (lender.out, shared._waiters) == (0, set())
    await shared.close()


async def test_one_too_many_is_busy_and_a_closed_feed_lets_nobody_wait(ledger: Ledger) -> None:
    """What is bounded refuses at once; reading without a wait goes on."""
    shared = Feed(ledger.reading)
    waits = [asyncio.create_task(shared.read(0, 0, 10, 30)) for _ in range(WAITERS_MAX)]
    await until(lambda: len(shared._waiters) == WAITERS_MAX)
    with pytest.raises(Unavailable) as refused:
        await shared.read(0, 0, 10, 30)
    assert refused.value.reason == "busy"
    assert (await shared.read(0, 0, 10)).events == []
    await shared.close()
    gone = await asyncio.gather(*waits, return_exceptions=True)
    assert {error.reason for error in gone if isinstance(error, Unavailable)} == {"shutting-down"}
    assert len(gone) == WAITERS_MAX
    with pytest.raises(Unavailable) as refused:
        await shared.read(0, 0, 10, 30)
    assert refused.value.reason == "shutting-down"


async def _rename(admin: Any, old: str, new: str) -> None:
    """What a database that goes away, and comes back, looks like to its clients."""
    for _ in range(100):
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", old
        )
        try:
            await admin.execute(f"ALTER DATABASE {old} RENAME TO {new}")
        except asyncpg.ObjectInUseError:
            continue
        return
    raise AssertionError("somebody always came back in time")


async def test_whoever_waits_is_told_when_the_database_goes_away(
    ledger: Ledger, postgres: EmbeddedPostgres
) -> None:
    """503, as if it had asked just then; afterwards one can wait again."""
    async with ledger.reading() as connection:
        name = await connection.fetchval("SELECT current_database()")
    waiting = asyncio.create_task(ledger.feed.read(0, 0, 10, 30))
    await until(lambda: ledger.feed._waiters)
    admin = await asyncpg.connect(postgres.url("postgres", "postgres"))
    try:
        await _rename(admin, name, f"{name}_away")
        with pytest.raises(Unavailable) as away:
            await waiting
        assert away.value.reason == "database-unavailable"
    finally:
        await _rename(admin, f"{name}_away", name)
        await admin.close()
    assert (await ledger.feed.read(0, 0, 10, 0.2)).events == []


async def test_a_page_of_large_events_ends_early(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has one event at least, and the next page goes on behind its last."""
    for number in range(5):
        await ledger.submit("test", f"{number}", TakeDailyGrant(f"w{number}"))
    shard = shard_of("w0", 2)
    whole = await ledger.feed.read(shard, 0, 10)
    sizes = [len(event.payload) for event in whole.events]
    assert len(sizes) >= 2
    monkeypatch.setattr("ledger.store.feed.PAGE_BYTES_MAX", sizes[0] + sizes[1] // 2)
    assert (await ledger.feed.read(shard, 0, 10)).events == whole.events[:1]
    monkeypatch.setattr("ledger.store.feed.PAGE_BYTES_MAX", 1)
    page = await ledger.feed.read(shard, whole.events[0].seq, 10)
    assert (page.events, page.head) == (whole.events[1:2], whole.head)
