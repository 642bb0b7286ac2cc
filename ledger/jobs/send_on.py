"""Sends on what is left open: halves of transfers, and refunds that no channel has settled."""

from collections.abc import AsyncGenerator
from typing import Final

from ledger.engine import metrics
from ledger.jobs.job import Job
from ledger.service import Ledger

INTERVAL_S: Final = 2.0


async def send_on(ledger: Ledger, shard: int) -> AsyncGenerator[int, None]:
    """One round over a shard; yields how much was sent on in each step."""
    async for count in ledger.send_on.finish(shard):
        yield count


def _disown(shard: int) -> None:
    for kind in ("transfers", "refunds"):
        metrics.UNSENT.labels(shard, kind).set(0)


SEND_ON: Final = Job("send-on", lambda _: INTERVAL_S, send_on, _disown)
