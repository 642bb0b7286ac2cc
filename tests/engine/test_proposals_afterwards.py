"""Proposals after they were decided on: carried out by the job, erased, and listed."""

import asyncio
from typing import Any

from msgspec.structs import replace
from prometheus_client import REGISTRY

from ledger.access.proposal_rules import KeptProposal
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from ledger.store.proposals import Place, Wanted
from tests.kit.databases import Database, differences
from tests.kit.dues import poison, store_state
from tests.kit.proposals import (
    ANN,
    BOB,
    adjust,
    adjustments,
    age,
    approved,
    decide,
    draft,
    proposed,
    resume,
)
from tests.kit.serving import opened


async def test_what_was_approved_and_left_is_carried_out_by_the_job_once(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """Also by several at once; not while the process that decided may be at it."""
    names = [f"w{number}" for number in range(6)]
    for name in names:
        await proposed(ledger, draft(adjust(name)))
    await proposed(ledger, draft(adjust("open")))
    await owner.execute(
        "UPDATE proposals SET status = 'approved', decided_by = 'bob', decided_at = now() "
        "WHERE wallet <> 'open'"
    )
    assert await resume(ledger) == 0
    await age(owner, 6)
    async with opened(database) as other:
        carried_out = await asyncio.gather(
            *(resume(service) for service in (ledger, other, ledger, other))
        )
        assert sum(carried_out) == len(names)
    for name in names:
        ((caller, payload),) = await adjustments(owner, name)
        assert (caller, payload["approved_by"]) == ("approval:bob", BOB)
    rows = await owner.fetch("SELECT wallet, status FROM proposals ORDER BY wallet")
    assert {row["wallet"]: row["status"] for row in rows} == dict.fromkeys(names, "done") | {
        "open": "open"
    }
    assert await resume(ledger) == 0
    assert await differences(database) == []


async def test_a_wallet_in_trouble_keeps_nobody_elses_proposals_waiting(
    ledger: Ledger, owner: Any
) -> None:
    """The decision on it stands, and it is told so; the job goes on to others, and tries it later.

    Whoever approved it may ask sooner.
    """
    whole = await poison(ledger, owner, "sick")
    await ledger.clock.advance(40 * 86_400 * 10**6)
    stuck = await proposed(ledger, draft(adjust("sick")))
    assert (await approved(ledger, stuck)).status == "approved"
    well = await proposed(ledger, draft(adjust("well")))
    await owner.execute(
        "UPDATE proposals SET status = 'approved', decided_by = 'bob', decided_at = now() "
        "WHERE wallet = 'well'"
    )
    await age(owner, 60)
    assert await resume(ledger) == 1
    executed = await ledger.proposals.read(well.proposal_id)
    assert executed is not None
    assert executed.status == "done"
    labels = {"shard": str(shard_of("sick", 2)), "kind": "proposals"}
    assert REGISTRY.get_sample_value("ledger_unsent", labels) == 1
    await store_state(owner, "sick", whole)
    assert await resume(ledger) == 0
    assert (await approved(ledger, stuck)).status == "done"
    assert len(await adjustments(owner, "sick")) == 1


async def test_texts_of_proposals_are_erased_once_these_are_over(
    ledger: Ledger, owner: Any
) -> None:
    """What is open keeps its reason; the same requests are still told the same."""
    proposal = await proposed(ledger, draft(adjust("w")))
    waiting = await proposed(ledger, draft(adjust("w")), key="waiting")
    await proposed(ledger, draft(adjust("other")))
    done = await approved(ledger, proposal)
    assert await ledger.texts.erase("w") == 2
    assert await ledger.texts.erase("w") == 0
    erased = await ledger.proposals.read(proposal.proposal_id)
    assert erased == replace(done, reason="", evidence=None)
    assert await decide(ledger, proposal) == KeptProposal(erased, replayed=True)
    again = await ledger.proposals.propose(ANN, "p", draft(adjust("w")))
    assert again == KeptProposal(erased, replayed=True)
    assert await ledger.proposals.read(waiting.proposal_id) == waiting
    await age(owner, 3_600)
    assert await ledger.texts.erase("w") == 1
    assert await owner.fetchval("SELECT count(*) FROM proposals WHERE reason <> ''") == 1


async def test_lists_have_open_ones_first_and_then_the_newest(ledger: Ledger, owner: Any) -> None:
    """In pages that miss nothing; those that wait have other people's first."""
    made = [
        await proposed(ledger, draft(adjust(f"w{number % 2}")), (ANN, BOB)[number % 2], f"{number}")
        for number in range(8)
    ]
    for number in (1, 5):
        await approved(ledger, made[number], ANN)
    await owner.execute(
        "UPDATE proposals SET proposed_at = proposed_at - interval '1 d', expires_at = proposed_at "
        "WHERE proposal_id = $1",
        made[6].proposal_id,
    )

    async def listed(page: int, **wanted: Any) -> list[int]:
        numbers: list[int] = []
        after: Place | None = None
        while rows := await ledger.proposals.list(Wanted(**wanted), page, after):
            after = rows[-1][0]
            ids = [proposal.proposal_id for proposal in made]
            numbers += [ids.index(proposal.proposal_id) for _, proposal in rows]
        return numbers

    for page in (1, 3, 100):
        assert await listed(page, by=ANN) == [7, 4, 3, 2, 0, 5, 1, 6]
        assert await listed(page, by=ANN, standing="waiting") == [7, 3, 4, 2, 0]
        assert await listed(page, by=BOB, standing="waiting") == [4, 2, 0, 7, 3]
        assert await listed(page, by=ANN, standing="expired") == [6]
        assert await listed(page, by=ANN, standing="done", wallet_id="w1") == [5, 1]
        assert await listed(page, by=ANN, wallet_id="w0") == [4, 2, 0, 6]
