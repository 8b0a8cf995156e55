"""Claim, release, complete: who may, who may not, and exactly once."""

from __future__ import annotations

from decimal import Decimal
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest

from engine import (
    CaseNotFound,
    Engine,
    FormInvalid,
    FourEyes,
    NotReleasable,
    NotYours,
    Task,
    TaskDone,
    TaskNotFound,
    TaskTaken,
    queries,
)

REPORT = {"地点": "三楼", "情况": "漏水", "估价": "1200.50"}


def fix_of(engine: Engine, cast: Any) -> Task:
    """This will report something and return the task of fixing it."""
    engine.start_case("repair", REPORT, by=cast.alice)
    found: Task = engine.read(queries.inbox, cast.bob).items[-1]
    return found


def test_charlie_cannot_claim_a_task_of_bobs_queue(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    with pytest.raises(NotYours) as refused:
        engine.claim_task(task.id, by=cast.charlie)
    assert refused.value.details["needed"] == "维修员@某县应急管理局"


def test_a_claimed_task_leaves_the_queue_for_others(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.claim_task(task.id, by=cast.bob)
    assert engine.read(queries.inbox, cast.bella).items == []
    assert [each.id for each in engine.read(queries.inbox, cast.bob, show="mine").items] == [task.id]
    with pytest.raises(TaskTaken) as taken:
        engine.claim_task(task.id, by=cast.bella)
    assert taken.value.details["by"] == "乙"


def test_claiming_twice_is_claiming_once(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.claim_task(task.id, by=cast.bob)
    assert engine.claim_task(task.id, by=cast.bob).assignee_id == cast.bob.person_id
    history = engine.read(queries.case, cast.alice, task.case_id).history
    assert [event.kind for event in history].count("claimed") == 1


def test_a_released_task_is_back_in_its_queue(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.claim_task(task.id, by=cast.bob)
    with pytest.raises(NotYours):
        engine.release_task(task.id, by=cast.charlie)
    engine.release_task(task.id, by=cast.bob)
    assert [each.id for each in engine.read(queries.inbox, cast.bella).items] == [task.id]


def test_a_task_given_to_somebody_cannot_be_released(engine: Engine, cast: Any) -> None:
    case = engine.start_case("orphan", {}, by=cast.alice)
    [alone] = engine.read(queries.case, cast.alice, case.id).tasks
    engine.load_people([], [{"login": "gus", "name": "庚", "roles": [("ghost", "420101")]}])
    engine.complete_task(alone.id, by=cast.gus, data={})
    [named] = engine.read(queries.inbox, cast.alice).items
    with pytest.raises(NotReleasable):
        engine.release_task(named.id, by=cast.alice)


def test_wrong_form_data_is_told_at_the_field_and_changes_nothing(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    with pytest.raises(FormInvalid) as invalid:
        engine.complete_task(task.id, by=cast.bob, data={"处理": ""}, outcome="修好")
    assert list(invalid.value.errors) == ["处理"]
    assert engine.read(queries.task, cast.bob, task.id).task.state == "open"
    with pytest.raises(FormInvalid):
        engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="随便")


def test_only_what_the_form_asks_reaches_the_case(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    sent = {"处理": "换管", "initiator": {"login": "bob"}, "估价": 1}
    engine.complete_task(task.id, by=cast.bob, data=sent, outcome="修好")
    data = engine.read(queries.case, cast.bob, task.case_id).data
    assert data["处理"] == "换管"
    assert data["outcome"] == "修好"
    assert data["initiator"] == {"login": "alice", "name": "甲", "unit": "420101001"}
    assert data["估价"] == Decimal("1200.5")


def test_who_fixed_it_may_not_accept_it(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    [check] = engine.read(queries.inbox, cast.bob).items
    for verb in (lambda: engine.claim_task(check.id, by=cast.bob), lambda: _accept(engine, check, cast.bob)):
        with pytest.raises(FourEyes) as refused:
            verb()
        assert refused.value.details["element"] == "维修"
    case = _accept(engine, check, cast.bella)
    assert case.state == "closed"
    assert engine.read(queries.case, cast.bella, case.id).data["验收结论"] == "合格"


def _accept(engine: Engine, task: Task, by: Any) -> Any:
    return engine.complete_task(task.id, by=by, data={}, outcome="合格")


def test_a_done_task_says_who_did_it_and_when(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    with pytest.raises(TaskDone) as done:
        engine.complete_task(task.id, by=cast.bella, data={"处理": "换管"}, outcome="修好")
    assert done.value.details == {"by": "乙", "at": "2026-03-02 09:00"}


def test_an_unknown_task_is_not_found(engine: Engine, cast: Any) -> None:
    with pytest.raises(TaskNotFound):
        engine.claim_task(uuid4(), by=cast.bob)
    with pytest.raises(CaseNotFound):
        engine.read(queries.case, cast.bob, uuid4())


def test_a_draft_is_kept_for_one_person_until_the_task_is_done(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.save_draft(str(task.id), by=cast.bob, data={"处理": "换"})
    assert engine.read(queries.task, cast.bob, task.id).draft == {"处理": "换"}
    assert engine.read(queries.task, cast.bella, task.id).draft is None
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert engine.read(queries.draft, cast.bob, str(task.id)) is None


def test_of_many_who_complete_at_once_exactly_one_wins(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    bob, bella = cast.bob, cast.bella
    won: list[str] = []
    lost: list[TaskDone] = []
    together = Barrier(8)

    def complete(by: Any) -> None:
        together.wait()
        try:
            engine.complete_task(task.id, by=by, data={"处理": by.login}, outcome="修好")
            won.append(by.login)
        except TaskDone as late:
            lost.append(late)

    threads = [Thread(target=complete, args=(by,)) for by in [bob, bella] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == 7
    winner = {"bob": "乙", "bella": "丙"}[won[0]]
    assert {late.details["by"] for late in lost} == {winner}
    view = engine.read(queries.case, bob, task.case_id)
    assert view.data["处理"] == won[0]
    assert [row.element for row in view.tasks] == ["fix", "check"]
    assert [(event.kind, event.element) for event in view.history].count(("completed", "fix")) == 1


def test_tasks_of_one_case_completed_at_once_all_count(engine: Engine, cast: Any) -> None:
    for _ in range(4):
        case = engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
        tasks = engine.read(queries.case, cast.alice, case.id).tasks
        problems: list[BaseException] = []
        bob, together = cast.bob, Barrier(2)

        def complete(task: Task, bob: Any = bob, together: Barrier = together, problems: Any = problems) -> None:
            together.wait()
            try:
                engine.complete_task(task.id, by=bob, data={})
            except Exception as problem:  # noqa: BLE001 - told below
                problems.append(problem)

        threads = [Thread(target=complete, args=(task,)) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        after = engine.read(queries.case, cast.bob, case.id)
        assert [(row.element, row.state) for row in after.tasks if row.state == "open"] == [("last", "open")]


def test_completing_a_task_takes_few_statements(engine: Engine, cast: Any, statements: Any) -> None:
    first, second = fix_of(engine, cast), fix_of(engine, cast)
    bob = cast.bob
    engine.complete_task(first.id, by=bob, data={"处理": "换管"}, outcome="修好")
    with statements(engine) as seen:
        engine.complete_task(second.id, by=bob, data={"处理": "换管"}, outcome="修好")
    # PostgreSQL changes case, task and job in one statement; SQLite, where a statement costs no round trip, in three.
    most = 6 if engine.database.dialect.name == "postgresql" else 7
    assert len(seen) <= most, "\n".join(seen)
