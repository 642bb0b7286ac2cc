"""The place of a bench: its own Postgres, the ledger on it, its service, and their end."""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop
from msgspec import Struct

from ledger.catalog import load_catalogue
from ledger.channels import drawn_secret_names
from ledger.cli.bench.checkout import this_checkout
from ledger.cli.bench.driver import fund, tune_garbage_collection
from ledger.cli.bench.engine import EngineLoad
from ledger.cli.bench.figures import Sample
from ledger.cli.bench.http import HttpLoad
from ledger.cli.bench.jobs import WALLET
from ledger.cli.bench.processes import generating, serving
from ledger.cli.bench.storage import (
    Chunk,
    fill_pgbench,
    make_tables,
    measure_commits,
    measure_copy,
    measure_pgbench,
    read_chunks,
)
from ledger.cli.command_error import CommandError
from ledger.cli.database import EMBEDDED_OWNER, EMBEDDED_SERVICE
from ledger.embedded import EmbeddedPostgres, bin_dir
from ledger.queries.verify import verify
from ledger.service import open_ledger
from ledger.settings import Settings
from ledger.store.pool import connect_service
from ledger.store.schema import SHARDS_DEFAULT, initialise
from ledger.store.verification import count_events

WARM_UP_S: Final = 1.0

Announce = Callable[[str], None]
"""Called with words for what is being done from now on."""


class Place(Struct):
    """Everything that measurements run on."""

    runner: asyncio.Runner
    owner_url: str
    service_url: str
    pgbench_url: str
    engine: EngineLoad
    chunks: list[list[Chunk]]
    served: HttpLoad | None

    @property
    def http(self) -> HttpLoad:
        """The service under load; there is one where a measurement over HTTP was chosen."""
        assert self.served is not None
        return self.served

    def measure_copy(self, seconds: float) -> Sample:
        """COPY of what the engine wrote."""
        return self.runner.run(measure_copy(self.owner_url, self.chunks, seconds))

    def measure_engine(self, size: int, seconds: float, *, one_wallet: bool = False) -> Sample:
        """Batches of a size."""
        return self.runner.run(self.engine.measure(size, seconds, one_wallet=one_wallet))

    def measure_pgbench(self, seconds: float) -> Sample:
        """TPC-B."""
        return measure_pgbench(bin_dir() / "pgbench", self.pgbench_url, seconds)

    def measure_commits(self, seconds: float) -> Sample:
        """Single commits."""
        return self.runner.run(measure_commits(self.owner_url, seconds))

    def verify(self) -> tuple[int, list[str]]:
        """How many events there are after all of this, and what the books differ from them in."""
        return self.runner.run(_verify(self.service_url))


@contextmanager
def place_for(
    letters: Collection[str], wallets: int, seconds: float, announce: Announce
) -> Iterator[Place]:
    """Start what the measurements of these letters need; afterwards nothing of it is left."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ledger-bench-")))
        # Started by root, Postgres runs as another user, who must find its own folder in there.
        folder.chmod(0o711)
        announce("starting Postgres")
        postgres = stack.enter_context(EmbeddedPostgres(folder / "data"))
        owner_url, service_url = postgres.url(EMBEDDED_OWNER), postgres.url(EMBEDDED_SERVICE)
        pgbench_url = postgres.url(EMBEDDED_OWNER, "postgres")
        if "g" in letters:
            announce("filling pgbench's tables")
            fill_pgbench(bin_dir() / "pgbench", pgbench_url)
        served = None
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        runner.run(_initialise(owner_url))
        announce(f"giving {wallets:,} wallets their funds")
        engine = _engine(stack, runner, service_url, wallets)
        chunks = runner.run(read_chunks(owner_url, SHARDS_DEFAULT)) if "a" in letters else []
        if any(letter in letters for letter in "cdefij"):
            announce("starting and warming up the service")
            served = _served(stack, folder, (owner_url, service_url), wallets)
            served.warm_up(min(seconds, WARM_UP_S))
        yield Place(runner, owner_url, service_url, pgbench_url, engine, chunks, served)


async def _initialise(owner_url: str) -> None:
    codes = load_catalogue().currency_codes()
    names = drawn_secret_names(development=True)
    await initialise(
        owner_url, EMBEDDED_SERVICE, codes, secrets=names, shards=SHARDS_DEFAULT, development=True
    )
    await make_tables(owner_url)


def _engine(stack: ExitStack, runner: asyncio.Runner, service_url: str, wallets: int) -> EngineLoad:
    runner.run(_fund(service_url, wallets))
    engine = runner.run(EngineLoad.open(service_url, SHARDS_DEFAULT, wallets))
    stack.callback(lambda: runner.run(engine.close()))
    tune_garbage_collection()
    return engine


async def _fund(service_url: str, wallets: int) -> None:
    ledger = await open_ledger(Settings(database_url=service_url, development=True))
    try:
        failed = await fund(ledger, [WALLET % number for number in range(wallets)])
    finally:
        await ledger.close()
    if failed:
        raise CommandError(f"wallets could not be given funds: {dict(failed)}")


def _served(stack: ExitStack, folder: Path, urls: tuple[str, str], wallets: int) -> HttpLoad:
    environment = {
        "LEDGER_OWNER_DATABASE_URL": urls[0],
        "LEDGER_DATABASE_URL": urls[1],
        "LEDGER_DEV_API_KEY": secrets.token_urlsafe(32),
        "LEDGER_ACCESS_LOG": "0",
    }
    service = stack.enter_context(serving(this_checkout().command, environment, folder))
    generator = stack.enter_context(generating())
    return HttpLoad(service, generator, wallets)


async def _verify(url: str) -> tuple[int, list[str]]:
    connection = await connect_service(url)
    try:
        events = await count_events(connection)
        differences = [
            f"{finding.what} {finding.where}: {finding.problem}"
            async for finding in verify(connection, lambda _: None)
        ]
    finally:
        await connection.close()
    return events, differences
