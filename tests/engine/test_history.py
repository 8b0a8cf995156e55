"""The history tells who did what and when, and shows every change made to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from engine import Engine, NotYourCase, history, queries


@pytest.fixture
def case_id(engine: Engine, cast: Any) -> Any:
    """A case of which some history is written."""
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.claim_task(task.id, by=cast.bob)
    engine.comment(case.id, by=cast.alice, text="请尽快")
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    return case.id


def test_every_event_says_who_and_when(engine: Engine, cast: Any, case_id: Any, clock: Any) -> None:
    events = engine.read(queries.case, cast.alice, case_id).history
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    who = {event.kind: event.actor for event in events}
    assert who["started"] == "甲@某镇"
    assert who["claimed"] == "乙@某县应急管理局"
    assert {event.at for event in events} == {clock.now}
    [completed] = [event for event in events if event.kind == "completed" and event.element == "fix"]
    assert '"outcome":"修好"' in completed.detail
    assert '"处理":"换管"' in completed.detail
    assert completed.task_id is not None
    [comment] = [event for event in events if event.kind == "commented"]
    assert "请尽快" in comment.detail


def test_an_untouched_history_is_in_order(engine: Engine, cast: Any, case_id: Any) -> None:
    count = engine.read(history.verify, case_id)
    assert count == len(engine.read(queries.case, cast.alice, case_id).history) > 5


@pytest.mark.parametrize(
    ("damage", "seq"),
    [
        ("UPDATE history SET actor = 'charlie' WHERE seq = 4", 4),
        ("UPDATE history SET detail = '{}' WHERE kind = 'commented'", None),
        ("DELETE FROM history WHERE seq = 4", 4),
        ("DELETE FROM history WHERE seq = (SELECT max(seq) FROM history)", None),
    ],
)
def test_damage_to_the_history_is_found(engine: Engine, case_id: Any, damage: str, seq: int | None) -> None:
    with engine.database.begin() as connection:
        connection.execute(text(damage))
    with pytest.raises(history.HistoryBroken) as broken:
        engine.read(history.verify, case_id)
    assert seq is None or broken.value.details["seq"] == seq


def test_charlie_may_neither_read_nor_comment(engine: Engine, cast: Any, case_id: Any) -> None:
    with pytest.raises(NotYourCase):
        engine.read(queries.case, cast.charlie, case_id)
    with pytest.raises(NotYourCase):
        engine.comment(case_id, by=cast.charlie, text="我也要说")
    assert engine.read(queries.case, cast.diana, case_id).case.id == case_id


def test_a_hash_is_what_it_has_always_been() -> None:
    """Histories written by earlier versions, and what auditors took away of them, are checked by it."""
    event = {
        "case_id": UUID(int=1),
        "seq": 1,
        "at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "kind": "started",
        "actor_id": 7,
        "actor": '甲 "某局"\t\\\x01\u2028',
        "element": "报告",
        "name": "😀/",
        "task_id": UUID(int=2),
        "detail": '{"a":1.50}',
        "followed": "",
        "origin": "page 127.0.0.1",
    }
    assert history.digest("ab", event) == "9fdd73d51cabab4134fecbadd5ce4d32bb3ab24b3113f0a1b2e7869f35b68925"
    without_origin = history.digest("ab", {**event, "origin": ""})
    assert without_origin == "e225245406e7d41ed4362068a0f564152416b508fa831d0fe78a75fc36d56845"
    followed = history.digest("ab", {**event, "followed": '[["entered","x","",{}]]'})
    assert followed == "0cf7fa048ef937cc0a23c1d55af7a0ebb1dc3e0f48a29604f7313a952bab3c98"
    texts = {history.digest("ab", {**event, "origin": a, "followed": b}) for a, b in (("", "x"), ("x", ""), ("x", "x"))}
    assert len(texts) == 3, "one cannot be taken for the other"
