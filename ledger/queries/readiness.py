"""Readiness: whether this process can serve commands now."""

from time import monotonic
from typing import Final

from ledger.engine.clock import Clock
from ledger.engine.commit import Unavailable
from ledger.engine.reading import Reading
from ledger.store.reads import try_lock

_LOCKS_EVERY_S: Final = 2.0
"""How often the shards' locks are tried: each try waits for a batch, and a write follows it."""


class Readiness:
    """What a balancer asks before it sends anybody here. `draining` once the process shuts down."""

    def __init__(self, reading: Reading, clock: Clock, shards: int) -> None:
        self._reading, self._clock, self._shards = reading, clock, shards
        self.draining = False
        self._writable_until = 0.0

    async def why_not(self) -> str | None:
        """None when commands can be served; else the reason as in Unavailable.

        Each shard's lock is tried, as a batch would: a standby, and a shard that somebody holds,
        serve no commands.
        """
        if self.draining:
            return "shutting-down"
        try:
            async with self._reading() as connection:
                await self._clock.read(connection)
                if monotonic() >= self._writable_until:
                    for shard in range(self._shards):
                        await try_lock(connection, shard)
                    self._writable_until = monotonic() + _LOCKS_EVERY_S
        except Unavailable as away:
            return away.reason
        return None
