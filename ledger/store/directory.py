"""The directory: whose a hold, lot, payment number or reference is; derived from the log."""

from typing import Literal

from msgspec import Struct

from ledger.store.pool import Connection
from ledger.store.sql import statement

NameKind = Literal[
    "wallet", "order", "refund", "charge", "payment", "hold", "transfer", "lot", "reference"
]
"""What a name may be of. A payment is known by the channel's own number, as is its reversal."""


class Place(Struct, frozen=True):
    """How far the directory is in a shard, whose log ends at `head`."""

    shard: int
    seq: int
    head: int
    has_begun: bool


class Found(Struct, frozen=True):
    """Whose a name is; `seq` is of an event of that wallet which tells of it."""

    kind: NameKind
    wallet_id: str
    seq: int


class Whereabouts(Struct, frozen=True):
    """Where a name would be if it says so itself: shards, and a seq of a charge; None if not."""

    wallet_shard: int
    order_shard: int | None
    charge: tuple[int, int] | None


async def load_places(connection: Connection, shard: int | None = None) -> list[Place]:
    """How far the directory is in a shard, or in every one."""
    rows = await connection.fetch(statement("directory_places"), shard)
    return [Place(row["shard"], row["seq"], row["head"], row["has_begun"]) for row in rows]


async def begin(connection: Connection, shard: int) -> None:
    """Let the directory begin with a shard's first event, unless it has begun."""
    await connection.execute(statement("begin_directory"), shard)


async def fill(connection: Connection, shard: int, events_max: int) -> int:
    """Enter what the next events of a shard name; says how many events these were."""
    return await connection.fetchval(statement("fill_directory"), shard, events_max) or 0


async def empty(connection: Connection) -> None:
    """Forget all of it, so that it is filled from every shard's first event again."""
    async with connection.transaction():
        await connection.execute(statement("restart_directory"))
        await connection.execute(statement("empty_directory"))


async def find(
    connection: Connection, name: str, whereabouts: Whereabouts, limit: int
) -> list[Found]:
    """What goes by a name, at most so many."""
    charge_shard, charge_seq = whereabouts.charge or (None, None)
    rows = await connection.fetch(
        statement("find"),
        name,
        whereabouts.wallet_shard,
        whereabouts.order_shard,
        charge_shard,
        charge_seq,
        limit,
    )
    return [Found(row["kind"], row["wallet"], row["seq"]) for row in rows]
