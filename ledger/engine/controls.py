"""Controls: what operators stopped and which wallets are in quarantine, read in the background.

The hot path asks memory only; every process reads the tables a little more than once a second.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

import structlog
from msgspec.structs import replace

from ledger.core.instants import Instant
from ledger.core.terms import Terms
from ledger.engine.commit import Unavailable
from ledger.engine.reading import Reading
from ledger.store import switches
from ledger.store.quarantine import list_quarantined
from ledger.store.switches import Switch, SwitchKind

_log = structlog.get_logger()

SWITCH_S: Final = 1.0
"""Within so many seconds every process knows of a switch; whoever throws one waits for it."""

REFRESH_S: Final = 0.75
"""Seconds between readings; the rest of SWITCH_S is for the reading itself."""


class Controls:
    """What one process knows of switches and quarantine.

    `stopped` has `channel:sandbox` and the like; `quarantined` the wallets of each shard.
    """

    def __init__(self, reading: Reading) -> None:
        self.stopped: frozenset[str] = frozenset()
        self.quarantined: dict[int, set[str]] = {}
        self._reading = reading
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Read switches and quarantine once, then keep reading them. Raises Unavailable."""
        await self.refresh()
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="controls")

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def refresh(self) -> None:
        """Read switches and quarantine now. Raises Unavailable, and keeps what was read before."""
        async with self._reading() as connection:
            thrown = await switches.list_switches(connection)
            quarantined = await list_quarantined(connection)
        self.stopped = frozenset(f"{switch.kind}:{switch.name}" for switch in thrown)
        by_shard: dict[int, set[str]] = {}
        for shard, wallet_id in quarantined:
            by_shard.setdefault(shard, set()).add(wallet_id)
        # The same dictionary for ever: the lanes look into it.
        self.quarantined.clear()
        self.quarantined.update(by_shard)

    async def _watch(self) -> None:
        warned = False
        while True:
            begun = monotonic()
            try:
                await self.refresh()
                warned = False
            except Exception as error:  # noqa: BLE001 - whatever it is, what is known stays in force
                if not warned:
                    _log.warning("controls_not_read", error=repr(error))
                warned = True
            await asyncio.sleep(max(REFRESH_S - (monotonic() - begun), 0.05))

    def terms_at(self, catalogue_at: Callable[[Instant], Terms]) -> Callable[[Instant], Terms]:
        """The catalogue's terms at an instant, with what is stopped at present."""
        last: tuple[Terms, frozenset[str], Terms] | None = None

        def at(instant: Instant) -> Terms:
            nonlocal last
            terms, stopped = catalogue_at(instant), self.stopped
            if not stopped:
                return terms
            if last is None or last[0] is not terms or last[1] != stopped:
                last = (terms, stopped, replace(terms, stopped=stopped))
            return last[2]

        return at

    async def stop(self, kind: SwitchKind, name: str, by: str, reason: str) -> Switch | None:
        """Stop a channel, SKU or caller; on return every process knows.

        None if there is no such caller.
        """
        async with self._reading() as connection:
            switch = await switches.stop(connection, kind, name, by, reason)
        if switch is not None:
            _log.warning("stopped", kind=kind, name=name, by=by, reason=reason)
            await self._wait_until_known()
        return switch

    async def resume(self, kind: SwitchKind, name: str, by: str, reason: str) -> bool:
        """Lift a stop; on return every process knows. False if nothing was stopped."""
        async with self._reading() as connection:
            was_stopped = await switches.resume(connection, kind, name)
        if was_stopped:
            _log.warning("resumed", kind=kind, name=name, by=by, reason=reason)
            await self._wait_until_known()
        return was_stopped

    async def _wait_until_known(self) -> None:
        # It is in the table: the watch finds it when the database is back.
        with suppress(Unavailable):
            await self.refresh()
        await asyncio.sleep(SWITCH_S)
