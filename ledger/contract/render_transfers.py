"""Rendering of conversions, transfers and payouts."""

from msgspec.structs import asdict

from ledger.contract.answers_transfers import (
    ConversionAnswer,
    ConvertedLotAnswer,
    PayoutAnswer,
    SentTransferAnswer,
    TransferAnswer,
)
from ledger.contract.render import Codes, moment, render_takes
from ledger.core.flows.conversion import Converted
from ledger.core.flows.transfer import PaidOut, TransferSent
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.wallet import Transfer


def render_conversion(wallet_id: str, event: Converted, codes: Codes) -> ConversionAnswer:
    """The answer to a conversion."""
    return ConversionAnswer(
        conversion_id=event.conversion_id,
        wallet_id=wallet_id,
        from_currency=codes[event.from_currency],
        to_currency=codes[event.to_currency],
        amount=format_amount(event.amount_minor),
        takes=render_takes(event.takes),
        lots=[
            ConvertedLotAnswer(lot.lot_id, format_amount(lot.amount_minor), moment(lot.expires_at))
            for lot in event.lots
        ],
        from_available=format_amount(event.from_available_minor),
        to_available=format_amount(event.to_available_minor),
        converted_at=format_instant(event.converted_at),
    )


def render_transfer(transfer: Transfer, codes: Codes) -> TransferAnswer:
    """A transfer, as it stands."""
    return TransferAnswer(
        transfer_id=transfer.transfer_id,
        wallet_id=transfer.from_wallet_id,
        to_wallet_id=transfer.to_wallet_id,
        currency=codes[transfer.currency],
        amount=format_amount(transfer.amount_minor),
        status=transfer.status,
        creator_share_fen=transfer.share_fen,
        reference=transfer.reference,
        sent_at=format_instant(transfer.sent_at),
    )


def render_sent_transfer(_: str, event: TransferSent, codes: Codes) -> SentTransferAnswer:
    """The answer to a transfer."""
    return SentTransferAnswer(
        **asdict(render_transfer(event.transfer, codes)),
        takes=render_takes(event.takes),
        available_after=format_amount(event.available_after_minor),
    )


def render_payout(wallet_id: str, event: PaidOut, _: Codes) -> PayoutAnswer:
    """The answer to a payout."""
    return PayoutAnswer(
        wallet_id=wallet_id,
        amount_cny=format_amount(event.amount_fen),
        tax_withheld_cny=format_amount(event.withheld_fen),
        payable_after_cny=format_amount(event.payable_after_fen),
        reference=event.reference,
        paid_at=format_instant(event.paid_at),
    )
