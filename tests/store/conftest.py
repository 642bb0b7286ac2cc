"""Fixtures of the tests of the store."""

from collections.abc import AsyncIterator

import pytest

from ledger.store.pool import connect_service
from tests.kit.databases import Database
from tests.store.wallet_log import BatchUnderWay


@pytest.fixture
async def under_way(database: Database) -> AsyncIterator[BatchUnderWay]:
    """A batch on a connection of its own."""
    connection = await connect_service(database.url)
    yield BatchUnderWay(connection)
    await connection.close()
