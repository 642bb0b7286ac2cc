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
from ledger.cli.bench.driver import CALLER, debit, failures
from ledger.cli.bench.figures import Sample, percentiles
from ledger.cli.bench.jobs import WALLET
from ledger.core.decider import Command
from ledger.engine.commit import Answered, Committer, Unavailable
from ledger.engine.lane import Lane, envelope_for, shard_of
from ledger.store.pool import Pool, create_pool

_ROOM_S: Final = 0.001


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
        batches, commands = _counts_so_far()
        started = perf_counter()
        kept = await asyncio.gather(
            *(
                self._keep(lane, wallets, size, started + seconds)
                for lane, wallets in loads
                if wallets
            )
        )
        spent_s = perf_counter() - started
        batches_after, commands_after = _counts_so_far()
        took = [time for times, _ in kept for time in times]
        failed = sum((lane_failed for _, lane_failed in kept), Counter[str]())
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
            debits = map(debit, self._random.choices(wallets, k=size))
            futures = await self._put(lane, debits)
            failed += failures([await future for future in futures])
            now = perf_counter()
            took.append(now - before)
            before = now
        return took, failed

    async def _put(self, lane: Lane, commands: Iterable[Command]) -> list[asyncio.Future[Answered]]:
        futures = []
        for command in commands:
            envelope = envelope_for(CALLER, f"bench-{next(self._numbers)}", command)
            while True:
                try:
                    futures.append(lane.put(envelope))
                    break
                except Unavailable:
                    # The lane is full: it empties by itself, whatever happens to the database.
                    await asyncio.sleep(_ROOM_S)
        return futures


def _counts_so_far() -> tuple[float, float]:
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
