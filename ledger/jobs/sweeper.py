"""The sweeper: records what has fallen due, so that the books are up to date without a command.

Correctness never waits for it: every command applies its wallet's dues first, and every read shows
them applied.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Final

from ledger.core.batch import Done
from ledger.core.flows.due import DuesApplied
from ledger.core.instants import SECOND_US
from ledger.engine import Unavailable, metrics
from ledger.engine.commit import Answered
from ledger.jobs.job import Job
from ledger.service import Ledger
from ledger.store.jobs import Backlog, find_due, find_retries, read_backlog
from ledger.store.quarantine import release

LOOK_UP_MAX: Final = 10_000
"""How many wallets are looked up at once. Where very many fall due at one instant, midnight say,
each look-up passes over the traces of those done before, so there should be few."""

PAGE_MAX: Final = 200
"""How many wallets go into one batch at most: 500 are swept no faster, but hold commands up."""

PAGE_FIRST: Final = 16
"""With how many a round begins: it does not know yet how much is due in each."""

EVENTS_AIM: Final = 400
"""About how many events one batch should record: so long it holds up commands."""

RETRIES_MAX: Final = 50
"""How many wallets in quarantine are tried in one round."""


async def sweep(ledger: Ledger, shard: int) -> AsyncGenerator[int, None]:
    """One round over a shard: oldest first, until nothing is due; yields events recorded."""
    size = PAGE_FIRST
    backlog = await _measured_backlog(ledger, shard)
    yield await _retry_quarantined(ledger, shard, backlog)
    progress = True
    while progress and backlog.oldest_due_at is not None:
        progress = False
        async with ledger.reading() as connection:
            due = await find_due(connection, shard, backlog.now, LOOK_UP_MAX)
        while due:
            page, due = due[:size], due[size:]
            events = _recorded(shard, await ledger.apply_dues(shard, page))
            size = _next_size(size, events)
            progress = progress or events > 0
            yield events
        backlog = await _measured_backlog(ledger, shard)


def _next_size(size: int, events: int) -> int:
    if events > 2 * EVENTS_AIM:
        return max(size // 2, 1)
    return min(size * 2, PAGE_MAX) if events < EVENTS_AIM else size


async def _measured_backlog(ledger: Ledger, shard: int) -> Backlog:
    async with ledger.reading() as connection:
        backlog = await read_backlog(connection, shard)
    oldest = backlog.now if backlog.oldest_due_at is None else backlog.oldest_due_at
    metrics.SWEEPER_LAG.labels(shard).set((backlog.now - oldest) / SECOND_US)
    metrics.QUARANTINED.labels(shard).set(backlog.quarantined)
    return backlog


async def _retry_quarantined(ledger: Ledger, shard: int, backlog: Backlog) -> int:
    """Try the wallets whose time has come; those whose dues can be applied now are let out."""
    if not backlog.quarantined:
        return 0
    async with ledger.reading() as connection:
        wallet_ids = await find_retries(connection, shard, backlog.now, RETRIES_MAX)
    answers = await ledger.apply_dues(shard, wallet_ids)
    released = [
        wallet_id
        for wallet_id, answer in zip(wallet_ids, answers, strict=True)
        if isinstance(answer, Done)
    ]
    if released:
        async with ledger.reading() as connection:
            await release(connection, shard, released)
    return _recorded(shard, answers)


def _recorded(shard: int, answers: Sequence[Answered]) -> int:
    """How many events the answers recorded. Raises Unavailable if the database is away."""
    events = sum(_counts(answers))
    metrics.SWEEPER_DUES.labels(shard).inc(events)
    for answer in answers:
        if isinstance(answer, Unavailable) and answer.reason != "wallet-quarantined":
            raise answer
    return events


def _counts(answers: Sequence[Answered]) -> Iterator[int]:
    for answer in answers:
        if isinstance(answer, Done) and isinstance(answer.outcome, DuesApplied):
            yield answer.outcome.events


def _disown(shard: int) -> None:
    metrics.SWEEPER_LAG.labels(shard).set(0)
    metrics.QUARANTINED.labels(shard).set(0)


SWEEP: Final = Job("sweep", lambda settings: settings.sweep_interval_s, sweep, _disown)
