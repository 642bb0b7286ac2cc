"""Keys of callers, made as the host makes them."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from ledger.access.callers import SCOPES
from ledger.cli.keys import add_token
from ledger.store.keys import CallerKind
from ledger.store.pool import connect_service

DEV_KEY = "dev-key-for-tests-0123456789abcdef"
"""Of services in development: may do everything."""

MakeKey = Callable[..., Awaitable[str]]


def bearer(token: str) -> dict[str, str]:
    """The headers of whoever has this key."""
    return {"authorization": f"Bearer {token}"}


def fresh(kind: str) -> str:
    """The name of a caller that nobody had."""
    return f"{kind}-{secrets.token_hex(4)}"


async def add_key(
    database_url: str,
    scopes: Sequence[str] = tuple(SCOPES),
    expires_in_s: float | None = None,
    caller: str | None = None,
    kind: CallerKind = "development",
    token: str | None = None,
) -> str:
    """A key of a caller, both new unless they are named."""
    token = token or f"test-{secrets.token_urlsafe(24)}"
    expires_at = (
        None if expires_in_s is None else datetime.now(UTC) + timedelta(seconds=expires_in_s)
    )
    row = (fresh("key"), caller or fresh("caller"), token, list(scopes), expires_at)
    connection = await connect_service(database_url)
    try:
        await add_token(connection, row, kind)
    finally:
        await connection.close()
    return token
