"""Conversions: paid value of one currency becomes another at par."""

from typing import Final

from msgspec import Struct

from ledger.contract.examples import LOT, TAKES, WALLET
from ledger.contract.fields import Amount, AmountText, CurrencyCode, Moment, positive_amount
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.response import Response
from ledger.contract.shared import (
    Body,
    Codes,
    Numbers,
    TakeAnswer,
    currency_number,
    moment,
    render_takes,
)
from ledger.contract.submission import submit
from ledger.core.flows.conversion import Convert, Converted
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason


class ConvertBody(Body, frozen=True):
    """Paid value of one currency, to become as much of another."""

    from_currency: CurrencyCode
    to_currency: CurrencyCode
    amount: AmountText


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


def convert_command(wallet_id: str, body: ConvertBody, numbers: Numbers) -> Convert:
    """Value of one currency turned into another."""
    return Convert(
        wallet_id,
        from_currency=currency_number(body.from_currency, numbers, "from_currency"),
        to_currency=currency_number(body.to_currency, numbers, "to_currency"),
        amount_minor=positive_amount(body.amount, "amount"),
    )


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


async def convert(call: Call[ConvertBody, NoQuery]) -> Response:
    """Turn value of one currency into another."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, convert_command(wallet_id, call.body, call.currencies.numbers))


_EXAMPLE: Final = ConversionAnswer(
    conversion_id="conv-019a4c7e5b1d8f20c3a97be61d4f02",
    wallet_id=WALLET,
    from_currency="KUAIBI",
    to_currency="INSPIRATION",
    amount="10.00",
    takes=TAKES,
    lots=[ConvertedLotAnswer(f"{LOT}.1", "10.00", None)],
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
        responds={Converted: (201, render_conversion)},
        commands=(Convert,),
        problems=(Reason.UNKNOWN_CURRENCY, Reason.AMOUNT_OUT_OF_RANGE),
        example_body=ConvertBody("KUAIBI", "INSPIRATION", "10"),
        example_answer=_EXAMPLE,
    ),
)
