"""What callers give with a call, as the contract takes it: amounts, times, idempotency keys."""

import re
import threading
import time
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from os import urandom
from typing import Any, Final
from uuid import UUID

Amount = Decimal | int | str
"""An amount of points or yuan, with at most two places. A float is refused: it has no exact one."""

_CENT: Final = Decimal("0.01")
_EXACT: Final = Context(prec=100)
"""Whatever precision the caller calculates with, amounts are exact."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

_lock: Final = threading.Lock()
_last_ticks = 0


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
        cents = exact.quantize(_CENT, context=_EXACT)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no amount; one is such as '10' or '0.20'.") from None
    if not cents.is_finite():
        raise ValueError(f"{amount!r} is no amount; one is such as '10' or '0.20'.")
    if cents != exact:
        raise ValueError(f"The amount {amount} has more than two places.")
    return str(cents)


def moment_text(moment: datetime) -> str:
    """The RFC 3339 text of a moment. Raises ValueError if it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"The time {moment.isoformat()} has no zone; give it one, such as UTC.")
    return moment.isoformat()


def checked_key(key: str) -> str:
    """The idempotency key itself. Raises ValueError if the ledger would not take it."""
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"The idempotency key {key!a} is not 1 to 255 visible ASCII characters.")
    return key


def bearer(key: str) -> str:
    """The header that shows an API key. Raises ValueError for what can be none."""
    if not (key.isascii() and key.isprintable() and key):
        raise ValueError("The API key has characters that no key has; copy it again.")
    return f"Bearer {key}"


def new_key() -> str:
    """An idempotency key that nobody has used: a UUIDv7 (RFC 9562, section 5.7).

    It is made once a logical call, and kept for all its attempts. Each is greater than the last of
    its process: keys sort by when they were made, which keeps the ledger's index of them dense. The
    time is in 4096ths of a millisecond, in rand_a the fraction (section 6.2, method 3); rand_b is
    drawn anew for every key, so that a forked process can never make the key that its parent makes.
    """
    global _last_ticks  # noqa: PLW0603 - what makes them monotonic
    with _lock:
        ticks = max((time.time_ns() << 12) // 1_000_000, _last_ticks + 1)
        _last_ticks = ticks
    random = int.from_bytes(urandom(8), "big") >> 2
    milliseconds, fraction = ticks >> 12, ticks & 0xFFF
    return str(UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | random))


def given(**fields: object) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def query_texts(query: Mapping[str, object] | None) -> dict[str, str]:
    """The parameters of a query as texts; those that are None are left out."""
    return {name: str(value) for name, value in (query or {}).items() if value is not None}


def day_text(day: date) -> str:
    """The text of a day in Shanghai."""
    return day.isoformat()


def optional_amount(amount: Amount | None) -> str | None:
    """The text of an amount, if there is one."""
    return None if amount is None else amount_text(amount)


def optional_moment(moment: datetime | None) -> str | None:
    """The text of a moment, if there is one."""
    return None if moment is None else moment_text(moment)


def optional_day(day: date | None) -> str | None:
    """The text of a day, if there is one."""
    return None if day is None else day_text(day)
