"""The engine in this process, without HTTP: batches of a known size on every lane at once."""

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count
from time import perf_counter
from typing import Final, Self

from prometheus_client import REGISTRY

from ledger.catalog import load_catalogue
from ledger.cli.bench.figures import Sample, percentiles
from ledger.cli.bench.jobs import WALLET
from ledger.cli.failures import CommandError
from ledger.core.decider import Command
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.rejections import Rejection
from ledger.engine.commit import Answered, CommandFailed, Committer, Unavailable
from ledger.engine.lane import Lane, seal, shard_of
from ledger.service import Ledger
from ledger.store.pool import Pool, create_pool

CALLER: Final = "bench"
CURRENCY: Final = 1001
FUNDS_MINOR: Final = 10**12
"""More than any run can spend, of one wallet too."""

_AT_ONCE: Final = 2_000
_ROOM_S: Final = 0.001


async def fund(ledger: Ledger, wallets: int) -> None:
    """A grant for every wallet, then one debit each: the rows that are copied later."""
    numbers = list(range(wallets))
    random.Random(7).shuffle(numbers)  # noqa: S311 - the same order on every run
    for make in (_grant, _debit):
        for first in range(0, wallets, _AT_ONCE):
            some = numbers[first : first + _AT_ONCE]
            requests = [(f"{make.__name__}-{number}", make(WALLET % number)) for number in some]
            failed = failures(await ledger.submit_many(CALLER, requests))
            if failed:
                raise CommandError(f"wallets could not be given funds: {dict(failed)}")


class EngineLoad:
    """Debits straight into lanes of its own, so that a batch has the size that is asked for."""

    def __init__(self, pool: Pool, shards: int, wallets: int) -> None:
        terms_at = load_catalogue().at
        self._pool = pool
        self._lanes = [Lane(Committer(pool, shard, terms_at), shard) for shard in range(shards)]
        self._wallets: list[list[str]] = [[] for _ in range(shards)]
        for number in range(wallets):
            wallet_id = WALLET % number
            self._wallets[shard_of(wallet_id, shards)].append(wallet_id)
        self._numbers = count()
        self._random = random.Random(7)  # noqa: S311 - the same wallets on every run

    @classmethod
    async def open(cls, url: str, shards: int, wallets: int) -> Self:
        """Make the lanes, in the loop that they will run in."""
        return cls(await create_pool(url, size=shards, engine=True), shards, wallets)

    async def close(self) -> None:
        """Let go of the lanes and the database."""
        for lane in self._lanes:
            await lane.close()
        self._pool.terminate()

    async def measure(self, size: int, seconds: float, *, one_wallet: bool = False) -> Sample:
        """Keep `size` debits in flight for each lane; all of them on one wallet if asked."""
        loads = list(zip(self._lanes, self._wallets, strict=True))
        if one_wallet:
            # As many in flight as with wallets spread over the lanes, all for one of them.
            wallet_id = WALLET % 0
            loads = [(self._lanes[shard_of(wallet_id, len(loads))], [wallet_id])] * len(loads)
        gc.collect()
        batches, commands = _counted()
        started = perf_counter()
        kept = await asyncio.gather(
            *(
                self._keep(lane, wallets, size, started + seconds)
                for lane, wallets in loads
                if wallets
            )
        )
        spent_s = perf_counter() - started
        batches_after, commands_after = _counted()
        took = [one for times, _ in kept for one in times]
        failed = sum((one for _, one in kept), Counter[str]())
        p50_ms, p99_ms = percentiles(took)
        return Sample(
            count=len(took) * size - failed.total(),
            seconds=spent_s,
            p50_ms=p50_ms,
            p99_ms=p99_ms,
            failed=dict(failed),
            notes={"batch_size": (commands_after - commands) / (batches_after - batches)},
        )

    async def _keep(
        self, lane: Lane, wallets: Sequence[str], size: int, ends_at: float
    ) -> tuple[list[float], Counter[str]]:
        """Batch after batch: how long each took, and what failed."""
        took: list[float] = []
        failed: Counter[str] = Counter()
        before = perf_counter()
        while before < ends_at:
            debits = map(_debit, self._random.choices(wallets, k=size))
            futures = await self._put(lane, debits)
            failed += failures([await future for future in futures])
            now = perf_counter()
            took.append(now - before)
            before = now
        return took, failed

    async def _put(self, lane: Lane, commands: Iterable[Command]) -> list[asyncio.Future[Answered]]:
        futures = []
        for command in commands:
            envelope = seal(CALLER, f"bench-{next(self._numbers)}", command)
            while True:
                try:
                    futures.append(lane.put(envelope))
                    break
                except Unavailable:
                    # The lane is full: it empties by itself, whatever happens to the database.
                    await asyncio.sleep(_ROOM_S)
        return futures


def failures(answers: Iterable[Answered]) -> Counter[str]:
    """What was not done, by its reason."""
    failed: Counter[str] = Counter()
    for answer in answers:
        if isinstance(answer, Unavailable | CommandFailed):
            failed[repr(answer)] += 1
        elif isinstance(answer.answer, Rejection):
            failed[answer.answer.reason.value] += 1
    return failed


def _grant(wallet_id: str) -> Grant:
    return Grant(wallet_id, CURRENCY, FUNDS_MINOR, "promotional", "bench")


def _debit(wallet_id: str) -> Debit:
    return Debit(wallet_id, currency=CURRENCY, amount_minor=1)


def _counted() -> tuple[float, float]:
    """Batches run so far, and the commands in them, as the engine's own metrics say."""
    batches = commands = 0.0
    for metric in REGISTRY.collect():
        if metric.name == "ledger_batch_commands":
            for sample in metric.samples:
                if sample.name.endswith("_count"):
                    batches += sample.value
                elif sample.name.endswith("_sum"):
                    commands += sample.value
    return batches, commands
