"""Working days as the law counts them. The vectors were computed by hand from the published holiday notices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import calendars
from engine.calendar_years import Mark, Year, YearInvalid, read_hours
from engine.calendars import SHIPPED, Calendar

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
    assert SHIPPED.workdays(date.fromisoformat(start), count) == date.fromisoformat(end)
    assert SHIPPED.workdays_between(date.fromisoformat(start), date.fromisoformat(end)) == count


@pytest.mark.parametrize("day", [*MAKE_UP, "2026-10-10"])
def test_a_make_up_day_on_a_weekend_is_a_working_day(day: str) -> None:
    made_up = date.fromisoformat(day)
    assert made_up.weekday() >= 5
    assert SHIPPED.is_workday(made_up)


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
    assert not any(SHIPPED.is_workday(date.fromordinal(day)) for day in days)


HOLIDAYS = {
    2025: "01-01 01-01 01-28 02-04 04-04 04-06 05-01 05-05 05-31 06-02 10-01 10-08",
    2026: "01-01 01-03 02-15 02-23 04-04 04-06 05-01 05-05 06-19 06-21 09-25 09-27 10-01 10-07",
}


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_holidays_of_a_year_are_those_of_the_notice_and_no_others(year: int) -> None:
    ends = [date.fromisoformat(f"{year}-{day}") for day in HOLIDAYS[year].split()]
    published = {
        first + timedelta(days=number)
        for first, last in zip(ends[::2], ends[1::2], strict=True)
        for number in range((last - first).days + 1)
    }
    assert {day for day, mark in SHIPPED.year(year).marks.items() if mark.is_rest} == published


def test_the_published_years_have_the_published_number_of_working_days() -> None:
    assert len(SHIPPED.year(2025).workdays) == 248
    assert len(SHIPPED.year(2026).workdays) == 248


def test_a_limit_over_new_year_2027_uses_the_provisional_calendar_and_does_not_crash() -> None:
    assert SHIPPED.workdays(date(2026, 12, 29), 5) == date(2027, 1, 6)
    assert SHIPPED.is_provisional(2027)
    assert not SHIPPED.is_provisional(2026)
    assert not SHIPPED.is_provisional(2004)
    assert SHIPPED.is_provisional(2003)


def test_the_provisional_calendar_knows_the_lunar_holidays() -> None:
    holidays = [(1, 1), (2, 5), (2, 8), (4, 5), (5, 3), (6, 9), (9, 15), (10, 1)]
    rest = [day for day in holidays if not SHIPPED.is_workday(date(2027, *day))]
    assert rest == [(1, 1), (2, 5), (2, 8), (4, 5), (6, 9), (9, 15), (10, 1)]


@pytest.mark.parametrize("year", [1, 1899, 2101, 9999])
def test_no_year_is_too_far_for_a_provisional_calendar(year: int) -> None:
    assert 250 < len(SHIPPED.year(year).workdays) < 262


def test_a_last_calendar_day_in_a_holiday_moves_on() -> None:
    assert SHIPPED.add_days(date(2026, 9, 21), 10) == date(2026, 10, 8)
    assert SHIPPED.add_days(date(2026, 9, 21), 10, roll=False) == date(2026, 10, 1)
    assert SHIPPED.add_days(date(2026, 10, 15), -10) == date(2026, 9, 30)


def test_counting_too_far_is_refused_and_not_computed() -> None:
    with pytest.raises(calendars.TooManyDays):
        SHIPPED.workdays(date(2026, 1, 1), 10**9)
    with pytest.raises(calendars.TooManyDays):
        SHIPPED.workdays(date(9999, 12, 30), 30)
    with pytest.raises(calendars.BeyondCalendar):
        SHIPPED.workdays(date(1, 1, 1), -1)
    with pytest.raises(calendars.BeyondCalendar):
        SHIPPED.add_days(date(9999, 12, 31), 1)
    with pytest.raises(calendars.TooManyDays):
        SHIPPED.workdays_between(date(1, 1, 1), date(9999, 1, 1))


def test_feel_functions_take_dates_date_times_and_texts() -> None:
    functions = SHIPPED.functions()
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


DAYS = st.dates(date(2003, 11, 1), date(2028, 3, 1))


def counted_by_hand(day: date, count: int) -> date:
    """Day by day, as an official does with a wall calendar."""
    step = timedelta(days=1 if count > 0 else -1)
    while count:
        day += step
        count -= step.days if SHIPPED.is_workday(day) else 0
    return day


@settings(max_examples=200, deadline=None)
@given(DAYS, st.integers(-90, 90))
def test_counting_by_year_gives_the_day_that_counting_day_by_day_gives(day: date, count: int) -> None:
    end = counted_by_hand(day, count)
    assert SHIPPED.workdays(day, count) == end
    if count > 0:
        assert SHIPPED.workdays_between(day, end) == count


@settings(max_examples=200, deadline=None)
@given(DAYS, DAYS)
def test_days_between_are_those_that_one_counts(start: date, end: date) -> None:
    first, last = min(start, end), max(start, end)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    days = days[1:] if start <= end else days[:-1]
    count = sum(SHIPPED.is_workday(day) for day in days)
    assert SHIPPED.workdays_between(start, end) == (count if start <= end else -count)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-02T09:00", 2, "2026-03-02T11:00"),
        ("2026-03-02T11:00", 2, "2026-03-02T15:00"),
        ("2026-03-02T07:00", 7, "2026-03-02T17:30"),
        ("2026-03-02T18:00", 1, "2026-03-03T09:30"),
        ("2026-09-30T17:00", 1, "2026-10-08T09:00"),  # over the National Day
        ("2026-10-09T17:00", 1, "2026-10-10T09:00"),  # into a Saturday on which officials work
        ("2026-12-31T17:30", 7, "2027-01-04T17:30"),
    ],
)
def test_office_hours_pass_only_while_offices_are_open(start: str, hours: int, end: str) -> None:
    assert SHIPPED.add_office_hours(at(start), timedelta(hours=hours)) == at(end)
    assert SHIPPED.office_hours_between(at(start), at(end)) == timedelta(hours=hours)


def test_a_published_year_counts_otherwise_than_the_one_that_was_known() -> None:
    new_year = {date(2027, 1, 4): Mark(True, "元旦"), date(2027, 1, 9): Mark(False, "调休上班")}
    changed = Calendar({2027: Year(2027, {date(2027, 1, 1): Mark(True, "元旦"), **new_year}, version=1)})
    assert changed.workdays(date(2026, 12, 31), 1) == date(2027, 1, 5)
    assert changed.is_workday(date(2027, 1, 9))
    assert not changed.is_provisional(2027)
    assert SHIPPED.workdays(date(2026, 12, 31), 1) == date(2027, 1, 4)


@pytest.mark.parametrize(
    ("year", "reason"),
    [
        (Year(2027, {date(2026, 1, 1): Mark(True, "元旦")}), "another year"),
        (Year(2027, hours=()), "no office hours"),
        (Year(2027, hours=read_hours("08:00-12:00 11:00-17:00", year=2027)), "overlap"),
    ],
    ids=["of-another-year", "never-open", "overlapping-hours"],
)
def test_a_year_that_cannot_be_is_refused(year: Year, reason: str) -> None:
    with pytest.raises(YearInvalid, match=reason):
        year.check()


@pytest.mark.parametrize("text", ["8-12", "12:00-08:00", "08:00"])
def test_office_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(YearInvalid, match="2027"):
        read_hours(text, year=2027)
