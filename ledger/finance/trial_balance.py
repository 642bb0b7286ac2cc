"""The trial balance: every account's opening, movement and closing on one day."""

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
