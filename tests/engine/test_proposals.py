"""Four eyes: one person proposes, another one decides, in time and once; nothing gets round it."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from ledger.access.proposal_rules import (
    Draft,
    Erased,
    EraseWallet,
    KeptProposal,
    TamperedError,
    effect_of,
)
from ledger.core.flows.closure import CloseWallet, WalletClosed
from ledger.core.flows.transfer import PaidOut, PayOut
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.engine import Unavailable
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from ledger.store.pool import connect_service
from ledger.store.proposals import Place, Proposal, Verdict, Wanted
from tests.conftest import Database
from tests.engine.proposing import (
    ANN,
    BOB,
    WHY,
    adjust,
    adjustments,
    age,
    approved,
    available,
    decide,
    draft,
    give,
    proposed,
    resume,
    why,
)
from tests.engine.tips import fund, opened, tip
from tests.jobs.support import differences, poison, store_state, until

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
    found = await approved(ledger, proposal)
    assert (found.status, found.decided_by, found.reason) == ("done", BOB, WHY)
    assert found.executed_at is not None
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
    found = await approved(ledger, proposal)
    assert found.status == "refused"
    refusal = effect_of(found)
    assert isinstance(refusal, Rejection)
    assert refusal.reason is Reason.INSUFFICIENT_FUNDS
    await give(ledger, "w", 1_000)
    again = await decide(ledger, proposal)
    assert again == KeptProposal(found, replayed=True)
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


async def test_the_same_request_is_one_proposal_and_another_under_its_key_is_refused(
    ledger: Ledger,
) -> None:
    """The field that differs is named; the scope of a key is the person and the wallet."""
    first = await proposed(ledger, draft(adjust("w")))
    again = await ledger.proposals.propose(ANN, "p", draft(adjust("w")))
    assert again == KeptProposal(first, replayed=True)
    others: dict[str, Draft] = {
        "amount_minor": draft(adjust("w", 1_001)),
        "direction": draft(adjust("w", direction="debit")),
        "kind": draft(EraseWallet("w")),
        "reason": draft(adjust("w"), reason="another"),
        "evidence": draft(adjust("w"), evidence=None),
        "valid_for_s": draft(adjust("w"), valid_for_s=60),
    }
    for field, other in others.items():
        refusal = await ledger.proposals.propose(ANN, "p", other)
        assert refusal == rejected(Reason.IDEMPOTENCY_KEY_REUSED, field=field)
    for by, wallet_id in ((BOB, "w"), (ANN, "v")):
        await proposed(ledger, draft(adjust(wallet_id)), by)
    await approved(ledger, first)
    later = await ledger.proposals.propose(ANN, "p", draft(adjust("w")))
    assert isinstance(later, KeptProposal)
    assert (later.replayed, later.proposal.status) == (True, "done")


async def test_the_same_key_at_once_is_one_proposal(ledger: Ledger, owner: Any) -> None:
    """Twenty requests, sent together."""
    answers = await asyncio.gather(
        *(ledger.proposals.propose(ANN, "p", draft(adjust("w"))) for _ in range(20))
    )
    told = [answer for answer in answers if isinstance(answer, KeptProposal)]
    assert len(told) == 20
    assert len({one.proposal.proposal_id for one in told}) == 1
    assert sum(not one.replayed for one in told) == 1
    assert await owner.fetchval("SELECT count(*) FROM proposals") == 1


async def test_the_same_decision_again_is_told_how_it_stands(ledger: Ledger, owner: Any) -> None:
    """Under the same key or another; another decision, person or proposal under it is refused."""
    first, second = [await proposed(ledger, draft(adjust("w")), key=key) for key in ("1", "2")]
    done = await decide(ledger, first, key="k")
    assert isinstance(done, KeptProposal)
    assert (done.replayed, done.proposal.status) == (False, "done")
    for key in ("k", "another"):
        assert await decide(ledger, first, key=key) == KeptProposal(done.proposal, replayed=True)
    assert why(await decide(ledger, first, "rejected", key="another")) == Reason.PROPOSAL_NOT_OPEN
    reused = await decide(ledger, first, "rejected", key="k")
    assert reused == rejected(Reason.IDEMPOTENCY_KEY_REUSED, field="kind")
    elsewhere = await decide(ledger, second, key="k")
    assert elsewhere == rejected(Reason.IDEMPOTENCY_KEY_REUSED, field="proposal_id")
    assert why(await decide(ledger, first, by="cy", key="k")) == Reason.PROPOSAL_NOT_OPEN
    assert isinstance(await decide(ledger, second, "withdrawn", ANN), KeptProposal)
    assert why(await decide(ledger, second)) == Reason.PROPOSAL_NOT_OPEN
    assert len(await adjustments(owner, "w")) == 1


async def test_twenty_decisions_at_once_are_one(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """By several people through two services: one is taken, with its effect if it approves."""
    dice = random.Random(1)
    people = ["bob", "cy", "dan", "eve"]
    async with opened(database) as other:
        for number in range(20):
            wallet_id = f"w{number}"
            proposal = await proposed(ledger, draft(adjust(wallet_id)))
            calls: list[tuple[Verdict, str]] = [
                (dice.choices(("approved", "rejected"), (3, 1))[0], dice.choice(people))
                for _ in range(16)
            ]
            calls += [("approved", ANN), ("rejected", ANN), ("withdrawn", ANN), ("approved", ANN)]
            dice.shuffle(calls)
            answers = await asyncio.gather(
                *(
                    decide(dice.choice((ledger, other)), proposal, verdict, by, f"k{index}")
                    for index, (verdict, by) in enumerate(calls)
                )
            )
            taken = [
                call
                for call, answer in zip(calls, answers, strict=True)
                if isinstance(answer, KeptProposal) and not answer.replayed
            ]
            assert len(taken) == 1, taken
            verdict, by = taken[0]
            told = [
                call
                for call, answer in zip(calls, answers, strict=True)
                if isinstance(answer, KeptProposal)
            ]
            assert set(told) == {(verdict, by)}, "whoever else is told of it decided something"
            found = await ledger.proposals.read(proposal.proposal_id)
            assert found is not None
            assert found.decided_by == by
            effects = await adjustments(owner, wallet_id)
            assert len(effects) == (verdict == "approved")
            assert await available(ledger, wallet_id) == 1_000 * len(effects)
    assert await differences(database) == []


async def test_an_expired_proposal_can_never_be_decided_on(ledger: Ledger, owner: Any) -> None:
    """By nobody, whatever was tried before; its proposer may not even withdraw it."""
    proposal = await proposed(ledger, draft(adjust("w"), valid_for_s=60))
    await age(owner, 60)
    found = await ledger.proposals.read(proposal.proposal_id)
    assert found is not None
    assert found.status == "expired"
    for verdict, by in (("approved", BOB), ("rejected", BOB), ("withdrawn", ANN)):
        assert why(await decide(ledger, proposal, verdict, by)) == Reason.PROPOSAL_EXPIRED  # type: ignore[arg-type]
    assert await owner.fetchval("SELECT status FROM proposals") == "open"
    assert await adjustments(owner, "w") == []


async def test_approving_while_it_expires_is_either_in_time_or_refused(
    ledger: Ledger, owner: Any
) -> None:
    """Decisions around the very moment: none is taken after it, by the database's clock."""
    drafts = [draft(adjust(f"w{number}"), valid_for_s=1) for number in range(12)]
    waiting = await asyncio.gather(*(proposed(ledger, draft) for draft in drafts))
    soonest = min(one.expires_at for one in waiting)
    now = await owner.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint")
    await asyncio.sleep(max((soonest - now) / 1e6 - 0.1, 0))

    async def keep_trying(proposal: Proposal, pause_s: float) -> KeptProposal | Rejection:
        await asyncio.sleep(pause_s)
        return await decide(ledger, proposal)

    answers = await asyncio.gather(
        *(keep_trying(one, number * 0.02) for number, one in enumerate(waiting))
    )
    in_time = 0
    for number, (proposal, answer) in enumerate(zip(waiting, answers, strict=True)):
        row = await owner.fetchrow(
            "SELECT status, decided_at < expires_at AS in_time FROM proposals "
            "WHERE proposal_id = $1",
            proposal.proposal_id,
        )
        effects = len(await adjustments(owner, f"w{number}"))
        if isinstance(answer, KeptProposal):
            in_time += 1
            assert (row["status"], row["in_time"], effects) == ("done", True, 1)
        else:
            assert (answer.reason, row["status"], effects) == (Reason.PROPOSAL_EXPIRED, "open", 0)
    assert 0 < in_time < len(waiting), "the moment was missed: the test tests nothing"


async def test_what_was_approved_and_left_is_carried_out_by_the_job_once(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """Also by several at once; not while the process that decided may be at it."""
    names = [f"w{number}" for number in range(6)]
    for name in names:
        await proposed(ledger, draft(adjust(name)))
    await proposed(ledger, draft(adjust("open")))
    await owner.execute(
        "UPDATE proposals SET status = 'approved', decided_by = 'bob', decided_at = now() "
        "WHERE wallet <> 'open'"
    )
    assert await resume(ledger) == 0
    await age(owner, 6)
    async with opened(database) as other:
        carried_out = await asyncio.gather(*(resume(one) for one in (ledger, other, ledger, other)))
        assert sum(carried_out) == len(names)
    for name in names:
        ((caller, payload),) = await adjustments(owner, name)
        assert (caller, payload["approved_by"]) == ("approval:bob", BOB)
    rows = await owner.fetch("SELECT wallet, status FROM proposals ORDER BY wallet")
    assert {row["wallet"]: row["status"] for row in rows} == dict.fromkeys(names, "done") | {
        "open": "open"
    }
    assert await resume(ledger) == 0
    assert await differences(database) == []


@pytest.mark.slow
async def test_a_row_that_somebody_has_for_too_long_is_told_as_busy(
    ledger: Ledger, owner: Any
) -> None:
    """Nothing was decided, so nothing is in doubt; the same request decides later."""
    proposal = await proposed(ledger, draft(adjust("w")))
    async with owner.transaction():
        await owner.execute("SELECT FROM proposals FOR UPDATE")
        with pytest.raises(Unavailable, match="busy"):
            await decide(ledger, proposal)
    assert (await approved(ledger, proposal)).status == "done"
    assert len(await adjustments(owner, "w")) == 1


async def test_a_wallet_in_trouble_keeps_nobody_elses_proposals_waiting(
    ledger: Ledger, owner: Any
) -> None:
    """The decision on it stands, and it is told so; the job goes on to others, and tries it later.

    Whoever approved it may ask sooner.
    """
    whole = await poison(ledger, owner, "sick")
    await ledger.clock.advance(40 * 86_400 * 10**6)
    stuck = await proposed(ledger, draft(adjust("sick")))
    assert (await approved(ledger, stuck)).status == "approved"
    well = await proposed(ledger, draft(adjust("well")))
    await owner.execute(
        "UPDATE proposals SET status = 'approved', decided_by = 'bob', decided_at = now() "
        "WHERE wallet = 'well'"
    )
    await age(owner, 60)
    assert await resume(ledger) == 1
    found = await ledger.proposals.read(well.proposal_id)
    assert found is not None
    assert found.status == "done"
    labels = {"shard": str(shard_of("sick", 2)), "kind": "proposals"}
    assert REGISTRY.get_sample_value("ledger_unsent", labels) == 1
    await store_state(owner, "sick", whole)
    assert await resume(ledger) == 0
    assert (await approved(ledger, stuck)).status == "done"
    assert len(await adjustments(owner, "sick")) == 1


async def test_texts_of_proposals_are_erased_once_these_are_over(
    ledger: Ledger, owner: Any
) -> None:
    """What is open keeps its reason; the same requests are still told the same."""
    proposal = await proposed(ledger, draft(adjust("w")))
    waiting = await proposed(ledger, draft(adjust("w")), key="waiting")
    await proposed(ledger, draft(adjust("other")))
    done = await approved(ledger, proposal)
    assert await ledger.texts.erase("w") == 2
    assert await ledger.texts.erase("w") == 0
    found = await ledger.proposals.read(proposal.proposal_id)
    assert found == replace(done, reason="", evidence=None)
    assert await decide(ledger, proposal) == KeptProposal(found, replayed=True)
    again = await ledger.proposals.propose(ANN, "p", draft(adjust("w")))
    assert again == KeptProposal(found, replayed=True)
    assert await ledger.proposals.read(waiting.proposal_id) == waiting
    await age(owner, 3_600)
    assert await ledger.texts.erase("w") == 1
    assert await owner.fetchval("SELECT count(*) FROM proposals WHERE reason <> ''") == 1


async def test_lists_have_open_ones_first_and_then_the_newest(ledger: Ledger, owner: Any) -> None:
    """In pages that miss nothing; those that wait have other people's first."""
    made = [
        await proposed(ledger, draft(adjust(f"w{number % 2}")), (ANN, BOB)[number % 2], f"{number}")
        for number in range(8)
    ]
    for number in (1, 5):
        await approved(ledger, made[number], ANN)
    await owner.execute(
        "UPDATE proposals SET proposed_at = proposed_at - interval '1 d', expires_at = proposed_at "
        "WHERE proposal_id = $1",
        made[6].proposal_id,
    )

    async def listed(page: int, **wanted: Any) -> list[int]:
        numbers: list[int] = []
        after: Place | None = None
        while found := await ledger.proposals.list(Wanted(**wanted), page, after):
            after = found[-1][0]
            ids = [one.proposal_id for one in made]
            numbers += [ids.index(one.proposal_id) for _, one in found]
        return numbers

    for page in (1, 3, 100):
        assert await listed(page, by=ANN) == [7, 4, 3, 2, 0, 5, 1, 6]
        assert await listed(page, by=ANN, standing="waiting") == [7, 3, 4, 2, 0]
        assert await listed(page, by=BOB, standing="waiting") == [4, 2, 0, 7, 3]
        assert await listed(page, by=ANN, standing="expired") == [6]
        assert await listed(page, by=ANN, standing="done", wallet_id="w1") == [5, 1]
        assert await listed(page, by=ANN, wallet_id="w0") == [4, 2, 0, 6]
