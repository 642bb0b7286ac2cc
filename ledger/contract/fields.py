"""Fields: the shapes of ids, amounts, texts and times in requests and answers, and their checks."""

import re
from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from ledger.contract.problems import ProblemError, Slug, problem
from ledger.core.ids import ID_PATTERN
from ledger.core.instants import INSTANT_MAX, Instant, to_instant
from ledger.core.money import AMOUNT_MINOR_MAX, AmountError, format_amount, parse_amount
from ledger.core.rejections import Reason

Id = Annotated[
    str,
    Meta(
        pattern=rf"\A{ID_PATTERN}\Z",
        min_length=1,
        max_length=64,
        description="An id: 1 to 64 of A-Z a-z 0-9 _ . : -",
    ),
]
CurrencyCode = Annotated[
    str,
    Meta(
        description="A currency of the catalogue; CNY is no wallet currency.",
        examples=["INSPIRATION", "KUAIBI"],
    ),
]
_DECIMAL_SCHEMA: Final = {"pattern": r"^(0|[1-9][0-9]*)(\.[0-9]{1,2})?$", "maxLength": 32}
AmountText = Annotated[
    str,
    Meta(
        description=(
            "A decimal text with at most two places, above 0, without sign or exponent; "
            f"at most {format_amount(AMOUNT_MINOR_MAX)}"
        ),
        examples=["10", "0.2", "35.00"],
        extra_json_schema=_DECIMAL_SCHEMA,
    ),
]
AmountFromZeroText = Annotated[
    str,
    Meta(
        description="A decimal text with at most two places, 0 or more, without sign or exponent",
        examples=["0", "12.50"],
        extra_json_schema=_DECIMAL_SCHEMA,
    ),
]
ReasonText = Annotated[
    str,
    Meta(
        pattern=r"\A[^\x00-\x1f\x7f-\x9f]{1,200}\Z",
        min_length=1,
        max_length=200,
        description="Why, for people: 1 to 200 characters, no control characters",
    ),
]
MomentIn = Annotated[datetime, Meta(tz=True, description="RFC 3339, with any offset")]
KeyText = Annotated[
    str,
    Meta(
        pattern=r"\A[\x21-\x7e]{1,255}\Z",
        min_length=1,
        max_length=255,
        description="The command's own idempotency key: 1 to 255 visible ASCII characters",
    ),
]

Amount = Annotated[
    str,
    Meta(
        pattern=r"\A-?(0|[1-9][0-9]*)\.[0-9]{2}\Z",
        description="A decimal text with two places",
    ),
]
Moment = Annotated[
    str,
    Meta(description="UTC, ending in Z", extra_json_schema={"format": "date-time"}),
]

_ID: Final = re.compile(ID_PATTERN, re.ASCII)
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]{1,2})?", re.ASCII)
_SHOWN_MAX: Final = 60


def shown(text: str) -> str:
    """A caller's own text as an error shows it: quoted, escaped and never long."""
    return ascii(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")


def checked_id(text: str, name: str) -> str:
    """The id as it is. Raises ProblemError `malformed` naming the path parameter."""
    if _ID.fullmatch(text) is None:
        detail = f"{name} was {shown(text)}; an id is 1 to 64 of A-Z a-z 0-9 _ . : -"
        raise ProblemError(problem("malformed", detail, field=name))
    return text


def amount_from_zero(text: str, name: str) -> int:
    """Minor units of an amount, which may be 0.

    Raises ProblemError: `malformed` if it is no amount, `amount-out-of-range` if it is more than
    anyone may name.
    """
    try:
        return parse_amount(text)
    except AmountError as error:
        well_formed = _DECIMAL.fullmatch(text) is not None
        slug: Slug | Reason = Reason.AMOUNT_OUT_OF_RANGE if well_formed else "malformed"
        detail = f"{name} was {shown(text)}; {error}"
        raise ProblemError(problem(slug, detail, field=name)) from None


def positive_amount(text: str, name: str, *, instead: str = "name an amount above 0") -> int:
    """Minor units of an amount above zero; `instead` says what to do with a zero.

    Raises ProblemError as `amount_from_zero`, and `amount-out-of-range` if it is 0.
    """
    minor = amount_from_zero(text, name)
    if not minor:
        detail = f"{name} was {shown(text)}; {instead}"
        raise ProblemError(problem(Reason.AMOUNT_OUT_OF_RANGE, detail, field=name))
    return minor


def whole_yuan(text: str, name: str) -> int:
    """Fen of a positive price in whole yuan. Raises ProblemError like `positive_amount`."""
    fen = positive_amount(text, name, instead="name a price of at least 1 yuan")
    if fen % 100:
        detail = f"{name} was {shown(text)}; a price is whole yuan, such as 10 or 10.00"
        raise ProblemError(problem(Reason.AMOUNT_OUT_OF_RANGE, detail, field=name))
    return fen


def number_within(number: int, name: str, low: int, high: int) -> int:
    """The number as it is. Raises ProblemError `amount-out-of-range` beyond the bounds."""
    if not low <= number <= high:
        # A hostile number may have thousands of digits.
        detail = f"{name} was {shown(str(number))}; it is between {low} and {high}"
        raise ProblemError(problem(Reason.AMOUNT_OUT_OF_RANGE, detail, field=name))
    return number


def instant_within(moment: datetime, name: str) -> Instant:
    """The instant of a moment. Raises ProblemError `expiry-out-of-range` beyond what counts."""
    instant = to_instant(moment)
    if not 0 <= instant <= INSTANT_MAX:
        detail = f"{name} was {moment.isoformat()}; name a time after now and before 9999-12-31"
        raise ProblemError(problem(Reason.EXPIRY_OUT_OF_RANGE, detail, field=name))
    return instant
