"""Executes approved proposals that were left undone, say by a process that ended."""

from collections.abc import AsyncGenerator
from typing import Final

from ledger.engine import metrics
from ledger.jobs.job import Job
from ledger.service import Ledger

INTERVAL_S: Final = 2.0


async def execute_approved(ledger: Ledger, shard: int) -> AsyncGenerator[int, None]:
    """One round over the wallets of a shard; yields how many proposals each step executed."""
    async for count in ledger.proposals.finish(shard):
        yield count


def _disown(shard: int) -> None:
    metrics.UNSENT.labels(shard, "proposals").set(0)


PROPOSALS: Final = Job("proposals", lambda _: INTERVAL_S, execute_approved, _disown)
