"""The engine in this process, without HTTP: batches of a known size on every lane at once."""

import asyncio
import gc
import random
from collections.abc import Iterable, Sequence
from itertools import count
from time import perf_counter
from typing import Final

from prometheus_client import REGISTRY

from ledger.cli.bench.figures import Sample, percentiles
from ledger.cli.bench.jobs import WALLET
from ledger.cli.failures import CommandError
from ledger.core.batch import Done
from ledger.core.decider import Command
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.rejections import Rejection
from ledger.engine.lane import shard_of
from ledger.service import Ledger

CALLER: Final = "bench"
CURRENCY: Final = 1001
FUNDS_MINOR: Final = 10**12
"""More than any run can spend, of one wallet too."""

_AT_ONCE: Final = 2_000


class EngineLoad:
    """Debits straight into the service, over wallets that were given funds first."""

    def __init__(self, ledger: Ledger, wallets: int) -> None:
        self._ledger = ledger
        self._shards: list[list[str]] = [[] for _ in range(ledger.facts.shards)]
        for number in range(wallets):
            wallet_id = WALLET % number
            self._shards[shard_of(wallet_id, ledger.facts.shards)].append(wallet_id)
        self._numbers = count()
        self._random = random.Random(7)  # noqa: S311 - the same wallets on every run

    async def fund(self) -> None:
        """A grant for every wallet, then one debit each: the rows that are copied later."""
        wallets = [wallet for shard in self._shards for wallet in shard]
        # Both lanes get something of every submission.
        self._random.shuffle(wallets)
        for make in (_grant, _debit):
            for first in range(0, len(wallets), _AT_ONCE):
                some = wallets[first : first + _AT_ONCE]
                failed = await self._submit([make(wallet) for wallet in some])
                if failed:
                    raise CommandError(f"wallets could not be given funds: {failed}")

    async def measure(self, size: int, seconds: float, *, one_wallet: bool = False) -> Sample:
        """Keep `size` debits in flight for each lane; all on one wallet if asked."""
        shards: Sequence[list[str]] = [shard for shard in self._shards if shard]
        if one_wallet:
            # As many in flight as with wallets spread over the lanes, all for one of them.
            shards = [[WALLET % 0]] * len(shards)
        gc.collect()
        took: list[float] = []
        failed: dict[str, int] = {}
        batches, commands = _counted()
        started = perf_counter()
        ends_at = started + seconds
        await asyncio.gather(*(self._keep(shard, size, ends_at, took, failed) for shard in shards))
        spent_s = perf_counter() - started
        batches_after, commands_after = _counted()
        p50_ms, p99_ms = percentiles(took)
        return Sample(
            count=len(took) * size - sum(failed.values()),
            seconds=spent_s,
            p50_ms=p50_ms,
            p99_ms=p99_ms,
            failed=failed,
            notes={"batch_size": (commands_after - commands) / (batches_after - batches)},
        )

    async def _keep(
        self,
        wallets: list[str],
        size: int,
        ends_at: float,
        took: list[float],
        failed: dict[str, int],
    ) -> None:
        before = perf_counter()
        while before < ends_at:
            chosen = self._random.choices(wallets, k=size)
            for what, number in (await self._submit(map(_debit, chosen))).items():
                failed[what] = failed.get(what, 0) + number
            now = perf_counter()
            took.append(now - before)
            before = now

    async def _submit(self, commands: Iterable[Command]) -> dict[str, int]:
        """Have the commands done; what failed, by its reason."""
        numbers = self._numbers
        requests = [(f"bench-{next(numbers)}", command) for command in commands]
        failed: dict[str, int] = {}
        for answer in await self._ledger.submit_many(CALLER, requests):
            if not isinstance(answer, Done):
                what = repr(answer)
            elif isinstance(answer.answer, Rejection):
                what = answer.answer.reason.value
            else:
                continue
            failed[what] = failed.get(what, 0) + 1
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
