"""Times as scenarios say them: `PT1H`, `3 workdays`, `2026-03-09 17:00`, in Asia/Shanghai."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from engine.bpmn import timers
from engine.calendars import SHIPPED, ZONE, Calendar, end_of_day
from engine.trials import StepRefused

DAY = re.compile(r"\d{4}-\d\d-\d\d")
MINUTE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
WORKDAYS = re.compile(r"(\d+) workdays?")


def after(start: datetime, text: str, calendar: Calendar) -> datetime:
    """This will return the moment `text` (PT1H, P3D, 3 workdays) after `start`. Raises TimerInvalid, TooManyDays."""
    counted = WORKDAYS.fullmatch(text)
    if counted is None:
        return timers.duration(text).after(start)
    local = start.astimezone(ZONE)
    return datetime.combine(calendar.workdays(local.date(), int(counted[1])), local.timetz()).astimezone(UTC)


def goal(now: datetime, said: Any, calendar: Calendar = SHIPPED) -> datetime:
    """This will return where `advance` moves the clock, by the calendar in force.

    Raises StepRefused, TimerInvalid, TooManyDays.
    """
    if not isinstance(said, dict):
        return after(now, str(said), calendar)
    found = timers.moment(str(said["to"]))
    if found < now:
        raise StepRefused(reason=f"the clock stands at {shown(now)} and does not go back to {said['to']}")
    return found


def is_due(due_at: datetime | None, begins_at: datetime, wanted: Any, calendar: Calendar) -> bool:
    """This will tell whether something is due when `wanted` says: a day, a minute, a time after it began, or null.

    So many working days, by the calendar in force, end with the last second of the day, and so does a day.
    """
    if due_at is None or wanted is None:
        return due_at is None and wanted is None
    text = str(wanted)
    if DAY.fullmatch(text):
        return due_at == end_of_day(date.fromisoformat(text))
    if MINUTE.fullmatch(text):
        return due_at.replace(microsecond=0) == timers.moment(text)
    if WORKDAYS.fullmatch(text):
        return due_at == end_of_day(after(begins_at, text, calendar).astimezone(ZONE).date())
    return due_at == after(begins_at, text, calendar)


def shown(at: datetime | None) -> str:
    """This will return a moment as scenarios write it: the day alone when it is the end of the day."""
    if at is None:
        return "no due date"
    local = at.astimezone(ZONE)
    is_end = local == end_of_day(local.date())
    return local.strftime("%Y-%m-%d" if is_end else "%Y-%m-%d %H:%M")
