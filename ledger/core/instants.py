"""Instants: integer microseconds since the Unix epoch, and the Asia/Shanghai calendar."""

import calendar
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

Instant = int
"""Microseconds since 1970-01-01T00:00Z. Integers compare exactly and hash cheaply."""

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3_600 * SECOND_US
DAY_US: Final = 24 * HOUR_US

INSTANT_MAX: Final = 253_402_214_400_000_000
"""9999-12-31T00:00Z: the last day that every client's calendar can still show."""

# Shanghai has kept UTC+8 without daylight saving time since September 1991.
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_SHANGHAI_US: Final = 8 * HOUR_US
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)


def to_instant(moment: datetime) -> Instant:
    """The instant of an aware datetime, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(at: Instant) -> datetime:
    """The UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=at)


def format_instant(at: Instant) -> str:
    """RFC 3339 in UTC ending in `Z`; microseconds only where there are any."""
    return to_datetime(at).isoformat().replace("+00:00", "Z")


def shanghai_day(at: Instant) -> int:
    """The Asia/Shanghai calendar day of an instant, as days since 1970-01-01."""
    return (at + _SHANGHAI_US) // DAY_US


def shanghai_midnight_after(at: Instant) -> Instant:
    """The next local midnight, strictly after `at`."""
    return (shanghai_day(at) + 1) * DAY_US - _SHANGHAI_US


def day_to_date(day: int) -> date:
    """The calendar date of a day number."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def date_to_day(calendar_date: date) -> int:
    """The day number of a calendar date."""
    return calendar_date.toordinal() - _EPOCH_ORDINAL


def add_months(anchor: Instant, months: int) -> Instant:
    """The monthly anniversary of `anchor` on the Shanghai calendar, at the same time of day.

    The anchor's day is kept, so counting always starts there: 31 January, 28 February, 31 March.
    """
    local = to_datetime(anchor).astimezone(SHANGHAI)
    years, month0 = divmod(local.month - 1 + months, 12)
    year, month = local.year + years, month0 + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return to_instant(local.replace(year=year, month=month, day=day))
