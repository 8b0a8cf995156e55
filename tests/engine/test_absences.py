"""Somebody is away and somebody else acts for them: whose tasks, from when to when, and who may not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine import (
    AbsenceInvalid,
    AbsenceOver,
    AbsenceOverlaps,
    Engine,
    FourEyes,
    NotYours,
    OperatorsOnly,
    PersonNotFound,
    SubstituteAway,
    Task,
    UnitNotFound,
    access,
    queries,
)
from engine.absences import LeadersOnly

REPORT = {"地点": "三楼", "情况": "漏水"}
FIXED = {"data": {"处理": "换管"}, "outcome": "修好"}


@pytest.fixture(autouse=True)
def tom(engine: Engine) -> None:
    """Tom works elsewhere and has no part in repairs; ulla holds the other role of bob's office."""
    rows = [
        {"login": "tom", "name": "辛", "roles": [("clerk", "420102")]},
        {"login": "ulla", "name": "壬", "roles": [("leader", "420101-yj")]},
    ]
    engine.load_people([], rows)


@pytest.fixture
def task(engine: Engine, cast: Any) -> Task:
    """A repair that waits in the queue of bob and bella."""
    engine.start_case("repair", REPORT, by=cast.alice)
    found: Task = engine.read(queries.inbox, cast.bob).items[-1]
    return found


def away(
    engine: Engine, clock: Any, by: Any, substitute: str, *, days: float = 5, after: float = 0, **more: Any
) -> Any:
    begin = clock() + timedelta(days=after)
    return engine.set_absence(
        by=by, substitute=substitute, from_at=begin, until_at=begin + timedelta(days=days), **more
    )


def test_a_substitute_sees_and_does_what_waits_for_the_absent_and_the_clock_ends_it(
    engine: Engine, cast: Any, clock: Any, task: Task
) -> None:
    mine = engine.start_case("repair", REPORT, by=cast.alice)
    [second] = [each for each in engine.read(queries.inbox, cast.bob).items if each.case_id == mine.id]
    engine.claim_task(second.id, by=cast.bob)
    assert engine.read(queries.inbox, cast.tom).items == []
    away(engine, clock, cast.bob, "tom", days=2, after=1)
    assert engine.read(queries.inbox, cast.tom).items == []
    clock.advance(days=1)
    tom = cast.tom
    seen = engine.read(queries.inbox, tom)
    assert {each.id for each in seen.items} == {task.id, second.id}
    assert (seen.total, engine.read(queries.inbox_counts, tom).all) == (2, 2)
    assert {standin.name for each in seen.items if (standin := queries.standin_of(tom, each))} == {"乙"}
    assert all(queries.standin_of(cast.bob, each) is None for each in seen.items)
    clock.advance(days=2)
    assert engine.read(queries.inbox, cast.tom).items == []
    with pytest.raises(NotYours):
        engine.complete_task(second.id, by=cast.tom, **FIXED)


def test_what_a_substitute_does_names_the_absent(engine: Engine, cast: Any, clock: Any, task: Task) -> None:
    away(engine, clock, cast.bob, "tom")
    engine.claim_task(task.id, by=cast.tom)
    engine.complete_task(task.id, by=cast.tom, **FIXED)
    view = engine.read(queries.case, cast.alice, task.case_id)
    events = [event for event in view.history if event.task_id == task.id and event.kind in ("claimed", "completed")]
    assert [(event.actor, "乙" in event.detail) for event in events] == [("辛@邻县", True)] * 2
    [done] = [row for row in view.tasks if row.id == task.id]
    assert (done.completed_by, done.on_behalf_id) == (cast.tom.person_id, cast.bob.person_id)


def test_four_eyes_look_at_who_acts_and_at_who_is_away(engine: Engine, cast: Any, clock: Any, task: Task) -> None:
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    [check] = engine.read(queries.inbox, cast.bob).items
    bobs = away(engine, clock, cast.bob, "tom")
    with pytest.raises(FourEyes):
        engine.claim_task(check.id, by=cast.tom)  # bob fixed it: nobody accepts it for bob
    engine.end_absence(bobs.absence.id, by=cast.bob)
    away(engine, clock, cast.bella, "tom")
    assert engine.complete_task(check.id, by=cast.tom, data={}, outcome="合格").state == "closed"


def test_who_fixed_it_as_a_substitute_may_not_accept_it_and_neither_may_the_absent(
    engine: Engine, cast: Any, clock: Any, task: Task
) -> None:
    away(engine, clock, cast.bob, "tom")
    engine.complete_task(task.id, by=cast.tom, **FIXED)
    [check] = engine.read(queries.inbox, cast.bella).items
    for login in ("bob", "tom"):
        with pytest.raises(FourEyes):
            engine.complete_task(check.id, by=getattr(cast, login), data={}, outcome="合格")


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"role": "officer"}, 1),
        ({"unit": "420101-yj"}, 1),
        ({"process_id": "repair"}, 1),
        ({"process_id": "parallel"}, 0),
    ],
    ids=["role", "unit", "process", "other-process"],
)
def test_an_absence_may_be_for_some_tasks_only(
    engine: Engine, cast: Any, clock: Any, task: Task, narrowed: dict[str, str], found: int
) -> None:
    away(engine, clock, cast.bob, "tom", **narrowed)
    assert len(engine.read(queries.inbox, cast.tom).items) == found
    engine.claim_task(task.id, by=cast.bob)
    assert len(engine.read(queries.inbox, cast.tom).items) == found
    verbs = {"claim", "complete", "release"} & engine.read(queries.task, cast.tom, task.id).may if found else set()
    assert verbs == ({"complete"} if found else set())


def test_a_group_acts_for_a_group(engine: Engine, cast: Any, clock: Any, task: Task) -> None:
    queues = {"queue": "officer@420101-yj", "substitute_queue": "clerk@420102"}
    with pytest.raises(LeadersOnly):
        engine.set_absence(by=cast.bob, from_at=clock(), until_at=clock() + timedelta(days=1), **queues)
    other = engine.start_case("repair", REPORT, by=cast.alice)
    [claimed] = [each for each in engine.read(queries.inbox, cast.bob).items if each.case_id == other.id]
    engine.claim_task(claimed.id, by=cast.bob)
    engine.set_absence(by=cast.olga, from_at=clock(), until_at=clock() + timedelta(days=1), **queues)
    for login, found in (("tom", 2), ("charlie", 2), ("ulla", 0), ("diana", 0)):
        assert len(engine.read(queries.inbox, getattr(cast, login)).items) == found, login
    engine.complete_task(claimed.id, by=cast.charlie, **FIXED)
    clock.advance(days=1)
    assert engine.read(queries.inbox, cast.tom).items == []


def test_substitution_goes_one_hop_and_no_further(engine: Engine, cast: Any, clock: Any, task: Task) -> None:
    engine.claim_task(task.id, by=cast.bob)
    away(engine, clock, cast.bob, "tom")
    left = away(engine, clock, cast.tom, "charlie", days=1)
    assert left.left_alone == ("乙",)
    assert engine.read(queries.inbox, cast.charlie).items == []
    assert [each.id for each in engine.read(queries.inbox, cast.tom).items] == [task.id]


def test_a_substitute_who_is_away_too_is_told_when_it_is_set(engine: Engine, cast: Any, clock: Any) -> None:
    away(engine, clock, cast.tom, "charlie", after=3)
    with pytest.raises(SubstituteAway) as told:
        away(engine, clock, cast.bob, "tom")
    assert told.value.details["name"] == "辛"
    assert away(engine, clock, cast.bob, "tom", days=3).left_alone == ()


def test_absences_that_cannot_be_are_refused(engine: Engine, cast: Any, clock: Any) -> None:
    kept = away(engine, clock, cast.bob, "tom", role="officer").absence
    for more in ({}, {"after": 4}, {"role": "officer"}, {"process_id": "repair"}):
        with pytest.raises(AbsenceOverlaps):
            away(engine, clock, cast.bob, "charlie", **more)
    away(engine, clock, cast.bob, "charlie", after=5)
    for by, substitute, more in (
        (cast.bob, "bob", {"after": 20}),
        (cast.bob, "tom", {"after": 20, "days": -1}),
        (cast.bob, "tom", {"after": -9, "days": 3}),
        (cast.bob, "tom", {"after": 20, "days": 1000}),
        (cast.bob, "tom", {"after": 20, "role": "leader"}),
    ):
        with pytest.raises(AbsenceInvalid):
            away(engine, clock, by, substitute, **more)
    with pytest.raises(PersonNotFound):
        away(engine, clock, cast.bella, "nobody")
    with pytest.raises(UnitNotFound):
        away(engine, clock, cast.bella, "tom", unit="?")
    for verb in (
        lambda: away(engine, clock, cast.bella, "tom", person="alice"),
        lambda: engine.end_absence(kept.id, by=cast.bella),
    ):
        with pytest.raises(OperatorsOnly):
            verb()
    engine.end_absence(kept.id, by=cast.olga)
    with pytest.raises(AbsenceOver):
        engine.end_absence(kept.id, by=cast.bob)


def test_absences_are_listed_for_those_concerned(engine: Engine, cast: Any, clock: Any) -> None:
    away(engine, clock, cast.bob, "tom", note="培训")
    for login, found in (("bob", 1), ("tom", 1), ("alice", 0), ("olga", 1)):
        assert len(engine.read(queries.absences, getattr(cast, login))) == found, login
    [shown] = engine.read(queries.absences, cast.tom)
    assert (shown.person, shown.substitute, shown.note, shown.is_in_force) == ("乙", "辛", "培训", True)
    clock.advance(days=6)
    assert engine.read(queries.absences, cast.tom) == []
    assert [each.is_in_force for each in engine.read(queries.absences, cast.tom, past=True)] == [False]


def test_nobody_stands_for_somebody_by_themselves(cast: Any) -> None:
    assert cast.bob.stands_for == ()
    asked: dict[str, Any] = {"assignee_id": cast.bella.person_id, "role": "officer", "unit_id": cast.bob.unit_id}
    assert access.standin_for(cast.bob, **asked) is None
