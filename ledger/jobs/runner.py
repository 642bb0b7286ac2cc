"""The runner: keeps every job of every shard going, through outages, until it is told to stop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from secrets import token_hex
from typing import Final

import structlog

from ledger.engine import Unavailable
from ledger.jobs.job import Job
from ledger.jobs.lease import Lease
from ledger.service import Ledger

PAUSE_MAX_S: Final = 30.0
"""How long a job that fails again and again waits at most before it tries once more."""

STOP_S: Final = 10.0
"""How long the steps under way may take to end; then they are left."""

_log = structlog.get_logger()


@asynccontextmanager
async def running(ledger: Ledger, jobs: Sequence[Job]) -> AsyncIterator[None]:
    """Run the jobs in the background of the `async with` block, and stop them cleanly after it."""
    stopping = asyncio.Event()
    owner = token_hex(8)
    tasks = [
        asyncio.create_task(_keep_going(ledger, job, shard, owner, stopping), name=job.name)
        for job in jobs
        for shard in range(ledger.facts.shards)
    ]
    try:
        yield
    finally:
        stopping.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_going(
    ledger: Ledger, job: Job, shard: int, owner: str, stopping: asyncio.Event
) -> None:
    lease = Lease(ledger, f"{job.name}-{shard}", owner)
    interval_s = job.interval_s(ledger.settings)
    pause_s = interval_s
    while not stopping.is_set():
        try:
            await _run_round(ledger, job, shard, lease, stopping)
            pause_s = interval_s
        except Exception as error:  # noqa: BLE001 - a job goes on whatever happens to one round
            pause_s = min(max(pause_s * 2, 1.0), PAUSE_MAX_S)
            _log_failure(job, shard, error, pause_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause_s)
    job.disown(shard)
    with suppress(Unavailable):
        await lease.release()


async def _run_round(
    ledger: Ledger, job: Job, shard: int, lease: Lease, stopping: asyncio.Event
) -> None:
    if not await lease.hold():
        job.disown(shard)
        return
    # A round that is left is closed at once, not when its garbage is collected.
    async with aclosing(job.run(ledger, shard)) as steps:
        async for _ in steps:
            if stopping.is_set() or not await lease.hold():
                return


def _log_failure(job: Job, shard: int, error: Exception, pause_s: float) -> None:
    if isinstance(error, Unavailable):
        _log.warning("job_waits", job=job.name, shard=shard, why=error.reason, pause_s=pause_s)
    else:
        _log.error("job_failed", job=job.name, shard=shard, pause_s=pause_s, exc_info=error)


async def run_once(ledger: Ledger, job: Job) -> AsyncIterator[int]:
    """Run rounds of every shard until one does nothing, whichever process holds the lease.

    Yields how much each step has done.
    """
    for shard in range(ledger.facts.shards):
        done = 1
        while done:
            done = 0
            async for count in job.run(ledger, shard):
                done += count
                yield count
