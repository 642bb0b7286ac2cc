"""Four eyes: one person proposes, another one decides, and nothing gets round it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from ledger.access.proposal_rules import Erased, EraseWallet, KeptProposal, TamperedError, effect_of
from ledger.core.flows.closure import CloseWallet, WalletClosed
from ledger.core.flows.transfer import PaidOut, PayOut
from ledger.core.rejections import Reason, Rejection
from ledger.service import Ledger
from ledger.store.pool import connect_service
from ledger.store.proposals import Verdict
from tests.kit.databases import Database, differences
from tests.kit.proposals import (
    ANN,
    BOB,
    WHY,
    adjust,
    adjustments,
    age,
    approved,
    decide,
    draft,
    proposed,
    resume,
    why,
)
from tests.kit.steps import available, give
from tests.kit.tips import fund, tip
from tests.kit.waiting import until

VERDICTS: tuple[Verdict, ...] = ("approved", "rejected")


@pytest.fixture
async def service(database: Database, ledger: Ledger) -> AsyncIterator[Any]:
    """The service's own connection, with all that its role may do."""
    assert ledger.facts.shards
    connection = await connect_service(database.url)
    yield connection
    await connection.close()


async def test_an_approved_adjustment_proves_in_the_log_who_did_it(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """The event's caller is the approver's; proposal, proposer and approver are in its payload."""
    proposal = await proposed(ledger, draft(adjust("w")))
    assert await available(ledger, "w") == 0
    decided = await approved(ledger, proposal)
    assert (decided.status, decided.decided_by, decided.reason) == ("done", BOB, WHY)
    assert decided.executed_at is not None
    ((caller, payload),) = await adjustments(owner, "w")
    assert caller == f"approval:{BOB}"
    assert (payload["proposal_id"], payload["proposed_by"], payload["approved_by"]) == (
        proposal.proposal_id,
        ANN,
        BOB,
    )
    assert WHY not in json.dumps(payload)
    assert await owner.fetchval("SELECT body FROM texts WHERE wallet = 'w'") == WHY
    taking = await proposed(ledger, draft(adjust("w", 400, "debit")), key="debit")
    assert (await approved(ledger, taking)).status == "done"
    assert await available(ledger, "w") == 600
    assert await differences(database) == []


async def test_a_closing_a_payout_and_an_erasure_take_effect_too(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """Each as its own call would do it; the events are the approver's."""
    await fund(ledger, ["giver"])
    await tip(ledger, "giver", "creator")
    share_fen = 50
    await until(lambda: _payable(ledger, "creator", share_fen))
    payout = await proposed(ledger, draft(PayOut("creator", share_fen, 0, "bank-1")))
    paid = effect_of(await approved(ledger, payout))
    assert isinstance(paid, PaidOut)
    assert (paid.amount_fen, paid.reference) == (share_fen, "bank-1")
    await give(ledger, "w", 100)
    erasure = await proposed(ledger, draft(EraseWallet("w")), key="erase")
    assert effect_of(await approved(ledger, erasure)) == Erased(1)
    closing = await proposed(ledger, draft(CloseWallet("w", "", forfeit_balance=True)), key="close")
    assert isinstance(effect_of(await approved(ledger, closing)), WalletClosed)
    assert (await ledger.wallets.read("w")).wallet.closed_at is not None
    rows = await owner.fetch(
        "SELECT tag, caller FROM events WHERE tag IN ('paid_out_v1', 'wallet_closed_v1')"
    )
    assert {(row["tag"], row["caller"]) for row in rows} == {
        ("paid_out_v1", "approval:bob"),
        ("wallet_closed_v1", "approval:bob"),
    }
    assert await owner.fetchval("SELECT count(*) FROM texts WHERE wallet = 'w'") == 0
    assert await differences(database) == []


async def _payable(ledger: Ledger, wallet_id: str, fen: int) -> bool:
    return (await ledger.wallets.read(wallet_id)).wallet.payable_fen == fen


async def test_what_the_ledger_refuses_is_the_outcome_for_good(ledger: Ledger) -> None:
    """Decided again when it is carried out; what changes later does not lift it."""
    proposal = await proposed(ledger, draft(adjust("w", 500, "debit")))
    decided = await approved(ledger, proposal)
    assert decided.status == "refused"
    refusal = effect_of(decided)
    assert isinstance(refusal, Rejection)
    assert refusal.reason is Reason.INSUFFICIENT_FUNDS
    await give(ledger, "w", 1_000)
    again = await decide(ledger, proposal)
    assert again == KeptProposal(decided, replayed=True)
    assert await available(ledger, "w") == 1_000


async def test_what_can_never_be_right_is_refused_at_once(ledger: Ledger, owner: Any) -> None:
    """What only depends on the wallet is not: that may change until it is approved."""
    for command, reason in (
        (adjust("w", 10**15 + 1), Reason.AMOUNT_OUT_OF_RANGE),
        (replace(adjust("w"), expires_at=1), Reason.EXPIRY_OUT_OF_RANGE),
        (PayOut("w", 100, 101), Reason.AMOUNT_OUT_OF_RANGE),
    ):
        refusal = await ledger.proposals.propose(ANN, "p", draft(command))
        assert isinstance(refusal, Rejection)
        assert refusal.reason is reason
    assert await owner.fetchval("SELECT count(*) FROM proposals") == 0


async def test_nobody_decides_on_what_they_proposed(ledger: Ledger, owner: Any) -> None:
    """Under no key, before and after others did; nobody else withdraws it."""
    proposal = await proposed(ledger, draft(adjust("w")))
    for key in ("p", "another"):
        for verdict in VERDICTS:
            assert why(await decide(ledger, proposal, verdict, ANN, key)) == Reason.PROPOSAL_IS_OWN
    assert why(await decide(ledger, proposal, "withdrawn", BOB)) == Reason.PROPOSAL_IS_ANOTHERS
    assert (await ledger.proposals.read(proposal.proposal_id)) == proposal
    await approved(ledger, proposal)
    for verdict in VERDICTS:
        assert why(await decide(ledger, proposal, verdict, ANN)) == Reason.PROPOSAL_IS_OWN
    assert len(await adjustments(owner, "w")) == 1


ALONE = [
    ("status = 'approved', decided_by = proposed_by", "proposal_is_decided_by_another"),
    ("status = 'done', decided_by = proposed_by", "proposal_is_decided_by_another"),
    ("status = 'rejected', decided_by = proposed_by", "proposal_is_decided_by_another"),
    ("status = 'withdrawn', decided_by = 'bob'", "proposal_is_decided_by_another"),
    ("status = 'approved'", "proposal_is_open_until_decided"),
    (
        "status = 'approved', decided_by = 'bob', decided_at = expires_at",
        "proposal_is_decided_in_time",
    ),
]


async def test_the_database_refuses_a_decision_that_no_second_person_took(
    ledger: Ledger, service: Any
) -> None:
    """By CHECK: whatever a bug of ours says, as the service's own role."""
    await proposed(ledger, draft(adjust("w")))
    for changes, constraint in ALONE:
        given = "decided_at" in changes or "decided_by" not in changes
        at = "" if given else ", decided_at = now()"
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await service.execute(f"UPDATE proposals SET {changes}{at}")
        assert refused.value.constraint_name == constraint


async def test_what_was_proposed_cannot_be_changed_by_the_service(
    ledger: Ledger, service: Any
) -> None:
    """No right of its role reaches it, so no call can."""
    await proposed(ledger, draft(adjust("w")))
    for column in (
        *("command", "digest", "kind", "wallet", "proposed_by", "expires_at", "proposal_id"),
        *("key_hash", "proposed_at"),
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(f"UPDATE proposals SET {column} = {column}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("DELETE FROM proposals")


TAMPERINGS = [
    "command = replace(command, '1000', '9999')",
    "command = replace(command, wallet, 'v')",
    "proposed_by = 'cy'",
    "kind = 'close_wallet'",
    "wallet = 'v'",
]


async def test_a_proposal_that_was_tampered_with_is_not_carried_out(
    ledger: Ledger, owner: Any
) -> None:
    """Whoever has the database changes a row: nothing is decided, by a call or by the job."""
    for number, change in enumerate(TAMPERINGS):
        proposal = await proposed(ledger, draft(adjust(f"w{number}")))
        at = proposal.proposal_id
        await owner.execute(f"UPDATE proposals SET {change} WHERE proposal_id = $1", at)
        with pytest.raises(TamperedError):
            await decide(ledger, proposal)
        status = await owner.fetchval("SELECT status FROM proposals WHERE proposal_id = $1", at)
        assert status == "open", change
    await owner.execute(
        "UPDATE proposals SET status = 'approved', decided_by = 'bob', decided_at = now()"
    )
    await age(owner, 60)
    assert await resume(ledger) == 0
    assert await owner.fetchval("SELECT count(*) FROM events") == 0
