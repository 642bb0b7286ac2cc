"""One side of a comparison: a checkout's service and engine, on a Postgres of its own."""

import asyncio
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from ledger.cli.bench import driver
from ledger.cli.bench.checkout import Checkout
from ledger.cli.bench.figures import Sample
from ledger.cli.bench.http import HttpLoad
from ledger.cli.bench.jobs import WALLET
from ledger.cli.bench.processes import Generator, ask, end_of, ended, serving, start
from ledger.cli.bench.storage import vacuum
from ledger.cli.command_error import CommandError
from ledger.cli.database import EMBEDDED_OWNER, EMBEDDED_SERVICE
from ledger.embedded import EmbeddedPostgres

_DRIVER: Final = str(Path(driver.__file__))
_SETTINGS: Final = {"autovacuum": "off", "checkpoint_timeout": "1d", "max_wal_size": "16GB"}
"""What Postgres does by its own clock would fall into a turn of one side and not of the other."""


class Books(Struct, kw_only=True):
    """How many events a side has recorded, and what its books differ from them in."""

    events: int
    differences: list[str]


class EngineDriver:
    """The engine of a checkout, driven by `driver.py` under that checkout's Python."""

    def __init__(self, process: subprocess.Popen[bytes], checkout: Checkout, log: Path) -> None:
        self._process, self._checkout, self._log = process, checkout, log
        self.pid = process.pid

    def wait_until_ready(self) -> None:
        """Return once the wallets have their funds. Raises CommandError."""
        assert self._process.stdout is not None
        if self._process.stdout.readline().decode().strip() != driver.READY:
            raise self._driver_ended_error()

    def measure(self, size: int, seconds: float) -> Sample:
        """Keep `size` debits in flight for each lane. Raises CommandError."""
        answer = ask(self._process, msgspec.json.encode({"size": size, "seconds": seconds}))
        if not answer:
            raise self._driver_ended_error()
        return msgspec.json.decode(answer, type=Sample)

    def _driver_ended_error(self) -> CommandError:
        # As a rule it has ended; one that writes what nobody expects would not.
        self._process.terminate()
        self._process.wait()
        return CommandError(
            f"the engine of {self._checkout.folder} was to be driven by {_DRIVER}, which ended "
            f"with status {self._process.returncode}. Where a name is missing that it imports, "
            f"have it import what both checkouts have:\n{end_of(self._log)}"
        )


class Side(Struct, frozen=True):
    """Everything of one checkout that is measured."""

    checkout: Checkout
    environment: Mapping[str, str]
    postgres_pid: int
    service_pid: int
    http: HttpLoad
    engine: EngineDriver

    def begin_to_verify(self) -> subprocess.Popen[bytes]:
        """Have the checkout verify its books."""
        command = [str(self.checkout.command), "verify", "--json"]
        return start(command, environment=self.environment, stderr=subprocess.STDOUT)


@contextmanager
def side_of(checkout: Checkout, folder: Path, generator: Generator, wallets: int) -> Iterator[Side]:
    """Start everything in a new folder; afterwards none of it runs.

    Both sides have our Postgres, so that its version and settings are the same; the schema in it
    is the checkout's own.
    """
    # Started by root, Postgres runs as another user, who must find its own folder in there.
    folder.mkdir(mode=0o711)
    with ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(folder / "data", settings=_SETTINGS))
        assert postgres.pid is not None
        environment = {
            "LEDGER_OWNER_DATABASE_URL": postgres.url(EMBEDDED_OWNER),
            "LEDGER_DATABASE_URL": postgres.url(EMBEDDED_SERVICE),
            "LEDGER_DATA_DIR": str(folder),
            "LEDGER_DEV_API_KEY": secrets.token_urlsafe(32),
            "LEDGER_ACCESS_LOG": "0",
        }
        _initialise(checkout, environment)
        engine = stack.enter_context(_driving(checkout, environment, folder, wallets))
        asyncio.run(vacuum(postgres.url(EMBEDDED_OWNER)))
        service = stack.enter_context(serving(checkout.command, environment, folder))
        http = HttpLoad(service, generator, wallets)
        yield Side(checkout, environment, postgres.pid, service.pid, http, engine)


def _initialise(checkout: Checkout, environment: Mapping[str, str]) -> None:
    command = [str(checkout.command), "init", "--dev"]
    process = start(command, environment=environment, stderr=subprocess.STDOUT)
    with ended(process):
        output, _ = process.communicate()
    if process.returncode:
        raise CommandError(f"`{' '.join(command)}` failed:\n{output.decode(errors='replace')}")


@contextmanager
def _driving(
    checkout: Checkout, environment: Mapping[str, str], folder: Path, wallets: int
) -> Iterator[EngineDriver]:
    # Isolated: neither this file's folder nor anybody's own modules are looked into.
    command = [str(checkout.python), "-I", _DRIVER, WALLET, str(wallets)]
    log = folder / "driver.log"
    with log.open("wb") as output:
        process = start(command, environment=environment, stdin=subprocess.PIPE, stderr=output)
    with ended(process):
        engine = EngineDriver(process, checkout, log)
        engine.wait_until_ready()
        yield engine


def books_of(*sides: Side) -> list[Books]:
    """Have the sides verify at once, as there are processors for it. Raises CommandError."""
    with ExitStack() as stack:
        verifying = []
        for side in sides:
            process = side.begin_to_verify()
            stack.enter_context(ended(process))
            verifying.append(process)
        return [_books(process) for process in verifying]


def _books(process: subprocess.Popen[bytes]) -> Books:
    output, _ = process.communicate()
    try:
        document: dict[str, Any] = msgspec.json.decode(output)
    except msgspec.DecodeError as error:
        text = output.decode(errors="replace")
        raise CommandError(f"`ledger verify --json` did not verify:\n{text}") from error
    differences = [": ".join(map(str, finding.values())) for finding in document["findings"]]
    return Books(events=document["events"], differences=differences)
