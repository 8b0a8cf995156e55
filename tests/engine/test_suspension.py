"""Between suspending and resuming a case nothing happens to it, and what is left of its time is what was left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import (
    SYSTEM,
    ActionInvalid,
    Case,
    CaseSuspended,
    Delivery,
    Engine,
    NotSuspended,
    OperatorsOnly,
    ProcessApp,
    ReasonMissing,
    queries,
)

FOLDER = Path(__file__).parent.parent / "apps" / "operations"
WHY = "停产复核"


@pytest.fixture
def engine(make_engine: Callable[..., Engine], post: Any, machines: ProcessApp) -> Engine:
    app = ProcessApp(
        name="operations",
        title="检修",
        folder=FOLDER,
        process="repairing",
        roles={"officer": "维修员"},
        starters={"repairing": ("*",), "gathering": ("*",)},
    )
    app.service("mail", job=True)(post.send)
    return make_engine([app, machines])


def begin(engine: Engine, cast: Any, process: str, **data: Any) -> Case:
    return engine.start_case(process, data, by=cast.alice, unit_code="420101")


def fired(engine: Engine, cast: Any, case: Case) -> int:
    history = engine.read(queries.case, cast.olga, case.id).history
    return [event.kind for event in history].count("timer_fired")


def test_a_repeating_timer_does_not_make_up_for_the_suspended_span(engine: Engine, cast: Any, clock: Any) -> None:
    case = begin(engine, cast, "repairing", 金额=1)
    clock.advance(minutes=30)
    engine.suspend_case(case.id, by=cast.olga, reason=WHY)
    clock.advance(hours=3)
    engine.resume_case(case.id, by=cast.olga)
    clock.advance(minutes=31)
    for _ in range(4):
        engine.run_due_jobs()
    assert fired(engine, cast, case) == 1
    [job] = engine.read(queries.case, cast.olga, case.id).jobs
    assert job.due_at - clock.now == timedelta(minutes=59), "an hour after it should have fired, not after the start"
    clock.advance(minutes=60)
    engine.run_due_jobs()
    assert fired(engine, cast, case) == 2


def test_a_service_in_flight_answers_nobody_and_is_called_again_with_the_same_key(
    engine: Engine, cast: Any, clock: Any, post: Any
) -> None:
    case = begin(engine, cast, "calling", number=1)
    send = post.send

    def suspend_meanwhile(data: Any, headers: Any, key: str) -> Any:
        if not post.keys:
            engine.suspend_case(case.id, by=cast.olga, reason=WHY)
        return send(data, headers, key)

    for name in ("machines", "operations"):
        engine.app(name).services.pop("mail")
        engine.app(name).service("mail", job=True)(suspend_meanwhile)
    engine.run_due_jobs()
    assert engine.read(queries.case, cast.olga, case.id).case.state == "suspended"
    engine.run_due_jobs()
    assert len(post.keys) == 1
    engine.resume_case(case.id, by=cast.olga)
    engine.run_due_jobs()
    assert engine.read(queries.case, cast.olga, case.id).case.state == "closed"
    assert post.keys[0] == post.keys[1]


def test_a_message_for_a_suspended_case_waits_if_it_may_and_is_lost_if_not(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, "waiting", key="17")
    [waits] = engine.read(queries.case, cast.olga, case.id).subscriptions[:1]
    engine.suspend_case(case.id, by=cast.olga, reason=WHY)
    assert engine.publish_message(waits.name, waits.correlation_key) is Delivery.LOST
    assert engine.publish_message(waits.name, waits.correlation_key, time_to_live=3600) is Delivery.KEPT
    engine.resume_case(case.id, by=cast.olga)
    kinds = [event.kind for event in engine.read(queries.case, cast.olga, case.id).history]
    assert kinds.count("message_received") == 1


def test_nobody_sets_off_a_condition_or_does_a_task_of_a_suspended_case(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, "gathering", 单位们=["甲"])
    [task] = engine.read(queries.case, cast.olga, case.id).tasks
    engine.suspend_case(case.id, by=cast.olga, reason=WHY)
    with pytest.raises(CaseSuspended):
        engine.change_data(case.id, {"作废": True}, by=cast.olga, reason=WHY)
    with pytest.raises(CaseSuspended):
        engine.complete_task(task.id, by=cast.bob, data={})
    with pytest.raises(CaseSuspended):
        engine.suspend_case(case.id, by=cast.olga, reason=WHY)
    engine.resume_case(case.id, by=cast.olga)
    with pytest.raises(NotSuspended):
        engine.resume_case(case.id, by=cast.olga)
    assert engine.change_data(case.id, {"作废": True}, by=cast.olga, reason=WHY).state == "closed"


def test_all_cases_of_a_definition_are_suspended_and_resumed_together(engine: Engine, cast: Any) -> None:
    mine = [begin(engine, cast, "repairing", 金额=1) for _ in range(3)]
    other = begin(engine, cast, "gathering", 单位们=["甲"])
    engine.suspend_case(mine[0].id, by=cast.olga, reason=WHY)
    asked = queries.CaseFilter(definition_id=mine[0].definition_id)
    ids = engine.read(queries.operated_case_ids, cast.olga, asked)
    action_id = engine.begin_action("suspend", ids, by=cast.olga, reason=WHY, chosen_by={"process": "repairing"})
    assert engine.go_on_with(action_id, by=cast.olga, seconds=60) == 3
    action, items = engine.read(queries.action, cast.olga, action_id)
    assert (action.total, action.done, action.refused, action.finished_at is not None) == (3, 2, 1, True)
    [refused] = [item for item in items if item.state == "refused"]
    assert (refused.number, refused.error["template"]) == (mine[0].number, CaseSuspended.__doc__)
    states = [engine.read(queries.case, cast.olga, case.id).case.state for case in (*mine, other)]
    assert states == ["suspended"] * 3 + ["open"]
    history = engine.read(queries.case, cast.olga, mine[1].id).history
    assert [(event.actor, WHY in event.detail) for event in history if event.kind == "suspended"] == [("己", True)]
    again = engine.begin_action("resume", ids, by=cast.olga, reason="恢复")
    assert engine.finish_actions() == 3, "a worker goes on with what nobody finished"
    assert engine.read(queries.action, cast.olga, again)[0].done == 3


def test_an_action_needs_an_operator_a_reason_and_something_to_do(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, "repairing", 金额=1)
    with pytest.raises(OperatorsOnly):
        engine.begin_action("suspend", [case.id], by=cast.diana, reason=WHY)
    with pytest.raises(ReasonMissing):
        engine.begin_action("suspend", [case.id], by=cast.olga, reason="")
    with pytest.raises(ActionInvalid):
        engine.begin_action("suspend", [], by=cast.olga, reason=WHY)
    with pytest.raises(ActionInvalid):
        engine.begin_action("burn", [case.id], by=cast.olga, reason=WHY)


def test_who_is_no_operator_any_more_finishes_nothing(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, "repairing", 金额=1)
    action_id = engine.begin_action("cancel", [case.id], by=cast.olga, reason=WHY)
    engine.load_people([], [{"login": "olga", "name": "己", "is_admin": False}])
    engine.finish_actions()
    view = engine.read(queries.case, cast.alice, case.id)
    assert view.case.state == "open"
    [item] = engine.read(queries.action, SYSTEM, action_id)[1]
    assert item.error["template"] == OperatorsOnly.__doc__
