"""Orders and their refunds: found by their ids, and a wallet's orders page by page."""

from msgspec.structs import replace

from ledger.core.ids import shard_of_order
from ledger.core.instants import Instant
from ledger.core.purchases import Order
from ledger.core.wallet import OrderRefund
from ledger.engine.clock import Clock
from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import history, reads


class Orders:
    """What one process reads of orders. Whatever it reads raises Unavailable in an outage."""

    def __init__(self, reading: Reading, clock: Clock, shards: int) -> None:
        self._reading, self._clock, self._shards = reading, clock, shards

    async def find(self, order_id: str) -> tuple[str, Order] | None:
        """The wallet that opened an order, and the order; past its time it reads as closed."""
        shard = self._shard_of(order_id)
        if shard is None:
            return None
        async with self._reading() as connection:
            placed = await reads.find_order(connection, shard, order_id)
            now = await self._clock.read(connection)
        if placed is None:
            return None
        wallet_id, order = placed
        return wallet_id, order_at(order, now)

    async def find_refund(self, refund_id: str) -> tuple[str, OrderRefund] | None:
        """The wallet whose order a refund gives back, and the refund."""
        shard = self._shard_of(refund_id)
        if shard is None:
            return None
        async with self._reading() as connection:
            return await reads.find_refund(connection, shard, refund_id)

    async def list(
        self, wallet_id: str, before_id: str | None, limit: int
    ) -> tuple[list[Order], bool]:
        """A page of the wallet's orders before an id, newest first, and whether there are more."""
        shard = shard_of(wallet_id, self._shards)
        async with self._reading() as connection:
            orders = await history.load_orders(connection, shard, wallet_id, before_id, limit + 1)
            now = await self._clock.read(connection)
        return [order_at(order, now) for order in orders[:limit]], len(orders) > limit

    def _shard_of(self, order_id: str) -> int | None:
        """The shard that the id of an order or a refund names; None for no id of this ledger."""
        shard = shard_of_order(order_id)
        return shard if shard is not None and shard < self._shards else None


def order_at(order: Order, now: Instant) -> Order:
    """The order as it reads now: past its time it is closed, also before that is recorded."""
    if order.status == "pending" and order.expires_at <= now:
        return replace(order, status="closed")
    return order
