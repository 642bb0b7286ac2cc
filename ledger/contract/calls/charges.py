"""Charges: quotes, one-step debits, and refunds of what was charged."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import asdict

from ledger.contract import commands
from ledger.contract.access import MENDS
from ledger.contract.answer import Answer
from ledger.contract.answers import ChargeAnswer, DebitAnswer, QuoteAnswer, RefundAnswer
from ledger.contract.bodies import DebitBody, RefundBody
from ledger.contract.calls import examples
from ledger.contract.calls.gates import CHANGES, GENERATES
from ledger.contract.fields import Id, number_within
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.refusals import problem_of
from ledger.contract.render import render_charge
from ledger.contract.submission import submit
from ledger.core.money import AMOUNT_MINOR_MAX, format_amount
from ledger.core.pricing import price_sku
from ledger.core.rejections import Reason, Rejection, rejected


class QuoteQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to price."""

    sku: Id
    quantity: Annotated[int, Meta(extra_json_schema={"minimum": 1})] = 1


async def quote(call: Call[None, QuoteQuery]) -> Answer:
    """Tell what a SKU costs now."""
    quantity = number_within(call.query.quantity, "quantity", 1, AMOUNT_MINOR_MAX)
    price = price_sku(call.ledger.catalogue.at(call.ledger.clock.now()), call.query.sku, quantity)
    codes = call.currencies.codes
    if isinstance(price, Rejection):
        return problem_of(price, codes).answer()
    currency, amount_minor, priced = price
    amount = format_amount(amount_minor)
    return Answer(
        200,
        QuoteAnswer(priced.sku, priced.quantity, codes[currency], amount, priced.price_version),
    )


async def debit(call: Call[DebitBody, NoQuery]) -> Answer:
    """Charge at once."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, commands.debit(wallet_id, call.body, call.currencies.numbers))


async def read_charge(call: Call[None, NoQuery]) -> Answer:
    """Tell one charge, and what was refunded of it."""
    wallet_id, charge_id = call.params["wallet_id"], call.params["charge_id"]
    codes = call.currencies.codes
    charge = await call.ledger.wallets.read_charge(wallet_id, charge_id)
    if charge is None:
        return problem_of(rejected(Reason.CHARGE_NOT_FOUND, charge_id=charge_id), codes).answer()
    return Answer(200, render_charge(wallet_id, charge, codes))


async def refund(call: Call[RefundBody, NoQuery]) -> Answer:
    """Give a charge back, in part or whole."""
    wallet_id, charge_id = call.params["wallet_id"], call.params["charge_id"]
    return await submit(call, commands.refund_charge(wallet_id, charge_id, call.body))


_ONE: Final = "/v1/wallets/{wallet_id}/charges/{charge_id}"

OPERATIONS: Final = (
    Operation(
        id="quote",
        method="GET",
        path="/v1/quotes",
        tag="Generation",
        summary="Price a SKU",
        run=quote,
        query=QuoteQuery,
        answers={200: QuoteAnswer},
        reasons=(Reason.UNKNOWN_SKU, Reason.AMOUNT_OUT_OF_RANGE),
        example_query={"sku": "image", "quantity": "5"},
        example_answer=QuoteAnswer("image", 5, "INSPIRATION", "1.00", "2026-01-01"),
    ),
    Operation(
        id="debit",
        method="POST",
        path="/v1/wallets/{wallet_id}/debits",
        tag="Generation",
        summary="Debit a wallet in one step",
        run=debit,
        scopes=("debit:write",),
        body=DebitBody,
        needs_key=True,
        answers={201: DebitAnswer},
        reasons=(
            *GENERATES,
            Reason.UNKNOWN_SKU,
            Reason.LIMIT_EXCEEDED,
            Reason.INSUFFICIENT_FUNDS,
        ),
        problems=("unknown-currency", "amount-out-of-range"),
        example_body=DebitBody(currency="INSPIRATION", amount="10", reference="render-1842"),
        example_answer=DebitAnswer(
            charge_id=examples.CHARGE,
            wallet_id=examples.WALLET,
            currency="INSPIRATION",
            amount="10.00",
            takes=examples.TAKES,
            available_after="56.00",
            reference="render-1842",
            quote=None,
            charged_at="2026-03-01T01:00:00.123456Z",
        ),
    ),
    Operation(
        id="readCharge",
        method="GET",
        path=_ONE,
        tag="Generation",
        summary="Read a charge",
        run=read_charge,
        scopes=("wallet:read",),
        answers={200: ChargeAnswer},
        reasons=(Reason.CHARGE_NOT_FOUND,),
        example_answer=examples.CHARGED,
    ),
    Operation(
        id="refundCharge",
        method="POST",
        path=f"{_ONE}/refund",
        tag="Generation",
        summary="Refund a charge",
        description="Without an amount, all that is not yet refunded.",
        run=refund,
        scopes=MENDS,
        audited_for_people=True,
        body=RefundBody,
        needs_key=True,
        answers={200: RefundAnswer},
        reasons=(*CHANGES, Reason.CHARGE_NOT_FOUND, Reason.REFUND_EXCEEDS_CHARGE),
        problems=("amount-out-of-range",),
        example_body=RefundBody("the job failed", "4"),
        example_answer=RefundAnswer(
            **asdict(examples.CHARGED) | {"refunded": "4.00"},
            refunded_now="4.00",
            available_after="60.00",
        ),
    ),
)
