"""People come and go, units move and close: what is open follows at once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine import Engine, NotYours, OperatorsOnly, Task, UnitInvalid, UnitNotFound, history, queries
from engine import staffing as staff

REPORT = {"地点": "三楼", "情况": "漏水"}
FIXED: dict[str, Any] = {"data": {"处理": "换管"}, "outcome": "修好"}
OFFICE = "420101-yj"


@pytest.fixture
def task(engine: Engine, cast: Any) -> Task:
    """A repair that waits in the queue of bob and bella."""
    engine.start_case("repair", REPORT, by=cast.alice)
    found: Task = engine.read(queries.inbox, cast.bob).items[-1]
    return found


def inbox(engine: Engine, actor: Any) -> list[Any]:
    return [each.id for each in engine.read(queries.inbox, actor).items]


def requeued(engine: Engine, cast: Any, task: Task) -> list[dict[str, Any]]:
    """What the history tells of tasks that changed hands by themselves; the chain of hashes must hold."""
    view = engine.read(queries.case, cast.olga, task.case_id)
    engine.read(history.verify, task.case_id)
    return [json.loads(event.detail) for event in view.history if event.kind == "requeued"]


def test_it_is_not_so_that_group_changes_do_not_reach_running_tasks(engine: Engine, cast: Any, task: Task) -> None:
    engine.give_role("charlie", "officer", OFFICE, by=cast.olga)
    assert inbox(engine, cast.charlie) == [task.id]
    engine.claim_task(task.id, by=cast.charlie)
    assert inbox(engine, cast.bob) == []
    engine.take_role("charlie", "officer", OFFICE, by=cast.olga)
    assert inbox(engine, cast.charlie) == []
    assert inbox(engine, cast.bob) == [task.id]
    with pytest.raises(NotYours):
        engine.complete_task(task.id, by=cast.charlie, **FIXED)
    [told] = requeued(engine, cast, task)
    assert (told["reason"], told["from"], told["by"]) == ("role_taken", "丁", "己")
    engine.complete_task(task.id, by=cast.bob, **FIXED)


@pytest.mark.parametrize("leave", ["disabled", "moved"])
def test_who_leaves_or_moves_gives_back_what_they_took(engine: Engine, cast: Any, task: Task, leave: str) -> None:
    engine.claim_task(task.id, by=cast.bob)
    if leave == "disabled":
        engine.set_active("bob", False, by=cast.olga)
    else:
        engine.load_people([], [{"login": "bob", "name": "乙", "roles": [("officer", "420102")]}])
    assert inbox(engine, cast.bella) == [task.id]
    [told] = requeued(engine, cast, task)
    assert told["reason"] == {"disabled": "disabled", "moved": "role_taken"}[leave]


def test_what_somebody_may_still_do_stays_with_them(engine: Engine, cast: Any, task: Task) -> None:
    engine.give_role("bob", "leader", "4201", by=cast.olga)
    engine.claim_task(task.id, by=cast.bob)
    engine.take_role("bob", "leader", "4201", by=cast.olga)
    assert inbox(engine, cast.bob) == [task.id]
    assert requeued(engine, cast, task) == []


def test_the_last_to_leave_sends_the_queue_up_the_tree_or_to_an_operator(engine: Engine, cast: Any, task: Task) -> None:
    engine.load_people([], [{"login": "rosa", "name": "癸", "roles": [("officer", "4201")]}])
    second = engine.start_case("repair", REPORT, by=cast.alice)
    engine.claim_task(task.id, by=cast.bob)
    for login in ("bella", "bob"):
        engine.take_role(login, "officer", OFFICE, by=cast.olga)
    assert len(inbox(engine, cast.rosa)) == 2
    engine.set_active("rosa", False, by=cast.olga)
    raised = engine.read(queries.incidents, cast.olga)
    assert {(each.kind, each.case_id) for each in raised} == {
        ("empty-queue", task.case_id),
        ("empty-queue", second.id),
    }
    engine.set_active("rosa", True, by=cast.olga)
    assert engine.read(queries.incidents, cast.olga) == []
    assert len(inbox(engine, cast.rosa)) == 2
    assert engine.read(queries.case, cast.olga, task.case_id).case.incidents == 0


def test_what_the_last_of_a_queue_had_written_waits_for_who_comes_next(engine: Engine, cast: Any, task: Task) -> None:
    engine.set_active("bella", False, by=cast.olga)
    engine.claim_task(task.id, by=cast.bob)
    engine.save_draft(str(task.id), by=cast.bob, data={"处理": "换阀"})
    engine.set_active("bob", False, by=cast.olga)
    assert [each.kind for each in engine.read(queries.incidents, cast.olga)] == ["empty-queue"]
    engine.give_role("alice", "officer", OFFICE, by=cast.olga)
    assert engine.read(queries.incidents, cast.olga) == []
    assert inbox(engine, cast.alice) == [task.id]
    assert engine.draft(str(task.id), by=cast.alice) == {"处理": "换阀"}


def test_a_queue_that_was_empty_and_gets_members_resolves_its_incident_itself(engine: Engine, cast: Any) -> None:
    case = engine.start_case("orphan", {}, by=cast.alice)
    assert len(engine.read(queries.incidents, cast.olga)) == 1
    engine.give_role("bob", "clerk", OFFICE, by=cast.olga)  # another role: the queue is empty still
    assert len(engine.read(queries.incidents, cast.olga)) == 1
    engine.give_role("bob", "ghost", "4201", by=cast.olga)
    assert engine.read(queries.incidents, cast.olga) == []
    assert [each.case_id for each in engine.read(queries.inbox, cast.bob).items] == [case.id]


def test_a_task_of_a_named_person_who_leaves_is_an_incident_until_they_are_back(engine: Engine, cast: Any) -> None:
    engine.give_role("bob", "ghost", "4201", by=cast.olga)
    engine.start_case("orphan", {}, by=cast.charlie)
    [alone] = engine.read(queries.inbox, cast.bob).items
    engine.complete_task(alone.id, by=cast.bob, data={})
    [named] = inbox(engine, cast.alice)
    engine.set_active("alice", False, by=cast.olga)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.kind, incident.element) == ("empty-queue", "named")
    engine.set_active("alice", True, by=cast.olga)
    assert engine.read(queries.incidents, cast.olga) == []
    assert inbox(engine, cast.alice) == [named]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_signature_of_who_leaves_is_taken_back_and_the_task_goes_on(
    engine: Engine, cast: Any, task: Task, when: str
) -> None:
    engine.claim_task(task.id, by=cast.bob)
    engine.add_signs(task.id, ["diana"], by=cast.bob, when=when)
    if when == "after":
        engine.complete_task(task.id, by=cast.bob, **FIXED)
        engine.set_active("bob", False, by=cast.olga)  # what bob has submitted stays submitted
    engine.set_active("diana", False, by=cast.olga)
    [kept] = [row for row in engine.read(queries.case, cast.olga, task.case_id).tasks if row.id == task.id]
    assert kept.state == {"before": "open", "after": "done"}[when]
    assert requeued(engine, cast, task) == []


def test_a_suspended_case_follows_too(engine: Engine, cast: Any, task: Task) -> None:
    engine.claim_task(task.id, by=cast.bob)
    engine.suspend_case(task.case_id, by=cast.olga, reason="核查")
    engine.set_active("bob", False, by=cast.olga)
    engine.close_unit(OFFICE, into="420101", by=cast.olga)
    engine.resume_case(task.case_id, by=cast.olga)
    [shown] = engine.read(queries.inbox, cast.bella).items
    assert (shown.id, shown.unit_name) == (task.id, "某县")


def test_a_delegated_task_goes_back_to_its_owner_when_the_delegate_leaves(
    engine: Engine, cast: Any, task: Task
) -> None:
    engine.claim_task(task.id, by=cast.bob)
    engine.delegate_task(task.id, "bella", by=cast.bob)
    engine.set_active("bella", False, by=cast.olga)
    assert inbox(engine, cast.bob) == [task.id]
    engine.complete_task(task.id, by=cast.bob, **FIXED)


@pytest.mark.parametrize("gone", ["disabled", "role_taken"])
def test_what_a_delegate_worked_out_is_not_lost_when_the_owner_has_left(
    engine: Engine, cast: Any, task: Task, gone: str
) -> None:
    engine.give_role("charlie", "officer", OFFICE, by=cast.olga)
    engine.claim_task(task.id, by=cast.bob)
    engine.delegate_task(task.id, "bella", by=cast.bob)
    if gone == "disabled":
        engine.set_active("bob", False, by=cast.olga)
    else:
        engine.take_role("bob", "officer", OFFICE, by=cast.olga)
    assert inbox(engine, cast.bella) == [task.id], "who works on it goes on"
    engine.resolve_task(task.id, by=cast.bella, note="已查明", data={"处理": "换管"})
    assert inbox(engine, cast.charlie) == [task.id], "nobody is there to get it back: it waits in its queue"
    assert engine.draft(str(task.id), by=cast.charlie) == {"处理": "换管"}
    told = next(e for e in engine.read(queries.case, cast.olga, task.case_id).history if e.kind == "given_back")
    assert json.loads(told.detail)["to"].startswith("officer@")
    engine.complete_task(task.id, by=cast.charlie, **FIXED)


def test_who_lost_the_role_does_not_keep_a_task_that_waits_for_signatures(
    engine: Engine, cast: Any, task: Task
) -> None:
    engine.claim_task(task.id, by=cast.bob)
    engine.save_draft(str(task.id), by=cast.bob, data={"处理": "换阀"})
    [sign] = engine.add_signs(task.id, ["diana"], by=cast.bob, when="before")
    engine.take_role("bob", "officer", OFFICE, by=cast.olga)
    engine.sign_task(sign.id, by=cast.diana)
    assert inbox(engine, cast.bob) == []
    assert inbox(engine, cast.bella) == [task.id]
    assert engine.draft(str(task.id), by=cast.bella) == {"处理": "换阀"}, "what bob had written goes along"
    with pytest.raises(NotYours):
        engine.complete_task(task.id, by=cast.bob, **FIXED)


@pytest.mark.parametrize("when", ["parallel", "after"])
def test_signatures_that_somebody_asked_for_stay_asked_for_when_they_leave(
    engine: Engine, cast: Any, task: Task, when: str
) -> None:
    engine.claim_task(task.id, by=cast.bob)
    [sign] = engine.add_signs(task.id, ["diana"], by=cast.bob, when=when)
    engine.set_active("bob", False, by=cast.olga)
    assert inbox(engine, cast.bella) == [task.id]
    engine.complete_task(task.id, by=cast.bella, **FIXED)
    assert inbox(engine, cast.diana) == [sign.id]
    engine.sign_task(sign.id, by=cast.diana)
    [kept] = [row for row in engine.read(queries.case, cast.olga, task.case_id).tasks if row.id == task.id]
    assert kept.state == "done"


def test_who_lost_the_role_takes_nothing_back(engine: Engine, cast: Any, task: Task) -> None:
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    engine.load_people([], [{"login": "bob", "name": "乙", "roles": [("clerk", "420102")]}])
    with pytest.raises(NotYours):
        engine.withdraw_task(task.id, by=cast.bob)


def test_when_a_substitute_leaves_the_absent_and_the_operators_are_told(
    engine: Engine, cast: Any, clock: Any, task: Task
) -> None:
    until = clock() + timedelta(days=5)
    engine.set_absence(by=cast.bob, substitute="charlie", from_at=clock(), until_at=until)
    engine.set_absence(by=cast.charlie, substitute="alice", from_at=until, until_at=until + timedelta(days=1))
    assert inbox(engine, cast.charlie) == [task.id]
    engine.set_active("charlie", False, by=cast.olga)
    assert engine.read(queries.absences, cast.olga) == []
    for who in (cast.bob, cast.olga):
        [notice] = [each for each in engine.read(queries.notices, who).items if each.kind == "left_alone"]
        assert json.loads(notice.detail)["substitute"] == "丁"
    engine.set_absence(by=cast.bob, substitute="alice", from_at=clock(), until_at=until)


def test_a_unit_that_moves_or_is_renamed_takes_its_cases_and_tasks_along(engine: Engine, cast: Any, task: Task) -> None:
    engine.load_register("repair", "places", [{"code": "A", "title": "a"}])
    with engine.database.begin() as connection:
        path = connection.scalar(text("SELECT path FROM units WHERE code = '420101001'"))
        connection.execute(text("UPDATE register_entries SET unit_path = :path"), {"path": path})
    engine.load_people([{"code": "420102-x", "name": "新区", "kind": "county", "parent": "4200"}])
    moved = {"code": "420101", "name": "某县（市）", "kind": "county", "parent": "420102-x"}
    engine.load_people([moved])
    view = engine.read(queries.case, cast.olga, task.case_id)
    units = {unit.code: unit for unit in engine.read(queries.units, cast.olga)}
    assert view.case.unit_path == units["420101001"].path
    assert [row.unit_path for row in view.tasks] == [units[OFFICE].path]
    assert units[OFFICE].path.startswith(units["420102-x"].path)
    with engine.database.connect() as connection:
        assert connection.scalar(text("SELECT unit_path FROM register_entries")) == units["420101001"].path
    assert engine.read(queries.board, cast.diana).cells == []  # the city no longer stands above
    engine.give_role("diana", "leader", "420102-x", by=cast.olga)
    assert [cell.open for cell in engine.read(queries.board, cast.diana).cells] == [1]
    engine.complete_task(task.id, by=cast.bob, **FIXED)


def test_a_unit_merged_into_another_hands_over_people_cases_and_tasks(engine: Engine, cast: Any, task: Task) -> None:
    engine.claim_task(task.id, by=cast.bob)
    free = engine.start_case("repair", REPORT, by=cast.alice)
    unit = {"code": "420101-zh", "name": "某县综合执法局", "kind": "department", "parent": "420101"}
    engine.load_people([unit])
    engine.close_unit(OFFICE, into="420101-zh", by=cast.olga)
    assert [held.unit_name for held in cast.bella.memberships] == ["某县综合执法局"]
    assert set(inbox(engine, cast.bob)) == {task.id, *inbox(engine, cast.bella)}
    assert len(inbox(engine, cast.bella)) == 1
    after = engine.read(queries.case, cast.olga, free.id).tasks
    assert [row.unit_name for row in after] == ["某县综合执法局"]
    engine.close_unit("420101001", by=cast.olga)
    view = engine.read(queries.case, cast.olga, free.id)
    assert view.case.unit_name == "某县"
    assert json.loads(next(e.detail for e in view.history if e.kind == "unit_changed"))["to"] == "某县"
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    assert engine.read(queries.case, cast.olga, task.case_id).case.unit_name == "某县"


def test_units_are_closed_by_operators_and_only_into_a_living_one(engine: Engine, cast: Any) -> None:
    with pytest.raises(OperatorsOnly):
        engine.close_unit(OFFICE, by=cast.bob)
    with pytest.raises(UnitNotFound):
        engine.close_unit("?", by=cast.olga)
    for code, into in (("4200", None), ("420101", "420101001"), (OFFICE, OFFICE)):
        with pytest.raises(UnitInvalid):
            engine.close_unit(code, into=into, by=cast.olga)


def test_what_was_opened_at_the_same_moment_follows_a_minute_later(
    engine: Engine, cast: Any, clock: Any, task: Task
) -> None:
    moved = {"code": "420101", "name": "某县", "kind": "county", "parent": "4200"}
    engine.load_people([moved])
    path = engine.read(queries.case, cast.olga, task.case_id).tasks[0].unit_path
    with engine.database.begin() as connection:  # as if another process had opened it with the old tree in its hands
        connection.execute(text("UPDATE tasks SET unit_path = '/1/2/3/4/'"))
    assert engine.follow_changes() == 0
    clock.advance(minutes=1)
    assert engine.follow_changes() == 1
    assert engine.read(queries.case, cast.olga, task.case_id).tasks[0].unit_path == path
    assert engine.look(staff.pending) == []


def test_many_tasks_follow_in_batches(engine: Engine, cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "BATCH", 2)
    monkeypatch.setattr(staff, "ROWS", 3)
    for _ in range(5):
        engine.start_case("repair", REPORT, by=cast.alice)
    for id in inbox(engine, cast.bob):
        engine.claim_task(id, by=cast.bob)
    engine.set_active("bob", False, by=cast.olga)
    assert len(inbox(engine, cast.bella)) == 5
    engine.load_people([{"code": "420101", "name": "某县", "kind": "county", "parent": "4200"}])
    [cell] = engine.read(queries.board, cast.bella).cells
    assert (cell.open, cell.unit_path.count("/")) == (5, 4)
