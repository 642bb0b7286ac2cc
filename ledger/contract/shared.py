"""Shared: shapes, readings and renderings that several areas of the contract have in common."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from msgspec import Struct, UnsetType

from ledger.contract.fields import Amount, ReasonText, instant_within, positive_amount, shown
from ledger.contract.problems import ProblemError, problem
from ledger.core.instants import Instant, format_instant, to_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason
from ledger.core.wallet import Quote, Take

T = TypeVar("T")

Codes = Mapping[int, str]
"""Currency codes by their number in the log."""


Numbers = Mapping[str, int]
"""Numbers of the virtual currencies by their code."""


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object without any field but its own."""


class EmptyBody(Body, frozen=True):
    """Nothing to say: `{}`, or no body at all."""


class ReasonBody(Body, frozen=True):
    """Why."""

    reason: ReasonText


class TakeAnswer(Struct, frozen=True):
    """The slice of a lot that a hold or charge uses."""

    lot_id: str
    amount: Amount


class PriceAnswer(Struct, frozen=True):
    """The price that a hold or charge was made at, frozen when it was made."""

    sku: str
    quantity: int
    price_version: str


def currency_number(code: str, numbers: Numbers, name: str = "currency") -> int:
    """The number of a currency. Raises ProblemError `unknown-currency` naming the field."""
    number = numbers.get(code)
    if number is None:
        known = ", ".join(numbers)
        detail = f"{name} was {shown(code)}; it is one of {known}"
        raise ProblemError(problem(Reason.UNKNOWN_CURRENCY, detail, field=name))
    return number


def optional_positive_amount(text: str | UnsetType, name: str) -> int | None:
    """Minor units of an amount that may be left out. Raises ProblemError as `positive_amount`."""
    return None if isinstance(text, UnsetType) else positive_amount(text, name)


def given(value: T | UnsetType) -> T | None:
    """The value of a field or parameter; None where the caller left it out."""
    return None if isinstance(value, UnsetType) else value


def optional_instant(time: datetime | UnsetType, name: str) -> Instant | None:
    """The instant of a time that may be left out. Raises ProblemError as `instant_within`."""
    return None if isinstance(time, UnsetType) else instant_within(time, name)


def moment(at: Instant | None) -> str | None:
    """An instant for people, if there is one."""
    return None if at is None else format_instant(at)


def moment_of(time: datetime | None) -> str | None:
    """A time of the database for people, if there is one."""
    return None if time is None else format_instant(to_instant(time))


def optional_amount(minor: int | None) -> str | None:
    """An amount for people, if there is one."""
    return None if minor is None else format_amount(minor)


def render_takes(takes: Iterable[Take]) -> list[TakeAnswer]:
    """The slices of lots that something used."""
    return [TakeAnswer(take.lot.lot_id, format_amount(take.amount_minor)) for take in takes]


def render_price(quote: Quote | None) -> PriceAnswer | None:
    """The price that something was made at, if it was made at a SKU's."""
    if quote is None:
        return None
    return PriceAnswer(quote.sku, quote.quantity, quote.price_version)
