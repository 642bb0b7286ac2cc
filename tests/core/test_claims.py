"""Chargebacks by example: what is left goes first, then a claim, and how a claim is paid."""

import pytest

from ledger.core.chart import (
    FUNDS_SANDBOX,
    REVENUE_GENERATION,
    REVENUE_MEMBERSHIP,
    REVENUE_TIPS,
    SUSPENSE,
    VAT_PAYABLE,
    VAT_PENDING,
)
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.hold import HoldVoided, VoidHold
from ledger.core.flows.opening import ImportOpening, OpeningClaim, OpeningImported, OpeningLot
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened, RechargePaid
from ledger.core.flows.refund import ChargeRefunded, RefundCharge
from ledger.core.flows.reversal import (
    RestorePayment,
    ReversePayment,
)
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.rejections import Reason, Rejection
from tests.core.steps import (
    balance,
    buy,
    claims,
    debit,
    expect,
    fail,
    hold,
    now_in,
    opened,
    pay,
    refund,
    restore,
    reverse,
)
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import Desk, balances, desk_at
from tests.kit.house_terms import STRICT
from tests.kit.stories.invariants import check_invariants

RECHARGE = OpenRecharge("ann", INSPIRATION, 1_000, "sandbox")


def test_a_chargeback_takes_what_is_left_and_leaves_a_claim_for_the_rest(desk: Desk) -> None:
    """Revenue and VAT of what was spent are reversed against the channel's funds."""
    order_id = buy(desk, RECHARGE)
    debit(desk, 5_000)
    taken = reverse(desk, order_id, 1_000)
    assert [(take.amount_minor, take.cost_fen) for take in taken.takes] == [(5_000, 500)]
    assert claims(desk) == [(500, 28, REVENUE_GENERATION)]
    assert balances(now_in(desk)) == {}
    for account in (FUNDS_SANDBOX, REVENUE_GENERATION, VAT_PAYABLE, VAT_PENDING):
        assert balance(desk, account) == 0
    assert (taken.order.status, taken.order.reversed_fen) == ("refunded", 1_000)


@pytest.mark.parametrize(
    ("command", "currency", "revenue"),
    [
        (OpenRecharge("ann", KUAIBI, 100, "sandbox"), KUAIBI, REVENUE_TIPS),
        (OpenMembership("ann", "mini", "month", "sandbox"), INSPIRATION, REVENUE_MEMBERSHIP),
    ],
)
def test_a_claim_knows_which_revenue_was_lost(
    desk: Desk, command: OpenRecharge | OpenMembership, currency: int, revenue: int
) -> None:
    """By what the order had sold."""
    order_id = buy(desk, command)
    desk.send(Debit("ann", currency, 700))
    desk.send(Debit("ann", currency, 300))
    reverse(desk, order_id, 100)
    assert [claim[2] for claim in claims(desk)] == [revenue]


def test_the_next_recharge_repays_the_claim_and_the_rest_becomes_points(desk: Desk) -> None:
    """7 yuan, of which 5 are owed: 20 points, revenue and VAT of the claim earned again."""
    order_id = buy(desk, RECHARGE)
    debit(desk, 5_000)
    reverse(desk, order_id, 1_000)
    paid = expect(
        RechargePaid, pay(desk, opened(desk, OpenRecharge("ann", KUAIBI, 700, "sandbox")))
    )
    assert paid.lot is not None
    assert (paid.lot.amount_minor, paid.lot.cost_fen, paid.lot.vat_fen) == (2_000, 200, 11)
    assert claims(desk) == []
    assert (balance(desk, REVENUE_GENERATION), balance(desk, VAT_PAYABLE)) == (-472, -28)
    assert balance(desk, FUNDS_SANDBOX) == 700
    check_invariants(desk.journal)


def test_claims_are_repaid_the_oldest_first_and_a_recharge_may_buy_nothing(desk: Desk) -> None:
    """Of two claims of 10 yuan, 15 yuan pay one and a half: that of the chargeback before."""
    orders = [buy(desk, RECHARGE), buy(desk, RECHARGE)]
    debit(desk, 20_000)
    for order_id in reversed(orders):
        reverse(desk, order_id, 1_000)
    assert [claim[:2] for claim in claims(desk)] == [(1_000, 57)] * 2
    paid = expect(
        RechargePaid, pay(desk, opened(desk, OpenRecharge("ann", INSPIRATION, 1_500, "sandbox")))
    )
    assert paid.lot is None
    repaid = [(part.order_id, part.amount_fen, part.vat_fen) for part in paid.repaid]
    assert repaid == [(orders[1], 1_000, 57), (orders[0], 500, 28)]
    assert claims(desk) == [(500, 29, REVENUE_GENERATION)]
    assert balances(now_in(desk)) == {}


def test_a_membership_never_repays_a_claim(desk: Desk) -> None:
    """It buys its months."""
    order_id = buy(desk, RECHARGE)
    debit(desk, 10_000)
    reverse(desk, order_id, 1_000)
    buy(desk, OpenMembership("ann", "mini", "month", "sandbox"))
    assert [claim[0] for claim in claims(desk)] == [1_000]
    assert [lot.available_minor for lot in now_in(desk).lots] == [700]


def test_refunding_an_order_that_repaid_a_claim_reopens_it(desk: Desk) -> None:
    """Points first; then what it had repaid is owed again, and paid again if the refund fails."""
    first = buy(desk, RECHARGE)
    debit(desk, 5_000)
    reverse(desk, first, 1_000)
    second = buy(desk, OpenRecharge("ann", INSPIRATION, 700, "sandbox"))
    asked = refund(desk, second, 400)
    assert [take.cost_fen for take in asked.takes] == [200]
    assert claims(desk) == [(200, 11, REVENUE_GENERATION)]
    assert fail(desk, asked).suspense_fen == 0
    assert claims(desk) == []
    assert refund(desk, second).amount_fen == 700
    assert claims(desk) == [(500, 28, REVENUE_GENERATION)]
    check_invariants(desk.journal)


def test_money_of_a_failed_refund_that_repays_nothing_any_more_is_in_suspense(desk: Desk) -> None:
    """Another recharge had repaid the reopened claim meanwhile."""
    first = buy(desk, RECHARGE)
    debit(desk, 10_000)
    reverse(desk, first, 1_000)
    second = buy(desk, RECHARGE)
    asked = refund(desk, second)
    buy(desk, OpenRecharge("ann", INSPIRATION, 700, "sandbox"))
    failed = fail(desk, asked)
    assert failed.suspense_fen == 700
    assert [part.amount_fen for part in failed.repaid] == [300]
    assert claims(desk) == []
    assert balance(desk, SUSPENSE) == -700
    check_invariants(desk.journal)


def test_a_held_part_is_claimed_and_its_return_pays_the_claim(desk: Desk) -> None:
    """Value that comes back reduces the claim of its order first."""
    order_id = buy(desk, RECHARGE)
    hold_id = hold(desk, 5_000)
    reverse(desk, order_id, 1_000)
    assert [claim[0] for claim in claims(desk)] == [500]
    voided = expect(HoldVoided, desk.send(VoidHold("ann", hold_id)))
    assert voided.hold.takes == ()
    assert [absorption.take.cost_fen for absorption in voided.absorbed] == [500]
    assert claims(desk) == []
    assert balances(now_in(desk)) == {}
    assert balance(desk, REVENUE_GENERATION) == 0
    check_invariants(desk.journal)


def test_only_what_a_claim_leaves_of_a_refunded_charge_returns(desk: Desk) -> None:
    """A job failed: 5 of its 10 yuan pay the claim, the other 50 points are good again."""
    order_id = buy(desk, RECHARGE)
    charge_id = debit(desk, 10_000).charge.charge_id
    reverse(desk, order_id, 500)
    refunded = expect(ChargeRefunded, desk.send(RefundCharge("ann", charge_id, "job failed")))
    assert [take.amount_minor for take in refunded.returned] == [5_000]
    assert refunded.available_after_minor == 5_000
    assert claims(desk) == []
    assert (balance(desk, REVENUE_GENERATION), balance(desk, FUNDS_SANDBOX)) == (0, 500)
    check_invariants(desk.journal)


def test_a_refunded_charge_gives_the_claims_revenue_back_where_it_was_lost(desk: Desk) -> None:
    """KUAIBI spent on generation, charged back from tips: in the end neither has earned."""
    order_id = buy(desk, OpenRecharge("ann", KUAIBI, 1_000, "sandbox"))
    charge = expect(DebitCharged, desk.send(Debit("ann", KUAIBI, 10_000))).charge
    reverse(desk, order_id, 1_000)
    assert (balance(desk, REVENUE_GENERATION), balance(desk, REVENUE_TIPS)) == (-943, 943)
    desk.send(RefundCharge("ann", charge.charge_id, "job failed"))
    assert (balance(desk, REVENUE_GENERATION), balance(desk, REVENUE_TIPS)) == (0, 0)
    assert claims(desk) == []


def test_a_refund_reopens_the_claim_that_was_repaid_last(desk: Desk) -> None:
    """Two were repaid; a refund of less than the second leaves the first repaid."""
    orders = [buy(desk, OpenRecharge("ann", INSPIRATION, 300, "sandbox")) for _ in range(2)]
    debit(desk, 6_000)
    for order_id in orders:
        reverse(desk, order_id, 300)
    second = buy(desk, OpenRecharge("ann", INSPIRATION, 700, "sandbox"))
    refund(desk, second, 300)
    assert [(claim.order_id, claim.open_fen) for claim in now_in(desk).claims] == [(orders[1], 200)]
    refund(desk, second)
    assert [(claim.order_id, claim.open_fen) for claim in now_in(desk).claims] == [
        (orders[1], 300),
        (orders[0], 300),
    ]
    check_invariants(desk.journal)


@pytest.mark.parametrize(("amount", "absorbed", "left"), [(3, 2, 1), (1, 0, 1), (1_000, 500, 500)])
def test_no_cost_returns_without_points_to_carry_it(
    desk: Desk, amount: int, absorbed: int, left: int
) -> None:
    """Half of the cost is owed: points are rounded up, but one stays with the other half."""
    lot = OpeningLot(
        "old-1",
        INSPIRATION,
        "purchased",
        amount,
        desk.now,
        paid=True,
        cost_fen=100,
        vat_fen=6,
        order_id="old-order",
    )
    claim = OpeningClaim("old-order", 50, 3, INSPIRATION)
    expect(OpeningImported, desk.send(ImportOpening("ann", (lot,), (claim,))))
    voided = expect(HoldVoided, desk.send(VoidHold("ann", hold(desk, amount))))
    assert [absorption.take.amount_minor for absorption in voided.absorbed] == [absorbed]
    assert balances(now_in(desk)) == {"old-1": (left, 0)}
    assert [lot.cost_left_fen for lot in now_in(desk).lots] == [50]
    check_invariants(desk.journal)


def test_several_lots_of_one_order_pay_its_claim_one_after_the_other(desk: Desk) -> None:
    """The second one only what the first one left open."""
    lots = tuple(
        OpeningLot(
            name,
            INSPIRATION,
            "purchased",
            1_000,
            desk.now,
            None,
            paid=True,
            cost_fen=100,
            order_id="o",
        )
        for name in ("a", "b")
    )
    claim = OpeningClaim("o", 150, 0, INSPIRATION)
    expect(OpeningImported, desk.send(ImportOpening("ann", lots, (claim,))))
    voided = expect(HoldVoided, desk.send(VoidHold("ann", hold(desk, 2_000))))
    assert [absorption.take.cost_fen for absorption in voided.absorbed] == [100, 50]
    assert balances(now_in(desk)) == {"b": (500, 0)}
    assert claims(desk) == []


def test_a_chargeback_won_cancels_the_claim_and_grants_the_rest_again(desk: Desk) -> None:
    """As a paid lot that does not expire; the order counts as paid again."""
    order_id = buy(desk, RECHARGE)
    debit(desk, 5_000)
    reverse(desk, order_id, 1_000)
    restored = restore(desk, order_id, 1_200)
    assert restored.cancelled is not None
    assert (restored.cancelled.amount_fen, restored.suspense_fen) == (500, 200)
    assert restored.lot is not None
    assert (restored.lot.amount_minor, restored.lot.cost_fen) == (5_000, 500)
    assert (restored.lot.paid, restored.lot.expires_at) == (True, None)
    assert (restored.order.status, restored.order.reversed_fen) == ("paid", 0)
    assert claims(desk) == []
    assert (balance(desk, FUNDS_SANDBOX), balance(desk, SUSPENSE)) == (1_200, -200)
    check_invariants(desk.journal)


def test_a_restored_membership_is_granted_as_points_of_membership(desk: Desk) -> None:
    """In proportion to all points it had promised; the least is one."""
    order_id = buy(desk, OpenMembership("ann", "gold", "quarter", "sandbox"))
    reverse(desk, order_id, 19_800)
    assert now_in(desk).membership is None
    lot = restore(desk, order_id, 9_900).lot
    assert lot is not None
    assert (lot.source, lot.amount_minor, lot.expires_at) == ("membership", 99_000, None)


def test_more_than_is_outstanding_of_an_order_goes_to_suspense(desk: Desk) -> None:
    """Money that moved at a channel is booked, whatever it was for."""
    order_id = buy(desk, RECHARGE)
    assert reverse(desk, order_id, 1_300).suspense_fen == 300
    again = reverse(desk, order_id, 10)
    assert (again.suspense_fen, again.takes, again.claim) == (10, (), None)
    assert (balance(desk, FUNDS_SANDBOX), balance(desk, SUSPENSE)) == (-310, 310)


def test_a_refund_under_way_is_not_taken_back_as_well(desk: Desk) -> None:
    """What is on its way back is not outstanding; when it fails, it is good again."""
    order_id = buy(desk, RECHARGE)
    asked = refund(desk, order_id, 600)
    assert reverse(desk, order_id, 1_000).suspense_fen == 600
    fail(desk, asked)
    assert balances(now_in(desk)) == {f"lot-{order_id}": (6_000, 0)}
    check_invariants(desk.journal)


def test_a_chargeback_of_nothing_ends_nothing(desk: Desk) -> None:
    """An upgrade that cost nothing has nothing that could be taken back."""
    buy(desk, OpenMembership("ann", "midi", "month", "sandbox"))
    upgraded = desk.send(OpenMembership("ann", "maxi", "month", "sandbox"))
    order_id = expect(MembershipUpgraded, upgraded).order.order_id
    before = balances(now_in(desk))
    assert reverse(desk, order_id, 100).order.status == "paid"
    assert balances(now_in(desk)) == before
    assert now_in(desk).membership is not None
    assert balance(desk, SUSPENSE) == 100


def test_what_was_never_paid_cannot_be_taken_back_or_restored(desk: Desk) -> None:
    """Nor less than a fen, nor anything of an order that is not of this wallet."""
    order_id = expect(OrderOpened, desk.send(RECHARGE)).order.order_id
    for kind in (ReversePayment, RestorePayment):
        for name, amount_fen, reason in (
            (order_id, 0, Reason.AMOUNT_OUT_OF_RANGE),
            ("no-such-order", 100, Reason.ORDER_NOT_FOUND),
            (order_id, 100, Reason.ORDER_NOT_REFUNDABLE),
        ):
            answer = desk.send(kind("ann", name, "number", amount_fen))
            assert expect(Rejection, answer).reason == reason


def test_a_house_may_block_spending_while_a_claim_is_open() -> None:
    """Configured; a recharge that repays it opens the way again."""
    desk = desk_at("2026-03-10T12:00", STRICT)
    order_id = buy(desk, RECHARGE)
    buy(desk, RECHARGE)
    debit(desk, 10_000)
    reverse(desk, order_id, 1_000)
    for command in (Debit("ann", INSPIRATION, 1), Debit("ann", INSPIRATION, 10**9)):
        assert expect(Rejection, desk.send(command)).reason == Reason.CLAIM_OPEN
    buy(desk, RECHARGE)
    debit(desk, 1)


def test_a_failed_refund_pays_a_claim_that_came_meanwhile(desk: Desk) -> None:
    """The money stays with us after all, and the user owed it: revenue, not points."""
    order_id = buy(desk, RECHARGE)
    debit(desk, 4_000)
    asked = refund(desk, order_id)
    reverse(desk, order_id, 400)
    failed = fail(desk, asked)
    assert [absorption.take.cost_fen for absorption in failed.absorbed] == [400]
    assert [take.amount_minor for take in failed.returned] == [2_000]
    assert claims(desk) == []
    check_invariants(desk.journal)
