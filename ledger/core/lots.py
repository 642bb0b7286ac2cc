"""Lots: the order of spending, takes with their exact cost, and every movement of lots."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from ledger.core.instants import HOUR_US, INSTANT_MAX, Instant
from ledger.core.money import ceil_share, share_of_rest, share_up_to
from ledger.core.wallet import Grace, Lot, LotTerms, Take, Wallet

PAID_GRACE_US: Final = 72 * HOUR_US
"""What paid value gets once in its lot's life when it comes back past its expiry."""

REFUND_GRACE_US: Final = 24 * HOUR_US
"""What any value gets when a charge is refunded after its lot expired."""


def spending_rank(terms: LotTerms) -> tuple[int, bool, int, str]:
    """Earliest expiry first, never-expiring last; free before paid; oldest; lot id."""
    expires_at = INSTANT_MAX + 1 if terms.expires_at is None else terms.expires_at
    return expires_at, terms.paid, terms.granted_at, terms.lot_id


def takes_for(
    wallet: Wallet, currency: int, amount_minor: int, *, paid_only: bool = False
) -> tuple[Take, ...] | None:
    """The takes that spending `amount_minor` uses, in spending order; None if it is too much."""
    takes: list[Take] = []
    rest = amount_minor
    for lot in wallet.lots:
        terms = lot.terms
        available = lot.available_minor
        if not available or terms.currency != currency or (paid_only and not terms.paid):
            continue
        part = available if available < rest else rest
        # A converted lot may have a fen of VAT alone, where its cost rounded down to none.
        if terms.cost_fen or terms.vat_fen:
            takes.append(Take(terms, part, *_shares(lot, part)))
        else:
            takes.append(Take(terms, part))
        rest -= part
        if not rest:
            return tuple(takes)
    return None


def _shares(lot: Lot, part: int) -> tuple[int, int]:
    terms = lot.terms
    given = terms.amount_minor - lot.available_minor
    return (
        share_of_rest(terms.cost_fen, lot.cost_left_fen, given, part, terms.amount_minor),
        share_of_rest(terms.vat_fen, lot.vat_left_fen, given, part, terms.amount_minor),
    )


def window(takes: tuple[Take, ...], start: int, stop: int) -> tuple[Take, ...]:
    """The part of `takes` from position `start` up to `stop`, in minor units along them.

    A take that is cut shares its cost and VAT by cumulative proportion: adjoining windows add
    up to the whole.
    """
    parts: list[Take] = []
    position = 0
    for take in takes:
        low, high = max(start - position, 0), min(stop - position, take.amount_minor)
        position += take.amount_minor
        if low < high:
            parts.append(_cut(take, low, high))
    return tuple(parts)


def _cut(take: Take, low: int, high: int) -> Take:
    whole = take.amount_minor
    if high - low == whole:
        return take
    return Take(
        take.lot,
        high - low,
        share_up_to(take.cost_fen, high, whole) - share_up_to(take.cost_fen, low, whole),
        share_up_to(take.vat_fen, high, whole) - share_up_to(take.vat_fen, low, whole),
    )


def split_by_cost(take: Take, cost_fen: int) -> tuple[Take, Take]:
    """The part of a take that `cost_fen`, less than its whole cost, paid for, and the rest.

    Points are rounded up, but one stays with the rest: no cost is ever left without points.
    """
    part = min(ceil_share(take.amount_minor, cost_fen, take.cost_fen), take.amount_minor - 1)
    vat_fen = share_up_to(take.vat_fen, cost_fen, take.cost_fen)
    first = Take(take.lot, part, cost_fen, vat_fen)
    rest = Take(
        take.lot, take.amount_minor - part, take.cost_fen - cost_fen, take.vat_fen - vat_fen
    )
    return first, rest


def all_available(lot: Lot) -> Take:
    """Everything available of a lot, with what is left of its cost."""
    return Take(lot.terms, lot.available_minor, lot.cost_left_fen, lot.vat_left_fen)


def add_lot(wallet: Wallet, terms: LotTerms) -> tuple[Lot, ...]:
    """The wallet's lots with a new, wholly available lot at its place in the spending order."""
    return add_lots(wallet, (terms,))


def add_lots(wallet: Wallet, granted: tuple[LotTerms, ...]) -> tuple[Lot, ...]:
    """The same with several new lots."""
    new = [Lot(terms, terms.amount_minor, 0, terms.cost_fen, terms.vat_fen) for terms in granted]
    return _in_order([*wallet.lots, *new])


def spend(wallet: Wallet, takes: tuple[Take, ...]) -> tuple[Lot, ...]:
    """Lots after `takes` left what is available for good."""
    return _shift(wallet, takes, available=-1, held=0)


def reserve(wallet: Wallet, takes: tuple[Take, ...]) -> tuple[Lot, ...]:
    """Lots after `takes` went from available to held."""
    return _shift(wallet, takes, available=-1, held=1)


def consume(wallet: Wallet, takes: tuple[Take, ...]) -> tuple[Lot, ...]:
    """Lots after `takes` left what is held for good."""
    return _shift(wallet, takes, available=0, held=-1)


def release(wallet: Wallet, takes: tuple[Take, ...]) -> tuple[Lot, ...]:
    """Lots after `takes` came back from held to available."""
    return _shift(wallet, takes, available=1, held=-1)


def restore(wallet: Wallet, takes: tuple[Take, ...]) -> tuple[Lot, ...]:
    """Lots after spent `takes` came back; a lot that had left the wallet is recreated."""
    return _shift(wallet, takes, available=1, held=0)


def _shift(
    wallet: Wallet, takes: tuple[Take, ...], *, available: int, held: int
) -> tuple[Lot, ...]:
    lots = list(wallet.lots)
    places = _places(lots, takes)
    regrouped = emptied = False
    for take in takes:
        index = places.get(take.lot.lot_id)
        if index is None:
            index = places[take.lot.lot_id] = len(lots)
            lots.append(Lot(take.lot, 0, 0, 0, 0))
            regrouped = True
        lot = lots[index]
        # What comes back may bring a later expiry; what goes out must not bring back an old one.
        terms = take.lot if available > 0 else lot.terms
        regrouped = regrouped or terms.expires_at != lot.terms.expires_at
        amount_minor = take.amount_minor
        moved = Lot(
            terms,
            lot.available_minor + available * amount_minor,
            lot.held_minor + held * amount_minor,
            lot.cost_left_fen + available * take.cost_fen,
            lot.vat_left_fen + available * take.vat_fen,
        )
        emptied = emptied or not (moved.available_minor or moved.held_minor)
        lots[index] = moved
    if emptied:
        lots = [lot for lot in lots if lot.available_minor or lot.held_minor]
    return _in_order(lots) if regrouped else tuple(lots)


def _places(lots: Sequence[Lot], takes: tuple[Take, ...]) -> dict[str, int]:
    """Where the lots of takes stand, by id; looked for once, however many takes there are."""
    if len(takes) == 1:
        # Most often, and then near the front.
        lot_id = takes[0].lot.lot_id
        for place, lot in enumerate(lots):
            if lot.terms.lot_id == lot_id:
                return {lot_id: place}
        return {}
    return {lot.terms.lot_id: place for place, lot in enumerate(lots)}


def _in_order(lots: list[Lot]) -> tuple[Lot, ...]:
    return tuple(sorted(lots, key=lambda lot: spending_rank(lot.terms)))


def returning(
    wallet: Wallet,
    takes: tuple[Take, ...],
    at: Instant,
    *,
    refund: bool = False,
    expiry_first: bool = True,
) -> tuple[Take, ...]:
    """The takes as they come back at `at`: with the expiry their lots then have.

    To an expired lot free value comes back only to fall due at once; paid value gets
    PAID_GRACE_US once in its lot's life; a refunded charge gets at least REFUND_GRACE_US, free
    value too. `expiry_first` is false for a hold that expires: at one instant holds fall due
    before lots, so a lot expiring at `at` is then not yet expired.
    """
    places = _places(wallet.lots, takes)
    graces = {grace.lot_id: grace.until for grace in wallet.graces} if takes else {}
    returned = []
    for take in takes:
        place = places.get(take.lot.lot_id)
        terms = take.lot if place is None else wallet.lots[place].terms
        grace = graces.get(terms.lot_id)
        if grace is not None and terms.expires_at is not None and grace > terms.expires_at:
            terms = replace(terms, expires_at=grace, graced=True)
        expires_at = terms.expires_at
        if expires_at is not None and (expires_at < at or (expires_at == at and expiry_first)):
            terms = _terms_past_expiry(terms, at, has_had_grace=grace is not None, refund=refund)
        returned.append(Take(terms, take.amount_minor, take.cost_fen, take.vat_fen))
    return tuple(returned)


def _terms_past_expiry(
    terms: LotTerms, at: Instant, *, has_had_grace: bool, refund: bool
) -> LotTerms:
    if terms.paid and not has_had_grace:
        return replace(terms, expires_at=at + PAID_GRACE_US, graced=True)
    if refund:
        return replace(terms, expires_at=at + REFUND_GRACE_US)
    return terms


def graces_after(wallet: Wallet, returned: tuple[Take, ...]) -> tuple[Grace, ...]:
    """The wallet's graces once `returned` is back: one a lot, for ever."""
    known = {grace.lot_id for grace in wallet.graces}
    new = {
        take.lot.lot_id: take.lot.expires_at
        for take in returned
        if take.lot.graced and take.lot.lot_id not in known
    }
    return (
        *wallet.graces,
        *(Grace(lot_id, until) for lot_id, until in new.items() if until is not None),
    )


def sums_of(wallet: Wallet) -> dict[int, tuple[int, int]]:
    """Available and held per currency, from the lots alone."""
    sums: dict[int, tuple[int, int]] = {}
    for lot in wallet.lots:
        available, held = sums.get(lot.terms.currency, (0, 0))
        sums[lot.terms.currency] = (available + lot.available_minor, held + lot.held_minor)
    return sums
