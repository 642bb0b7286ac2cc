"""Answers to proposals: what was proposed and by whom, who decided, and what it came to."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ledger.contract.fields import Amount, Moment
from ledger.core.flows.adjustment import Direction
from ledger.store.proposals import ProposalKind, ProposalStatus


class _CommandAnswer(Struct, frozen=True, kw_only=True, tag_field="kind"):
    pass


class ProposedAdjustmentAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="adjustment"):
    """A correction: `source` and `expires_at` are a credit's, the other two a debit's."""

    direction: Direction
    currency: str
    amount: Amount
    source: Literal["promotional", "compensation"] | None
    expires_at: Moment | None
    lot_id: str | None
    include_paid: bool | None


class ProposedCloseAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="close_wallet"):
    """A wallet's end, and what is given up with it."""

    forfeit_balance: bool
    end_membership: bool
    write_off_claim: bool


class ProposedPayoutAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="pay_out"):
    """A payout to the wallet's owner."""

    amount_cny: Amount
    tax_withheld_cny: Amount
    reference: str | None


class ProposedEraseAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="erase_wallet"):
    """The texts about the wallet deleted."""


CommandAnswer = (
    ProposedAdjustmentAnswer | ProposedCloseAnswer | ProposedPayoutAnswer | ProposedEraseAnswer
)


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
