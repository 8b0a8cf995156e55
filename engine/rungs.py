"""When the rungs of a ladder are to be climbed, and which are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from engine.calendars import CHINA, Calendar
from engine.limit_definitions import LimitDefinition, Rung
from engine.reckoning import BY_HOUR, HOURS

SECOND = timedelta(seconds=1)


def moment(rung: Rung, due_at: datetime, calendar: Calendar) -> datetime:
    """This will return when a rung is to be climbed: when offices open on its day, at the due time itself for zero.

    A rung counted in calendar days that falls on a rest day waits for the next working day.
    """
    term = rung.at
    if term.unit in BY_HOUR:
        span = timedelta(hours=term.amount)
        if term.unit == HOURS or rung.is_before:
            return due_at - span if rung.is_before else due_at + span
        return calendar.add_office_hours(due_at, span)
    if term.amount == 0:
        return due_at + SECOND
    count = -term.amount if rung.is_before else term.amount
    day = due_at.astimezone(CHINA).date()
    day = calendar.workdays(day, count) if term.unit == "workdays" else calendar.add_days(day, count, roll=False)
    day = calendar.roll(day)
    return datetime.combine(day, calendar.year(day.year).hours[0].opens, CHINA)


@dataclass(frozen=True, slots=True)
class Standing:
    """When a rung is to be climbed, and its place in the ladder as it is written."""

    at: datetime
    place: int
    rung: Rung


def left(definition: LimitDefinition, climbed: int, due_at: datetime, calendar: Calendar) -> list[Standing]:
    """This will return the rungs that are still to be climbed, the earliest first.

    `climbed` has a bit for each of the others, by their places: a new calendar may change the order of their moments.
    """
    return [each for each in order(definition, due_at, calendar) if not climbed >> each.place & 1]


def following(definition: LimitDefinition, climbed: int, due_at: datetime, calendar: Calendar) -> Standing | None:
    """This will return the first of the rungs that are still to be climbed."""
    return next((each for each in order(definition, due_at, calendar) if not climbed >> each.place & 1), None)


@lru_cache(maxsize=2048)  # most limits are due at the end of a day, so many climb alike
def order(definition: LimitDefinition, due_at: datetime, calendar: Calendar) -> Sequence[Standing]:
    """This will return all rungs with their moments, the earliest first."""
    found = (Standing(moment(rung, due_at, calendar), place, rung) for place, rung in enumerate(definition.ladder))
    return tuple(sorted(found, key=lambda each: each.at))


def left_out(
    definition: LimitDefinition, due_at: datetime | None, now: datetime, calendar: Calendar, climbed: int = 0
) -> int:
    """This will return a bit for each rung that is not to be climbed any more when a limit is due at `due_at` from now.

    It is one of those `climbed`, or a warning, whose time has passed.
    """
    if due_at is None:
        return climbed
    found = 0
    for it in order(definition, due_at, calendar):
        if it.at > now:
            break
        if it.rung.is_before or climbed >> it.place & 1:
            found |= 1 << it.place
    return found
