"""Membership: monthly grants of a paid term on the anniversaries of its start, and its end."""

from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.instants import Instant, add_months
from ledger.core.lots import add_lot
from ledger.core.money import share_up_to
from ledger.core.wallet import (
    LotTerms,
    Membership,
    MembershipGoods,
    MembershipTerm,
    Order,
    Wallet,
)


class MembershipGranted(Struct, frozen=True, tag="membership_granted_v1"):
    """One month's points; the lot expires when the next grant falls due."""

    order_id: str
    month: int
    lot: LotTerms


class MembershipEnded(Struct, frozen=True, tag="membership_ended_v1"):
    """The last month is over."""

    plan: str
    months: int


Event = MembershipGranted | MembershipEnded


def term_of(order: Order, goods: MembershipGoods) -> MembershipTerm:
    """The term that a paid order buys."""
    return MembershipTerm(
        order_id=order.order_id,
        plan=goods.plan,
        months=goods.months,
        currency=goods.currency,
        month_minor=goods.month_minor,
        cost_fen=order.price_fen,
        vat_fen=order.vat_fen,
        vat_bp=order.vat_bp,
        liability=goods.liability,
    )


def begin(wallet: Wallet, term: MembershipTerm, at: Instant) -> Wallet:
    """The term starts at once, or waits behind those that run and queue already."""
    running = wallet.membership
    if running is None:
        return replace(wallet, membership=Membership(anchor=at, terms=(term,)))
    return replace(wallet, membership=replace(running, terms=(*running.terms, term)))


def due_at(membership: Membership) -> Instant:
    """When the next grant, or the end if nothing is left to grant, falls due."""
    return add_months(membership.anchor, membership.month)


def ends_at(membership: Membership) -> Instant:
    """When the membership ends if nothing more is paid."""
    left = sum(term.months - term.granted for term in membership.terms)
    return add_months(membership.anchor, membership.month + left)


def current_term(membership: Membership) -> MembershipTerm | None:
    """The term that the next grant comes from; None when all is granted."""
    return next((term for term in membership.terms if term.granted < term.months), None)


def fall_due(membership: Membership, at: Instant) -> Event:
    """The event that falls due at `at`, which is `due_at(membership)`."""
    term = current_term(membership)
    if term is None:
        return MembershipEnded(membership.terms[-1].plan, membership.month)
    k = term.granted + 1
    lot = LotTerms(
        lot_id=f"lot-{term.order_id}.{k}",
        currency=term.currency,
        source="membership",
        amount_minor=term.month_minor,
        granted_at=at,
        expires_at=add_months(membership.anchor, membership.month + 1),
        paid=True,
        cost_fen=share_up_to(term.cost_fen, k, term.months) - term.cost_granted_fen,
        vat_fen=share_up_to(term.vat_fen, k, term.months) - term.vat_granted_fen,
        vat_bp=term.vat_bp,
        liability=term.liability,
        order_id=term.order_id,
    )
    return MembershipGranted(term.order_id, membership.month, lot)


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """A grant advances its term; terms wholly granted leave when the next one begins."""
    membership = wallet.membership
    assert membership is not None, wallet.wallet_id
    match event:
        case MembershipGranted(order_id=order_id, lot=lot):
            return replace(
                wallet,
                lots=add_lot(wallet, lot),
                membership=replace(
                    membership,
                    month=membership.month + 1,
                    terms=tuple(
                        _granted(term, lot) if term.order_id == order_id else term
                        for term in membership.terms
                        if term.granted < term.months
                    ),
                ),
            )
        case MembershipEnded():
            return replace(wallet, membership=None)
        case _:
            assert_never(event)


def _granted(term: MembershipTerm, lot: LotTerms) -> MembershipTerm:
    return replace(
        term,
        granted=term.granted + 1,
        cost_granted_fen=term.cost_granted_fen + lot.cost_fen,
        vat_granted_fen=term.vat_granted_fen + lot.vat_fen,
    )
