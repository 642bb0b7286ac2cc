"""Opening balances as earlier imports brought them."""

from collections.abc import Sequence

from msgspec import Struct

from ledger.core import wire
from ledger.core.flows.opening import OpeningImported
from ledger.store.pool import Connection
from ledger.store.sql import statement


class Opening(Struct, frozen=True):
    """One import into one wallet: the hash of its key, its canonical command, its event."""

    key_hash: bytes
    command: bytes
    event: OpeningImported


async def find_openings(
    connection: Connection, shard: int, wallet_ids: Sequence[str], caller: str
) -> dict[str, list[Opening]]:
    """What a caller imported into these wallets of a shard; a wallet without any is not there."""
    openings: dict[str, list[Opening]] = {}
    rows = await connection.fetch(statement("find_openings"), shard, list(wallet_ids), caller)
    for row in rows:
        event = wire.decode_event(row["payload"])
        if isinstance(event, OpeningImported):
            opening = Opening(row["key_hash"], row["command"].encode(), event)
            openings.setdefault(row["wallet"], []).append(opening)
    return openings
