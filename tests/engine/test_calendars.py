"""Working days as the law counts them. The vectors were computed by hand from the published holiday notices."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine import calendars

FORWARD = [
    ("2026-09-30", 5, "2026-10-13"),
    ("2026-09-28", 5, "2026-10-10"),  # a Saturday on which officials work
    ("2026-02-12", 7, "2026-02-28"),
    ("2026-04-30", 5, "2026-05-11"),
    ("2025-09-26", 7, "2025-10-13"),
    ("2025-01-24", 5, "2025-02-07"),
    ("2026-10-15", -15, "2026-09-18"),
    ("2026-03-31", -20, "2026-03-03"),
]
MAKE_UP = [
    "2025-01-26",
    "2025-02-08",
    "2025-04-27",
    "2025-09-28",
    "2025-10-11",
    "2026-01-04",
    "2026-02-14",
    "2026-02-28",
    "2026-05-09",
    "2026-09-20",
]


@pytest.mark.parametrize(("start", "count", "end"), FORWARD)
def test_working_days_are_counted_without_the_first_day(start: str, count: int, end: str) -> None:
    assert calendars.workdays(date.fromisoformat(start), count) == date.fromisoformat(end)
    assert calendars.workdays_between(date.fromisoformat(start), date.fromisoformat(end)) == count


@pytest.mark.parametrize("day", [*MAKE_UP, "2026-10-10"])
def test_a_make_up_day_on_a_weekend_is_a_working_day(day: str) -> None:
    made_up = date.fromisoformat(day)
    assert made_up.weekday() >= 5
    assert calendars.is_workday(made_up)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-01-01", "2026-01-03"),
        ("2026-02-15", "2026-02-23"),
        ("2026-10-01", "2026-10-07"),
        ("2025-10-01", "2025-10-08"),
    ],
)
def test_no_day_of_a_published_holiday_is_a_working_day(first: str, last: str) -> None:
    days = range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1)
    assert not any(calendars.is_workday(date.fromordinal(day)) for day in days)


def test_the_published_years_have_the_published_number_of_working_days() -> None:
    assert len(calendars.working_days(2025)) == 248
    assert len(calendars.working_days(2026)) == 248


def test_a_limit_over_new_year_2027_uses_the_provisional_calendar_and_does_not_crash() -> None:
    assert calendars.workdays(date(2026, 12, 29), 5) == date(2027, 1, 6)
    assert calendars.is_provisional(2027)
    assert not calendars.is_provisional(2026)
    assert not calendars.is_provisional(2004)
    assert calendars.is_provisional(2003)


def test_the_provisional_calendar_knows_the_lunar_holidays() -> None:
    holidays = [(1, 1), (2, 5), (2, 8), (4, 5), (5, 3), (6, 9), (9, 15), (10, 1)]
    rest = [day for day in holidays if not calendars.is_workday(date(2027, *day))]
    assert rest == [(1, 1), (2, 5), (2, 8), (4, 5), (6, 9), (9, 15), (10, 1)]


@pytest.mark.parametrize("year", [1, 1899, 2101, 9999])
def test_no_year_is_too_far_for_a_provisional_calendar(year: int) -> None:
    assert 250 < len(calendars.working_days(year)) < 262


def test_a_last_calendar_day_in_a_holiday_moves_on() -> None:
    assert calendars.add_days(date(2026, 9, 21), 10) == date(2026, 10, 8)
    assert calendars.add_days(date(2026, 9, 21), 10, roll=False) == date(2026, 10, 1)
    assert calendars.add_days(date(2026, 10, 15), -10) == date(2026, 9, 30)


def test_counting_too_far_is_refused_and_not_computed() -> None:
    with pytest.raises(calendars.TooManyDays):
        calendars.workdays(date(2026, 1, 1), 10**9)
    with pytest.raises(calendars.TooManyDays):
        calendars.workdays(date(9999, 12, 30), 30)
    with pytest.raises(calendars.TooManyDays):
        calendars.workdays_between(date(1, 1, 1), date(9999, 1, 1))


def test_feel_functions_take_dates_date_times_and_texts() -> None:
    functions = calendars.functions()
    # 17:00 UTC is already the next day in China
    late = datetime(2026, 9, 27, 17, 0, tzinfo=UTC)
    assert functions["workdays"](late, Decimal(5)) == date(2026, 10, 10)
    assert functions["workdays"]("2026-09-28", 5) == date(2026, 10, 10)
    assert functions["workdays between"]("2026-09-30T08:00:00+08:00", date(2026, 10, 13)) == 5
    assert functions["workdays between"](date(2026, 10, 13), date(2026, 9, 30)) == -5
    assert functions["end of day"](date(2026, 11, 21)) == datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC)
    assert functions["workdays"](None, 5) is None
    with pytest.raises(calendars.NotADay):
        functions["workdays"]("明天", 5)
    with pytest.raises(calendars.NotADay):
        functions["workdays"](date(2026, 9, 28), Decimal("1.5"))
