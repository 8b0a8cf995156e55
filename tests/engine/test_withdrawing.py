"""Tasks taken back by who did them, until the next person acts: the case stands again exactly as it stood before."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from engine import (
    Case,
    CaseEnded,
    CaseSuspended,
    EffectsOutside,
    Engine,
    IsSign,
    Job,
    NotDone,
    NotYours,
    ProcessApp,
    TaskHeld,
    TaskTaken,
    TaskWithdrawn,
    TooLate,
    history,
    queries,
)
from engine.models import Limit

from .test_delegation import FIXED, fix_of, inbox, open_task, run_together
from .test_returning import Walk


@pytest.fixture
def engine(desk: Engine) -> Engine:
    return desk


@pytest.fixture
def walk(engine: Engine, cast: Any) -> Any:
    return lambda process: Walk(engine, cast, process)


def newest(case: Walk, element: str) -> Any:
    return [task for task in case.view.tasks if task.element == element][-1]


def standing(engine: Engine, case_id: Any) -> Any:
    """Where the case stands, what it knows, and when its timers are due."""

    def read(session: Any) -> Any:
        data, snapshot = session.execute(select(Case.data, Case.snapshot).where(Case.id == case_id)).one()
        kept = json.loads(snapshot)
        due = session.execute(select(Job.token, Job.due_at).where(Job.case_id == case_id).order_by(Job.token)).all()
        tokens = sorted(kept["state"]["tokens"], key=lambda row: row[0])
        return json.loads(data), tokens, kept["waiting"], [tuple(row) for row in due]

    return engine.read(read)


def test_a_task_taken_back_is_open_again_with_what_was_sent_as_draft(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    before = standing(engine, task.case_id)
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    assert engine.read(queries.task, cast.bob, task.id).may == {"withdraw"}
    case = engine.withdraw_task(task.id, by=cast.bob, reason="写错了")
    assert standing(engine, case.id) == before
    view = engine.read(queries.task, cast.bob, task.id)
    assert (view.task.state, view.task.outcome, view.draft) == ("open", None, {"处理": "换管"})
    assert inbox(engine, cast.bob) == [task.id]
    assert inbox(engine, cast.bella) == []
    events = engine.read(queries.case, cast.bob, case.id).history
    assert [(event.kind, event.detail) for event in events if event.kind == "taken_back"] == [
        ("taken_back", '{"text":"写错了"}')
    ]
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换阀"}, outcome="修好")
    engine.complete_task(open_task(engine, cast, case.id).id, by=cast.bella, data={}, outcome="合格")
    assert engine.read(queries.case, cast.bob, case.id).data["处理"] == "换阀"
    assert engine.read(history.verify, case.id) > 0


def test_only_who_did_a_task_takes_it_back_and_only_a_done_one(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    with pytest.raises(NotDone):
        engine.withdraw_task(task.id, by=cast.bob)
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    for stranger in (cast.bella, cast.olga, cast.alice):
        with pytest.raises(NotYours):
            engine.withdraw_task(task.id, by=stranger)
        assert "withdraw" not in engine.read(queries.task, stranger, task.id).may
    engine.suspend_case(task.case_id, by=cast.olga, reason="停")
    with pytest.raises(CaseSuspended):
        engine.withdraw_task(task.id, by=cast.bob)
    engine.resume_case(task.case_id, by=cast.olga)
    check = open_task(engine, cast, task.case_id)
    engine.complete_task(check.id, by=cast.bella, data={}, outcome="合格")
    with pytest.raises(CaseEnded):
        engine.withdraw_task(check.id, by=cast.bella)
    with pytest.raises(CaseEnded):
        engine.withdraw_task(task.id, by=cast.bob)


def test_a_held_task_a_signature_and_a_withdrawn_task_are_not_taken_back(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    [sign] = engine.add_signs(task.id, ["diana"], by=cast.bob)
    with pytest.raises(TaskHeld):
        engine.withdraw_task(task.id, by=cast.bob)
    engine.sign_task(sign.id, by=cast.diana)
    with pytest.raises(IsSign):
        engine.withdraw_task(sign.id, by=cast.diana)
    engine.cancel_case(task.case_id, by=cast.olga, reason="撤")
    with pytest.raises(TaskWithdrawn):
        engine.withdraw_task(task.id, by=cast.bob)


@pytest.mark.parametrize("act", ["claim", "delegate", "transfer", "sign", "complete"])
def test_it_is_too_late_when_the_next_person_has_acted(engine: Engine, cast: Any, clock: Any, act: str) -> None:
    task = fix_of(engine, cast)
    engine.load_people([], [{"login": "gus", "name": "庚", "roles": [("officer", "420101-yj")]}])
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    check, bella = open_task(engine, cast, task.case_id), cast.bella
    clock.advance(minutes=5)
    acts = {
        "claim": lambda: engine.claim_task(check.id, by=bella),
        "delegate": lambda: engine.delegate_task(check.id, "gus", by=bella),
        "transfer": lambda: engine.transfer_task(check.id, "gus", by=bella),
        "sign": lambda: engine.add_signs(check.id, ["diana"], by=bella),
        "complete": lambda: engine.complete_task(check.id, by=bella, data={}, outcome="不合格"),
    }
    acts[act]()
    assert engine.read(queries.task, cast.bob, task.id).may == set()
    with pytest.raises(TooLate) as late:
        engine.withdraw_task(task.id, by=cast.bob)
    told = late.value.details
    assert (told["by"], told["name"], told["at"]) == ("丙", "验收", "2026-03-02 09:05")


def test_what_was_claimed_and_given_back_to_the_queue_is_untouched(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.complete_task(task.id, by=cast.bob, **FIXED)
    check = open_task(engine, cast, task.case_id)
    engine.claim_task(check.id, by=cast.bella)
    engine.release_task(check.id, by=cast.bella)
    engine.withdraw_task(task.id, by=cast.bob)
    with pytest.raises(TaskWithdrawn):
        engine.claim_task(check.id, by=cast.bella)


def test_taking_back_gives_no_more_time(engine: Engine, cast: Any, walk: Any, clock: Any) -> None:
    case = walk("timed").do("draft")
    before = standing(engine, case.id)
    clock.advance(hours=20)
    handle = case.task("handle")
    engine.complete_task(handle.id, by=cast.bella, data={})
    assert case.has_ended
    case = walk("nested").do("draft", "inner")
    before = standing(engine, case.id)
    clock.advance(hours=70)
    case.do("inner2")
    assert case.open == ["between"]
    engine.withdraw_task(newest(case, "inner2").id, by=cast.bob)
    assert standing(engine, case.id) == before
    clock.advance(hours=3)
    engine.run_due_jobs()
    assert case.open == ["late"]


def test_a_suspension_moves_the_timers_of_a_task_that_is_taken_back(
    engine: Engine, cast: Any, walk: Any, clock: Any
) -> None:
    case = walk("nested").do("draft", "inner")
    engine.suspend_case(case.id, by=cast.olga, reason="停")
    clock.advance(hours=48)
    engine.resume_case(case.id, by=cast.olga)
    case.do("inner2")
    engine.withdraw_task(newest(case, "inner2").id, by=cast.bob)
    clock.advance(hours=71)
    engine.run_due_jobs()
    assert case.open == ["inner2"]
    clock.advance(hours=2)
    engine.run_due_jobs()
    assert case.open == ["late"]


def test_a_timer_that_fired_since_cannot_be_taken_back(engine: Engine, cast: Any, walk: Any, clock: Any) -> None:
    case = walk("timed").do("draft")
    clock.advance(hours=25)
    engine.run_due_jobs()
    with pytest.raises(TooLate) as late:
        engine.withdraw_task(newest(case, "draft").id, by=cast.bob)
    assert (late.value.details["by"], late.value.details["kind"]) == ("系统", "timer_fired")


def test_a_task_whose_token_waits_in_a_join_is_taken_back(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("branches").do("first", "left")
    before = standing(engine, case.id)
    case.do("up")
    engine.withdraw_task(newest(case, "up").id, by=cast.bob)
    assert standing(engine, case.id) == before
    case.do("up", "down", "right")
    before = standing(engine, case.id)
    case.do("right2")
    assert case.open == ["last"]
    engine.withdraw_task(newest(case, "right2").id, by=cast.bob)
    assert standing(engine, case.id) == before
    case.do("right2", "last")
    assert case.has_ended


def test_work_done_meanwhile_in_another_branch_stays_done(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("branches").do("first", "left", "up", "right")
    engine.withdraw_task(newest(case, "up").id, by=cast.bob)
    assert case.open == ["down", "right2", "up"]
    case.do("up", "down", "right2", "last")
    assert case.has_ended


def test_when_one_of_two_opened_branches_was_acted_upon_the_refusal_names_who(
    engine: Engine, cast: Any, walk: Any, clock: Any
) -> None:
    case = walk("branches").do("first")
    clock.advance(minutes=1)
    engine.claim_task(case.task("right").id, by=cast.bella)
    with pytest.raises(TooLate) as late:
        engine.withdraw_task(newest(case, "first").id, by=cast.bob)
    told = late.value.details
    assert (told["by"], told["kind"], told["name"], told["at"]) == ("丙", "claimed", "右", "2026-03-02 09:01")
    engine.release_task(case.task("right").id, by=cast.bella)
    engine.withdraw_task(newest(case, "first").id, by=cast.bob)
    assert case.open == ["first"]


def test_an_item_of_a_countersign_is_taken_back_and_counted_again(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("everybody").do("draft")
    by_person = {task.assignee_id: task for task in case.view.tasks if task.element == "panel"}
    mine, hers = by_person[cast.bob.person_id], by_person[cast.bella.person_id]
    engine.complete_task(mine.id, by=cast.bob, data={})
    engine.complete_task(hers.id, by=cast.bella, data={})
    engine.withdraw_task(mine.id, by=cast.bob)
    found = engine.read(queries.task, cast.bob, mine.id).countersign
    assert found is not None
    assert (found.done, found.total) == (1, 3)
    case.do("panel", "panel")
    assert case.open == ["after"]
    assert case.view.data["votes"] == [{"who": "bob"}, {"who": "bella"}, {"who": "diana"}]


def test_taking_back_the_vote_that_was_enough_opens_the_votes_it_made_needless(
    engine: Engine, cast: Any, walk: Any
) -> None:
    case = walk("two_of_three").do("draft", "panel")
    before = standing(engine, case.id)
    second = case.task("panel")
    case.do("panel")
    assert case.open == ["after"]
    engine.withdraw_task(second.id, by={2: cast.bob}.get(second.assignee_id, who(cast, second.assignee_id)))
    assert standing(engine, case.id) == before
    assert case.open == ["panel", "panel"]
    case.do("panel", "after")
    assert case.has_ended


def who(cast: Any, person_id: int | None) -> Any:
    return next(person for person in (cast.bob, cast.bella, cast.diana) if person.person_id == person_id)


def test_a_vote_in_turn_is_taken_back_before_the_next_one(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("in_turn").do("draft")
    before = standing(engine, case.id)
    first = case.task("panel")
    case.do("panel")
    engine.withdraw_task(first.id, by=cast.bob)
    assert standing(engine, case.id) == before
    case.do("panel", "panel", "panel", "after")
    assert case.has_ended


def test_a_task_inside_a_called_process_is_taken_back(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("nested").do("draft", "inner", "inner2", "between", "one")
    before = standing(engine, case.id)
    case.do("two")
    assert case.open == ["after"]
    engine.withdraw_task(newest(case, "two").id, by=cast.bob)
    assert standing(engine, case.id) == before
    case.do("two", "after")
    assert case.has_ended


def test_a_service_that_was_called_cannot_be_taken_back_one_that_waits_can(
    engine: Engine, cast: Any, walk: Any, post: Any
) -> None:
    case = walk("serving").do("here")
    with pytest.raises(EffectsOutside):
        engine.withdraw_task(newest(case, "here").id, by=cast.bob)
    case.do("there")
    engine.withdraw_task(newest(case, "there").id, by=cast.bob)
    assert engine.run_due_jobs() == 0
    case.do("there")
    engine.run_due_jobs()
    assert len(post.keys) == 1
    with pytest.raises(EffectsOutside):
        engine.withdraw_task(newest(case, "there").id, by=cast.bob)


def test_of_taking_back_and_claiming_at_once_exactly_one_wins(engine: Engine, cast: Any) -> None:
    for _ in range(3):
        task = fix_of(engine, cast)
        engine.complete_task(task.id, by=cast.bob, **FIXED)
        check, bob, bella = open_task(engine, cast, task.case_id), cast.bob, cast.bella
        together = Barrier(2)
        won: list[str] = []

        def act(verb: Any, name: str, together: Barrier = together, won: list[str] = won) -> None:
            together.wait()
            try:
                verb()
                won.append(name)
            except (TooLate, TaskWithdrawn, TaskTaken):
                pass

        run_together(
            Thread(target=act, args=(lambda: engine.withdraw_task(task.id, by=bob), "back")),  # noqa: B023
            Thread(target=act, args=(lambda: engine.claim_task(check.id, by=bella), "claim")),  # noqa: B023
        )
        assert len(won) == 1
        assert inbox(engine, bella).count(check.id) == (1 if won == ["claim"] else 0)
        if won == ["claim"]:
            engine.release_task(check.id, by=bella)
            engine.withdraw_task(task.id, by=bob)
        engine.cancel_case(task.case_id, by=cast.olga, reason="完")


def test_what_can_be_taken_back_does_not_pile_up_in_the_case(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("nested").do("draft", "inner", "inner2", "between", "one", "two")
    [kept] = json.loads(engine.read(lambda session: session.scalar(select(Case.snapshot).where(Case.id == case.id))))[
        "traces"
    ]
    assert datetime.fromisoformat(kept["at"]) == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_plain_completion_takes_five_statements_and_keeps_how_to_undo_it(
    engine: Engine, cast: Any, walk: Any, statements: Any
) -> None:
    walk("rules").do("draft")
    case = walk("rules")
    task, bob = case.task("draft"), cast.bob
    with statements(engine) as seen:
        engine.complete_task(task.id, by=bob, data={})
    assert len(seen) <= 5, "\n".join(seen)
    engine.withdraw_task(task.id, by=cast.bob)


class TestLimits:
    """A task with a limit of its own; when it is done a limit of the case begins."""

    @pytest.fixture
    def engine(self, make_engine: Any) -> Engine:
        app = ProcessApp(
            name="orders",
            title="责令整改",
            folder=Path(__file__).parent.parent / "apps" / "limits",
            process="order",
            roles={"officer": "执法人员", "leader": "领导"},
            starters={"order": ("*",)},
        )
        made: Engine = make_engine([app])
        return made

    def test_limits_run_on_as_if_the_task_had_never_been_done(
        self, engine: Engine, cast: Any, walk: Any, clock: Any
    ) -> None:
        case = walk("order")

        def known() -> Any:
            rows = engine.read(lambda session: session.scalars(select(Limit).where(Limit.case_id == case.id)).all())
            jobs = engine.read(lambda session: session.scalars(select(Job.due_at).where(Job.kind == "limit")).all())
            found = {row.code: (row.state, row.due_at, row.ended_at) for row in rows if row.state != "void"}
            return found, sorted(jobs), case.view.case.due_at, case.task("check").due_at

        before = known()
        clock.advance(hours=3)
        case.do("check")
        assert case.open == ["fix"]
        engine.withdraw_task(newest(case, "check").id, by=cast.bob)
        assert known() == before
        case.do("check", "fix", "accept")
        assert case.has_ended


@pytest.mark.parametrize("meets", ["before", "after"])
def test_a_branch_that_a_return_has_kept_is_not_opened_twice_after_a_task_in_it_is_taken_back(
    engine: Engine, cast: Any, walk: Any, meets: str
) -> None:
    case = walk("kept").do("first", "left")
    [left] = [task for task in case.view.tasks if task.element == "left"]
    case.back("right", "first")
    if meets == "after":
        case.do("first")
    engine.withdraw_task(left.id, by=cast.bob)
    if meets == "before":
        case.do("first")
    assert case.open == ["left", "right"]
    case.do("left", "right", "right2", "up", "down", "last")
    assert case.has_ended
    assert engine.check_soundness(by=cast.olga) == []
