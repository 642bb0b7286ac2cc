"""Proposals and decisions in time and once: requests sent again, at once, and too late."""

import asyncio
import random
from typing import Any

import pytest

from ledger.access.proposal_rules import Draft, EraseWallet, KeptProposal
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.engine import Unavailable
from ledger.service import Ledger
from ledger.store.proposals import Proposal, Verdict
from tests.kit.databases import Database, differences
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
    why,
)
from tests.kit.serving import opened
from tests.kit.steps import available


async def test_the_same_request_is_one_proposal_and_another_under_its_key_is_refused(
    ledger: Ledger,
) -> None:
    """The field that differs is named; the scope of a key is the person and the wallet."""
    first = await proposed(ledger, draft(adjust("w")))
    again = await ledger.proposals.propose(ANN, "p", draft(adjust("w")))
    assert again == KeptProposal(first, replayed=True)
    others: dict[str, Draft] = {
        "amount_minor": draft(adjust("w", 1_001)),
        "direction": draft(adjust("w", direction="debit")),
        "kind": draft(EraseWallet("w")),
        "reason": draft(adjust("w"), reason="another"),
        "evidence": draft(adjust("w"), evidence=None),
        "valid_for_s": draft(adjust("w"), valid_for_s=60),
    }
    for field, other in others.items():
        refusal = await ledger.proposals.propose(ANN, "p", other)
        assert refusal == rejected(Reason.IDEMPOTENCY_KEY_REUSED, field=field)
    for by, wallet_id in ((BOB, "w"), (ANN, "v")):
        await proposed(ledger, draft(adjust(wallet_id)), by)
    await approved(ledger, first)
    later = await ledger.proposals.propose(ANN, "p", draft(adjust("w")))
    assert isinstance(later, KeptProposal)
    assert (later.replayed, later.proposal.status) == (True, "done")


async def test_the_same_key_at_once_is_one_proposal(ledger: Ledger, owner: Any) -> None:
    """Twenty requests, sent together."""
    answers = await asyncio.gather(
        *(ledger.proposals.propose(ANN, "p", draft(adjust("w"))) for _ in range(20))
    )
    kept = [answer for answer in answers if isinstance(answer, KeptProposal)]
    assert len(kept) == 20
    assert len({answer.proposal.proposal_id for answer in kept}) == 1
    assert sum(not answer.replayed for answer in kept) == 1
    assert await owner.fetchval("SELECT count(*) FROM proposals") == 1


async def test_the_same_decision_again_is_told_how_it_stands(ledger: Ledger, owner: Any) -> None:
    """Under the same key or another; another decision, person or proposal under it is refused."""
    first, second = [await proposed(ledger, draft(adjust("w")), key=key) for key in ("1", "2")]
    done = await decide(ledger, first, key="k")
    assert isinstance(done, KeptProposal)
    assert (done.replayed, done.proposal.status) == (False, "done")
    for key in ("k", "another"):
        assert await decide(ledger, first, key=key) == KeptProposal(done.proposal, replayed=True)
    assert why(await decide(ledger, first, "rejected", key="another")) == Reason.PROPOSAL_NOT_OPEN
    reused = await decide(ledger, first, "rejected", key="k")
    assert reused == rejected(Reason.IDEMPOTENCY_KEY_REUSED, field="kind")
    elsewhere = await decide(ledger, second, key="k")
    assert elsewhere == rejected(Reason.IDEMPOTENCY_KEY_REUSED, field="proposal_id")
    assert why(await decide(ledger, first, by="cy", key="k")) == Reason.PROPOSAL_NOT_OPEN
    assert isinstance(await decide(ledger, second, "withdrawn", ANN), KeptProposal)
    assert why(await decide(ledger, second)) == Reason.PROPOSAL_NOT_OPEN
    assert len(await adjustments(owner, "w")) == 1


async def test_twenty_decisions_at_once_are_one(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """By several people through two services: one is taken, with its effect if it approves."""
    dice = random.Random(1)
    people = ["bob", "cy", "dan", "eve"]
    async with opened(database) as other:
        for number in range(20):
            wallet_id = f"w{number}"
            proposal = await proposed(ledger, draft(adjust(wallet_id)))
            calls: list[tuple[Verdict, str]] = [
                (dice.choices(("approved", "rejected"), (3, 1))[0], dice.choice(people))
                for _ in range(16)
            ]
            calls += [("approved", ANN), ("rejected", ANN), ("withdrawn", ANN), ("approved", ANN)]
            dice.shuffle(calls)
            answers = await asyncio.gather(
                *(
                    decide(dice.choice((ledger, other)), proposal, verdict, by, f"k{index}")
                    for index, (verdict, by) in enumerate(calls)
                )
            )
            taken = [
                call
                for call, answer in zip(calls, answers, strict=True)
                if isinstance(answer, KeptProposal) and not answer.replayed
            ]
            assert len(taken) == 1, taken
            verdict, by = taken[0]
            answered = [
                call
                for call, answer in zip(calls, answers, strict=True)
                if isinstance(answer, KeptProposal)
            ]
            assert set(answered) == {(verdict, by)}, "whoever else is told of it decided something"
            decided = await ledger.proposals.read(proposal.proposal_id)
            assert decided is not None
            assert decided.decided_by == by
            effects = await adjustments(owner, wallet_id)
            assert len(effects) == (verdict == "approved")
            assert await available(ledger, wallet_id) == 1_000 * len(effects)
    assert await differences(database) == []


async def test_an_expired_proposal_can_never_be_decided_on(ledger: Ledger, owner: Any) -> None:
    """By nobody, whatever was tried before; its proposer may not even withdraw it."""
    proposal = await proposed(ledger, draft(adjust("w"), valid_for_s=60))
    await age(owner, 60)
    late = await ledger.proposals.read(proposal.proposal_id)
    assert late is not None
    assert late.status == "expired"
    for verdict, by in (("approved", BOB), ("rejected", BOB), ("withdrawn", ANN)):
        assert why(await decide(ledger, proposal, verdict, by)) == Reason.PROPOSAL_EXPIRED  # type: ignore[arg-type]
    assert await owner.fetchval("SELECT status FROM proposals") == "open"
    assert await adjustments(owner, "w") == []


async def test_approving_while_it_expires_is_either_in_time_or_refused(
    ledger: Ledger, owner: Any
) -> None:
    """Decisions around the very moment: none is taken after it, by the database's clock."""
    # However slow the machine is, with one of these the moment is met.
    for valid_for_s in (1, 2, 4, 8, 16, 32):
        name = f"w{valid_for_s}-"
        drafts = [draft(adjust(f"{name}{n}"), valid_for_s=valid_for_s) for n in range(12)]
        waiting = await asyncio.gather(
            *(proposed(ledger, each, key=f"{valid_for_s}") for each in drafts)
        )
        if 0 < await _decided_in_time(ledger, owner, waiting, valid_for_s) < len(waiting):
            return
    raise AssertionError("the moment was missed: the test tests nothing")


async def _decided_in_time(
    ledger: Ledger, owner: Any, waiting: list[Proposal], valid_for_s: int
) -> int:
    soonest = min(proposal.expires_at for proposal in waiting)
    now = await owner.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint")
    await asyncio.sleep(max((soonest - now) / 1e6 - 0.1 * valid_for_s, 0))

    async def keep_trying(proposal: Proposal, pause_s: float) -> KeptProposal | Rejection:
        await asyncio.sleep(pause_s)
        return await decide(ledger, proposal)

    answers = await asyncio.gather(
        *(
            keep_trying(proposal, number * 0.02 * valid_for_s)
            for number, proposal in enumerate(waiting)
        )
    )
    in_time = 0
    for proposal, answer in zip(waiting, answers, strict=True):
        row = await owner.fetchrow(
            "SELECT wallet, status, decided_at < expires_at AS in_time FROM proposals "
            "WHERE proposal_id = $1",
            proposal.proposal_id,
        )
        effects = len(await adjustments(owner, row["wallet"]))
        if isinstance(answer, KeptProposal):
            in_time += 1
            assert (row["status"], row["in_time"], effects) == ("done", True, 1)
        else:
            assert (answer.reason, row["status"], effects) == (Reason.PROPOSAL_EXPIRED, "open", 0)
    return in_time


@pytest.mark.faults
async def test_a_row_that_somebody_has_for_too_long_is_told_as_busy(
    ledger: Ledger, owner: Any
) -> None:
    """Nothing was decided, so nothing is in doubt; the same request decides later."""
    proposal = await proposed(ledger, draft(adjust("w")))
    async with owner.transaction():
        await owner.execute("SELECT FROM proposals FOR UPDATE")
        with pytest.raises(Unavailable, match="busy"):
            await decide(ledger, proposal)
    assert (await approved(ledger, proposal)).status == "done"
    assert len(await adjustments(owner, "w")) == 1
