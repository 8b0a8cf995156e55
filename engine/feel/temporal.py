"""Dates, times and date-times of FEEL: proleptic Gregorian years to 999,999,999, nanoseconds, offsets and zones."""

from __future__ import annotations

import functools
import re
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

from .durations import DAY, NANOS, DayTimeDuration, YearMonthDuration, fraction_nanos, fraction_text

MAX_YEAR = 999_999_999
_DATE = r"(-?(?:[1-9][0-9]{3,8}|0[0-9]{3}))-([0-9]{2})-([0-9]{2})"
_TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?|@[A-Za-z0-9_/+-]+)?"
_DATE_TEXT = re.compile(_DATE, re.ASCII)
_TIME_TEXT = re.compile(_TIME, re.ASCII)
_MAX_OFFSET = 18 * 3600
_TWO = tuple(f"{number:02d}" for number in range(100))


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@functools.lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name in _zones() else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def days_of(year: int, month: int, day: int) -> int:
    """This will count days since 1970-01-01 (Howard Hinnant's days_from_civil)."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def length_of_month(year: int, month: int) -> int:
    """This will return the number of days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


class Date(msgspec.Struct, frozen=True, order=True):
    """A calendar day."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        year = str(self.year) if self.year > 999 else f"{'-' if self.year < 0 else ''}{abs(self.year):04d}"
        return f"{year}-{_TWO[self.month]}-{_TWO[self.day]}"

    @property
    def days(self) -> int:
        """This will return the days since 1970-01-01."""
        return days_of(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """This will return 1 for Monday to 7 for Sunday."""
        return (self.days + 3) % 7 + 1

    def plus_months(self, months: int) -> Date | None:
        """This will add months and keep the day, or take the last of a shorter month."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        if abs(year) > MAX_YEAR:
            return None
        return Date(year, month + 1, min(self.day, length_of_month(year, month + 1)))

    def to_python(self) -> date:
        """This will return the same as a date. Raises ValueError outside the years 1 to 9999."""
        return date(self.year, self.month, self.day)


class Time(msgspec.Struct, frozen=True):
    """A time of day: `nanos` since midnight, with an `offset` in seconds, a zone name, or neither."""

    nanos: int
    offset: int | None = None
    zone: str | None = None

    def __str__(self) -> str:
        seconds, fraction = divmod(self.nanos, NANOS)
        minutes = seconds // 60
        clock = f"{_TWO[minutes // 60]}:{_TWO[minutes % 60]}:{_TWO[seconds % 60]}"
        if fraction:
            clock += fraction_text(fraction)
        return clock + zone_text(self.offset, self.zone)

    @property
    def is_local(self) -> bool:
        """This will be true without offset and zone."""
        return self.offset is None and self.zone is None

    def instant(self) -> int:
        """This will return nanoseconds on the UTC clock; a zone counts with its offset on 2000-01-01."""
        return self.nanos - (self.offset_on(10_957) or 0) * NANOS

    def offset_on(self, day: int) -> int | None:
        """This will return the offset in seconds on a day counted since 1970-01-01."""
        return self.offset if self.zone is None else zone_offset(self.zone, day, self.nanos)

    def to_python(self) -> time:
        """This will return the same as a time, to the microsecond."""
        seconds, fraction = divmod(self.nanos, NANOS)
        zone = ZoneInfo(self.zone) if self.zone else None if self.offset is None else _fixed(self.offset)
        return time(seconds // 3600, seconds // 60 % 60, seconds % 60, fraction // 1000, tzinfo=zone)


class DateTime(msgspec.Struct, frozen=True):
    """A day and a time of day."""

    date: Date
    time: Time

    def __str__(self) -> str:
        return f"{self.date!s}T{self.time!s}"

    def local(self) -> int:
        """This will return nanoseconds since 1970-01-01T00:00 of its own clock."""
        return self.date.days * DAY + self.time.nanos

    @property
    def offset(self) -> int | None:
        """This will return the offset in seconds, None for a local time."""
        return self.time.offset_on(self.date.days)

    def instant(self) -> int:
        """This will return nanoseconds since 1970-01-01T00:00Z; a local time counts as UTC."""
        return self.local() - (self.offset or 0) * NANOS

    def to_python(self) -> datetime:
        """This will return the same as a datetime, to the microsecond. Raises ValueError outside years 1 to 9999."""
        return datetime.combine(self.date.to_python(), self.time.to_python())


Temporal = Date | Time | DateTime


def zone_offset(zone: str, day: int, nanos: int) -> int:
    """This will return the offset in seconds of a zone at a local time; outside 1900-2200 that of a like day."""
    shown = date_of(day)
    year = shown.year if 1900 <= shown.year <= 2200 else 2000 + shown.year % 28
    moment = datetime(year, shown.month, min(shown.day, 28)) + timedelta(days=shown.day - min(shown.day, 28))
    info = _zone(zone)
    offset = (moment + timedelta(microseconds=nanos // 1000)).replace(tzinfo=info).utcoffset()
    return int(offset.total_seconds()) if offset else 0


@functools.lru_cache(maxsize=512)
def zone_text(offset: int | None, zone: str | None) -> str:
    """This will write an offset or zone as ISO 8601 and FEEL do."""
    if zone is not None:
        return "@" + zone
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    size = abs(offset)
    seconds = f":{size % 60:02d}" if size % 60 else ""
    return f"{'-' if offset < 0 else '+'}{size // 3600:02d}:{size // 60 % 60:02d}{seconds}"


def date_of(days: int) -> Date:
    """This will return the day that is `days` after 1970-01-01 (Howard Hinnant's civil_from_days)."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return Date(year + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1)


def make_date(year: int, month: int, day: int) -> Date | None:
    """This will return the day if it exists."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= length_of_month(year, month):
        return None
    return Date(year, month, day)


def parse_date(text: str) -> Date | None:
    """This will read `2024-02-29`, or return None."""
    if len(text) == 10 and text[4] == "-" == text[7]:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            pass  # the year 0 is one of FEEL
        else:
            return Date(day.year, day.month, day.day)
    match = _DATE_TEXT.fullmatch(text)
    return make_date(int(match[1]), int(match[2]), int(match[3])) if match else None


def parse_time(text: str) -> Time | None:
    """This will read `10:30:00.5+08:00`, `...Z` or `...@Asia/Shanghai`, or return None."""
    match = _TIME_TEXT.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    if hour > 23 or minute > 59 or second > 59:
        return None
    nanos = ((hour * 60 + minute) * 60 + second) * NANOS + fraction_nanos(match[4])
    suffix = match[5]
    if suffix is None:
        return Time(nanos)
    if suffix == "Z":
        return Time(nanos, 0)
    if suffix[0] == "@":
        return Time(nanos, None, suffix[1:]) if _zone(suffix[1:]) else None
    parts = [int(part) for part in suffix[1:].split(":")]
    offset = parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) == 3 else 0)
    if offset > _MAX_OFFSET or parts[1] > 59:
        return None
    return Time(nanos, -offset if suffix[0] == "-" else offset)


def parse_date_time(text: str) -> DateTime | None:
    """This will read a date, `T` and a time, or return None."""
    day, separator, clock = text.partition("T")
    if not separator:
        return None
    parsed_date = parse_date(day)
    if clock.startswith("24:00:00") and set(clock[8:9]) <= set("Z+-@"):
        parsed_time = parse_time("00:00:00" + clock[8:])
        parsed_date = parsed_date and date_of(parsed_date.days + 1)
    else:
        parsed_time = parse_time(clock)
    return DateTime(parsed_date, parsed_time) if parsed_date and parsed_time else None


def date_time_of(value: datetime) -> DateTime:
    """This will return the FEEL value of a datetime."""
    return DateTime(Date(value.year, value.month, value.day), _time_of(value, value.utcoffset()))


def from_python(value: date | time | datetime | timedelta) -> Date | Time | DateTime | DayTimeDuration:
    """This will return the FEEL value of a value of Python's datetime module."""
    if isinstance(value, datetime):
        return date_time_of(value)
    if isinstance(value, date):
        return Date(value.year, value.month, value.day)
    if isinstance(value, time):
        return _time_of(value, value.utcoffset())
    return DayTimeDuration(((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds) * 1000)


def add_duration(
    value: Date | Time | DateTime, duration: DayTimeDuration | YearMonthDuration, sign: int
) -> Date | Time | DateTime | None:
    """This will add (`sign` 1) or take away (-1) a duration (DMN 1.5, table 59); None where FEEL has no result."""
    if isinstance(duration, YearMonthDuration):
        if isinstance(value, Time):
            return None
        day = value if isinstance(value, Date) else value.date
        moved = day.plus_months(sign * duration.months)
        return DateTime(moved, value.time) if moved and isinstance(value, DateTime) else moved
    nanos = sign * duration.nanos
    if isinstance(value, Time):
        return Time((value.nanos + nanos) % DAY, value.offset, value.zone)
    local = (value.local() if isinstance(value, DateTime) else value.days * DAY) + nanos
    days, rest = divmod(local, DAY)
    shifted = date_of(days)
    if abs(shifted.year) > MAX_YEAR:
        return None
    if isinstance(value, Date):
        return shifted
    return DateTime(shifted, Time(rest, value.time.offset, value.time.zone))


def _time_of(value: time | datetime, offset: timedelta | None) -> Time:
    nanos = ((value.hour * 60 + value.minute) * 60 + value.second) * NANOS + value.microsecond * 1000
    if type(value.tzinfo) is not timezone:
        name = getattr(value.tzinfo, "key", None)
        if isinstance(name, str) and name != "UTC":
            return Time(nanos, None, name)
    if offset is None:
        return Time(nanos)
    seconds = offset.days * 86_400 + offset.seconds
    return Time(nanos, seconds + 1 if seconds < 0 and offset.microseconds else seconds)


def _fixed(offset: int) -> timezone:
    return timezone(timedelta(seconds=offset))
