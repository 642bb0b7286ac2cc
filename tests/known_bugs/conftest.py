"""Worlds for these tests: a service whose clock stands still, and two servers far from Shanghai."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ledger.embedded import EmbeddedPostgres
from ledger.service import Ledger
from tests.kit.databases import Database, fresh_database
from tests.kit.serving import Client, Served, client_of, opened, serving
from tests.known_bugs.clock import StoppedClock


@pytest.fixture
async def clock(owner: Any) -> StoppedClock:
    """The clock of the test's database, stopped; ask for it before `still`."""
    stopped = StoppedClock(owner)
    await stopped.stop()
    return stopped


@pytest.fixture
async def still(database: Database, clock: StoppedClock) -> AsyncIterator[Ledger]:
    """The service where time passes only when `clock` is told so."""
    del clock  # stopped before the first connection
    async with opened(database) as service:
        yield service


@pytest.fixture(scope="package")
async def abroad(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Served, Served]]:
    """Two servers on one database, in two time zones, without the jobs: nobody sweeps here.

    Their clock only goes forward, so a test takes the next such day from where it stands.
    """
    async with AsyncExitStack() as stack:
        own_database = await stack.enter_async_context(fresh_database(postgres, template))
        zones = ("America/New_York", "Pacific/Kiritimati")
        folders = [tmp_path_factory.mktemp("abroad") for _ in zones]
        starting = [
            stack.enter_async_context(serving(own_database, folder, TZ=zone, LEDGER_JOBS="off"))
            for folder, zone in zip(folders, zones, strict=True)
        ]
        here, there = await asyncio.gather(*starting)
        yield here, there


@pytest.fixture
async def here(abroad: tuple[Served, Served]) -> AsyncIterator[Client]:
    """A client of the one server, in New York."""
    async with client_of(abroad[0]) as client:
        yield client


@pytest.fixture
async def there(abroad: tuple[Served, Served]) -> AsyncIterator[Client]:
    """A client of the other, on Kiritimati."""
    async with client_of(abroad[1]) as client:
        yield client
