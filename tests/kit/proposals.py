"""What the tests of proposals share: drafts, people who decide, and what the log says of them."""

import json
from typing import Any, Final

from ledger.access.proposal_rules import Draft, KeptProposal, Proposed
from ledger.core.flows.adjustment import Adjust
from ledger.core.rejections import Reason, Rejection
from ledger.engine.lane import hash_key
from ledger.jobs.proposals import PROPOSALS
from ledger.jobs.runner import run_once
from ledger.service import Ledger
from ledger.store.proposals import Decision, Proposal, Verdict
from tests.kit.currencies import INSPIRATION

WHY: Final = "three renders failed"
ANN, BOB = "ann", "bob"


def draft(
    command: Proposed, *, reason: str = WHY, evidence: str | None = "T-1", valid_for_s: int = 3_600
) -> Draft:
    """A proposal that waits for an hour."""
    return Draft(command, reason, evidence, valid_for_s)


def adjust(wallet_id: str, amount_minor: int = 1_000, direction: Any = "credit") -> Adjust:
    """A correction, before anybody proposes it."""
    return Adjust(wallet_id, "", "", "", direction, INSPIRATION, amount_minor, "")


async def proposed(ledger: Ledger, what: Draft, by: str = ANN, key: str = "p") -> Proposal:
    """A new proposal, open."""
    made = await ledger.proposals.propose(by, key, what)
    assert isinstance(made, KeptProposal), made
    assert not made.replayed
    assert made.proposal.status == "open"
    return made.proposal


async def decide(
    ledger: Ledger, proposal: Proposal, verdict: Verdict = "approved", by: str = BOB, key: str = ""
) -> KeptProposal | Rejection:
    """What a decision comes to, under a key of its own unless one is given."""
    key = key or f"{verdict} {proposal.proposal_id} {by}"
    decision = Decision(verdict, by, hash_key(key), None)
    return await ledger.proposals.decide(proposal.proposal_id, decision)


async def approved(ledger: Ledger, proposal: Proposal, by: str = BOB) -> Proposal:
    """The proposal after somebody's approval, which must be taken."""
    answer = await decide(ledger, proposal, "approved", by)
    assert isinstance(answer, KeptProposal), answer
    return answer.proposal


def why(answer: KeptProposal | Rejection) -> Reason:
    """Why a decision was not taken."""
    assert isinstance(answer, Rejection), answer
    return answer.reason


async def resume(ledger: Ledger) -> int:
    """Do the job until nothing is left for it; how many proposals it carried out."""
    return sum([count async for count in run_once(ledger, PROPOSALS)])


async def age(owner: Any, seconds: int) -> None:
    """Let real time pass, as far as proposals see it."""
    await owner.execute(
        "UPDATE proposals SET proposed_at = proposed_at - $1 * interval '1 second', "
        "expires_at = expires_at - $1 * interval '1 second', "
        "decided_at = decided_at - $1 * interval '1 second'",
        seconds,
    )


async def adjustments(owner: Any, wallet_id: str) -> list[tuple[str, dict[str, Any]]]:
    """The adjustments that the log has of a wallet: who carried each out, and its payload."""
    rows = await owner.fetch(
        "SELECT caller, payload FROM events WHERE wallet = $1 AND tag = 'balance_adjusted_v1' "
        "ORDER BY seq",
        wallet_id,
    )
    return [(row["caller"], json.loads(row["payload"])) for row in rows]
