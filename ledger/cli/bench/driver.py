"""Drives the engine of any checkout: debits straight into its ledger, without HTTP.

`ledger bench --against` runs this file by its path under each checkout's own Python:

    python -I driver.py <pattern of wallet ids> <how many wallets>

So it imports only what is in place in every checkout that it may meet. The database is that of
LEDGER_DATABASE_URL. It gives the wallets their funds, writes `ready`, and then answers each order
on standard input (`{"size": …, "seconds": …}`) with what it did, as one line of JSON.
"""

import asyncio
import gc
import json
import logging
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from time import perf_counter
from typing import Final

import structlog
import uvloop

from ledger.core.batch import Done
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.rejections import Rejection
from ledger.engine.lane import shard_of
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings

CALLER: Final = "bench"
CURRENCY: Final = 1001
FUNDS_MINOR: Final = 10**12
"""More than any run can spend, of one wallet too."""

READY: Final = "ready"

_AT_ONCE: Final = 2_000


def debit(wallet_id: str) -> Debit:
    """The debit that is measured: the smallest there is."""
    return Debit(wallet_id, currency=CURRENCY, amount_minor=1)


async def fund(ledger: Ledger, wallet_ids: Sequence[str]) -> Counter[str]:
    """A grant for every wallet, then one debit each; why it was given up, if it was."""
    shuffled = list(wallet_ids)
    random.Random(7).shuffle(shuffled)  # noqa: S311 - the same order on every run
    failed: Counter[str] = Counter()
    for make in (_grant, debit):
        for first in range(0, len(shuffled), _AT_ONCE):
            requests = [
                (f"{make.__name__}-{wallet_id}", make(wallet_id))
                for wallet_id in shuffled[first : first + _AT_ONCE]
            ]
            failed += failures(await ledger.submit_many(CALLER, requests))
            if failed:
                return failed
    return failed


def failures(answers: Iterable[Done | BaseException]) -> Counter[str]:
    """What was not done, by its reason."""
    failed: Counter[str] = Counter()
    for answer in answers:
        if isinstance(answer, BaseException):
            failed[repr(answer)] += 1
        elif isinstance(outcome := _outcome_of(answer), Rejection):
            failed[outcome.reason.value] += 1
    return failed


def _outcome_of(done: Done) -> object:
    """What a command came to; checkouts before 2026-11-28 have it under another name."""
    name = "outcome" if hasattr(done, "outcome") else "answer"
    return getattr(done, name)


def log_to_standard_error() -> None:
    """Only warnings, and where they cannot be taken for an answer."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def tune_garbage_collection() -> None:
    """As a worker does before it serves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _grant(wallet_id: str) -> Grant:
    return Grant(wallet_id, CURRENCY, FUNDS_MINOR, "promotional", "bench")


class _Load:
    """As many debits in flight for every shard as an order asks for."""

    def __init__(self, ledger: Ledger, wallet_ids: Iterable[str]) -> None:
        self._ledger = ledger
        self._keys: Iterator[str] = (f"driven-{number}" for number in count())
        self._random = random.Random(7)  # noqa: S311 - the same wallets on every run
        shards = ledger.facts.shards
        by_shard: list[list[str]] = [[] for _ in range(shards)]
        for wallet_id in wallet_ids:
            by_shard[shard_of(wallet_id, shards)].append(wallet_id)
        self._wallets = [shard for shard in by_shard if shard]

    async def make(self, size: int, seconds: float) -> dict[str, object]:
        """Batch after batch on every shard until the time is over."""
        gc.collect()
        started = perf_counter()
        outcomes = await asyncio.gather(
            *(self._keep(wallets, size, started + seconds) for wallets in self._wallets)
        )
        spent_s = perf_counter() - started
        failed = sum((shard_failed for _, shard_failed in outcomes), Counter[str]())
        done = sum(submitted for submitted, _ in outcomes) - failed.total()
        return {"count": done, "seconds": spent_s, "failed": dict(failed)}

    async def _keep(
        self, wallets: Sequence[str], size: int, ends_at: float
    ) -> tuple[int, Counter[str]]:
        submitted, failed = 0, Counter[str]()
        while perf_counter() < ends_at:
            # A command a task, as the edges have it; they all arrive before the next batch is cut.
            answers = await asyncio.gather(
                *(
                    self._ledger.submit(CALLER, next(self._keys), debit(wallet_id))
                    for wallet_id in self._random.choices(wallets, k=size)
                ),
                return_exceptions=True,
            )
            submitted += size
            failed += failures(answers)
        return submitted, failed


async def _drive(pattern: str, wallets: int) -> None:
    url = os.environ["LEDGER_DATABASE_URL"]
    ledger = await open_ledger(Settings(database_url=url, development=True))
    try:
        wallet_ids = [pattern % number for number in range(wallets)]
        if failed := await fund(ledger, wallet_ids):
            sys.exit(f"wallets could not be given funds: {dict(failed)}")
        tune_garbage_collection()
        load = _Load(ledger, wallet_ids)
        print(READY, flush=True)
        # In a thread, so that the ledger's own tasks go on meanwhile, as they do in a worker.
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            order = json.loads(line)
            print(json.dumps(await load.make(order["size"], order["seconds"])), flush=True)
    finally:
        await ledger.close()


def main() -> None:
    """Drive until standard input ends."""
    log_to_standard_error()
    pattern, wallets = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_drive(pattern, int(wallets)))


if __name__ == "__main__":
    main()
