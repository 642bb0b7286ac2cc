"""Texts: the free text that came with requests, which is the one thing that can be taken back."""

from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import texts


class Texts:
    """What people wrote about wallets. The log has only salted digests of it."""

    def __init__(self, reading: Reading, shards: int) -> None:
        self._reading, self._shards = reading, shards

    async def erase(self, wallet_id: str) -> int:
        """Delete all that came with a wallet's requests, and say how many texts there were.

        The log is not touched. Raises Unavailable.
        """
        async with self._reading() as connection:
            return await texts.erase(connection, shard_of(wallet_id, self._shards), wallet_id)
