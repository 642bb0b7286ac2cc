"""What callers give, as the contract wants it: amounts, times, keys."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

Amount = Decimal | int | str
"""An amount of points or yuan, with at most two places. A float is refused: it has no exact one."""

_CENT: Final = Decimal("0.01")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def amount_text(amount: Amount) -> str:
    """The decimal text of an amount.

    Raises TypeError for a float or bool, ValueError for what is no amount of two places.
    """
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int | str):
        raise TypeError(
            f"An amount was {amount!r}, a {type(amount).__name__}; give a Decimal, an int or a "
            "decimal text, such as Decimal('0.20'): only those are exact."
        )
    try:
        exact = Decimal(amount)
        cents = exact.quantize(_CENT)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no amount; one is such as '10' or '0.20'.") from None
    if cents != exact:
        raise ValueError(f"The amount {amount} has more than two places.")
    return str(cents)


def moment_text(moment: datetime) -> str:
    """The RFC 3339 text of a moment. Raises ValueError if it does not say of which time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"The time {moment.isoformat()} has no zone; give it one, such as UTC.")
    return moment.isoformat()


def checked_key(key: str) -> str:
    """The idempotency key as it is. Raises ValueError."""
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"The idempotency key {key!a} is not 1 to 255 visible ASCII characters.")
    return key


def given(**fields: object) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def optional_amount(amount: Amount | None) -> str | None:
    """The text of an amount, if there is one."""
    return None if amount is None else amount_text(amount)


def optional_moment(moment: datetime | None) -> str | None:
    """The text of a moment, if there is one."""
    return None if moment is None else moment_text(moment)
