"""Batches by example: idempotency, poisoned commands, and what is kept of a batch."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import batch as core_batch
from ledger.core import wire
from ledger.core.batch import Done, Failed, Remembered, outcome_again
from ledger.core.chart import ACCOUNTS
from ledger.core.decider import Command
from ledger.core.entries import entry_for
from ledger.core.flows.daily_grant import AlreadyTaken, DailyGranted, TakeDailyGrant
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold
from ledger.core.flows.refund import ChargeRefunded, RefundCharge
from ledger.core.instants import shanghai_day
from ledger.core.rejections import Reason, Rejection
from tests.core.steps import expect, grant, now_in
from tests.kit.currencies import INSPIRATION
from tests.kit.desk import Desk, Journal, at, balances, desk_at
from tests.kit.stories.invariants import check_invariants

GRANT = Grant("ann", INSPIRATION, 100, "promotional", "welcome")
DEBIT = Debit("ann", INSPIRATION, 60)
POISON = Debit("ann", INSPIRATION, cast("int", "sixty"))


@pytest.fixture
def desk() -> Desk:
    """A ledger just before midnight in Shanghai."""
    return desk_at("2026-03-10T23:59:59.999999")


def test_the_same_request_again_is_answered_again_and_does_nothing(desk: Desk) -> None:
    """Another try draws another fresh id and salt; the first answer stands."""
    first = desk.send(GRANT, key="k")
    seq = len(desk.journal.records)
    desk.now += 10**12
    again = desk.journal.run([desk.envelope(GRANT, key="k")], desk.now)
    assert again.decided == [Done(first, replayed=True)]
    assert (again.records, again.block, again.requests) == ([], None, [])
    assert len(desk.journal.records) == seq


def test_the_same_request_twice_in_one_batch_is_one_effect(desk: Desk) -> None:
    """The same key twice in one batch crashed others."""
    batch = desk.journal.run([desk.envelope(GRANT, key="k") for _ in range(3)], desk.now)
    assert [done.replayed for done in batch.decided if isinstance(done, Done)] == [
        False,
        True,
        True,
    ]
    assert len({cast("Done", done).outcome for done in batch.decided}) == 1
    assert sum(available for available, _ in balances(now_in(desk)).values()) == 100


def test_a_refusal_is_remembered_though_the_wallet_could_pay_by_now(desk: Desk) -> None:
    """After a top-up use a new key."""
    refused = expect(Rejection, desk.send(DEBIT, key="k"))
    desk.send(GRANT)
    assert desk.send(DEBIT, key="k") == refused
    expect(DebitCharged, desk.send(DEBIT, key="k2"))


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (Debit("ann", INSPIRATION, 61), "amount_minor"),
        (Debit("ann", INSPIRATION, 60, reference="job"), "reference"),
        (Debit("ann", sku="image"), "currency"),
        (AuthorizeHold("ann", INSPIRATION, 60), "kind"),
        (GRANT, "kind"),
    ],
)
def test_a_reused_key_is_refused_naming_what_differs(
    desk: Desk, other: Command, field: str
) -> None:
    """The first answer stays what it was."""
    first = desk.send(DEBIT, key="k")
    refusal = expect(Rejection, desk.send(other, key="k"))
    assert refusal == Rejection(Reason.IDEMPOTENCY_KEY_REUSED, {"field": field})
    assert desk.send(DEBIT, key="k") == first


def test_a_key_belongs_to_its_caller_and_its_wallet(desk: Desk) -> None:
    """Another caller's, or another wallet's, same key is another request."""
    first = desk.send(GRANT, key="k")
    assert desk.send(GRANT, key="k", caller="web") != first
    expect(Rejection, desk.send(Debit("bob", INSPIRATION, 60), key="k"))


def test_another_reason_is_another_command_until_the_text_is_erased(desk: Desk) -> None:
    """Once its salt is gone nobody can tell any more: then the first answer stands."""
    first = desk.send(GRANT, key="k")
    other = Grant("ann", INSPIRATION, 100, "promotional", "sorry")
    refusal = expect(Rejection, desk.send(other, key="k"))
    assert refusal.facts == {"field": "reason"}
    for key in desk.journal.salts:
        desk.journal.salts[key] = None
    assert desk.send(other, key="k") == first
    assert desk.send(GRANT, key="k") == first
    dearer = Grant("ann", INSPIRATION, 101, "promotional", "welcome")
    assert expect(Rejection, desk.send(dearer, key="k")).facts == {"field": "amount_minor"}


def test_an_erased_text_alone_answers_from_memory() -> None:
    """The rule by itself, without a ledger around it."""
    answer = Rejection(Reason.INSUFFICIENT_FUNDS)
    remembered = Remembered(wire.canonical(GRANT, b"salt"), None, answer)
    assert outcome_again(remembered, GRANT) is answer


def test_free_text_goes_to_the_side_table_with_its_salt(desk: Desk) -> None:
    """Payloads and commands hold ids, codes and numbers only."""
    batch = desk.journal.run([desk.envelope(GRANT, key="k")], desk.now)
    (text,) = batch.texts
    assert (text.text, text.salt) == ("welcome", b"salt-1")
    assert not any(b"welcome" in record.payload + record.command for record in batch.records)


def test_a_poisoned_command_fails_alone(desk: Desk) -> None:
    """A bug in one decision leaves nothing behind, and its neighbours are decided."""
    commands = (GRANT, POISON, DEBIT)
    batch = desk.journal.run([desk.envelope(command) for command in commands], desk.now)
    first, poisoned, last = batch.decided
    assert isinstance(poisoned, Failed)
    assert isinstance(poisoned.error, TypeError)
    assert isinstance(first, Done)
    assert isinstance(last, Done)
    assert [record.seq for record in desk.journal.records] == [1, 2]
    check_invariants(desk.journal)


def test_a_command_whose_encoding_raises_leaves_nothing_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All records are made before the first effect: half an event is none."""

    def raise_for_debits(event: object) -> Any:
        if isinstance(event, DebitCharged):
            raise OverflowError
        return original(cast("Any", event))

    original = entry_for
    grant(desk, 100)
    monkeypatch.setattr(core_batch, "entry_for", raise_for_debits)
    batch = desk.journal.run([desk.envelope(DEBIT, key="k")], desk.now)
    assert isinstance(batch.decided[0], Failed)
    assert (batch.records, batch.requests, batch.wallets, batch.documents) == ([], [], {}, {})
    monkeypatch.undo()
    expect(DebitCharged, desk.send(DEBIT, key="k"))


def test_a_batch_of_refusals_and_replays_makes_no_block(desk: Desk) -> None:
    """And takes no seq."""
    desk.send(GRANT, key="k")
    tree = desk.journal.tree
    envelopes = [desk.envelope(GRANT, key="k"), desk.envelope(Debit("bob", INSPIRATION, 1))]
    batch = desk.journal.run(envelopes, desk.now)
    assert (batch.block, batch.tree, batch.records, batch.totals) == (None, None, [], {})
    assert desk.journal.tree == tree
    assert len(batch.requests) == 1


def test_a_refused_command_does_not_record_the_dues_it_applied(desk: Desk) -> None:
    """They are applied again, as of their own instants, by the next that succeeds."""
    grant(desk, 50, 1)
    desk.now += 5
    expect(Rejection, desk.send(DEBIT))
    assert [record.tag for record in desk.journal.records] == ["lot_granted_v1"]
    desk.send(GRANT)
    expired = desk.journal.records[1]
    assert expired.tag == "lot_expired_v1"
    assert expired.occurred_at == desk.now - 4
    assert expired.recorded_at == desk.now
    assert (expired.caller, expired.key_hash, expired.command) == ("", b"", b"")


def test_a_charge_can_be_refunded_in_the_batch_that_made_it(desk: Desk) -> None:
    """A batch answers as its commands one by one would, so it must find its own charges."""
    grant(desk, 100)
    envelopes = [desk.envelope(DEBIT), desk.envelope(RefundCharge("ann", "ch-1-2", "failed"))]
    charged, refunded = desk.journal.run(envelopes, desk.now).decided
    expect(DebitCharged, cast("Done", charged).outcome)
    expect(ChargeRefunded, cast("Done", refunded).outcome)


def test_an_unknown_document_of_another_kind_is_not_mistaken(desk: Desk) -> None:
    """A hold's id is no charge's id, even if they are spelled alike."""
    grant(desk, 100)
    desk.send(AuthorizeHold("ann", INSPIRATION, 10, hold_id="ch-1-9"))
    desk.send(CaptureHold("ann", "ch-1-9"))
    refusal = expect(Rejection, desk.send(RefundCharge("ann", "ch-1-9", "failed")))
    assert refusal.reason == Reason.CHARGE_NOT_FOUND


def test_a_hold_id_is_unique_in_its_wallet_for_ever(desk: Desk) -> None:
    """Also after the hold was captured, and in the very batch that closes it."""
    grant(desk, 100)
    again = AuthorizeHold("ann", INSPIRATION, 10, hold_id="h")
    commands = (again, again, CaptureHold("ann", "h"), again)
    batch = desk.journal.run([desk.envelope(command) for command in commands], desk.now)
    answers = [cast("Done", done).outcome for done in batch.decided]
    assert expect(Rejection, answers[1]).reason == Reason.HOLD_EXISTS
    assert expect(Rejection, answers[3]).reason == Reason.HOLD_EXISTS
    expect(Rejection, desk.send(again))


def test_a_closed_day_is_not_posted_to(desk: Desk) -> None:
    """The accounting day is the Shanghai date of occurrence, or the first open one after it."""
    day = shanghai_day(desk.now)
    closed = Journal(desk.journal.terms, closed_through=day + 3)
    assert desk.journal.run([desk.envelope(GRANT)], desk.now).records[0].day == day
    assert closed.run([desk.envelope(GRANT)], desk.now).records[0].day == day + 4


def test_the_daily_grant_is_once_a_shanghai_day(desk: Desk) -> None:
    """At 23:59:59.999999 and, a microsecond later, again: another day, the first lot expired."""
    first = expect(DailyGranted, desk.send(TakeDailyGrant("ann")))
    assert first.lot.amount_minor == 6_600
    assert first.lot.expires_at == desk.now + 1
    refusal = expect(AlreadyTaken, desk.send(TakeDailyGrant("ann"), key="k"))
    assert refusal.claim.lot_id == first.lot.lot_id
    desk.now += 1
    second = expect(DailyGranted, desk.send(TakeDailyGrant("ann")))
    assert second.day == first.day + 1
    assert balances(now_in(desk)) == {second.lot.lot_id: (6_600, 0)}
    assert desk.send(TakeDailyGrant("ann"), key="k") == refusal


def test_the_daily_grant_does_not_start_anew_at_midnight_utc(desk: Desk) -> None:
    """A daily reset at UTC midnight was a bug of others."""
    desk.now = at("2026-03-11T07:59:59.999999")
    first = expect(DailyGranted, desk.send(TakeDailyGrant("ann")))
    desk.now += 1
    assert expect(AlreadyTaken, desk.send(TakeDailyGrant("ann"))).claim.day == first.day


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=12))
def test_totals_are_the_debits_and_credits_of_the_legs(amounts: list[int]) -> None:
    """By accounting day, account and currency, each column by itself."""
    desk = desk_at("2026-03-10T12:00")
    batch = desk.journal.run(
        [
            desk.envelope(Grant("ann", INSPIRATION, amount, "promotional", "test"))
            for amount in amounts
        ],
        desk.now,
    )
    paths = {ACCOUNTS[account].path: sums for (_, account, _), sums in batch.totals.items()}
    assert paths == {
        "points:issued:promotional": (sum(amounts), 0),
        "points:available:promotional": (0, sum(amounts)),
    }
