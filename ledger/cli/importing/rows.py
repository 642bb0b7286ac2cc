"""What the cells of each file mean, checked as far as a row by itself can be."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from ledger.cli.importing.faults import Fault, Faults, shown
from ledger.core.chart import SOURCES
from ledger.core.flows.opening import OpeningClaim, OpeningLot
from ledger.core.ids import ID_PATTERN
from ledger.core.instants import INSTANT_MAX, Instant, format_instant, to_instant
from ledger.core.money import AmountError, parse_amount
from ledger.core.terms import Terms

LOTS: Final = "lots.csv"
CLAIMS: Final = "claims.csv"
PAYABLES: Final = "payables.csv"

FILES: Final = (LOTS, CLAIMS, PAYABLES)
"""The files there may be, in the order in which they are read."""

_ID: Final = re.compile(ID_PATTERN, re.ASCII)
_MOMENT: Final = Annotated[datetime, Meta(tz=True)]

Value = OpeningLot | OpeningClaim | int
"""What a row gives its wallet: a lot, a claim, or fen payable to its owner."""


class InvalidCell(ValueError):  # noqa: N818 - named for what is wrong
    """A cell whose text is no value of its column; the message says what is wanted."""


class ConflictingCell(ValueError):  # noqa: N818 - likewise
    """A cell whose value contradicts others of its row; the message says what is wanted."""

    def __init__(self, column: str, wanted: str) -> None:
        super().__init__(wanted)
        self.column = column


Read = Callable[[str], Any]


class Table(Struct, frozen=True):
    """One file: how its columns are read, and what a row of them makes: an id and a value."""

    file: str
    columns: dict[str, Read]
    make: Callable[[dict[str, Any]], tuple[str, Value]]

    def read(
        self, line: int, cells: Sequence[str], faults: Faults
    ) -> tuple[str, str, Value] | None:
        """(wallet id, id, value) of a row; None if any of its cells is a fault."""
        values: dict[str, Any] = {}
        for (column, read), text in zip(self.columns.items(), cells, strict=True):
            try:
                values[column] = read(text)
            except InvalidCell as invalid:
                faults.add(Fault(self.file, line, column, shown(text), str(invalid)))
        if len(values) < len(cells):
            return None
        try:
            name, value = self.make(values)
        except ConflictingCell as conflict:
            actual = shown(cells[[*self.columns].index(conflict.column)])
            faults.add(Fault(self.file, line, conflict.column, actual, str(conflict)))
            return None
        return values["wallet_id"], name, value


def tables_for(terms: Terms, now: Instant) -> dict[str, Table]:
    """The files by name, for a catalogue, at an instant that no grant may be after."""
    read_currency = _choice({code: currency.number for code, currency in terms.currencies.items()})
    lots: dict[str, Read] = {
        "wallet_id": _identifier,
        "lot_id": _identifier,
        "currency": read_currency,
        "source": _choice({source: source for source in SOURCES}),
        "amount": _positive,
        "granted_at": lambda text: _granted(text, now),
        "expires_at": lambda text: _moment(text) if text else None,
        "paid": _choice({"yes": True, "no": False}),
        "cost_cny": _amount,
        "vat_cny": _amount,
        "order_id": lambda text: _identifier(text) if text else None,
    }
    claims: dict[str, Read] = {
        "wallet_id": _identifier,
        "order_id": _identifier,
        "currency": read_currency,
        "open_cny": _positive,
        "vat_cny": _amount,
    }
    payables: dict[str, Read] = {"wallet_id": _identifier, "payable_cny": _positive}
    tables = (
        Table(LOTS, lots, _lot),
        Table(CLAIMS, claims, _claim),
        Table(PAYABLES, payables, lambda values: ("", values["payable_cny"])),
    )
    return {table.file: table for table in tables}


def _lot(values: dict[str, Any]) -> tuple[str, Value]:
    expires_at = values["expires_at"]
    if expires_at is not None and expires_at <= values["granted_at"]:
        raise ConflictingCell(
            "expires_at", "a time after granted_at, or nothing if it never expires"
        )
    if values["cost_cny"] and not values["paid"]:
        raise ConflictingCell("cost_cny", "0 for a lot that is not paid")
    if values["vat_cny"] > values["cost_cny"]:
        raise ConflictingCell("vat_cny", "the VAT inside cost_cny, which is no more than that")
    lot = OpeningLot(
        lot_id=values["lot_id"],
        currency=values["currency"],
        source=values["source"],
        amount_minor=values["amount"],
        granted_at=values["granted_at"],
        expires_at=expires_at,
        paid=values["paid"],
        cost_fen=values["cost_cny"],
        vat_fen=values["vat_cny"],
        order_id=values["order_id"],
    )
    return lot.lot_id, lot


def _claim(values: dict[str, Any]) -> tuple[str, Value]:
    if values["vat_cny"] > values["open_cny"]:
        raise ConflictingCell("vat_cny", "the VAT inside open_cny, which is no more than that")
    claim = OpeningClaim(
        order_id=values["order_id"],
        open_fen=values["open_cny"],
        open_vat_fen=values["vat_cny"],
        currency=values["currency"],
    )
    return claim.order_id, claim


def _identifier(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise InvalidCell("an id of 1 to 64 of A-Z a-z 0-9 _ . : -")
    return text


def _choice(values: dict[str, Any]) -> Read:
    def read(text: str) -> object:
        try:
            return values[text]
        except KeyError:
            raise InvalidCell(f"one of {', '.join(values)}") from None

    return read


def _amount(text: str) -> int:
    try:
        return parse_amount(text)
    except AmountError as error:
        raise InvalidCell(f"an amount such as 10 or 0.25: {error}") from None


def _positive(text: str) -> int:
    minor = _amount(text)
    if not minor:
        raise InvalidCell("an amount above 0; leave out the row of one that is 0")
    return minor


def _moment(text: str) -> Instant:
    try:
        instant = to_instant(msgspec.convert(text, _MOMENT))
    except msgspec.ValidationError:
        raise InvalidCell("a time with its offset, such as 2026-11-30T08:00:00+08:00") from None
    if not 0 <= instant <= INSTANT_MAX:
        raise InvalidCell("a time from 1970-01-01 to 9999-12-31, in UTC")
    return instant


def _granted(text: str, now: Instant) -> Instant:
    instant = _moment(text)
    if instant > now:
        raise InvalidCell(f"a time that has come: it is {format_instant(now)}")
    return instant
