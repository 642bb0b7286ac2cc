"""Wallets in quarantine: those whose dues raise, left alone until their next try."""

from collections.abc import Collection, Mapping
from typing import Final

from ledger.store.pool import Connection
from ledger.store.sql import statement

KNOWN_MAX: Final = 10_000
"""How many wallets in quarantine a process keeps in mind; the sweeper finds the rest."""

_ERROR_MAX: Final = 500


async def quarantine(connection: Connection, shard: int, errors: Mapping[str, str]) -> None:
    """Put wallets into quarantine, each with what it raised, or put off their next try."""
    texts = [error.replace("\0", "")[:_ERROR_MAX] for error in errors.values()]
    await connection.execute(statement("quarantine"), shard, list(errors), texts)


async def release(connection: Connection, shard: int, wallets: Collection[str]) -> None:
    """Take wallets out of quarantine; nothing happens to those that are not in it."""
    await connection.execute(statement("release_wallets"), shard, list(wallets))


async def list_quarantined(connection: Connection) -> list[tuple[int, str]]:
    """(shard, wallet) of those in quarantine, up to KNOWN_MAX."""
    rows = await connection.fetch(statement("list_quarantined"), KNOWN_MAX)
    return [(row["shard"], row["wallet"]) for row in rows]
