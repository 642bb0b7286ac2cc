"""The journal entry of a charge, leg by leg, for who may read the books."""

import datetime as dt
from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.contract.fields import Amount
from ledger.contract.shared import Codes
from ledger.core.instants import day_to_date
from ledger.core.money import format_amount
from ledger.queries.explanation import ChargeReasons, booked_fen


class ExplainedLeg(Struct, frozen=True):
    """One leg of the journal entry; exactly one of `debit` and `credit` is not null.

    `code` and `name` are those of the general ledger on the entry's day.
    """

    account: str
    code: str
    name: str
    currency: str
    debit: Amount | None
    credit: Amount | None


class ChargeJournal(Struct, frozen=True):
    """The journal entry of a charge; `revenue_cny` and `vat_cny` are what its legs booked."""

    seq: int
    day: Annotated[dt.date, Meta(description="The accounting day, in Shanghai")]
    legs: list[ExplainedLeg]
    revenue_cny: Amount
    vat_cny: Amount


def render_journal(reasons: ChargeReasons, codes: Codes) -> ChargeJournal:
    """The entry that the charge's event was booked with."""
    recorded, accounts = reasons.recorded, reasons.accounts
    revenue_fen, vat_fen = booked_fen(recorded.legs)
    return ChargeJournal(
        seq=recorded.seq,
        day=day_to_date(recorded.day),
        legs=[
            ExplainedLeg(
                account=accounts[account].path,
                code=accounts[account].code,
                name=accounts[account].name,
                currency=codes[currency],
                debit=format_amount(amount) if amount > 0 else None,
                credit=format_amount(-amount) if amount < 0 else None,
            )
            for account, currency, amount in recorded.legs
        ],
        revenue_cny=format_amount(revenue_fen),
        vat_cny=format_amount(vat_fen),
    )


_NAMES: Final = {
    "points:held:purchased": "表外-held-purchased",
    "points:consumed:purchased": "表外-consumed-purchased",
    "points:available:purchased": "表外-available-purchased",
    "liabilities:contract:inspiration": "合同负债-灵感值",
    "revenue:generation": "主营业务收入-生成",
    "liabilities:vat:pending": "应交税费-待转销项税额",
    "liabilities:vat:payable": "应交税费-应交增值税(销项)",
}


def example_leg(
    account: str, code: str, currency: str, debit: str | None = None, credit: str | None = None
) -> ExplainedLeg:
    """A leg of an example, under the account's name in the chart."""
    return ExplainedLeg(account, code, _NAMES[account], currency, debit, credit)
