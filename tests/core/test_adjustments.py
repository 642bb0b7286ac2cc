"""Adjustments by example: what two people may give and take away, and what becomes of its cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.core import wire
from ledger.core.chart import (
    ACCOUNTS,
    FUNDS_SANDBOX,
    LIABILITY_INSPIRATION,
    SUSPENSE,
    VAT_PENDING,
    points_account,
)
from ledger.core.entries import entry_for
from ledger.core.flows.adjustment import Adjust, BalanceAdjusted, Direction
from ledger.core.flows.control import FreezeWallet, SetLimit
from ledger.core.flows.hold import VoidHold
from ledger.core.flows.order import OpenRecharge, OrderOpened
from ledger.core.flows.order_refund import RefundOrder
from ledger.core.instants import DAY_US, INSTANT_MAX
from ledger.core.money import CNY
from ledger.core.rejections import Reason, Rejection
from ledger.core.verification import ShardVerification
from tests.core.steps import (
    balance,
    buy,
    claims,
    debit,
    expect,
    grant,
    hold,
    now_in,
    recharge,
    restore,
    reverse,
    slices,
)
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import Desk, balances, desk_at
from tests.kit.examples import examples
from tests.kit.house_terms import SHARD, TIGHT
from tests.kit.stories.invariants import check_invariants


def adjustment(direction: Direction, amount: int, **fields: Any) -> Adjust:
    """What amy proposed and ben approved."""
    named: dict[str, Any] = {"currency": INSPIRATION, "reason": "booked twice"} | fields
    return Adjust("ann", "prop-1", "amy", "ben", direction, amount_minor=amount, **named)


def credit(desk: Desk, amount: int, **fields: Any) -> BalanceAdjusted:
    """A lot that two people gave."""
    return expect(BalanceAdjusted, desk.send(adjustment("credit", amount, **fields)))


def take_away(desk: Desk, amount: int, **fields: Any) -> BalanceAdjusted:
    """Value that two people took away."""
    return expect(BalanceAdjusted, desk.send(adjustment("debit", amount, **fields)))


def refused(desk: Desk, command: Adjust) -> Rejection:
    """Why an adjustment is refused."""
    return expect(Rejection, desk.send(command))


def money(desk: Desk) -> dict[int, int]:
    """The trial balance of CNY, without zeros."""
    fen_by_account = {number: balance(desk, number) for number in ACCOUNTS}
    return {number: fen for number, fen in fen_by_account.items() if fen}


def points(desk: Desk, account: int) -> int:
    """The balance of an account in points of generation, debit positive."""
    return sum(
        debit - credit
        for (_, number, currency), (debit, credit) in desk.journal.totals.items()
        if (number, currency) == (account, INSPIRATION)
    )


def test_a_credit_is_one_free_lot(desk: Desk) -> None:
    """Compensation unless it is said to be promotional; no money is moved by a gift."""
    made = credit(desk, 500)
    assert made.lot is not None
    assert (made.lot.source, made.lot.paid, made.lot.expires_at) == ("compensation", False, None)
    assert (made.available_after_minor, made.adjusted_at) == (500, desk.now)
    assert (made.proposal_id, made.proposed_by, made.approved_by) == ("prop-1", "amy", "ben")
    until = desk.now + DAY_US
    gift = credit(desk, 70, source="promotional", expires_at=until)
    assert gift.lot is not None
    assert (gift.lot.source, gift.lot.expires_at) == ("promotional", until)
    assert gift.available_after_minor == 570
    assert points(desk, points_account("compensation", "issued")) == 500
    assert points(desk, points_account("promotional", "available")) == -70
    assert money(desk) == {}
    desk.now = until
    assert now_in(desk).available_minor(INSPIRATION) == 500


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1])
@pytest.mark.parametrize("direction", ["credit", "debit"])
def test_an_amount_is_in_range_whatever_its_direction(
    desk: Desk, direction: Direction, amount: int
) -> None:
    """The bounds of a grant hold here too; only the caps of callers do not."""
    assert refused(desk, adjustment(direction, amount)).reason == Reason.AMOUNT_OUT_OF_RANGE


@pytest.mark.parametrize("expires_at", [0, INSTANT_MAX + 1])
def test_a_credit_that_expired_before_it_began_is_refused(desk: Desk, expires_at: int) -> None:
    """As for grants: after now, and within time as the ledger knows it."""
    command = adjustment("credit", 1, expires_at=expires_at)
    assert refused(desk, command).reason == Reason.EXPIRY_OUT_OF_RANGE
    at_once = adjustment("credit", 1, expires_at=desk.now)
    assert refused(desk, at_once).reason == Reason.EXPIRY_OUT_OF_RANGE


def test_a_credit_needs_room_for_its_lot() -> None:
    """Lots are bounded for whoever asks for one."""
    desk = desk_at("2026-03-10T12:00", TIGHT)
    for _ in range(3):
        credit(desk, 1)
    assert refused(desk, adjustment("credit", 1)).reason == Reason.LIMIT_EXCEEDED


def test_a_debit_takes_free_value_in_spending_order_and_passes_paid_value_over(desk: Desk) -> None:
    """What nobody paid for goes without any trace in the money."""
    paid = recharge(desk)
    desk.now += 1
    late = grant(desk, 100)
    soon = grant(desk, 50, DAY_US)
    before = money(desk)
    made = take_away(desk, 120)
    assert slices(made.takes) == [(soon, 50), (late, 70)]
    assert made.available_after_minor == 1_030
    assert money(desk) == before
    assert points(desk, points_account("promotional", "adjusted")) == -120
    assert points(desk, points_account("promotional", "issued")) == 150
    refusal = refused(desk, adjustment("debit", 31))
    assert refusal.reason == Reason.INSUFFICIENT_FUNDS
    assert refusal.facts["available_minor"] == 30
    assert refusal.facts["counted"] == "free value"
    assert balances(now_in(desk)) == {late: (30, 0), paid: (1_000, 0)}


def test_paid_value_is_taken_only_when_it_is_said_and_its_cost_is_not_revenue(desk: Desk) -> None:
    """What it had cost, VAT and all, rests in suspense until finance knows what it is."""
    paid = recharge(desk, 1_000)
    grant(desk, 10)
    made = take_away(desk, 4_010, include_paid=True)
    assert slices(made.takes)[1:] == [(paid, 4_000)]
    assert set(entry_for(made)) == {
        (points_account("promotional", "available"), INSPIRATION, 10),
        (points_account("promotional", "adjusted"), INSPIRATION, -10),
        (points_account("purchased", "available"), INSPIRATION, 4_000),
        (points_account("purchased", "adjusted"), INSPIRATION, -4_000),
        (LIABILITY_INSPIRATION, CNY, 378),
        (SUSPENSE, CNY, -400),
        (VAT_PENDING, CNY, 22),
    }
    assert money(desk) == {
        FUNDS_SANDBOX: 1_000,
        LIABILITY_INSPIRATION: -565,
        VAT_PENDING: -35,
        SUSPENSE: -400,
    }
    check_invariants(desk.journal)


def test_a_debit_of_one_lot_takes_nothing_else(desk: Desk) -> None:
    """Named, it is that lot or none; a lot of another currency is none."""
    first, second = grant(desk, 100), grant(desk, 100)
    assert slices(take_away(desk, 60, lot_id=second).takes) == [(second, 60)]
    assert balances(now_in(desk)) == {first: (100, 0), second: (40, 0)}
    refusal = refused(desk, adjustment("debit", 41, lot_id=second, include_paid=True))
    assert refusal.reason == Reason.INSUFFICIENT_FUNDS
    assert refusal.facts["available_minor"] == 40
    assert (refusal.facts["counted"], refusal.facts["lot_id"]) == ("paid and free value", second)
    elsewhere = adjustment("debit", 1, lot_id=second, currency=KUAIBI)
    assert refused(desk, elsewhere).reason == Reason.LOT_NOT_FOUND
    take_away(desk, 40, lot_id=second)
    assert refused(desk, adjustment("debit", 1, lot_id=second)).reason == Reason.LOT_NOT_FOUND


def test_a_paid_lot_that_is_named_is_still_paid(desk: Desk) -> None:
    """Naming it does not say that paid value may go."""
    paid = recharge(desk)
    refusal = refused(desk, adjustment("debit", 1, lot_id=paid))
    assert (refusal.reason, refusal.facts["available_minor"]) == (Reason.INSUFFICIENT_FUNDS, 0)
    assert slices(take_away(desk, 1_000, lot_id=paid, include_paid=True).takes) == [(paid, 1_000)]
    assert now_in(desk).lots == ()
    assert money(desk) == {FUNDS_SANDBOX: 100, SUSPENSE: -100}


def test_what_a_hold_has_set_aside_is_not_taken(desk: Desk) -> None:
    """It is promised to a job; once it comes back it may be taken."""
    lot_id = grant(desk, 100)
    held = hold(desk, 80)
    refusal = refused(desk, adjustment("debit", 21))
    assert (refusal.reason, refusal.facts["available_minor"]) == (Reason.INSUFFICIENT_FUNDS, 20)
    take_away(desk, 20)
    assert balances(now_in(desk)) == {lot_id: (0, 80)}
    desk.send(VoidHold("ann", held))
    assert take_away(desk, 80).available_after_minor == 0


def test_what_has_expired_cannot_be_taken(desk: Desk) -> None:
    """Dues first, as ever."""
    grant(desk, 100, DAY_US)
    desk.now += DAY_US
    assert refused(desk, adjustment("debit", 1)).reason == Reason.INSUFFICIENT_FUNDS


def test_a_frozen_wallet_is_corrected_and_the_days_limit_stays_what_it_was(desk: Desk) -> None:
    """Operators correct what users may not touch, and a correction is no spending."""
    grant(desk, 1_000)
    desk.send(SetLimit("ann", INSPIRATION, "asked for", 300))
    take_away(desk, 500)
    credit(desk, 100)
    assert now_in(desk).used == ()
    debit(desk, 300)
    desk.send(FreezeWallet("ann", "suspicious"))
    assert take_away(desk, 200).available_after_minor == 100
    assert credit(desk, 1).available_after_minor == 101


def test_a_gift_pays_no_claim(desk: Desk) -> None:
    """Only what the user pays, or what comes back of the order itself, reduces what is owed."""
    order_id = buy(desk, OpenRecharge("ann", INSPIRATION, 100, "sandbox"))
    debit(desk, 1_000)
    reverse(desk, order_id, 100)
    owed = claims(desk)
    credit(desk, 1_000)
    assert claims(desk) == owed != []


def test_nobody_approves_what_they_proposed(desk: Desk) -> None:
    """Whoever sends it checks that first: here it is a bug, which fails alone, and nothing is."""
    command = replace(adjustment("credit", 100), approved_by="amy")
    with pytest.raises(ValueError, match="approved by its proposer"):
        desk.send(command)
    assert desk.journal.records == []


def test_an_adjustment_that_one_person_made_alone_is_found_by_the_audit(desk: Desk) -> None:
    """`ledger verify` says whose, even where the rest of the log was forged to fit."""
    credit(desk, 100)
    (record,) = desk.journal.records
    event = expect(BalanceAdjusted, wire.decode_event(record.payload))
    forged = wire.encode(replace(event, approved_by="amy"))
    assert list(ShardVerification(SHARD).follow(record)) == []
    (finding,) = ShardVerification(SHARD).follow(replace(record, payload=forged))
    assert finding.problem == "was approved by amy, its proposer"


def test_the_same_adjustment_again_is_answered_and_not_made_again(desk: Desk) -> None:
    """The proposal's id is the key it is submitted under; the reason is not in the log."""
    grant(desk, 100)
    command = adjustment("debit", 10)
    first = desk.send(command, key="prop-1")
    assert desk.send(command, key="prop-1") == first
    assert now_in(desk).available_minor(INSPIRATION) == 90
    other = expect(Rejection, desk.send(replace(command, amount_minor=11), key="prop-1"))
    assert other.facts["field"] == "amount_minor"
    assert all(b"booked twice" not in record.command for record in desk.journal.records)


def test_a_chargeback_of_what_was_taken_away_is_met_out_of_suspense(desk: Desk) -> None:
    """The user does not have it and did not spend it: nothing is owed, no revenue is reversed."""
    order_id = buy(desk, OpenRecharge("ann", INSPIRATION, 1_000, "sandbox"))
    take_away(desk, 4_000, include_paid=True)
    taken = reverse(desk, order_id, 1_000)
    assert slices(taken.takes) == [(f"lot-{order_id}", 6_000)]
    assert (taken.adjusted_fen, taken.claim, claims(desk)) == (400, None, [])
    assert (money(desk), now_in(desk).adjusted_fen) == ({}, {})
    assert taken.order.status == "refunded"
    check_invariants(desk.journal)


def test_a_chargeback_beyond_what_was_taken_away_is_owed(desk: Desk) -> None:
    """Lots first, then suspense, then what was spent; what is in suspense of others stays."""
    other = buy(desk, OpenRecharge("ann", INSPIRATION, 200, "sandbox"))
    take_away(desk, 500, include_paid=True)
    order_id = buy(desk, OpenRecharge("ann", KUAIBI, 1_000, "sandbox"))
    take_away(desk, 3_000, include_paid=True, currency=KUAIBI)
    debit(desk, 1_500)
    assert now_in(desk).adjusted_fen == {other: 50, order_id: 300}
    first = reverse(desk, order_id, 800)
    assert (sum(take.cost_fen for take in first.takes), first.adjusted_fen) == (700, 100)
    assert now_in(desk).adjusted_fen == {other: 50, order_id: 200}
    taken = reverse(desk, other, 200)
    assert (taken.takes, taken.adjusted_fen) == ((), 50)
    assert [fen for fen, _, _ in claims(desk)] == [150]
    assert now_in(desk).adjusted_fen == {order_id: 200}
    check_invariants(desk.journal)


def test_money_restored_is_in_suspense_again_and_not_with_the_user(desk: Desk) -> None:
    """The claim is cancelled first; what two people took away does not come back by a channel."""
    order_id = buy(desk, OpenRecharge("ann", INSPIRATION, 1_000, "sandbox"))
    take_away(desk, 4_000, include_paid=True)
    debit(desk, 5_000)
    reverse(desk, order_id, 1_000)
    assert [fen for fen, _, _ in claims(desk)] == [500]
    back = restore(desk, order_id, 700)
    assert back.cancelled is not None
    assert (back.cancelled.amount_fen, back.adjusted_fen, back.lot) == (500, 200, None)
    back = restore(desk, order_id, 300)
    assert back.lot is not None
    assert (back.adjusted_fen, back.lot.cost_fen, back.lot.amount_minor) == (200, 100, 1_000)
    assert now_in(desk).adjusted_fen == {order_id: 400}
    assert (balance(desk, SUSPENSE), balance(desk, FUNDS_SANDBOX)) == (-400, 1_000)
    check_invariants(desk.journal)
    assert reverse(desk, order_id, 1_000).adjusted_fen == 400


def test_what_was_taken_away_is_not_refundable(desk: Desk) -> None:
    """A refund gives back what is there; what is in suspense is for finance to decide."""
    order_id = buy(desk, OpenRecharge("ann", INSPIRATION, 1_000, "sandbox"))
    take_away(desk, 4_000, include_paid=True)
    refusal = expect(Rejection, desk.send(RefundOrder("ann", order_id, "please", 601)))
    assert refusal.reason == Reason.REFUND_EXCEEDS_ORDER
    desk.send(RefundOrder("ann", order_id, "please", 600))
    assert now_in(desk).lots == ()


def test_an_order_that_waits_has_its_room(desk: Desk) -> None:
    """A credit does not take the slot that a pending order reserved."""
    desk.journal.terms = TIGHT
    credit(desk, 1)
    for _ in range(2):
        expect(OrderOpened, desk.send(OpenRecharge("ann", INSPIRATION, 100, "sandbox")))
    assert refused(desk, adjustment("credit", 1)).reason == Reason.LIMIT_EXCEEDED


spent = st.lists(st.integers(1, 400), max_size=6)


@given(spent=spent, amount=st.integers(1, 10**6), include_paid=st.booleans())
@examples(60)
def test_a_credit_and_a_debit_of_its_lot_leave_the_money_as_it_was(
    *, spent: list[int], amount: int, include_paid: bool
) -> None:
    """A gift that is taken back was none: CNY does not move, whatever else is in the wallet."""
    desk = desk_at("2026-03-10T12:00")
    recharge(desk, 100)
    for part in spent:
        desk.send(adjustment("debit", part, include_paid=True))
    before, held = money(desk), balances(now_in(desk))
    lot = credit(desk, amount).lot
    assert lot is not None
    take_away(desk, amount, lot_id=lot.lot_id, include_paid=include_paid)
    assert (money(desk), balances(now_in(desk))) == (before, held)
    check_invariants(desk.journal)


@given(st.integers(1, 950), spent)
@examples(100)
def test_paid_value_taken_in_any_parts_moves_exactly_its_cost_and_vat(
    at_first: int, parts: list[int]
) -> None:
    """All of what the lot had cost ends in suspense, to the fen, and none of it in revenue."""
    desk = desk_at("2026-03-10T12:00")
    recharge(desk, 100)
    for part in (at_first, *parts):
        desk.send(adjustment("debit", part, include_paid=True))
        left = sum(lot.cost_left_fen for lot in now_in(desk).lots)
        assert balance(desk, SUSPENSE) == left - 100
        check_invariants(desk.journal)
    rest = now_in(desk).available_minor(INSPIRATION)
    if rest:
        take_away(desk, rest, include_paid=True)
    assert money(desk) == {FUNDS_SANDBOX: 100, SUSPENSE: -100}
