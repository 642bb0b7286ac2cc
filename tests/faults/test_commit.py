"""Connections lost at COMMIT: the outcome is unknown to the service, never to the log."""

import asyncio
import random

import pytest

from ledger.core.batch import Done
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.engine import Unavailable
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.examples import seeds
from tests.kit.proxy import Fate
from tests.kit.serving import behind
from tests.kit.steps import available, give


@pytest.mark.parametrize("fate", ["lose-request", "lose-answer"])
async def test_a_commit_whose_answer_is_lost_is_found_out(database: Database, fate: Fate) -> None:
    """The same batch runs again; what was committed answers as a replay, once in the books."""
    async with behind(database, ["pass", fate]) as (ledger, proxy):
        await give(ledger, "w", 1_000)
        done = await ledger.submit("test", "d", Debit("w", INSPIRATION, 100))
        assert isinstance(done.outcome, DebitCharged)
        assert done.replayed == (fate == "lose-answer")
        assert await available(ledger, "w") == 900
        assert proxy.fates == ["pass", fate, "pass"][: len(proxy.fates)]
    assert await differences(database) == []


@pytest.mark.parametrize("seed", seeds(3))
async def test_commits_lost_at_random_lose_and_double_nothing(
    database: Database, seed: int
) -> None:
    """Half of all COMMITs are lost on one side or the other; every answer given is true."""
    dice = random.Random(seed)
    fates: list[Fate] = dice.choices(["pass", "lose-request", "lose-answer"], [2, 1, 1], k=60)
    async with behind(database, ["pass", *fates]) as (ledger, _):
        await give(ledger, "w", 1_000_000)
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
        left = await available(ledger, "w")
    assert left == 1_000_000 - sum(amounts.values())
    assert await differences(database) == []


async def test_a_caller_that_goes_away_leaves_nothing_half_done(
    database: Database, ledger: Ledger
) -> None:
    """Cancelled calls hold no lock and lose no effect: the same key tells what became of them."""
    await give(ledger, "w", 1_000)
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
    assert await available(ledger, "w") == 900
    assert await differences(database) == []
