"""When limits are due, and that what is explained is what was computed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar_years import MAKE_UP, Mark, Year
from engine.calendars import CHINA, SHIPPED, Calendar, end_of_day
from engine.reckoning import (
    Extended,
    Fixed,
    Happening,
    Paused,
    Reckoning,
    Resumed,
    Started,
    Term,
    TermInvalid,
    reckon,
)


def at(text: str) -> datetime:
    """A moment in China; a day alone is ten in the morning."""
    return datetime.fromisoformat(f"{text}+08:00" if "T" in text else f"{text}T10:00+08:00")


def due(term: str, *happened: Happening, calendar: Calendar = SHIPPED) -> str:
    """The last day of a limit, or its minute when it counts hours."""
    found = reckon(Term.read(term), happened, calendar)
    assert found.due_at is not None
    if isinstance(found.last, datetime):
        return found.due_at.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
    assert found.due_at == end_of_day(found.due_at.date())
    return found.due_at.date().isoformat()


def words(found: Reckoning) -> str:
    return " ".join(str(step) for step in found.steps)


@pytest.mark.parametrize(
    ("start", "term", "end"),
    [
        ("2026-09-30", "5 workdays", "2026-10-13"),
        ("2026-09-28", "5 workdays", "2026-10-10"),
        ("2026-02-12", "7 workdays", "2026-02-28"),
        ("2026-12-29", "5 workdays", "2027-01-06"),
        ("2026-09-21", "10 days", "2026-10-08"),
        ("2026-09-21", "9 days", "2026-09-30"),
        ("2026-01-31", "1 months", "2026-02-28"),
        ("2026-08-31", "1 months", "2026-09-30"),
        ("2026-09-01", "1 months", "2026-10-08"),  # 1 October is a holiday
        ("2024-02-29", "1 years", "2025-02-28"),
        ("2026-09-30T16:00", "24 hours", "2026-10-01T16:00"),
        ("2026-09-30T16:30", "2 office_hours", "2026-10-08T09:30"),
        ("2026-10-01", "0 workdays", "2026-10-08"),
    ],
)
def test_a_limit_ends_on_the_day_that_the_law_says(start: str, term: str, end: str) -> None:
    assert due(term, Started(at(start))) == end


def test_the_day_is_the_one_in_china() -> None:
    evening = datetime.fromisoformat("2026-09-29T17:00+00:00")  # already the 30th
    assert due("5 workdays", Started(evening)) == "2026-10-13"


@pytest.mark.parametrize(
    ("term", "paused", "resumed", "end"),
    [
        ("10 workdays", "2026-03-06", "2026-03-09", "2026-03-17"),  # stopped over a weekend: one working day later
        ("10 workdays", "2026-03-06T09:00", "2026-03-06T17:00", "2026-03-16"),
        ("10 workdays", "2026-03-04", "2026-05-06", "2026-05-15"),
        ("10 days", "2026-03-06", "2026-03-16", "2026-03-23"),  # 22 March is a Sunday
        ("1 months", "2026-03-12", "2026-03-22", "2026-04-13"),
        ("48 hours", "2026-03-03T10:00", "2026-03-05T08:00", "2026-03-06T08:00"),
        ("10 office_hours", "2026-03-02T16:30", "2026-03-09T08:30", "2026-03-09T16:00"),
    ],
)
def test_a_stopped_clock_keeps_what_was_left(term: str, paused: str, resumed: str, end: str) -> None:
    assert due(term, Started(at("2026-03-02")), Paused(at(paused)), Resumed(at(resumed))) == end


def test_while_the_clock_stands_still_nothing_is_due() -> None:
    found = reckon(Term.read("10 workdays"), [Started(at("2026-03-02")), Paused(at("2026-03-06"))], SHIPPED)
    assert found.due_at is None
    assert found.left == 6
    assert "stopped with 6 working days left" in words(found)


def test_an_extension_counts_from_the_old_end_before_it_moved_off_a_rest_day() -> None:
    started = Started(at("2026-09-21"))
    more = Extended(at("2026-09-28"), Term.read("10 days"))
    assert due("10 days", started) == "2026-10-08"
    assert due("10 days", started, more) == "2026-10-12"  # 1 October + 10 is a Sunday


def test_a_named_last_day_stays_even_on_a_rest_day() -> None:
    assert due("3 workdays", Started(at("2026-09-21")), Fixed(at("2026-09-21"), date(2026, 10, 3))) == "2026-10-03"


def test_the_explanation_names_what_was_skipped_and_why() -> None:
    found = reckon(Term.read("5 workdays"), [Started(at("2026-09-28"))], SHIPPED)
    skipped, made_up = (step.values["days"] for step in found.steps[2:4])
    assert [(span.first, span.last, span.name) for span in skipped] == [
        (date(2026, 10, 1), date(2026, 10, 7), "国庆节")
    ]
    assert [(span.first, span.name) for span in made_up] == [(date(2026, 10, 10), MAKE_UP)]
    assert "as published" in words(found)


def test_a_provisional_year_is_named_and_its_publication_moves_the_end() -> None:
    started = Started(at("2026-12-29"))
    assert "calendar of 2027 is provisional" in words(reckon(Term.read("5 workdays"), [started], SHIPPED))
    marks = {date(2027, 1, 1): Mark(True, "元旦"), date(2027, 1, 4): Mark(True, "元旦")}
    published = Calendar({2027: Year(2027, marks, version=1)})
    assert due("5 workdays", started, calendar=published) == "2027-01-07"
    assert "Calendar of 2027: version 1." in words(reckon(Term.read("5 workdays"), [started], published))


@pytest.mark.parametrize("text", ["", "five workdays", "5", "-1 days", "5 wd", "1.5 hours", "99999 years"])
def test_a_term_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(TermInvalid, match="workdays"):
        Term.read(text)


MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1)).map(lambda moment: moment.replace(tzinfo=CHINA))


def naive(amount: int, day: date, breaks: list[tuple[date, date]]) -> date:
    """Walks day by day and crosses off working days; during a break the walker waits."""
    waits = dict[date, date]()
    for first, end in breaks:
        waits[first] = end
    left = amount
    while True:
        while day in waits and waits[day] != day:
            day = waits[day]
        if not left:
            return day
        day += timedelta(days=1)
        left -= SHIPPED.is_workday(day)


@settings(max_examples=300, deadline=None)
@given(MOMENTS, st.integers(1, 60), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), max_size=3))
def test_reckoning_agrees_with_crossing_off_days_on_a_wall_calendar(
    start: datetime, amount: int, gaps: list[tuple[int, int]]
) -> None:
    happened: list[Happening] = [Started(start)]
    breaks: list[tuple[date, date]] = []
    moment = start
    term = Term(amount, "workdays")
    for until_pause, length in gaps:
        moment += timedelta(days=until_pause)
        due_at = reckon(term, happened, SHIPPED).due_at
        if due_at is None or moment > due_at:
            break
        happened.append(Paused(moment))
        first = moment.date()
        moment += timedelta(days=length)
        happened.append(Resumed(moment))
        breaks.append((first, moment.date()))
    found = reckon(term, happened, SHIPPED)
    assert found.due_at is not None
    assert SHIPPED.roll(found.due_at.date()) == SHIPPED.roll(naive(amount, start.date(), breaks))


def test_a_day_that_the_order_names_is_explained_without_counting() -> None:
    found = reckon(
        Term.read("10 workdays"), [Started(at("2026-09-21")), Fixed(at("2026-09-21"), date(2026, 10, 20))], SHIPPED
    )
    assert [str(step) for step in found.steps] == [
        "It runs from 2026-09-21.",
        "The last day was fixed as 2026-10-20.",
    ]
    later = reckon(
        Term.read("10 workdays"), [Started(at("2026-09-21")), Fixed(at("2026-09-22"), date(2026, 10, 20))], SHIPPED
    )
    assert "10 working days later is 2026-10-12." in words(later)


def test_many_weekends_are_told_by_their_number_and_holidays_one_by_one() -> None:
    found = reckon(Term.read("40 workdays"), [Started(at("2026-09-01"))], SHIPPED)
    (told,) = [step for step in found.steps if "Not counted" in step.template]
    assert [span.name for span in told.values["days"]] == ["中秋节", "国庆节"]
    rest = [date(2026, 9, 1) + timedelta(days=number) for number in range((found.last - date(2026, 9, 1)).days + 1)]
    plain = [day for day in rest if not SHIPPED.is_workday(day) and day not in SHIPPED.year(2026).marks]
    assert (told.values["count"], told.values["first"], told.values["last"]) == (len(plain), plain[0], plain[-1])
