"""Journal entries: the balanced legs of every event, made here and nowhere else."""

from collections.abc import Iterable

from ledger.core.chart import (
    POINTS,
    REVENUE_GENERATION,
    REVENUE_MEMBERSHIP,
    VAT_PAYABLE,
    VAT_PENDING,
    PointState,
    points_account,
)
from ledger.core.money import CNY
from ledger.core.wallet import LotTerms, Order, Take

Leg = tuple[int, int, int]
"""(account number, currency number, amount in minor units; debit positive)."""

Legs = tuple[Leg, ...]


class Entry:
    """A journal entry in the making: amounts on the same account and currency are summed."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int], int] = {}

    def move(self, debit: int, credit: int, currency: int, amount_minor: int) -> None:
        """Debit one account and credit another by the same amount."""
        sums, debited, credited = self._sums, (debit, currency), (credit, currency)
        sums[debited] = sums.get(debited, 0) + amount_minor
        sums[credited] = sums.get(credited, 0) - amount_minor

    def legs(self) -> Legs:
        """The legs, without those that came to nothing."""
        # A list first: on the hot path it is built in two thirds of a generator's time.
        return tuple([(*place, amount) for place, amount in self._sums.items() if amount])


def issue(terms: LotTerms) -> Legs:
    """A lot comes into being: its points are issued and available."""
    entry = Entry()
    _issue(entry, terms)
    return entry.legs()


def payment(order: Order, terms: LotTerms | None) -> Legs:
    """An order is paid: funds against contract liability and VAT pending; a recharge's lot."""
    entry = Entry()
    entry.move(order.funds, order.goods.liability, CNY, order.price_fen - order.vat_fen)
    entry.move(order.funds, VAT_PENDING, CNY, order.vat_fen)
    if terms is not None:
        _issue(entry, terms)
    return entry.legs()


def relocate(takes: Iterable[Take], debit: PointState, credit: PointState) -> Legs:
    """Points change their state without any effect on money: authorize, void, expire a hold."""
    entry = Entry()
    _relocate(entry, takes, debit, credit)
    return entry.legs()


def recognise(
    consumed: Iterable[Take],
    debit: PointState,
    credit: PointState,
    *,
    returned: Iterable[Take] = (),
    revenue: int | None = None,
) -> Legs:
    """Takes are used up: points to `credit`, liability and VAT pending to revenue and VAT payable.

    `returned` goes from held back to available. Revenue is that of each take's source unless an
    account is named (breakage).
    """
    entry = Entry()
    _relocate(entry, consumed, debit, credit)
    _relocate(entry, returned, "held", "available")
    for take in consumed:
        if take.cost_fen or take.vat_fen:
            _recognise_one(entry, take, _revenue_of(take) if revenue is None else revenue)
    return entry.legs()


def give_back(takes: Iterable[Take]) -> Legs:
    """A charge is refunded: consumed points are available again, revenue and VAT reversed."""
    entry = Entry()
    _relocate(entry, takes, "consumed", "available")
    for take in takes:
        if take.cost_fen or take.vat_fen:
            net = take.cost_fen - take.vat_fen
            entry.move(_revenue_of(take), take.lot.liability, CNY, net)
            entry.move(VAT_PAYABLE, VAT_PENDING, CNY, take.vat_fen)
    return entry.legs()


def _recognise_one(entry: Entry, take: Take, revenue: int) -> None:
    entry.move(take.lot.liability, revenue, CNY, take.cost_fen - take.vat_fen)
    entry.move(VAT_PENDING, VAT_PAYABLE, CNY, take.vat_fen)


def _revenue_of(take: Take) -> int:
    return REVENUE_MEMBERSHIP if take.lot.source == "membership" else REVENUE_GENERATION


def _issue(entry: Entry, terms: LotTerms) -> None:
    issued = points_account(terms.source, "issued")
    available = points_account(terms.source, "available")
    entry.move(issued, available, terms.currency, terms.amount_minor)


def _relocate(entry: Entry, takes: Iterable[Take], debit: PointState, credit: PointState) -> None:
    debits, credits_ = POINTS[debit], POINTS[credit]
    for take in takes:
        lot = take.lot
        entry.move(debits[lot.source], credits_[lot.source], lot.currency, take.amount_minor)
