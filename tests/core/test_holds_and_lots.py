"""Holds and lots by example: order of spending, returns, grace, and one exact instant."""

import pytest

from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.debit import Debit
from ledger.core.flows.hold import (
    AuthorizeHold,
    CaptureHold,
    ExtendHold,
    HoldCaptured,
    VoidHold,
)
from ledger.core.flows.refund import ChargeRefunded, RefundCharge
from ledger.core.instants import DAY_US, HOUR_US, SECOND_US
from ledger.core.rejections import Reason, Rejection
from tests.core.steps import debit, expect, grant, hold, month, now_in, recharge, slices
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import Desk, at, balances


def test_the_earliest_expiry_is_spent_first_then_free_then_oldest(desk: Desk) -> None:
    """Never-expiring lots come last, free ones before paid ones, older before younger."""
    paid = recharge(desk)
    desk.now += 1
    younger = grant(desk, 10)
    late = grant(desk, 10, 2 * DAY_US)
    soon = grant(desk, 10, DAY_US)
    charge = debit(desk, 35).charge
    assert slices(charge.takes) == [(soon, 10), (late, 10), (younger, 10), (paid, 5)]


def test_lots_alike_in_all_else_are_spent_by_their_id(desk: Desk) -> None:
    """The order is total, so that every replica decides alike."""
    first, second = grant(desk, 10), grant(desk, 10)
    assert first < second
    assert slices(debit(desk, 15).charge.takes) == [(first, 10), (second, 5)]


def test_the_daily_grant_never_touches_purchased_value(desk: Desk) -> None:
    """It is a lot of its own, spent first, and its expiry takes nothing else along."""
    paid = recharge(desk)
    desk.send(TakeDailyGrant("ann"))
    debit(desk, 100)
    desk.now = at("2026-03-11T00:00")
    assert balances(now_in(desk)) == {paid: (1_000, 0)}


def test_another_currency_is_no_help(desk: Desk) -> None:
    """Currencies do not mix."""
    grant(desk, 1_000)
    refusal = expect(Rejection, desk.send(Debit("ann", KUAIBI, 1)))
    assert refusal.reason == Reason.INSUFFICIENT_FUNDS
    assert refusal.facts["available_minor"] == 0


def test_a_void_returns_every_take_to_its_own_lot(desk: Desk) -> None:
    """Not to the first lot, nor to a new one."""
    first, second = grant(desk, 10, DAY_US), grant(desk, 10)
    hold_id = hold(desk, 15)
    assert balances(now_in(desk)) == {first: (0, 10), second: (5, 5)}
    desk.send(VoidHold("ann", hold_id))
    assert balances(now_in(desk)) == {first: (10, 0), second: (10, 0)}


def test_partial_capture_returns_the_rest_to_its_own_lots(desk: Desk) -> None:
    """It consumes takes in order, and closes the hold."""
    first, second = grant(desk, 10, DAY_US), grant(desk, 10)
    hold_id = hold(desk, 20)
    captured = expect(HoldCaptured, desk.send(CaptureHold("ann", hold_id, 12)))
    assert slices(captured.charge.takes) == [(first, 10), (second, 2)]
    assert slices(captured.returned) == [(second, 8)]
    assert balances(now_in(desk)) == {second: (8, 0)}
    again = expect(Rejection, desk.send(CaptureHold("ann", hold_id)))
    assert again.facts["hold_status"] == "captured"


def test_a_hold_keeps_an_expired_lot_good_for_its_capture(desk: Desk) -> None:
    """A job that runs past midnight is still paid with the day's points."""
    lot = grant(desk, 10, HOUR_US)
    hold_id = hold(desk, 10, 7_200)
    desk.now += HOUR_US + 1
    captured = expect(HoldCaptured, desk.send(CaptureHold("ann", hold_id)))
    assert slices(captured.charge.takes) == [(lot, 10)]


def test_free_value_that_returns_to_an_expired_lot_expires_at_that_moment(desk: Desk) -> None:
    """Its breakage is booked when it comes back, not when the lot expired."""
    grant(desk, 10, HOUR_US)
    hold_id = hold(desk, 10, 7_200)
    desk.now += HOUR_US
    desk.send(VoidHold("ann", hold_id))
    assert now_in(desk).lots == ()
    assert [record.tag for record in desk.journal.records[-2:]] == [
        "hold_voided_v1",
        "lot_expired_v1",
    ]
    assert desk.journal.records[-1].occurred_at == desk.now


def held_over_expiry(desk: Desk, amounts: tuple[int, ...]) -> tuple[str, list[str]]:
    """A membership lot an hour past its expiry, with open holds on it."""
    lot = month(desk)
    desk.now = at("2026-04-10T11:00")
    holds = [hold(desk, amount, 604_800) for amount in amounts]
    desk.now = at("2026-04-10T13:00")
    return lot, holds


def test_paid_value_gets_72_hours_once_counted_from_its_first_return(desk: Desk) -> None:
    """A second return within them gets no more."""
    lot, (first, second) = held_over_expiry(desk, (100, 200))
    desk.send(VoidHold("ann", first))
    until = desk.now + 72 * HOUR_US
    assert [lot.terms.expires_at for lot in now_in(desk).lots] == [until]
    desk.now += 71 * HOUR_US
    desk.send(VoidHold("ann", second))
    assert balances(now_in(desk)) == {lot: (300, 0)}
    assert [lot.terms.expires_at for lot in now_in(desk).lots] == [until]
    desk.now = until
    assert now_in(desk).lots == ()


def test_paid_value_that_returns_after_its_grace_expires_at_that_moment(desk: Desk) -> None:
    """Once in the lot's life, also when the lot had left the wallet in between."""
    _, (first, second) = held_over_expiry(desk, (100, 200))
    desk.send(VoidHold("ann", first))
    desk.now += 72 * HOUR_US
    desk.send(VoidHold("ann", second))
    assert now_in(desk).lots == ()


def test_a_hold_that_expires_with_its_lot_returns_before_the_lot_expires(desk: Desk) -> None:
    """At one instant holds fall due before lots: nothing returns past expiry, so no grace."""
    month(desk)
    desk.now = at("2026-04-10T11:00")
    hold(desk, 100, 3_600)
    desk.now = at("2026-04-10T12:00")
    assert now_in(desk).lots == ()
    assert now_in(desk).graces == ()


def test_a_void_at_the_instant_of_expiry_finds_the_lot_expired(desk: Desk) -> None:
    """A command comes after what falls due at its instant, so the value returns past expiry."""
    lot = month(desk)
    desk.now = at("2026-04-10T11:00")
    hold_id = hold(desk, 100, 7_200)
    desk.now = at("2026-04-10T12:00")
    desk.send(VoidHold("ann", hold_id))
    (only,) = now_in(desk).lots
    assert only.terms.lot_id == lot
    assert only.terms.expires_at == desk.now + 72 * HOUR_US


def test_a_lot_cannot_be_spent_at_the_instant_it_expires(desk: Desk) -> None:
    """A microsecond earlier it can; expired but unswept value was once spendable for a day."""
    grant(desk, 10, HOUR_US)
    desk.now += HOUR_US - 1
    debit(desk, 1)
    desk.now += 1
    refusal = expect(Rejection, desk.send(Debit("ann", INSPIRATION, 1)))
    assert refusal.reason == Reason.INSUFFICIENT_FUNDS


def test_an_expired_hold_shows_no_more_and_cannot_be_captured(desk: Desk) -> None:
    """Expired holds still shown in the balance were a bug of others."""
    lot = grant(desk, 10)
    hold_id = hold(desk, 10, 60)
    desk.now += 60 * SECOND_US
    assert balances(now_in(desk)) == {lot: (10, 0)}
    refusal = expect(Rejection, desk.send(CaptureHold("ann", hold_id)))
    assert refusal.facts == {"hold_id": hold_id, "hold_status": "expired"}


def test_an_extension_counts_from_now(desk: Desk) -> None:
    """It may also shorten a hold."""
    grant(desk, 10)
    hold_id = hold(desk, 10, 3_600)
    desk.now += SECOND_US
    desk.send(ExtendHold("ann", hold_id, 60))
    assert now_in(desk).holds[0].expires_at == desk.now + 60 * SECOND_US


def test_a_refund_returns_takes_in_reverse_order_of_spending(desk: Desk) -> None:
    """What was spent last comes back first, also over several partial refunds."""
    soon, paid = grant(desk, 10, DAY_US), recharge(desk)
    charge_id = debit(desk, 40).charge.charge_id
    first = expect(ChargeRefunded, desk.send(RefundCharge("ann", charge_id, "failed", 25)))
    assert slices(first.returned) == [(paid, 25)]
    rest = expect(ChargeRefunded, desk.send(RefundCharge("ann", charge_id, "failed")))
    assert slices(rest.returned) == [(paid, 5), (soon, 10)]
    assert sum(take.cost_fen for take in (*first.returned, *rest.returned)) == 3
    nothing = expect(Rejection, desk.send(RefundCharge("ann", charge_id, "failed")))
    assert nothing.reason == Reason.REFUND_EXCEEDS_CHARGE


@pytest.mark.parametrize("amounts", [(41,), (40, 1), (20, 21), (1, 40)])
def test_no_more_is_refunded_than_was_charged_ever(desk: Desk, amounts: tuple[int, ...]) -> None:
    """Concurrent refunds that together exceed the charge were a bug of others."""
    lot = grant(desk, 40)
    charge_id = debit(desk, 40).charge.charge_id
    answers = [desk.send(RefundCharge("ann", charge_id, "failed", amount)) for amount in amounts]
    assert expect(Rejection, answers[-1]).reason == Reason.REFUND_EXCEEDS_CHARGE
    assert balances(now_in(desk)).get(lot, (0, 0))[0] == sum(amounts[:-1])


def test_a_refund_past_expiry_gives_free_value_24_hours(desk: Desk) -> None:
    """It failed because of us."""
    lot = grant(desk, 10, HOUR_US)
    charge_id = debit(desk, 10).charge.charge_id
    desk.now += 2 * HOUR_US
    desk.send(RefundCharge("ann", charge_id, "failed"))
    (only,) = now_in(desk).lots
    assert (only.terms.lot_id, only.terms.expires_at) == (lot, desk.now + 24 * HOUR_US)


def test_a_refund_past_expiry_gives_paid_value_its_72_hours_then_24(desk: Desk) -> None:
    """The one grace of the lot's life first; a refund after that gets what free value gets."""
    month(desk)
    first, second = (debit(desk, 100).charge.charge_id for _ in range(2))
    desk.now = at("2026-04-20T12:00")
    desk.send(RefundCharge("ann", first, "failed"))
    assert [lot.terms.expires_at for lot in now_in(desk).lots] == [desk.now + 72 * HOUR_US]
    desk.now += 100 * HOUR_US
    desk.send(RefundCharge("ann", second, "failed"))
    assert [lot.terms.expires_at for lot in now_in(desk).lots] == [desk.now + 24 * HOUR_US]


def test_a_return_within_the_grace_brings_the_grace_back(desk: Desk) -> None:
    """A lot that was spent within its grace and left the wallet returns with what is left of it."""
    month(desk)
    first, second = (debit(desk, 100).charge.charge_id for _ in range(2))
    desk.now = at("2026-04-20T12:00")
    until = desk.now + 72 * HOUR_US
    desk.send(RefundCharge("ann", first, "failed"))
    debit(desk, 100)
    assert now_in(desk).lots == ()
    desk.now += HOUR_US
    desk.send(RefundCharge("ann", second, "failed"))
    assert [lot.terms.expires_at for lot in now_in(desk).lots] == [until]


def test_the_smallest_take_still_posts_its_vat(desk: Desk) -> None:
    """A take whose share of the cost is 0 fen can carry a fen of VAT: one-cent drift."""
    recharge(desk, 100)
    debit(desk, 166)
    take = debit(desk, 1).charge.takes[0]
    assert (take.cost_fen, take.vat_fen) == (0, 1)
    debit(desk, 833)
    sums: dict[int, int] = {}
    for (_, account, currency), (debits, credits_) in desk.journal.totals.items():
        if currency == 156:
            sums[account] = sums.get(account, 0) + debits - credits_
    assert {account: amount for account, amount in sums.items() if amount} == {
        2: 100,
        20: -6,
        40: -94,
    }


def test_ids_name_what_they_are_of(desk: Desk) -> None:
    """A charge's id names its event; a hold's and a lot's carry the fresh id."""
    lot = grant(desk, 100)
    assert lot == f"lot-{desk.sent:030x}"
    assert hold(desk, 10) == f"hold-{desk.sent:030x}"
    assert debit(desk, 10).charge.charge_id == f"ch-1-{len(desk.journal.records)}"


def test_settled_and_held_are_shown_apart(desk: Desk) -> None:
    """A failed job once looked charged, because what is held was not told from what is spent."""
    grant(desk, 100)
    desk.send(AuthorizeHold("ann", INSPIRATION, 30))
    wallet = now_in(desk)
    assert (wallet.available_minor(INSPIRATION), wallet.held_minor(INSPIRATION)) == (70, 30)
    assert (wallet.available_minor(KUAIBI), wallet.held_minor(KUAIBI)) == (0, 0)


def test_a_sku_costs_its_price_times_its_quantity(desk: Desk) -> None:
    """0.2 points an image; the quote is frozen on the charge."""
    grant(desk, 6_600)
    most = expect(Rejection, desk.send(Debit("ann", sku="image", quantity=331)))
    assert most.reason == Reason.INSUFFICIENT_FUNDS
    answer = desk.send(Debit("ann", sku="image", quantity=330))
    assert now_in(desk).lots == ()
    assert getattr(answer, "charge").quote.price_version == "2026-01-01"  # noqa: B009
