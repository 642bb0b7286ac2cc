"""A service in which every layer fails once, in a process of its own: its log is looked through.

What must not be in it are the key of whoever calls, what people write, and the database's password.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from typing import Any, Never

import asyncpg

from ledger.core import batch
from ledger.core.flows.grant import Grant
from ledger.engine import commit
from ledger.jobs import runner
from ledger.jobs.job import Job
from ledger.service import Ledger
from ledger.store import journal
from ledger.telemetry import configure_logging
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database
from tests.kit.keys import add_key
from tests.kit.serving import client_within, opened

KEY = "test-key-that-nobody-may-read-0123456789"
WORDS = "Mrs Wang 13800138000 said so"
URL = "postgresql://ledger_login:S3cret-Db-Passw0rd@localhost/ledger"


def fail(*_: Any, **__: Any) -> Never:
    """Raise with all secrets at hand."""
    secrets = {"key": KEY, "words": WORDS, "url": URL}
    raise RuntimeError(f"a bug near {URL}") from ValueError(len(secrets))


async def edge(ledger: Ledger) -> None:
    """A read that fails: 500."""
    async with client_within(ledger, KEY) as client:
        ledger.wallets.read = fail  # type: ignore[method-assign]
        answer = await client.get("/v1/wallets/w")
        assert answer.status_code == 500
        assert KEY not in answer.text


async def engine(ledger: Ledger) -> None:
    """A command that fails while it is decided, and one that the database refuses by its row."""
    grant = Grant("w", INSPIRATION, 100, "promotional", WORDS)
    decide, batch.decide = batch.decide, fail  # type: ignore[attr-defined]
    for answer in await ledger.submit_many("test", [("k-1", grant)]):
        assert isinstance(answer, commit.CommandFailed)
    batch.decide = decide  # type: ignore[attr-defined]

    async def refused(*_: Any) -> None:
        error = asyncpg.CheckViolationError("new row violates the rule")
        error.detail = f"Failing row contains ({WORDS})."
        raise error

    append, journal.append = journal.append, refused  # type: ignore[assignment]
    for answer in await ledger.submit_many("test", [("k-2", grant)]):
        assert isinstance(answer, commit.CommandFailed)
    journal.append = append


async def job(ledger: Ledger) -> None:
    """A job that fails."""

    async def work(_: Ledger, __: int) -> AsyncGenerator[int, None]:
        fail()
        yield 0

    async for _ in runner.run_once(ledger, Job("broken", lambda _: 1.0, work)):
        pass


async def main() -> None:
    """Have each layer fail, then say which did."""
    configure_logging()
    database = Database(os.environ["OWNER"], os.environ["SERVICE"])
    await add_key(database.url, token=KEY)
    async with opened(database) as ledger:
        await engine(ledger)
        try:
            await job(ledger)
        except RuntimeError:
            runner._log.exception("job_failed")
        await edge(ledger)


if __name__ == "__main__":
    asyncio.run(main())
