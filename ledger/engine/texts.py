"""Texts: the free text of requests, the only thing of a request that can be erased."""

from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import texts


class Texts:
    """Free text about wallets; the log has only salted digests of it."""

    def __init__(self, reading: Reading, shards: int) -> None:
        self._reading, self._shards = reading, shards

    async def erase(self, wallet_id: str) -> int:
        """Delete all that came with a wallet's requests, and say how many texts there were.

        The log is not touched. Raises Unavailable.
        """
        async with self._reading() as connection:
            return await texts.erase(connection, shard_of(wallet_id, self._shards), wallet_id)
