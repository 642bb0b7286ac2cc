"""Answers about paid value that changes its currency or its owner, and money paid out for it."""

from msgspec import Struct

from ledger.contract.answers import TakeAnswer
from ledger.contract.fields import Amount, Moment
from ledger.core.wallet import TransferStatus


class ConvertedLotAnswer(Struct, frozen=True):
    """A lot that a conversion made of one of its takes, with that take's expiry."""

    lot_id: str
    amount: Amount
    expires_at: Moment | None


class ConversionAnswer(Struct, frozen=True):
    """A conversion at par: `lots` were made of `takes`, one of each, in order.

    `from_available` and `to_available` are what is available of the two currencies right after.
    """

    conversion_id: str
    wallet_id: str
    from_currency: str
    to_currency: str
    amount: Amount
    takes: list[TakeAnswer]
    lots: list[ConvertedLotAnswer]
    from_available: Amount
    to_available: Amount
    converted_at: Moment


class TransferAnswer(Struct, frozen=True):
    """Value given to another wallet; `creator_share_fen` becomes payable to its owner.

    It is in transit until that is booked, which nothing can refuse.
    """

    transfer_id: str
    wallet_id: str
    to_wallet_id: str
    currency: str
    amount: Amount
    status: TransferStatus
    creator_share_fen: int
    reference: str | None
    sent_at: Moment


class SentTransferAnswer(TransferAnswer, frozen=True):
    """A transfer right after it was sent: the lots it used, and what is available then."""

    takes: list[TakeAnswer]
    available_after: Amount


class PayoutAnswer(Struct, frozen=True):
    """Money paid to a wallet's owner, tax included; `payable_after_cny` is what is owed still."""

    wallet_id: str
    amount_cny: Amount
    tax_withheld_cny: Amount
    payable_after_cny: Amount
    reference: str | None
    paid_at: Moment
