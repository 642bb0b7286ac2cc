"""Removal: what a refund or a chargeback takes of an order's unspent value, and of its months."""

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.instants import Instant
from ledger.core.lots import all_available, split_by_cost
from ledger.core.money import ceil_share, share_up_to
from ledger.core.purchases import Membership, MembershipTerm
from ledger.core.wallet import Take, Wallet


class Removal(Struct, frozen=True):
    """What leaves: takes of lots, months of a term (or upgrade); and the membership after it."""

    takes: tuple[Take, ...]
    term: MembershipTerm | None
    upgrade: bool
    membership: Membership | None
    removed_fen: int


def unspent_fen(wallet: Wallet, order_id: str) -> int:
    """The cost of what is available of an order's lots, and of its months not granted yet."""
    term, _ = _term_of(wallet.membership, order_id)
    lots_fen = sum(lot.cost_left_fen for lot in wallet.lots if lot.terms.order_id == order_id)
    return lots_fen + (term.ungranted_fen if term is not None else 0)


def remove(wallet: Wallet, order_id: str, amount_fen: int, at: Instant) -> Removal:
    """Take at most `amount_fen` of an order's unspent value: its last months first, then lots.

    Where it covers all of it, nothing of the order stays, and a membership in force by it ends.
    """
    everything = 0 < amount_fen >= unspent_fen(wallet, order_id)
    order_term, upgrade = _term_of(wallet.membership, order_id)
    term, kept = _months(order_term, amount_fen) if order_term is not None else (None, None)
    months_fen = term.cost_fen if term is not None else 0
    takes = _takes(wallet, order_id, amount_fen - months_fen, everything=everything)
    membership = wallet.membership
    if membership is not None and order_term is not None:
        if everything:
            membership = _without(membership, order_term, at)
        elif kept is not None:
            membership = with_term_exchanged(membership, order_term, kept)
    return Removal(
        takes, term, upgrade, membership, months_fen + sum(take.cost_fen for take in takes)
    )


def _term_of(membership: Membership | None, order_id: str) -> tuple[MembershipTerm | None, bool]:
    if membership is not None:
        for upgrade, terms in ((False, membership.terms), (True, membership.upgrades)):
            for term in terms:
                if term.order_id == order_id:
                    return term, upgrade
    return None, False


def _months(
    term: MembershipTerm, amount_fen: int
) -> tuple[MembershipTerm | None, MembershipTerm | None]:
    """The months taken out of a term, and the term as it stays; None for what there is not."""
    left, ungranted_fen = term.left, term.ungranted_fen
    cost_fen = min(amount_fen, ungranted_fen)
    if not left or not cost_fen:
        return None, None
    months = ceil_share(left, cost_fen, ungranted_fen)
    if cost_fen < ungranted_fen:
        # No cost is ever left without a month to grant it with.
        months = min(months, left - 1)
    vat_fen = share_up_to(term.ungranted_vat_fen, cost_fen, ungranted_fen)
    kept = rebased(
        term,
        months=left - months,
        cost_fen=ungranted_fen - cost_fen,
        vat_fen=term.ungranted_vat_fen - vat_fen,
    )
    return replace(kept, months=months, cost_fen=cost_fen, vat_fen=vat_fen), kept


def rebased(term: MembershipTerm, *, months: int, cost_fen: int, vat_fen: int) -> MembershipTerm:
    """The term begun afresh with so many months and so much cost; grants keep their numbering."""
    return replace(
        term,
        months=months,
        cost_fen=cost_fen,
        vat_fen=vat_fen,
        granted=0,
        cost_granted_fen=0,
        vat_granted_fen=0,
        offset=term.offset + term.granted,
    )


def with_term_exchanged(
    membership: Membership, old: MembershipTerm, new: MembershipTerm
) -> Membership:
    """The membership with a new term, or upgrade, in the place of an old one."""
    return replace(
        membership,
        terms=tuple(new if term is old else term for term in membership.terms),
        upgrades=tuple(new if upgrade is old else upgrade for upgrade in membership.upgrades),
    )


def _without(membership: Membership, gone: MembershipTerm, at: Instant) -> Membership | None:
    terms = tuple(term for term in membership.terms if term is not gone)
    upgrades = tuple(term for term in membership.upgrades if term is not gone)
    if not terms and not upgrades:
        return None
    waiting = any(term.left for term in (*terms, *upgrades))
    if membership.terms and membership.terms[0] is gone and waiting:
        # What waited behind the term in force need not wait any more.
        return replace(membership, anchor=at, month=0, terms=terms, upgrades=upgrades)
    return replace(membership, terms=terms, upgrades=upgrades)


def _takes(wallet: Wallet, order_id: str, amount_fen: int, *, everything: bool) -> tuple[Take, ...]:
    takes: list[Take] = []
    rest_fen = amount_fen
    for lot in wallet.lots:
        if lot.terms.order_id != order_id or not lot.available_minor:
            continue
        if everything or 0 < lot.cost_left_fen <= rest_fen:
            takes.append(all_available(lot))
        elif rest_fen and lot.cost_left_fen:
            takes.append(split_by_cost(all_available(lot), rest_fen)[0])
        rest_fen -= takes[-1].cost_fen if takes and takes[-1].lot is lot.terms else 0
    return tuple(takes)
