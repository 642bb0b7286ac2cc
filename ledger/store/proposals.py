"""Proposals: dangerous actions that one person proposes and another one decides on, as rows."""

from typing import Any, Literal

from msgspec import Struct

from ledger.core.instants import Instant, to_datetime, to_instant
from ledger.store.pool import Connection
from ledger.store.sql import statement

ProposalKind = Literal["adjustment", "close_wallet", "pay_out", "erase_wallet"]

Verdict = Literal["approved", "rejected", "withdrawn"]
"""What a person decides; only the one who made a proposal withdraws it."""

ProposalStatus = Literal["open", "expired", "approved", "rejected", "withdrawn", "done", "refused"]
"""`approved` is decided and on its way; `done` and `refused` are what the ledger made of it."""

Standing = Literal[
    "open", "waiting", "expired", "approved", "rejected", "withdrawn", "done", "refused"
]
"""What a list is asked for: a status, or what waits for a decision, other people's first."""


class NewProposal(Struct, frozen=True, kw_only=True):
    """A proposal to keep; `command` is JSON, without the reason, and never changes."""

    proposal_id: str
    kind: ProposalKind
    wallet_id: str
    command: str
    digest: bytes
    reason: str
    evidence: str | None
    proposed_by: str
    key_hash: bytes
    valid_for_s: int


class Proposal(Struct, frozen=True, kw_only=True):
    """A proposal as it stands; its times are real ones, whatever the development clock says.

    `reason` is empty once it was erased. `outcome` is JSON: the event or refusal of the core.
    """

    proposal_id: str
    kind: ProposalKind
    wallet_id: str
    command: str
    digest: bytes
    reason: str
    evidence: str | None
    proposed_by: str
    key_hash: bytes
    proposed_at: Instant
    expires_at: Instant
    status: ProposalStatus
    decided_by: str | None
    decided_at: Instant | None
    decision_reason: str | None
    decision_key_hash: bytes | None
    outcome: str | None
    executed_at: Instant | None


class Decision(Struct, frozen=True):
    """A person's decision and its reason; `key_hash` is that of the request's key."""

    verdict: Verdict
    by: str
    key_hash: bytes
    reason: str | None = None


class Wanted(Struct, frozen=True):
    """Which proposals a list is to have: of any wallet and status where these are None.

    `by` is who asks.
    """

    by: str
    wallet_id: str | None = None
    standing: Standing | None = None


class Place(Struct, frozen=True):
    """The place of a proposal in the list of all: a page goes on after it."""

    is_first: bool
    proposed_at: Instant
    proposal_id: str


async def add_proposal(connection: Connection, new: NewProposal) -> Proposal | None:
    """Keep it, open from now on; None where its proposer used the key for the wallet before."""
    row = await connection.fetchrow(
        statement("add_proposal"),
        new.proposal_id,
        new.kind,
        new.wallet_id,
        new.command,
        new.digest,
        new.reason,
        new.evidence,
        new.proposed_by,
        new.key_hash,
        new.valid_for_s,
    )
    return None if row is None else _proposal(row)


async def find_proposal(connection: Connection, proposal_id: str) -> Proposal | None:
    """The proposal of an id."""
    row = await connection.fetchrow(statement("find_proposal"), proposal_id, None, None, None, None)
    return None if row is None else _proposal(row)


async def find_proposed(
    connection: Connection, by: str, wallet_id: str, key_hash: bytes
) -> Proposal | None:
    """The proposal that a person made for a wallet under an idempotency key."""
    row = await connection.fetchrow(statement("find_proposal"), None, by, wallet_id, key_hash, None)
    return None if row is None else _proposal(row)


async def find_decided(
    connection: Connection, by: str, wallet_id: str, key_hash: bytes
) -> Proposal | None:
    """The proposal of a wallet that a person decided on under an idempotency key."""
    row = await connection.fetchrow(statement("find_proposal"), None, None, wallet_id, key_hash, by)
    return None if row is None else _proposal(row)


async def list_proposals(
    connection: Connection, wanted: Wanted, limit: int, after: Place | None = None
) -> list[tuple[Place, Proposal]]:
    """A page of proposals, each with its place; open ones first, then the newest."""
    place: tuple[object, ...] = (None, None, None)
    if after is not None:
        place = (after.is_first, to_datetime(after.proposed_at), after.proposal_id)
    rows = await connection.fetch(
        statement("list_proposals"), wanted.wallet_id, wanted.standing, wanted.by, *place, limit
    )
    placed = [(row["is_first"], _proposal(row)) for row in rows]
    return [
        (Place(first, proposal.proposed_at, proposal.proposal_id), proposal)
        for first, proposal in placed
    ]


async def decide_proposal(
    connection: Connection, proposal_id: str, decision: Decision
) -> Proposal | None:
    """The proposal as decided now; None if it may not be decided so.

    Raises asyncpg.UniqueViolationError, constraint `proposals_decision_key`, where the person used
    the key for another decision on the wallet.
    """
    row = await connection.fetchrow(
        statement("decide_proposal"),
        proposal_id,
        decision.verdict,
        decision.by,
        decision.reason,
        decision.key_hash,
    )
    return None if row is None else _proposal(row)


async def conclude_proposal(
    connection: Connection, proposal_id: str, status: Literal["done", "refused"], outcome: str
) -> Proposal | None:
    """The approved proposal with what it came to; None if that is known already."""
    row = await connection.fetchrow(statement("conclude_proposal"), proposal_id, status, outcome)
    return None if row is None else _proposal(row)


async def find_approved(
    connection: Connection, age_s: int, limit: int, after: Proposal | None = None
) -> list[Proposal]:
    """A page of proposals approved so long ago and not carried out, the longest waiting first."""
    decided_at = None if after is None else after.decided_at
    rows = await connection.fetch(
        statement("find_approved"),
        age_s,
        to_datetime(decided_at or 0),
        "" if after is None else after.proposal_id,
        limit,
    )
    return [_proposal(row) for row in rows]


def _proposal(row: Any) -> Proposal:  # noqa: ANN401 - a row, as asyncpg gives it
    decided_at, executed_at = row["decided_at"], row["executed_at"]
    return Proposal(
        proposal_id=row["proposal_id"],
        kind=row["kind"],
        wallet_id=row["wallet"],
        command=row["command"],
        digest=row["digest"],
        reason=row["reason"],
        evidence=row["evidence"],
        proposed_by=row["proposed_by"],
        key_hash=row["key_hash"],
        proposed_at=to_instant(row["proposed_at"]),
        expires_at=to_instant(row["expires_at"]),
        status=row["standing"],
        decided_by=row["decided_by"],
        decided_at=None if decided_at is None else to_instant(decided_at),
        decision_reason=row["decision_reason"],
        decision_key_hash=row["decision_key_hash"],
        outcome=row["outcome"],
        executed_at=None if executed_at is None else to_instant(executed_at),
    )
