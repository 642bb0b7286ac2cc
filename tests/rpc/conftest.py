"""Fixtures of gRPC: a channel to the live service, and a server in this process."""

from collections.abc import AsyncIterator

import pytest

from ledger.rpc.server import Server
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings, Tls
from tests.kit.databases import Database
from tests.kit.keys import DEV_KEY, add_key
from tests.kit.serving import Served
from tests.rpc.calls import Rpc


@pytest.fixture
async def rpc(served: Served) -> AsyncIterator[Rpc]:
    """A channel to the live service, with the development key."""
    async with Rpc(served.grpc_port) as channel:
        yield channel


class Alone:
    """A server in this process, alone on a ledger of its own."""

    def __init__(self, ledger: Ledger, server: Server, port: int) -> None:
        self.ledger, self.server, self.port = ledger, server, port


async def start_alone(database_url: str, tls: Tls | None = None) -> Alone:
    """Open the ledger and listen on a free port."""
    settings = Settings(
        database_url=database_url,
        development=True,
        grpc_port=0,
        grpc_tls=tls,
        access_log=False,
    )
    ledger = await open_ledger(settings)
    server = Server(ledger)
    try:
        return Alone(ledger, server, await server.start())
    except BaseException:
        await ledger.close()
        raise


@pytest.fixture
async def alone(database: Database) -> AsyncIterator[Alone]:
    """A server that only this test calls, with a key that may do everything."""
    await add_key(database.url, caller="alone", token=DEV_KEY)
    own_service = await start_alone(database.url)
    yield own_service
    await own_service.server.stop()
    await own_service.ledger.close()
