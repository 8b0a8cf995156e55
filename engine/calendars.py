"""Which days officials work: the published holidays and make-up days, and a provisional calendar beyond them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
from borax.calendars.lunardate import LunarDate, TermUtils

from engine.errors import Invalid

ZONE = ZoneInfo("Asia/Shanghai")
CHINA = timezone(timedelta(hours=8))  # no summer time since 1991; an offset is read everywhere, a zone name is not
MAX_DAYS = 40_000  # about 110 years: no limit of any law is longer, and no expression may keep a worker busy
DAY = timedelta(days=1)


class NotADay(Invalid, ValueError):
    """{value} is not a date."""


class TooManyDays(Invalid, ValueError):
    """{count} days is more than a calendar counts ({limit})."""


@lru_cache(maxsize=512)
def working_days(year: int) -> frozenset[date]:
    """This will return the working days of `year`, make-up days included.

    The years that the State Council published come from `chinese_calendar`; any other is provisional: the weekdays
    that are not one of the 13 holidays of 全国年节及纪念日放假办法 (2024-11-10).
    """
    first = date(year, 1, 1)
    days = [first + DAY * offset for offset in range((date(year, 12, 31) - first).days + 1)]
    if is_provisional(year):
        holidays = _statutory_holidays(year)
        return frozenset(day for day in days if day.weekday() < 5 and day not in holidays)
    return frozenset(day for day in days if chinese_calendar.is_workday(day))


@lru_cache(maxsize=512)
def is_provisional(year: int) -> bool:
    """This will tell whether the holidays of `year` are not published yet, or not known here."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return True
    return False


def is_workday(day: date) -> bool:
    """This will tell whether officials work on `day`."""
    return day in working_days(day.year)


def workdays(day: date, count: int) -> date:
    """This will return the working day `count` working days after `day`, which itself does not count (民法典 201).

    A negative `count` goes back, zero is `day` itself. Raises TooManyDays.
    """
    _check_count(count)
    step = DAY if count > 0 else -DAY
    for _ in range(abs(count)):
        day = _next_workday(day + _within(day, step), step)
    return day


def workdays_between(start: date, end: date) -> int:
    """This will count the working days after `start` up to and with `end`; negative when `end` lies before `start`.

    So `workdays_between(day, workdays(day, n)) == n`. Raises TooManyDays.
    """
    if end < start:
        return -_count(end, start - DAY)
    return _count(start + DAY, end)


def add_days(day: date, count: int, *, roll: bool = True) -> date:
    """This will return the day `count` calendar days after `day`, which itself does not count.

    With `roll`, a last day that is a rest day moves on in the direction of counting to the next working day
    (民法典 203). Raises TooManyDays.
    """
    _check_count(count)
    end = day + _within(day, DAY * count)
    return _next_workday(end, DAY if count >= 0 else -DAY) if roll else end


def end_of_day(day: date) -> datetime:
    """This will return the last second of `day` in China (23:59:59+08:00)."""
    return datetime.combine(day, time(23, 59, 59), CHINA)


def day_of(value: Any) -> date:
    """This will return the day in China of a date, a date-time or the ISO text of one. Raises NotADay."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError:
            raise NotADay(value=value) from None
    if isinstance(value, datetime):
        return value.astimezone(ZONE).date() if value.tzinfo else value.date()
    if isinstance(value, date):
        return value
    raise NotADay(value=value)


def functions() -> Mapping[str, Callable[..., Any]]:
    """This will return the calendar's FEEL functions by name; dates may be date-times or ISO texts, null gives null."""
    return {
        "workdays": _workdays_function,
        "workdays between": _between_function,
        "add days": _add_days_function,
        "end of day": _end_of_day_function,
        "is workday": _is_workday_function,
    }


def _workdays_function(date: Any, n: Any) -> Any:
    return None if date is None or n is None else workdays(day_of(date), _whole(n))


def _between_function(start: Any, end: Any) -> Decimal | None:
    return None if start is None or end is None else Decimal(workdays_between(day_of(start), day_of(end)))


def _add_days_function(date: Any, n: Any) -> Any:
    return None if date is None or n is None else add_days(day_of(date), _whole(n))


def _end_of_day_function(date: Any) -> datetime | None:
    return None if date is None else end_of_day(day_of(date))


def _is_workday_function(date: Any) -> bool | None:
    return None if date is None else is_workday(day_of(date))


def _statutory_holidays(year: int) -> frozenset[date]:
    days = [date(year, 1, 1), date(year, 5, 1), date(year, 5, 2), *(date(year, 10, day) for day in (1, 2, 3))]
    try:
        spring: date = LunarDate(year, 1, 1).to_solar_date()
        days += [spring + DAY * offset for offset in range(-1, 3)]
        days += [LunarDate(year, 5, 5).to_solar_date(), LunarDate(year, 8, 15).to_solar_date()]
        days.append(TermUtils.day_start_from_term(year, "清明"))
    except ValueError:
        pass  # lunar tables end at 1900 and 2100: a provisional calendar goes on without them
    return frozenset(days)


def _next_workday(day: date, step: timedelta) -> date:
    while not is_workday(day):
        day += _within(day, step)
    return day


def _count(first: date, last: date) -> int:
    if (last - first).days > MAX_DAYS:
        raise TooManyDays(count=(last - first).days, limit=MAX_DAYS)
    return sum(is_workday(first + DAY * offset) for offset in range((last - first).days + 1))


def _within(day: date, step: timedelta) -> timedelta:
    try:
        day + step
    except OverflowError:
        raise TooManyDays(count=step.days, limit=MAX_DAYS) from None
    return step


def _check_count(count: int) -> None:
    if abs(count) > MAX_DAYS:
        raise TooManyDays(count=count, limit=MAX_DAYS)


def _whole(count: Any) -> int:
    if isinstance(count, bool) or not isinstance(count, int | float | Decimal) or count != int(count):
        raise NotADay(value=count)
    return int(count)
