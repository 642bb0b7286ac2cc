"""A job: something done over and over for every shard, by one process at a time if all is well."""

from collections.abc import AsyncGenerator, Callable

from msgspec import Struct

from ledger.service import Ledger
from ledger.settings import Settings


def _nothing(_: int) -> None:
    return


class Job(Struct, frozen=True):
    """What to do and how often; it is correct whatever number of processes does it at once.

    `run(ledger, shard)` is one round: it yields after every step, of a second or so, how much that
    step has done, and is not resumed once the lease is another's or the process stops. It raises
    Unavailable where it cannot go on. `disown(shard)` is called when another process has
    the lease: it resets the metrics that this one has set.
    """

    name: str
    interval_s: Callable[[Settings], float]
    run: Callable[[Ledger, int], AsyncGenerator[int, None]]
    disown: Callable[[int], None] = _nothing
