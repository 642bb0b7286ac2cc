"""`ledger serve`: Postgres where it is ours, then workers, then one ready line; and down again."""

import asyncio
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

import asyncpg
import structlog
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server
from msgspec.structs import replace

from ledger.access.callers import SCOPES
from ledger.cli.command_error import CommandError
from ledger.cli.database import initialise_database, with_embedded
from ledger.cli.keys import add_token
from ledger.embedded import EmbeddedPostgres
from ledger.settings import Settings, read_settings
from ledger.store.pool import Connection, connect_service
from ledger.store.schema import SchemaError, read_durability, read_facts
from ledger.telemetry import configure_logging

WORKER_STOP_S: Final = 15
"""How long a worker may take to answer what it has; then it is killed."""

_log = structlog.get_logger()


def run(*, development: bool) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = read_settings(os.environ, development=development)
    configure_logging()
    _check_port(settings.http_host, settings.http_port, "LEDGER_HTTP_PORT to a free one")
    if settings.grpc_port is not None:
        instead = "LEDGER_GRPC_PORT to a free one, or to off"
        port = _check_port(settings.grpc_host, settings.grpc_port, instead)
        settings = replace(settings, grpc_port=port)
    # A signal during start-up unwinds what was started, like one that comes later.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _leave)
    with _database(settings) as served, _metrics_folder(served):
        key = asyncio.run(_prepare(served))
        _serve(served, key)


def _leave(*_: object) -> None:
    sys.exit(0)


def _check_port(host: str, port: int, instead: str) -> int:
    """The port, or a free one for 0. Raises CommandError if a socket cannot be bound to it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"port {port} of {host} cannot be had ({error.strerror}): set {instead}"
            ) from error
        bound_port: int = probe.getsockname()[1]
        return bound_port


@contextmanager
def _database(settings: Settings) -> Iterator[Settings]:
    """The database that is set, or the embedded one, kept alive while it serves."""
    if settings.database_url is not None:
        yield settings
        return
    if not settings.development:
        raise CommandError(
            "LEDGER_DATABASE_URL is not set: set it, or serve a development ledger with --dev"
        )
    port = settings.postgres_port
    with EmbeddedPostgres(settings.data_dir, port=port) as postgres, _kept_alive(postgres):
        yield with_embedded(settings, postgres.url)


@contextmanager
def _kept_alive(postgres: EmbeddedPostgres) -> Iterator[None]:
    stopping = threading.Event()

    def watch() -> None:
        while not stopping.wait(0.2):
            try:
                postgres.keep_alive()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                _log.error("postgres_cannot_be_restarted", error=str(error))
                stopping.wait(1)

    watcher = threading.Thread(target=watch, name="postgres keeper", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stopping.set()
        watcher.join()


@contextmanager
def _metrics_folder(settings: Settings) -> Iterator[None]:
    """Where several workers put their metrics together."""
    if settings.workers == 1:
        yield
        return
    folder = mkdtemp(prefix="ledger-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        rmtree(folder, ignore_errors=True)


async def _prepare(settings: Settings) -> str | None:
    """See that the schema fits, make it where this is development, and keep the key."""
    assert settings.database_url is not None
    connection = await _connect_or_initialise(settings)
    try:
        facts = await read_facts(connection)
        if facts.development != settings.development:
            kind = "development" if facts.development else "production"
            advice = "with --dev" if facts.development else "without --dev"
            raise SchemaError(f"this is a {kind} ledger for life: serve it {advice}")
        if not settings.development:
            await read_durability(connection)
            return None
        key = settings.dev_api_key or _kept_key(settings.data_dir)
        key_id = f"key-dev-{secrets.token_hex(8)}"
        await add_token(connection, (key_id, "dev", key, sorted(SCOPES), None), "development")
        return key
    finally:
        await connection.close()


async def _connect_or_initialise(settings: Settings) -> Connection:
    """A connection to a ledger at the right revision; development makes a missing one itself."""
    assert settings.database_url is not None
    try:
        connection = await connect_service(settings.database_url)
    except asyncpg.PostgresError:
        if not settings.development:
            raise
    else:
        try:
            await read_facts(connection)
        except SchemaError:
            await connection.close()
            if not settings.development:
                raise
        else:
            return connection
    await initialise_database(settings, development=True)
    return await connect_service(settings.database_url)


def _kept_key(data_dir: Path) -> str:
    """The development key of this data folder, made on the first start."""
    path = data_dir / "dev-api-key"
    if path.exists():
        return path.read_text().strip()
    key = f"dev_{secrets.token_urlsafe(32)}"
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return key


def _serve(settings: Settings, key: str | None) -> None:
    assert settings.database_url is not None
    os.environ["LEDGER_DATABASE_URL"] = settings.database_url
    if settings.grpc_port is not None:
        # Workers share one port, also where any free one would do.
        os.environ["LEDGER_GRPC_PORT"] = str(settings.grpc_port)
    os.environ["LEDGER_DEVELOPMENT"] = "1" if settings.development else "0"
    # Forking a process that has threads is asking for trouble.
    multiprocessing.set_start_method("spawn", force=True)
    server = Server(
        "ledger.cli.worker:make_app",
        factory=True,
        address=settings.http_host,
        port=settings.http_port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.workers,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        backlog=1_024,
        backpressure=1_024,
        respawn_failed_workers=True,
        workers_kill_timeout=WORKER_STOP_S,
        log_level=LogLevels.warning,
    )
    server.on_startup(lambda: _announce_when_ready(settings, key))
    server.serve()


def _announce_when_ready(settings: Settings, key: str | None) -> None:
    threading.Thread(target=_announce, args=(settings, key), daemon=True).start()


def _announce(settings: Settings, key: str | None) -> None:
    address = f"http://{settings.http_host}:{settings.http_port}"
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310 - our own
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    key_note = f", key {key}" if key is not None else ""
    print(f"ledger ready at {address}{key_note}", flush=True)
    if settings.grpc_port is not None:
        tls = " over TLS" if settings.grpc_tls is not None else ""
        print(f"gRPC at {settings.grpc_host}:{settings.grpc_port}{tls}", flush=True)
