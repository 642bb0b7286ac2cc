"""Fixtures of the edges: a service in this process, alone on a ledger of its own."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from ledger.service import Ledger
from tests.edges.people import PERSON
from tests.kit.databases import Database
from tests.kit.keys import DEV_KEY, MakeKey, add_key, fresh
from tests.kit.serving import Served, client_of, client_within


@pytest.fixture
async def alone(ledger: Ledger, database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that nobody else uses: its clock and its books are the test's."""
    await add_key(database.url, caller="alone", token=DEV_KEY)
    async with client_within(ledger) as client:
        yield client


@pytest.fixture
async def ann(served: Served, make_key: MakeKey) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a person with everything that people may have."""
    token = await make_key(PERSON, caller=fresh("ann"), kind="person")
    async with client_of(served, token) as client:
        yield client
