"""The composition root: what the edges call, put together from engine, store and catalogue."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ledger.catalog import Catalogue, load_catalogue
from ledger.channels import REGISTRY
from ledger.channels.contract import Channel, NotAuthentic, Payment, Reply
from ledger.channels.sandbox import MERCHANT, Notification, Sandbox
from ledger.core.batch import Done, Snapshot, dues
from ledger.core.decider import Command, evolve
from ledger.core.entries import documents_after
from ledger.core.flows.order import SettlePayment, shard_of_order
from ledger.core.instants import INSTANT_MAX, Instant, shanghai_day
from ledger.core.purchases import Order
from ledger.core.rejections import Rejection
from ledger.core.terms import Terms
from ledger.core.wallet import Charge, ClosedHold, Hold, Wallet
from ledger.engine import CommandFailed, Engine, Unavailable
from ledger.engine.clock import ClockError, advance_clock, set_clock
from ledger.engine.lane import shard_of
from ledger.finance.trial_balance import TrialBalanceRow
from ledger.settings import Settings
from ledger.store import keys, reads
from ledger.store.pool import Connection, Pool, create_pool, is_outage
from ledger.store.schema import LedgerFacts, SchemaError, read_durability, read_facts

KEY_CACHE_S: Final = 1.0
"""For how long a key is believed without asking: a revoked key is dead everywhere after this."""

READ_CONNECTIONS: Final = 4

SCOPES: Final = frozenset(
    {
        "wallet:read",
        "debit:write",
        "credit:write",
        "order:write",
        "finance:read",
        "admin:write",
        "admin:approve",
    }
)
"""What a key may allow."""


class Caller(Struct, frozen=True):
    """Who calls, and what they may do."""

    name: str
    scopes: frozenset[str]


class WalletView(Struct, frozen=True):
    """A wallet with its dues applied in memory; `seq` is its last recorded event."""

    wallet: Wallet
    seq: int
    as_of: Instant


class UnknownChannel(Exception):  # noqa: N818 - what the caller named
    """There is no such channel here."""


class NotASandboxOrder(Exception):  # noqa: N818 - what the caller named
    """The order is to be paid at another channel."""


class Ledger:
    """One process's service. Made by `open_ledger`, inside the loop that it serves in."""

    def __init__(
        self,
        settings: Settings,
        facts: LedgerFacts,
        catalogue: Catalogue,
        pools: tuple[Pool, Pool],
        secrets: Mapping[str, bytes],
    ) -> None:
        self.settings = settings
        self.facts = facts
        self.catalogue = catalogue
        self.draining = False
        self._engine_pool, self._read_pool = pools
        self._engine = Engine(self._engine_pool, facts.shards, catalogue.at)
        self._pepper = secrets["api-key-pepper"]
        self._sandbox = Sandbox(secrets["sandbox-signing"])
        self._channels: dict[str, Channel] = {
            name: make(secrets[f"{name}-signing"]) for name, make in REGISTRY.items()
        }
        self._callers: dict[str, tuple[float, Caller]] = {}
        self._refreshing: dict[str, asyncio.Task[None]] = {}
        self._clock_ahead_us = 0

    def terms(self) -> Terms:
        """The catalogue now, by the clock as this process last read it."""
        return self.catalogue.at(time.time_ns() // 1000 + self._clock_ahead_us)

    async def submit(self, caller: str, key: str, command: Command) -> Done:
        """Have a command decided and made durable. Raises Unavailable or CommandFailed."""
        return await self._engine.submit(caller, key, command)

    async def submit_many(
        self, caller: str, requests: Sequence[tuple[str, Command]]
    ) -> list[Done | Unavailable | CommandFailed]:
        """Many commands, each standing alone; answers in their order."""
        return await self._engine.submit_many(caller, requests)

    async def read_wallet(self, wallet_id: str) -> WalletView:
        """The wallet now; one never seen is empty, with seq 0."""
        shard = shard_of(wallet_id, self.facts.shards)
        async with self._reading() as connection:
            snapshot = await reads.load_wallet(connection, shard, wallet_id)
        return self._view(snapshot, wallet_id)

    async def read_hold(self, wallet_id: str, hold_id: str) -> Hold | ClosedHold | None:
        """The open or closed hold of this id; one that fell due by now is expired."""
        shard = shard_of(wallet_id, self.facts.shards)
        async with self._reading() as connection:
            snapshot = await reads.load_document(connection, shard, wallet_id, "hold", hold_id)
        self._view(snapshot, wallet_id)
        found = snapshot.documents.get((wallet_id, "hold", hold_id))
        if isinstance(found, ClosedHold):
            return found
        return snapshot.wallets[wallet_id].hold(hold_id)

    async def read_charge(self, wallet_id: str, charge_id: str) -> Charge | None:
        """The charge of this id, with what was refunded of it."""
        shard = shard_of(wallet_id, self.facts.shards)
        async with self._reading() as connection:
            snapshot = await reads.load_document(connection, shard, wallet_id, "charge", charge_id)
        found = snapshot.documents.get((wallet_id, "charge", charge_id))
        return found if isinstance(found, Charge) else None

    async def find_order(self, order_id: str) -> tuple[str, Order] | None:
        """The wallet that opened an order, and the order; past its time it reads as closed."""
        shard = shard_of_order(order_id)
        if shard is None or shard >= self.facts.shards:
            return None
        async with self._reading() as connection:
            found = await reads.find_order(connection, shard, order_id)
            now = await self._read_clock(connection)
        if found is None:
            return None
        wallet_id, order = found
        if order.status == "pending" and order.expires_at <= now:
            order = replace(order, status="closed")
        return wallet_id, order

    async def trial_balance(self, day: int | None, currency: int | None) -> list[TrialBalanceRow]:
        """All accounts on a day (days since 1970-01-01; today in Shanghai by default)."""
        async with self._reading() as connection:
            if day is None:
                day = shanghai_day(await self._read_clock(connection))
            return await reads.load_trial_balance(connection, day, currency)

    def cached_caller(self, token: str) -> Caller | None:
        """The caller of a key that was checked within the last second."""
        # By the key itself, which every request brings anyway: a digest costs ten look-ups.
        found = self._callers.get(token)
        if found is None:
            return None
        left_s = found[0] - time.monotonic()
        if left_s <= 0:
            return None
        if left_s < KEY_CACHE_S / 2 and token not in self._refreshing:
            # One request in good time: else all that come when it lapses ask the database at once.
            self._refreshing[token] = asyncio.create_task(self._refresh(token))
        return found[1]

    async def _refresh(self, token: str) -> None:
        try:
            await self.authenticate(token)
        except Unavailable:
            return  # it lapses by itself, and whoever comes then is told
        finally:
            del self._refreshing[token]

    async def authenticate(self, token: str) -> Caller | None:
        """The caller of a key in force; None for any other."""
        digest = digest_key(self._pepper, token)
        # Counted from before the question: an answer that comes late is not believed for longer.
        until = time.monotonic() + KEY_CACHE_S
        async with self._reading() as connection:
            found = await keys.find_key(connection, digest)
        if found is None:
            self._callers.pop(token, None)
            return None
        caller = Caller(found[0], frozenset(found[1]))
        self._callers[token] = (until, caller)
        return caller

    async def notify(self, channel: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Credit what an authentic notification says was paid, exactly once, then acknowledge.

        Raises UnknownChannel, or Unavailable: then the channel will send it again.
        """
        protocol = self._channels.get(channel)
        if protocol is None or channel not in self.terms().channels:
            raise UnknownChannel(channel)
        try:
            payment = protocol.verify(headers, body, int(time.time()))
        except NotAuthentic as forged:
            return protocol.refuse(str(forged))
        return await self._settle(channel, protocol, payment)

    async def _settle(self, name: str, protocol: Channel, payment: Payment) -> Reply:
        found = await self.find_order(payment.order_id)
        if found is None or found[1].channel != name:
            return protocol.refuse("there is no such order at this channel")
        wallet_id, _ = found
        command = SettlePayment(wallet_id, payment.order_id, payment.payment_id, payment.amount_fen)
        # The channel's own number is the key: credited once, whatever it sends again.
        done = await self.submit(f"channel:{name}", payment.payment_id, command)
        if isinstance(done.answer, Rejection):
            return protocol.refuse(done.answer.reason.value)
        return protocol.acknowledge()

    async def sandbox_pay(self, order_id: str) -> tuple[str, Order] | None:
        """Have the sandbox send itself a signed notification; None if there is no such order."""
        found = await self.find_order(order_id)
        if found is None:
            return None
        _, order = found
        if order.channel != "sandbox":
            raise NotASandboxOrder(order.channel)
        notification = Notification(
            "payment.succeeded", MERCHANT, order_id, f"sandbox-{order_id}", order.price_fen
        )
        headers, body = self._sandbox.sign(notification, int(time.time()), order_id)
        await self.notify("sandbox", headers, body)
        return await self.find_order(order_id)

    async def move_clock(
        self, *, advance_us: int | None = None, to: Instant | None = None
    ) -> Instant:
        """Move the development clock forward. Raises ClockError."""
        if not self.facts.development:
            raise ClockError("only a development ledger has a clock that moves")
        async with self._reading() as connection:
            if to is not None:
                now = await set_clock(connection, to)
            else:
                now = await advance_clock(connection, advance_us or 0)
            self._clock_ahead_us = now - time.time_ns() // 1000
        return now

    async def is_ready(self) -> str | None:
        """None when commands can be served; else why not."""
        if self.draining:
            return "shutting-down"
        try:
            async with self._reading() as connection:
                await self._read_clock(connection)
        except Unavailable as away:
            return away.reason
        return None

    async def close(self) -> None:
        """Answer what is queued, then let go of the database."""
        self.draining = True
        await self._engine.close()
        await asyncio.gather(*self._refreshing.values(), return_exceptions=True)
        for pool in (self._engine_pool, self._read_pool):
            pool.terminate()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        try:
            async with self._read_pool.acquire(timeout=5) as connection:
                yield connection
        except Exception as error:
            if is_outage(error):
                raise Unavailable("database-unavailable") from error
            raise

    async def _read_clock(self, connection: Connection) -> Instant:
        now = await reads.read_clock(connection)
        self._clock_ahead_us = now - time.time_ns() // 1000
        return now

    def _view(self, snapshot: Snapshot, wallet_id: str) -> WalletView:
        """Apply in memory what has fallen due; writes nothing but the snapshot."""
        now = min(snapshot.head.now, INSTANT_MAX)
        wallet = snapshot.wallets.get(wallet_id) or Wallet(wallet_id)
        for instant, event in dues(wallet, now):
            for ref, document in documents_after(wallet, event, instant):
                snapshot.documents[wallet_id, *ref] = document
            wallet = evolve(wallet, event)
        snapshot.wallets[wallet_id] = wallet
        return WalletView(wallet, snapshot.seqs.get(wallet_id, 0), now)


def digest_key(pepper: bytes, token: str) -> bytes:
    """What is kept of an API key: a keyed hash, quick to compute and useless to a thief."""
    return hmac.digest(pepper, token.encode("utf-8", "surrogatepass"), sha256)


async def open_ledger(settings: Settings) -> Ledger:
    """Connect, check the schema and the server's settings, and start the lanes.

    Raises SchemaError where the database is not one to run on.
    """
    if settings.database_url is None:
        raise SchemaError("LEDGER_DATABASE_URL is not set, and no embedded Postgres is running")
    read_pool = await create_pool(settings.database_url, size=READ_CONNECTIONS)
    try:
        async with read_pool.acquire() as connection:
            facts = await read_facts(connection)
            if not facts.development:
                await read_durability(connection)
            secrets = {
                name: await keys.read_secret(connection, name)
                for name in ("api-key-pepper", "sandbox-signing")
            }
        engine_pool = await create_pool(settings.database_url, size=facts.shards, engine=True)
    except BaseException:
        read_pool.terminate()
        raise
    # Whoever pays in the sandbox pays nothing: in production it does not exist.
    catalogue = load_catalogue(without=() if facts.development else ("sandbox",))
    return Ledger(settings, facts, catalogue, (engine_pool, read_pool), secrets)
