"""Refunds of orders by example: what unspent value is worth, and what becomes of it."""

import pytest

from ledger.core.chart import (
    FUNDS_SANDBOX,
    LIABILITY_INSPIRATION,
    LIABILITY_MEMBERSHIP,
    REFUNDS_PAYABLE,
    REVENUE_GENERATION,
    VAT_PAYABLE,
    VAT_PENDING,
)
from ledger.core.flows.order import (
    CloseOrder,
    OpenMembership,
    OpenRecharge,
    OrderClosed,
    OrderOpened,
    PaymentSetAside,
    SettlePayment,
)
from ledger.core.flows.order_refund import (
    ConfirmRefund,
    FailRefund,
    RefundOrder,
)
from ledger.core.flows.refund import RefundCharge
from ledger.core.flows.reversal import ReversePayment
from ledger.core.instants import HOUR_US
from ledger.core.rejections import Reason, Rejection
from ledger.core.wallet import OrderRefund
from tests.core.steps import balance, buy, confirm, debit, expect, fail, now_in, refund
from tests.kit.currencies import INSPIRATION
from tests.kit.desk import Desk, at, balances, desk_at
from tests.kit.house_terms import TIGHT
from tests.kit.stories.invariants import check_invariants

RECHARGE = OpenRecharge("ann", INSPIRATION, 1_000, "sandbox")
QUARTER = OpenMembership("ann", "gold", "quarter", "sandbox")


def refused(desk: Desk, order_id: str, amount_fen: int | None = None) -> Reason:
    """Why a refund of an order is refused."""
    return expect(Rejection, desk.send(RefundOrder("ann", order_id, "please", amount_fen))).reason


def slices(asked: OrderRefund) -> list[tuple[int, int, int]]:
    """Points, cost and VAT of what was set aside of each lot."""
    return [(take.amount_minor, take.cost_fen, take.vat_fen) for take in asked.takes]


def months_left(desk: Desk) -> list[tuple[int, int]]:
    """Months to come and what was paid for them, of every term in line."""
    membership = now_in(desk).membership
    terms = () if membership is None else membership.terms
    return [(term.left, term.ungranted_fen) for term in terms]


def test_what_is_unspent_of_a_recharge_goes_back_to_its_payer(desk: Desk) -> None:
    """Asked: liability and VAT pending to refunds payable; confirmed: out of the channel."""
    order_id = buy(desk, RECHARGE)
    debit(desk, 2_500)
    asked = refund(desk, order_id)
    assert (asked.amount_fen, slices(asked)) == (750, [(7_500, 750, 43)])
    assert balances(now_in(desk)) == {}
    assert balance(desk, REFUNDS_PAYABLE) == -750
    assert (balance(desk, LIABILITY_INSPIRATION), balance(desk, VAT_PENDING)) == (0, 0)
    order = confirm(desk, asked).order
    assert order is not None
    assert (order.status, order.refunding_fen, order.refunded_fen) == ("partly_refunded", 0, 750)
    assert (balance(desk, REFUNDS_PAYABLE), balance(desk, FUNDS_SANDBOX)) == (0, 250)
    assert (balance(desk, REVENUE_GENERATION), balance(desk, VAT_PAYABLE)) == (-236, -14)


def test_points_removed_are_rounded_up(desk: Desk) -> None:
    """Amount x remaining points / remaining cost: 33 x 695 / 100 = 229.35."""
    order_id = buy(desk, OpenRecharge("ann", INSPIRATION, 100, "apple"))
    debit(desk, 5)
    assert slices(refund(desk, order_id, 33)) == [(230, 33, 1)]
    assert balances(now_in(desk)) == {f"lot-{order_id}": (465, 0)}


def test_a_refund_that_failed_leaves_all_as_it_was(desk: Desk) -> None:
    """The mirror image: points, months, cost, VAT and books."""
    buy(desk, RECHARGE)
    order_id = buy(desk, QUARTER)
    debit(desk, 1_000)
    wallet = now_in(desk)
    books = {account: balance(desk, account) for account in range(1, 100)}
    for amount_fen in (1, 6_600, 13_199, 13_201, 19_000):
        fail(desk, refund(desk, order_id, amount_fen))
        assert balances(now_in(desk)) == balances(wallet)
        assert months_left(desk) == [(2, 13_200)]
        assert {account: balance(desk, account) for account in range(1, 100)} == books
    check_invariants(desk.journal)


def test_value_of_a_failed_refund_that_expired_meanwhile_gets_its_grace(desk: Desk) -> None:
    """72 hours, as when a hold is voided: it was paid for and could not be spent."""
    order_id = buy(desk, OpenMembership("ann", "gold", "month", "sandbox"))
    asked = refund(desk, order_id)
    desk.now = at("2026-05-01T00:00")
    (take,) = fail(desk, asked).returned
    assert take.lot.expires_at == desk.now + 72 * HOUR_US


def test_a_refund_in_full_takes_months_and_points_and_ends_the_membership(desk: Desk) -> None:
    """Unspent lots and ungranted months; what was spent stays paid."""
    order_id = buy(desk, QUARTER)
    debit(desk, 33_000)
    asked = refund(desk, order_id)
    assert asked.amount_fen == 19_800 - 3_300
    assert asked.term is not None
    assert (asked.term.months, asked.term.cost_fen) == (2, 13_200)
    assert now_in(desk).membership is None
    assert balance(desk, LIABILITY_MEMBERSHIP) == 0


@pytest.mark.parametrize(
    ("amount_fen", "kept"),
    [(1, (1, 13_199)), (6_600, (1, 6_600)), (6_601, (1, 6_599)), (13_199, (1, 1))],
)
def test_part_of_a_refund_takes_whole_months_from_the_end(
    desk: Desk, amount_fen: int, kept: tuple[int, int]
) -> None:
    """Rounded up, but no cost stays without a month to grant it with."""
    refund(desk, buy(desk, QUARTER), amount_fen)
    assert months_left(desk) == [kept]
    assert list(balances(now_in(desk)).values()) == [(66_000, 0)]
    desk.now = at("2026-04-10T12:00")
    assert [lot.terms.cost_fen for lot in now_in(desk).lots] == [kept[1]]


def test_cost_of_a_failed_refund_comes_back_with_a_month_to_grant_it(desk: Desk) -> None:
    """Of the last month all but a fen went; it was granted; what comes back needs a month."""
    order_id = buy(desk, QUARTER)
    desk.now = at("2026-04-10T12:00")
    asked = refund(desk, order_id, 6_599)
    assert asked.term is not None
    assert asked.term.months == 0
    desk.now = at("2026-05-10T12:00")
    fail(desk, asked)
    assert months_left(desk) == [(1, 6_599)]
    desk.now = at("2026-06-10T12:00")
    assert [lot.terms.cost_fen for lot in now_in(desk).lots] == [6_599]
    check_invariants(desk.journal)


def test_what_waits_behind_a_refunded_term_begins_at_once(desk: Desk) -> None:
    """Its first month is granted now, and now is the new anchor."""
    first = buy(desk, QUARTER)
    waiting = buy(desk, OpenMembership("ann", "mini", "month", "sandbox"))
    desk.now += HOUR_US
    refund(desk, first)
    membership = now_in(desk).membership
    assert membership is not None
    assert (membership.anchor, membership.month) == (desk.now, 1)
    assert balances(now_in(desk)) == {f"lot-{waiting}.1": (700, 0)}


def test_months_of_a_failed_refund_begin_anew_where_there_is_no_membership_left(
    desk: Desk,
) -> None:
    """Two were paid for and are left: the first at once, named by what brought it back."""
    order_id = buy(desk, QUARTER)
    debit(desk, 66_000)
    asked = refund(desk, order_id)
    desk.now = at("2026-07-01T09:00")
    fail(desk, asked)
    assert balances(now_in(desk)) == {f"lot-{asked.refund_id}.1": (66_000, 0)}
    assert months_left(desk) == [(1, 6_600)]


def test_lots_of_months_that_were_put_back_have_names_of_their_own(desk: Desk) -> None:
    """However often months go and come back: a lot's id is used once."""
    order_id = buy(desk, QUARTER)
    month, rounding = refund(desk, order_id, 6_600), refund(desk, order_id, 1)
    desk.now = at("2026-04-10T12:00")
    fail(desk, rounding)
    desk.now = at("2026-05-10T12:00")
    assert balances(now_in(desk)) == {f"lot-{order_id}.3": (66_000, 0)}
    desk.now = at("2026-06-20T12:00")
    fail(desk, month)
    assert balances(now_in(desk)) == {f"lot-{month.refund_id}.1": (66_000, 0)}
    check_invariants(desk.journal)


def test_nothing_more_than_is_refundable_is_given_back(desk: Desk) -> None:
    """An amount of at least a fen, of a paid order, up to what is unspent of it."""
    pending = expect(OrderOpened, desk.send(RECHARGE)).order.order_id
    order_id = buy(desk, RECHARGE)
    debit(desk, 9_990)
    assert refused(desk, order_id, 0) == Reason.AMOUNT_OUT_OF_RANGE
    assert refused(desk, "no-such-order") == Reason.ORDER_NOT_FOUND
    assert refused(desk, pending) == Reason.ORDER_NOT_REFUNDABLE
    expect(OrderClosed, desk.send(CloseOrder("ann", pending)))
    assert refused(desk, pending) == Reason.ORDER_NOT_REFUNDABLE
    assert refused(desk, order_id, 2) == Reason.REFUND_EXCEEDS_ORDER
    debit(desk, 10)
    assert refused(desk, order_id) == Reason.REFUND_EXCEEDS_ORDER


def test_money_that_the_channel_took_back_is_not_given_back_again(desk: Desk) -> None:
    """Its claim was repaid by another order, so the value is good: but not for this money."""
    first = buy(desk, RECHARGE)
    charge_id = debit(desk, 10_000).charge.charge_id
    desk.send(ReversePayment("ann", first, "chargeback-1", 1_000))
    buy(desk, RECHARGE)
    desk.send(RefundCharge("ann", charge_id, "job failed"))
    assert balances(now_in(desk)) == {f"lot-{first}": (10_000, 0)}
    assert refused(desk, first) == Reason.REFUND_EXCEEDS_ORDER


def test_refunds_under_way_are_bounded() -> None:
    """A wallet stays small enough to be read for every command."""
    desk = desk_at("2026-03-10T12:00", TIGHT)
    order_id = buy(desk, RECHARGE)
    asked = refund(desk, order_id, 100)
    assert refused(desk, order_id, 100) == Reason.LIMIT_EXCEEDED
    confirm(desk, asked)
    refund(desk, order_id, 100)


def test_a_refund_is_settled_once_and_under_its_own_order(desk: Desk) -> None:
    """The channel may say it again, under another key; then it is told that it is settled."""
    order_id = buy(desk, RECHARGE)
    asked = refund(desk, order_id)
    for command in (
        ConfirmRefund("ann", "no-such-refund", order_id),
        FailRefund("ann", asked.refund_id, "no-such-order"),
    ):
        assert expect(Rejection, desk.send(command)).reason == Reason.REFUND_NOT_FOUND
    confirm(desk, asked)
    again = expect(Rejection, desk.send(FailRefund("ann", asked.refund_id, order_id)))
    assert (again.reason, again.facts["refund_status"]) == (Reason.REFUND_NOT_OPEN, "confirmed")
    other = ConfirmRefund("ann", asked.refund_id, "no-such-order")
    assert expect(Rejection, desk.send(other)).reason == Reason.REFUND_NOT_FOUND


def test_a_second_payment_is_returned_and_touches_nothing_else(desk: Desk) -> None:
    """Dr refunds payable / Cr funds once the channel returned it; if it cannot, it stays owed."""
    order_id = buy(desk, RECHARGE)
    aside = [
        expect(PaymentSetAside, desk.send(SettlePayment("ann", order_id, f"pay-{number}", 1_000)))
        for number in (2, 3)
    ]
    first, second = (event.refund for event in aside)
    assert first is not None
    assert second is not None
    assert balance(desk, REFUNDS_PAYABLE) == -2_000
    assert confirm(desk, first).order is None
    assert fail(desk, second).order is None
    assert (balance(desk, REFUNDS_PAYABLE), balance(desk, FUNDS_SANDBOX)) == (-1_000, 2_000)
    assert balances(now_in(desk)) == {f"lot-{order_id}": (10_000, 0)}
    assert refund(desk, order_id).amount_fen == 1_000


def test_what_waits_to_be_sent_is_known_by_its_oldest(desk: Desk) -> None:
    """The sweeper finds wallets by it."""
    assert now_in(desk).unsent_since() is None
    first, second = buy(desk, RECHARGE), buy(desk, RECHARGE)
    asked_at = desk.now
    asked = refund(desk, first)
    desk.now += HOUR_US
    refund(desk, second)
    assert now_in(desk).unsent_since() == asked_at
    confirm(desk, asked)
    assert now_in(desk).unsent_since() == asked_at + HOUR_US
