"""The directory's job: indexes which wallet every id belongs to, so that `find` knows it."""

from collections.abc import AsyncGenerator
from typing import Final

from ledger.engine import metrics
from ledger.jobs.job import Job
from ledger.service import Ledger

INTERVAL_S: Final = 1.0


async def follow(ledger: Ledger, shard: int) -> AsyncGenerator[int, None]:
    """One round over a shard, up to where its log was; yields how many events in each step."""
    async for count in ledger.directory.follow(shard):
        yield count


def _disown(shard: int) -> None:
    metrics.DIRECTORY_LAG.labels(shard).set(0)


DIRECTORY: Final = Job("directory", lambda _: INTERVAL_S, follow, _disown)
