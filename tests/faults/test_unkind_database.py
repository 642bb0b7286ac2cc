"""A database that is there and is not well: an outage, and no bug of ours."""

import asyncio
from typing import Any

import asyncpg
import pytest

from ledger.core.batch import Done
from ledger.core.flows.debit import Debit
from ledger.engine import Unavailable
from ledger.queries import readiness
from ledger.service import Ledger
from ledger.store.pool import is_outage
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, connected
from tests.kit.steps import available, give
from tests.kit.waiting import until

NOT_WELL = [
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidPasswordError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.PostgresIOError,
    asyncpg.IndexCorruptedError,
]
OURS = [
    asyncpg.UniqueViolationError,
    asyncpg.CheckViolationError,
    asyncpg.UndefinedTableError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.DataError,
]


@pytest.mark.parametrize("kind", NOT_WELL)
def test_what_the_database_says_of_itself_is_an_outage(kind: type[Exception]) -> None:
    """By its class: whatever else it may come to say."""
    assert is_outage(kind("not well"))


@pytest.mark.parametrize("kind", OURS)
def test_what_it_says_of_our_statements_is_none(kind: type[Exception]) -> None:
    """A mistake of ours is not retried for ever."""
    assert not is_outage(kind("no"))


async def terminate_all(owner: Any) -> None:
    """End all other sessions, as a failover does."""
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_a_failover_to_a_standby_is_an_outage_until_it_is_promoted(
    ledger: Ledger, owner: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands are put off, it is not ready, nobody is in quarantine; then all is well again."""
    monkeypatch.setattr(readiness, "_LOCKS_EVERY_S", 0.0)
    await give(ledger, "w")
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await terminate_all(owner)
    with pytest.raises(Unavailable) as away:
        await ledger.submit("test", "d-1", Debit("w", INSPIRATION, 1))
    assert away.value.reason == "database-unavailable"
    assert await ledger.readiness.why_not() == "database-unavailable"
    assert await available(ledger, "w") == 100_000
    async with connected(database.owner_url) as promoting:
        await promoting.execute("SET default_transaction_read_only = off")
        await promoting.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert isinstance(await _done(ledger), Done)
    await until(lambda: _is_ready(ledger))
    assert await owner.fetchval("SELECT count(*) FROM quarantined_wallets") == 0


async def _done(ledger: Ledger) -> Any:
    while True:
        try:
            return await ledger.submit("test", "d-1", Debit("w", INSPIRATION, 1))
        except Unavailable:
            await asyncio.sleep(0.05)


async def _is_ready(ledger: Ledger) -> bool:
    return await ledger.readiness.why_not() is None


async def test_a_shard_that_somebody_holds_is_not_ready(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator's session that locks a head: reads go on, and commands could not be served."""
    monkeypatch.setattr(readiness, "_LOCKS_EVERY_S", 0.0)
    assert await ledger.readiness.why_not() is None
    async with connected(database.owner_url) as operator, operator.transaction():
        await operator.execute("SELECT shard FROM shards WHERE shard = 1 FOR UPDATE")
        assert await ledger.readiness.why_not() == "database-unavailable"
    assert await ledger.readiness.why_not() is None
