"""Times in two zones, amounts with their currency, and free texts made safe for a terminal."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

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


def moment(text: str | None, missing: str = NOTHING) -> Cell:
    """A time of the API, in Shanghai and in UTC."""
    if text is None:
        return missing
    at = datetime.fromisoformat(text)
    local, utc = at.astimezone(SHANGHAI), at.astimezone(UTC)
    return f"{local:%Y-%m-%d %H:%M:%S}+08", f"{utc:%Y-%m-%d %H:%M:%S}Z"


def when(text: str | None, missing: str = NOTHING) -> str:
    """A time of the API, in Shanghai and in UTC, on one line."""
    cell = moment(text, missing)
    return cell if isinstance(cell, str) else f"{cell[0]} ({cell[1]})"


def in_both_zones(text: str) -> str:
    """A sentence of the API, with each of its times, which are in UTC, in both zones."""
    return _INSTANT.sub(lambda instant: when(instant[0]), text)


def money(amount: str | None, currency: str | None) -> str:
    """An amount with its currency."""
    return NOTHING if amount is None else f"{amount} {currency}"


def text_of(value: object) -> str:
    """A value of the API's JSON as people read it."""
    match value:
        case None:
            return NOTHING
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(text_of(element) for element in value) or NOTHING
        case dict():
            return ", ".join(f"{name} {text_of(field)}" for name, field in value.items()) or NOTHING
        case _:
            return str(value)


def facts_of(body: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """The fields of an answer that are there and not null, under their own names."""
    return [
        (name.replace("_", " "), text_of(body[name]))
        for name in names
        if body.get(name) is not None
    ]


def yuan(fen: int) -> str:
    """Fen as an amount of CNY."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02} CNY"
