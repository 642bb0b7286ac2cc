"""Answers to what administrators do with a wallet: freeze, limit, close, erase."""

from msgspec import Struct

from ledger.contract.fields import Amount, Moment


class FrozenAnswer(Struct, frozen=True):
    """Whether the wallet may spend from now on."""

    wallet_id: str
    frozen: bool


class SetLimitAnswer(Struct, frozen=True):
    """The wallet's own limit on a currency from now on; null is no limit."""

    wallet_id: str
    currency: str
    day: Amount | None
    single: Amount | None


class ForfeitAnswer(Struct, frozen=True):
    """What a closed wallet still had of a lot."""

    lot_id: str
    currency: str
    amount: Amount


class ClosedWalletAnswer(Struct, frozen=True):
    """A wallet's end: what was given up with it."""

    wallet_id: str
    closed_at: Moment
    forfeited: list[ForfeitAnswer]
    membership_ended: bool
    claim_written_off_cny: Amount
    orders_closed: list[str]


class ErasedAnswer(Struct, frozen=True):
    """How many texts about the wallet were erased; the log itself never held them."""

    wallet_id: str
    erased: int
