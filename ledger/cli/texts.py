"""Times in two zones, amounts with their currency, and free texts made safe for a terminal."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from ledger.cli.command_error import CommandError

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

Cell = str | tuple[str, ...]
"""The text of a table's cell; several parts go on lines of their own where there is room."""

NOTHING: Final = "-"
"""The text of an empty cell: it is never blank, so that columns can be counted in a pipe."""

_INSTANT: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")

# Marks that make a terminal show a text in another order than it has.
_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """A free text, without what would move the cursor, colour the screen or turn the line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    is_harmful = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or _TURNING.match(
        character
    )
    return f"\\u{ord(character):04x}" if is_harmful else character


def moment(at: datetime | None, missing: str = NOTHING) -> Cell:
    """A time, in Shanghai and in UTC."""
    if at is None:
        return missing
    local, utc = at.astimezone(SHANGHAI), at.astimezone(UTC)
    return f"{local:%Y-%m-%d %H:%M:%S}+08", f"{utc:%Y-%m-%d %H:%M:%S}Z"


def when(at: datetime | None, missing: str = NOTHING) -> str:
    """A time, in Shanghai and in UTC, on one line."""
    cell = moment(at, missing)
    return cell if isinstance(cell, str) else f"{cell[0]} ({cell[1]})"


def instant(text: str) -> datetime:
    """The instant that a person means; without a zone it is Shanghai's. Raises CommandError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{text!a} is no time: one is such as 2026-03-01 or 2026-03-01T09:00:00+08:00"
        ) from None
    return at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at


def in_both_zones(text: str) -> str:
    """A sentence of the API, with each of its times, which are in UTC, in both zones."""
    return _INSTANT.sub(lambda time: when(datetime.fromisoformat(time[0])), text)


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount with its currency."""
    return NOTHING if amount is None else f"{amount} {currency}"


def words(name: str) -> str:
    """A name of the API, such as a status, as people read it."""
    return name.replace("_", " ")


def text_of(value: object) -> str:
    """A value of the API's JSON as people read it."""
    match value:
        case None:
            return NOTHING
        case True:
            return "yes"
        case False:
            return "no"
        case list() | tuple():
            return ", ".join(text_of(element) for element in value) or NOTHING
        case dict():
            return ", ".join(f"{name} {text_of(field)}" for name, field in value.items()) or NOTHING
        case _:
            return str(value)


def stated(**facts: object) -> list[tuple[str, str]]:
    """Facts that are there, not None or empty, under their names as people read them."""
    return [(words(name), text_of(value)) for name, value in facts.items() if value or value == 0]


def yuan(fen: int) -> str:
    """Fen as an amount of CNY."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02} CNY"
