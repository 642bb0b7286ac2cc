"""Callers: what they are for life, and how much they may send."""

from datetime import datetime

from msgspec import Struct

from ledger.store.keys import CallerKind
from ledger.store.pool import Connection
from ledger.store.sql import statement


class CallerRow(Struct, frozen=True):
    """A caller as it is listed; `rate_per_s` and `burst` are None where nothing limits it."""

    name: str
    kind: CallerKind
    rate_per_s: int | None
    burst: int | None
    created_at: datetime
    stopped_at: datetime | None


async def list_callers(connection: Connection, name: str | None = None) -> list[CallerRow]:
    """All callers by name, or the one of this name."""
    return [CallerRow(**row) for row in await connection.fetch(statement("list_callers"), name)]


async def add_caller(connection: Connection, name: str, kind: CallerKind) -> CallerKind:
    """Make a caller unless it exists; returns the kind that it has."""
    await connection.execute(statement("add_caller"), name, kind)
    kept: CallerKind = await connection.fetchval(statement("caller_kind"), name)
    return kept


async def limit_caller(
    connection: Connection, name: str, rate_per_s: int | None, burst: int | None
) -> bool:
    """Set how much a caller may send, both None for no limit; False if there is no such caller."""
    limited = await connection.fetchval(statement("limit_caller"), name, rate_per_s, burst)
    return limited is not None
