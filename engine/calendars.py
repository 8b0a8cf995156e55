"""Counting in working days, calendar days and office hours, by the calendar that is in force."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from engine.calendar_years import DAY, Year, shipped
from engine.errors import Invalid

ZONE = ZoneInfo("Asia/Shanghai")
CHINA = timezone(timedelta(hours=8))  # no summer time since 1991; an offset is read everywhere, a zone name is not
MAX_DAYS = 40_000  # about 110 years: no limit of any law is longer, and no expression may keep a worker busy


class NotADay(Invalid, ValueError):
    """{value} is not a date."""


class TooManyDays(Invalid, ValueError):
    """{count} days is more than a calendar counts ({limit})."""


class BeyondCalendar(TooManyDays):
    """This leads beyond the years 1 to 9999, which calendars know."""


class Calendar:
    """The published years, changed where somebody published another version; beyond them provisional ones."""

    def __init__(self, published: Mapping[int, Year] = MappingProxyType({})) -> None:
        """This will count by the years in `published`, and by those that the program knows where there is none."""
        self.published = published

    def year(self, number: int) -> Year:
        """This will return what the calendar says of a year."""
        return self.published.get(number) or shipped(number)

    def is_provisional(self, year: int) -> bool:
        """This will tell whether the holidays of `year` are not published yet, or not known here."""
        return self.year(year).is_provisional

    def is_workday(self, day: date) -> bool:
        """This will tell whether officials work on `day`."""
        return not self.year(day.year).is_rest(day)

    def workdays(self, day: date, count: int) -> date:
        """This will return the working day `count` working days after `day`, which itself does not count (民法典 201).

        A negative `count` goes back, zero is `day` itself. Raises TooManyDays.
        """
        _check_count(count)
        if count == 0:
            return day
        number = day.year
        found = self._workdays_of(number)
        index = bisect_right(found, day) + count - 1 if count > 0 else bisect_left(found, day) + count
        while index >= len(found):
            index -= len(found)
            number += 1
            found = self._workdays_of(number)
        while index < 0:
            number -= 1
            found = self._workdays_of(number)
            index += len(found)
        return found[index]

    def workdays_between(self, start: date, end: date) -> int:
        """This will count the working days after `start` up to and with `end`; negative when `end` lies before `start`.

        So `workdays_between(day, workdays(day, n)) == n` for every `n` but 0. Raises TooManyDays.
        """
        if end < start:
            return -self._count(end - DAY if end > date.min else end, start - DAY)
        return self._count(start, end)

    def add_days(self, day: date, count: int, *, roll: bool = True) -> date:
        """This will return the day `count` calendar days after `day`, which itself does not count.

        With `roll`, a last day that is a rest day moves on in the direction of counting to the next working day
        (民法典 203). Raises TooManyDays.
        """
        _check_count(count)
        try:
            end = day + DAY * count
        except OverflowError:
            raise BeyondCalendar from None
        return self.roll(end, back=count < 0) if roll else end

    def roll(self, day: date, *, back: bool = False) -> date:
        """This will return `day`, for a rest day the next working day (民法典 203), or the one before it (`back`)."""
        if self.is_workday(day):
            return day
        return self.workdays(day, -1 if back else 1)

    def add_office_hours(self, moment: datetime, amount: timedelta) -> datetime:
        """This will return when offices, from `moment` on, have been open for `amount`. Raises TooManyDays."""
        left = amount
        day = moment.astimezone(CHINA).date()
        last = day
        for opens, closes in self._openings(day):
            begins = max(opens, moment)
            if begins >= closes:
                continue
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
            last = closes.date()
            if (last - day).days > MAX_DAYS:
                break
        raise TooManyDays(count=(last - day).days, limit=MAX_DAYS)

    def office_hours_between(self, start: datetime, end: datetime) -> timedelta:
        """This will return how long offices are open from `start` to `end`; nothing when `end` lies before `start`."""
        total = timedelta()
        for opens, closes in self._openings(start.astimezone(CHINA).date()):
            if opens >= end:
                return total
            total += max(min(closes, end) - max(opens, start), timedelta())
        return total

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """This will return the FEEL functions by name; dates may be date-times or ISO texts, null gives null."""
        return {
            "workdays": lambda date, n: None if None in (date, n) else self.workdays(day_of(date), _whole(n)),
            "workdays between": lambda start, end: (
                None if None in (start, end) else Decimal(self.workdays_between(day_of(start), day_of(end)))
            ),
            "add days": lambda date, n: None if None in (date, n) else self.add_days(day_of(date), _whole(n)),
            "end of day": lambda date: None if date is None else end_of_day(day_of(date)),
            "is workday": lambda date: None if date is None else self.is_workday(day_of(date)),
        }

    def _workdays_of(self, number: int) -> tuple[date, ...]:
        if not date.min.year <= number <= date.max.year:
            raise BeyondCalendar
        return self.year(number).workdays

    def _count(self, start: date, end: date) -> int:
        """The working days after `start` up to and with `end`."""
        if (end - start).days > MAX_DAYS:
            raise TooManyDays(count=(end - start).days, limit=MAX_DAYS)
        whole = sum(len(self._workdays_of(number)) for number in range(start.year, end.year))
        return (
            whole + bisect_right(self._workdays_of(end.year), end) - bisect_right(self._workdays_of(start.year), start)
        )

    def _openings(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """From when to when offices are open, from `day` on."""
        if not self.is_workday(day):
            day = self.workdays(day, 1)
        while True:
            for opening in self.year(day.year).hours:
                yield datetime.combine(day, opening.opens, CHINA), datetime.combine(day, opening.closes, CHINA)
            day = self.workdays(day, 1)


SHIPPED = Calendar()


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


def _check_count(count: int) -> None:
    if abs(count) > MAX_DAYS:
        raise TooManyDays(count=count, limit=MAX_DAYS)


def _whole(count: Any) -> int:
    if isinstance(count, bool) or not isinstance(count, int | float | Decimal) or count != int(count):
        raise NotADay(value=count)
    return int(count)
