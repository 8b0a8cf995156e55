"""When a timer is due: ISO 8601 dates, durations and cycles, cron lines, and what FEEL makes of them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine.bpmn import cron
from engine.errors import Invalid

# Dates without zone and cron lines mean the clock on the officials' wall.
ZONE = ZoneInfo("Asia/Shanghai")
FOREVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?=.)(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,9})M)?(?:(?P<weeks>\d{1,9})W)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,12}(?:[.,]\d{1,9})?)S)?)?"
)
_REPEAT = re.compile(r"R(?P<count>\d{0,9})")


class TimerInvalid(Invalid):
    """{text} is not a date, duration or cycle."""


@dataclass(frozen=True, slots=True)
class Duration:
    """An ISO 8601 duration: calendar months and exact seconds, both negative for a negative one."""

    months: int = 0
    seconds: float = 0.0

    def after(self, moment: datetime) -> datetime:
        """This will return `moment` plus this duration; months keep the day where the month has it."""
        try:
            if self.months:
                month = moment.year * 12 + moment.month - 1 + self.months
                year, month = divmod(month, 12)
                day = min(moment.day, calendar.monthrange(year, month + 1)[1])
                moment = moment.replace(year=year, month=month + 1, day=day)
            return moment + timedelta(seconds=self.seconds)
        except (OverflowError, ValueError):
            return FOREVER if self.months > 0 or self.seconds > 0 else datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a timer fires: at `due_at`, then `left` more times (None: for ever) by `every` or by `line` of cron."""

    due_at: datetime
    left: int | None = 0
    every: Duration | None = None
    line: str | None = None
    until: datetime | None = None

    def following(self) -> Schedule | None:
        """This will return the schedule of the next firing, or None after the last one."""
        if self.left == 0:
            return None
        left = None if self.left is None else self.left - 1
        if self.line is not None:
            due_at = cron.following(self.line, self.due_at, ZONE)
        else:
            due_at = (self.every or Duration()).after(self.due_at)
            if due_at <= self.due_at:
                return None
        if due_at is None or due_at >= FOREVER or (self.until is not None and due_at > self.until):
            return None
        return replace(self, due_at=due_at, left=left)


@lru_cache(maxsize=1024)
def duration(text: str) -> Duration:
    """This will read an ISO 8601 duration, or raise TimerInvalid."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise TimerInvalid(text=text)
    part = {
        name: float((value or "0").replace(",", ".")) for name, value in match.groupdict().items() if name != "sign"
    }
    sign = -1 if match["sign"] == "-" else 1
    seconds = part["seconds"] + 60 * part["minutes"] + 3600 * part["hours"] + 86400 * (part["days"] + 7 * part["weeks"])
    return Duration(sign * int(12 * part["years"] + part["months"]), sign * seconds)


def again_at(details: Mapping[str, Any], now: datetime) -> datetime | None:
    """This will return when a call that failed is made again: its header `retryBackoff` is an ISO 8601 duration.

    None where the header says nothing of the kind, or the job has none.
    """
    pause = (details.get("headers") or {}).get("retryBackoff") or ""
    try:
        return max(duration(pause).after(now), now)
    except TimerInvalid:
        return None


def moment(text: str) -> datetime:
    """This will read an ISO 8601 date or date-time as UTC, with FEEL's `@zone` suffix too, or raise TimerInvalid."""
    text = text.strip()
    text, _, zone = text.partition("@")
    text = re.sub(r"\[[^\]]*\]$", "", text)
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or (ZoneInfo(zone) if zone else ZONE)).astimezone(UTC)
    except (ValueError, OverflowError, KeyError, OSError):
        raise TimerInvalid(text=text) from None


def validate(kind: str, text: str) -> None:
    """This will raise TimerInvalid when a literal timer of `kind` (date, duration, cycle) cannot be read."""
    schedule(kind, text, datetime(2026, 1, 1, tzinfo=UTC))


def schedule(kind: str, value: Any, now: datetime) -> Schedule:
    """This will tell when a timer with `value` (text, or what FEEL gave) fires first, and how often then.

    Zero and negative durations fire at once.
    """
    if kind == "cycle":
        return _cycle(value, now)
    if kind == "date":
        return Schedule(min(instant(value), FOREVER))  # later ones no clock east of Greenwich can show
    return Schedule(max(now, _duration(value).after(now)))


def instant(value: Any) -> datetime:
    """This will return the moment that a text, a date or a FEEL date-time names, in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or ZONE).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), ZONE).astimezone(UTC)
    return moment(_text(value))


def _duration(value: Any) -> Duration:
    if isinstance(value, timedelta):
        return Duration(0, value.total_seconds())
    return duration(_text(value))


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float | Decimal | list | dict):
        raise TimerInvalid(text=str(value))
    return str(value)


def _cycle(value: Any, now: datetime) -> Schedule:
    if isinstance(value, timedelta):
        return Schedule(Duration(0, value.total_seconds()).after(now), None, Duration(0, value.total_seconds()))
    text = _text(value).strip()
    parts = text.split("/")
    repeat = _REPEAT.fullmatch(parts[0])
    if repeat is None:
        return _cron(text, now)
    left = int(repeat["count"]) if repeat["count"] else None
    if left == 0:
        raise TimerInvalid(text=text)
    if len(parts) == 2:
        start, every, until = now, duration(parts[1]), None
        first = every.after(now)
    elif len(parts) == 3 and parts[1].lstrip("+-").startswith("P"):
        every, until = duration(parts[1]), moment(parts[2])
        first = every.after(now)
    elif len(parts) == 3 and parts[2].lstrip("+-").startswith("P"):
        start, every, until = moment(parts[1]), duration(parts[2]), None
        first = start if start >= now else _catch_up(start, every, now)
    else:
        raise TimerInvalid(text=text)
    return Schedule(max(first, now), None if left is None else left - 1, every, None, until)


def _catch_up(start: datetime, every: Duration, now: datetime) -> datetime:
    if every.months == 0 and every.seconds > 0:
        missed = -((start - now) // timedelta(seconds=every.seconds))
        return start + timedelta(seconds=every.seconds) * missed
    return now


def _cron(text: str, now: datetime) -> Schedule:
    try:
        due_at = cron.following(text, now, ZONE)
    except cron.CronInvalid:
        raise TimerInvalid(text=text) from None
    if due_at is None:
        raise TimerInvalid(text=text)
    return Schedule(due_at, None, None, text)
