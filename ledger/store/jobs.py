"""The work that jobs find in the database, and the leases by which one process does each."""

from msgspec import Struct

from ledger.core import wire
from ledger.core.instants import Instant, to_datetime, to_instant
from ledger.core.wallet import Wallet
from ledger.store.pool import Connection
from ledger.store.sql import statement


class Backlog(Struct, frozen=True):
    """A shard's dues at `now`, the service's clock: since when the oldest waits, if any does.

    Wallets in quarantine are counted, and aside from that left out.
    """

    now: Instant
    oldest_due_at: Instant | None
    quarantined: int


class Unsent(Struct, frozen=True):
    """A wallet with something to be sent on, as it was last recorded, and since when it waits."""

    wallet: Wallet
    since: Instant


async def take_lease(connection: Connection, job: str, owner: str, lasts_s: int) -> bool:
    """Take a job's lease, or keep it for so long from now; False while it is another's."""
    taken = await connection.fetchval(statement("take_lease"), job, owner, lasts_s)
    return taken is not None


async def release_lease(connection: Connection, job: str, owner: str) -> None:
    """Give a lease back, if it is this owner's."""
    await connection.execute(statement("release_lease"), job, owner)


async def read_backlog(connection: Connection, shard: int) -> Backlog:
    """What a sweep of the shard has before it."""
    row = await connection.fetchrow(statement("backlog"), shard)
    assert row is not None, shard
    return Backlog(row["now_us"], row["oldest_due_us"], row["quarantined"])


async def find_due(connection: Connection, shard: int, now: Instant, limit: int) -> list[str]:
    """Wallets with something due by `now`, oldest first; none that is in quarantine."""
    return await _wallets(connection, "find_due", shard, now, limit)


async def find_retries(connection: Connection, shard: int, now: Instant, limit: int) -> list[str]:
    """Wallets in quarantine that are to be tried again by `now`."""
    return await _wallets(connection, "find_retries", shard, now, limit)


async def find_unsent(
    connection: Connection, shard: int, before: Instant, limit: int, after: Unsent | None = None
) -> list[Unsent]:
    """Wallets with an open transfer or refund that waits since `before`, the longest first.

    A page of them: those after `after`, which was the last of the page before.
    """
    since, wallet_id = (0, "") if after is None else (after.since, after.wallet.wallet_id)
    rows = await connection.fetch(
        statement("find_unsent"), shard, before, to_datetime(since), wallet_id, limit
    )
    return [
        Unsent(wire.decode_wallet(row["state"]), to_instant(row["unsent_since"])) for row in rows
    ]


async def count_due(connection: Connection, now: Instant) -> int:
    """How many wallets of all shards have something due by `now`."""
    count: int = await connection.fetchval(statement("count_due"), now)
    return count


async def _wallets(
    connection: Connection, name: str, shard: int, until: Instant, limit: int
) -> list[str]:
    rows = await connection.fetch(statement(name), shard, until, limit)
    return [row["wallet"] for row in rows]
