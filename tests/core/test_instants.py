"""Instants: the Shanghai calendar to the microsecond."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.instants import (
    DAY_US,
    INSTANT_MAX,
    add_months,
    date_to_day,
    day_to_date,
    format_instant,
    shanghai_day,
    shanghai_midnight_after,
    to_datetime,
    to_instant,
)
from tests.kit.auditor import calendar as auditor_calendar
from tests.kit.desk import at

instants = st.integers(at("1992-01-01T00:00"), at("2100-01-01T00:00"))


@given(instants)
def test_days_and_midnights_are_those_of_the_time_zone_database(instant: int) -> None:
    """The fixed offset of the core agrees with Asia/Shanghai since 1992."""
    assert shanghai_day(instant) == auditor_calendar.shanghai_day_of(instant)
    assert shanghai_midnight_after(instant) == auditor_calendar.midnight_after(instant)


def test_midnight_begins_the_new_day_to_the_microsecond() -> None:
    """The last microsecond of a day is that day's; midnight itself is the next day's."""
    midnight = at("2026-03-01T00:00")
    assert day_to_date(shanghai_day(midnight - 1)) == date(2026, 2, 28)
    assert day_to_date(shanghai_day(midnight)) == date(2026, 3, 1)
    assert shanghai_midnight_after(midnight - 1) == midnight
    assert shanghai_midnight_after(midnight) == midnight + DAY_US


def test_a_shanghai_day_begins_at_four_in_the_afternoon_utc() -> None:
    """Not at midnight UTC: the day turns at 16:00 UTC."""
    before = to_instant(datetime(2026, 3, 1, 15, 59, 59, 999_999, tzinfo=UTC))
    assert shanghai_day(before) + 1 == shanghai_day(before + 1)
    midnight_utc = to_instant(datetime(2026, 3, 2, tzinfo=UTC))
    assert shanghai_day(midnight_utc - 1) == shanghai_day(midnight_utc)


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2028-01-31", ["2028-02-29", "2028-03-31"]),
        ("2028-02-29", ["2028-03-29", "2028-04-29"]),
        ("2026-12-30", ["2027-01-30", "2027-02-28", "2027-03-30"]),
        ("2026-10-31", ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]),
    ],
)
def test_an_anniversary_keeps_its_anchor_day(anchor: str, expected: list[str]) -> None:
    """31 January, 28 or 29 February, 31 March: a short month does not shorten those after it."""
    start = at(f"{anchor}T23:59:59.999999")
    anniversaries = [add_months(start, months) for months in range(1, len(expected) + 1)]
    assert anniversaries == [at(f"{day}T23:59:59.999999") for day in expected]


def test_a_leap_day_comes_back_after_four_years() -> None:
    """29 February: 28 February in common years, 29 again in the next leap year."""
    start = at("2028-02-29T12:00")
    assert add_months(start, 12) == at("2029-02-28T12:00")
    assert add_months(start, 48) == at("2032-02-29T12:00")


@given(instants, st.integers(0, 60))
def test_anniversaries_are_those_of_the_wall_calendar(anchor: int, months: int) -> None:
    """Counted on the Shanghai calendar, at the same time of day, strictly forward."""
    assert add_months(anchor, months) == auditor_calendar.anniversary(anchor, months)
    assert add_months(anchor, months) < add_months(anchor, months + 1)


@given(instants)
def test_instants_and_datetimes_are_the_same_to_the_microsecond(instant: int) -> None:
    """No float is between them."""
    assert to_instant(to_datetime(instant)) == instant
    assert datetime.fromisoformat(format_instant(instant)) == to_datetime(instant)
    assert date_to_day(day_to_date(shanghai_day(instant))) == shanghai_day(instant)


def test_instants_are_written_in_utc_with_a_z() -> None:
    """Microseconds appear only where there are any."""
    whole = to_instant(datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert format_instant(whole) == "2026-02-03T04:05:06Z"
    assert format_instant(whole + 7) == "2026-02-03T04:05:06.000007Z"
    shanghai = datetime.fromisoformat("2026-02-03T12:05:06+08:00")
    assert to_instant(shanghai) == whole


def test_the_last_instant_is_still_a_calendar_date() -> None:
    """The bound on expiries can be shown anywhere, also in Shanghai."""
    assert to_datetime(INSTANT_MAX) == datetime(9999, 12, 31, tzinfo=UTC)
    assert to_datetime(INSTANT_MAX) + timedelta(hours=8) < datetime.max.replace(tzinfo=UTC)
