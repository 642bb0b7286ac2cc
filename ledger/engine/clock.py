"""The development clock: kept in the database, so that every process agrees."""

from typing import Final

from ledger.core.instants import Instant, format_instant
from ledger.store.pool import Connection
from ledger.store.reads import read_clock
from ledger.store.sql import statement

CLOCK_MAX: Final = 221_845_392_000_000_000
"""9000-01-01T00:00Z: whatever is made at the end of time still ends before year 9999 does."""


class ClockError(ValueError):
    """The clock cannot be moved there; the message says why."""


async def advance_clock(connection: Connection, advance_us: int) -> Instant:
    """Move the clock forward; 0 reads it. Raises ClockError."""
    now = await read_clock(connection)
    if advance_us < 0:
        raise ClockError("the clock never goes back: advance_s must be 0 or more")
    if now + advance_us > CLOCK_MAX:
        raise ClockError(f"the clock ends at {format_instant(CLOCK_MAX)}")
    moved: int = await connection.fetchval(statement("move_clock_by"), advance_us)
    return moved


async def set_clock(connection: Connection, to: Instant) -> Instant:
    """Move the clock forward to an instant. Raises ClockError."""
    if to > CLOCK_MAX:
        raise ClockError(f"the clock ends at {format_instant(CLOCK_MAX)}")
    moved: int | None = await connection.fetchval(statement("move_clock_to"), to)
    if moved is None:
        now = format_instant(await read_clock(connection))
        raise ClockError(f"the clock never goes back: it is {now} already")
    return moved
