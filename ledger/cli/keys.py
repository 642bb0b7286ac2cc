"""`ledger key …`: make, list and revoke API keys, in the database itself."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from ledger.cli.database import settings_with_database
from ledger.cli.failures import CommandError
from ledger.service import KEY_CACHE_S, SCOPES, digest_key
from ledger.store import keys
from ledger.store.pool import Connection, connect_service
from ledger.store.schema import read_facts

_CALLER_MAX: Final = 64
_OWN_CALLERS: Final = ("channel:", "ledger:")


def run_create(
    caller: str, scopes: Sequence[str], lifetime: timedelta | None, *, as_json: bool
) -> None:
    """Make a key and print it, once."""
    unknown = sorted(set(scopes) - SCOPES)
    if unknown or not scopes:
        raise CommandError(
            f"unknown scopes {', '.join(unknown)}: there are {', '.join(sorted(SCOPES))}"
        )
    if not caller or len(caller) > _CALLER_MAX or caller.startswith(_OWN_CALLERS):
        raise CommandError("a caller is named by 1 to 64 characters, and is no channel nor ledger")
    if lifetime is not None and lifetime <= timedelta(0):
        raise CommandError("a key must live for at least a day")
    token = f"lk_{secrets.token_urlsafe(32)}"
    expires_at = None if lifetime is None else datetime.now(UTC) + lifetime
    key_id = f"key-{secrets.token_hex(8)}"
    asyncio.run(_add(key_id, caller, token, scopes, expires_at))
    if as_json:
        answer = {
            "key_id": key_id,
            "caller": caller,
            "scopes": sorted(set(scopes)),
            "expires_at": expires_at,
            "key": token,
        }
        print(msgspec.json.encode(answer).decode())
    else:
        console = Console(soft_wrap=True)
        console.print(f"{key_id} of {caller}; it is shown this once and kept nowhere:")
        console.print(token, highlight=False)


async def _add(
    key_id: str, caller: str, token: str, scopes: Sequence[str], expires_at: datetime | None
) -> None:
    with settings_with_database() as settings:
        assert settings.database_url is not None
        connection = await connect_service(settings.database_url)
        try:
            await read_facts(connection)
            await add_token(connection, (key_id, caller, token, sorted(set(scopes)), expires_at))
        finally:
            await connection.close()


async def add_token(
    connection: Connection, row: tuple[str, str, str, Sequence[str], datetime | None]
) -> None:
    """Keep (key id, caller, key, scopes, expiry); of the key only its digest."""
    key_id, caller, token, scopes, expires_at = row
    pepper = await keys.read_secret(connection, "api-key-pepper")
    digest = digest_key(pepper, token)
    await keys.add_key(connection, (key_id, caller, digest, scopes, expires_at))


def run_list(*, as_json: bool) -> None:
    """Print all keys."""
    rows = asyncio.run(_list())
    if as_json:
        print(msgspec.json.encode(rows).decode())
        return
    table = Table("key", "caller", "scopes", "created", "state")
    for row in rows:
        table.add_row(
            row.key_id,
            row.caller,
            ", ".join(row.scopes),
            row.created_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            _state(row),
        )
    Console().print(table)


def _state(row: keys.KeyRow) -> str:
    if row.revoked_at is not None:
        return f"revoked {row.revoked_at:%Y-%m-%d %H:%M:%SZ}"
    if row.expires_at is None:
        return "in force"
    verb = "expired" if row.expires_at <= datetime.now(UTC) else "in force until"
    return f"{verb} {row.expires_at:%Y-%m-%d %H:%M:%SZ}"


async def _list() -> list[keys.KeyRow]:
    with settings_with_database() as settings:
        assert settings.database_url is not None
        connection = await connect_service(settings.database_url)
        try:
            return await keys.list_keys(connection)
        finally:
            await connection.close()


def run_revoke(key_id: str) -> None:
    """Revoke a key and wait until every process has forgotten it."""
    caller = asyncio.run(_revoke(key_id))
    if caller is None:
        raise CommandError(f"there is no key {key_id} in force: see `ledger key list`")
    time.sleep(KEY_CACHE_S)
    Console().print(f"{key_id} of {caller} is revoked; every process refuses it now.")


async def _revoke(key_id: str) -> str | None:
    with settings_with_database() as settings:
        assert settings.database_url is not None
        connection = await connect_service(settings.database_url)
        try:
            return await keys.revoke_key(connection, key_id)
        finally:
            await connection.close()
