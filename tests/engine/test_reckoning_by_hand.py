"""Due times as an official finds them with a wall calendar and a clock, day by day and half hour by half hour.

Nothing of the engine's calendar is used on this side: its rest days and make-up days are written here once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.calendar_years import Mark, Year
from engine.calendars import CHINA, SHIPPED, Calendar, end_of_day
from engine.reckoning import Extended, Fixed, Happening, Paused, Resumed, Started, Term, reckon

DAY, TICK = timedelta(days=1), timedelta(minutes=30)
HOLIDAYS = (
    "2025-01-01/2025-01-01 2025-01-28/2025-02-04 2025-04-04/2025-04-06 2025-05-01/2025-05-05 2025-05-31/2025-06-02 "
    "2025-10-01/2025-10-08 2026-01-01/2026-01-03 2026-02-15/2026-02-23 2026-04-04/2026-04-06 2026-05-01/2026-05-05 "
    "2026-06-19/2026-06-21 2026-09-25/2026-09-27 2026-10-01/2026-10-07 "
    # not published: the thirteen days of the regulation
    "2027-01-01/2027-01-01 2027-02-05/2027-02-08 2027-04-05/2027-04-05 2027-05-01/2027-05-02 2027-06-09/2027-06-09 "
    "2027-09-15/2027-09-15 2027-10-01/2027-10-03 "
    "2028-01-01/2028-01-01 2028-01-25/2028-01-28 2028-04-04/2028-04-04 2028-05-01/2028-05-02 2028-05-28/2028-05-28 "
    "2028-10-01/2028-10-03"
)
MADE_UP = (
    "2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11 "
    "2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"
)


@dataclass
class Wall:
    """A calendar on the wall: days on which offices are closed, and days at weekends on which they are open."""

    closed: set[date]
    open: set[date]

    def is_open(self, day: date) -> bool:
        return day in self.open or (day.weekday() < 5 and day not in self.closed)

    def is_office_time(self, moment: datetime) -> bool:
        minute = moment.hour * 60 + moment.minute
        return self.is_open(moment.date()) and (510 <= minute < 720 or 840 <= minute < 1050)


def wall() -> Wall:
    closed = set()
    for span in HOLIDAYS.split():
        first, last = map(date.fromisoformat, span.split("/"))
        closed |= {first + DAY * number for number in range((last - first).days + 1)}
    return Wall(closed, set(map(date.fromisoformat, MADE_UP.split())))


@dataclass
class Walker:
    """Finds the last day of a limit in days by crossing off one day after the other."""

    wall: Wall
    unit: str
    last: date
    left: int = 0

    def walk(self, day: date, amount: int) -> date:
        if self.unit in ("months", "years"):
            return self._same_day(day, amount * (12 if self.unit == "years" else 1))
        while amount:
            day += DAY
            amount -= 1 if self.unit == "days" or self.wall.is_open(day) else 0
        return day

    @staticmethod
    def _same_day(day: date, months: int) -> date:
        """The day of the same number so many months later; a month that has none ends earlier."""
        number, here = day.day, day
        for _month in range(months):
            here = here.replace(day=28) + 4 * DAY
            here = here.replace(day=1)
        while here.day < number and (here + DAY).month == here.month:
            here += DAY
        return here

    def pause(self, day: date) -> None:
        if self.unit != "workdays":
            self.unit = "days"
        self.left = 0
        while day < self.last:
            day += DAY
            self.left += 1 if self.unit == "days" or self.wall.is_open(day) else 0

    def roll(self, day: date) -> date:
        while not self.wall.is_open(day):
            day += DAY
        return day


def by_days(wall: Wall, term: Term, happened: list[Happening]) -> datetime:
    """When a limit in days, working days, months or years is due after all that happened."""
    first = happened[0].at.date()
    walker = Walker(wall, term.unit, first)
    walker.last = walker.walk(first, term.amount)
    for each in happened[1:]:
        if isinstance(each, Paused):
            walker.pause(each.at.date())
        elif isinstance(each, Resumed):
            walker.last = walker.walk(each.at.date(), walker.left)
        elif isinstance(each, Extended):
            walker.unit = each.term.unit
            walker.last = walker.walk(walker.last, each.term.amount)
        elif isinstance(each, Fixed):
            walker.unit, walker.last = "days", each.last
    is_named = isinstance(happened[-1], Fixed)
    return end_of_day(walker.last if is_named else walker.roll(walker.last))


def by_clock(wall: Wall, term: Term, happened: list[Happening]) -> datetime:
    """When a limit in hours or office hours is due: half hours are crossed off while the clock is not stopped."""
    counts: Callable[[datetime], bool] = wall.is_office_time if term.unit == "office_hours" else (lambda _moment: True)
    moment, left, waiting, is_stopped = happened[0].at, term.amount * 2, happened[1:], False
    while True:
        while waiting and waiting[0].at <= moment:
            event = waiting.pop(0)
            if isinstance(event, Extended):
                left += event.term.amount * 2
            else:
                is_stopped = isinstance(event, Paused)
        if not left and not is_stopped:
            return moment
        if not is_stopped and counts(moment):
            left -= 1
        moment += TICK


# Half an hour is the smallest step: office hours begin and end on it.
STARTS = st.builds(
    lambda day, tick: datetime.combine(day, datetime.min.time(), CHINA) + TICK * tick,
    st.dates(date(2025, 1, 2), date(2027, 3, 1)),
    st.integers(0, 47),
)
ACTIONS = st.lists(st.tuples(st.sampled_from("prxf"), st.integers(0, 12), st.integers(1, 15)), max_size=6)
DAY_TERMS = st.one_of(
    st.builds(Term, st.integers(0, 40), st.just("workdays")),
    st.builds(Term, st.integers(0, 90), st.just("days")),
    st.builds(Term, st.integers(1, 7), st.just("months")),
    st.builds(Term, st.just(1), st.just("years")),
)


def play(
    start: datetime,
    term: Term,
    actions: list[tuple[str, int, int]],
    calendar: Calendar,
    step: timedelta,
    units: list[str],
) -> list[Happening]:
    """What people do to a limit, as far as the engine lets them: nothing after its end, no stop of a stopped clock."""
    happened: list[Happening] = [Started(start)]
    moment, is_stopped = start, False
    for kind, gap, amount in actions:
        moment += step * gap
        due_at = reckon(term, happened, calendar).due_at
        if due_at is not None and moment >= due_at:
            break
        if is_stopped:
            happened.append(Resumed(moment))
            is_stopped = False
        elif kind == "p":
            happened.append(Paused(moment))
            is_stopped = True
        elif kind == "x":
            happened.append(Extended(moment, Term(amount, units[amount % len(units)])))
        elif kind == "f" and term.unit not in ("hours", "office_hours") and due_at is not None:
            happened.append(Fixed(moment, due_at.astimezone(CHINA).date() + DAY * amount))
    return [*happened, Resumed(moment)] if is_stopped else happened


@settings(max_examples=400, deadline=None)
@given(STARTS, DAY_TERMS, ACTIONS)
@example(datetime(2026, 8, 31, 10, tzinfo=CHINA), Term(1, "months"), [])  # September has no 31st
@example(datetime(2026, 11, 30, 10, tzinfo=CHINA), Term(1, "months"), [("p", 3, 1), ("r", 4, 1)])
@example(datetime(2025, 1, 29, 10, tzinfo=CHINA), Term(1, "years"), [])
def test_days_are_crossed_off_on_a_wall_calendar(
    start: datetime, term: Term, actions: list[tuple[str, int, int]]
) -> None:
    happened = play(start, term, actions, SHIPPED, DAY, ["workdays", "days"])
    assert reckon(term, happened, SHIPPED).due_at == by_days(wall(), term, happened)


@settings(max_examples=200, deadline=None)
@given(STARTS, st.sampled_from(["hours", "office_hours"]), st.integers(1, 60), ACTIONS)
def test_hours_are_crossed_off_on_a_clock(
    start: datetime, unit: str, amount: int, actions: list[tuple[str, int, int]]
) -> None:
    term = Term(amount, unit)
    happened = play(start, term, actions, SHIPPED, TICK * 3, [unit])
    assert reckon(term, happened, SHIPPED).due_at == by_clock(wall(), term, happened)


@settings(max_examples=150, deadline=None)
@given(
    st.dates(date(2026, 12, 1), date(2027, 3, 1)),
    DAY_TERMS,
    ACTIONS,
    st.sets(st.dates(date(2027, 1, 1), date(2027, 6, 30)), max_size=30),
    st.sets(st.dates(date(2027, 1, 1), date(2027, 6, 30)), max_size=10),
)
def test_a_year_that_was_published_is_crossed_off_as_it_says(
    first: date, term: Term, actions: list[tuple[str, int, int]], rest: set[date], work: set[date]
) -> None:
    marks = {day: Mark(True, "放假") for day in rest} | {day: Mark(False, "上班") for day in work}
    calendar = Calendar({2027: Year(2027, marks, version=1)})
    here = wall()
    here.closed = {day for day in here.closed if day.year != 2027} | rest - work
    here.open |= work
    happened = play(
        datetime.combine(first, datetime.min.time(), CHINA) + TICK * 20, term, actions, calendar, DAY, ["days"]
    )
    assert reckon(term, happened, calendar).due_at == by_days(here, term, happened)
