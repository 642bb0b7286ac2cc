"""Proposals: made and decided on by people, listed, read, and carried out under an approval."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.access.proposal_rules import KeptProposal
from ledger.contract.examples import WALLET
from ledger.contract.fields import Id, ReasonText
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.paging import Cursor, Keyset, Limit
from ledger.contract.problems import ProblemError, problem, problem_of
from ledger.contract.proposals.adjustments import (
    render_adjustment,
)
from ledger.contract.proposals.drafts import (
    AdjustmentBody,
    AnyProposalBody,
    ProposedCloseBody,
    draft,
)
from ledger.contract.proposals.proposal import (
    EXAMPLE_DONE,
    EXAMPLE_REJECTED,
    EXAMPLE_UNDECIDED,
    EXAMPLE_WITHDRAWN,
    ProposalAnswer,
    ProposalsAnswer,
    render_proposal,
)
from ledger.contract.response import Response
from ledger.contract.shared import Body, given
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.instants import INSTANT_MAX
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.engine.lane import hash_key
from ledger.store.proposals import (
    Decision,
    Place,
    Proposal,
    ProposalKind,
    Standing,
    Verdict,
    Wanted,
)


class DecisionBody(Body, frozen=True):
    """Why it is decided so, if there is anything to say."""

    reason: ReasonText | UnsetType = UNSET


class ProposalsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of proposals; `waiting` is what is open, other people's first."""

    status: Standing | UnsetType = UNSET
    wallet_id: Id | UnsetType = UNSET
    limit: Limit = 100
    after: Cursor | UnsetType = UNSET


_Instant = Annotated[int, Meta(ge=0, le=INSTANT_MAX)]


_PLACES: Final = Keyset(tuple[bool, _Instant, Id])


async def propose(call: Call[AdjustmentBody | AnyProposalBody, NoQuery]) -> Response:
    """Store what a person proposes, until another person decides on it."""
    _check_person(call)
    proposed = await call.ledger.proposals.propose(
        call.caller.name, call.key, draft(call.body, call.currencies.numbers)
    )
    return _response_for(call, proposed, 201)


async def list_proposals(call: Call[None, ProposalsQuery]) -> Response:
    """List proposals."""
    query = call.query
    wanted = Wanted(call.caller.name, given(query.wallet_id), given(query.status))
    after = None if isinstance(query.after, UnsetType) else Place(*_PLACES.key(query.after))
    # One more than the page holds is read, to see whether another page follows.
    listed = await call.ledger.proposals.list(wanted, query.limit + 1, after)
    page = listed[: query.limit]
    cursor = None
    if len(listed) > len(page):
        last = page[-1][0]
        cursor = _PLACES.cursor((last.is_first, last.proposed_at, last.proposal_id))
    return Response(
        200, ProposalsAnswer([_answer_for(call, proposal) for _, proposal in page], cursor)
    )


async def read_proposal(call: Call[None, NoQuery]) -> Response:
    """Read one proposal."""
    proposal = await _find(call, None)
    return Response(200, _answer_for(call, proposal))


async def approve(call: Call[DecisionBody, NoQuery]) -> Response:
    """Approve what another person proposed, and carry it out."""
    return await _decide(call, "approved")


async def reject(call: Call[DecisionBody, NoQuery]) -> Response:
    """Reject what another person proposed; nothing is done."""
    return await _decide(call, "rejected")


async def withdraw(call: Call[DecisionBody, NoQuery]) -> Response:
    """Withdraw one's own proposal."""
    return await _decide(call, "withdrawn")


async def approve_adjustment(call: Call[DecisionBody, NoQuery]) -> Response:
    """Approve the correction of a balance, and carry it out."""
    return await _decide(call, "approved", "adjustment")


async def reject_adjustment(call: Call[DecisionBody, NoQuery]) -> Response:
    """Reject the correction of a balance."""
    return await _decide(call, "rejected", "adjustment")


async def _decide(
    call: Call[DecisionBody, NoQuery], verdict: Verdict, kind: ProposalKind | None = None
) -> Response:
    _check_person(call)
    if kind is not None:
        await _find(call, kind)
    decision = Decision(verdict, call.caller.name, hash_key(call.key), given(call.body.reason))
    proposal_id = call.params["proposal_id"]
    decided = await call.ledger.proposals.decide(proposal_id, decision)
    return _response_for(call, decided, 200)


def _response_for(call: Call[Any, Any], kept: KeptProposal | Rejection, status: int) -> Response:
    if isinstance(kept, Rejection):
        return problem_of(kept, call.currencies.codes).response()
    return Response(status, _answer_for(call, kept.proposal), kept.replayed)


def _answer_for(call: Call[Any, Any], proposal: Proposal) -> ProposalAnswer:
    return render_proposal(proposal, call.responses, call.currencies.codes)


async def _find(call: Call[Any, Any], kind: ProposalKind | None) -> Proposal:
    proposal_id = call.params["proposal_id"]
    proposal = await call.ledger.proposals.read(proposal_id)
    if proposal is None or kind not in {None, proposal.kind}:
        missing = rejected(Reason.PROPOSAL_NOT_FOUND, proposal_id=proposal_id)
        raise ProblemError(problem_of(missing, call.currencies.codes))
    return proposal


def _check_person(call: Call[Any, Any]) -> None:
    """Raises ProblemError unless a human being calls, who answers for what they do."""
    if not call.caller.is_person:
        detail = (
            f"Proposals are made and decided on by people, and {call.caller.name} is a service. "
            "Call with a person's key."
        )
        raise ProblemError(problem("forbidden", detail, kind=call.caller.kind))


_PROPOSED: Final[dict[str, Any]] = {
    "method": "POST",
    "tag": "Proposals",
    "run": propose,
    "scopes": ("admin:write",),
    "audited": True,
    "subject": lambda call: call.body.wallet_id,
    "needs_key": True,
    "answers": {201: ProposalAnswer},
    "problems": (Reason.UNKNOWN_CURRENCY, Reason.AMOUNT_OUT_OF_RANGE, Reason.EXPIRY_OUT_OF_RANGE),
    "example_answer": EXAMPLE_UNDECIDED,
}


_DECISION: Final[dict[str, Any]] = {
    "method": "POST",
    "tag": "Proposals",
    "scopes": ("admin:approve",),
    "audited": True,
    "body": DecisionBody,
    "body_optional": True,
    "needs_key": True,
    "answers": {200: ProposalAnswer},
    "problems": ("not-found", Reason.PROPOSAL_NOT_OPEN, Reason.PROPOSAL_EXPIRED),
}


_ONE: Final = "/v1/proposals/{proposal_id}"


_ADJUSTMENT: Final = "/v1/adjustments/{proposal_id}"


_READS: Final = ("admin:write", "admin:approve")


_APPROVES: Final = (
    "Whoever proposed it cannot, with whatever key. It is carried out at once, once, and `outcome` "
    "says what came of it: `done`, or `refused` for what has changed since. If it cannot be "
    "carried out now it stays `approved`, and is carried out as soon as that is possible. If the "
    "same person approves it again, the answer is how it stands."
)


OPERATIONS: Final = (
    Operation(
        id="proposeAdjustment",
        path="/v1/adjustments",
        summary="Propose to correct a balance",
        description="Nothing changes until another person approves it, before it expires.",
        body=AdjustmentBody,
        example_body=AdjustmentBody(
            wallet_id=WALLET,
            direction="credit",
            currency="INSPIRATION",
            amount="50",
            reason="three renders failed on our side",
            evidence="TICKET-4711",
        ),
        **_PROPOSED,
    ),
    Operation(
        id="approveAdjustment",
        path=f"{_ADJUSTMENT}/approve",
        summary="Approve a correction that another person proposed",
        description=_APPROVES,
        run=approve_adjustment,
        effects={BalanceAdjusted: (201, render_adjustment)},
        example_body=DecisionBody("seen the logs"),
        example_answer=EXAMPLE_DONE,
        **_DECISION,
    ),
    Operation(
        id="rejectAdjustment",
        path=f"{_ADJUSTMENT}/reject",
        summary="Reject a correction that another person proposed",
        run=reject_adjustment,
        example_body=DecisionBody("seen the logs"),
        example_answer=EXAMPLE_REJECTED,
        **_DECISION,
    ),
    Operation(
        id="propose",
        path="/v1/proposals",
        summary="Propose a correction, a payout, the end of a wallet, or its erasure",
        description=(
            "The fields of that call, with the wallet. Nothing changes until another person "
            "approves it, before it expires; what the wallet allows is decided then."
        ),
        body=AnyProposalBody,
        example_body=ProposedCloseBody(
            wallet_id=WALLET, reason="the owner left", forfeit_balance=True
        ),
        **_PROPOSED,
    ),
    Operation(
        id="listProposals",
        method="GET",
        path="/v1/proposals",
        tag="Proposals",
        summary="List proposals: open ones first, then the newest",
        description=(
            "`status=waiting` lists what is open, other people's before one's own. Whatever is "
            "decided or expires between two pages is on one of them at least."
        ),
        run=list_proposals,
        scopes=_READS,
        query=ProposalsQuery,
        answers={200: ProposalsAnswer},
        example_query={"status": "waiting"},
        example_answer=ProposalsAnswer([EXAMPLE_UNDECIDED], None),
    ),
    Operation(
        id="readProposal",
        method="GET",
        path=_ONE,
        tag="Proposals",
        summary="Read a proposal",
        run=read_proposal,
        scopes=_READS,
        answers={200: ProposalAnswer},
        problems=("not-found",),
        example_answer=EXAMPLE_DONE,
    ),
    Operation(
        id="approveProposal",
        path=f"{_ONE}/approve",
        summary="Approve what another person proposed",
        description=_APPROVES,
        run=approve,
        example_body=DecisionBody("seen the logs"),
        example_answer=EXAMPLE_DONE,
        **_DECISION,
    ),
    Operation(
        id="rejectProposal",
        path=f"{_ONE}/reject",
        summary="Reject what another person proposed",
        run=reject,
        example_body=DecisionBody("seen the logs"),
        example_answer=EXAMPLE_REJECTED,
        **_DECISION,
    ),
    Operation(
        id="withdrawProposal",
        path=f"{_ONE}/withdraw",
        summary="Withdraw one's own proposal",
        run=withdraw,
        example_body=DecisionBody("wrong wallet"),
        example_answer=EXAMPLE_WITHDRAWN,
        **(_DECISION | {"scopes": ("admin:write",)}),
    ),
)
