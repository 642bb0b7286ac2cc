"""Readiness: whether this process can serve commands now."""

from ledger.engine.clock import Clock
from ledger.engine.commit import Unavailable
from ledger.engine.reading import Reading


class Readiness:
    """What a balancer asks before it sends anybody here. `draining` once the process shuts down."""

    def __init__(self, reading: Reading, clock: Clock) -> None:
        self._reading, self._clock = reading, clock
        self.draining = False

    async def why_not(self) -> str | None:
        """None when commands can be served; else the reason as in Unavailable."""
        if self.draining:
            return "shutting-down"
        try:
            async with self._reading() as connection:
                await self._clock.read(connection)
        except Unavailable as away:
            return away.reason
        return None
