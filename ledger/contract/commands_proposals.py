"""Drafts: what a decoded proposal asks for, as commands of the core that have no reason yet."""

from typing import Final, assert_never

from msgspec import UnsetType

from ledger.access.proposal_rules import Draft, EraseWallet, Proposed
from ledger.contract.bodies_proposals import (
    VALID_FOR_MAX_S,
    VALID_FOR_MIN_S,
    AdjustmentBody,
    AnyProposalBody,
    ProposedAdjustmentBody,
    ProposedCloseBody,
    ProposedEraseBody,
    ProposedPayoutBody,
)
from ledger.contract.fields import amount_from_zero, instant_within, positive_amount, shown
from ledger.contract.problems import ProblemError, problem
from ledger.contract.shared import Numbers, currency_number
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.transfer import PayOut

_OTHER_DIRECTION: Final = {"credit": ("lot_id", "include_paid"), "debit": ("source", "expires_at")}
"""The fields that mean nothing in a direction."""


def draft(body: AdjustmentBody | AnyProposalBody, numbers: Numbers) -> Draft:
    """What is proposed. Raises ProblemError for what is not well-formed or no currency."""
    valid_for_s = body.valid_for_s
    if not VALID_FOR_MIN_S <= valid_for_s <= VALID_FOR_MAX_S:
        detail = (
            f"valid_for_s was {shown(str(valid_for_s))}; it is between {VALID_FOR_MIN_S} and "
            f"{VALID_FOR_MAX_S} seconds"
        )
        raise ProblemError(problem("expiry-out-of-range", detail, field="valid_for_s"))
    evidence = None if isinstance(body.evidence, UnsetType) else body.evidence
    return Draft(_command(body, numbers), body.reason, evidence, valid_for_s)


def _command(body: AdjustmentBody | AnyProposalBody, numbers: Numbers) -> Proposed:
    wallet_id = body.wallet_id
    match body:
        case AdjustmentBody() | ProposedAdjustmentBody():
            return _adjust(body, numbers)
        case ProposedCloseBody():
            return CloseWallet(
                wallet_id,
                reason="",
                forfeit_balance=body.forfeit_balance,
                end_membership=body.end_membership,
                write_off_claim=body.write_off_claim,
            )
        case ProposedPayoutBody():
            return PayOut(
                wallet_id,
                amount_fen=positive_amount(body.amount_cny, "amount_cny"),
                withheld_fen=amount_from_zero(body.tax_withheld_cny, "tax_withheld_cny"),
                reference=None if isinstance(body.reference, UnsetType) else body.reference,
            )
        case ProposedEraseBody():
            return EraseWallet(wallet_id)
        case _:
            assert_never(body)


def _adjust(body: AdjustmentBody, numbers: Numbers) -> Adjust:
    for name in _OTHER_DIRECTION[body.direction]:
        if not isinstance(getattr(body, name), UnsetType):
            detail = f"{name} means nothing in a {body.direction}. Leave it out."
            raise ProblemError(problem("malformed", detail, field=name))
    expires_at = body.expires_at
    return Adjust(
        body.wallet_id,
        # Who proposes and who approves it, and why, is said of the proposal until it is done.
        proposal_id="",
        proposed_by="",
        approved_by="",
        reason="",
        direction=body.direction,
        currency=currency_number(body.currency, numbers),
        amount_minor=positive_amount(body.amount, "amount"),
        source="compensation" if isinstance(body.source, UnsetType) else body.source,
        expires_at=None
        if isinstance(expires_at, UnsetType)
        else instant_within(expires_at, "expires_at"),
        lot_id=None if isinstance(body.lot_id, UnsetType) else body.lot_id,
        include_paid=body.include_paid is True,
    )
