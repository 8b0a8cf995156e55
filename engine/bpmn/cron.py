"""Cron lines of six fields as Spring and Quartz write them: second minute hour day month weekday."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.errors import Invalid

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_MACROS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_YEARS = 9


class CronInvalid(Invalid):
    """{text} is not a cron line of six fields."""


class _Line(NamedTuple):
    seconds: list[int]
    minutes: list[int]
    hours: list[int]
    days: list[int]
    last_day: bool
    months: list[int]
    weekdays: list[int]
    nth: list[tuple[int, int]]


@lru_cache(maxsize=512)
def _read(text: str) -> _Line:
    fields = _MACROS.get(text.strip().lower(), text).upper().split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) == 7 and fields[6] in "*?":
        fields.pop()
    if len(fields) != 6:
        raise CronInvalid(text=text)
    try:
        weekdays, nth = _weekdays(fields[5])
        return _Line(
            _field(fields[0], 0, 59),
            _field(fields[1], 0, 59),
            _field(fields[2], 0, 23),
            [] if fields[3] == "L" else _field(fields[3], 1, 31),
            fields[3] == "L",
            _field(fields[4], 1, 12, _MONTHS, 1),
            weekdays,
            nth,
        )
    except ValueError:
        raise CronInvalid(text=text) from None


def _weekdays(text: str) -> tuple[list[int], list[tuple[int, int]]]:
    nth: list[tuple[int, int]] = []
    plain: list[str] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\w+)#([1-5])|(\w+)L", part)
        if match is None:
            plain.append(part)
        elif match[1]:
            nth.append((_number(match[1], _DAYS, 0) % 7, int(match[2])))
        else:
            nth.append((_number(match[3], _DAYS, 0) % 7, -1))
    if not plain:
        return [], nth
    return sorted({day % 7 for day in _field(",".join(plain), 0, 7, _DAYS, 0)}), nth


def _number(text: str, names: list[str], base: int) -> int:
    return names.index(text) + base if text in names else int(text)


def _field(text: str, low: int, high: int, names: list[str] | None = None, base: int = 0) -> list[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        every = int(step) if step else 1
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            first, last = (_number(end, names or [], base) for end in span.split("-", 1))
        else:
            first = _number(span, names or [], base)
            last = high if step else first
        if not (low <= first <= last <= high) or every < 1:
            raise ValueError(text)
        found.update(range(first, last + 1, every))
    return sorted(found)


def _fits(line: _Line, day: date) -> bool:
    if day.month not in line.months:
        return False
    length = calendar.monthrange(day.year, day.month)[1]
    if not (day.day in line.days or (line.last_day and day.day == length)):
        return False
    weekday = day.isoweekday() % 7
    if weekday in line.weekdays:
        return True
    week = (day.day - 1) // 7 + 1
    return any(weekday == want and (n == week or (n == -1 and day.day + 7 > length)) for want, n in line.nth)


def following(text: str, after: datetime, zone: ZoneInfo) -> datetime | None:
    """This will return the first moment later than `after` that fits, in UTC; None when there is none in nine years.

    Raises CronInvalid.
    """
    line = _read(text)
    start = after.astimezone(zone) + timedelta(seconds=1)
    start = start.replace(microsecond=0)
    day = start.date()
    for _ in range(366 * _YEARS):
        if _fits(line, day):
            earliest = start.time() if day == start.date() else time()
            for hour in line.hours:
                if hour < earliest.hour:
                    continue
                for minute in line.minutes:
                    for second in line.seconds:
                        moment = time(hour, minute, second)
                        if moment >= earliest:
                            return datetime.combine(day, moment, zone).astimezone(UTC)
        try:
            day += timedelta(days=1)
        except OverflowError:
            return None
    return None
