"""Proposals: what one person proposes, another one approves, and the ledger then does, once.

The row of a proposal is the one place of its decision: whoever changes it from open has decided. An
approved one is carried out under its own id as the key, by the process that has the decision, or
by a job where that process came to its end; so it takes effect once however often it is tried.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from time import monotonic
from typing import Final, Literal, TypeVar

import asyncpg
import structlog

from ledger.access.proposal_rules import (
    Draft,
    Effect,
    Erased,
    EraseWallet,
    KeptProposal,
    as_approved,
    check_untampered,
    new_proposal,
    proposal_again,
    refusal_for_ever,
    refusal_of_decision,
)
from ledger.core import wire
from ledger.core.flows.daily_grant import AlreadyTaken
from ledger.core.flows.due import DuesApplied
from ledger.core.instants import Instant
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Terms
from ledger.engine import metrics
from ledger.engine.commit import Unavailable
from ledger.engine.lane import Submit, hash_key, shard_of
from ledger.engine.reading import Reading
from ledger.store import proposals, reads
from ledger.store.pool import Connection, is_outage
from ledger.store.proposals import Decision, Place, Proposal, Wanted

_log = structlog.get_logger()

T = TypeVar("T")

CALLER: Final = "approval:"
"""Prefix of the caller name of an approved command, before the approver's name."""

AGE_S: Final = 5
"""Seconds that the job leaves to the process that took the decision to carry it out."""

PAGE_MAX: Final = 100
"""How many approved proposals the job looks at in one step."""

PAUSE_FIRST_S: Final = 5.0
PAUSE_MAX_S: Final = 300.0
"""How long the job waits before it tries the same again: twice as long each time."""

_DECISION_KEY: Final = "proposals_decision_key"
_WAITED: Final = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError)
"""Another session kept the row locked for too long; nothing was written."""


class Proposals:
    """The proposals of one ledger, and in this process the way from an approval to its effect."""

    def __init__(
        self,
        submit: Submit,
        erase: Callable[[str], Awaitable[int]],
        reading: Reading,
        terms_at: Callable[[Instant], Terms],
        shards: int,
    ) -> None:
        self._submit, self._erase, self._reading = submit, erase, reading
        self._terms_at, self._shards = terms_at, shards
        self._pauses: dict[str, tuple[float, float]] = {}

    async def propose(self, by: str, key: str, draft: Draft) -> KeptProposal | Rejection:
        """Store a proposal; refused at once only for what no change of the wallet can allow.

        Raises Unavailable.
        """
        wallet_id, key_hash = draft.command.wallet_id, hash_key(key)
        async with self._reading() as connection:
            first = await proposals.find_proposed(connection, by, wallet_id, key_hash)
            now = await reads.read_clock(connection)
        if first is not None:
            return proposal_again(first, draft)
        refusal = refusal_for_ever(draft.command, by, self._terms_at(now), now)
        if refusal is not None:
            return refusal
        new = new_proposal(by, key_hash, draft)
        made = await self._write(lambda connection: proposals.add_proposal(connection, new))
        if made is not None:
            return KeptProposal(made)
        async with self._reading() as connection:
            first = await proposals.find_proposed(connection, by, wallet_id, key_hash)
        assert first is not None, new
        return proposal_again(first, draft)

    async def read(self, proposal_id: str) -> Proposal | None:
        """The proposal of an id. Raises Unavailable."""
        async with self._reading() as connection:
            return await proposals.find_proposal(connection, proposal_id)

    async def list(
        self, wanted: Wanted, limit: int, after: Place | None = None
    ) -> list[tuple[Place, Proposal]]:
        """A page of proposals, open ones first, then the newest. Raises Unavailable."""
        async with self._reading() as connection:
            return await proposals.list_proposals(connection, wanted, limit, after)

    async def decide(self, proposal_id: str, decision: Decision) -> KeptProposal | Rejection:
        """Approve, reject or withdraw; what is approved is carried out.

        Where the ledger cannot carry it out now, the proposal stays `approved` and the job does it.
        Raises Unavailable, and TamperedError before anything is decided.
        """
        proposal = await self.read(proposal_id)
        if proposal is None:
            return rejected(Reason.PROPOSAL_NOT_FOUND, proposal_id=proposal_id)
        check_untampered(proposal)
        try:
            decided = await self._write(
                lambda connection: proposals.decide_proposal(connection, proposal_id, decision)
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != _DECISION_KEY:
                raise
            return rejected(Reason.IDEMPOTENCY_KEY_REUSED, field="proposal_id")
        if decided is not None:
            return KeptProposal(await self._execute(decided))
        proposal = await self.read(proposal_id)
        assert proposal is not None, proposal_id
        async with self._reading() as connection:
            earlier = await proposals.find_decided(
                connection, decision.by, proposal.wallet_id, decision.key_hash
            )
        if earlier is not None and earlier.proposal_id != proposal_id:
            return rejected(Reason.IDEMPOTENCY_KEY_REUSED, field="proposal_id")
        refusal = refusal_of_decision(proposal, decision)
        if refusal is not None:
            return refusal
        return KeptProposal(await self._execute(proposal), replayed=True)

    async def finish(self, shard: int) -> AsyncGenerator[int, None]:
        """One round of the job: carry out what was approved of a shard's wallets and then left.

        Yields how many were. Raises Unavailable where the database is away.
        """
        last: Proposal | None = None
        more, waiting = True, 0
        while more:
            async with self._reading() as connection:
                page = await proposals.find_approved(connection, AGE_S, PAGE_MAX, last)
            mine = [
                proposal for proposal in page if shard_of(proposal.wallet_id, self._shards) == shard
            ]
            done = 0
            for proposal in mine:
                if self._is_due(proposal):
                    done += await self._finish(proposal)
            waiting += len(mine) - done
            yield done
            more = len(page) == PAGE_MAX
            last = page[-1] if page else None
        metrics.UNSENT.labels(shard, "proposals").set(waiting)

    def _is_due(self, proposal: Proposal) -> bool:
        until, _ = self._pauses.get(proposal.proposal_id, (0.0, 0.0))
        return until <= monotonic()

    async def _finish(self, proposal: Proposal) -> bool:
        """Whether it was carried out now; a wallet in quarantine is left for a later round."""
        name = proposal.proposal_id
        _, pause_s = self._pauses.pop(name, (0.0, PAUSE_FIRST_S))
        try:
            return await self._effect(proposal) is not None
        except Exception as error:
            if isinstance(error, Unavailable) and error.reason != "wallet-quarantined":
                raise
            _log.exception("proposal_not_carried_out", proposal=name)
            self._pauses[name] = (monotonic() + pause_s, min(pause_s * 2, PAUSE_MAX_S))
            return False

    async def _execute(self, proposal: Proposal) -> Proposal:
        if proposal.status != "approved":
            return proposal
        try:
            return await self._effect(proposal) or await self.read(proposal.proposal_id) or proposal
        except Unavailable as away:
            # The decision stands, so it would be wrong to say that nothing was done.
            _log.warning("proposal_waits", proposal=proposal.proposal_id, why=away.reason)
            return proposal

    async def _effect(self, proposal: Proposal) -> Proposal | None:
        """Have it take effect, and keep what it came to; None if another process kept it."""
        check_untampered(proposal)
        command = as_approved(proposal)
        outcome: Effect
        if isinstance(command, EraseWallet):
            outcome = Erased(await self._erase(command.wallet_id))
        else:
            done = await self._submit(
                f"{CALLER}{proposal.decided_by}", proposal.proposal_id, command
            )
            assert not isinstance(done.outcome, AlreadyTaken | DuesApplied), proposal
            outcome = done.outcome
        status: Literal["done", "refused"] = "refused" if isinstance(outcome, Rejection) else "done"
        text = wire.encode(outcome).decode()
        return await self._write(
            lambda connection: proposals.conclude_proposal(
                connection, proposal.proposal_id, status, text
            )
        )

    async def _write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Write one statement. Raises Unavailable: a connection lost meanwhile leaves it open."""
        async with self._reading() as connection:
            try:
                return await work(connection)
            except _WAITED as error:
                raise Unavailable("busy") from error
            except Exception as error:
                if is_outage(error):
                    raise Unavailable("outcome-unknown") from error
                raise
