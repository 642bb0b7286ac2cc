"""Transfers: value given to another wallet's owner, and the money paid out for it."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from ledger.contract.examples import TAKES, WALLET
from ledger.contract.fields import (
    Amount,
    AmountFromZeroText,
    AmountText,
    CurrencyCode,
    Id,
    Moment,
    amount_from_zero,
    positive_amount,
)
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import problem_of
from ledger.contract.response import Response
from ledger.contract.shared import (
    Body,
    Codes,
    Numbers,
    TakeAnswer,
    currency_number,
    given,
    render_takes,
)
from ledger.contract.submission import submit
from ledger.core.flows.transfer import PaidOut, PayOut, SendTransfer, TransferSent
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason, rejected
from ledger.core.wallet import Transfer, TransferStatus


class TransferBody(Body, frozen=True):
    """Paid value for the owner of another wallet."""

    to_wallet_id: Id
    currency: CurrencyCode
    amount: AmountText
    reference: Id | UnsetType = UNSET


class PayoutBody(Body, frozen=True):
    """Money that was paid to a wallet's owner, with the tax that was withheld of it."""

    amount_cny: AmountText
    tax_withheld_cny: AmountFromZeroText = "0"
    reference: Id | UnsetType = UNSET


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


def transfer_command(wallet_id: str, body: TransferBody, numbers: Numbers) -> SendTransfer:
    """Value given to the owner of another wallet."""
    return SendTransfer(
        wallet_id,
        to_wallet_id=body.to_wallet_id,
        currency=currency_number(body.currency, numbers),
        amount_minor=positive_amount(body.amount, "amount"),
        reference=given(body.reference),
    )


def payout_command(wallet_id: str, body: PayoutBody) -> PayOut:
    """Money paid to a wallet's owner."""
    return PayOut(
        wallet_id,
        amount_fen=positive_amount(body.amount_cny, "amount_cny"),
        withheld_fen=amount_from_zero(body.tax_withheld_cny, "tax_withheld_cny"),
        reference=given(body.reference),
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


async def send(call: Call[TransferBody, NoQuery]) -> Response:
    """Give value away; answered once it has left the giver."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, transfer_command(wallet_id, call.body, call.currencies.numbers))


async def read_transfer(call: Call[None, NoQuery]) -> Response:
    """Read one transfer that the wallet sent."""
    wallet_id, transfer_id = call.params["wallet_id"], call.params["transfer_id"]
    codes = call.currencies.codes
    transfer = await call.ledger.wallets.read_transfer(wallet_id, transfer_id)
    if transfer is None:
        missing = rejected(Reason.TRANSFER_NOT_FOUND, transfer_id=transfer_id)
        return problem_of(missing, codes).response()
    return Response(200, render_transfer(transfer, codes))


async def pay_out(call: Call[PayoutBody, NoQuery]) -> Response:
    """Book money that was paid to the wallet's owner."""
    return await submit(call, payout_command(call.params["wallet_id"], call.body))


_TRANSFER: Final = TransferAnswer(
    transfer_id="tr-019a4c7e5b1d8f20c3a97be61d4f02",
    wallet_id=WALLET,
    to_wallet_id="creator-19",
    currency="KUAIBI",
    amount="10.00",
    status="in_transit",
    creator_share_fen=50,
    reference="stream-77",
    sent_at="2026-03-01T01:00:00.123456Z",
)

OPERATIONS: Final = (
    Operation(
        id="sendTransfer",
        method="POST",
        path="/v1/wallets/{wallet_id}/transfers",
        tag="Wallet",
        summary="Give paid value to the owner of another wallet",
        description=(
            "Only value that was paid for, in the currencies that GET /v1/catalogue lists. The "
            "receiver's share of its cost becomes payable to them in money. A replay says "
            "`in_transit`, as it was; read the transfer to see it done."
        ),
        run=send,
        scopes=("debit:write",),
        body=TransferBody,
        needs_key=True,
        responds={TransferSent: (201, render_sent_transfer)},
        commands=(SendTransfer,),
        problems=(Reason.UNKNOWN_CURRENCY, Reason.AMOUNT_OUT_OF_RANGE),
        example_body=TransferBody("creator-19", "KUAIBI", "10", "stream-77"),
        example_answer=SentTransferAnswer(
            **asdict(_TRANSFER), takes=TAKES, available_after="90.00"
        ),
    ),
    Operation(
        id="readTransfer",
        method="GET",
        path="/v1/wallets/{wallet_id}/transfers/{transfer_id}",
        tag="Wallet",
        summary="Read a transfer that the wallet sent",
        run=read_transfer,
        scopes=("wallet:read",),
        answers={200: TransferAnswer},
        reasons=(Reason.TRANSFER_NOT_FOUND,),
        example_answer=_TRANSFER,
    ),
    Operation(
        id="payOut",
        method="POST",
        path="/v1/wallets/{wallet_id}/payouts",
        tag="Administration",
        summary="Book money that was paid to a wallet's owner",
        description=(
            "`amount_cny` is what is settled, `tax_withheld_cny` the part of it that went to the "
            "tax office instead of the owner."
        ),
        run=pay_out,
        scopes=("admin:write",),
        audited=True,
        proposed_as="pay_out",
        body=PayoutBody,
        needs_key=True,
        responds={PaidOut: (201, render_payout)},
        commands=(PayOut,),
        example_body=PayoutBody("100", "20", "payout-2026-03"),
        example_answer=PayoutAnswer(
            wallet_id="creator-19",
            amount_cny="100.00",
            tax_withheld_cny="20.00",
            payable_after_cny="35.50",
            reference="payout-2026-03",
            paid_at="2026-03-05T02:00:00.123456Z",
        ),
    ),
)
