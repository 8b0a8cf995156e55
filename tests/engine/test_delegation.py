"""Delegated tasks come back, transferred ones do not: who may, to whom, when, and exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from engine import (
    CaseSuspended,
    Delegated,
    Engine,
    FourEyes,
    MayNotTransfer,
    NotDelegated,
    NoteMissing,
    NotReleasable,
    NotYours,
    TargetBarred,
    TargetElsewhere,
    TargetSame,
    TargetUnknown,
    Task,
    TaskDone,
    TaskHeld,
    TaskTaken,
    TaskWithdrawn,
    queries,
)
from engine.assignment import TargetAsked
from engine.urging import MayNotUrge

REPORT = {"地点": "三楼", "情况": "漏水", "估价": "12"}
FIXED: dict[str, Any] = {"data": {"处理": "换管"}, "outcome": "修好"}


@pytest.fixture
def engine(desk: Engine) -> Engine:
    return desk


def fix_of(engine: Engine, cast: Any) -> Task:
    """This will report something and return the task of fixing it, free in the queue of bob and bella."""
    case = engine.start_case("repair", REPORT, by=cast.alice)
    return open_task(engine, cast, case.id)


def open_task(engine: Engine, cast: Any, case_id: Any, name: str | None = None) -> Task:
    """This will return the one open task of a case (of this name)."""
    tasks = engine.read(queries.case, cast.olga, case_id).tasks
    [found] = [task for task in tasks if task.state == "open" and name in (None, task.name)]
    return found


def inbox(engine: Engine, actor: Any) -> list[Any]:
    return [task.id for task in engine.read(queries.inbox, actor).items]


def kinds(engine: Engine, cast: Any, case_id: Any) -> list[str]:
    return [event.kind for event in engine.read(queries.case, cast.olga, case_id).history]


def test_a_delegated_task_comes_back_with_the_answer_as_draft(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.claim_task(task.id, by=cast.bob)
    engine.delegate_task(task.id, "bella", by=cast.bob, note="请先看看")
    assert inbox(engine, cast.bob) == []
    assert inbox(engine, cast.bella) == [task.id]
    back = engine.resolve_task(task.id, by=cast.bella, note="已看", data={"处理": "换管"})
    assert (back.assignee_id, back.owner_id) == (cast.bob.person_id, None)
    assert inbox(engine, cast.bella) == []
    assert engine.read(queries.task, cast.bob, task.id).draft == {"处理": "换管"}
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    history = engine.read(queries.case, cast.bob, task.case_id).history
    told = [(event.kind, event.actor.partition("@")[0]) for event in history if event.task_id == task.id]
    assert told == [
        ("entered", "甲"), ("claimed", "乙"), ("delegated", "乙"), ("given_back", "丙"), ("completed", "乙"),
    ]  # fmt: skip


def test_a_delegate_cannot_finish_give_away_or_release_the_task(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.delegate_task(task.id, "bella", by=cast.bob)
    bella = cast.bella
    for verb in (
        lambda: engine.complete_task(task.id, by=bella, **FIXED),
        lambda: engine.transfer_task(task.id, "bob", by=bella),
        lambda: engine.delegate_task(task.id, "bob", by=bella),
        lambda: engine.add_signs(task.id, ["diana"], by=bella),
        lambda: engine.return_task(task.id, "report", by=bella, reason="退"),
    ):
        with pytest.raises(Delegated) as refused:
            verb()
        assert refused.value.details["by"] == "乙"
    with pytest.raises(NotReleasable):
        engine.release_task(task.id, by=bella)
    assert engine.read(queries.task, bella, task.id).may == {"resolve"}


def test_who_delegated_may_call_the_task_back_but_not_finish_it_meanwhile(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.delegate_task(task.id, "bella", by=cast.bob)
    with pytest.raises(TaskTaken):
        engine.complete_task(task.id, by=cast.bob, **FIXED)
    assert engine.read(queries.task, cast.bob, task.id).may == {"resolve"}
    engine.resolve_task(task.id, by=cast.bob)
    assert "called_back" in kinds(engine, cast, task.case_id)
    engine.complete_task(task.id, by=cast.bob, **FIXED)


def test_an_answer_needs_words_and_only_the_two_may_give_the_task_back(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    with pytest.raises(NotDelegated):
        engine.resolve_task(task.id, by=cast.bob, note="无")
    engine.delegate_task(task.id, "bella", by=cast.bob)
    with pytest.raises(NotDelegated):
        engine.resolve_task(task.id, by=cast.charlie, note="无")
    with pytest.raises(NoteMissing):
        engine.resolve_task(task.id, by=cast.bella, note=" ")


@pytest.mark.parametrize("verb", ["delegate_task", "transfer_task"])
def test_a_task_goes_only_to_somebody_who_is_there_and_has_to_do_with_it(engine: Engine, cast: Any, verb: str) -> None:
    task = fix_of(engine, cast)
    give: Callable[..., Any] = getattr(engine, verb)
    with pytest.raises(TargetUnknown):
        give(task.id, "nobody", by=cast.bob)
    with pytest.raises(TargetSame):
        give(task.id, "bob", by=cast.bob)
    with pytest.raises(TargetElsewhere) as refused:
        give(task.id, "charlie", by=cast.bob)
    assert refused.value.details["person"] == "丁"
    engine.set_active("bella", by=cast.olga, is_active=False)
    with pytest.raises(TargetUnknown):
        give(task.id, "bella", by=cast.bob)
    with pytest.raises(NotYours):
        give(task.id, "bob", by=cast.charlie)


@pytest.mark.parametrize("verb", ["delegate_task", "transfer_task"])
def test_nobody_gives_a_task_away_at_the_wrong_moment(engine: Engine, cast: Any, verb: str) -> None:
    task = fix_of(engine, cast)
    give: Callable[..., Any] = getattr(engine, verb)
    engine.suspend_case(task.case_id, by=cast.olga, reason="停")
    with pytest.raises(CaseSuspended):
        give(task.id, "bella", by=cast.bob)
    engine.resume_case(task.case_id, by=cast.olga)
    engine.add_signs(task.id, ["diana"], by=cast.bob)
    with pytest.raises(TaskHeld):
        give(task.id, "bella", by=cast.bob)
    other = fix_of(engine, cast)
    engine.complete_task(other.id, by=cast.bob, **FIXED)
    with pytest.raises(TaskDone):
        give(other.id, "bella", by=cast.bob)
    engine.cancel_case(task.case_id, by=cast.olga, reason="撤")
    with pytest.raises(TaskWithdrawn):
        give(task.id, "bella", by=cast.bob)


def test_four_eyes_bar_givers_takers_and_those_who_worked_for_another(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    check = open_task(engine, cast, task.case_id)
    with pytest.raises(FourEyes):
        engine.delegate_task(check.id, "bella", by=cast.bob)
    with pytest.raises(TargetBarred) as barred:
        engine.transfer_task(check.id, "bob", by=cast.bella)
    assert barred.value.details["element"] == "维修"
    other = fix_of(engine, cast)
    engine.delegate_task(other.id, "bella", by=cast.bob)
    engine.resolve_task(other.id, by=cast.bella, note="已换", data=FIXED["data"])
    engine.complete_task(other.id, by=cast.bob, **FIXED)
    with pytest.raises(FourEyes):
        engine.claim_task(open_task(engine, cast, other.case_id).id, by=cast.bella)


def test_a_transferred_task_is_the_new_handlers_for_good(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.claim_task(task.id, by=cast.bob)
    engine.transfer_task(task.id, "bella", by=cast.bob, note="转你办")
    with pytest.raises(TaskTaken):
        engine.complete_task(task.id, by=cast.bob, **FIXED)
    with pytest.raises(NotReleasable):
        engine.release_task(task.id, by=cast.bella)
    engine.complete_task(task.id, by=cast.bella, **FIXED)
    told = engine.read(queries.case, cast.bella, task.case_id).history
    assert [event.detail for event in told if event.kind == "transferred"] == ['{"to":"丙","text":"转你办"}']


def test_a_task_given_to_another_unit_stands_on_the_board_of_that_unit(engine: Engine, cast: Any) -> None:
    engine.load_people([], [{"login": "eve", "name": "辛", "roles": [("officer", "420102")]}])
    task = fix_of(engine, cast)
    given = engine.transfer_task(task.id, "eve", by=cast.bob)
    assert given.unit_name == "邻县"
    assert inbox(engine, cast.eve) == [task.id]
    assert {cell.unit_name for cell in engine.read(queries.board, cast.diana).cells} == {"邻县"}


def test_the_diagram_may_forbid_to_give_a_task_away(engine: Engine, cast: Any) -> None:
    case = engine.start_case("rules", {}, by=cast.alice, unit_code="420101")
    for _ in range(2):
        engine.complete_task(open_task(engine, cast, case.id).id, by=cast.bob, data={})
    task = open_task(engine, cast, case.id, "不可转")
    with pytest.raises(MayNotTransfer):
        engine.transfer_task(task.id, "bella", by=cast.bob)
    assert "transfer" not in engine.read(queries.task, cast.bob, task.id).may
    engine.delegate_task(task.id, "bella", by=cast.bob)


def test_of_two_who_give_the_same_task_away_one_wins(engine: Engine, cast: Any) -> None:
    engine.load_people([], [{"login": "gus", "name": "庚", "roles": [("officer", "420101-yj")]}])
    task = fix_of(engine, cast)
    won, lost = [], []
    together = Barrier(2)

    def give(by: Any) -> None:
        together.wait()
        try:
            engine.transfer_task(task.id, "gus", by=by)
            won.append(by.name)
        except (NotYours, TaskTaken, TargetSame) as late:
            lost.append(late)

    run_together(*[Thread(target=give, args=(by,)) for by in (cast.bob, cast.bella)])
    assert (len(won), len(lost)) == (1, 1)
    assert kinds(engine, cast, task.case_id).count("transferred") == 1


def run_together(*threads: Thread) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_who_stands_in_for_the_delegate_gives_the_task_back(engine: Engine, cast: Any, clock: Any) -> None:
    task = fix_of(engine, cast)
    engine.delegate_task(task.id, "bella", by=cast.bob)
    engine.set_absence(by=cast.bella, substitute="charlie", from_at=clock(), until_at=clock() + timedelta(days=1))
    assert engine.read(queries.task, cast.charlie, task.id).may == {"resolve"}
    with pytest.raises(NoteMissing):
        engine.resolve_task(task.id, by=cast.charlie)
    engine.resolve_task(task.id, by=cast.charlie, note="代为查明")
    [told] = [e for e in engine.read(queries.case, cast.olga, task.case_id).history if e.kind == "given_back"]
    assert json.loads(told.detail) == {"to": "乙", "text": "代为查明", "on_behalf": "丙"}
    assert inbox(engine, cast.bob) == [task.id]


def test_who_delegated_a_task_or_asked_for_a_signature_may_urge_it(engine: Engine, cast: Any) -> None:
    task, other = fix_of(engine, cast), fix_of(engine, cast)
    engine.delegate_task(task.id, "bella", by=cast.bob)
    [sign] = engine.add_signs(other.id, ["diana"], by=cast.bob)
    for waiting in (task, sign):
        assert "urge" in engine.read(queries.task, cast.bob, waiting.id).also
        assert engine.urge_task(waiting.id, by=cast.bob).urged_count == 1
    with pytest.raises(MayNotUrge):
        engine.urge_task(sign.id, by=cast.bella)


def test_nobody_gets_a_task_who_is_asked_to_sign_it(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    [sign] = engine.add_signs(task.id, ["bella"], by=cast.bob, when="parallel")
    for give in (engine.transfer_task, engine.delegate_task):
        with pytest.raises(TargetAsked):
            give(task.id, "bella", by=cast.bob)
    engine.remove_sign(sign.id, by=cast.bob, reason="改为转办")
    engine.transfer_task(task.id, "bella", by=cast.bob)
