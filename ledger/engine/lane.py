"""Lanes: whatever arrives for a shard while one batch commits is the next batch. No timer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import sha256
from os import urandom
from time import time_ns
from typing import Final

from ledger.core.batch import Done, Envelope
from ledger.core.decider import Command
from ledger.core.flows.due import ApplyDues
from ledger.core.instants import Instant
from ledger.core.terms import Terms
from ledger.core.wire import reason_of
from ledger.engine import metrics
from ledger.engine.commit import Answered, Committer, Unavailable
from ledger.store.pool import Pool

QUEUE_MAX: Final = 1_000
KEY_HASH_BYTES: Final = 16
SALT_BYTES: Final = 16

Submit = Callable[[str, str, Command], Awaitable[Done]]
"""Submits (caller, idempotency key, command). Raises Unavailable or CommandFailed."""


def shard_of(wallet_id: str, shards: int) -> int:
    """The shard that a wallet belongs to, for ever: a stable hash of its id."""
    return int.from_bytes(sha256(wallet_id.encode()).digest()[:8]) % shards


def hash_key(key: str) -> bytes:
    """The hash under which the ledger remembers an idempotency key."""
    return sha256(key.encode()).digest()[:KEY_HASH_BYTES]


def fresh_id() -> str:
    """30 hexadecimal digits: time in steps of 244 ns, so that ids sort by it, and 60 random bits.

    Lots that one batch grants at one instant are spent in this order: that of their commands.
    """
    return f"{time_ns() * 4_096 // 1_000_000:015x}{urandom(8).hex()[1:]}"


def envelope_for(caller: str, key: str, command: Command) -> Envelope:
    """The command with id and salt drawn now, so that a batch that runs again decides the same."""
    return Envelope(
        caller=caller,
        key_hash=hash_key(key),
        command=command,
        fresh_id=fresh_id() if command.draws_id else "",
        salt=urandom(SALT_BYTES) if reason_of(command) is not None else b"",
    )


class Lane:
    """One shard's queue in this process, and the task that empties it."""

    def __init__(self, committer: Committer, shard: int) -> None:
        self._committer = committer
        self._queue: deque[tuple[Envelope, asyncio.Future[Answered]]] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._closing = False
        self._batch_commands = metrics.BATCH_COMMANDS.labels(shard)
        self._batch_seconds = metrics.BATCH_SECONDS.labels(shard)
        self._task = asyncio.get_running_loop().create_task(self._work(), name=f"lane {shard}")

    def put(self, envelope: Envelope) -> asyncio.Future[Answered]:
        """Queue a command; raises Unavailable when the lane is full."""
        if len(self._queue) >= QUEUE_MAX:
            raise Unavailable("busy")
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._queue.append((envelope, future))
        self._arrived.set()
        return future

    async def put_all(self, envelopes: Iterable[Envelope]) -> list[asyncio.Future[Answered]]:
        """Queue many commands in their order, waiting for room rather than being refused.

        They fill half of the queue at most, so that single commands still find a place.
        """
        futures = []
        for envelope in envelopes:
            while len(self._queue) >= QUEUE_MAX // 2:
                self._room.clear()
                await self._room.wait()
            futures.append(self.put(envelope))
        return futures

    async def close(self) -> None:
        """Answer everything queued, then stop."""
        self._closing = True
        self._arrived.set()
        await self._task
        await self._committer.close()

    async def _work(self) -> None:
        while True:
            if self._queue:
                await self._run_batch()
            elif self._closing:
                return
            else:
                self._arrived.clear()
                await self._arrived.wait()

    async def _run_batch(self) -> None:
        taken: list[tuple[Envelope, asyncio.Future[Answered]]] = []

        def cut() -> Sequence[Envelope]:
            count = min(len(self._queue), self._committer.commands_max)
            taken.extend(self._queue.popleft() for _ in range(count))
            self._room.set()
            return [envelope for envelope, _ in taken]

        with self._batch_seconds.time():
            answers = await self._committer.run(cut)
        # What was not decided now is first in the next batch.
        self._queue.extendleft(reversed(taken[len(answers) :]))
        del taken[len(answers) :]
        self._batch_commands.observe(len(taken))
        if self._committer.quarantine_changes:
            await self._write_quarantine(taken, answers)
        for (_, future), answer in zip(taken, answers, strict=True):
            # A caller that went away does not undo what was done.
            if not future.done():
                future.set_result(answer)
        self._room.set()

    async def _write_quarantine(
        self,
        taken: Sequence[tuple[Envelope, asyncio.Future[Answered]]],
        answers: Sequence[Answered],
    ) -> None:
        """Answer commands on other wallets first, then write which are in quarantine.

        Commands on wallets whose quarantine changes are answered after it is written: a caller who
        learns that a wallet is in quarantine finds it in the table.
        """
        changes = self._committer.quarantine_changes
        for (envelope, future), answer in zip(taken, answers, strict=True):
            if envelope.command.wallet_id not in changes and not future.done():
                future.set_result(answer)
        await self._committer.write_quarantine()


class Engine:
    """Submits commands to the lanes of their shards. Belongs to the loop it was made in."""

    def __init__(
        self,
        pool: Pool,
        shards: int,
        terms_at: Callable[[Instant], Terms],
        quarantined: dict[int, set[str]] | None = None,
    ) -> None:
        self._shards = shards
        self._lanes = [
            Lane(Committer(pool, shard, terms_at, quarantined), shard) for shard in range(shards)
        ]
        self._closing = False

    async def submit(self, caller: str, key: str, command: Command) -> Done:
        """The command's answer once it is durable. Raises Unavailable or CommandFailed."""
        if self._closing:
            raise Unavailable("shutting-down")
        lane = self._lanes[shard_of(command.wallet_id, self._shards)]
        answer = await lane.put(envelope_for(caller, key, command))
        if isinstance(answer, Done):
            return answer
        raise answer

    async def submit_many(
        self, caller: str, requests: Sequence[tuple[str, Command]]
    ) -> list[Answered]:
        """Answers in the order of the requests; commands on one wallet are decided in it too."""
        if self._closing:
            raise Unavailable("shutting-down")
        by_lane: list[list[int]] = [[] for _ in self._lanes]
        for index, (_, command) in enumerate(requests):
            by_lane[shard_of(command.wallet_id, self._shards)].append(index)

        async def submit_to(lane: Lane, indexes: list[int]) -> list[tuple[int, Answered]]:
            envelopes = (envelope_for(caller, *requests[index]) for index in indexes)
            futures = await lane.put_all(envelopes)
            return list(zip(indexes, [await future for future in futures], strict=True))

        answered = await asyncio.gather(
            *(submit_to(lane, ids) for lane, ids in zip(self._lanes, by_lane, strict=True) if ids)
        )
        answers = dict(pair for pairs in answered for pair in pairs)
        return [answers[index] for index in range(len(requests))]

    async def apply_dues(self, shard: int, wallet_ids: Iterable[str]) -> list[Answered]:
        """Have what fell due in these wallets of a shard recorded; raises Unavailable."""
        if self._closing:
            raise Unavailable("shutting-down")
        envelopes = (Envelope("", b"", ApplyDues(wallet_id)) for wallet_id in wallet_ids)
        return [await future for future in await self._lanes[shard].put_all(envelopes)]

    async def close(self) -> None:
        """Refuse new commands, answer those queued, then stop."""
        self._closing = True
        await asyncio.gather(*(lane.close() for lane in self._lanes))
