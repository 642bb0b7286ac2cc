"""Carries out what was approved and then left: the process that decided came to its end, say."""

from collections.abc import AsyncGenerator
from typing import Final

from ledger.engine import metrics
from ledger.jobs.job import Job
from ledger.service import Ledger

INTERVAL_S: Final = 2.0


async def carry_out(ledger: Ledger, shard: int) -> AsyncGenerator[int, None]:
    """One round over the wallets of a shard; yields how many proposals were carried out."""
    async for count in ledger.proposals.finish(shard):
        yield count


def _disown(shard: int) -> None:
    metrics.UNSENT.labels(shard, "proposals").set(0)


PROPOSALS: Final = Job("proposals", lambda _: INTERVAL_S, carry_out, _disown)
