"""Transfer: a tip to another wallet, its creator's share in money, and the payout of it.

The first half consumes the giver's value and leaves an open transfer; the second half, which cannot
be refused, makes the share payable to the receiver; then the giver's transfer is done.
"""

from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import NO_GATES, SPENDS
from ledger.core.ids import transfer_id_for
from ledger.core.instants import Instant
from ledger.core.limits import insufficient_funds, over_limit, used_after
from ledger.core.lots import spend, takes_for
from ledger.core.money import share_up_to
from ledger.core.pricing import out_of_range
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Take, Transfer, Wallet

_WHOLE_BP = 10_000


class SendTransfer(Struct, frozen=True, omit_defaults=True, tag="transfer"):
    """Give paid value to the owner of another wallet."""

    gates: ClassVar = SPENDS
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.NOT_TRANSFERABLE,
        Reason.TRANSFER_TO_SELF,
        Reason.LIMIT_EXCEEDED,
        Reason.INSUFFICIENT_FUNDS,
    )
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    to_wallet_id: str
    currency: int
    amount_minor: int
    reference: str | None = None


class ReceiveTransfer(Struct, frozen=True, omit_defaults=True, tag="receive_transfer"):
    """The second half, on the receiver's wallet; sent by the ledger itself."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = ()
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    transfer: Transfer


class CompleteTransfer(Struct, frozen=True, omit_defaults=True, tag="complete_transfer"):
    """The second half is done: close the transfer at its giver; sent by the ledger itself."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.TRANSFER_NOT_FOUND,)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    transfer_id: str


class PayOut(Struct, frozen=True, omit_defaults=True, tag="pay_out"):
    """Money was paid to a creator: `amount_fen` in all, of which tax was withheld."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.AMOUNT_OUT_OF_RANGE, Reason.PAYOUT_EXCEEDS_PAYABLE)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    amount_fen: int
    withheld_fen: int
    reference: str | None = None


class TransferSent(Struct, frozen=True, tag="transfer_sent_v1"):
    """The giver's value is consumed; the share is in transit."""

    transfer: Transfer
    takes: tuple[Take, ...]
    available_after_minor: int


class TransferReceived(Struct, frozen=True, tag="transfer_received_v1"):
    """The share is payable to the receiver; `payable_after_fen` is all that is."""

    transfer: Transfer
    payable_after_fen: int


class TransferCompleted(Struct, frozen=True, tag="transfer_completed_v1"):
    """The transfer is done."""

    transfer: Transfer


class PaidOut(Struct, frozen=True, omit_defaults=True, tag="paid_out_v1"):
    """A creator was paid."""

    amount_fen: int
    withheld_fen: int
    payable_after_fen: int
    paid_at: Instant
    reference: str | None = None


Command = SendTransfer | ReceiveTransfer | CompleteTransfer | PayOut
Event = TransferSent | TransferReceived | TransferCompleted | PaidOut


def decide(
    wallet: Wallet, command: Command, terms: Terms, stamp: Stamp
) -> tuple[Event] | Rejection:
    """Only the first half and a payout can be refused for what a wallet has."""
    match command:
        case SendTransfer():
            return _send(wallet, command, terms, stamp)
        case ReceiveTransfer(transfer=transfer):
            after_fen = wallet.payable_fen + transfer.share_fen
            return (TransferReceived(transfer, after_fen),)
        case CompleteTransfer(transfer_id=transfer_id):
            transit = wallet.transfer(transfer_id)
            if transit is None:
                return rejected(Reason.TRANSFER_NOT_FOUND, transfer_id=transfer_id)
            return (TransferCompleted(replace(transit, status="done")),)
        case PayOut():
            return _pay_out(wallet, command, stamp)
        case _:
            assert_never(command)


def _send(
    wallet: Wallet, command: SendTransfer, terms: Terms, stamp: Stamp
) -> tuple[TransferSent] | Rejection:
    currency, amount_minor = command.currency, command.amount_minor
    if (refusal := out_of_range(terms, amount_minor)) is not None:
        return refusal
    if currency not in terms.policy.transfer_currencies:
        return rejected(Reason.NOT_TRANSFERABLE, currency=currency)
    if command.to_wallet_id == command.wallet_id:
        return rejected(Reason.TRANSFER_TO_SELF, wallet_id=command.wallet_id)
    if len(wallet.transfers) >= terms.transfers_max:
        return rejected(
            Reason.LIMIT_EXCEEDED, limit="transfers in transit", most=terms.transfers_max
        )
    if (refusal := over_limit(wallet, terms, currency, amount_minor, stamp.at)) is not None:
        return refusal
    takes = takes_for(wallet, currency, amount_minor, paid_only=True)
    if takes is None:
        return insufficient_funds(wallet, currency, amount_minor, paid_only=True)
    cost_fen = sum(take.cost_fen for take in takes)
    transfer = Transfer(
        transfer_id=transfer_id_for(stamp),
        from_wallet_id=command.wallet_id,
        to_wallet_id=command.to_wallet_id,
        currency=currency,
        amount_minor=amount_minor,
        share_fen=share_up_to(cost_fen, terms.policy.creator_share_bp, _WHOLE_BP),
        sent_at=stamp.at,
        reference=command.reference,
    )
    return (TransferSent(transfer, takes, wallet.available_minor(currency) - amount_minor),)


def _pay_out(wallet: Wallet, command: PayOut, stamp: Stamp) -> tuple[PaidOut] | Rejection:
    amount_fen, withheld_fen = command.amount_fen, command.withheld_fen
    if amount_fen < 1 or not 0 <= withheld_fen <= amount_fen:
        return rejected(
            Reason.AMOUNT_OUT_OF_RANGE, amount_fen=amount_fen, withheld_fen=withheld_fen
        )
    if amount_fen > wallet.payable_fen:
        return rejected(
            Reason.PAYOUT_EXCEEDS_PAYABLE, amount_fen=amount_fen, payable_fen=wallet.payable_fen
        )
    after_fen = wallet.payable_fen - amount_fen
    return (PaidOut(amount_fen, withheld_fen, after_fen, stamp.at, command.reference),)


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """Takes leave the giver; what is payable belongs to the receiver."""
    match event:
        case TransferSent(transfer=transfer, takes=takes):
            return replace(
                wallet,
                lots=spend(wallet, takes),
                transfers=(*wallet.transfers, transfer),
                used=used_after(
                    wallet, transfer.currency, transfer.sent_at, charged=transfer.amount_minor
                ),
            )
        case TransferReceived(payable_after_fen=after_fen) | PaidOut(payable_after_fen=after_fen):
            return replace(wallet, payable_fen=after_fen)
        case TransferCompleted(transfer=done):
            others = tuple(t for t in wallet.transfers if t.transfer_id != done.transfer_id)
            return replace(wallet, transfers=others)
        case _:
            assert_never(event)
