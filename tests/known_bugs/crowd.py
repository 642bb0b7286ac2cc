"""A crowd: a ledger with so many wallets that a read without its index is felt, made by SQL."""

from typing import Any, Final

from ledger.core import wire
from ledger.core.flows.control import WalletFrozen
from ledger.core.instants import DAY_US
from ledger.core.purchases import Order, RechargeGoods
from ledger.core.wallet import Wallet

WALLETS: Final = 50_000
LONG_EVENTS: Final = 10_000
ORDERS: Final = 20_000
LONG_ORDERS: Final = 2_000
SHARD: Final = 1
LONG: Final = "long"
"""One wallet of SHARD with as many events and orders of its own."""

BIG: Final = ("wallets", "events", "documents", "requests")

_WALLETS = """
INSERT INTO wallets (shard, wallet, seq, state, currencies, available, held, due_at, events)
SELECT n % 2, 'w' || n, n, replace($1, 'NAME', 'w' || n), '{1001}', '{100}', '{0}',
    CASE WHEN n % 50 = 0 THEN now() + (n - 49000) * INTERVAL '1 second' END, 1
FROM generate_series(1, $2::integer) AS n
"""
_EVENTS = """
INSERT INTO events
SELECT $5::smallint, n + $4::bigint, $1, 'wallet_frozen_v1', now() - (60000 - n) * INTERVAL '1 s',
    now() - (60000 - n) * INTERVAL '1 s', current_date, 'app', sha256(n::text::bytea), '{}', $2,
    '{110,111}', '{1001,1001}', '{5,-5}'
FROM generate_series(1, $3::integer) AS n
"""
_REQUESTS = """
INSERT INTO requests
SELECT n % 2, 'w' || n, 'app', sha256(n::text::bytea), n FROM generate_series(1, $1::integer) AS n
"""
_ORDERS = """
INSERT INTO documents
SELECT $4::smallint, $1 || CASE WHEN $1 = 'w' THEN n::text ELSE '' END, 'order',
    lpad(to_hex($4::integer), 2, '0') || md5($1 || n), n, $2
FROM generate_series(1, $3::integer) AS n
"""


async def gather_crowd(owner: Any) -> None:
    """Fill an empty ledger. What stands in it is well-formed, though no log tells of it."""
    state = wire.encode(Wallet("NAME")).decode()
    await owner.execute(_WALLETS, state, WALLETS)
    await owner.execute(
        "INSERT INTO wallets VALUES ($1, $2, $3, $4, '{1001}', '{100}', '{0}')",
        SHARD,
        LONG,
        WALLETS + LONG_EVENTS,
        wire.encode(Wallet(LONG)).decode(),
    )
    payload = wire.encode(WalletFrozen()).decode()
    await owner.execute(_EVENTS, "w1", payload, WALLETS, 0, SHARD)
    await owner.execute(_EVENTS, LONG, payload, LONG_EVENTS, WALLETS, SHARD)
    await owner.execute(_REQUESTS, WALLETS)
    order = Order("id", RechargeGoods(1001, 10_000, 10), 1_000, 57, 600, "sandbox", 2, 0, DAY_US)
    document = wire.encode(order).decode()
    await owner.execute(_ORDERS, "w", document, ORDERS, SHARD)
    await owner.execute(_ORDERS, LONG, document, LONG_ORDERS, SHARD)
