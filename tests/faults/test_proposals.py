"""Proposals through lost connections and SIGKILL: decided once, done once if approved."""

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ledger.access.proposal_rules import KeptProposal
from ledger.engine import Unavailable
from ledger.engine.lane import hash_key
from ledger.service import Ledger
from ledger.store.proposals import Decision, Proposal, Verdict
from tests.kit.databases import Database, connected, differences
from tests.kit.keys import add_key, bearer
from tests.kit.proposals import (
    ANN,
    BOB,
    WHY,
    adjust,
    adjustments,
    age,
    decide,
    draft,
    proposed,
    resume,
)
from tests.kit.proxy import Fate
from tests.kit.serving import behind, client_of, opened, serving
from tests.kit.steps import available
from tests.kit.tips import in_shard
from tests.kit.waiting import until

LOST: list[Fate] = ["lose-request", "lose-answer"]
SEEN = "seen by bob"
DONE_PARAMETER = b"\x00\x00\x00\x04done"
"""The status that concludes a proposal, as it goes to Postgres."""


async def test_a_proposal_whose_answer_is_lost_is_one_proposal(
    database: Database, owner: Any
) -> None:
    """Nobody is told that nothing was done; the same request finds out."""
    for fate in LOST:
        async with behind(database, [fate], WHY.encode()) as (ledger, _):
            with pytest.raises(Unavailable, match="outcome-unknown"):
                await ledger.proposals.propose(ANN, "p", draft(adjust(fate)))
            again = await ledger.proposals.propose(ANN, "p", draft(adjust(fate)))
            assert isinstance(again, KeptProposal)
            assert again.replayed == (fate == "lose-answer")
        count = await owner.fetchval("SELECT count(*) FROM proposals WHERE wallet = $1", fate)
        assert count == 1


@pytest.mark.parametrize("fate", LOST)
async def test_a_decision_whose_answer_is_lost_is_found_out_by_the_same_request(
    database: Database, owner: Any, fate: Fate
) -> None:
    """It is taken once, and takes effect once."""
    verdicts: list[tuple[Verdict, str]] = [("approved", "done"), ("rejected", "rejected")]
    for verdict, status in verdicts:
        decision = Decision(verdict, BOB, hash_key("k"), SEEN)
        async with behind(database, [fate], SEEN.encode()) as (ledger, _):
            proposal = await proposed(ledger, draft(adjust(verdict)))
            with pytest.raises(Unavailable, match="outcome-unknown"):
                await ledger.proposals.decide(proposal.proposal_id, decision)
            assert await adjustments(owner, verdict) == []
            again = await ledger.proposals.decide(proposal.proposal_id, decision)
            assert isinstance(again, KeptProposal)
            assert again.replayed == (fate == "lose-answer")
            assert again.proposal.status == status
        assert len(await adjustments(owner, verdict)) == (verdict == "approved")


@pytest.mark.parametrize("fate", LOST)
async def test_an_outcome_that_could_not_be_kept_is_found_again(
    database: Database, owner: Any, fate: Fate
) -> None:
    """By the same request or by the job: the approver is told approved; the effect stays one."""
    for found_by in ("request", "job"):
        async with behind(database, [fate], DONE_PARAMETER) as (ledger, proxy):
            proposal = await proposed(ledger, draft(adjust(found_by)))
            first = await decide(ledger, proposal)
            assert isinstance(first, KeptProposal)
            assert first.proposal.status == "approved"
            assert proxy.fates == [fate]
            if found_by == "job":
                await age(owner, 60)
                assert await resume(ledger) == (fate == "lose-request")
            again = await decide(ledger, proposal)
            assert isinstance(again, KeptProposal)
            assert (again.replayed, again.proposal.status) == (True, "done")
        assert len(await adjustments(owner, found_by)) == 1


async def test_commits_lost_at_random_double_no_adjustment(database: Database, owner: Any) -> None:
    """A third of all COMMITs are lost on one side or the other while many are approved."""
    dice = random.Random(2)
    fates: list[Fate] = dice.choices(["pass", *LOST], [4, 1, 1], k=60)
    async with behind(database, fates) as (ledger, _):
        proposals = [
            await proposed(ledger, draft(adjust(f"w{number % 4}")), key=f"{number}")
            for number in range(24)
        ]

        async def approve(proposal: Proposal) -> None:
            await asyncio.sleep(dice.random() / 5)
            await decide(ledger, proposal)

        await asyncio.gather(*(approve(proposal) for proposal in proposals for _ in range(2)))
    await age(owner, 60)
    async with opened(database) as heir:
        await resume(heir)
        for number in range(4):
            assert await available(heir, f"w{number}") == 6_000
            assert len(await adjustments(owner, f"w{number}")) == 6
        settled = [await heir.proposals.read(proposal.proposal_id) for proposal in proposals]
        assert {proposal.status for proposal in settled if proposal is not None} == {"done"}
    assert await differences(database) == []


async def test_a_service_killed_before_or_after_the_effect_leaves_it_to_the_job(
    database: Database, owner: Any, tmp_path: Path
) -> None:
    """SIGKILL between decision and effect of one, between effect and outcome of the other."""
    wallets = {"before": in_shard("before", 0), "after": in_shard("after", 1)}
    scopes = ("admin:write", "admin:approve")
    ann, bob = [
        bearer(await add_key(database.url, scopes, caller=name, kind="person"))
        for name in (ANN, BOB)
    ]
    async with serving(database, tmp_path) as service, client_of(service) as http:

        async def approve(path: str) -> None:
            with contextlib.suppress(httpx2.TransportError):
                await http.post(f"{path}/approve", headers=bob | {"idempotency-key": "k"})

        async with (
            connected(database.owner_url) as first,
            connected(database.owner_url) as second,
            connected(database.owner_url) as rows,
        ):
            for connection in (first, second, rows):
                await connection.execute("BEGIN")
            await first.execute("SELECT FROM shards WHERE shard = 0 FOR UPDATE")
            await second.execute("SELECT FROM shards WHERE shard = 1 FOR UPDATE")
            paths = [await _propose(http, ann, wallet) for wallet in wallets.values()]
            sent = [asyncio.create_task(approve(path)) for path in paths]
            await until(lambda: _all(owner, "approved"))
            await rows.execute("SELECT FROM proposals FOR UPDATE")
            await second.execute("COMMIT")
            await until(lambda: _adjusted(owner, wallets["after"]))
            await asyncio.to_thread(service.kill)
            await asyncio.gather(*sent)
            # Postgres would go on with what a client asked for that is gone by now.
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'ledger'"
            )
    assert await _all(owner, "approved")
    assert await adjustments(owner, wallets["before"]) == []
    await age(owner, 60)
    async with opened(database) as heir:
        assert await resume(heir) == 2
        assert await resume(heir) == 0
        await _check(heir, owner, wallets.values())
    assert await _all(owner, "done")
    assert await differences(database) == []


async def _propose(http: httpx2.AsyncClient, who: dict[str, str], wallet: str) -> str:
    body = {"direction": "credit", "currency": "INSPIRATION", "amount": "10", "reason": WHY}
    answer = await http.post(
        "/v1/adjustments",
        json=body | {"wallet_id": wallet},
        headers=who | {"idempotency-key": "p"},
    )
    assert answer.status_code == 201, answer.text
    return f"/v1/adjustments/{answer.json()['proposal_id']}"


async def _all(owner: Any, status: str) -> bool:
    every_row = await owner.fetchval("SELECT bool_and(status = $1) FROM proposals", status)
    return bool(every_row)


async def _adjusted(owner: Any, wallet_id: str) -> bool:
    return len(await adjustments(owner, wallet_id)) == 1


async def _check(ledger: Ledger, owner: Any, wallet_ids: Any) -> None:
    for wallet_id in wallet_ids:
        ((caller, payload),) = await adjustments(owner, wallet_id)
        assert (caller, payload["proposed_by"], payload["approved_by"]) == (
            "approval:bob",
            ANN,
            BOB,
        )
        assert await available(ledger, wallet_id) == 1_000
