"""A proposal as callers see it: its command, its status and its outcome."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from ledger.access.proposal_rules import Erased, command_of, effect_of
from ledger.contract.calls.control import ErasedAnswer
from ledger.contract.examples import LOT, WALLET
from ledger.contract.fields import Moment
from ledger.contract.operation import Responses
from ledger.contract.problems import Problem
from ledger.contract.proposals.adjustments import AdjustedLotAnswer, AdjustmentAnswer
from ledger.contract.proposals.drafts import (
    CommandAnswer,
    ProposedAdjustmentAnswer,
    render_proposed,
)
from ledger.contract.shared import Codes, moment
from ledger.contract.submission import response_for
from ledger.core.instants import format_instant
from ledger.store.proposals import Proposal, ProposalKind, ProposalStatus


class OutcomeAnswer(Struct, frozen=True):
    """What an approved proposal came to: the status and body of its own call."""

    status: int
    body: Annotated[Any, Meta(description="The answer of the proposal's own call, or a problem")]


class ProposalAnswer(Struct, frozen=True, kw_only=True):
    """A proposal as it stands; its times are real ones, also where the clock was moved.

    `approved` waits to be carried out, `done` was, and `refused` is what the ledger refused then.
    `reason` is null once it was erased.
    """

    proposal_id: str
    kind: ProposalKind
    wallet_id: str
    command: CommandAnswer
    reason: str | None
    evidence: str | None
    status: ProposalStatus
    proposed_by: str
    proposed_at: Moment
    expires_at: Moment
    decided_by: str | None
    decided_at: Moment | None
    decision_reason: str | None
    executed_at: Moment | None
    outcome: OutcomeAnswer | None


class ProposalsAnswer(Struct, frozen=True):
    """A page of proposals: open ones first, then the newest."""

    items: list[ProposalAnswer]
    next: str | None


def render_proposal(proposal: Proposal, responses: Responses, codes: Codes) -> ProposalAnswer:
    """A proposal as it stands."""
    return ProposalAnswer(
        proposal_id=proposal.proposal_id,
        kind=proposal.kind,
        wallet_id=proposal.wallet_id,
        command=render_proposed(command_of(proposal), codes),
        reason=proposal.reason or None,
        evidence=proposal.evidence,
        status=proposal.status,
        proposed_by=proposal.proposed_by,
        proposed_at=format_instant(proposal.proposed_at),
        expires_at=format_instant(proposal.expires_at),
        decided_by=proposal.decided_by,
        decided_at=moment(proposal.decided_at),
        decision_reason=proposal.decision_reason,
        executed_at=moment(proposal.executed_at),
        outcome=_outcome(proposal, responses, codes),
    )


def _outcome(proposal: Proposal, responses: Responses, codes: Codes) -> OutcomeAnswer | None:
    outcome = effect_of(proposal)
    if outcome is None:
        return None
    if isinstance(outcome, Erased):
        return OutcomeAnswer(200, ErasedAnswer(proposal.wallet_id, outcome.texts))
    status, body = response_for(proposal.wallet_id, outcome, responses, codes)
    return OutcomeAnswer(status, body.document() if isinstance(body, Problem) else body)


_PROPOSAL: Final = "prop-019a4c7e5b1d8f20c3a97be61d4f02"


_OPEN: Final[dict[str, Any]] = {
    "proposal_id": _PROPOSAL,
    "kind": "adjustment",
    "wallet_id": WALLET,
    "command": ProposedAdjustmentAnswer(
        direction="credit",
        currency="INSPIRATION",
        amount="50.00",
        source="compensation",
        expires_at=None,
        lot_id=None,
        include_paid=None,
    ),
    "reason": "three renders failed on our side",
    "evidence": "TICKET-4711",
    "proposed_by": "li.hua",
    "proposed_at": "2026-03-01T01:00:00.123456Z",
    "expires_at": "2026-03-02T01:00:00.123456Z",
}


EXAMPLE_UNDECIDED: Final = ProposalAnswer(
    **_OPEN,
    status="open",
    decided_by=None,
    decided_at=None,
    decision_reason=None,
    executed_at=None,
    outcome=None,
)


_DECIDED: Final[dict[str, Any]] = _OPEN | {
    "decided_by": "wang.fang",
    "decided_at": "2026-03-01T01:30:00Z",
    "decision_reason": "seen the logs",
}


EXAMPLE_DONE: Final = ProposalAnswer(
    **_DECIDED,
    status="done",
    executed_at="2026-03-01T01:30:00.012345Z",
    outcome=OutcomeAnswer(
        201,
        AdjustmentAnswer(
            wallet_id=WALLET,
            proposal_id=_PROPOSAL,
            direction="credit",
            currency="INSPIRATION",
            amount="50.00",
            lots=[AdjustedLotAnswer(LOT, "50.00")],
            available_after="106.00",
            proposed_by="li.hua",
            approved_by="wang.fang",
            adjusted_at="2026-03-01T01:30:00.011Z",
        ),
    ),
)


EXAMPLE_REJECTED: Final = ProposalAnswer(
    **_DECIDED, status="rejected", executed_at=None, outcome=None
)


EXAMPLE_WITHDRAWN: Final = ProposalAnswer(
    **(_DECIDED | {"decided_by": "li.hua", "decision_reason": "wrong wallet"}),
    status="withdrawn",
    executed_at=None,
    outcome=None,
)
