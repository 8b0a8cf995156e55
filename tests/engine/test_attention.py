"""Copies to read, urges, kept filters, and many at once: who may, who may not, and when."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from engine import (
    CopyInvalid,
    Engine,
    KeptFilterInvalid,
    KeptFilterNotFound,
    MayNotUrge,
    NotYourCase,
    NotYourUnit,
    OwnTask,
    ReadingNotFound,
    Task,
    TaskDone,
    TaskTaken,
    TooManyAtOnce,
    UrgedTooOften,
    UrgedTooSoon,
    UrgeInvalid,
    queries,
)

REPORT = {"地点": "三楼", "情况": "漏水"}
FIXED: dict[str, Any] = {"data": {"处理": "换管"}, "outcome": "修好"}


@pytest.fixture
def task(engine: Engine, cast: Any) -> Task:
    """A repair that waits in the queue of bob and bella."""
    engine.start_case("repair", REPORT, by=cast.alice)
    found: Task = engine.read(queries.inbox, cast.bob).items[-1]
    return found


def test_a_copy_lets_its_reader_see_the_case_and_nothing_else(engine: Engine, cast: Any, task: Task) -> None:
    with pytest.raises(NotYourCase):
        engine.read(queries.case, cast.charlie, task.case_id)
    assert engine.read(queries.cases, cast.charlie).items == []
    [copy] = engine.copy_case(task.case_id, ["charlie"], by=cast.bob, note="请阅")
    charlie = cast.charlie
    assert engine.read(queries.case, charlie, task.case_id).case.id == task.case_id
    assert [case.id for case in engine.read(queries.cases, charlie).items] == [task.case_id]
    shown = engine.read(queries.task, charlie, task.id)
    assert (shown.may, shown.also) == (frozenset(), frozenset())
    for verb in (
        lambda: engine.comment(task.case_id, by=charlie, text="?"),
        lambda: engine.copy_case(task.case_id, ["bella"], by=charlie),
    ):
        with pytest.raises(NotYourCase):
            verb()
    assert (copy.note, engine.read(queries.unread_count, charlie)) == ("请阅", 1)


def test_a_receipt_is_given_once_by_its_reader_alone(engine: Engine, cast: Any, clock: Any, task: Task) -> None:
    [copy] = engine.copy_case(task.case_id, ["charlie", "charlie"], by=cast.bob)
    assert engine.copy_case(task.case_id, ["charlie"], by=cast.bob) == []  # unread still
    for by in (cast.bella, cast.olga):
        with pytest.raises(ReadingNotFound):
            engine.mark_read(copy.id, by=by)
    read_at = clock.advance(hours=1)
    assert engine.mark_read(copy.id, by=cast.charlie).read_at == read_at
    clock.advance(hours=1)
    assert engine.mark_read(copy.id, by=cast.charlie).read_at == read_at
    assert engine.read(queries.unread_count, cast.charlie) == 0
    [(receipt, name)] = engine.read(queries.case_readings, cast.bob, task.case_id)
    assert (name, receipt.read_at) == ("丁", read_at)
    history = engine.read(queries.case, cast.bob, task.case_id).history
    assert [(event.kind, event.actor) for event in history if event.kind in ("copied", "read")] == [
        ("copied", "乙@某县应急管理局"),
        ("read", "丁@邻县"),
    ]
    assert len(engine.copy_case(task.case_id, ["charlie"], by=cast.bob)) == 1  # news after it was read


def test_copies_are_listed_unread_first_page_by_page(engine: Engine, cast: Any) -> None:
    copies = []
    for _ in range(5):
        case = engine.start_case("repair", REPORT, by=cast.alice)
        copies += engine.copy_case(case.id, ["clerk@420102"], by=cast.alice)
    for copy in (copies[1], copies[4]):
        engine.mark_read(copy.id, by=cast.charlie)
    seen, after = [], None
    while True:
        page = engine.read(queries.readings, cast.charlie, after=after, limit=2)
        seen += [copies.index(next(copy for copy in copies if copy.id == row.id)) for row in page.items]
        after = page.next
        if after is None:
            break
    assert (seen, page.total) == ([3, 2, 0, 4, 1], 5)
    assert len(engine.read(queries.readings, cast.charlie, unread=True).items) == 3


def test_copies_for_nobody_are_refused(engine: Engine, cast: Any, task: Task) -> None:
    for to in ([], [" "], ["nobody"], ["ghost@4201"], ["officer@?"]):
        with pytest.raises(CopyInvalid):
            engine.copy_case(task.case_id, to, by=cast.bob)
    with pytest.raises(NotYourCase):
        engine.copy_case(task.case_id, ["bella"], by=cast.charlie)


def test_who_waits_urges_but_not_too_often(engine: Engine, cast: Any, clock: Any, task: Task) -> None:
    for by in (cast.bob, cast.bella):
        with pytest.raises(OwnTask):
            engine.urge_task(task.id, by=by)
    with pytest.raises(MayNotUrge):
        engine.urge_task(task.id, by=cast.charlie)
    with pytest.raises(UrgeInvalid):
        engine.urge_task(task.id, by=cast.alice, text="快" * 501)
    verbs = {
        login: engine.read(queries.task, getattr(cast, login), task.id).also for login in ("alice", "bob", "diana")
    }
    assert verbs == {"alice": {"urge", "copy"}, "bob": {"copy"}, "diana": {"urge", "copy"}}
    assert engine.urge_task(task.id, by=cast.alice, text="快点").urged_count == 1
    assert engine.read(queries.task, cast.alice, task.id).also == {"copy"}
    for by in (cast.alice, cast.diana):
        with pytest.raises(UrgedTooSoon):
            engine.urge_task(task.id, by=by)
    for _ in range(2):
        clock.advance(minutes=10)
        engine.urge_task(task.id, by=cast.alice)
    clock.advance(minutes=10)
    with pytest.raises(UrgedTooOften):
        engine.urge_task(task.id, by=cast.alice)
    engine.urge_task(task.id, by=cast.diana)  # who oversees the county has not urged it yet
    [shown] = engine.read(queries.inbox, cast.bob).items
    assert (shown.urged_count, shown.urged_at) == (4, clock())
    history = engine.read(queries.case, cast.alice, task.case_id).history
    assert [json.loads(event.detail)["text"] for event in history if event.kind == "urged"] == ["快点", "", "", ""]
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    with pytest.raises(TaskDone):
        engine.urge_task(task.id, by=cast.diana)


def test_who_did_an_earlier_step_may_urge_a_later_one(engine: Engine, cast: Any, task: Task) -> None:
    engine.give_role("charlie", "officer", "420101-yj", by=cast.olga)
    engine.complete_task(task.id, by=cast.charlie, **FIXED)
    engine.take_role("charlie", "officer", "420101-yj", by=cast.olga)
    [check] = engine.read(queries.inbox, cast.bella).items
    assert engine.urge_task(check.id, by=cast.charlie).urged_count == 1


def test_filters_are_kept_for_oneself_or_shared_with_ones_unit(engine: Engine, cast: Any) -> None:
    mine = engine.save_filter("超期的", {"due": "overdue"}, by=cast.bob)
    engine.save_filter("大修", {"q": "大修"}, by=cast.bob, unit="420101-yj")
    assert [(each.name, each.is_mine) for each in engine.read(queries.kept_filters, cast.bella)] == [("大修", False)]
    assert engine.read(queries.kept_filters, cast.charlie) == []
    assert engine.save_filter("超期的", {"due": "soon"}, by=cast.bob).id == mine.id
    kept = {each.name: each for each in engine.read(queries.kept_filters, cast.bob)}
    assert (kept["超期的"].asked, kept["大修"].unit) == ({"due": "soon"}, "某县应急管理局")
    with pytest.raises(NotYourUnit):
        engine.save_filter("邻", {}, by=cast.bob, unit="420102")
    for name, more in ((" ", {}), ("x" * 101, {}), ("x", {"list": "planets"})):
        with pytest.raises(KeptFilterInvalid):
            engine.save_filter(name, {}, by=cast.bob, **more)
    with pytest.raises(KeptFilterNotFound):
        engine.remove_filter(mine.id, by=cast.bella)
    engine.remove_filter(mine.id, by=cast.bob)
    assert [each.name for each in engine.read(queries.kept_filters, cast.bob)] == ["大修"]


def test_many_at_once_tell_of_each(engine: Engine, cast: Any) -> None:
    for _ in range(3):
        engine.start_case("repair", REPORT, by=cast.alice)
    ids = [task.id for task in engine.read(queries.inbox, cast.bob).items]
    engine.claim_task(ids[1], by=cast.bella)
    done = engine.claim_tasks([*ids, ids[0], uuid4()], by=cast.bob)
    assert [type(each.error).__name__ for each in done] == ["NoneType", "TaskTaken", "NoneType", "TaskNotFound"]
    assert isinstance(done[1].error, TaskTaken)
    assert [each.is_done for each in engine.urge_tasks(ids, by=cast.alice)] == [True] * 3
    moved = engine.transfer_tasks(ids, "bella", by=cast.bob, note="休假")
    assert [each.is_done for each in moved] == [True, False, True]
    assert len(engine.read(queries.inbox, cast.bella, show="mine").items) == 3
    assert [each.is_done for each in engine.release_tasks(ids, by=cast.bob)] == [False] * 3
    with pytest.raises(TooManyAtOnce):
        engine.claim_tasks([uuid4() for _ in range(201)], by=cast.bob)
