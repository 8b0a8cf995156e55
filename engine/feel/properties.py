"""What stands behind a point: entries of contexts, parts of dates, times, durations and ranges."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .durations import DAY, NANOS, DayTimeDuration, YearMonthDuration
from .environment import State
from .temporal import Date, DateTime, Time
from .values import Range, type_name


def _second(nanos: int) -> Decimal:
    whole, fraction = divmod(nanos % (60 * NANOS), NANOS)
    return Decimal(whole) + Decimal(fraction).scaleb(-9).normalize() if fraction else Decimal(whole)


def _time_offset(time: Time, day: int | None) -> Any:
    offset = time.offset if day is None else time.offset_on(day)
    return None if offset is None else DayTimeDuration(offset * NANOS)


_Parts = dict[str, Callable[[Any], Any]]
_DATE: _Parts = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.weekday),
}
_TIME: _Parts = {
    "hour": lambda value: Decimal(value.nanos // (3600 * NANOS)),
    "minute": lambda value: Decimal(value.nanos // (60 * NANOS) % 60),
    "second": lambda value: _second(value.nanos),
    "time offset": lambda value: _time_offset(value, None),
    "timezone": lambda value: value.zone,
}


def _of_date(part: Callable[[Any], Any]) -> Callable[[DateTime], Any]:
    return lambda value: part(value.date)


def _of_time(part: Callable[[Any], Any]) -> Callable[[DateTime], Any]:
    return lambda value: part(value.time)


_DATE_TIME: _Parts = {
    **{name: _of_date(part) for name, part in _DATE.items()},
    **{name: _of_time(part) for name, part in _TIME.items()},
    "time offset": lambda value: _time_offset(value.time, value.date.days),
}
# a date is a date-time at midnight UTC (DMN 1.5, table 60)
_DATE_ONLY: _Parts = {
    **_DATE,
    "hour": lambda value: Decimal(0),
    "minute": lambda value: Decimal(0),
    "second": lambda value: Decimal(0),
    "time offset": lambda value: DayTimeDuration(0),
}


def _part_of_days(size: int, modulus: int | None) -> Callable[[DayTimeDuration], Decimal]:
    def part(value: DayTimeDuration) -> Decimal:
        count = abs(value.nanos) // size
        count = count if modulus is None else count % modulus
        return Decimal(-count if value.nanos < 0 else count)

    return part


_DAYS: _Parts = {
    "days": _part_of_days(DAY, None),
    "hours": _part_of_days(3600 * NANOS, 24),
    "minutes": _part_of_days(60 * NANOS, 60),
    "seconds": lambda value: _second(abs(value.nanos)).copy_sign(Decimal(value.nanos)),
}
_MONTHS: _Parts = {
    "years": lambda value: Decimal(abs(value.months) // 12 * (-1 if value.months < 0 else 1)),
    "months": lambda value: Decimal(abs(value.months) % 12 * (-1 if value.months < 0 else 1)),
}
_RANGE: _Parts = {
    "start": lambda value: value.start,
    "end": lambda value: value.end,
    "start included": lambda value: value.start_included,
    "end included": lambda value: value.end_included,
}
_PARTS: dict[type, _Parts] = {
    Date: _DATE_ONLY,
    Time: _TIME,
    DateTime: _DATE_TIME,
    DayTimeDuration: _DAYS,
    YearMonthDuration: _MONTHS,
    Range: _RANGE,
}


def property_of(value: Any, name: str, state: State, position: int) -> Any:
    """This will return `value.name`; of a list, that of each element. Null and a warning if there is none."""
    kind = type(value)
    if kind is dict:
        if name in value:
            return value[name]
    elif kind is list:
        state.enter()
        state.spend(len(value))
        result = [property_of(item, name, state, position) for item in value]
        state.leave()
        return result
    else:
        part = _PARTS.get(kind, {}).get(name)
        if part is not None:
            return part(value)
    state.warn("unknown property", position, type=type_name(value), name=name)
    return None
