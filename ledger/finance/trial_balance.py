"""The trial balance: every account's opening, movement and closing on one day."""

from collections.abc import Iterable

from msgspec import Struct


class TrialBalanceRow(Struct, frozen=True):
    """One account and currency; opening and closing are signed (debit positive), in minor units."""

    account: str
    code: str
    currency: int
    opening: int
    debit: int
    credit: int
    closing: int


def closing_sums(rows: Iterable[TrialBalanceRow]) -> dict[int, int]:
    """The sum of all closings per currency: zero for books that balance."""
    sums: dict[int, int] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0) + row.closing
    return sums
