"""Connections lost at COMMIT: the outcome is unknown to the service, never to the log."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from ledger.core.batch import Done
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.engine import Unavailable
from ledger.queries.verify import verify
from ledger.service import Ledger, open_ledger
from ledger.settings import Settings
from ledger.store.pool import connect_service
from tests.conftest import Database
from tests.faults.proxy import COMMIT, CommitProxy, Fate

INSPIRATION = 1001


@asynccontextmanager
async def _behind(
    database: Database, fates: Sequence[Fate], mark: bytes = COMMIT
) -> AsyncIterator[tuple[Ledger, CommitProxy]]:
    """A service whose COMMITs, or what has another mark, meet these fates, then pass."""
    match = re.search(r"host=([^&]+)&port=(\d+)", database.url)
    assert match is not None
    coming = iter(fates)
    async with CommitProxy(
        f"{match[1]}/.s.PGSQL.{match[2]}", lambda: next(coming, "pass"), mark
    ) as proxy:
        name = re.search(r"@/(\w+)", database.url)
        assert name is not None
        url = f"postgresql://ledger_login@127.0.0.1:{proxy.port}/{name[1]}?sslmode=disable"
        ledger = await open_ledger(Settings(database_url=url))
        try:
            yield ledger, proxy
        finally:
            await ledger.close()


async def _differences(database: Database) -> list[str]:
    connection = await connect_service(database.url)
    try:
        return [repr(finding) async for finding in verify(connection, lambda _: None)]
    finally:
        await connection.close()


@pytest.mark.parametrize("fate", ["lose-request", "lose-answer"])
async def test_a_commit_whose_answer_is_lost_is_found_out(database: Database, fate: Fate) -> None:
    """The same batch runs again; what was committed answers as a replay, once in the books."""
    async with _behind(database, ["pass", fate]) as (ledger, proxy):
        grant = Grant("w", INSPIRATION, 1_000, "promotional", "for a test")
        await ledger.submit("test", "g", grant)
        done = await ledger.submit("test", "d", Debit("w", INSPIRATION, 100))
        assert isinstance(done.outcome, DebitCharged)
        assert done.replayed == (fate == "lose-answer")
        view = await ledger.wallets.read("w")
        assert view.wallet.available_minor(INSPIRATION) == 900
        assert proxy.fates == ["pass", fate, "pass"][: len(proxy.fates)]
    assert await _differences(database) == []


@pytest.mark.parametrize("seed", range(3))
async def test_commits_lost_at_random_lose_and_double_nothing(
    database: Database, seed: int
) -> None:
    """Half of all COMMITs are lost on one side or the other; every answer given is true."""
    dice = random.Random(seed)
    fates: list[Fate] = dice.choices(["pass", "lose-request", "lose-answer"], [2, 1, 1], k=60)
    async with _behind(database, ["pass", *fates]) as (ledger, _):
        grant = Grant("w", INSPIRATION, 1_000_000, "promotional", "for a test")
        await ledger.submit("test", "g", grant)
        amounts = {f"k{i}": dice.randint(1, 500) for i in range(120)}
        answered: set[str] = set()

        async def debit(key: str) -> None:
            await asyncio.sleep(dice.random() / 5)
            while key not in answered:
                try:
                    done = await ledger.submit("test", key, Debit("w", INSPIRATION, amounts[key]))
                except Unavailable:
                    continue
                assert isinstance(done.outcome, DebitCharged)
                assert done.outcome.charge.amount_minor == amounts[key]
                answered.add(key)

        await asyncio.gather(*(debit(key) for key in amounts for _ in range(2)))
        view = await ledger.wallets.read("w")
    assert view.wallet.available_minor(INSPIRATION) == 1_000_000 - sum(amounts.values())
    assert await _differences(database) == []


async def test_a_caller_that_goes_away_leaves_nothing_half_done(
    database: Database, ledger: Ledger
) -> None:
    """Cancelled calls hold no lock and lose no effect: the same key tells what became of them."""
    grant = Grant("w", INSPIRATION, 1_000, "promotional", "for a test")
    await ledger.submit("test", "g", grant)
    tasks = [
        asyncio.create_task(ledger.submit("test", f"k{i}", Debit("w", INSPIRATION, 1)))
        for i in range(100)
    ]
    await asyncio.sleep(0.001)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    answers = [await ledger.submit("test", f"k{i}", Debit("w", INSPIRATION, 1)) for i in range(100)]
    assert all(isinstance(answer, Done) for answer in answers)
    view = await ledger.wallets.read("w")
    assert view.wallet.available_minor(INSPIRATION) == 900
    assert await _differences(database) == []
