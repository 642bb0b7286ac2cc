"""The service's clock: the database's, which can be moved forward in a development ledger."""

from time import time_ns
from typing import Final

from ledger.core.instants import Instant, format_instant
from ledger.engine.reading import Reading
from ledger.store.pool import Connection
from ledger.store.reads import read_clock
from ledger.store.sql import statement

CLOCK_MAX: Final = 221_845_392_000_000_000
"""9000-01-01T00:00Z, the latest the clock goes: what is made then expires before year 9999."""


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
        """The instant now, by the last reading and the time since; asks no database."""
        return time_ns() // 1_000 + self._ahead_us

    async def read(self, connection: Connection) -> Instant:
        """The instant now, read from the database."""
        return self._as_read(await read_clock(connection))

    async def advance(self, by_us: int) -> Instant:
        """Move it forward by microseconds; 0 only reads it. Raises ClockError, or Unavailable."""
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
