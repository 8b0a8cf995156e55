"""Operators correct data, pass over what fails and move tokens: what it brings about is said before, and is true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from engine import (
    Activation,
    CannotModify,
    CannotMove,
    CannotSkip,
    Case,
    CaseEnded,
    CaseSuspended,
    Engine,
    IncidentResolved,
    OperatorsOnly,
    ProcessApp,
    ReasonMissing,
    TokenGone,
    ValueRefused,
    feel,
    queries,
    repairs,
)

FOLDER = Path(__file__).parent.parent / "apps" / "operations"
WHY = "纠正录入错误"


@pytest.fixture
def engine(make_engine: Callable[..., Engine], post: Any) -> Engine:
    app = ProcessApp(
        name="operations",
        title="检修",
        folder=FOLDER,
        process="repairing",
        roles={"officer": "维修员"},
        starters={"repairing": ("*",), "gathering": ("*",)},
    )
    app.service("mail", job=True)(post.send)
    return make_engine([app])


def begin(engine: Engine, cast: Any, process: str = "repairing", **data: Any) -> Case:
    return engine.start_case(process, data, by=cast.alice, unit_code="420101")


def places(engine: Engine, cast: Any, case: Case) -> dict[str, Any]:
    """Where the case stands, by element."""
    return {each.element: each for each in engine.read(queries.repair, cast.olga, case.id).standing}


def open_tasks(engine: Engine, cast: Any, case: Case) -> list[str]:
    view = engine.read(queries.case, cast.olga, case.id)
    return sorted(task.element for task in view.tasks if task.state == "open")


def do(engine: Engine, cast: Any, case: Case, element: str, **data: Any) -> Case:
    view = engine.read(queries.case, cast.olga, case.id)
    task = next(task for task in view.tasks if task.state == "open" and task.element == element)
    return engine.complete_task(task.id, by=cast.bob, data=data)


def test_a_choice_that_fails_cannot_be_passed_over_but_moved_to_one_of_its_ways(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额="很多")
    assert case.incidents == 1
    grade = places(engine, cast, case)["grade"]
    assert (grade.state, grade.may_skip) == ("failed", False)
    with pytest.raises(CannotSkip):
        engine.skip_element(case.id, grade.token, by=cast.olga, reason=WHY)
    before = engine.preview_move(case.id, grade.token, "high", by=cast.olga)
    assert [effect.element for effect in before.withdrawn] == ["grade"]
    assert [(effect.kind, effect.element) for effect in before.opened] == [("task", "high")]
    moved = engine.move_token(case.id, grade.token, "high", by=cast.olga, reason=WHY)
    assert moved.incidents == 0
    assert open_tasks(engine, cast, case) == ["check", "high"]
    [told] = [event for event in engine.read(queries.case, cast.olga, case.id).history if event.kind == "moved"]
    assert WHY in told.detail
    assert '"to":"high"' in told.detail.replace(" ", "")


def test_a_preview_changes_nothing(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额="很多")
    view = engine.read(queries.case, cast.olga, case.id)
    grade = places(engine, cast, case)["grade"]
    engine.preview_move(case.id, grade.token, "low", {"金额": 1}, by=cast.olga)
    engine.preview_data(case.id, {"金额": 1}, by=cast.olga)
    after = engine.read(queries.case, cast.olga, case.id)
    assert (after.case.version, after.data, len(after.history)) == (view.case.version, view.data, len(view.history))


@pytest.mark.parametrize("target", ["hourly", "join", "photo", "start", "nowhere", "arrive"])
def test_a_token_goes_only_where_it_can_stand_alone(engine: Engine, cast: Any, target: str) -> None:
    case = begin(engine, cast, 金额=20)
    check = places(engine, cast, case)["check"]
    assert target not in [node.id for node in check.targets]
    with pytest.raises(CannotMove):
        engine.move_token(case.id, check.token, target, by=cast.olga, reason=WHY)
    assert open_tasks(engine, cast, case) == ["check", "high"]


def test_moving_one_branch_past_the_join_says_that_the_other_would_wait_for_ever(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额=20)
    do(engine, cast, case, "high")
    check = places(engine, cast, case)["check"]
    told = engine.preview_move(case.id, check.token, "approve", by=cast.olga)
    assert told.starving == ["汇合"]
    assert {effect.element for effect in told.withdrawn} == {"check", "hourly"}
    engine.move_token(case.id, check.token, "approve", by=cast.olga, reason=WHY)
    view = engine.read(queries.case, cast.olga, case.id)
    assert view.jobs == [], "the reminder at the edge of the task went with it"
    joined = places(engine, cast, case)["join"]
    assert joined.state == "joined"
    assert engine.preview_move(case.id, joined.token, "approve", by=cast.olga).starving == []


def test_a_token_inside_a_subprocess_moves_inside_or_takes_the_subprocess_along(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额=20)
    for element in ("high", "check", "approve"):
        do(engine, cast, case, element)
    photo = places(engine, cast, case)["photo"]
    assert [node.id for node in photo.targets] == ["photo", "measure", "left"]
    engine.move_token(case.id, photo.token, "measure", by=cast.olga, reason=WHY)
    assert open_tasks(engine, cast, case) == ["measure"]
    measure = places(engine, cast, case)["measure"]
    engine.move_token(case.id, measure.token, "approve", by=cast.olga, reason=WHY)
    assert open_tasks(engine, cast, case) == ["approve"]
    assert list(places(engine, cast, case)) == ["approve"]


def test_steps_are_begun_inside_a_closed_subprocess_and_others_ended_or_nothing_happens(
    engine: Engine, cast: Any
) -> None:
    case = begin(engine, cast, 金额=20)
    found = places(engine, cast, case)
    ended = [found["check"].token, found["high"].token]
    wanted = [Activation("measure", {"": {"金额": 30}})]
    told = engine.preview_modify(case.id, wanted, ended, by=cast.olga)
    assert {effect.element for effect in told.withdrawn} >= {"check", "high"}
    assert [effect.element for effect in told.opened if effect.kind == "task"] == ["measure"]
    for begun, end in (([*wanted, Activation("photo"), Activation("hourly")], ended), (wanted, [*ended, 999])):
        with pytest.raises((CannotModify, TokenGone)):
            engine.modify_case(case.id, begun, end, by=cast.olga, reason=WHY)
    assert open_tasks(engine, cast, case) == ["check", "high"]
    engine.modify_case(case.id, wanted, ended, by=cast.olga, reason=WHY)
    view = engine.read(queries.case, cast.olga, case.id)
    assert (open_tasks(engine, cast, case), view.data["金额"]) == (["measure"], 30)
    told_of = feel.loads(next(event.detail for event in view.history if event.kind == "modified"))
    assert (told_of["reason"], [each["element"] for each in told_of["ended"]]) == (WHY, ["check", "high"])


def test_an_item_takes_its_whole_multi_instance_activity_along(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, "gathering", 单位们=["甲", "乙", "丙"])
    standing = engine.read(queries.repair, cast.olga, case.id).standing
    items = [each for each in standing if each.state == "waits"]
    assert len(items) == 3
    assert all(not item.targets for item in items), "the page offers to move the activity, not one item of it"
    told = engine.preview_move(case.id, items[0].token, "sum", by=cast.olga)
    assert sorted(effect.element for effect in told.withdrawn) == ["ask", "ask", "ask", "late"]
    engine.move_token(case.id, standing[0].token, "sum", {"意见们": []}, by=cast.olga, reason=WHY)
    view = engine.read(queries.case, cast.olga, case.id)
    assert (open_tasks(engine, cast, case), view.jobs, view.data["意见们"]) == (["sum"], [], [])


def test_an_item_that_is_passed_over_counts_as_done(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, "gathering", 单位们=["甲", "乙"])
    item = next(each for each in engine.read(queries.repair, cast.olga, case.id).standing if each.state == "waits")
    engine.skip_element(case.id, item.token, {"意见": "视为同意"}, by=cast.olga, reason=WHY)
    assert open_tasks(engine, cast, case) == ["ask"]
    do(engine, cast, case, "ask")
    view = engine.read(queries.case, cast.olga, case.id)
    assert "视为同意" in view.data["意见们"]
    assert [task.state for task in view.tasks if task.element == "ask"].count("withdrawn") == 1


def test_a_service_that_fails_is_passed_over_with_what_it_should_have_said(
    engine: Engine, cast: Any, post: Any
) -> None:
    post.problem = ConnectionError("no route to host")
    case = begin(engine, cast, 金额=20)
    check = places(engine, cast, case)["check"]
    engine.move_token(case.id, check.token, "mail", by=cast.olga, reason=WHY)
    engine.run_due_jobs()
    [failed] = engine.read(queries.incidents, cast.olga)
    assert (failed.kind, failed.service) == ("job", "mail")
    assert "ConnectionError: no route to host" in failed.stack
    mail = places(engine, cast, case)["mail"]
    engine.skip_element(case.id, mail.token, {"收件人": "bob"}, by=cast.olga, reason=WHY)
    view = engine.read(queries.case, cast.olga, case.id)
    assert (view.data["收件人"], view.case.incidents, "sent_to" in view.data) == ("bob", 0, False)
    assert [job.element for job in view.jobs] == []
    assert open_tasks(engine, cast, case) == ["high"], "the other branch stands as it stood"


@pytest.mark.parametrize("person", ["alice", "bob", "diana"])
def test_only_operators_repair_and_look_at_what_is_broken(engine: Engine, cast: Any, person: str) -> None:
    case = begin(engine, cast, 金额=20)
    by, token = getattr(cast, person), places(engine, cast, case)["check"].token
    for forbidden in (
        lambda: engine.skip_element(case.id, token, by=by, reason=WHY),
        lambda: engine.move_token(case.id, token, "approve", by=by, reason=WHY),
        lambda: engine.modify_case(case.id, [], [token], by=by, reason=WHY),
        lambda: engine.preview_modify(case.id, [], [token], by=by),
        lambda: engine.change_data(case.id, {"金额": 1}, by=by, reason=WHY),
        lambda: engine.preview_move(case.id, token, "approve", by=by),
        lambda: engine.preview_data(case.id, {"金额": 1}, by=by),
        lambda: engine.suspend_case(case.id, by=by, reason=WHY),
        lambda: engine.cancel_case(case.id, by=by, reason=WHY),
        lambda: engine.read(queries.repair, by, case.id),
        lambda: engine.read(queries.incident_page, by),
        lambda: engine.read(queries.incident_groups, by),
    ):
        with pytest.raises(OperatorsOnly):
            forbidden()


def test_nothing_far_reaching_happens_without_a_reason(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额=20)
    token = places(engine, cast, case)["check"].token
    for silent in (
        lambda: engine.skip_element(case.id, token, by=cast.olga, reason=" "),
        lambda: engine.move_token(case.id, token, "approve", by=cast.olga, reason=""),
        lambda: engine.modify_case(case.id, [], [token], by=cast.olga, reason=""),
        lambda: engine.change_data(case.id, {"金额": 1}, by=cast.olga, reason=""),
        lambda: engine.suspend_case(case.id, by=cast.olga, reason=""),
        lambda: engine.cancel_case(case.id, by=cast.olga, reason="x" * 1001),
    ):
        with pytest.raises(ReasonMissing):
            silent()


def test_what_is_gone_ended_or_suspended_is_not_repaired(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额=20)
    token = places(engine, cast, case)["check"].token
    do(engine, cast, case, "check")
    with pytest.raises(TokenGone):
        engine.skip_element(case.id, token, by=cast.olga, reason=WHY)
    high = places(engine, cast, case)["high"].token
    engine.suspend_case(case.id, by=cast.olga, reason=WHY)
    with pytest.raises(CaseSuspended):
        engine.move_token(case.id, high, "approve", by=cast.olga, reason=WHY)
    engine.cancel_case(case.id, by=cast.olga, reason=WHY)
    with pytest.raises(CaseEnded):
        engine.skip_element(case.id, high, by=cast.olga, reason=WHY)
    assert engine.read(queries.repair, cast.olga, case.id).standing == []


def test_of_two_operators_who_move_the_same_token_one_wins(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额=20)
    olga, token = cast.olga, places(engine, cast, case)["check"].token
    together, results = Barrier(2), list[str]()

    def move(element: str) -> None:
        together.wait()
        try:
            engine.move_token(case.id, token, element, by=olga, reason=WHY)
            results.append("moved")
        except TokenGone:
            results.append("gone")

    threads = [Thread(target=move, args=(element,)) for element in ("approve", "visit")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["gone", "moved"]
    assert len(open_tasks(engine, cast, case)) == 2


def test_data_are_corrected_and_tried_in_one_go(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, 金额="很多")
    [incident] = engine.read(queries.incidents, cast.olga)
    told = engine.preview_data(case.id, {"金额": 3}, by=cast.olga)
    assert [(change.name, change.old, change.new, change.is_new) for change in told.changed] == [
        ("金额", "很多", 3, False)
    ]
    engine.retry_incident(incident.id, by=cast.olga, reason=WHY, data={"金额": 3})
    assert open_tasks(engine, cast, case) == ["check", "low"]
    with pytest.raises(IncidentResolved):
        engine.retry_incident(incident.id, by=cast.olga, reason=WHY, data={"金额": 4})
    assert engine.read(queries.case, cast.olga, case.id).data["金额"] == 3, "refused whole: the data stay too"


def test_a_preview_of_data_tells_what_a_condition_would_set_off(engine: Engine, cast: Any) -> None:
    case = begin(engine, cast, "gathering", 单位们=["甲"])
    told = engine.preview_data(case.id, {"作废": True}, by=cast.olga)
    assert told.is_end
    assert "ask" in [effect.element for effect in told.withdrawn]


@pytest.mark.parametrize(
    "data",
    [{"": 1}, {"x" * 201: 1}, {"大": "字" * 100_000}, {"集合": {1, 2}}, {"物": object()}],
    ids=["no name", "long name", "large", "set", "object"],
)
def test_what_is_not_json_or_too_large_is_refused(engine: Engine, cast: Any, data: dict[str, Any]) -> None:
    case = begin(engine, cast, 金额=1)
    with pytest.raises(ValueRefused):
        engine.change_data(case.id, data, by=cast.olga, reason=WHY)


@pytest.mark.parametrize(
    ("current", "text", "value"),
    [("甲", "12", "12"), (3, " 12 ", 12), (True, "否", False), ([1], "[2]", [2]), (None, '"乙"', "乙"), ({}, "{}", {})],
    ids=["text", "number", "truth", "list", "new", "object"],
)
def test_a_typed_value_keeps_the_type_that_it_had(current: Any, text: str, value: Any) -> None:
    assert repairs.typed("x", current, text) == value


@pytest.mark.parametrize(
    ("current", "text"),
    [(3, "many"), (3, "NaN"), (True, "1"), ([1], "{}"), (None, "plain words"), ({}, "[]")],
    ids=["number", "no number", "truth", "list", "new", "object"],
)
def test_a_typed_value_of_another_type_is_refused_unless_json_is_meant(current: Any, text: str) -> None:
    with pytest.raises(ValueRefused):
        repairs.typed("x", current, text)
