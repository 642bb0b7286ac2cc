"""The development clock: kept in the database, so that every process agrees."""

from ledger.core.instants import INSTANT_MAX, Instant, format_instant
from ledger.store.pool import Connection
from ledger.store.reads import read_clock
from ledger.store.sql import statement


class ClockError(ValueError):
    """The clock cannot be moved there; the message says why."""


async def advance_clock(connection: Connection, advance_us: int) -> Instant:
    """Move the clock forward; 0 reads it. Raises ClockError."""
    now = await read_clock(connection)
    if advance_us < 0:
        raise ClockError("the clock never goes back: advance_s must be 0 or more")
    if now + advance_us > INSTANT_MAX:
        raise ClockError(f"the clock ends at {format_instant(INSTANT_MAX)}")
    moved: int = await connection.fetchval(statement("move_clock_by"), advance_us)
    return moved


async def set_clock(connection: Connection, to: Instant) -> Instant:
    """Move the clock forward to an instant. Raises ClockError."""
    if to > INSTANT_MAX:
        raise ClockError(f"the clock ends at {format_instant(INSTANT_MAX)}")
    moved: int | None = await connection.fetchval(statement("move_clock_to"), to)
    if moved is None:
        now = format_instant(await read_clock(connection))
        raise ClockError(f"the clock never goes back: it is {now} already")
    return moved
