"""Switches: what operators have stopped."""

from ledger.engine.reading import Reading
from ledger.store import switches
from ledger.store.switches import Switch


class Switches:
    """What one process reads of switches, where the engine's memory of them is not enough."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def list(self) -> list[Switch]:
        """All that is stopped, by kind and name, as the database has it. Raises Unavailable."""
        async with self._reading() as connection:
            return await switches.list_switches(connection)
