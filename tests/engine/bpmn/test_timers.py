"""Timers: dates, durations, cycles and cron lines, on the clock of Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import feel
from engine.bpmn import timers
from engine.errors import BihuanError

NOW = datetime(2026, 1, 31, 1, 0, tzinfo=UTC)  # a Saturday, nine in the morning


def due(kind: str, value: Any) -> str:
    return timers.schedule(kind, value, NOW).due_at.isoformat()


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("duration", "PT1H30M", "2026-01-31T02:30:00+00:00"),
        ("duration", "P1M", "2026-02-28T01:00:00+00:00"),
        ("duration", "P1Y2M3DT4H", "2027-04-03T05:00:00+00:00"),
        ("duration", "P2W", "2026-02-14T01:00:00+00:00"),
        ("duration", "PT0S", "2026-01-31T01:00:00+00:00"),
        ("duration", "-PT5M", "2026-01-31T01:00:00+00:00"),
        ("duration", timedelta(minutes=5), "2026-01-31T01:05:00+00:00"),
        ("date", "2026-02-01T09:00:00+08:00", "2026-02-01T01:00:00+00:00"),
        ("date", "2026-02-01T09:00:00", "2026-02-01T01:00:00+00:00"),
        ("date", "2026-02-01", "2026-01-31T16:00:00+00:00"),
        ("date", date(2026, 2, 1), "2026-01-31T16:00:00+00:00"),
        ("date", "2026-02-01T09:00:00@Europe/Paris", "2026-02-01T08:00:00+00:00"),
        ("date", "9999-12-31T23:59:59Z", "9999-12-29T23:59:59.999999+00:00"),
        ("cycle", "R3/PT1H", "2026-01-31T02:00:00+00:00"),
        ("cycle", "R/2026-01-31T00:30:00Z/PT1H", "2026-01-31T01:30:00+00:00"),
        ("cycle", "0 0 9 * * MON-FRI", "2026-02-02T01:00:00+00:00"),
        ("cycle", "0 0/20 * * * *", "2026-01-31T01:20:00+00:00"),
        ("cycle", "0 0 9 L * *", "2026-02-28T01:00:00+00:00"),
        ("cycle", "0 0 9 ? * 2#1", "2026-02-03T01:00:00+00:00"),
        ("cycle", "@daily", "2026-01-31T16:00:00+00:00"),
        ("cycle", "0 0 0 29 2 ?", "2028-02-28T16:00:00+00:00"),
    ],
)
def test_the_first_due_time(kind: str, value: Any, expected: str) -> None:
    assert due(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("duration", "P"),
        ("duration", "PT"),
        ("duration", "1 hour"),
        ("duration", None),
        ("duration", 5),
        ("date", "soon"),
        ("cycle", "R0/PT1H"),
        ("cycle", "* * *"),
        ("cycle", "0 0 25 * * *"),
        ("cycle", "0 0 0 31 2 *"),
    ],
)
def test_what_is_no_timer_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(timers.TimerInvalid):
        timers.schedule(kind, value, NOW)


def firings(text: str, limit: int = 5) -> list[datetime]:
    found = []
    following: timers.Schedule | None = timers.schedule("cycle", text, NOW)
    while following is not None and len(found) < limit:
        found.append(following.due_at)
        following = following.following()
    return found


def test_cycles_end_after_their_number_or_their_date() -> None:
    assert len(firings("R3/PT1H")) == 3
    assert len(firings("R/PT1H")) == 5
    assert len(firings("R/PT1H/2026-01-31T03:30:00Z")) == 2
    assert firings("0 0 9 * * *", 2) == [NOW + timedelta(days=1), NOW + timedelta(days=2)]


def test_values_of_feel_are_understood() -> None:
    environment = feel.Environment(now=NOW)
    for text in ('duration("PT1H")', 'date and time("2026-01-31T10:00:00+08:00")', 'now() + @"PT1H"'):
        kind = "duration" if text.startswith("duration") else "date"
        assert due(kind, feel.parse(text).evaluate({}, environment)) == "2026-01-31T02:00:00+00:00", text


@given(st.text(alphabet="RPTYMDHWS0123456789/-+:Z*?,L# ", max_size=30), st.sampled_from(["date", "duration", "cycle"]))
def test_any_text_is_a_timer_or_refused(text: str, kind: str) -> None:
    try:
        found = timers.schedule(kind, text, NOW)
    except BihuanError:
        return
    assert found.due_at.tzinfo is not None
    for _ in range(3):
        following = found.following()
        if following is None:
            return
        assert following.due_at > found.due_at
        found = following
