"""Fixtures of gRPC: a channel to the live service, and a server in this process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger.access.callers import SCOPES
from ledger.cli.keys import add_token
from ledger.rpc.server import Server
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings, Tls
from ledger.store.pool import connect_service
from tests.conftest import DEV_KEY, Database, Served
from tests.rpc.calls import Rpc


@pytest.fixture
async def rpc(served: Served) -> AsyncIterator[Rpc]:
    """A channel to the live service, with the development key."""
    async with Rpc(served.grpc_port) as channel:
        yield channel


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection to Postgres, closed in any case."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


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
    connection = await connect_service(database.url)
    await add_token(
        connection, ("key-alone", "alone", DEV_KEY, sorted(SCOPES), None), "development"
    )
    await connection.close()
    own_service = await start_alone(database.url)
    yield own_service
    await own_service.server.stop()
    await own_service.ledger.close()


async def serve(database: Database, folder: Path, **more: str) -> Served:
    """A service of its own on a database, as processes."""
    environment = {
        "LEDGER_DATABASE_URL": database.url,
        "LEDGER_OWNER_DATABASE_URL": database.owner_url,
        "LEDGER_DATA_DIR": str(folder),
        "LEDGER_DEV_API_KEY": DEV_KEY,
        "LEDGER_ACCESS_LOG": "0",
        **more,
    }
    service = Served(environment, "--dev")
    await asyncio.to_thread(service.wait_until_ready)
    return service
