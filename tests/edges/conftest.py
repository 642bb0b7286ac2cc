"""Fixtures of the edges: a service in this process, alone on a ledger of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from ledger.access.callers import SCOPES
from ledger.cli.keys import add_token
from ledger.http.app import create_app
from ledger.service import Ledger
from ledger.store.pool import connect_service
from tests.conftest import DEV_KEY, Database, MakeKey, Served
from tests.edges.people import PERSON, by, fresh


@asynccontextmanager
async def client_of(ledger: Ledger, database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application of this service, with a key that may do everything."""
    connection = await connect_service(database_url)
    try:
        row = ("key-alone", "alone", DEV_KEY, sorted(SCOPES), None)
        await add_token(connection, row, "development")
    finally:
        await connection.close()
    app: Any = create_app(ledger)  # each library types ASGI in its own way
    headers = {"authorization": f"Bearer {DEV_KEY}"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://ledger", headers=headers
    ) as client:
        yield client


@pytest.fixture
async def alone(ledger: Ledger, database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that nobody else uses: its clock and its books are the test's."""
    async with client_of(ledger, database.url) as client:
        yield client


@pytest.fixture
async def ann(served: Served, make_key: MakeKey) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a person with everything that people may have."""
    headers = by(await make_key(PERSON, caller=fresh("ann"), kind="person"))
    async with httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=30) as client:
        yield client
