"""A lease: which process does one job of one shard. A row, so that it holds behind any pooler."""

from time import monotonic
from typing import Final

from ledger.service import Ledger
from ledger.store.jobs import release_lease, take_lease

LEASE_S: Final = 15
"""After so long without a word from its owner a lease is anybody's."""

RENEW_S: Final = 5.0
"""The owner says nothing more often than this: two words may be lost."""


class Lease:
    """One job's lease as this process sees it; no harm is done if two believe that they hold it."""

    def __init__(self, ledger: Ledger, name: str, owner: str) -> None:
        self._ledger, self._name, self._owner = ledger, name, owner
        self._held_at: float | None = None

    async def hold(self) -> bool:
        """Take the lease or keep it; False while it is another's. Raises Unavailable."""
        if self._held_at is not None and monotonic() - self._held_at < RENEW_S:
            return True
        # Counted from before the question, so that it never lasts longer here than there.
        asked_at = monotonic()
        self._held_at = None
        async with self._ledger.reading() as connection:
            if await take_lease(connection, self._name, self._owner, LEASE_S):
                self._held_at = asked_at
        return self._held_at is not None

    async def release(self) -> None:
        """Give it back, so that nobody has to wait for its end. Raises Unavailable."""
        async with self._ledger.reading() as connection:
            await release_lease(connection, self._name, self._owner)
        self._held_at = None
