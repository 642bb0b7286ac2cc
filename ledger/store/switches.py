"""Stop switches: the channels, SKUs and callers that an operator has stopped."""

from typing import Any, Literal

from msgspec import Struct

from ledger.core.instants import Instant, to_instant
from ledger.store.pool import Connection
from ledger.store.sql import statement

SwitchKind = Literal["channel", "sku", "caller"]


class Switch(Struct, frozen=True):
    """What is stopped, since when (real time), by whom and why."""

    kind: SwitchKind
    name: str
    stopped_at: Instant
    stopped_by: str
    reason: str


async def list_switches(connection: Connection) -> list[Switch]:
    """All that is stopped, by kind and name."""
    return [_switch(row) for row in await connection.fetch(statement("list_switches"))]


async def stop(
    connection: Connection, kind: SwitchKind, name: str, by: str, reason: str
) -> Switch | None:
    """Stop a channel, SKU or caller, or change the reason; None if there is no such caller."""
    row = await connection.fetchrow(statement("stop_switch"), kind, name, by, reason)
    return None if row is None else _switch(row)


async def resume(connection: Connection, kind: SwitchKind, name: str) -> bool:
    """Lift a stop; False if there was none."""
    return await connection.fetchval(statement("resume_switch"), kind, name) is not None


async def caller_exists(connection: Connection, name: str) -> bool:
    """Whether there is a caller of this name."""
    exists: bool = await connection.fetchval(statement("caller_exists"), name)
    return exists


def _switch(row: Any) -> Switch:  # noqa: ANN401 - a row, as asyncpg gives it
    return Switch(
        row["kind"], row["name"], to_instant(row["stopped_at"]), row["stopped_by"], row["reason"]
    )
