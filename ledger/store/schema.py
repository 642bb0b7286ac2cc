"""The schema: its migrations, its reference data and rights, and the check at start-up."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from os import urandom
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct

from ledger.core.chart import ACCOUNTS
from ledger.store.pool import SERVICE_ROLE, Connection, connect_owner
from ledger.store.sql import statement

HEAD: Final = "0003"
"""The revision that this code works with; equal to the newest migration, by test."""

OLDER: Final[frozenset[str]] = frozenset({"0001", "0002"})
"""Revisions that a migration leads on from."""

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"
_CHART_SINCE: Final = date(2020, 1, 1)
SHARDS_DEFAULT: Final = 2


class SchemaError(Exception):
    """The database is not one that this service can run on; the message says what to do."""


class LedgerFacts(Struct, frozen=True):
    """What was chosen when the database was made, for life."""

    shards: int
    development: bool


def run_script(path: Path) -> None:
    """Run a SQL script as it stands, inside alembic's own database transaction."""
    from alembic import context, op  # noqa: PLC0415 - slow to import, used by migrations only

    script = path.read_text()
    if context.is_offline_mode():
        context.execute(script)
        return
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None
    connection.run_async(lambda driver: driver.execute(script))


def upgrade(url: str) -> None:
    """Bring the schema to the newest revision. Blocking: alembic runs its own event loop."""
    from alembic import command  # noqa: PLC0415 - slow to import, used by migrations only
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connect": partial(connect_owner, url)})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


async def read_facts(connection: Connection) -> LedgerFacts:
    """The facts of an initialised database at the right revision; else SchemaError."""
    try:
        revision = await connection.fetchval(statement("schema_revision"))
        if revision == HEAD:
            row = await connection.fetchrow(statement("ledger_facts"))
            if row is not None:
                return LedgerFacts(row["shards"], row["development"])
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        revision = None
    if revision is None or revision == HEAD:
        raise SchemaError(
            "this database holds no ledger: run `ledger init` with LEDGER_OWNER_DATABASE_URL set"
        )
    if revision in OLDER:
        raise SchemaError(
            f"the schema is at revision {revision}, older than {HEAD}: run `ledger migrate`"
        )
    raise SchemaError(
        f"the schema is at revision {revision}, newer than this service's {HEAD}: "
        "run a newer version of the service"
    )


async def migrate(owner_url: str, service_user: str, currencies: Mapping[int, str]) -> None:
    """Migrate, then bring reference data and the service's rights up to date.

    `currencies` are codes by number. Safe to run again at any time.
    """
    connection = await connect_owner(owner_url)
    try:
        await connection.execute(statement("lock_migrations"))
        await _ensure_role(connection)
        await asyncio.to_thread(upgrade, owner_url)
        async with connection.transaction():
            await connection.executemany(statement("put_currency"), list(currencies.items()))
            for account in ACCOUNTS.values():
                await connection.execute(statement("put_account"), account.number, account.path)
                await connection.execute(
                    statement("put_account_code"),
                    account.number,
                    _CHART_SINCE,
                    account.code,
                    account.name,
                )
            await connection.execute(statement("grant_rights"))
            await _grant_service_role(connection, service_user)
    finally:
        await connection.close()


async def _grant_service_role(connection: Connection, user: str) -> None:
    """Let the service's login act as the service's role, and nothing but that."""
    owner = await connection.fetchval(statement("current_user"))
    if user in {SERVICE_ROLE, owner}:
        return
    quoted = await connection.fetchval(statement("quote_identifier"), user)
    database = await connection.fetchval(statement("current_database"))
    if not await connection.fetchval(statement("role_exists"), user):
        await connection.execute(statement("create_login").format(user=quoted))
    await connection.execute(statement("grant_role").format(user=quoted, database=database))


async def _ensure_role(connection: Connection) -> None:
    if await connection.fetchval(statement("role_exists"), SERVICE_ROLE):
        return
    try:
        await connection.execute(statement("create_role"))
    except asyncpg.DuplicateObjectError:
        return  # another process just made it
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaError(
            f"the owner may not create roles: have an administrator run "
            f"`CREATE ROLE {SERVICE_ROLE}` and try again"
        ) from error


async def initialise(
    owner_url: str,
    service_user: str,
    currencies: Mapping[int, str],
    *,
    secrets: Collection[str],
    shards: int | None = None,
    development: bool = False,
) -> LedgerFacts:
    """Make the ledger in an empty database, or bring an initialised one up to date.

    `secrets` are the names of those to draw, beside the pepper of API keys, unless they are there.
    Raises SchemaError where the number of shards or the kind of ledger would have to change.
    """
    await migrate(owner_url, service_user, currencies)
    connection = await connect_owner(owner_url)
    try:
        async with connection.transaction():
            await connection.execute(
                statement("make_ledger"), shards or SHARDS_DEFAULT, development
            )
            row = await connection.fetchrow(statement("ledger_facts"))
            assert row is not None
            facts = LedgerFacts(row["shards"], row["development"])
            _refuse_change(facts, shards, development=development)
            await connection.execute(statement("make_shards"), facts.shards)
            if facts.development:
                await connection.execute(statement("make_development_clock"))
            for name in ("api-key-pepper", *secrets):
                await connection.execute(statement("make_secret"), name, urandom(32))
    finally:
        await connection.close()
    return facts


def _refuse_change(facts: LedgerFacts, shards: int | None, *, development: bool) -> None:
    if shards not in {None, facts.shards}:
        raise SchemaError(
            f"this ledger has {facts.shards} shards for life; {shards} were asked for: "
            "carry the balances forward into a new ledger instead"
        )
    if facts.development != development:
        is_now, asked = (
            ("development", "production")
            if facts.development
            else (
                "production",
                "development",
            )
        )
        raise SchemaError(
            f"this is a {is_now} ledger for life and cannot become a {asked} one: "
            "use another database"
        )


async def read_durability(connection: Connection) -> None:
    """Raise SchemaError on a server that may lose what it acknowledged."""
    row = await connection.fetchrow(statement("server_durability"))
    assert row is not None
    if row["fsync"] == "off" or row["synchronous_commit"] == "off":
        raise SchemaError(
            f"the server runs with fsync={row['fsync']} and "
            f"synchronous_commit={row['synchronous_commit']}: acknowledged money could be lost; "
            "turn both on"
        )
