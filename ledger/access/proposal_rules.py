"""The rules of four eyes: what can be proposed, who may decide, and what an approval does."""

from hashlib import sha256
from typing import Final, assert_never

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from ledger.core import wire
from ledger.core.decider import Event, State, decide
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.transfer import PayOut
from ledger.core.instants import SECOND_US, Instant
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Wallet
from ledger.engine.lane import fresh_id
from ledger.store.proposals import Decision, NewProposal, Proposal, ProposalKind, Verdict

_TIMELESS: Final = frozenset({Reason.AMOUNT_OUT_OF_RANGE, Reason.EXPIRY_OUT_OF_RANGE})
"""Refusals that no change of the wallet can lift."""


class EraseWallet(Struct, frozen=True, tag="erase_wallet"):
    """Delete the texts about a wallet: no command of the core, for the log has none of them."""

    wallet_id: str


class Erased(Struct, frozen=True, tag="erased"):
    """How many texts were deleted."""

    texts: int


Proposed = Adjust | CloseWallet | PayOut | EraseWallet
"""What can be proposed, without its reason and without who proposes and approves it."""

Effect = Event | Rejection | Erased
"""The effect of an approved proposal: an event or refusal of the core, or an erasure."""


class Draft(Struct, frozen=True):
    """What a person proposes, why, and for how long; a reason in the command itself is empty."""

    command: Proposed
    reason: str
    evidence: str | None
    valid_for_s: int


class KeptProposal(Struct, frozen=True):
    """A proposal after a call; `replayed` says that the call had been made before."""

    proposal: Proposal
    replayed: bool = False


class TamperedError(Exception):
    """A stored proposal is not the one that was made: nothing is done with it."""


_decoder: msgspec.json.Decoder[Proposed] = msgspec.json.Decoder(Proposed)
_erased: msgspec.json.Decoder[Erased] = msgspec.json.Decoder(Erased)


def command_of(proposal: Proposal) -> Proposed:
    """The command of a proposal, without its reason and the people who propose and approve."""
    return _decoder.decode(proposal.command)


def effect_of(proposal: Proposal) -> Effect | None:
    """The effect of a proposal, if it was carried out."""
    if proposal.outcome is None:
        return None
    if proposal.status == "refused":
        verdict = wire.decode_verdict(proposal.outcome)
        assert isinstance(verdict, Rejection), proposal
        return verdict
    if proposal.kind == "erase_wallet":
        return _erased.decode(proposal.outcome)
    return wire.decode_event(proposal.outcome)


def new_proposal(by: str, key_hash: bytes, draft: Draft) -> NewProposal:
    """The proposal to keep, under an id of its own."""
    proposal_id, kind = f"prop-{fresh_id()}", _kind_of(draft.command)
    command = wire.encode(draft.command).decode()
    return NewProposal(
        proposal_id=proposal_id,
        kind=kind,
        wallet_id=draft.command.wallet_id,
        command=command,
        digest=_digest(proposal_id, kind, by, command),
        reason=draft.reason,
        evidence=draft.evidence,
        proposed_by=by,
        key_hash=key_hash,
        valid_for_s=draft.valid_for_s,
    )


def _kind_of(command: Proposed) -> ProposalKind:
    match command:
        case Adjust():
            return "adjustment"
        case CloseWallet():
            return "close_wallet"
        case PayOut():
            return "pay_out"
        case EraseWallet():
            return "erase_wallet"
        case _:
            assert_never(command)


def _digest(proposal_id: str, kind: ProposalKind, by: str, command: str) -> bytes:
    return sha256(msgspec.json.encode((proposal_id, kind, by, command))).digest()


def check_untampered(proposal: Proposal) -> None:
    """Raises TamperedError unless it is what was proposed, by who proposed it."""
    digest = _digest(proposal.proposal_id, proposal.kind, proposal.proposed_by, proposal.command)
    if digest != proposal.digest or command_of(proposal).wallet_id != proposal.wallet_id:
        raise TamperedError(f"proposal {proposal.proposal_id} is not what was proposed")


def refusal_for_ever(command: Proposed, by: str, terms: Terms, now: Instant) -> Rejection | None:
    """The refusal that the core gives whatever the wallet holds, decided on an empty one."""
    if isinstance(command, EraseWallet):
        return None
    if isinstance(command, Adjust):
        command = replace(command, proposed_by=by)
    state = State(Wallet(command.wallet_id), {})
    match decide(state, command, terms, Stamp(now, 0, 0, "")):
        case Rejection() as refusal if refusal.reason in _TIMELESS:
            return refusal
        case _:
            return None


def proposal_again(first: Proposal, draft: Draft) -> KeptProposal | Rejection:
    """The answer to a draft under a key that its proposer used before, for this proposal."""
    field = _differing_field(first, draft)
    return KeptProposal(first, replayed=True) if field is None else _key_reused(field)


def _differing_field(first: Proposal, draft: Draft) -> str | None:
    """The field in which a request differs from the first one; erased texts differ from none."""
    command, again = command_of(first), draft.command
    if type(command) is not type(again):
        return "kind"
    for field in fields(command):
        if getattr(command, field.name) != getattr(again, field.name):
            return field.name
    if first.expires_at - first.proposed_at != draft.valid_for_s * SECOND_US:
        return "valid_for_s"
    if not first.reason:
        return None
    if first.reason != draft.reason:
        return "reason"
    return None if first.evidence == draft.evidence else "evidence"


_VERDICTS: Final[dict[str, Verdict]] = {
    "approved": "approved",
    "done": "approved",
    "refused": "approved",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
}
"""What was decided of a proposal, by its status."""


def refusal_of_decision(proposal: Proposal, decision: Decision) -> Rejection | None:
    """Why this decision was not taken; None if it had been taken before, by the same person."""
    same_person = proposal.decided_by == decision.by
    same_verdict = _VERDICTS.get(proposal.status) == decision.verdict
    if same_person and proposal.decision_key_hash == decision.key_hash:
        if not same_verdict:
            return _key_reused("kind")
        # A reason that was erased differs from none.
        differs = proposal.reason and proposal.decision_reason != decision.reason
        return _key_reused("reason") if differs else None
    withdrawn = decision.verdict == "withdrawn"
    if (proposal.proposed_by == decision.by) != withdrawn:
        reason = Reason.PROPOSAL_IS_ANOTHERS if withdrawn else Reason.PROPOSAL_IS_OWN
        return _refusal(reason, proposal)
    if proposal.status == "expired":
        return _refusal(Reason.PROPOSAL_EXPIRED, proposal)
    if same_person and same_verdict:
        return None
    return _refusal(Reason.PROPOSAL_NOT_OPEN, proposal)


def _refusal(reason: Reason, proposal: Proposal) -> Rejection:
    return rejected(
        reason,
        proposal_id=proposal.proposal_id,
        proposal_status=proposal.status,
        proposed_by=proposal.proposed_by,
        decided_by=proposal.decided_by,
        expires_at=proposal.expires_at,
    )


def _key_reused(field: str) -> Rejection:
    return rejected(Reason.IDEMPOTENCY_KEY_REUSED, field=field)


def as_approved(proposal: Proposal) -> Proposed:
    """The command as it takes effect, with its reason and both people where it has a place."""
    command = command_of(proposal)
    match command:
        case Adjust():
            assert proposal.decided_by is not None, proposal
            return replace(
                command,
                proposal_id=proposal.proposal_id,
                proposed_by=proposal.proposed_by,
                approved_by=proposal.decided_by,
                reason=proposal.reason,
            )
        case CloseWallet():
            return replace(command, reason=proposal.reason)
        case PayOut() | EraseWallet():
            return command
        case _:
            assert_never(command)
