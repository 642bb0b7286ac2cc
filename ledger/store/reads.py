"""Reads: one function a query; none of them writes."""

from ledger.core import wire
from ledger.core.batch import Outcome, RequestKey, Snapshot
from ledger.core.instants import Instant, day_to_date
from ledger.core.purchases import Order
from ledger.core.wallet import OrderRefund
from ledger.finance.trial_balance import TrialBalanceRow
from ledger.store import journal
from ledger.store.pool import Connection
from ledger.store.sql import statement


async def load_wallet(connection: Connection, shard: int, wallet_id: str) -> Snapshot:
    """The wallet with its last seq, and the shard's clock; dues are not yet applied."""
    wanted = journal.nothing_wanted()
    wanted.wallets[wallet_id] = None
    return await journal.load(connection, shard, wanted)


async def load_document(
    connection: Connection, shard: int, wallet_id: str, kind: str, name: str
) -> Snapshot:
    """The wallet and one of its documents: a closed hold or a charge."""
    wanted = journal.nothing_wanted()
    wanted.wallets[wallet_id] = None
    journal.want_document(wanted, wallet_id, kind, name)
    return await journal.load(connection, shard, wanted)


async def find_order(connection: Connection, shard: int, order_id: str) -> tuple[str, Order] | None:
    """The wallet that opened an order, and the order as it was last recorded."""
    row = await connection.fetchrow(statement("find_order"), shard, order_id)
    if row is None:
        return None
    order = wire.decode_document(row["state"])
    assert isinstance(order, Order), order_id
    return row["wallet"], order


async def find_refund(
    connection: Connection, shard: int, refund_id: str
) -> tuple[str, OrderRefund] | None:
    """The wallet whose order a refund gives back, and the refund as it was last recorded."""
    row = await connection.fetchrow(statement("find_refund"), shard, refund_id)
    if row is None:
        return None
    refund = wire.decode_document(row["state"])
    assert isinstance(refund, OrderRefund), refund_id
    return row["wallet"], refund


async def load_answer(connection: Connection, shard: int, key: RequestKey) -> Outcome | None:
    """What a request came to; None if there was none under this key."""
    wanted = journal.nothing_wanted()
    wanted.requests.append(key)
    remembered = (await journal.load(connection, shard, wanted)).remembered.get(key)
    return None if remembered is None else remembered.outcome


async def read_clock(connection: Connection) -> Instant:
    """The service's clock."""
    now: int = await connection.fetchval(statement("now"))
    return now


async def load_trial_balance(
    connection: Connection, day: int, currency: int | None
) -> list[TrialBalanceRow]:
    """All accounts that ever moved up to a day, given as days since 1970-01-01."""
    rows = await connection.fetch(statement("trial_balance"), day_to_date(day), currency)
    return [
        TrialBalanceRow(
            account=row["account"],
            code=row["code"],
            currency=row["currency"],
            opening=int(row["opening"]),
            debit=int(row["debit"]),
            credit=int(row["credit"]),
            closing=int(row["closing"]),
        )
        for row in rows
    ]


async def try_lock(connection: Connection, shard: int) -> None:
    """Take a shard's lock and give it back. Raises what the database raises where it cannot be."""
    await connection.fetchval(statement("try_lock"), shard)
