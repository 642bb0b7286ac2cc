"""Membership: monthly grants of a paid term on the anniversaries of its start, and its end."""

from collections.abc import Sequence
from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import CHANGES
from ledger.core.ids import month_lot_id_for
from ledger.core.instants import Instant, add_months
from ledger.core.lots import add_lots
from ledger.core.money import share_up_to
from ledger.core.purchases import Membership, MembershipGoods, MembershipTerm, Order, UpgradeGoods
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.removal import rebased, with_term_exchanged
from ledger.core.wallet import LotTerms, Wallet


class CancelMembership(Struct, frozen=True, omit_defaults=True, tag="cancel_membership"):
    """Let a membership end after what was paid; nothing is taken away."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = (Reason.NO_MEMBERSHIP,)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str


class MembershipGranted(Struct, frozen=True, omit_defaults=True, tag="membership_granted_v1"):
    """One month's points, `more` those of upgrades; they expire when the next grant falls due."""

    order_id: str
    month: int
    lot: LotTerms
    more: tuple[LotTerms, ...] = ()


class MembershipEnded(Struct, frozen=True, tag="membership_ended_v1"):
    """The last month that was paid for is over, and with it the membership."""

    plan: str
    months: int


class MembershipCancelled(Struct, frozen=True, tag="membership_cancelled_v1"):
    """The membership will not renew; it is shown as it stands after."""

    membership: Membership


Command = CancelMembership
Due = MembershipGranted | MembershipEnded
Event = Due | MembershipCancelled


class Standing(Struct, frozen=True):
    """What a membership is worth in one month: its plan, and the list price and points of it."""

    plan: str
    rank: int
    entitlements: tuple[str, ...]
    month_list_fen: int
    month_minor: int


def term_of(order: Order, goods: MembershipGoods | UpgradeGoods) -> MembershipTerm:
    """The term that a paid order buys; for an upgrade, the difference to the lower plan."""
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
        period=goods.period,
        rank=goods.rank,
        month_list_fen=goods.month_list_fen,
        entitlements=goods.entitlements,
    )


def begin(wallet: Wallet, term: MembershipTerm, at: Instant) -> Wallet:
    """The term starts at once, or takes its place among those that wait."""
    return replace(wallet, membership=lined_up(wallet.membership, term, at))


def lined_up(membership: Membership | None, term: MembershipTerm, at: Instant) -> Membership:
    """The membership with one more term: after those of its own plan, before those of lower ones.

    The first stays first, for its month is running.
    """
    if membership is None:
        return Membership(anchor=at, terms=(term,))
    terms = list(membership.terms)
    place = next(
        (index for index, other in enumerate(terms) if index and other.rank < term.rank), len(terms)
    )
    return replace(membership, terms=(*terms[:place], term, *terms[place:]))


def put_back(
    membership: Membership | None, term: MembershipTerm, at: Instant, *, upgrade: bool
) -> Membership:
    """The membership with months that had been taken out of it for a refund that failed."""
    if membership is not None:
        for remaining in (*membership.terms, *membership.upgrades):
            if remaining.order_id == term.order_id:
                return with_term_exchanged(membership, remaining, _merged(remaining, term))
        if upgrade:
            return replace(membership, upgrades=(*membership.upgrades, _at_least_a_month(term)))
    return lined_up(membership, _at_least_a_month(term), at)


def _merged(remaining: MembershipTerm, term: MembershipTerm) -> MembershipTerm:
    return rebased(
        remaining,
        months=max(remaining.left + term.months, 1),
        cost_fen=remaining.ungranted_fen + term.cost_fen,
        vat_fen=remaining.ungranted_vat_fen + term.vat_fen,
    )


def _at_least_a_month(term: MembershipTerm) -> MembershipTerm:
    # Rounding may return a few fen of cost without a month; they too must be granted some time.
    return replace(term, months=max(term.months, 1))


def standing(membership: Membership) -> Standing:
    """What the membership is worth this month."""
    return _standing(membership.terms[0] if membership.terms else None, membership.upgrades)


def _standing(term: MembershipTerm | None, upgrades: Sequence[MembershipTerm]) -> Standing:
    parts = [*([] if term is None else [term]), *upgrades]
    top = parts[-1]
    return Standing(
        top.plan,
        top.rank,
        top.entitlements,
        sum(part.month_list_fen for part in parts),
        sum(part.month_minor for part in parts),
    )


def months_alike(membership: Membership) -> int:
    """How many months in a row, this one first, are worth the same under the same plan."""
    now, count = standing(membership), 1
    coming = [term for term in membership.terms for _ in range(term.left)]
    for month, term in enumerate(coming, 1):
        upgrades = [upgrade for upgrade in membership.upgrades if upgrade.left >= month]
        then = _standing(term, upgrades)
        if (then.rank, then.month_list_fen, then.month_minor) != (
            now.rank,
            now.month_list_fen,
            now.month_minor,
        ):
            break
        count += 1
    return count


def due_at(membership: Membership) -> Instant:
    """When the next grant, or the end if nothing is left to grant, falls due."""
    return add_months(membership.anchor, membership.month)


def ends_at(membership: Membership) -> Instant:
    """When the membership ends if nothing more is paid."""
    left = max(
        sum(term.left for term in membership.terms),
        max((upgrade.left for upgrade in membership.upgrades), default=0),
    )
    return add_months(membership.anchor, membership.month + left)


def granting(membership: Membership) -> list[MembershipTerm]:
    """What the next grant comes from: the first term with any month left, and the upgrades."""
    term = next((term for term in membership.terms if term.left), None)
    upgrades = [upgrade for upgrade in membership.upgrades if upgrade.left]
    return upgrades if term is None else [term, *upgrades]


def fall_due(membership: Membership, at: Instant) -> Due:
    """The event that falls due at `at`, which is `due_at(membership)`."""
    terms = granting(membership)
    if not terms:
        plan = standing(membership).plan
        return MembershipEnded(plan, membership.month)
    expires_at = add_months(membership.anchor, membership.month + 1)
    lot, *more = (lot_for(term, 1, at, expires_at) for term in terms)
    return MembershipGranted(terms[0].order_id, membership.month, lot, tuple(more))


def lot_for(term: MembershipTerm, grants: int, at: Instant, expires_at: Instant) -> LotTerms:
    """The lot of a term's next grants, with their cumulative share of its price."""
    k = term.granted + grants
    return LotTerms(
        lot_id=month_lot_id_for(term.series or term.order_id, term.offset + term.granted + 1),
        currency=term.currency,
        source="membership",
        amount_minor=term.month_minor * grants,
        granted_at=at,
        expires_at=expires_at,
        paid=True,
        cost_fen=share_up_to(term.cost_fen, k, term.months) - term.cost_granted_fen,
        vat_fen=share_up_to(term.vat_fen, k, term.months) - term.vat_granted_fen,
        vat_bp=term.vat_bp,
        liability=term.liability,
        order_id=term.order_id,
    )


def granted(term: MembershipTerm, grants: int, lot: LotTerms) -> MembershipTerm:
    """The term after `grants` monthly grants were made, all in one lot."""
    return replace(
        term,
        granted=term.granted + grants,
        cost_granted_fen=term.cost_granted_fen + lot.cost_fen,
        vat_granted_fen=term.vat_granted_fen + lot.vat_fen,
    )


def decide(wallet: Wallet, command: CancelMembership) -> tuple[MembershipCancelled] | Rejection:
    """Refused where the wallet has no membership."""
    if wallet.membership is None:
        return rejected(Reason.NO_MEMBERSHIP, wallet_id=command.wallet_id)
    return (MembershipCancelled(replace(wallet.membership, renews=False)),)


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """A grant advances its term; terms wholly granted leave when the next one begins."""
    match event:
        case MembershipGranted(lot=lot, more=more):
            assert wallet.membership is not None, wallet.wallet_id
            return replace(
                wallet,
                lots=add_lots(wallet, (lot, *more)),
                membership=_advanced(wallet.membership, (lot, *more)),
            )
        case MembershipEnded():
            return replace(wallet, membership=None)
        case MembershipCancelled(membership=membership):
            return replace(wallet, membership=membership)
        case _:
            assert_never(event)


def _advanced(membership: Membership, lots: tuple[LotTerms, ...]) -> Membership:
    by_order = {lot.order_id: lot for lot in lots}

    def advance(terms: tuple[MembershipTerm, ...]) -> tuple[MembershipTerm, ...]:
        return tuple(
            granted(term, 1, by_order[term.order_id]) if term.order_id in by_order else term
            for term in terms
            if term.left
        )

    return replace(
        membership,
        month=membership.month + 1,
        terms=advance(membership.terms),
        upgrades=advance(membership.upgrades),
    )
