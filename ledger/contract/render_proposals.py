"""Rendering of proposals."""

from typing import assert_never

from ledger.access.proposal_rules import Erased, EraseWallet, Proposed, command_of, outcome_of
from ledger.contract.answers_proposals import (
    CommandAnswer,
    OutcomeAnswer,
    ProposalAnswer,
    ProposedAdjustmentAnswer,
    ProposedCloseAnswer,
    ProposedEraseAnswer,
    ProposedPayoutAnswer,
)
from ledger.contract.calls.control import ErasedAnswer
from ledger.contract.operation import Responses
from ledger.contract.problems import Problem
from ledger.contract.shared import Codes, moment
from ledger.contract.submission import response_for
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.transfer import PayOut
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.store.proposals import Proposal


def render_proposal(proposal: Proposal, responses: Responses, codes: Codes) -> ProposalAnswer:
    """A proposal as it stands."""
    return ProposalAnswer(
        proposal_id=proposal.proposal_id,
        kind=proposal.kind,
        wallet_id=proposal.wallet_id,
        command=_command(command_of(proposal), codes),
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


def _command(command: Proposed, codes: Codes) -> CommandAnswer:
    match command:
        case Adjust(direction=direction):
            credit = direction == "credit"
            return ProposedAdjustmentAnswer(
                direction=direction,
                currency=codes[command.currency],
                amount=format_amount(command.amount_minor),
                source=command.source if credit else None,
                expires_at=moment(command.expires_at),
                lot_id=command.lot_id,
                include_paid=None if credit else command.include_paid,
            )
        case CloseWallet():
            return ProposedCloseAnswer(
                forfeit_balance=command.forfeit_balance,
                end_membership=command.end_membership,
                write_off_claim=command.write_off_claim,
            )
        case PayOut():
            return ProposedPayoutAnswer(
                amount_cny=format_amount(command.amount_fen),
                tax_withheld_cny=format_amount(command.withheld_fen),
                reference=command.reference,
            )
        case EraseWallet():
            return ProposedEraseAnswer()
        case _:
            assert_never(command)


def _outcome(proposal: Proposal, responses: Responses, codes: Codes) -> OutcomeAnswer | None:
    outcome = outcome_of(proposal)
    if outcome is None:
        return None
    if isinstance(outcome, Erased):
        return OutcomeAnswer(200, ErasedAnswer(proposal.wallet_id, outcome.texts))
    status, body = response_for(proposal.wallet_id, outcome, responses, codes)
    return OutcomeAnswer(status, body.document() if isinstance(body, Problem) else body)
