"""Times, distances, sizes and values as officials read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from web import formatting


@pytest.fixture(autouse=True)
def _page(app: Any) -> Iterator[None]:
    with app.test_request_context("/"):
        yield


def at(text: str) -> datetime:
    """A moment on the clock of China."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def test_a_moment_is_written_on_the_clock_of_china() -> None:
    assert formatting.moment(datetime(2026, 11, 21, 16, 30, tzinfo=UTC)) == "2026-11-22 00:30"
    assert formatting.day(datetime(2026, 11, 21, 16, 30, tzinfo=UTC)) == "2026-11-22"
    assert formatting.moment(date(2026, 11, 21)) == "2026-11-21"
    assert formatting.moment(None) == ""


# 2026-11-20 is a Friday.
@pytest.mark.parametrize(
    ("due", "now", "tone", "words"),
    [
        ("2026-11-25T23:59:59", "2026-11-20T10:00", "soon", "剩 3 个工作日"),
        ("2026-11-26T23:59:59", "2026-11-20T10:00", "in-time", "剩 4 个工作日"),
        ("2026-11-20T23:59:59", "2026-11-20T10:00", "soon", "今天到期"),
        ("2026-11-20T09:00", "2026-11-20T10:00", "overdue", "今天已超期"),
        ("2026-11-18T23:59:59", "2026-11-20T10:00", "overdue", "超期 2 个工作日"),
        ("2026-11-20T23:59:59", "2026-11-23T00:00", "overdue", "超期 1 个工作日"),
        ("2026-11-20T23:59:59", "2026-11-21T10:00", "overdue", "超期 1 天"),
        ("2026-11-22T23:59:59", "2026-11-21T10:00", "soon", "剩 1 天"),
        # the holidays of the national day: 1 to 7 October, all rest days
        ("2026-10-08T23:59:59", "2026-09-30T10:00", "soon", "剩 1 个工作日"),
    ],
)
def test_distances_count_working_days(due: str, now: str, tone: str, words: str) -> None:
    assert formatting.distance(at(due), at(now)) == formatting.Distance(tone, words)


def test_without_a_due_date_there_is_no_distance() -> None:
    assert formatting.distance(None) == formatting.Distance("none", "")


@pytest.mark.parametrize(("count", "words"), [(1, "1 KB"), (2048, "2 KB"), (5 * 1024 * 1024, "5.0 MB")])
def test_sizes(count: int, words: str) -> None:
    assert formatting.size(count) == words


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        (True, {}, "是"),
        (False, {}, "否"),
        (["a", "b"], {"values": [{"value": "a", "label": "甲"}, {"value": "b", "label": "乙"}]}, "甲、乙"),
        ("a", {"values": [{"value": "a", "label": "甲"}]}, "甲"),
        (120.50, {}, "120.5"),
        (1000, {}, "1000"),
        ("2026-11-21T06:30:00+00:00", {}, "2026-11-21 14:30"),
        ("2026-11-21T14:30", {}, "2026-11-21 14:30"),
        ("plain words", {}, "plain words"),
    ],
)
def test_values_are_written_by_their_field(content: Any, field: dict[str, Any], words: str) -> None:
    assert formatting.value(content, field) == words


def test_an_empty_value_is_a_dash() -> None:
    for content in (None, "", []):
        assert "—" in formatting.value(content)


def test_a_role_is_named_by_its_process_app() -> None:
    assert formatting.role_title("plumber") == "管道工"
    assert formatting.role_title("plumber,manager,@bob") == "管道工、物业经理、bob"
