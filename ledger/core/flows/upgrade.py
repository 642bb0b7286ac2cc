"""Upgrade: the difference to a higher plan, for this month and those that are still to come."""

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.flows.membership import due_at, granted, lot_for, months_alike, standing, term_of
from ledger.core.instants import Instant, add_months
from ledger.core.lots import add_lot
from ledger.core.purchases import Membership, MembershipTerm, Order, UpgradeGoods
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Plan, Terms
from ledger.core.wallet import LotTerms, Wallet


class MembershipUpgraded(Struct, frozen=True, tag="membership_upgraded_v1"):
    """An upgrade was paid: `lot` is the difference at once, `membership` as it stands after."""

    order: Order
    lot: LotTerms
    membership: Membership | None


def completed(membership: Membership | None, terms: Terms) -> Membership | None:
    """The membership with what terms paid for before there were upgrades do not say of themselves.

    Rank, list price and period are then those of the catalogue now.
    """
    if membership is None or all(term.rank for term in membership.terms):
        return membership
    periods = {months: period for period, months in terms.periods.items()}

    def complete(term: MembershipTerm) -> MembershipTerm:
        plan = terms.plans.get(term.plan)
        if term.rank or plan is None:
            return term
        return replace(
            term,
            rank=plan.rank,
            month_list_fen=plan.month_price_fen,
            entitlements=plan.entitlements,
            period=periods.get(term.months, ""),
        )

    return replace(membership, terms=tuple(complete(term) for term in membership.terms))


def quote(
    wallet: Wallet, membership: Membership, plan: Plan, period: str, terms: Terms
) -> UpgradeGoods | Rejection:
    """What an upgrade of a running membership buys; `month_list_fen` is the difference a month.

    The new list price less the old one for the same period, times the grants left, this month's
    included, over all grants, comes to the difference a month times the grants left: the list
    price of a period is that of a month times its months.
    """
    now = standing(membership)
    running = membership.terms[0].period if membership.terms else ""
    more_minor = plan.month_minor - now.month_minor
    pending = any(isinstance(order.goods, UpgradeGoods) for order in wallet.orders)
    if running != period or more_minor < 1 or pending:
        return rejected(
            Reason.UPGRADE_NOT_OFFERED,
            plan=plan.plan,
            period=period,
            from_plan=now.plan,
            running_period=running or "none",
            pending="yes" if pending else "no",
        )
    return UpgradeGoods(
        plan=plan.plan,
        from_plan=now.plan,
        period=period,
        months=months_alike(membership),
        currency=terms.membership_currency,
        month_minor=more_minor,
        liability=terms.membership_liability,
        rank=plan.rank,
        month_list_fen=max(0, plan.month_price_fen - now.month_list_fen),
        entitlements=plan.entitlements,
        anchor=membership.anchor,
        month=membership.month,
    )


def paid(wallet: Wallet, order: Order, goods: UpgradeGoods, at: Instant) -> MembershipUpgraded:
    """The event of a paid upgrade.

    Months that began since the price was made are given at once with this one's: the customer
    gets the difference as often as it was paid for, whatever became of the membership.
    """
    membership = wallet.membership
    runs = membership is not None and membership.anchor == goods.anchor
    lapsed = membership.month - goods.month if membership is not None and runs else goods.months
    term = term_of(order, goods)
    grants = min(goods.months, 1 + lapsed)
    until = due_at(membership) if membership is not None and runs else add_months(at, 1)
    lot = lot_for(term, grants, at, until)
    if membership is not None and runs:
        upgrades = (*membership.upgrades, granted(term, grants, lot))
        membership = replace(membership, upgrades=upgrades)
    return MembershipUpgraded(order, lot, membership)


def evolve(wallet: Wallet, event: MembershipUpgraded) -> Wallet:
    """The difference of this month is there; the others come with the grants."""
    return replace(wallet, lots=add_lot(wallet, event.lot), membership=event.membership)
