"""Callers: found by their keys, cached for a while, and limited in how much they send."""

import asyncio
import hmac
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from time import monotonic
from typing import Final, Literal, get_args

import structlog
from msgspec import Struct

from ledger.access.rates import Buckets, Rate
from ledger.core.instants import Instant, to_instant
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.engine.commit import Unavailable
from ledger.engine.reading import Reading
from ledger.store import callers, keys
from ledger.store.callers import CallerRow
from ledger.store.keys import CallerKind, FoundKey
from ledger.store.switches import caller_exists

_log = structlog.get_logger()

KEY_CACHE_S: Final = 1.0
"""Seconds for which a key is cached: after so long a revoked key works nowhere."""

USES_WRITTEN_EVERY_S: Final = 60.0
"""Seconds between two writings, by one process, of when keys were last used."""

_LAST_WRITE_S: Final = 2.0
"""How many seconds closing waits for the last such writing."""

Scope = Literal[
    "wallet:read",
    "debit:write",
    "credit:write",
    "order:write",
    "finance:read",
    "admin:write",
    "admin:approve",
]
"""A scope: one kind of call that a key may allow."""

SCOPES: Final[frozenset[str]] = frozenset(get_args(Scope))
"""Everything that a key may allow."""

_CERTIFICATE: Final = "\0certificate:"
"""No token has a NUL, so nobody can send a certificate's credential as one."""


class Caller(Struct, frozen=True):
    """Who calls, and what they may do: nothing since `stopped_at`, if operators stopped them.

    `key_id` is the key it calls with; `rate` is None where nothing limits the caller.
    """

    name: str
    scopes: frozenset[str]
    stopped_at: Instant | None = None
    kind: CallerKind = "service"
    key_id: str = ""
    rate: Rate | None = None

    @property
    def is_person(self) -> bool:
        """Whether a human being calls, who answers for what they do.

        The one of a development ledger counts as one.
        """
        return self.kind != "service"


def digest_key(pepper: bytes, token: str) -> bytes:
    """What is kept of an API key: a keyed hash, quick to compute and useless to a thief."""
    return hmac.digest(pepper, token.encode("utf-8", "surrogatepass"), sha256)


def digest_identity(pepper: bytes, identity: str) -> bytes:
    """What is kept of a certificate's identity, for callers that have no token."""
    return digest_key(pepper, _CERTIFICATE + identity)


class Callers:
    """What one process knows of callers. `clock_s` is monotonic."""

    def __init__(
        self, pepper: bytes, reading: Reading, clock_s: Callable[[], float] = monotonic
    ) -> None:
        self._pepper, self._reading, self._clock_s = pepper, reading, clock_s
        self._cache: dict[str, tuple[float, Caller]] = {}
        self._refreshing: dict[str, asyncio.Task[None]] = {}
        self._buckets = Buckets(clock_s)
        self._used: dict[str, float] = {}
        self._writer: asyncio.Task[None] | None = None

    def cached(self, credential: str) -> Caller | None:
        """The caller of a key from the cache; None where the database must be asked."""
        # The cache is keyed by the key itself: a digest would cost as much as ten look-ups.
        entry = self._cache.get(credential)
        if entry is None:
            return None
        left_s = entry[0] - self._clock_s()
        if left_s <= 0:
            return None
        if left_s < KEY_CACHE_S / 2 and credential not in self._refreshing:
            # Refreshed early by one request: else all requests ask when the entry lapses.
            self._refreshing[credential] = asyncio.create_task(self._refresh(credential))
        return entry[1]

    async def authenticate(self, token: str) -> Caller | None:
        """The caller of a token in force; None for any other. Raises Unavailable."""
        return None if "\0" in token else await self._authenticate(token)

    async def of_certificate(self, identity: str) -> Caller | None:
        """The caller that a client certificate is registered for. Raises Unavailable."""
        credential = _CERTIFICATE + identity
        return self.cached(credential) or await self._authenticate(credential)

    async def list(self) -> list[CallerRow]:
        """All callers there are, by name. Raises Unavailable."""
        async with self._reading() as connection:
            return await callers.list_callers(connection)

    async def limit(
        self, name: str, rate_per_s: int | None, burst: int | None
    ) -> CallerRow | Rejection:
        """Limit a caller's rate, or lift its limit; the caller after that. Raises Unavailable."""
        async with self._reading() as connection:
            if not await callers.limit_caller(connection, name, rate_per_s, burst):
                return rejected(Reason.CALLER_NOT_FOUND, caller=name)
            (row,) = await callers.list_callers(connection, name)
            return row

    async def exists(self, name: str) -> bool:
        """Whether there is a caller of this name. Raises Unavailable."""
        async with self._reading() as connection:
            return await caller_exists(connection, name)

    def admit(self, caller: Caller, cost: int = 1) -> float | None:
        """Count `cost` commands of a caller: None if it may send them, else the seconds to wait.

        All keys of a caller share its limit; each process counts by itself.
        """
        if caller.rate is None:
            return None
        return self._buckets.take(caller.name, caller.rate, cost)

    def charge(self, caller: Caller, cost: int) -> None:
        """Count `cost` further commands of a caller that was admitted.

        Where that exceeds its burst, the caller is refused until its rate has made up for it.
        """
        if caller.rate is not None:
            self._buckets.charge(caller.name, caller.rate, cost)

    async def close(self) -> None:
        """Write down which keys were used lately, as far as the database is there."""
        await asyncio.gather(*self._refreshing.values(), return_exceptions=True)
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WRITE_S):
                await self._try_to_write()

    async def _refresh(self, credential: str) -> None:
        try:
            await self._authenticate(credential)
        except Unavailable:
            return  # the entry lapses by itself; the next request asks and gets the error
        finally:
            del self._refreshing[credential]

    async def _authenticate(self, credential: str) -> Caller | None:
        digest = digest_key(self._pepper, credential)
        # The time runs from before the query, so a slow answer is not cached for longer.
        asked_s = self._clock_s()
        async with self._reading() as connection:
            key = await keys.find_key(connection, digest)
        if key is None:
            self._cache.pop(credential, None)
            return None
        caller = _caller(key)
        # A key ends at its expiry, even if its cache entry would last longer.
        cached_s = KEY_CACHE_S if key.left_s is None else min(key.left_s, KEY_CACHE_S)
        self._cache[credential] = (asked_s + cached_s, caller)
        self._note_use(key.key_id)
        return caller

    def _note_use(self, key_id: str) -> None:
        # A key in use is looked up once a second, so this is about when it was last used.
        self._used[key_id] = self._clock_s()
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_now_and_then(), name="key uses")

    async def _write_now_and_then(self) -> None:
        while self._used:
            await self._try_to_write()
            await asyncio.sleep(USES_WRITTEN_EVERY_S)

    async def _try_to_write(self) -> None:
        try:
            await self._write_uses()
        except Unavailable:
            pass  # the next writing includes them
        except Exception as error:  # noqa: BLE001 - nobody's request depends on it
            _log.warning("key_uses_not_written", error=repr(error))

    async def _write_uses(self) -> None:
        used = dict(self._used)
        if not used:
            return
        now_s = self._clock_s()
        async with self._reading() as connection:
            await keys.note_uses(connection, {key: now_s - at_s for key, at_s in used.items()})
        for key_id, at_s in used.items():
            if self._used.get(key_id) == at_s:
                del self._used[key_id]


def _caller(key: FoundKey) -> Caller:
    rate = None
    if key.rate_per_s is not None and key.burst is not None:
        rate = Rate(key.rate_per_s, key.burst)
    return Caller(
        key.caller,
        frozenset(key.scopes),
        None if key.stopped_at is None else to_instant(key.stopped_at),
        key.caller_kind,
        key.key_id,
        rate,
    )
