"""Memberships by example: promotions, upgrades, lines of waiting terms, and what cancels means."""

import pytest
from msgspec.structs import replace

from ledger.core import wire
from ledger.core.chart import LIABILITY_MEMBERSHIP, VAT_PENDING
from ledger.core.flows.membership import CancelMembership, MembershipCancelled, ends_at
from ledger.core.flows.order import OpenMembership, OrderOpened, SettlePayment
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.instants import HOUR_US
from ledger.core.purchases import Membership, Order
from ledger.core.rejections import Reason, Rejection
from tests.core.steps import balance, buy, expect, fail, now_in, opened, refund
from tests.kit.desk import Desk, at, balances, desk_at
from tests.kit.stories.invariants import check_invariants


@pytest.fixture
def desk() -> Desk:
    """A ledger on the last day of January, in the evening in Shanghai."""
    return desk_at("2026-01-31T20:00")


def ask(plan: str, period: str = "half_year", promotion: str | None = None) -> OpenMembership:
    """An order of ann's at the sandbox."""
    return OpenMembership("ann", plan, period, "sandbox", promotion)


def upgrade(desk: Desk, order: Order) -> MembershipUpgraded:
    """An upgrade that is paid now."""
    command = SettlePayment("ann", order.order_id, "pay-2", order.price_fen)
    return expect(MembershipUpgraded, desk.send(command))


def running(desk: Desk) -> Membership:
    """Ann's membership now."""
    membership = now_in(desk).membership
    assert membership is not None
    return membership


def refused(desk: Desk, command: OpenMembership) -> Reason:
    """Why an order is refused."""
    return expect(Rejection, desk.send(command)).reason


def line(desk: Desk) -> list[tuple[str, int]]:
    """Plans in line with their months to come."""
    return [(term.plan, term.left) for term in running(desk).terms]


def test_an_upgrade_costs_the_difference_for_the_grants_that_are_left(desk: Desk) -> None:
    """(26600 - 6600) x 6 for the half-year, of 6 grants 5 are left with this one: 100000 fen."""
    buy(desk, ask("gold"))
    desk.now = at("2026-03-10T09:00")
    order = opened(desk, ask("platinum"))
    assert order.price_fen == 100_000
    lot = upgrade(desk, order).lot
    assert (lot.amount_minor, lot.cost_fen) == (234_000, 20_000)
    assert lot.expires_at == at("2026-03-31T20:00")
    desk.now = at("2026-03-31T20:00")
    lots = [(lot.available_minor, lot.terms.cost_fen) for lot in now_in(desk).lots]
    assert lots == [(66_000, 6_600), (234_000, 20_000)]
    assert {lot.terms.expires_at for lot in now_in(desk).lots} == {at("2026-04-30T20:00")}
    assert ends_at(running(desk)) == at("2026-07-31T20:00")
    desk.now = at("2026-07-31T20:00")
    assert (now_in(desk).membership, now_in(desk).lots) == (None, ())


def test_an_upgrade_of_an_upgrade_starts_from_where_the_first_one_led(desk: Desk) -> None:
    """From platinum to diamond: 40000 fen and 500000 points a month more."""
    buy(desk, ask("gold"))
    upgrade(desk, opened(desk, ask("platinum")))
    order = opened(desk, ask("diamond"))
    assert order.price_fen == 6 * 40_000
    assert upgrade(desk, order).lot.amount_minor == 500_000
    assert sum(lot.available_minor for lot in now_in(desk).lots) == 800_000
    check_invariants(desk.journal)


def test_an_upgrade_is_of_the_months_alike_and_not_of_lower_plans_that_wait(desk: Desk) -> None:
    """Mini waits behind gold, and more gold before mini: 1 + 3 months of gold are left."""
    buy(desk, ask("gold", "month"))
    buy(desk, ask("mini", "quarter"))
    buy(desk, ask("gold", "quarter"))
    assert line(desk) == [("gold", 0), ("gold", 3), ("mini", 3)]
    assert opened(desk, ask("platinum", "month")).price_fen == 4 * 20_000


def test_the_same_plan_extends_and_a_lower_one_queues_at_the_end(desk: Desk) -> None:
    """What runs stays first, whatever it is."""
    buy(desk, ask("mini", "month"))
    buy(desk, ask("mini", "quarter"))
    upgrade(desk, opened(desk, ask("gold", "month")))
    buy(desk, ask("maxi", "month"))
    buy(desk, ask("midi", "month"))
    buy(desk, ask("maxi", "quarter"))
    plans = [("mini", 0), ("maxi", 1), ("maxi", 3), ("midi", 1), ("mini", 3)]
    assert line(desk) == plans


def test_after_an_upgrade_the_plan_it_led_to_is_extended_not_upgraded(desk: Desk) -> None:
    """The plan in force is the upgraded one."""
    buy(desk, ask("gold", "month"))
    upgrade(desk, opened(desk, ask("platinum", "month")))
    assert opened(desk, ask("platinum", "month")).price_fen == 26_600


@pytest.mark.parametrize(
    ("paid_at", "grants"),
    [
        ("2026-01-31T21:59", 1),
        ("2026-02-28T20:00", 2),
        ("2026-04-30T19:59", 3),
        ("2026-07-01T00:00", 6),
    ],
)
def test_an_upgrade_paid_late_gives_the_months_since_its_quote_at_once(
    desk: Desk, paid_at: str, grants: int
) -> None:
    """The customer gets the difference as often as it was paid for."""
    buy(desk, ask("gold"))
    order = opened(desk, ask("platinum"))
    desk.now = at(paid_at)
    upgraded = upgrade(desk, order)
    assert upgraded.order.paid_late == (desk.now >= order.expires_at)
    lot = upgraded.lot
    assert (lot.amount_minor, lot.cost_fen) == (grants * 234_000, grants * 20_000)
    assert running(desk).upgrades[-1].left == 6 - grants


def test_an_upgrade_paid_when_its_membership_is_over_is_all_given_for_a_month(desk: Desk) -> None:
    """Whatever became of the membership: here there is none, or another one."""
    buy(desk, ask("mini", "quarter"))
    orders = [opened(desk, ask("midi", "quarter"))]
    desk.now = at("2026-05-15T10:00")
    lot = upgrade(desk, orders[0]).lot
    assert (lot.amount_minor, lot.cost_fen) == (3 * 1_300, 450)
    assert lot.expires_at == at("2026-06-15T10:00")
    assert now_in(desk).membership is None
    assert -balance(desk, LIABILITY_MEMBERSHIP) == 450 + balance(desk, VAT_PENDING)


def test_a_new_membership_is_not_upgraded_by_the_order_of_an_old_one(desk: Desk) -> None:
    """Its points come at once, for a month from the payment; the new plan stays what it is."""
    buy(desk, ask("mini", "month"))
    order = opened(desk, ask("midi", "month"))
    desk.now = at("2026-03-05T10:00")
    buy(desk, ask("mini", "quarter"))
    desk.now = at("2026-03-20T10:00")
    assert upgrade(desk, order).lot.expires_at == at("2026-04-20T10:00")
    assert running(desk).upgrades == ()


def test_an_upgrade_that_costs_nothing_is_there_at_once(desk: Desk) -> None:
    """Nothing is to be paid, so no channel confirms it."""
    buy(desk, ask("midi", "quarter"))
    upgraded = expect(MembershipUpgraded, desk.send(ask("maxi", "quarter")))
    assert (upgraded.order.status, upgraded.order.payment_id) == ("paid", None)
    assert (upgraded.lot.amount_minor, upgraded.lot.cost_fen) == (300, 0)
    assert now_in(desk).orders == ()
    desk.now = at("2026-02-28T20:00")
    assert sorted(lot.available_minor for lot in now_in(desk).lots) == [300, 2_000]


def test_an_upgrade_is_offered_once_for_the_same_period_and_for_more_points(desk: Desk) -> None:
    """Not while another one waits for its payment."""
    buy(desk, ask("gold"))
    assert refused(desk, ask("platinum", "month")) == Reason.UPGRADE_NOT_OFFERED
    opened(desk, ask("platinum"))
    assert refused(desk, ask("diamond")) == Reason.UPGRADE_NOT_OFFERED


def test_a_refunded_upgrade_leaves_the_plan_below_it(desk: Desk) -> None:
    """Its own lots and months alone; if the refund fails, it goes on beside its plan."""
    gold = buy(desk, ask("gold"))
    order = opened(desk, ask("platinum"))
    upgrade(desk, order)
    asked = refund(desk, order.order_id)
    assert (asked.amount_fen, asked.upgrade) == (120_000, True)
    assert balances(now_in(desk)) == {f"lot-{gold}.1": (66_000, 0)}
    assert running(desk).upgrades == ()
    fail(desk, asked)
    desk.now = at("2026-02-28T20:00")
    assert sorted(lot.available_minor for lot in now_in(desk).lots) == [66_000, 234_000]
    check_invariants(desk.journal)


def test_upgrades_go_on_without_the_plan_they_were_of(desk: Desk) -> None:
    """The plan is refunded; what was paid for the difference is still granted, from now on."""
    mini = buy(desk, ask("mini", "quarter"))
    order = opened(desk, ask("midi", "quarter"))
    upgrade(desk, order)
    desk.now += HOUR_US
    refund(desk, mini)
    assert (running(desk).terms, running(desk).anchor) == ((), desk.now)
    assert sorted(lot.available_minor for lot in now_in(desk).lots) == [1_300, 1_300]
    assert refused(desk, ask("maxi", "quarter")) == Reason.UPGRADE_NOT_OFFERED


def test_launch_takes_thirty_percent_off_down_to_whole_yuan(desk: Desk) -> None:
    """The year prices 554, 2234 and 5594 follow; what is given explicitly goes first."""
    for plan, price_fen in (("gold", 55_400), ("platinum", 223_400), ("diamond", 559_400)):
        other = desk_at("2026-01-31T20:00")
        assert opened(other, ask(plan, "year", "launch")).price_fen == price_fen
    order = opened(desk, ask("midi", "quarter", "launch"))
    assert (order.price_fen, order.vat_fen) == (499, 28)
    assert opened(desk, ask("midi", "month", "launch")).price_fen == 100


def test_a_promotion_is_used_so_often_by_a_wallet_and_no_more(desk: Desk) -> None:
    """Paid uses and pending orders count; an order that was closed gives its use back."""
    assert refused(desk, ask("gold", "year", "no-such")) == Reason.UNKNOWN_PROMOTION
    buy(desk, ask("gold", "month", "twice"))
    pending = opened(desk, ask("gold", "month", "twice"))
    assert refused(desk, ask("gold", "month", "twice")) == Reason.PROMOTION_NOT_APPLICABLE
    desk.now = pending.expires_at
    assert opened(desk, ask("platinum", "month", "twice")).price_fen == 10_000
    assert refused(desk, ask("gold", "month", "twice")) == Reason.PROMOTION_NOT_APPLICABLE


def test_a_promotion_that_is_not_stackable_is_not_for_upgrades(desk: Desk) -> None:
    """Their price is a difference already."""
    buy(desk, ask("gold", "month"))
    assert refused(desk, ask("platinum", "month", "launch")) == Reason.PROMOTION_NOT_APPLICABLE


@pytest.mark.parametrize(
    ("moment", "within"),
    [
        ("2026-01-31T23:59:59.999999", False),
        ("2026-02-01T00:00", True),
        ("2026-03-10T23:59:59.999999", True),
        ("2026-03-11T00:00", False),
    ],
)
def test_a_promotion_has_a_window(moment: str, within: bool) -> None:  # noqa: FBT001
    """From its first instant until just before its last."""
    answer = desk_at(moment).send(ask("gold", "month", "brief"))
    assert isinstance(answer, OrderOpened) == within


def test_cancelling_takes_nothing_away(desk: Desk) -> None:
    """Nothing renews by itself here; the months that were paid go on."""
    buy(desk, ask("gold", "quarter"))
    before = running(desk)
    assert expect(MembershipCancelled, desk.send(CancelMembership("ann"))).membership == before
    desk.now = at("2026-02-28T20:00")
    assert running(desk).month == 2
    desk.now = at("2026-04-30T20:00")
    answer = desk.send(CancelMembership("ann"))
    assert expect(Rejection, answer).reason == Reason.NO_MEMBERSHIP


def test_a_membership_of_before_there_were_upgrades_is_completed_by_the_catalogue(
    desk: Desk,
) -> None:
    """Its terms say neither rank nor period nor list price; it is extended and upgraded still."""
    buy(desk, ask("gold", "quarter"))
    wallet = desk.journal.wallet("ann")
    assert wallet.membership is not None
    (term,) = wallet.membership.terms

    def stored_as(plan: str) -> None:
        old = replace(term, plan=plan, rank=0, period="", month_list_fen=0, entitlements=())
        membership = replace(running(desk), terms=(old,))
        desk.journal.wallets["ann"] = wire.encode(replace(wallet, membership=membership))

    stored_as("gold")
    assert opened(desk, ask("gold", "year")).price_fen == 6_600 * 12
    assert opened(desk, ask("platinum", "quarter")).price_fen == (26_600 - 6_600) * 3
    stored_as("no longer sold")
    assert refused(desk, ask("gold", "quarter")) == Reason.UPGRADE_NOT_OFFERED
