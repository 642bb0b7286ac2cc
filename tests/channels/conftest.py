"""Fixtures of channels: the sandbox as somebody else's server would be, and books that agree."""

from collections.abc import AsyncIterator

import pytest

from ledger.queries.verify import verify
from ledger.store.keys import read_secret
from ledger.store.pool import Connection, connect_service
from tests.channels.sender import Sender, behave
from tests.kit.serving import Client, Served


@pytest.fixture
async def service(served: Served) -> AsyncIterator[Connection]:
    """A connection of the service's own role to the live service's database."""
    connection = await connect_service(served.database_url)
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
async def clean(service: Connection, http: Client) -> AsyncIterator[None]:
    """Whatever a test did: the sandbox behaves again, and the whole log verifies."""
    yield
    await behave(http, "succeed")
    assert [repr(finding) async for finding in verify(service, lambda _: None)] == []


@pytest.fixture
async def sender(service: Connection, http: Client) -> Sender:
    """Sends signed notifications over HTTP."""
    return Sender(http, await read_secret(service, "sandbox-signing"))
