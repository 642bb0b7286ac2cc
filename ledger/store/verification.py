"""What an audit reads: the log and everything derived from it, streamed from one snapshot."""

from collections.abc import AsyncIterator
from typing import Any

from ledger.core.chain import Block, Record, Tree, split_frontier
from ledger.core.decider import DocumentRef
from ledger.core.verification import StoredWallet
from ledger.store.pool import Connection
from ledger.store.sql import statement

_PREFETCH = 2_000


async def begin_snapshot(connection: Connection) -> None:
    """Everything read after this is of one moment; nothing waits for it."""
    await connection.execute(statement("begin_snapshot"))


async def count_events(connection: Connection) -> int:
    """How many events the log holds, for a progress bar."""
    count: int = await connection.fetchval(statement("count_events"))
    return count


async def stream_events(connection: Connection, shard: int) -> AsyncIterator[Record]:
    """A shard's log in seq order."""
    async for row in connection.cursor(statement("verify_events"), shard, prefetch=_PREFETCH):
        yield _record(row)


def _record(row: Any) -> Record:  # noqa: ANN401 - a row of the driver's
    return Record(
        shard=row["shard"],
        seq=row["seq"],
        wallet_id=row["wallet"],
        tag=row["tag"],
        occurred_at=row["occurred_us"],
        recorded_at=row["recorded_us"],
        day=row["day"],
        caller=row["caller"],
        key_hash=row["key_hash"],
        command=row["command"].encode(),
        payload=row["payload"].encode(),
        legs=tuple(zip(row["accounts"], row["currencies"], row["amounts"], strict=True)),
    )


async def stream_blocks(connection: Connection, shard: int) -> AsyncIterator[Block]:
    """A shard's blocks in seq order."""
    async for row in connection.cursor(statement("verify_blocks"), shard, prefetch=_PREFETCH):
        yield Block(
            shard,
            row["first_seq"],
            row["last_seq"],
            row["recorded_us"],
            row["root"],
            row["hash"],
        )


async def read_head(connection: Connection, shard: int) -> tuple[int, Tree]:
    """The seq and tree that a shard's head states."""
    row = await connection.fetchrow(statement("verify_head"), shard)
    assert row is not None, shard
    return row["seq"], Tree(row["tree_size"], split_frontier(row["frontier"]))


async def stream_wallets(connection: Connection, shard: int) -> AsyncIterator[StoredWallet]:
    """A shard's stored wallets."""
    async for row in connection.cursor(statement("verify_wallets"), shard, prefetch=_PREFETCH):
        parts = zip(row["available"], row["held"], strict=True)
        yield StoredWallet(
            row["wallet"],
            row["seq"],
            row["state"].encode(),
            dict(zip(row["currencies"], parts, strict=True)),
            row["events"],
        )


async def stream_snapshots(
    connection: Connection, shard: int
) -> AsyncIterator[tuple[str, int, bytes]]:
    """A shard's snapshots as (wallet, seq, state), in seq order."""
    async for row in connection.cursor(statement("verify_snapshots"), shard, prefetch=_PREFETCH):
        yield row["wallet"], row["seq"], row["state"].encode()


async def stream_documents(
    connection: Connection, shard: int
) -> AsyncIterator[tuple[str, DocumentRef, bytes]]:
    """A shard's stored documents."""
    async for row in connection.cursor(statement("verify_documents"), shard, prefetch=_PREFETCH):
        yield row["wallet"], (row["kind"], row["id"]), row["state"].encode()


async def stream_totals(
    connection: Connection, shard: int
) -> AsyncIterator[tuple[tuple[int, int, int], int, int]]:
    """A shard's stored totals by (day, account, currency)."""
    async for row in connection.cursor(statement("verify_totals"), shard, prefetch=_PREFETCH):
        key = (row["day"], row["account"], row["currency"])
        yield key, int(row["debit"]), int(row["credit"])


async def stray_requests(connection: Connection, shard: int) -> list[tuple[str, str, str]]:
    """Requests and the log's keys that do not belong together: (wallet, caller, problem)."""
    rows = await connection.fetch(statement("verify_requests"), shard)
    return [(row["wallet"], row["caller"], row["problem"]) for row in rows]
