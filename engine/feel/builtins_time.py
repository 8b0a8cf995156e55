"""Dates, times and durations: conversion (DMN 1.5, table 71), calendar functions (table 77), now and today."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .durations import NANOS, DayTimeDuration, Duration, YearMonthDuration, parse_duration
from .environment import State
from .registry import NoResult, builtin
from .temporal import (
    Date,
    DateTime,
    Time,
    date_of,
    days_of,
    from_python,
    length_of_month,
    make_date,
    parse_date,
    parse_date_time,
    parse_time,
)
from .values import equal

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@builtin("now", "", state=True)
def _now(state: State) -> DateTime:
    local = state.environment.local_now()
    offset = local.utcoffset()
    plain = from_python(local.replace(tzinfo=None))
    assert isinstance(plain, DateTime)
    return DateTime(plain.date, Time(plain.time.nanos, int(offset.total_seconds()) if offset else 0))


@builtin("today", "", state=True)
def _today(state: State) -> Date:
    local = state.environment.local_now()
    return Date(local.year, local.month, local.day)


def _whole(number: Decimal) -> int:
    if number != number.to_integral_value() or abs(number) > 10**10:
        raise NoResult
    return int(number)


@builtin("date", "from: string", "from: date", "year: number, month: number, day: number")
def _date(value: Any, month: Decimal | None = None, day: Decimal | None = None) -> Date | None:
    if isinstance(value, str):
        return parse_date(value)
    if isinstance(value, Decimal):
        assert month is not None
        assert day is not None
        return make_date(_whole(value), _whole(month), _whole(day))
    return value.date if isinstance(value, DateTime) else value


@builtin(
    "time",
    "from: string",
    "from: moment",
    "hour: number, minute: number, second: number, offset?: days duration?",
)
def _time(
    value: Any, minute: Decimal | None = None, second: Decimal | None = None, offset: DayTimeDuration | None = None
) -> Time | None:
    if isinstance(value, str):
        return parse_time(value)
    if isinstance(value, Decimal):
        assert minute is not None
        assert second is not None
        return _clock(_whole(value), _whole(minute), second, offset)
    if isinstance(value, DateTime):
        return value.time
    return Time(0, 0) if isinstance(value, Date) else value


def _clock(hour: int, minute: int, second: Decimal, offset: DayTimeDuration | None) -> Time | None:
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second < 60):
        return None
    if offset is not None and abs(offset.nanos) > 18 * 3600 * NANOS:
        return None
    nanos = (hour * 3600 + minute * 60) * NANOS + int(second * NANOS)
    return Time(nanos, None if offset is None else offset.nanos // NANOS)


@builtin(
    "date and time",
    "from: string",
    "date: date, time: time",
    "from: date",
    "date: date, timezone: string",
)
def _date_and_time(value: Any, clock: Time | str | None = None) -> DateTime | None:
    if isinstance(value, str):
        day = parse_date(value)
        return DateTime(day, Time(0)) if day else parse_date_time(value)
    if isinstance(clock, str):
        zoned = parse_time("00:00:00@" + clock) if isinstance(value, DateTime) else None
        return DateTime(value.date, Time(value.time.nanos, None, clock)) if zoned else None
    if clock is None:
        return value if isinstance(value, DateTime) else DateTime(value, Time(0, 0))
    return DateTime(value.date if isinstance(value, DateTime) else value, clock)


@builtin("duration", "from: string", "from: duration")
def _duration(value: str | Duration) -> Duration | None:
    return parse_duration(value) if isinstance(value, str) else value


@builtin("cycle", "interval: duration", "repetitions: number, interval: duration")  # of Camunda 8, for timers
def _cycle(*given: Any) -> str:
    repetitions = _whole(given[0]) if len(given) == 2 else None
    if repetitions is not None and not 0 < repetitions < 10**9:
        raise NoResult
    return f"R{'' if repetitions is None else repetitions}/{given[-1]}"


@builtin("years and months duration", "from: date, to: date")
def _years_and_months(start: Date | DateTime, end: Date | DateTime) -> YearMonthDuration:
    first, last = (value.date if isinstance(value, DateTime) else value for value in (start, end))
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearMonthDuration(months)


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


@builtin("day of year", "date: date")
def _day_of_year(value: Date | DateTime) -> Decimal:
    day = _day(value)
    return Decimal(day.days - days_of(day.year, 1, 1) + 1)


@builtin("day of week", "date: date")
def _day_of_week(value: Date | DateTime) -> str:
    return _DAYS[_day(value).weekday - 1]


@builtin("month of year", "date: date")
def _month_of_year(value: Date | DateTime) -> str:
    return _MONTHS[_day(value).month - 1]


@builtin("week of year", "date: date")
def _week_of_year(value: Date | DateTime) -> Decimal:
    day = _day(value)
    # ISO 8601: the week belongs to the year of its Thursday
    thursday = date_of(day.days - day.weekday + 4)
    return Decimal((thursday.days - days_of(thursday.year, 1, 1)) // 7 + 1)


@builtin("last day of month", "date: date")
def _last_day_of_month(value: Date | DateTime) -> Date:
    day = _day(value)
    return Date(day.year, day.month, length_of_month(day.year, day.month))


@builtin("is", "value1: any, value2: any", state=True)
def _is(state: State, left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, Time | DateTime):
        # `=` compares instants, `is` also the clock and the zone
        return bool(left == right)
    return equal(left, right, state) is True
