"""What was recorded of a wallet: its past states, its events newest first, its orders."""

from collections.abc import AsyncIterator
from typing import Final

from msgspec import Struct

from ledger.core import wire
from ledger.core.decider import Event
from ledger.core.instants import Instant, to_datetime
from ledger.core.journal import Legs
from ledger.core.purchases import Order
from ledger.core.wallet import Wallet
from ledger.store.pool import Connection
from ledger.store.sql import statement

CHUNK: Final = 128
"""How many events are read at once: few enough that a past just after a snapshot is cheap."""

NO_SEQ_IS_HIGHER: Final = 2**63 - 1

_NO_ORDER_IS_LATER: Final = "g"
"""Order ids are of [0-9a-f]."""


class Recorded(Struct, frozen=True):
    """An event of a wallet as a reader of its history meets it; `reason` is its free text.

    `caller` is empty for what fell due by itself.
    """

    seq: int
    occurred_at: Instant
    recorded_at: Instant
    event: Event
    legs: Legs
    caller: str
    reason: str | None


async def read_shard_clock(connection: Connection, shard: int) -> tuple[Instant, Instant]:
    """When the shard recorded last, and the service's clock, which is never before that."""
    row = await connection.fetchrow(statement("shard_clock"), shard)
    assert row is not None, shard
    return row["recorded_us"], row["now_us"]


async def settle_shard(connection: Connection, shard: int) -> None:
    """Wait for the batch under way: whoever reads after this sees all that it recorded."""
    await connection.execute(statement("settle_shard"), shard)


async def load_snapshot(
    connection: Connection, shard: int, wallet_id: str, at: Instant
) -> tuple[Wallet, int]:
    """The wallet after its newest snapshot by `at`, and that one's seq; empty and 0 without one."""
    row = await connection.fetchrow(statement("past_snapshot"), shard, wallet_id, to_datetime(at))
    if row is None:
        return Wallet(wallet_id), 0
    return wire.decode_wallet(row["state"]), row["seq"]


async def stream_past(
    connection: Connection, shard: int, wallet_id: str, after_seq: int, at: Instant
) -> AsyncIterator[tuple[int, Event]]:
    """The wallet's events after a seq that were recorded by `at`, each with its seq."""
    until, seq, more = to_datetime(at), after_seq, True
    while more:
        rows = await connection.fetch(statement("past_events"), shard, wallet_id, seq, until, CHUNK)
        for row in rows:
            seq = row["seq"]
            yield seq, wire.decode_event(row["payload"])
        more = len(rows) == CHUNK


async def load_entries(
    connection: Connection, shard: int, wallet_id: str, before_seq: int, limit: int
) -> tuple[dict[int, int], list[Recorded]]:
    """What is available now by currency, and the events before a seq, newest first."""
    rows = await connection.fetch(statement("entries"), shard, wallet_id, before_seq, limit)
    if not rows:
        return {}, []
    now = dict(zip(rows[0]["currencies_now"], rows[0]["available_now"], strict=True))
    return now, [
        Recorded(
            seq=row["seq"],
            occurred_at=row["occurred_us"],
            recorded_at=row["recorded_us"],
            event=wire.decode_event(row["payload"]),
            legs=tuple(zip(row["accounts"], row["currencies"], row["amounts"], strict=True)),
            caller=row["caller"],
            reason=row["reason"],
        )
        for row in rows
    ]


async def load_orders(
    connection: Connection, shard: int, wallet_id: str, before_id: str | None, limit: int
) -> list[Order]:
    """The wallet's orders before an id as they were last recorded, newest first."""
    before = _NO_ORDER_IS_LATER if before_id is None else before_id
    rows = await connection.fetch(statement("wallet_orders"), shard, wallet_id, before, limit)
    return [_order(row["state"]) for row in rows]


def _order(state: str) -> Order:
    order = wire.decode_document(state)
    assert isinstance(order, Order), state
    return order
