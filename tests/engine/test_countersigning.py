"""Countersigning as the diagram draws it: two of three, in turn, any one; and with verbs used on one of the tasks."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Engine, TaskWithdrawn, queries

from .test_delegation import inbox
from .test_returning import Walk


@pytest.fixture
def engine(desk: Engine) -> Engine:
    return desk


@pytest.fixture
def walk(engine: Engine, cast: Any) -> Any:
    return lambda process: Walk(engine, cast, process).do("draft")


def panel(case: Walk) -> dict[str, Any]:
    """This will return the newest task of each person of the panel, by name."""
    names = case.view.names
    return {names[task.assignee_id]: task for task in case.view.tasks if task.element == "panel"}


def progress(engine: Engine, actor: Any, task: Any) -> Any:
    return engine.read(queries.task, actor, task.id).countersign


def test_two_of_three_are_enough_and_the_third_is_withdrawn(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("two_of_three")
    tasks = panel(case)
    engine.complete_task(tasks["戊"].id, by=cast.diana, data={})
    found = progress(engine, cast.bob, tasks["乙"])
    assert (found.done, found.total, found.is_sequential) == (1, 3, False)
    assert (found.enough, found.needed) == ("=numberOfCompletedInstances >= 2", 2)
    assert [(each.person, each.state) for each in found.people] == [("乙", "open"), ("丙", "open"), ("戊", "done")]
    engine.complete_task(tasks["丙"].id, by=cast.bella, data={})
    assert inbox(engine, cast.bob) == [case.task("after").id]
    with pytest.raises(TaskWithdrawn):
        engine.complete_task(tasks["乙"].id, by=cast.bob, data={})
    assert case.do("after").has_ended


def test_in_turn_each_sees_it_when_the_one_before_has_done_it(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("in_turn")
    for login, name in (("bob", "乙"), ("bella", "丙"), ("diana", "戊")):
        tasks = panel(case)
        assert list(tasks)[-1] == name
        found = progress(engine, getattr(cast, login), tasks[name])
        assert (found.done, found.total, found.is_sequential) == (len(tasks) - 1, 3, True)
        engine.complete_task(tasks[name].id, by=getattr(cast, login), data={})
    assert case.open == ["after"]


def test_any_one_is_enough(walk: Any) -> None:
    case = walk("any_of").do("panel")
    assert case.open == ["after"]
    assert [task.state for task in case.view.tasks if task.element == "panel"].count("withdrawn") == 2


def test_one_of_the_panel_may_let_others_sign_delegate_and_transfer(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("everybody")
    tasks = panel(case)
    [sign] = engine.add_signs(tasks["乙"].id, ["alice"], by=cast.bob, when="after")
    engine.complete_task(tasks["乙"].id, by=cast.bob, data={})
    engine.delegate_task(tasks["丙"].id, "bob", by=cast.bella)
    engine.resolve_task(tasks["丙"].id, by=cast.bob, note="可")
    engine.complete_task(tasks["丙"].id, by=cast.bella, data={})
    engine.load_people([], [{"login": "gus", "name": "庚", "roles": [("leader", "4201")]}])
    engine.transfer_task(tasks["戊"].id, "gus", by=cast.diana)
    engine.complete_task(tasks["戊"].id, by=cast.gus, data={})
    found = progress(engine, cast.bob, tasks["乙"])
    assert (found.done, found.total) == (2, 3)
    assert [(each.person, each.state) for each in found.people] == [("乙", "held"), ("丙", "done"), ("庚", "done")]
    engine.sign_task(sign.id, by=cast.alice)
    assert case.open == ["after"]
    assert case.view.data["votes"] == [{"who": "bob"}, {"who": "bella"}, {"who": "diana"}]


def test_a_signature_that_comes_when_the_panel_has_enough_is_withdrawn(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("two_of_three")
    tasks = panel(case)
    [sign] = engine.add_signs(tasks["乙"].id, ["alice"], by=cast.bob, when="before")
    engine.complete_task(tasks["丙"].id, by=cast.bella, data={})
    engine.complete_task(tasks["戊"].id, by=cast.diana, data={})
    with pytest.raises(TaskWithdrawn):
        engine.sign_task(sign.id, by=cast.alice)
    engine.withdraw_task(tasks["戊"].id, by=cast.diana)
    assert [task.state for task in case.view.tasks if task.id in (sign.id, tasks["乙"].id)] == ["held", "open"]
    engine.sign_task(sign.id, by=cast.alice)
    engine.complete_task(tasks["乙"].id, by=cast.bob, data={})
    assert case.do("after").has_ended


def test_the_time_limit_of_a_panel_withdraws_all_that_is_left(engine: Engine, walk: Any, clock: Any) -> None:
    case = walk("everybody").do("panel")
    clock.advance(hours=73)
    engine.run_due_jobs()
    assert case.open == ["late"]
    assert sorted(task.state for task in case.view.tasks if task.element == "panel") == [
        "done", "withdrawn", "withdrawn",
    ]  # fmt: skip
