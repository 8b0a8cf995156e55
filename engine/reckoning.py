"""When a limit is due: one pure computation over what happened to it, which explains each of its steps."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from engine.calendar_years import DAY
from engine.calendars import Calendar, day_of, end_of_day
from engine.errors import Invalid
from engine.sentences import N_, Sentence

WORKDAYS, DAYS, MONTHS, YEARS = "workdays", "days", "months", "years"
HOURS, OFFICE_HOURS = "hours", "office_hours"
UNITS: Final = {
    WORKDAYS: N_("{amount} working days"),
    DAYS: N_("{amount} days"),
    MONTHS: N_("{amount} months"),
    YEARS: N_("{amount} years"),
    HOURS: N_("{amount} hours"),
    OFFICE_HOURS: N_("{amount} office hours"),
}
MOST_WEEKENDS = 4  # told one by one
BY_HOUR = (HOURS, OFFICE_HOURS)
LONGEST: Final = {WORKDAYS: 10_000, DAYS: 36_500, MONTHS: 1200, YEARS: 100, HOURS: 87_600, OFFICE_HOURS: 20_000}


class TermInvalid(Invalid):
    """{value} is not a length of time: write a whole number and one of {units}, as in “10 workdays”."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long: a whole number of working days, calendar days, months, years, hours, or hours of open offices."""

    amount: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS or not 0 <= self.amount <= LONGEST[self.unit]:
            raise TermInvalid(value=f"{self.amount} {self.unit}", units=", ".join(UNITS))

    @property
    def words(self) -> Sentence:
        """This will name it: 10 working days."""
        return Sentence(UNITS[self.unit], {"amount": self.amount})

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"

    @classmethod
    def read(cls, text: str) -> Term:
        """This will read a term written as `10 workdays`. Raises TermInvalid."""
        amount, _, unit = text.strip().partition(" ")
        if not amount.isdecimal():
            raise TermInvalid(value=text, units=", ".join(UNITS))
        return cls(int(amount), unit.strip())


@dataclass(frozen=True, slots=True)
class Started:
    """The limit runs from this moment; a limit in days does not count its day (民法典 201)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Paused:
    """The clock stands still; what is left is kept."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Resumed:
    """The clock goes on with what was left."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Extended:
    """So much was added to the end."""

    at: datetime
    term: Term


@dataclass(frozen=True, slots=True)
class Fixed:
    """An order or a decision names the last day itself."""

    at: datetime
    last: date


Happening = Started | Paused | Resumed | Extended | Fixed


@dataclass(slots=True)
class Reckoning:
    """What came out: when it is due (None while it stands still), and each step towards it.

    `last` is the last day before it moves off a rest day; `left` is what a stopped clock has left: working days, days
    or a span of time. `years` are those of the calendar that were looked at.
    """

    unit: str
    last: date | datetime | None = None
    left: int | timedelta | None = None
    steps: list[Sentence] = field(default_factory=list)
    years: set[int] = field(default_factory=set)
    due_at: datetime | None = None

    def say(self, template: str, **values: Any) -> None:
        """This will add a step."""
        self.steps.append(Sentence(template, values))


def reckon(term: Term, happened: Sequence[Happening], calendar: Calendar) -> Reckoning:
    """This will compute when a limit of `term` is due after all that `happened` to it, by `calendar`.

    Raises TooManyDays.
    """
    found = Reckoning(term.unit)
    for place, each in enumerate(happened):
        match each:
            case Started(at) if _is_named_at_once(happened, place):
                found.say(N_("It runs from {day}."), day=day_of(at))
            case Started(at):
                _start(found, at, term, calendar)
            case Paused(at):
                _pause(found, at, calendar)
            case Resumed(at):
                _resume(found, at, calendar)
            case Extended(_, more):
                _extend(found, more, calendar)
            case Fixed(_, last):
                found.unit, found.last, found.left = DAYS, last, None
                found.say(N_("The last day was fixed as {day}."), day=last)
    found.due_at = None if found.left is not None else _due(found, [*happened], calendar)
    _name_calendar(found, calendar)
    return found


def _is_named_at_once(happened: Sequence[Happening], place: int) -> bool:
    """Whether the order that begins a limit names its last day: then nothing is counted."""
    following = happened[place + 1] if place + 1 < len(happened) else None
    return isinstance(following, Fixed) and following.at == happened[place].at


def _start(found: Reckoning, at: datetime, term: Term, calendar: Calendar) -> None:
    if term.unit in BY_HOUR:
        found.say(N_("It runs from {moment}."), moment=at)
    else:
        found.say(N_("It runs from {day}; that day does not count (Civil Code, article 201)."), day=day_of(at))
    _go(found, at, term, calendar)


def _pause(found: Reckoning, at: datetime, calendar: Calendar) -> None:
    last = found.last
    if isinstance(last, datetime):
        found.left = max(last - at, timedelta()) if found.unit == HOURS else calendar.office_hours_between(at, last)
    elif last is not None:
        day = day_of(at)
        if found.unit != WORKDAYS:
            found.unit = DAYS  # what is left of a month is counted in days
        if found.unit == WORKDAYS:
            found.years |= set(range(day.year, last.year + 1))
        left = calendar.workdays_between(day, last) if found.unit == WORKDAYS else (last - day).days
        found.left = max(left, 0)
    found.say(N_("On {day} the clock was stopped with {left} left."), day=day_of(at), left=_words(found))


def _resume(found: Reckoning, at: datetime, calendar: Calendar) -> None:
    left, found.left = found.left, None
    found.say(N_("On {day} the clock went on."), day=day_of(at))
    if isinstance(left, timedelta):
        found.last = at + left if found.unit == HOURS else calendar.add_office_hours(at, left)
        found.say(N_("What was left ends at {moment}."), moment=found.last)
    elif left is not None:
        _go(found, at, Term(left, found.unit), calendar)


def _extend(found: Reckoning, more: Term, calendar: Calendar) -> None:
    found.say(N_("It was extended by {term}, counted from its last day {day}."), term=more.words, day=found.last)
    end = found.last if isinstance(found.last, datetime) else end_of_day(found.last) if found.last else None
    assert end is not None
    found.unit = more.unit
    _go(found, end, more, calendar)


def _go(found: Reckoning, start: datetime, term: Term, calendar: Calendar) -> None:
    """Counts `term` from `start`, in words too."""
    if term.unit in BY_HOUR:
        length = timedelta(hours=term.amount)
        found.last = start + length if term.unit == HOURS else calendar.add_office_hours(start, length)
        found.years |= {start.year, found.last.year}
        found.say(N_("{term} later is {moment}."), term=term.words, moment=found.last)
        return
    first = day_of(start)
    found.last = _later(first, term, calendar)
    found.years |= set(range(first.year, found.last.year + 1))
    found.say(N_("{term} later is {day}."), term=term.words, day=found.last)
    if term.unit == WORKDAYS:
        special = list(spans(calendar, first + DAY, found.last))
        made_up = [each for each in special if not each.is_rest]
        _say_rest(found, [each for each in special if each.is_rest])
        if made_up:
            found.say(N_("Counted though at a weekend: {days}."), days=tuple(made_up))


def _say_rest(found: Reckoning, rest: Sequence[Span]) -> None:
    """Holidays one by one; so many weekends that nobody would read them are told by their number."""
    weekends = [each for each in rest if not each.name]
    if len(weekends) <= MOST_WEEKENDS:
        if rest:
            found.say(N_("Not counted: {days}."), days=tuple(rest))
        return
    count = sum((each.last - each.first).days + 1 for each in weekends)
    told = {"count": count, "first": weekends[0].first, "last": weekends[-1].last}
    if holidays := tuple(each for each in rest if each.name):
        found.say(
            N_("Not counted: {days}, and {count} days of weekends from {first} to {last}."), days=holidays, **told
        )
    else:
        found.say(N_("Not counted: {count} days of weekends from {first} to {last}."), **told)


def _later(day: date, term: Term, calendar: Calendar) -> date:
    if term.unit == WORKDAYS:
        return calendar.workdays(day, term.amount)
    if term.unit == DAYS:
        return calendar.add_days(day, term.amount, roll=False)
    months = day.year * 12 + day.month - 1 + term.amount * (12 if term.unit == YEARS else 1)
    year, month = divmod(months, 12)
    # a month without such a day ends with its last one (民法典 202)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _due(found: Reckoning, happened: list[Happening], calendar: Calendar) -> datetime | None:
    last = found.last
    if last is None or isinstance(last, datetime):
        return last
    is_fixed = bool(happened) and isinstance(happened[-1], Fixed)  # who names a day means that day
    if is_fixed or calendar.is_workday(last):
        return end_of_day(last)
    rolled = calendar.roll(last)
    found.years.add(rolled.year)
    why = next(spans(calendar, last, last))
    found.say(
        N_("{day} is a rest day ({why}); it ends on the next working day, {rolled} (Civil Code, article 203)."),
        day=last,
        why=why.words,
        rolled=rolled,
    )
    return end_of_day(rolled)


def _words(found: Reckoning) -> Sentence:
    if isinstance(found.left, timedelta):
        hours = round(found.left / timedelta(hours=1), 1)
        return Sentence(UNITS[found.unit], {"amount": f"{hours:g}"})
    return Sentence(UNITS[found.unit], {"amount": found.left or 0})


def _name_calendar(found: Reckoning, calendar: Calendar) -> None:
    for number in sorted(found.years):
        year = calendar.year(number)
        if year.is_provisional:
            found.say(N_("The calendar of {year} is provisional: its holidays are not published."), year=number)
        elif year.version:
            found.say(N_("Calendar of {year}: version {version}."), year=number, version=year.version)
        else:
            found.say(N_("Calendar of {year}: as published by the State Council."), year=number)


@dataclass(frozen=True, slots=True)
class Span:
    """Rest days in a row of the same name, or make-up days in a row. A weekend has no name."""

    first: date
    last: date
    is_rest: bool
    name: str = ""

    @property
    def words(self) -> Sentence:
        """This will name it."""
        return Sentence(N_("weekend")) if not self.name else Sentence("{name}", {"name": self.name})


def spans(calendar: Calendar, first: date, last: date) -> Iterator[Span]:
    """This will give the rest days and make-up days from `first` to `last`, those in a row together."""
    begun: Span | None = None
    for day, is_rest, name in _special(calendar, first, last):
        if begun is not None and (begun.is_rest, begun.name) == (is_rest, name) and day - begun.last == DAY:
            begun = Span(begun.first, day, is_rest, name)
            continue
        if begun is not None:
            yield begun
        begun = Span(day, day, is_rest, name)
    if begun is not None:
        yield begun


def _special(calendar: Calendar, first: date, last: date) -> Iterable[tuple[date, bool, str]]:
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        mark = calendar.year(day.year).marks.get(day)
        if mark is not None:
            yield day, mark.is_rest, mark.name
        elif not calendar.is_workday(day):
            yield day, True, ""
