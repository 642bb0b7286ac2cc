"""Fixtures: a real Postgres for each test process, a database for each test, a live service."""

import asyncio
import itertools
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import asyncpg
import httpx2
import pytest
import uvloop
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from msgspec import Struct

from ledger.access.callers import SCOPES
from ledger.catalog import load_catalogue
from ledger.channels import drawn_secret_names
from ledger.cli.keys import add_token
from ledger.embedded import EmbeddedPostgres
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings
from ledger.store.keys import CallerKind
from ledger.store.pool import connect_service
from ledger.store.schema import initialise

# What the machine is doing decides how long an example takes; nothing here is a time limit.
hypothesis_settings.register_profile(
    "ledger",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("ledger")

DEV_KEY = "dev-key-for-tests-0123456789abcdef"
MakeKey = Callable[..., Awaitable[str]]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the service runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One cluster a test process; a crash of it is tested elsewhere, so it need not sync."""
    folder = tmp_path_factory.mktemp("postgres")
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with EmbeddedPostgres(folder, settings=quick) as server:
        yield server


_names = itertools.count()


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> str:
    """The name of an initialised development ledger to copy."""
    await _run(postgres.url("postgres", "postgres"), "CREATE DATABASE template_ledger")
    await initialise(
        postgres.url("postgres", "template_ledger"),
        "ledger_login",
        load_catalogue().currency_codes(),
        secrets=drawn_secret_names(development=True),
        development=True,
    )
    return "template_ledger"


class Database(Struct, frozen=True):
    """A database of one test: as its owner, and as the service."""

    owner_url: str
    url: str


@pytest.fixture
async def database(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Database]:
    """A fresh development ledger."""
    async with fresh_database(postgres, template) as own_database:
        yield own_database


class fresh_database:  # noqa: N801 - used as a context manager
    """Copy the template, and drop the copy afterwards."""

    def __init__(self, postgres: EmbeddedPostgres, template: str | None) -> None:
        self._postgres, self._template = postgres, template
        self._name = f"test_{next(_names)}"

    async def __aenter__(self) -> Database:
        admin = self._postgres.url("postgres", "postgres")
        copied = f" TEMPLATE {self._template}" if self._template else ""
        await _run(admin, f"CREATE DATABASE {self._name}{copied}")
        return Database(
            self._postgres.url("postgres", self._name),
            self._postgres.url("ledger_login", self._name),
        )

    async def __aexit__(self, *_: object) -> None:
        admin = self._postgres.url("postgres", "postgres")
        await _run(admin, f"DROP DATABASE {self._name} WITH (FORCE)")


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """The service on a fresh database, in this process."""
    service = await open_ledger(Settings(database_url=database.url, development=True))
    yield service
    await service.close()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Any]:
    """A connection that may do everything, also what the service may not."""
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_READY: Final = re.compile(r"^ledger ready at .*\n", re.MULTILINE)


class Served:
    """A live `ledger serve`, as a process of its own."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.port, self.grpc_port = free_port(), free_port()
        self.database_url = environment.get("LEDGER_DATABASE_URL", "")
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = environment.get("LEDGER_DEV_API_KEY", "")
        ports = {"LEDGER_HTTP_PORT": str(self.port), "LEDGER_GRPC_PORT": str(self.grpc_port)}
        # A file takes whatever it says; a pipe that nobody reads would hold it up one day.
        with NamedTemporaryFile() as out:
            self._out = os.open(out.name, os.O_RDONLY)
            weakref.finalize(self, os.close, self._out)
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("ledger")), "serve", *arguments],
                env={**_clean_environment(), **ports, **environment},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.output = ""

    def wait_until_ready(self) -> None:
        """Wait for its ready line, and keep what it said up to there."""
        while not _READY.search(self.output):
            ended = self.process.poll() is not None
            self.output += self._read()
            if ended and not _READY.search(self.output):
                raise AssertionError(f"the service ended before it was ready: {self.output}")
            time.sleep(0.02)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> str:
        """Stop it and return the rest of what it said."""
        self.process.send_signal(sign)
        self.process.wait(timeout=60)
        return self._read()

    def _read(self) -> str:
        return b"".join(iter(lambda: os.read(self._out, 65_536), b"")).decode()

    def rest(self) -> str:
        """What it said since, once it has ended by itself."""
        self.process.wait(timeout=30)
        return self._read()


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}


@pytest.fixture(scope="session")
async def served(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """One live service for all tests of the HTTP contract in this process."""
    async with fresh_database(postgres, template) as own_database:
        environment = {
            "LEDGER_DATABASE_URL": own_database.url,
            "LEDGER_OWNER_DATABASE_URL": own_database.owner_url,
            "LEDGER_DATA_DIR": str(tmp_path_factory.mktemp("served")),
            "LEDGER_DEV_API_KEY": DEV_KEY,
            "LEDGER_ACCESS_LOG": "0",
        }
        service = Served(environment, "--dev")
        await asyncio.to_thread(service.wait_until_ready)
        yield service
        await asyncio.to_thread(service.stop)


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the live service, with the development key."""
    headers = {"authorization": f"Bearer {DEV_KEY}"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
async def make_key(served: Served) -> MakeKey:
    """What makes a key of the live service."""

    async def make(
        scopes: Sequence[str] = tuple(SCOPES),
        expires_in_s: float | None = None,
        caller: str | None = None,
        kind: CallerKind = "development",
    ) -> str:
        token = f"test-{secrets.token_urlsafe(24)}"
        expires_at = (
            None if expires_in_s is None else datetime.now(UTC) + timedelta(seconds=expires_in_s)
        )
        caller = caller or f"caller-{secrets.token_hex(4)}"
        connection = await connect_service(served.database_url)
        try:
            row = (f"key-{secrets.token_hex(8)}", caller, token, list(scopes), expires_at)
            await add_token(connection, row, kind)
        finally:
            await connection.close()
        return token

    return make


def wait_until(true: Callable[[], bool], patience_s: float = 30) -> None:
    """Wait for something to become true; fails when it does not."""
    give_up_at = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > give_up_at:
            raise AssertionError("it did not become true")
        time.sleep(0.02)
