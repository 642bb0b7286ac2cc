"""Transfers: value given to another wallet's owner, and the money paid out for it."""

from typing import Final

from msgspec.structs import asdict

from ledger.contract import commands
from ledger.contract.answer import Answer
from ledger.contract.answers_transfers import PayoutAnswer, SentTransferAnswer, TransferAnswer
from ledger.contract.bodies import PayoutBody, TransferBody
from ledger.contract.calls import examples
from ledger.contract.calls.gates import SPENDS
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.refusals import problem_of
from ledger.contract.render_transfers import render_transfer
from ledger.contract.submission import submit
from ledger.core.rejections import Reason, rejected


async def send(call: Call[TransferBody, NoQuery]) -> Answer:
    """Give value away; answered once it has left the giver."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, commands.send_transfer(wallet_id, call.body, call.currencies.numbers))


async def read_transfer(call: Call[None, NoQuery]) -> Answer:
    """Tell one transfer that the wallet sent."""
    wallet_id, transfer_id = call.params["wallet_id"], call.params["transfer_id"]
    codes = call.currencies.codes
    transfer = await call.ledger.wallets.read_transfer(wallet_id, transfer_id)
    if transfer is None:
        missing = rejected(Reason.TRANSFER_NOT_FOUND, transfer_id=transfer_id)
        return problem_of(missing, codes).answer()
    return Answer(200, render_transfer(transfer, codes))


async def pay_out(call: Call[PayoutBody, NoQuery]) -> Answer:
    """Book money that was paid to the wallet's owner."""
    return await submit(call, commands.pay_out(call.params["wallet_id"], call.body))


_TRANSFER: Final = TransferAnswer(
    transfer_id="tr-019a4c7e5b1d8f20c3a97be61d4f02",
    wallet_id=examples.WALLET,
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
        answers={201: SentTransferAnswer},
        reasons=(
            *SPENDS,
            Reason.NOT_TRANSFERABLE,
            Reason.TRANSFER_TO_SELF,
            Reason.LIMIT_EXCEEDED,
            Reason.INSUFFICIENT_FUNDS,
        ),
        problems=("unknown-currency", "amount-out-of-range"),
        example_body=TransferBody("creator-19", "KUAIBI", "10", "stream-77"),
        example_answer=SentTransferAnswer(
            **asdict(_TRANSFER), takes=examples.TAKES, available_after="90.00"
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
        answers={201: PayoutAnswer},
        reasons=(Reason.AMOUNT_OUT_OF_RANGE, Reason.PAYOUT_EXCEEDS_PAYABLE),
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
