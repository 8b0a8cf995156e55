"""What a calendar says of one year: which days are rest days, which are made up for, and when offices are open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Final

from borax.calendars.lunardate import LunarDate, TermUtils
from chinese_calendar.constants import Holiday, holidays, workdays

from engine.errors import Invalid
from engine.sentences import N_, Sentence

DAY = timedelta(days=1)
SATURDAY = 5
PUBLISHED: Final = range(min(holidays).year, max(holidays).year + 1)  # by the State Council, as the library knows them
MAKE_UP = "调休上班"


class YearInvalid(Invalid):
    """The calendar of {year} cannot be used: {reason}."""


def invalid(year: int, field: str, template: str, **values: Any) -> YearInvalid:
    """This will make the error of one field of a year: `marks` or `hours`."""
    return YearInvalid(year=year, reason=Sentence(template, values), field=field)


@dataclass(frozen=True, slots=True)
class Mark:
    """What is special about a day: a rest day (`is_rest`) or a working day in exchange for one, and why."""

    is_rest: bool
    name: str


@dataclass(frozen=True, slots=True)
class Opening:
    """From when to when offices are open without a break."""

    opens: time
    closes: time

    @property
    def length(self) -> timedelta:
        """This will return how long offices are open."""
        return timedelta(hours=self.closes.hour - self.opens.hour, minutes=self.closes.minute - self.opens.minute)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


OFFICE_HOURS = (Opening(time(8, 30), time(12)), Opening(time(14), time(17, 30)))


@dataclass(frozen=True)
class Year:
    """A year of the calendar. `version` counts what was published here; 0 is what this program brought along."""

    number: int
    marks: Mapping[date, Mark] = field(default_factory=dict)
    version: int = 0
    is_provisional: bool = False
    hours: tuple[Opening, ...] = OFFICE_HOURS

    @cached_property
    def workdays(self) -> tuple[date, ...]:
        """This will return the working days in their order, make-up days included."""
        first = date(self.number, 1, 1)
        count = (date(self.number, 12, 31) - first).days + 1
        return tuple(day for day in (first + DAY * offset for offset in range(count)) if not self.is_rest(day))

    def is_rest(self, day: date) -> bool:
        """This will tell whether officials rest on `day`: a mark says so, or without one the weekend."""
        mark = self.marks.get(day)
        return mark.is_rest if mark is not None else day.weekday() >= SATURDAY

    def check(self) -> None:
        """This will refuse marks of another year and office hours that overlap. Raises YearInvalid."""
        strange = [day for day in self.marks if day.year != self.number]
        if strange:
            raise invalid(self.number, "marks", N_("{day} lies in another year"), day=min(strange))
        if not self.workdays:
            raise invalid(self.number, "marks", N_("it has no working day"))
        for before, after in zip(self.hours, self.hours[1:], strict=False):
            if before.closes > after.opens:
                told = {"before": before, "after": after}
                raise invalid(self.number, "hours", N_("the office hours {before} and {after} overlap"), **told)
        if not self.hours:
            raise invalid(self.number, "hours", N_("there are no office hours"))


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day that two versions of a year do not see alike: the mark that it had and the one that it has (None: none)."""

    day: date
    before: Mark | None
    after: Mark | None


def differences(before: Year, after: Year) -> list[DayChange]:
    """This will tell which days two versions of a year do not see alike."""
    days = sorted({*before.marks, *after.marks})
    pairs = ((day, before.marks.get(day), after.marks.get(day)) for day in days)
    return [DayChange(day, old, new) for day, old, new in pairs if old != new]


def read_year(content: str) -> Year:
    """This will read what `write_year` wrote, without its version. Raises YearInvalid."""
    try:
        kept = json.loads(content)
        number = int(kept["year"])
        marks = {date.fromisoformat(day): Mark(True, str(name)) for day, name in kept["rest"].items()}
        marks |= {date.fromisoformat(day): Mark(False, str(name)) for day, name in kept["work"].items()}
        hours = str(kept["hours"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise invalid(0, "marks", N_("it needs year, rest, work and hours, each day written as 2027-01-01")) from None
    return Year(number, MappingProxyType(marks), hours=read_hours(hours, year=number))


def write_year(year: Year) -> str:
    """This will write a year as JSON, always in the same way."""
    marks = sorted(year.marks.items())
    kept = {
        "year": year.number,
        "rest": {day.isoformat(): mark.name for day, mark in marks if mark.is_rest},
        "work": {day.isoformat(): mark.name for day, mark in marks if not mark.is_rest},
        "hours": " ".join(map(str, year.hours)),
    }
    return json.dumps(kept, ensure_ascii=False)


def read_hours(text: str, *, year: int) -> tuple[Opening, ...]:
    """This will read office hours written as `08:30-12:00 14:00-17:30`. Raises YearInvalid."""
    found = []
    for part in text.replace(",", " ").split():
        try:
            opens, closes = (time.fromisoformat(end) for end in part.split("-"))
        except ValueError:
            raise invalid(year, "hours", N_("{part} is not of the form 08:30-12:00"), part=part) from None
        if opens >= closes:
            raise invalid(year, "hours", N_("{part} ends before it begins"), part=part)
        found.append(Opening(opens, closes))
    return tuple(found)


@lru_cache(maxsize=512)
def shipped(number: int) -> Year:
    """This will return the calendar of a year that this program knows by itself.

    The years that the State Council published come from `chinesecalendar`; any other is provisional: the weekdays that
    are not one of the 13 holidays of 全国年节及纪念日放假办法 (2024-11-10).
    """
    if number in PUBLISHED:
        rest = {day: Mark(True, _chinese(name)) for day, name in holidays.items() if day.year == number}
        work = {day: Mark(False, MAKE_UP) for day in workdays if day.year == number}
        return Year(number, MappingProxyType({**rest, **work}))
    return Year(number, MappingProxyType(dict(_statutory(number))), is_provisional=True)


def _chinese(name: str) -> str:
    chinese = str(Holiday(name).chinese)
    return f"{chinese}节" if chinese in ("清明", "端午", "中秋") else chinese


def _statutory(year: int) -> Iterable[tuple[date, Mark]]:
    for name, first, count in _fixed(year):
        for offset in range(count):
            yield first + DAY * offset, Mark(True, name)


def _fixed(year: int) -> Iterable[tuple[str, date, int]]:
    """The statutory holidays: name, first day, number of days."""
    yield "元旦", date(year, 1, 1), 1
    yield "劳动节", date(year, 5, 1), 2
    yield "国庆节", date(year, 10, 1), 3
    try:
        yield "春节", LunarDate(year, 1, 1).to_solar_date() - DAY, 4
        yield "端午节", LunarDate(year, 5, 5).to_solar_date(), 1
        yield "中秋节", LunarDate(year, 8, 15).to_solar_date(), 1
        yield "清明节", TermUtils.day_start_from_term(year, "清明"), 1
    except ValueError:
        return  # lunar tables end at 1900 and 2100: a provisional calendar goes on without them
