"""The clock: the database's, which a development ledger can move, and this process's idea of it."""

from time import time_ns
from typing import Final

from ledger.core.instants import Instant, format_instant
from ledger.engine.reading import Reading
from ledger.store.pool import Connection
from ledger.store.reads import read_clock
from ledger.store.sql import statement

CLOCK_MAX: Final = 221_845_392_000_000_000
"""9000-01-01T00:00Z: whatever is made at the end of time still ends before year 9999 does."""


class ClockError(ValueError):
    """The clock cannot be moved there; the message says why."""


class Clock:
    """The service's clock: the database's, so that all processes agree, as this one last read it.

    Only that of a development ledger can be moved, and only forward.
    """

    def __init__(self, reading: Reading, *, movable: bool) -> None:
        self._reading, self._movable = reading, movable
        self._ahead_us = 0

    def now(self) -> Instant:
        """What it shows by now, without asking the database: as of the last time it was read."""
        return time_ns() // 1_000 + self._ahead_us

    async def read(self, connection: Connection) -> Instant:
        """What it shows, as the database has it."""
        return self._as_read(await read_clock(connection))

    async def advance(self, by_us: int) -> Instant:
        """Move it forward by so much; 0 reads it. Raises ClockError, or Unavailable."""
        self._check_movable()
        async with self._reading() as connection:
            now = await read_clock(connection)
            if by_us < 0:
                raise ClockError("the clock never goes back: advance_s must be 0 or more")
            if now + by_us > CLOCK_MAX:
                raise ClockError(f"the clock ends at {format_instant(CLOCK_MAX)}")
            return self._as_read(await connection.fetchval(statement("move_clock_by"), by_us))

    async def move_to(self, instant: Instant) -> Instant:
        """Move it forward to an instant. Raises ClockError, or Unavailable."""
        self._check_movable()
        async with self._reading() as connection:
            if instant > CLOCK_MAX:
                raise ClockError(f"the clock ends at {format_instant(CLOCK_MAX)}")
            moved: int | None = await connection.fetchval(statement("move_clock_to"), instant)
            if moved is None:
                now = format_instant(await read_clock(connection))
                raise ClockError(f"the clock never goes back: it is {now} already")
            return self._as_read(moved)

    def _check_movable(self) -> None:
        if not self._movable:
            raise ClockError("only a development ledger has a clock that moves")

    def _as_read(self, now: Instant) -> Instant:
        self._ahead_us = now - time_ns() // 1_000
        return now
