"""Grants counted against their caller's daily cap: a row a request, under the caller's lock."""

from collections.abc import Sequence

from msgspec import Struct

from ledger.store.pool import Connection
from ledger.store.sql import statement


class GrantRequest(Struct, frozen=True):
    """A grant that is asked for.

    `counted_as` is a digest of its key and what it grants: another grant under the same key counts
    by itself, whatever becomes of it.
    """

    shard: int
    wallet_id: str
    key_hash: bytes
    counted_as: bytes
    currency: int
    amount_minor: int


class Counted(Struct, frozen=True):
    """What counts today (days since 1970-01-01, in Shanghai).

    `used` are minor units by currency; `known` and `answered` are places in what was asked: the
    requests that are counted already, and those that have an answer from before.
    """

    day: int
    used: dict[int, int]
    known: frozenset[int]
    answered: frozenset[int]


async def lock_grants(connection: Connection, caller: str) -> None:
    """Wait for the caller's lock; it is kept until the database transaction ends."""
    await connection.execute(statement("lock_grants"), caller)


async def read_grants(
    connection: Connection, caller: str, grants: Sequence[GrantRequest]
) -> Counted:
    """What counts for these grants; true while the caller's lock is held."""
    rows = await connection.fetch(
        statement("read_grants"),
        caller,
        [grant.shard for grant in grants],
        [grant.wallet_id for grant in grants],
        [grant.key_hash for grant in grants],
        [grant.counted_as for grant in grants],
    )
    return Counted(
        day=next(row["number"] for row in rows if row["what"] == "day"),
        used={row["number"]: int(row["used"]) for row in rows if row["what"] == "used"},
        known=frozenset(row["number"] - 1 for row in rows if row["what"] == "counted"),
        answered=frozenset(row["number"] - 1 for row in rows if row["what"] == "answered"),
    )


async def count_grants(
    connection: Connection, caller: str, day: int, grants: Sequence[GrantRequest]
) -> None:
    """Count these grants; one that is counted already stays as it is."""
    await connection.execute(
        statement("count_grants"),
        caller,
        day,
        [grant.wallet_id for grant in grants],
        [grant.counted_as for grant in grants],
        [grant.currency for grant in grants],
        [grant.amount_minor for grant in grants],
    )


async def uncount_grants(
    connection: Connection, caller: str, day: int, grants: Sequence[tuple[GrantRequest, bool]]
) -> None:
    """Take back what was counted for grants that were refused, and for others not in the log."""
    await connection.execute(
        statement("uncount_grants"),
        caller,
        day,
        [grant.shard for grant, _ in grants],
        [grant.wallet_id for grant, _ in grants],
        [grant.key_hash for grant, _ in grants],
        [grant.counted_as for grant, _ in grants],
        [refused for _, refused in grants],
    )
