"""Callers as a process knows them, by a clock that moves when told."""

import pytest

from ledger.access.callers import Callers
from ledger.service import Ledger
from ledger.store.keys import read_secret


class Clock:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """The clock of `callers`."""
    return Clock()


@pytest.fixture
async def callers(ledger: Ledger, clock: Clock) -> Callers:
    """Callers of the ledger, by a clock that moves when told."""
    async with ledger.reading() as connection:
        pepper = await read_secret(connection, "api-key-pepper")
    return Callers(pepper, ledger.reading, clock)
