"""Money: exact integers of minor units, their decimal text, and every rounding there is."""

import re
from typing import Final

CNY: Final = 156
"""The renminbi, by its ISO 4217 number. Virtual currencies are numbered by the catalogue."""

MINOR_PER_UNIT: Final = 100
"""Every currency here has two decimal places: 1 point = 100 minor, 1 yuan = 100 fen."""

AMOUNT_MINOR_MAX: Final = 10**15
"""The largest amount a caller may name: sums over a wallet's bounded lots still fit int64."""

_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]{1,2}))?", re.ASCII)


class AmountError(ValueError):
    """The text is no amount, or one out of range; the message says which."""


def parse_amount(text: str) -> int:
    """Minor units of a decimal text such as `"10"`, `"0.2"` or `"0.20"`.

    Raises AmountError for a sign, an exponent, more than two places, leading zeros, digits
    other than ASCII ones, and more than AMOUNT_MINOR_MAX.
    """
    # Longer text cannot be in range; the bound also keeps int() linear on hostile input.
    match = _AMOUNT.fullmatch(text) if len(text) <= 32 else None
    if match is None:
        raise AmountError(
            "an amount is a decimal text with at most two places, without sign or exponent"
        )
    whole, places = match.groups(default="")
    minor = int(whole) * MINOR_PER_UNIT + int(places.ljust(2, "0"))
    if minor > AMOUNT_MINOR_MAX:
        raise AmountError(f"an amount is at most {format_amount(AMOUNT_MINOR_MAX)}")
    return minor


def format_amount(minor: int) -> str:
    """The canonical decimal text, always with two places: 20 -> `"0.20"`."""
    whole, places = divmod(abs(minor), MINOR_PER_UNIT)
    return f"{'-' if minor < 0 else ''}{whole}.{places:02d}"


def vat_included(gross_fen: int, vat_bp: int) -> int:
    """VAT inside a gross price, in fen, rounded half up; `vat_bp` is 600 for 6 %."""
    divisor = 10_000 + vat_bp
    return (2 * gross_fen * vat_bp + divisor) // (2 * divisor)


def share_up_to(total: int, part: int, whole: int) -> int:
    """The share of `total` that belongs to the first `part` of `whole`, rounded down.

    Allocation is by differences of this, so that nothing is created or lost:
    `share_up_to(t, whole, whole) == t`.
    """
    return total * part // whole


def ceil_share(total: int, part: int, whole: int) -> int:
    """The share of `total` that belongs to `part` of `whole`, rounded up."""
    return -(-total * part // whole)


def whole_yuan_down(fen: int) -> int:
    """A price without its broken yuan, in fen."""
    return fen // MINOR_PER_UNIT * MINOR_PER_UNIT


def share_of_rest(total: int, left: int, part_from: int, part: int, whole: int) -> int:
    """The share of the next `part` after `part_from` already went, given `left` of `total`.

    The cumulative difference: share up to here, minus the shares given before. Returned parts
    bring their own shares back, so the difference may momentarily be off by the rounding of
    those parts; it is kept within what is left, and the last part takes exactly the rest.
    """
    given_before = total - left
    return min(left, max(0, share_up_to(total, part_from + part, whole) - given_before))
