"""The auditor's calendar: Shanghai days and anniversaries, by the time-zone database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int) -> datetime:
    """The Shanghai wall clock at an instant in microseconds."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(SHANGHAI)


def instant(when: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (when - EPOCH) // timedelta(microseconds=1)


def shanghai_day_of(at: int) -> int:
    """The calendar day in Shanghai, counted from 1970-01-01."""
    return (moment(at).date() - date(1970, 1, 1)).days


def midnight_after(at: int) -> int:
    """The first instant of the next day in Shanghai."""
    tomorrow = moment(at).date() + timedelta(days=1)
    return instant(datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=SHANGHAI))


def anniversary(anchor: int, months: int) -> int:
    """The same day and time so many months later, or the month's last day if it is shorter."""
    start = moment(anchor)
    year, month = start.year, start.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = start.day
    while True:
        try:
            return instant(start.replace(year=year, month=month, day=day))
        except ValueError:
            day -= 1
