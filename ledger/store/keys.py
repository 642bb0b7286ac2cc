"""API keys, and the secrets made at init."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from ledger.store.pool import Connection
from ledger.store.sql import statement

CallerKind = Literal["service", "person", "development"]
"""A program, a human being, or the all-in-one of a development ledger."""

KeyKind = Literal["token", "certificate"]
"""How a caller shows that it has a key: a bearer token, or a TLS certificate."""

KeyState = Literal["in_force", "expired", "revoked"]


class NewKey(Struct, frozen=True, kw_only=True):
    """A key to keep: its digest, whose it is, what it allows and who made it.

    `label` is the identity in a certificate; `lives_s` is None for a key that never expires.
    """

    key_id: str
    caller: str
    caller_kind: CallerKind
    digest: bytes
    scopes: Sequence[str]
    kind: KeyKind = "token"
    label: str | None = None
    created_by: str = ""
    lives_s: float | None = None


class FoundKey(Struct, frozen=True):
    """What a key in force allows, with its caller's limits and since when the caller is stopped.

    `left_s` says for how long it is in force yet, None for ever.
    """

    key_id: str
    caller: str
    caller_kind: CallerKind
    scopes: Sequence[str]
    rate_per_s: int | None
    burst: int | None
    left_s: float | None
    stopped_at: datetime | None


class KeyRow(Struct, frozen=True):
    """An API key as it is listed; the key itself is kept nowhere.

    `replaced_by` is the id of the key that a rotation put in its place.
    """

    key_id: str
    caller: str
    caller_kind: CallerKind
    kind: KeyKind
    label: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    last_used_at: datetime | None
    state: KeyState


async def read_secret(connection: Connection, name: str) -> bytes:
    """A secret made at init."""
    secret: bytes = await connection.fetchval(statement("read_secret"), name)
    return secret


async def read_secrets(connection: Connection, names: Iterable[str]) -> dict[str, bytes]:
    """Those of the secrets of these names that there are."""
    secrets = {name: await connection.fetchval(statement("read_secret"), name) for name in names}
    return {name: secret for name, secret in secrets.items() if secret is not None}


async def add_key(connection: Connection, new: NewKey) -> bool:
    """Keep a key of a caller that exists; False if the very key is known already."""
    added = await connection.fetchval(
        statement("add_key"),
        new.key_id,
        new.caller,
        new.caller_kind,
        new.digest,
        list(new.scopes),
        new.kind,
        new.label,
        new.created_by,
        new.lives_s,
    )
    return added is not None


async def find_key(connection: Connection, digest: bytes) -> FoundKey | None:
    """The key in force that has this digest."""
    row = await connection.fetchrow(statement("find_key"), digest)
    return None if row is None else FoundKey(**row)


async def note_uses(connection: Connection, ages_s: Mapping[str, float]) -> None:
    """Write down how many seconds ago keys were last used, by key id."""
    await connection.execute(statement("note_uses"), list(ages_s), list(ages_s.values()))


async def list_keys(
    connection: Connection, caller: str | None = None, key_id: str | None = None
) -> list[KeyRow]:
    """The keys of a caller, the one of an id, or all, newest first."""
    rows = await connection.fetch(statement("list_keys"), caller, key_id)
    return [KeyRow(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


async def lock_key(connection: Connection, key_id: str) -> KeyRow | None:
    """The key of an id, which nobody else changes until the database transaction ends."""
    await connection.execute(statement("lock_key"), key_id)
    rows = await list_keys(connection, key_id=key_id)
    return rows[0] if rows else None


async def replace_key(
    connection: Connection, key_id: str, replaced_by: str, overlap_s: float
) -> None:
    """Name a key's successor, and let it expire after the overlap, if it lives that long."""
    await connection.execute(statement("replace_key"), key_id, replaced_by, overlap_s)


async def revoke_key(connection: Connection, key_id: str) -> str | None:
    """Revoke a key; its caller, or None if there is none or it was revoked before."""
    caller: str | None = await connection.fetchval(statement("revoke_key"), key_id)
    return caller
