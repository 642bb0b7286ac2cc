"""Services of tests: as processes of their own, and within this one."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import httpx2

from ledger.http.app import create_app
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings
from tests.kit.command_line import LEDGER, clean_environment
from tests.kit.databases import Database
from tests.kit.keys import DEV_KEY, add_key, bearer
from tests.kit.proxy import COMMIT, Fate, Proxy

Client = httpx2.AsyncClient

_READY: Final = re.compile(r"^ledger ready at .*\n", re.MULTILINE)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """A live `ledger serve`, as a process of its own."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.port, self.grpc_port = free_port(), free_port()
        self.database_url = environment.get("LEDGER_DATABASE_URL", "")
        self.url = f"http://127.0.0.1:{self.port}"
        ports = {"LEDGER_HTTP_PORT": str(self.port), "LEDGER_GRPC_PORT": str(self.grpc_port)}
        # A file takes whatever it says; a pipe that nobody reads would hold it up one day.
        with NamedTemporaryFile() as out:
            self._out = os.open(out.name, os.O_RDONLY)
            weakref.finalize(self, os.close, self._out)
            self.process = subprocess.Popen(
                [LEDGER, "serve", *arguments],
                env={**clean_environment(), **ports, **environment},
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

    def kill(self) -> None:
        """End it and all its workers, unasked."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)

    def _read(self) -> str:
        return b"".join(iter(lambda: os.read(self._out, 65_536), b"")).decode()

    def rest(self) -> str:
        """What it said since, once it has ended by itself."""
        self.process.wait(timeout=60)
        return self._read()


@asynccontextmanager
async def serving(
    database: Database | None, folder: Path, **environment: str
) -> AsyncIterator[Served]:
    """A development service on a database, or with a Postgres of its own in the folder.

    It is stopped at the end, and has to take that well, unless the test ended it before.
    """
    service = Served(
        {
            **(database.environment if database else {}),
            "LEDGER_DATA_DIR": str(folder),
            "LEDGER_DEV_API_KEY": DEV_KEY,
            "LEDGER_ACCESS_LOG": "0",
            **environment,
        },
        "--dev",
    )
    try:
        await asyncio.to_thread(service.wait_until_ready)
        yield service
    finally:
        to_stop = service.process.poll() is None
        if to_stop:
            # Whatever became of it in the test: one that is stopped hears no other signal.
            os.killpg(service.process.pid, signal.SIGCONT)
            service.output += await asyncio.to_thread(service.stop)
    assert not to_stop or service.process.returncode == 0, service.output


def client_of(
    served: Served,
    token: str = DEV_KEY,
    timeout: float | httpx2.Timeout = 60,
) -> Client:
    """A client of a live service, with the development key unless another is given."""
    return Client(base_url=served.url, headers=bearer(token), timeout=timeout)


@asynccontextmanager
async def opened(database: Database, url: str = "", **settings: Any) -> AsyncIterator[Ledger]:
    """The service on a database in this process, its jobs quick unless told otherwise."""
    quick: dict[str, Any] = {"development": True, "sweep_interval_s": 0.05}
    service = await open_ledger(Settings(database_url=url or database.url, **(quick | settings)))
    try:
        yield service
    finally:
        await service.close()


def client_within(ledger: Ledger, token: str = DEV_KEY) -> Client:
    """A client of an application of this service, in this process."""
    app: Any = create_app(ledger)  # each library types ASGI in its own way
    transport = httpx2.ASGITransport(app)
    return Client(transport=transport, base_url="http://ledger", headers=bearer(token))


@asynccontextmanager
async def behind(
    database: Database, fates: Sequence[Fate], mark: bytes = COMMIT
) -> AsyncIterator[tuple[Ledger, Proxy]]:
    """The service behind a proxy: its COMMITs, or what has another mark, meet these fates."""
    coming = iter(fates)
    async with (
        Proxy(database.socket_path, lambda: next(coming, "pass"), mark) as proxy,
        opened(database, database.url_at(proxy.port)) as service,
    ):
        yield service, proxy


@asynccontextmanager
async def client_alone(database: Database) -> AsyncIterator[Client]:
    """A client of the service within this process, as its catalogue and registry are now."""
    await add_key(database.url, caller="alone", token=DEV_KEY)
    async with opened(database) as service, client_within(service) as client:
        yield client
