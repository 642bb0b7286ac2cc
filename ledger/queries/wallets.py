"""Wallets: what they hold, now or at an instant of the past, and single things of them by id."""

import asyncpg
from msgspec import Struct

from ledger.core.batch import Snapshot, dues
from ledger.core.decider import evolve
from ledger.core.entries import documents_after
from ledger.core.instants import INSTANT_MAX, Instant
from ledger.core.wallet import Charge, ClosedHold, Document, Hold, Transfer, Wallet
from ledger.engine.commit import Unavailable
from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import history, reads
from ledger.store.pool import Connection


class WalletView(Struct, frozen=True):
    """A wallet with its dues applied in memory; `seq` is its last recorded event."""

    wallet: Wallet
    seq: int
    as_of: Instant


class YetToComeError(Exception):
    """The instant asked for is after now."""

    def __init__(self, now: Instant) -> None:
        super().__init__(now)
        self.now = now


class Wallets:
    """What one process reads of wallets. Whatever it reads raises Unavailable in an outage."""

    def __init__(self, reading: Reading, shards: int) -> None:
        self._reading, self._shards = reading, shards

    async def read(self, wallet_id: str) -> WalletView:
        """The wallet now; one never seen is empty, with seq 0."""
        shard = shard_of(wallet_id, self._shards)
        async with self._reading() as connection:
            snapshot = await reads.load_wallet(connection, shard, wallet_id)
        return _view(snapshot, wallet_id)

    async def read_at(self, wallet_id: str, at: Instant) -> WalletView:
        """The wallet as it was at an instant; empty, with seq 0, before its first event.

        It is what was recorded by then, with what had fallen due by then. Raises YetToComeError
        for an instant after now.
        """
        shard = shard_of(wallet_id, self._shards)
        async with self._reading() as connection:
            recorded_at, now = await history.read_shard_clock(connection, shard)
            if at > min(now, INSTANT_MAX):
                raise YetToComeError(now)
            if at >= recorded_at:
                # A batch on its way may have read the clock before that instant.
                await _wait_for_batch(connection, shard)
            wallet, seq = await history.load_snapshot(connection, shard, wallet_id, at)
            async for last_seq, event in history.stream_past(connection, shard, wallet_id, seq, at):
                wallet, seq = evolve(wallet, event), last_seq
        for _, event in dues(wallet, at):
            wallet = evolve(wallet, event)
        return WalletView(wallet, seq, at)

    async def read_hold(self, wallet_id: str, hold_id: str) -> Hold | ClosedHold | None:
        """The open or closed hold of this id; one that fell due by now is expired."""
        snapshot = await self._load_document(wallet_id, "hold", hold_id)
        view = _view(snapshot, wallet_id)
        closed = snapshot.documents.get((wallet_id, "hold", hold_id))
        return closed if isinstance(closed, ClosedHold) else view.wallet.hold(hold_id)

    async def read_charge(self, wallet_id: str, charge_id: str) -> Charge | None:
        """The charge of this id, with what was refunded of it."""
        charge = await self._read_document(wallet_id, "charge", charge_id)
        return charge if isinstance(charge, Charge) else None

    async def read_transfer(self, wallet_id: str, transfer_id: str) -> Transfer | None:
        """The transfer of this id that the wallet sent, in transit or done."""
        transfer = await self._read_document(wallet_id, "transfer", transfer_id)
        return transfer if isinstance(transfer, Transfer) else None

    async def _read_document(self, wallet_id: str, kind: str, name: str) -> Document | None:
        snapshot = await self._load_document(wallet_id, kind, name)
        return snapshot.documents.get((wallet_id, kind, name))

    async def _load_document(self, wallet_id: str, kind: str, name: str) -> Snapshot:
        shard = shard_of(wallet_id, self._shards)
        async with self._reading() as connection:
            return await reads.load_document(connection, shard, wallet_id, kind, name)


def _view(snapshot: Snapshot, wallet_id: str) -> WalletView:
    """Apply in memory what has fallen due; writes nothing but the snapshot."""
    now = min(snapshot.head.now, INSTANT_MAX)
    wallet = snapshot.wallets.get(wallet_id) or Wallet(wallet_id)
    for instant, event in dues(wallet, now):
        for ref, document in documents_after(wallet, event, instant):
            snapshot.documents[wallet_id, *ref] = document
        wallet = evolve(wallet, event)
    snapshot.wallets[wallet_id] = wallet
    return WalletView(wallet, snapshot.seqs.get(wallet_id, 0), now)


async def _wait_for_batch(connection: Connection, shard: int) -> None:
    try:
        await history.settle_shard(connection, shard)
    except asyncpg.LockNotAvailableError as error:
        raise Unavailable("busy") from error
