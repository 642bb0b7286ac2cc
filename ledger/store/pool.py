"""Connections: the service's pool, and single connections of the owner."""

from typing import Any, Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ledger.store.sql import statement

# Quoted: only the stubs know that these classes are generic.
PooledConnection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SERVICE_ROLE: Final = "ledger_service"
"""The role that the service acts as: it can neither update nor delete history."""

CONNECT_TIMEOUT_S: Final = 5.0

COMMAND_TIMEOUT_S: Final = 40.0
"""Longer than any timeout of the server's: only a server that is gone answers so late."""

_OUTAGES: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InvalidCatalogNameError,
)

_OUTAGE_CLASSES: Final = frozenset({"08", "25", "28", "53", "55", "57", "58", "XX"})
"""Classes of SQLSTATE that say how the database is, not what was asked of it: no connection, a
server that takes no writes (a standby), a login that is refused, no resources (a full disk), a lock
or a statement that took too long, an operator's intervention, a system or an internal error."""


def is_outage(error: BaseException) -> bool:
    """Whether this is a database that is away or not well, not a mistake of ours."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate is not None:
        return error.sqlstate[:2] in _OUTAGE_CLASSES or isinstance(error, _OUTAGES)
    # A value the driver cannot encode is an InterfaceError too, but nobody's outage.
    return isinstance(error, _OUTAGES) and not isinstance(error, ValueError)


async def create_pool(url: str, *, size: int, engine: bool = False) -> Pool:
    """A pool of connections acting as the service's role; connects when first used.

    With `engine` its plans are made once, for index probes.
    """
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        # Nobody leaves session state behind, so giving a connection back costs no round trip.
        reset=_keep_session,
        init=_act_as_engine if engine else _act_as_service,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
        server_settings={"application_name": "ledger"},
    )


async def _keep_session(connection: Any) -> None:  # noqa: ANN401 - asyncpg's own callback type
    del connection


async def _act_as_service(connection: Connection) -> None:
    # Also set on the login role, for poolers that keep no session state; here for all others.
    await connection.execute(statement("session"))


async def _act_as_engine(connection: Connection) -> None:
    await _act_as_service(connection)
    await connection.execute(statement("session_engine"))


async def connect_service(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection acting as the service, for a command."""
    connection = await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT_S, server_settings={"application_name": "ledger command"}
    )
    await _act_as_service(connection)
    return connection


async def connect_owner(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection with the rights of the URL's own user, for changes of the schema."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT_S, server_settings={"application_name": "ledger owner"}
    )
    await connection.execute(statement("session_owner"))
    return connection
