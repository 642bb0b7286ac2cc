"""A lease says which process does one job of one shard; a row, so that poolers do no harm."""

from time import monotonic
from typing import Final

from ledger.service import Ledger
from ledger.store.jobs import release_lease, take_lease

LEASE_S: Final = 15
"""Seconds after which a lease that its owner did not renew may be taken by any process."""

RENEW_S: Final = 5.0
"""How often the owner renews a lease at most: two renewals may fail before it is lost."""


class Lease:
    """One job's lease as this process sees it; no harm is done if two believe that they hold it."""

    def __init__(self, ledger: Ledger, name: str, owner: str) -> None:
        self._ledger, self._name, self._owner = ledger, name, owner
        self._held_at: float | None = None

    async def hold(self) -> bool:
        """Take the lease or keep it; False while it is another's. Raises Unavailable."""
        if self._held_at is not None and monotonic() - self._held_at < RENEW_S:
            return True
        # Counted from before the query, so that it never lasts longer here than in the database.
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
