"""Journal entries of value that is granted, spent and given back: the balanced legs of events.

Those of refunds, reversals, tips and carried-over balances are in `journal_money`; nowhere else.
"""

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
from ledger.core.wallet import Absorption, LotTerms, Take

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

    def gross(self, debits: tuple[int, int], credits_: tuple[int, int], fen: int, vat: int) -> None:
        """Move a gross amount in fen: its net and its VAT, each from an account to another.

        `debits` and `credits_` are (account of the net, account of the VAT).
        """
        self.move(debits[0], credits_[0], CNY, fen - vat)
        self.move(debits[1], credits_[1], CNY, vat)

    def relocate(self, takes: Iterable[Take], debit: PointState, credit: PointState) -> None:
        """Points of takes change their state."""
        debits, credits_ = POINTS[debit], POINTS[credit]
        for take in takes:
            lot = take.lot
            self.move(debits[lot.source], credits_[lot.source], lot.currency, take.amount_minor)

    def issue(self, terms: LotTerms) -> None:
        """A lot's points come into being and are available."""
        issued = points_account(terms.source, "issued")
        available = points_account(terms.source, "available")
        self.move(issued, available, terms.currency, terms.amount_minor)

    def recognise(self, take: Take, revenue: int) -> None:
        """What a take cost becomes revenue, and its VAT is due."""
        debits, credits_ = (take.lot.liability, VAT_PENDING), (revenue, VAT_PAYABLE)
        self.gross(debits, credits_, take.cost_fen, take.vat_fen)

    def legs(self) -> Legs:
        """The legs, without those that came to nothing."""
        # A list first: on the hot path it is built in two thirds of a generator's time.
        return tuple([(*place, amount) for place, amount in self._sums.items() if amount])


def issue(*granted: LotTerms) -> Legs:
    """Lots come into being: their points are issued and available."""
    entry = Entry()
    for terms in granted:
        entry.issue(terms)
    return entry.legs()


def relocate(takes: Iterable[Take], debit: PointState, credit: PointState) -> Legs:
    """Points change their state without any effect on money: a hold is authorized."""
    entry = Entry()
    entry.relocate(takes, debit, credit)
    return entry.legs()


def recognise(
    consumed: Iterable[Take],
    debit: PointState,
    credit: PointState,
    *,
    returned: Iterable[Take] = (),
    absorbed: Iterable[Absorption] = (),
    revenue: int | None = None,
) -> Legs:
    """Takes are used up: points to `credit`, liability and VAT pending to revenue and VAT payable.

    `returned` goes from held back to available, `absorbed` reduced claims instead. Revenue is that
    of each take's source unless an account is named (breakage).
    """
    entry = Entry()
    entry.relocate(consumed, debit, credit)
    entry.relocate(returned, "held", "available")
    for take in consumed:
        if take.cost_fen or take.vat_fen:
            entry.recognise(take, _revenue_of(take) if revenue is None else revenue)
    _recognise_absorbed(entry, absorbed)
    return entry.legs()


def hold_ended(takes: Iterable[Take], absorbed: Iterable[Absorption]) -> Legs:
    """A hold ends without a charge: its points are available again, or reduced claims."""
    entry = Entry()
    entry.relocate(takes, "held", "available")
    _recognise_absorbed(entry, absorbed)
    return entry.legs()


def _recognise_absorbed(entry: Entry, absorbed: Iterable[Absorption]) -> None:
    """Held value earns the revenue that the reversal of its order had taken away beforehand."""
    for absorption in absorbed:
        entry.relocate((absorption.take,), "held", "refunded")
        entry.recognise(absorption.take, absorption.revenue)


def charge_refunded(takes: Iterable[Take], absorbed: Iterable[Absorption]) -> Legs:
    """A charge is refunded: consumed points are available again, revenue and VAT reversed.

    Of what claims absorbed, the revenue had been reversed already, with the payment.
    """
    entry = Entry()
    entry.relocate(takes, "consumed", "available")
    for take in takes:
        if take.cost_fen or take.vat_fen:
            debits, credits_ = (_revenue_of(take), VAT_PAYABLE), (take.lot.liability, VAT_PENDING)
            entry.gross(debits, credits_, take.cost_fen, take.vat_fen)
    for absorption in absorbed:
        entry.relocate((absorption.take,), "consumed", "refunded")
        entry.move(
            _revenue_of(absorption.take),
            absorption.revenue,
            CNY,
            absorption.take.cost_fen - absorption.take.vat_fen,
        )
    return entry.legs()


def _revenue_of(take: Take) -> int:
    return REVENUE_MEMBERSHIP if take.lot.source == "membership" else REVENUE_GENERATION
