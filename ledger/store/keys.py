"""API keys and callers, and the secrets made at init."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ledger.store.pool import Connection
from ledger.store.sql import statement


class KeyRow(Struct, frozen=True):
    """An API key as it is listed; the key itself is kept nowhere."""

    key_id: str
    caller: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def read_secret(connection: Connection, name: str) -> bytes:
    """A secret made at init."""
    secret: bytes = await connection.fetchval(statement("read_secret"), name)
    return secret


async def add_key(
    connection: Connection,
    row: tuple[str, str, bytes, Sequence[str], datetime | None],
) -> None:
    """Keep a key: (key id, caller, digest, scopes, expiry)."""
    key_id, caller, digest, scopes, expires_at = row
    await connection.execute(statement("add_caller"), caller)
    await connection.execute(statement("add_key"), key_id, caller, digest, list(scopes), expires_at)


async def find_key(
    connection: Connection, digest: bytes
) -> tuple[str, tuple[str, ...], datetime | None] | None:
    """(caller, scopes, since when the caller is stopped) of a key in force."""
    row = await connection.fetchrow(statement("find_key"), digest)
    return None if row is None else (row["caller"], tuple(row["scopes"]), row["stopped_at"])


async def list_keys(connection: Connection) -> list[KeyRow]:
    """All keys, newest first."""
    rows = await connection.fetch(statement("list_keys"))
    return [
        KeyRow(
            row["key_id"],
            row["caller"],
            tuple(row["scopes"]),
            row["created_at"],
            row["expires_at"],
            row["revoked_at"],
        )
        for row in rows
    ]


async def revoke_key(connection: Connection, key_id: str) -> str | None:
    """Revoke a key; its caller, or None if there is no such key in force."""
    caller: str | None = await connection.fetchval(statement("revoke_key"), key_id)
    return caller
