"""Charges: quotes, one-step debits, and refunds of what was charged."""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from ledger.contract.access import MENDS
from ledger.contract.examples import CHARGE, QUOTE, TAKES, WALLET
from ledger.contract.fields import (
    Amount,
    AmountText,
    CurrencyCode,
    Id,
    Moment,
    ReasonText,
    number_within,
    positive_amount,
)
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import ProblemError, problem, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import (
    Body,
    Codes,
    Numbers,
    PriceAnswer,
    TakeAnswer,
    currency_number,
    given,
    optional_positive_amount,
    render_price,
    render_takes,
)
from ledger.contract.submission import submit
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.refund import ChargeRefunded, RefundCharge
from ledger.core.instants import format_instant
from ledger.core.money import AMOUNT_MINOR_MAX, format_amount
from ledger.core.pricing import price_sku
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.wallet import Charge

Quantity = Annotated[
    int,
    Meta(
        description="How many items; only with a SKU",
        extra_json_schema={"minimum": 1, "default": 1},
    ),
]


class QuoteQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to price."""

    sku: Id
    quantity: Annotated[int, Meta(extra_json_schema={"minimum": 1})] = 1


class DebitBody(Body, frozen=True):
    """Either `currency` and `amount`, or `sku` and perhaps `quantity`."""

    currency: CurrencyCode | UnsetType = UNSET
    amount: AmountText | UnsetType = UNSET
    sku: Id | UnsetType = UNSET
    quantity: Quantity | UnsetType = UNSET
    reference: Id | UnsetType = UNSET


class RefundBody(Body, frozen=True):
    """What to give back of a charge; all that is not yet refunded when left out."""

    reason: ReasonText
    amount: AmountText | UnsetType = UNSET


class QuoteAnswer(Struct, frozen=True):
    """What a SKU costs now."""

    sku: str
    quantity: int
    currency: str
    amount: Amount
    price_version: str


class DebitAnswer(Struct, frozen=True):
    """A debit; `available_after` is of its currency, right after it."""

    charge_id: str
    wallet_id: str
    currency: str
    amount: Amount
    takes: list[TakeAnswer]
    available_after: Amount
    reference: str | None
    quote: PriceAnswer | None
    charged_at: Moment


class ChargeAnswer(Struct, frozen=True):
    """A captured hold or a debit, and what was refunded of it so far."""

    charge_id: str
    wallet_id: str
    hold_id: str | None
    currency: str
    amount: Amount
    refunded: Amount
    takes: list[TakeAnswer]
    reference: str | None
    quote: PriceAnswer | None
    charged_at: Moment


class RefundAnswer(ChargeAnswer, frozen=True):
    """A charge right after a refund: what was given back now, and what is available then."""

    refunded_now: Amount
    available_after: Amount


def debit_command(wallet_id: str, body: DebitBody, numbers: Numbers) -> Debit:
    """A charge in one step."""
    return Debit(wallet_id, reference=given(body.reference), **price_fields(body, numbers))


def price_fields(body: DebitBody, numbers: Numbers) -> dict[str, Any]:
    """The fields of a command that say what is to be paid: an amount, or a SKU and its quantity.

    Raises ProblemError: `malformed` for parts of both, `unknown-currency`, `amount-out-of-range`.
    """
    currency, amount, sku, quantity = body.currency, body.amount, body.sku, body.quantity
    if sku is UNSET:
        if isinstance(currency, str) and isinstance(amount, str) and quantity is UNSET:
            return {
                "currency": currency_number(currency, numbers),
                "amount_minor": positive_amount(amount, "amount"),
            }
    elif currency is UNSET and amount is UNSET:
        if isinstance(quantity, UnsetType):
            return {"sku": sku}
        return {"sku": sku, "quantity": number_within(quantity, "quantity", 1, AMOUNT_MINOR_MAX)}
    detail = "Name either currency and amount, or sku and perhaps quantity; not parts of both."
    raise ProblemError(problem("malformed", detail))


def refund_command(wallet_id: str, charge_id: str, body: RefundBody) -> RefundCharge:
    """A charge given back."""
    amount_minor = optional_positive_amount(body.amount, "amount")
    return RefundCharge(wallet_id, charge_id, body.reason, amount_minor)


def render_debit(wallet_id: str, event: DebitCharged, codes: Codes) -> DebitAnswer:
    """The answer to a debit."""
    charge = event.charge
    return DebitAnswer(
        charge_id=charge.charge_id,
        wallet_id=wallet_id,
        currency=codes[charge.currency],
        amount=format_amount(charge.amount_minor),
        takes=render_takes(charge.takes),
        available_after=format_amount(event.available_after_minor),
        reference=charge.reference,
        quote=render_price(charge.quote),
        charged_at=format_instant(charge.charged_at),
    )


def render_charge(wallet_id: str, charge: Charge, codes: Codes) -> ChargeAnswer:
    """A charge, as it stands."""
    return ChargeAnswer(
        charge_id=charge.charge_id,
        wallet_id=wallet_id,
        hold_id=charge.hold_id,
        currency=codes[charge.currency],
        amount=format_amount(charge.amount_minor),
        refunded=format_amount(charge.refunded_minor),
        takes=render_takes(charge.takes),
        reference=charge.reference,
        quote=render_price(charge.quote),
        charged_at=format_instant(charge.charged_at),
    )


def render_refund(wallet_id: str, event: ChargeRefunded, codes: Codes) -> RefundAnswer:
    """The answer to a refund of a charge."""
    return RefundAnswer(
        **asdict(render_charge(wallet_id, event.charge, codes)),
        refunded_now=format_amount(event.amount_minor),
        available_after=format_amount(event.available_after_minor),
    )


async def quote(call: Call[None, QuoteQuery]) -> Response:
    """Price a SKU at the terms in force."""
    quantity = number_within(call.query.quantity, "quantity", 1, AMOUNT_MINOR_MAX)
    price = price_sku(call.terms, call.query.sku, quantity)
    codes = call.currencies.codes
    if isinstance(price, Rejection):
        return problem_of(price, codes).response()
    currency, amount_minor, priced = price
    amount = format_amount(amount_minor)
    return Response(
        200,
        QuoteAnswer(priced.sku, priced.quantity, codes[currency], amount, priced.price_version),
    )


async def debit(call: Call[DebitBody, NoQuery]) -> Response:
    """Charge at once."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, debit_command(wallet_id, call.body, call.currencies.numbers))


async def read_charge(call: Call[None, NoQuery]) -> Response:
    """Read one charge, with what was refunded of it."""
    wallet_id, charge_id = call.params["wallet_id"], call.params["charge_id"]
    codes = call.currencies.codes
    charge = await call.ledger.wallets.read_charge(wallet_id, charge_id)
    if charge is None:
        return problem_of(rejected(Reason.CHARGE_NOT_FOUND, charge_id=charge_id), codes).response()
    return Response(200, render_charge(wallet_id, charge, codes))


async def refund(call: Call[RefundBody, NoQuery]) -> Response:
    """Give a charge back, in part or whole."""
    wallet_id, charge_id = call.params["wallet_id"], call.params["charge_id"]
    return await submit(call, refund_command(wallet_id, charge_id, call.body))


_ONE: Final = "/v1/wallets/{wallet_id}/charges/{charge_id}"


EXAMPLE_CHARGE: Final = ChargeAnswer(
    charge_id=CHARGE,
    wallet_id=WALLET,
    hold_id=None,
    currency="INSPIRATION",
    amount="10.00",
    refunded="0.00",
    takes=TAKES,
    reference="render-1842",
    quote=QUOTE,
    charged_at="2026-03-01T01:00:00.123456Z",
)


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
        responds={DebitCharged: (201, render_debit)},
        commands=(Debit,),
        problems=(Reason.UNKNOWN_CURRENCY, Reason.AMOUNT_OUT_OF_RANGE),
        example_body=DebitBody(currency="INSPIRATION", amount="10", reference="render-1842"),
        example_answer=DebitAnswer(
            charge_id=CHARGE,
            wallet_id=WALLET,
            currency="INSPIRATION",
            amount="10.00",
            takes=TAKES,
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
        example_answer=EXAMPLE_CHARGE,
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
        responds={ChargeRefunded: (200, render_refund)},
        commands=(RefundCharge,),
        problems=(Reason.AMOUNT_OUT_OF_RANGE,),
        example_body=RefundBody("the job failed", "4"),
        example_answer=RefundAnswer(
            **asdict(EXAMPLE_CHARGE) | {"refunded": "4.00"},
            refunded_now="4.00",
            available_after="60.00",
        ),
    ),
)
