"""What an explanation looks up: where lots came from, and what the log has of a charge."""

from collections.abc import Collection, Iterable
from typing import Final

from msgspec import Struct

from ledger.core import wire
from ledger.core.decider import Event
from ledger.core.instants import Instant
from ledger.core.journal import Legs
from ledger.core.purchases import Order
from ledger.store import journal
from ledger.store.pool import Connection
from ledger.store.sql import statement

REFUNDS_WITHIN: Final = 5_000
"""Among how many of a wallet's events after a charge its refunds are looked for."""


class Origin(Struct, frozen=True):
    """The event that made a lot; `caller` is empty for dues, `reason` None without free text."""

    seq: int
    tag: str
    occurred_at: Instant
    caller: str
    reason: str | None


class RecordedCharge(Struct, frozen=True):
    """The event of a charge as it stands in the log; `day` counts from 1970-01-01."""

    seq: int
    occurred_at: Instant
    day: int
    caller: str
    event: Event
    legs: Legs


class RecordedRefund(Struct, frozen=True):
    """A refund of a charge as it stands in the log."""

    seq: int
    occurred_at: Instant
    caller: str
    event: Event
    reason: str | None


class AccountName(Struct, frozen=True):
    """An account as people know it."""

    path: str
    code: str
    name: str


async def load_origins(
    connection: Connection, shard: int, wallet_id: str, lot_ids: Collection[str]
) -> dict[str, Origin]:
    """The origins of a wallet's lots by their ids, as far as the directory is."""
    rows = await connection.fetch(statement("lot_origins"), shard, wallet_id, list(lot_ids))
    return {
        row["lot_id"]: Origin(
            row["seq"], row["tag"], row["occurred_us"], row["caller"], row["reason"]
        )
        for row in rows
    }


async def load_orders(
    connection: Connection, shard: int, wallet_id: str, order_ids: Iterable[str]
) -> dict[str, Order]:
    """A wallet's orders by their ids; those of another system are not there."""
    wanted = journal.nothing_wanted()
    for order_id in order_ids:
        journal.want_document(wanted, wallet_id, "order", order_id)
    documents = (await journal.load(connection, shard, wanted)).documents
    return {
        name: document
        for (_, _, name), document in documents.items()
        if isinstance(document, Order)
    }


async def load_charge(
    connection: Connection, shard: int, wallet_id: str, seq: int
) -> RecordedCharge | None:
    """The wallet's event at a place of its shard, if it has one there."""
    row = await connection.fetchrow(statement("recorded_event"), shard, wallet_id, seq)
    if row is None:
        return None
    return RecordedCharge(
        seq=seq,
        occurred_at=row["occurred_us"],
        day=row["day"],
        caller=row["caller"],
        event=wire.decode_event(row["payload"]),
        legs=tuple(zip(row["accounts"], row["currencies"], row["amounts"], strict=True)),
    )


async def load_refunds(
    connection: Connection, shard: int, wallet_id: str, seq: int, charge_id: str
) -> list[RecordedRefund]:
    """The refunds of the charge at this seq, the first first; not those that came much later."""
    rows = await connection.fetch(
        statement("charge_refunds"), shard, wallet_id, seq, charge_id, REFUNDS_WITHIN
    )
    return [
        RecordedRefund(
            row["seq"],
            row["occurred_us"],
            row["caller"],
            wire.decode_event(row["payload"]),
            row["reason"],
        )
        for row in rows
    ]


async def load_account_names(
    connection: Connection, accounts: Collection[int], day: int
) -> dict[int, AccountName]:
    """Accounts by number, as the general ledger calls them on a day."""
    rows = await connection.fetch(statement("account_names"), list(accounts), day)
    return {row["number"]: AccountName(row["path"], row["code"], row["name"]) for row in rows}
