"""Orders and memberships by example: late, wrong and double payments, months and their cost."""

import pytest

from ledger.core.chart import REFUNDS_PAYABLE, SUSPENSE
from ledger.core.flows.debit import Debit
from ledger.core.flows.membership import ends_at
from ledger.core.flows.order import (
    OpenMembership,
    OpenRecharge,
    PaymentSetAside,
    RechargePaid,
    SettlePayment,
)
from ledger.core.ids import shard_of_order
from ledger.core.instants import SECOND_US
from ledger.core.purchases import Order
from ledger.core.rejections import Reason, Rejection
from ledger.core.wallet import Wallet
from tests.core.steps import expect, now_in, opened, pay
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import Desk, at, balances, desk_at
from tests.kit.house_terms import TIGHT

RECHARGE = OpenRecharge("ann", INSPIRATION, 1_000, "sandbox")
QUARTER = OpenMembership("ann", "gold", "quarter", "sandbox")


@pytest.fixture
def desk() -> Desk:
    """A ledger on the last day of January, in the evening in Shanghai."""
    return desk_at("2026-01-31T20:00")


def lots_of(wallet: Wallet) -> list[tuple[str, int, int]]:
    """Id suffix, cost and VAT of every lot."""
    return [(lot.terms.lot_id[-2:], lot.terms.cost_fen, lot.terms.vat_fen) for lot in wallet.lots]


def test_ten_yuan_buy_a_hundred_points(desk: Desk) -> None:
    """10 points a yuan in either currency; the price is the lot's cost, 6 % VAT inside."""
    for currency in (INSPIRATION, KUAIBI):
        order = opened(desk, OpenRecharge("ann", currency, 1_000, "sandbox"))
        lot = expect(RechargePaid, pay(desk, order)).lot
        assert lot is not None
        assert (lot.amount_minor, lot.cost_fen, lot.vat_fen) == (10_000, 1_000, 57)
        assert (lot.source, lot.paid, lot.expires_at) == ("purchased", True, None)


def test_a_channel_may_sell_fewer_points_a_yuan(desk: Desk) -> None:
    """Prices per channel are data: an app store may sell 7 points a yuan."""
    order = opened(desk, OpenRecharge("ann", INSPIRATION, 1_000, "apple"))
    lot = expect(RechargePaid, pay(desk, order)).lot
    assert lot is not None
    assert lot.amount_minor == 7_000


def test_an_order_is_closed_when_it_was_not_paid_in_time(desk: Desk) -> None:
    """At the very instant; a microsecond earlier it is pending."""
    order = opened(desk, RECHARGE)
    desk.now = order.expires_at - 1
    assert now_in(desk).order(order.order_id) == order
    desk.now += 1
    assert now_in(desk).order(order.order_id) is None
    documents = desk.journal.documents_at("ann", desk.now)
    closed = documents["order", order.order_id]
    assert isinstance(closed, Order)
    assert closed.status == "closed"


@pytest.mark.parametrize("late_s", [0, 1, 90 * 86_400])
def test_a_late_payment_of_a_closed_order_is_honoured_and_flagged(desk: Desk, late_s: int) -> None:
    """For however long."""
    order = opened(desk, RECHARGE)
    desk.now = order.expires_at + late_s * SECOND_US
    paid = expect(RechargePaid, pay(desk, order))
    assert paid.order.paid_late
    assert balances(now_in(desk)) == {f"lot-{order.order_id}": (10_000, 0)}


@pytest.mark.parametrize("amount_fen", [999, 1_001, 1])
def test_a_wrong_amount_goes_to_suspense_and_credits_nothing(desk: Desk, amount_fen: int) -> None:
    """Booked and listed for finance; the order can still be paid."""
    order = opened(desk, RECHARGE)
    aside = expect(PaymentSetAside, pay(desk, order, amount_fen))
    assert (aside.account, aside.expected_fen) == (SUSPENSE, 1_000)
    assert desk.journal.records[-1].legs == ((2, 156, amount_fen), (SUSPENSE, 156, -amount_fen))
    assert now_in(desk).lots == ()
    expect(RechargePaid, pay(desk, order, payment_id="pay-2"))


def test_a_second_payment_of_a_paid_order_is_owed_back(desk: Desk) -> None:
    """Dr funds / Cr refunds payable; the points are credited once."""
    order = opened(desk, RECHARGE)
    pay(desk, order)
    aside = expect(PaymentSetAside, pay(desk, order, payment_id="pay-2"))
    assert aside.account == REFUNDS_PAYABLE
    assert balances(now_in(desk)) == {f"lot-{order.order_id}": (10_000, 0)}


def test_another_wallet_cannot_be_credited_for_an_order(desk: Desk) -> None:
    """An order belongs to its wallet."""
    order = opened(desk, RECHARGE)
    answer = desk.send(SettlePayment("bob", order.order_id, "pay-1", 1_000))
    assert expect(Rejection, answer).reason == Reason.ORDER_NOT_FOUND


def test_an_order_id_carries_its_shard(desk: Desk) -> None:
    """32 characters that every channel takes."""
    order = opened(desk, RECHARGE)
    assert len(order.order_id) == 32
    assert shard_of_order(order.order_id) == 1
    assert shard_of_order("ff" + "0" * 30) == 255
    for strange in ("", "1", "g" * 32, "0" * 31, "0" * 33, "0" * 31 + "A", "０" * 32):
        assert shard_of_order(strange) is None


def test_a_pending_order_has_reserved_its_lot() -> None:
    """Bounds apply to what callers ask for, never to a payment."""
    desk = desk_at("2026-01-31T20:00", TIGHT)
    first, second = opened(desk, RECHARGE), opened(desk, RECHARGE)
    refusal = expect(Rejection, desk.send(RECHARGE))
    assert refusal.facts["limit"] == "pending orders"
    pay(desk, first)
    third = opened(desk, RECHARGE)
    refusal = expect(Rejection, desk.send(QUARTER))
    assert refusal.facts["limit"] == "pending orders"
    pay(desk, second)
    refusal = expect(Rejection, desk.send(QUARTER))
    assert refusal.facts["limit"] == "open lots"
    pay(desk, third)
    late = pay(desk, first, payment_id="pay-2")
    assert isinstance(late, PaymentSetAside)
    assert len(now_in(desk).lots) == 3


def test_a_membership_grants_its_first_month_at_once_and_the_others_in_time(desk: Desk) -> None:
    """31 January, 28 February, 31 March: each lot expires when the next falls due."""
    order = opened(desk, QUARTER)
    pay(desk, order)
    for due in ("2026-02-28T20:00", "2026-03-31T20:00", "2026-04-30T20:00"):
        (lot,) = now_in(desk).lots
        assert lot.available_minor == 66_000
        assert lot.terms.expires_at == at(due)
        desk.now = at(due) - 1
        assert now_in(desk).lots == (lot,)
        desk.now += 1
    assert now_in(desk).lots == ()
    assert now_in(desk).membership is None


def test_the_price_is_spread_over_the_months_to_the_fen(desk: Desk) -> None:
    """By cumulative proportion: 198 yuan of VAT-inclusive price, 11.21 of VAT over 3 months."""
    order = opened(desk, QUARTER)
    pay(desk, order)
    granted = []
    for due in ("2026-01-31T20:00", "2026-02-28T20:00", "2026-03-31T20:00"):
        desk.now = at(due)
        granted += lots_of(now_in(desk))
    assert granted == [(".1", 6_600, 373), (".2", 6_600, 374), (".3", 6_600, 374)]
    assert sum(vat for _, _, vat in granted) == order.vat_fen


def test_a_further_order_queues_behind_and_keeps_the_anchor(desk: Desk) -> None:
    """Paid on 15 February, it grants from 30 April on, the 31st kept as its day."""
    pay(desk, opened(desk, QUARTER))
    desk.now = at("2026-02-15T09:00")
    further = opened(desk, OpenMembership("ann", "maxi", "month", "sandbox"))
    pay(desk, further, payment_id="pay-2")
    membership = now_in(desk).membership
    assert membership is not None
    assert ends_at(membership) == at("2026-05-31T20:00")
    assert [lot.available_minor for lot in now_in(desk).lots] == [66_000]
    desk.now = at("2026-04-30T20:00")
    (lot,) = now_in(desk).lots
    assert (lot.available_minor, lot.terms.cost_fen) == (2_300, 250)
    assert lot.terms.expires_at == at("2026-05-31T20:00")


def test_a_membership_paid_at_the_instant_of_the_old_ones_end_starts_anew(desk: Desk) -> None:
    """The end falls due first; the new anchor is the payment's instant."""
    pay(desk, opened(desk, OpenMembership("ann", "gold", "month", "sandbox")))
    further = opened(desk, OpenMembership("ann", "gold", "month", "sandbox"))
    desk.now = at("2026-02-28T20:00")
    pay(desk, further, payment_id="pay-2")
    membership = now_in(desk).membership
    assert membership is not None
    assert (membership.anchor, membership.month) == (desk.now, 1)


def test_spending_a_membership_earns_membership_revenue(desk: Desk) -> None:
    """By the take's source; other points earn revenue from generation."""
    pay(desk, opened(desk, QUARTER))
    desk.send(Debit("ann", INSPIRATION, 33_000))
    legs = {account: amount for account, _, amount in desk.journal.records[-1].legs}
    assert (legs[12], legs[41], legs[21], legs[20]) == (3_114, -3_114, 186, -186)
