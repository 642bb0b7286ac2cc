"""Texts: the free text that came with requests, kept beside the log so that it can be erased."""

from ledger.store.pool import Connection
from ledger.store.sql import statement


async def erase(connection: Connection, shard: int, wallet_id: str) -> int:
    """Delete a wallet's texts, and say how many there were."""
    count: int = await connection.fetchval(statement("erase_texts"), shard, wallet_id)
    return count
