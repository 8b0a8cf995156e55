"""Signatures that are added to a task: before it goes on, beside it, after it was submitted; given and taken away."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from engine import (
    AlreadyAsked,
    CaseSuspended,
    Engine,
    IsSign,
    NoteMissing,
    NotSign,
    NotYours,
    SignDone,
    SignPlanned,
    TargetSame,
    TargetUnknown,
    Task,
    TaskHeld,
    TaskTaken,
    TaskWithdrawn,
    TooLate,
    TooManySigns,
    WhenUnknown,
    queries,
)
from engine.signing import OwnRequest

from .test_delegation import FIXED, fix_of, inbox, kinds, open_task, run_together


@pytest.fixture
def engine(desk: Engine) -> Engine:
    return desk


def asked(engine: Engine, cast: Any, when: str, *logins: str) -> tuple[Task, list[Task]]:
    """This will let bob ask for signatures with the task of fixing something."""
    task = fix_of(engine, cast)
    return task, engine.add_signs(task.id, logins or ("diana",), by=cast.bob, when=when, note="请会签")


def state_of(engine: Engine, cast: Any, task: Task) -> str:
    found: str = engine.read(queries.task, cast.olga, task.id).task.state
    return found


def test_a_task_that_waits_for_signatures_is_in_no_inbox_until_all_have_signed(engine: Engine, cast: Any) -> None:
    task, signs = asked(engine, cast, "before", "diana", "charlie")
    assert inbox(engine, cast.bob) == []
    assert [inbox(engine, each) for each in (cast.diana, cast.charlie)] == [[signs[0].id], [signs[1].id]]
    assert {cell.unit_name: cell.open for cell in engine.read(queries.board, cast.diana).cells} == {
        "某市": 1, "邻县": 1,
    }  # fmt: skip
    with pytest.raises(TaskHeld):
        engine.complete_task(task.id, by=cast.bob, **FIXED)
    engine.sign_task(signs[0].id, by=cast.diana, text="同意", agrees=True)
    assert inbox(engine, cast.bob) == []
    engine.sign_task(signs[1].id, by=cast.charlie, text="材料不全", agrees=False)
    assert inbox(engine, cast.bob) == [task.id]
    view = engine.read(queries.task, cast.bob, task.id)
    assert [(sign.person, sign.agrees, sign.text) for sign in view.signs] == [
        ("戊", True, "同意"), ("丁", False, "材料不全"),
    ]  # fmt: skip
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    assert kinds(engine, cast, task.case_id).count("signed") == 2


def test_parallel_signatures_hold_only_the_end_of_the_task(engine: Engine, cast: Any) -> None:
    task, [sign] = asked(engine, cast, "parallel")
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    view = engine.read(queries.task, cast.bob, task.id)
    assert view.task.state == "held"
    assert view.submitted == {"data": {"处理": "换管"}, "outcome": "修好"}
    case = engine.sign_task(sign.id, by=cast.diana)
    done = engine.read(queries.case, cast.bob, case.id)
    assert done.data["处理"] == "换管"
    assert [(row.element, row.state, row.outcome) for row in done.tasks if row.kind == "task"] == [
        ("fix", "done", "修好"), ("check", "open", None),
    ]  # fmt: skip
    assert engine.read(queries.done, cast.bob).items[0].id == task.id
    assert engine.read(queries.done, cast.diana).items[0].outcome == "agreed"


def test_a_parallel_signature_may_come_first(engine: Engine, cast: Any) -> None:
    task, [sign] = asked(engine, cast, "parallel")
    engine.sign_task(sign.id, by=cast.diana)
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    assert state_of(engine, cast, task) == "done"


def test_signatures_planned_for_afterwards_are_asked_for_when_the_task_is_submitted(engine: Engine, cast: Any) -> None:
    task, [sign] = asked(engine, cast, "after")
    assert inbox(engine, cast.diana) == []
    with pytest.raises(SignPlanned):
        engine.sign_task(sign.id, by=cast.diana)
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    assert inbox(engine, cast.diana) == [sign.id]
    engine.sign_task(sign.id, by=cast.diana)
    assert open_task(engine, cast, task.case_id).element == "check"


def test_the_last_signature_that_is_taken_away_lets_the_task_go_on(engine: Engine, cast: Any) -> None:
    task, [sign] = asked(engine, cast, "before")
    engine.remove_sign(sign.id, by=cast.bob, reason="出差")
    assert inbox(engine, cast.bob) == [task.id]
    [later] = engine.add_signs(task.id, ["diana"], by=cast.bob, when="after")
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    engine.remove_sign(later.id, by=cast.bob, reason="不必了")
    assert state_of(engine, cast, task) == "done"
    with pytest.raises(TaskWithdrawn):
        engine.sign_task(later.id, by=cast.diana)


def test_a_signature_is_asked_once_of_others_and_for_a_known_moment(engine: Engine, cast: Any) -> None:
    task, _ = asked(engine, cast, "parallel")
    with pytest.raises(AlreadyAsked):
        engine.add_signs(task.id, ["diana"], by=cast.bob)
    with pytest.raises(TargetSame):
        engine.add_signs(task.id, ["bob"], by=cast.bob)
    with pytest.raises(TargetUnknown):
        engine.add_signs(task.id, ["nobody"], by=cast.bob)
    with pytest.raises(WhenUnknown):
        engine.add_signs(task.id, ["charlie"], by=cast.bob, when="someday")
    with pytest.raises(TooManySigns):
        engine.add_signs(task.id, [], by=cast.bob)
    for stranger, refusal in ((cast.charlie, NotYours), (cast.bella, TaskTaken)):
        with pytest.raises(refusal):
            engine.add_signs(task.id, ["alice"], by=stranger)


def test_only_who_was_asked_signs_and_only_who_asked_takes_it_away(engine: Engine, cast: Any) -> None:
    task, [sign] = asked(engine, cast, "before")
    for stranger in (cast.bob, cast.charlie, cast.olga):
        with pytest.raises(NotYours):
            engine.sign_task(sign.id, by=stranger)
    with pytest.raises(NotYours):
        engine.remove_sign(sign.id, by=cast.diana, reason="不签")
    with pytest.raises(NoteMissing):
        engine.remove_sign(sign.id, by=cast.bob, reason=" ")
    with pytest.raises(NoteMissing):
        engine.sign_task(sign.id, by=cast.diana, agrees=False)
    with pytest.raises(NotSign):
        engine.sign_task(fix_of(engine, cast).id, by=cast.bob)
    assert engine.read(queries.task, cast.diana, sign.id).may == {"sign"}
    assert engine.read(queries.task, cast.bob, task.id).may == {"add_signs", "remove_sign"}
    engine.sign_task(sign.id, by=cast.diana)
    with pytest.raises(SignDone) as done:
        engine.remove_sign(sign.id, by=cast.bob, reason="算了")
    assert done.value.details["by"] == "戊"
    with pytest.raises(SignDone):
        engine.sign_task(sign.id, by=cast.diana)


def test_a_signature_is_no_task_to_be_done_given_away_or_returned(engine: Engine, cast: Any) -> None:
    _, [sign] = asked(engine, cast, "before")
    diana = cast.diana
    for verb in (
        lambda: engine.complete_task(sign.id, by=diana, **FIXED),
        lambda: engine.delegate_task(sign.id, "bob", by=diana),
        lambda: engine.transfer_task(sign.id, "bob", by=diana),
        lambda: engine.add_signs(sign.id, ["alice"], by=diana),
        lambda: engine.return_task(sign.id, "fix", by=diana, reason="退"),
    ):
        with pytest.raises(IsSign):
            verb()


def test_nobody_signs_while_the_case_is_suspended_or_after_it_was_cancelled(engine: Engine, cast: Any) -> None:
    task, [sign] = asked(engine, cast, "before")
    engine.suspend_case(task.case_id, by=cast.olga, reason="停")
    with pytest.raises(CaseSuspended):
        engine.sign_task(sign.id, by=cast.diana)
    assert engine.read(queries.task, cast.diana, sign.id).may == set()
    engine.resume_case(task.case_id, by=cast.olga)
    engine.cancel_case(task.case_id, by=cast.olga, reason="撤")
    with pytest.raises(TaskWithdrawn):
        engine.sign_task(sign.id, by=cast.diana)
    assert {row.state for row in engine.read(queries.case, cast.olga, task.case_id).tasks} == {"withdrawn"}


def test_a_time_out_withdraws_a_task_with_all_its_signatures(engine: Engine, cast: Any, clock: Any) -> None:
    case = engine.start_case("timed", {}, by=cast.alice, unit_code="420101")
    engine.complete_task(open_task(engine, cast, case.id).id, by=cast.bob, data={})
    task = open_task(engine, cast, case.id)
    signs = [
        *engine.add_signs(task.id, ["diana"], by=cast.bella, when="parallel"),
        *engine.add_signs(task.id, ["alice"], by=cast.bella, when="after"),
        *engine.add_signs(task.id, ["charlie"], by=cast.bella, when="before"),
    ]
    clock.advance(hours=25)
    assert engine.run_due_jobs() == 1
    assert [state_of(engine, cast, each) for each in (task, *signs)] == ["held", "open", "planned", "open"]
    engine.sign_task(signs[0].id, by=cast.diana)
    clock.advance(days=7)
    assert engine.run_due_jobs() == 1
    assert [state_of(engine, cast, each) for each in (task, *signs)] == ["withdrawn", "done", "withdrawn", "withdrawn"]
    with pytest.raises(TaskWithdrawn):
        engine.sign_task(signs[2].id, by=cast.charlie)
    assert inbox(engine, cast.charlie) == []


def test_what_was_submitted_can_be_taken_back_until_one_has_signed_it(engine: Engine, cast: Any) -> None:
    task, signs = asked(engine, cast, "after", "diana", "charlie")
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    assert engine.read(queries.task, cast.bob, task.id).may == {"remove_sign", "withdraw"}
    with pytest.raises(NotYours):
        engine.withdraw_task(task.id, by=cast.bella)
    engine.withdraw_task(task.id, by=cast.bob, reason="填错")
    assert [state_of(engine, cast, each) for each in (task, *signs)] == ["open", "planned", "planned"]
    assert engine.read(queries.task, cast.bob, task.id).draft == {"处理": "换管"}
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换阀"}, outcome="修好")
    engine.sign_task(signs[0].id, by=cast.diana)
    with pytest.raises(TooLate) as late:
        engine.withdraw_task(task.id, by=cast.bob)
    assert (late.value.details["by"], late.value.details["kind"]) == ("戊", "signed")
    engine.sign_task(signs[1].id, by=cast.charlie)
    assert engine.read(queries.case, cast.bob, task.case_id).data["处理"] == "换阀"


def test_last_signatures_given_at_once_let_the_case_go_on_once(engine: Engine, cast: Any) -> None:
    task, signs = asked(engine, cast, "after", "diana", "charlie")
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    together = Barrier(2)
    problems: list[BaseException] = []

    def give(sign: Task, by: Any) -> None:
        together.wait()
        try:
            engine.sign_task(sign.id, by=by)
        except Exception as problem:  # noqa: BLE001 - told below
            problems.append(problem)

    pairs = zip(signs, (cast.diana, cast.charlie), strict=True)
    run_together(*[Thread(target=give, args=pair) for pair in pairs])
    assert problems == []
    assert open_task(engine, cast, task.case_id).element == "check"
    assert kinds(engine, cast, task.case_id).count("signed") == 2


def test_nobody_signs_what_they_asked_for_themselves_as_a_substitute(engine: Engine, cast: Any, clock: Any) -> None:
    task, [sign] = asked(engine, cast, "parallel", "diana")
    away = {"from_at": clock(), "until_at": clock() + timedelta(days=1)}
    engine.set_absence(by=cast.diana, substitute="bob", **away)
    assert "sign" not in engine.read(queries.task, cast.bob, sign.id).may
    with pytest.raises(OwnRequest):
        engine.sign_task(sign.id, by=cast.bob)
    engine.set_absence(by=cast.bob, substitute="charlie", **away)
    with pytest.raises(TargetSame):
        engine.add_signs(task.id, ["bob"], by=cast.charlie)
