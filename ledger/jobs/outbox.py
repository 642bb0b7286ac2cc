"""The outbox's job: second halves of transfers, and refunds that no channel has settled yet."""

from collections.abc import AsyncGenerator
from typing import Final

from ledger.engine import metrics
from ledger.jobs.job import Job
from ledger.service import Ledger

INTERVAL_S: Final = 2.0


async def empty(ledger: Ledger, shard: int) -> AsyncGenerator[int, None]:
    """One round over a shard; yields how much left the outbox in each step."""
    async for count in ledger.outbox.finish(shard):
        yield count


def _disown(shard: int) -> None:
    for kind in ("transfers", "refunds"):
        metrics.UNSENT.labels(shard, kind).set(0)


OUTBOX: Final = Job("send-on", lambda _: INTERVAL_S, empty, _disown)
"""Named as operators have known it since the first release: leases and logs have that name."""
