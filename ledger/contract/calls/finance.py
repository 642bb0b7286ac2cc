"""Finance: the trial balance."""

import datetime as dt
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.contract.examples import CHANNEL
from ledger.contract.fields import Amount
from ledger.contract.operation import Call, Operation
from ledger.contract.response import Response
from ledger.contract.shared import Codes, currency_number
from ledger.core.instants import date_to_day
from ledger.core.money import CNY, format_amount
from ledger.core.rejections import Reason
from ledger.finance.trial_balance import TrialBalanceRow

Day = Annotated[dt.date, Meta(description="A day in Shanghai; today by default")]
Code = Annotated[str, Meta(description="A currency, or CNY; all by default")]


class TrialBalanceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which day, and which currency."""

    date: Day | UnsetType = UNSET
    currency: Code | UnsetType = UNSET


class TrialBalanceItem(Struct, frozen=True):
    """One account and currency; opening and closing are signed, debit positive."""

    account: str
    code: str
    currency: str
    opening: Amount
    debit: Amount
    credit: Amount
    closing: Amount


class TrialBalanceAnswer(Struct, frozen=True):
    """All accounts that ever moved."""

    items: list[TrialBalanceItem]


def _render_row(row: TrialBalanceRow, codes: Codes) -> TrialBalanceItem:
    return TrialBalanceItem(
        account=row.account,
        code=row.code,
        currency=codes[row.currency],
        opening=format_amount(row.opening),
        debit=format_amount(row.debit),
        credit=format_amount(row.credit),
        closing=format_amount(row.closing),
    )


async def read_trial_balance(call: Call[None, TrialBalanceQuery]) -> Response:
    """List every account's opening, movement and closing on a day."""
    query, codes = call.query, call.currencies.codes
    day = None if isinstance(query.date, UnsetType) else date_to_day(query.date)
    currency = None
    if not isinstance(query.currency, UnsetType):
        currency = currency_number(query.currency, {"CNY": CNY, **call.currencies.numbers})
    rows = await call.ledger.reports.trial_balance(day, currency)
    return Response(200, TrialBalanceAnswer([_render_row(row, codes) for row in rows]))


OPERATIONS: Final = (
    Operation(
        id="readTrialBalance",
        method="GET",
        path="/v1/finance/trial-balance",
        tag="Finance",
        summary="Read the trial balance of a day",
        description="Never paged. Opening and closing are signed, debit positive.",
        run=read_trial_balance,
        scopes=("finance:read",),
        query=TrialBalanceQuery,
        answers={200: TrialBalanceAnswer},
        problems=(Reason.UNKNOWN_CURRENCY,),
        example_query={"date": "2026-03-01", "currency": "CNY"},
        example_answer=TrialBalanceAnswer(
            [
                TrialBalanceItem(
                    account=f"assets:funds:{CHANNEL}",
                    code="1012.99",
                    currency="CNY",
                    opening="0.00",
                    debit="10.00",
                    credit="0.00",
                    closing="10.00",
                )
            ]
        ),
    ),
)
