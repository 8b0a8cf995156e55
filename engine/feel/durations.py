"""The two durations of FEEL: days and time (exact nanoseconds), years and months (whole months)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import msgspec

NANOS = 1_000_000_000
DAY = 86_400 * NANOS
_MAX_DIGITS = 18  # longer numbers are no durations of this world

_DURATION = re.compile(
    r"(-)?P(?=.)(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?=.)(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]*))?S)?)?",
    re.ASCII,
)


class DayTimeDuration(msgspec.Struct, frozen=True, order=True):
    """A number of nanoseconds."""

    nanos: int

    def __str__(self) -> str:
        rest = abs(self.nanos)
        if not rest:
            return "PT0S"
        days, rest = divmod(rest, DAY)
        hours, rest = divmod(rest, 3600 * NANOS)
        minutes, rest = divmod(rest, 60 * NANOS)
        seconds, fraction = divmod(rest, NANOS)
        time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        if seconds or fraction:
            time += f"{seconds}{fraction_text(fraction)}S"
        return ("-" if self.nanos < 0 else "") + "P" + (f"{days}D" if days else "") + ("T" + time if time else "")

    def to_python(self) -> timedelta:
        """This will return the same as a timedelta, to the microsecond. Raises OverflowError."""
        return timedelta(microseconds=self.nanos // 1000)

    @property
    def seconds(self) -> Decimal:
        """This will return the length in seconds."""
        return Decimal(self.nanos) / NANOS


class YearMonthDuration(msgspec.Struct, frozen=True, order=True):
    """A number of months."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if self.months < 0 else "") + "P" + (text or "0M")


Duration = DayTimeDuration | YearMonthDuration


def fraction_text(nanos: int) -> str:
    """This will return the fraction of a second as `.5`, or nothing."""
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def fraction_nanos(digits: str | None) -> int:
    """This will read the digits behind the point of a second; what is finer than a nanosecond is cut off."""
    return int((digits or "")[:9].ljust(9, "0"))


def parse_duration(text: str) -> Duration | None:
    """This will read an ISO 8601 duration (XML Schema's two subtypes), or return None."""
    match = _DURATION.fullmatch(text)
    if match is None or any(len(group or "") > _MAX_DIGITS for group in match.groups()):
        return None
    sign = -1 if match[1] else 1
    years, months = match[2], match[3]
    if years or months:
        if any(match[i] for i in (4, 5, 6, 7)):
            return None
        return YearMonthDuration(sign * (int(years or 0) * 12 + int(months or 0)))
    seconds = int(match[4] or 0) * 86_400 + int(match[5] or 0) * 3600 + int(match[6] or 0) * 60 + int(match[7] or 0)
    return DayTimeDuration(sign * (seconds * NANOS + fraction_nanos(match[8])))
