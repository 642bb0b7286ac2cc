"""The daily cap on a caller's grants: exact, idempotent, and never in the way of a replay."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from ledger.contract.problems import problem_of
from ledger.core.batch import Done, Outcome
from ledger.core.decider import Command
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.rejections import Fact, Reason, Rejection
from ledger.engine.grant_caps import CappedEngine
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.databases import Database, differences
from tests.kit.dues import DAY_US, clock
from tests.kit.examples import seeds
from tests.kit.serving import opened
from tests.kit.waiting import until

CAP = 1_000
SHANGHAI_US = 8 * 3_600 * 10**6


@pytest.fixture
async def capped(database: Database) -> AsyncIterator[Ledger]:
    """A service whose callers may grant ten points of a currency a day; the day is young."""
    async with opened(database, grant_day_cap_minor=CAP) as ledger:
        since_midnight_us = (await clock(ledger) + SHANGHAI_US) % DAY_US
        await ledger.clock.advance(DAY_US - since_midnight_us)
        yield ledger


def grant(amount: int, wallet_id: str = "w", currency: int = INSPIRATION) -> Grant:
    """A promotional grant."""
    return Grant(wallet_id, currency, amount, "promotional", "for a test")


async def answer(ledger: Ledger, key: str, command: Grant, caller: str = "web") -> Outcome:
    """What a request is answered."""
    return (await ledger.submit(caller, key, command)).outcome


def refused(outcome: object, used: int, asked: int) -> bool:
    """Whether it is refused for the cap, with what is used and was asked."""
    facts: dict[str, Fact] = {
        "limit": "grants a day",
        "currency": INSPIRATION,
        "cap_minor": CAP,
        "used_minor": used,
        "asked_minor": asked,
    }
    return outcome == Rejection(Reason.LIMIT_EXCEEDED, facts)


async def counted(owner: Any) -> int:
    """The sum of everything that counts."""
    total: int = await owner.fetchval("SELECT coalesce(sum(amount), 0)::bigint FROM capped_grants")
    return total


async def granted(owner: Any) -> int:
    """How many grants are in the log."""
    count: int = await owner.fetchval("SELECT count(*) FROM events WHERE tag = 'lot_granted_v1'")
    return count


async def test_up_to_the_cap_and_not_a_hundredth_above_it(capped: Ledger, owner: Any) -> None:
    """It counts for each caller, currency and day by itself, over all wallets."""
    assert isinstance(await answer(capped, "a", grant(600)), LotGranted)
    assert refused(await answer(capped, "b", grant(401, "v")), 600, 401)
    assert isinstance(await answer(capped, "c", grant(400, "v")), LotGranted)
    assert refused(await answer(capped, "d", grant(1)), 1_000, 1)
    assert isinstance(await answer(capped, "e", grant(1_000, currency=KUAIBI)), LotGranted)
    assert isinstance(await answer(capped, "f", grant(1_000), caller="app"), LotGranted)
    assert await counted(owner) == 3_000
    await capped.clock.advance(DAY_US)
    assert isinstance(await answer(capped, "g", grant(1_000)), LotGranted)


async def test_the_day_is_shanghais(capped: Ledger) -> None:
    """It ends at local midnight, to the microsecond, and not at midnight in Greenwich."""
    midnight = (await clock(capped) + SHANGHAI_US) // DAY_US * DAY_US + DAY_US - SHANGHAI_US
    assert isinstance(await answer(capped, "a", grant(1_000)), LotGranted)
    await capped.clock.move_to(midnight - 60 * 10**6)
    assert refused(await answer(capped, "b", grant(1)), 1_000, 1)
    await capped.clock.move_to(midnight)
    assert isinstance(await answer(capped, "c", grant(1)), LotGranted)


async def test_a_refusal_for_the_cap_is_not_remembered(capped: Ledger, owner: Any) -> None:
    """The same key may grant tomorrow."""
    await answer(capped, "a", grant(1_000))
    assert refused(await answer(capped, "b", grant(1)), 1_000, 1)
    assert await owner.fetchval("SELECT count(*) FROM refusals") == 0
    await capped.clock.advance(DAY_US)
    assert isinstance(await answer(capped, "b", grant(1)), LotGranted)


async def test_it_is_told_with_what_to_do(capped: Ledger) -> None:
    """409 with the cap, what is used and what was asked, in points."""
    await answer(capped, "a", grant(600))
    refusal = await answer(capped, "b", grant(401))
    assert isinstance(refusal, Rejection)
    problem = problem_of(refusal, {INSPIRATION: "INSPIRATION"}).document()
    facts = ("status", "currency", "cap", "used", "asked")
    assert [problem[name] for name in facts] == [409, "INSPIRATION", "10.00", "6.00", "4.01"]
    assert problem["type"].endswith("/limit-exceeded")
    assert "adjustment by two people" in problem["detail"]


async def test_a_replay_is_answered_though_the_cap_is_full(capped: Ledger, owner: Any) -> None:
    """Today and on any later day, and it counts but once."""
    first = await capped.submit("web", "a", grant(1_000))
    for _ in range(2):
        again = await capped.submit("web", "a", grant(1_000))
        assert again == Done(first.outcome, replayed=True)
        reused = await answer(capped, "a", grant(999))
        assert reused == Rejection(Reason.IDEMPOTENCY_KEY_REUSED, {"field": "amount_minor"})
        await capped.clock.advance(DAY_US)
        await answer(capped, f"b{await clock(capped)}", grant(1_000))
    assert await granted(owner) == 3
    assert await counted(owner) == 3_000


async def test_a_replay_of_another_day_does_not_count_today(capped: Ledger, owner: Any) -> None:
    """Also where there is still room."""
    await answer(capped, "a", grant(700))
    await capped.clock.advance(DAY_US)
    assert (await capped.submit("web", "a", grant(700))).replayed
    assert isinstance(await answer(capped, "b", grant(1_000)), LotGranted)
    assert await counted(owner) == 1_700


async def test_what_was_granted_before_there_was_a_cap_is_told_again(
    capped: Ledger, ledger: Ledger, owner: Any
) -> None:
    """However much it was; and it takes nothing of the cap."""
    await answer(ledger, "a", grant(50_000))
    assert isinstance(await answer(capped, "a", grant(50_000)), LotGranted)
    assert isinstance(await answer(capped, "b", grant(1_000)), LotGranted)
    assert (await counted(owner), await granted(owner)) == (1_000, 2)


async def test_what_is_refused_or_fails_does_not_count(capped: Ledger, owner: Any) -> None:
    """A refusal of the core, and what the database itself refuses."""
    late = replace(grant(900), expires_at=1)
    assert isinstance(await answer(capped, "a", late), Rejection)
    nul = replace(grant(900), reason="nul \0 here")
    (failed,) = await capped.submit_many("web", [("b", nul)])
    assert not isinstance(failed, Done)
    assert await counted(owner) == 0
    assert isinstance(await answer(capped, "c", grant(1_000)), LotGranted)
    assert isinstance(await answer(capped, "a", late), Rejection)
    assert await counted(owner) == 1_000


async def count_only(ledger: Ledger, key: str, command: Grant) -> None:
    """What a process leaves that dies between counting a grant and making it."""
    engine = ledger._write_path
    assert isinstance(engine, CappedEngine)
    await engine._count("web", {0: engine._grant_request(key, command)})


async def test_what_counts_already_is_let_through_and_no_more_than_that(
    capped: Ledger, owner: Any
) -> None:
    """A retry finds its place; the same key is no ticket for a larger grant."""
    await count_only(capped, "a", grant(100))
    assert refused(await answer(capped, "a", grant(1_000)), 100, 1_000)
    assert isinstance(await answer(capped, "b", grant(900)), LotGranted)
    assert refused(await answer(capped, "c", grant(1)), 1_000, 1)
    assert isinstance(await answer(capped, "a", grant(100)), LotGranted)
    assert await counted(owner) == 1_000


async def test_a_grant_that_is_made_counts_though_another_try_was_taken_back(
    capped: Ledger, owner: Any, database: Database
) -> None:
    """Of two tries at once one may fail and uncount what the other has relied on."""
    await count_only(capped, "a", grant(100))
    meddler = await asyncpg.connect(database.owner_url)
    async with owner.transaction():
        await owner.execute("SELECT FROM shards FOR UPDATE")
        granting = asyncio.create_task(capped.submit("web", "a", grant(100)))
        lane = capped._engine._lanes[shard_of("w", 2)]
        await until(lambda: lane._queue)
        await meddler.execute("DELETE FROM capped_grants")
    assert isinstance((await granting).outcome, LotGranted)
    assert await counted(owner) == 100
    await meddler.close()


async def test_of_two_tries_at_once_one_counts_and_the_other_may_grant(
    capped: Ledger, owner: Any
) -> None:
    """Who counted is told a replay then: what was granted today stays counted."""
    engine = capped._write_path
    assert isinstance(engine, CappedEngine)
    asked = engine._grant_request("a", grant(100))
    day, counted_here, _ = await engine._count("web", {0: asked})
    assert counted_here == {0}
    assert isinstance(await answer(capped, "a", grant(100)), LotGranted)
    replay = await capped._engine.submit("web", "a", grant(100))
    assert replay.replayed
    await engine._correct("web", day, [(asked, True, replay)])
    assert await counted(owner) == 100


@pytest.mark.parametrize("seed", seeds(3))
async def test_many_at_once_never_pass_the_cap(
    capped: Ledger, database: Database, owner: Any, seed: int
) -> None:
    """Two processes, forty keys and their retries, single and in batches: ten grants are made."""
    async with opened(database, grant_day_cap_minor=CAP) as other:

        async def single(service: Ledger, number: int) -> Outcome:
            key = f"k{number}"
            return (await service.submit("web", key, grant(100, f"w{number % 7}"))).outcome

        async def batch(service: Ledger, first: int) -> list[Outcome]:
            requests = [(f"k{n}", grant(100, f"w{n % 7}")) for n in range(first, first + 10)]
            answers = await service.submit_many("web", requests)
            return [answer.outcome for answer in answers if isinstance(answer, Done)]

        services = (capped, other)
        singles = [single(services[(n + seed) % 2], n % 40) for n in range(80)]
        batches = [batch(services[n % 2], 10 * n) for n in range(4)]
        answers = await asyncio.gather(*singles, *batches)
    lots: set[str] = set()
    for outcomes in answers:
        for outcome in outcomes if isinstance(outcomes, list) else [outcomes]:
            if isinstance(outcome, LotGranted):
                lots.add(outcome.lot.lot_id)
            else:
                assert refused(outcome, CAP, 100), outcome
    assert (len(lots), await granted(owner), await counted(owner)) == (10, 10, CAP)
    assert await differences(database) == []


async def test_a_batch_counts_its_grants_in_their_order(capped: Ledger, owner: Any) -> None:
    """What does not fit is refused in its place; a smaller one after it may still fit."""
    requests: list[tuple[str, Command]] = [
        ("a", grant(600)),
        ("d", Debit("w", INSPIRATION, 100)),
        ("b", grant(500)),
        ("a", grant(600)),
        ("c", grant(400)),
    ]
    answers = await capped.submit_many("web", requests)
    done = [answer for answer in answers if isinstance(answer, Done)]
    assert len(done) == len(requests)
    assert isinstance(done[0].outcome, LotGranted)
    assert not isinstance(done[1].outcome, Rejection)
    assert refused(done[2].outcome, 600, 500)
    assert done[3] == Done(done[0].outcome, replayed=True)
    assert isinstance(done[4].outcome, LotGranted)
    assert await counted(owner) == 1_000


async def test_without_a_cap_nothing_is_counted(ledger: Ledger, owner: Any) -> None:
    """In development there is none."""
    assert isinstance(await answer(ledger, "a", grant(10**9)), LotGranted)
    assert await counted(owner) == 0


async def test_what_counted_a_month_ago_is_forgotten(capped: Ledger, owner: Any) -> None:
    """The table stays as small as a month of grants."""
    await answer(capped, "a", grant(1))
    await capped.clock.advance(33 * DAY_US)
    await answer(capped, "b", grant(2))
    assert await counted(owner) == 2
