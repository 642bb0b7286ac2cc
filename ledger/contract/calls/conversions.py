"""Conversions: paid value of one currency becomes another at par."""

from typing import Final

from ledger.contract import commands
from ledger.contract.answer import Answer
from ledger.contract.answers_transfers import ConversionAnswer, ConvertedLotAnswer
from ledger.contract.bodies import ConvertBody
from ledger.contract.calls import examples
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.submission import submit
from ledger.core.flows.conversion import Convert
from ledger.core.rejections import Reason


async def convert(call: Call[ConvertBody, NoQuery]) -> Answer:
    """Turn value of one currency into another."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, commands.convert(wallet_id, call.body, call.currencies.numbers))


_EXAMPLE: Final = ConversionAnswer(
    conversion_id="conv-019a4c7e5b1d8f20c3a97be61d4f02",
    wallet_id=examples.WALLET,
    from_currency="KUAIBI",
    to_currency="INSPIRATION",
    amount="10.00",
    takes=examples.TAKES,
    lots=[ConvertedLotAnswer(f"{examples.LOT}.1", "10.00", None)],
    from_available="90.00",
    to_available="76.00",
    converted_at="2026-03-01T01:00:00.123456Z",
)

OPERATIONS: Final = (
    Operation(
        id="convert",
        method="POST",
        path="/v1/wallets/{wallet_id}/conversions",
        tag="Wallet",
        summary="Convert paid value into another currency at par",
        description=(
            "Only in the directions that GET /v1/catalogue lists, and only value that was paid "
            "for. Every take becomes a lot of its own, which keeps the order, cost and expiry."
        ),
        run=convert,
        scopes=("debit:write",),
        body=ConvertBody,
        needs_key=True,
        answers={201: ConversionAnswer},
        reasons=(
            *Convert.gates.reasons,
            Reason.NOT_CONVERTIBLE,
            Reason.LIMIT_EXCEEDED,
            Reason.INSUFFICIENT_FUNDS,
        ),
        problems=("unknown-currency", "amount-out-of-range"),
        example_body=ConvertBody("KUAIBI", "INSPIRATION", "10"),
        example_answer=_EXAMPLE,
    ),
)
