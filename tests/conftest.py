"""Fixtures: a real Postgres for each test process, a database for each test, a live service."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvloop

from ledger.catalog import load_catalogue
from ledger.channels import drawn_secret_names
from ledger.embedded import EmbeddedPostgres
from ledger.service import Ledger
from ledger.store.schema import initialise
from tests.kit.databases import Database, connected, fresh_database
from tests.kit.examples import register_profiles
from tests.kit.keys import MakeKey, add_key
from tests.kit.memory import quick_folder
from tests.kit.serving import Client, Served, client_of, opened, serving

register_profiles()

# By default a traceback is drawn with colours and all variables: seconds for each that is logged.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the service runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One cluster a test process; a crash of it is tested elsewhere, so it need not sync."""
    quick = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_wal_size": "128MB",
    }
    with quick_folder() as folder, EmbeddedPostgres(folder, settings=quick) as server:
        yield server


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """The data folder of a service with a Postgres of its own."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of an initialised development ledger to copy.

    It is no coroutine: for tests that are none, whose loop is of another kind, one would be run
    again, and make it twice.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _template(postgres)).result()


async def _template(postgres: EmbeddedPostgres) -> str:
    async with connected(postgres.url("postgres", "postgres")) as admin:
        await admin.execute("CREATE DATABASE template_ledger")
    await initialise(
        postgres.url("postgres", "template_ledger"),
        "ledger_login",
        load_catalogue().currency_codes(),
        secrets=drawn_secret_names(development=True),
        development=True,
    )
    return "template_ledger"


@pytest.fixture
async def database(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Database]:
    """A fresh development ledger."""
    async with fresh_database(postgres, template) as own_database:
        yield own_database


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """The service on a fresh database, in this process."""
    async with opened(database, sweep_interval_s=1.0) as service:
        yield service


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Any]:
    """A connection that may do everything, also what the service may not."""
    async with connected(database.owner_url) as connection:
        yield connection


@pytest.fixture(scope="session")
async def served(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """One live service for all tests of the HTTP contract in this process."""
    async with (
        fresh_database(postgres, template) as own_database,
        serving(own_database, tmp_path_factory.mktemp("served")) as service,
    ):
        yield service


@pytest.fixture
async def http(served: Served) -> AsyncIterator[Client]:
    """A client of the live service, with the development key."""
    async with client_of(served) as client:
        yield client


@pytest.fixture
def make_key(served: Served) -> MakeKey:
    """What makes a key of the live service."""
    return partial(add_key, served.database_url)
