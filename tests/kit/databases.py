"""Databases of tests: copies of one template, how to reach them, and whether they verify."""

import itertools
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from msgspec import Struct

from ledger.embedded import EmbeddedPostgres, bin_dir
from ledger.queries.verify import verify
from ledger.store.pool import Connection, connect_service
from ledger.store.sql import statement
from tests.kit.waiting import until

_names = itertools.count()


class Database(Struct, frozen=True):
    """A database of one test: as its owner, and as the service."""

    owner_url: str
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What points commands and services at it."""
        return {"LEDGER_DATABASE_URL": self.url, "LEDGER_OWNER_DATABASE_URL": self.owner_url}

    @property
    def socket_path(self) -> str:
        """The Unix socket at which its Postgres listens."""
        match = re.search(r"host=([^&]+)&port=(\d+)", self.url)
        assert match is not None, self.url
        return f"{match[1]}/.s.PGSQL.{match[2]}"

    def url_at(self, port: int) -> str:
        """The service's URL by way of a TCP port, where a proxy listens."""
        match = re.search(r"@/(\w+)", self.url)
        assert match is not None, self.url
        return f"postgresql://ledger_login@127.0.0.1:{port}/{match[1]}?sslmode=disable"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection to Postgres, closed in any case."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def fresh_database(
    postgres: EmbeddedPostgres, template: str | None
) -> AsyncIterator[Database]:
    """A copy of the template, or an empty database; dropped afterwards."""
    name = f"test_{next(_names)}"
    admin_url = postgres.url("postgres", "postgres")
    async with connected(admin_url) as admin:
        # Copying files is quicker than logging every page of them, where nothing is synced.
        copied = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        await admin.execute(f"CREATE DATABASE {name}{copied}")
    try:
        yield Database(postgres.url("postgres", name), postgres.url("ledger_login", name))
    finally:
        async with connected(admin_url) as admin:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def shards_locked(url: str) -> AsyncIterator[Connection]:
    """Nothing is recorded meanwhile: every command waits, as behind a batch that takes long."""
    connection = await connect_service(url)
    try:
        async with connection.transaction():
            await connection.fetch("SELECT shard FROM shards ORDER BY shard FOR NO KEY UPDATE")
            yield connection
    finally:
        await connection.close()


async def waiting_for_locks(owner: Any) -> int:
    """How many connections of the database wait for a lock that another one has."""
    # Within a database transaction the view would stay as it was first read.
    await owner.execute("SELECT pg_stat_clear_snapshot()")
    count: int = await owner.fetchval(
        "SELECT count(*) FROM pg_locks INNER JOIN pg_stat_activity USING (pid) "
        "WHERE NOT granted AND pg_stat_activity.datname = current_database()"
    )
    return count


async def until_somebody_waits(owner: Any) -> None:
    """Wait until a connection of the database waits for a lock."""
    await until(lambda: waiting_for_locks(owner))


async def differences(database: Database) -> list[str]:
    """What `ledger verify` finds."""
    connection = await connect_service(database.url)
    try:
        return [
            f"{finding.what}: {finding.where} {finding.problem}"
            async for finding in verify(connection, lambda _: None)
        ]
    finally:
        await connection.close()


def plan_of(database: Database, name: str, sessions: str) -> str:
    """The plan of every execution: psql leaves the parameters open."""
    script = f"{sessions}\nEXPLAIN (GENERIC_PLAN) {statement(name)};\n"
    return subprocess.run(
        [bin_dir() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database.url],
        input=script,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
