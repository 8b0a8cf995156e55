"""Tasks given back to an earlier step: in and out of branches, multi-instances and subprocesses, walked to the end."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest

from engine import (
    CaseSuspended,
    Engine,
    MayNotReturn,
    NoteMissing,
    NotYours,
    Task,
    TaskDone,
    TaskHeld,
    TaskWithdrawn,
    TooLate,
    queries,
)

from .test_delegation import FIXED, fix_of, inbox, kinds, open_task, run_together


@pytest.fixture
def engine(desk: Engine) -> Engine:
    return desk


class Walk:
    """A case of one of the diagrams, walked by officers; tasks are named by their element."""

    def __init__(self, engine: Engine, cast: Any, process: str) -> None:
        self.engine, self.cast, self.bob = engine, cast, cast.bob
        self.id = engine.start_case(process, {}, by=cast.alice, unit_code="420101").id

    @property
    def view(self) -> Any:
        """This will return the file of the case."""
        return self.engine.read(queries.case, self.cast.olga, self.id)

    @property
    def open(self) -> list[str]:
        """This will return the elements where tasks are open."""
        return sorted(task.element for task in self.view.tasks if task.state == "open")

    def task(self, element: str) -> Task:
        """This will return the newest open task of an element."""
        found: Task = [task for task in self.view.tasks if (task.element, task.state) == (element, "open")][-1]
        return found

    def do(self, *elements: str) -> Walk:
        """This will finish tasks, the first one first, each by who has it or by bob."""
        for element in elements:
            task = self.task(element)
            people = {person.person_id: person for person in (self.cast.bob, self.cast.bella, self.cast.diana)}
            self.engine.complete_task(task.id, by=people.get(task.assignee_id, self.bob), data={})
        return self

    def back(self, element: str, to: str, by: Any = None) -> Walk:
        """This will give a task back."""
        self.engine.return_task(self.task(element).id, to, by=by or self.bob, reason="不符合要求")
        return self

    def offered(self, element: str) -> list[str]:
        """This will return the steps that a task may be returned to."""
        earlier = self.engine.read(queries.task, self.bob, self.task(element).id).earlier
        return [step.element for step in earlier]

    @property
    def has_ended(self) -> bool:
        """This will tell whether the case came to its end."""
        return bool(self.view.case.state == "closed")


@pytest.fixture
def walk(engine: Engine, cast: Any) -> Any:
    return lambda process: Walk(engine, cast, process)


def test_a_returned_step_is_done_again_by_who_did_it_last(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("rules")
    engine.complete_task(case.task("draft").id, by=cast.bella, data={})
    case.back("check", "draft")
    again = case.task("draft")
    assert again.assignee_id == cast.bella.person_id
    assert inbox(engine, cast.bella) == [again.id]
    engine.release_task(again.id, by=cast.bella)
    [told] = [event for event in case.view.history if event.kind == "sent_back"]
    assert told.detail == '{"to":"起草","element":"draft","text":"不符合要求"}'
    assert engine.read(queries.done, cast.bob).items[0].outcome == "sent_back"


def test_a_returned_step_goes_to_its_queue_when_who_did_it_has_left(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("rules")
    engine.complete_task(case.task("draft").id, by=cast.bella, data={})
    engine.load_people([], [{"login": "bella", "name": "丙", "roles": [("clerk", "420102")]}])
    case.back("check", "draft")
    assert case.task("draft").assignee_id is None


def test_only_steps_that_were_done_are_offered_and_the_diagram_may_forbid_them(
    engine: Engine, cast: Any, walk: Any
) -> None:
    case = walk("rules")
    assert case.offered("draft") == []
    assert "return" not in engine.read(queries.task, cast.bob, case.task("draft").id).may
    case.do("draft", "check")
    assert case.offered("fixed") == []
    with pytest.raises(MayNotReturn):
        case.back("fixed", "draft")
    case.do("fixed")
    assert case.offered("only") == ["check"]
    for element in ("draft", "only", "nowhere"):
        with pytest.raises(MayNotReturn):
            case.back("only", element)
    case.back("only", "check").do("check", "fixed", "only")
    assert case.has_ended


def test_a_return_needs_a_reason_the_right_person_and_moment(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("rules").do("draft")
    task = case.task("check")
    with pytest.raises(NoteMissing):
        engine.return_task(task.id, "draft", by=cast.bob, reason=" ")
    with pytest.raises(NotYours):
        case.back("check", "draft", by=cast.charlie)
    engine.suspend_case(case.id, by=cast.olga, reason="停")
    with pytest.raises(CaseSuspended):
        case.back("check", "draft")
    engine.resume_case(case.id, by=cast.olga)
    [sign] = engine.add_signs(task.id, ["diana"], by=cast.bob)
    with pytest.raises(TaskHeld):
        engine.return_task(task.id, "draft", by=cast.bob, reason="退")
    engine.sign_task(sign.id, by=cast.diana)
    engine.add_signs(task.id, ["diana"], by=cast.bob, when="parallel")
    engine.return_task(task.id, "draft", by=cast.bob, reason="退")
    assert inbox(engine, cast.diana) == []
    for refusal, again in ((TaskWithdrawn, task), (TaskDone, case.view.tasks[0])):
        with pytest.raises(refusal):
            engine.return_task(again.id, "draft", by=cast.bob, reason="退")
    engine.cancel_case(case.id, by=cast.olga, reason="撤")
    with pytest.raises(TaskWithdrawn):
        engine.return_task(task.id, "draft", by=cast.bob, reason="退")


def test_a_timeout_reminder_is_not_lost_after_return_and_resubmit(
    engine: Engine, cast: Any, walk: Any, clock: Any
) -> None:
    case = walk("timed").do("draft")
    clock.advance(hours=20)
    case.back("handle", "draft", by=cast.bella)
    clock.advance(hours=20)
    engine.run_due_jobs()
    assert case.open == ["draft"]
    case.do("draft")
    clock.advance(hours=23)
    engine.run_due_jobs()
    assert case.open == ["handle"]
    clock.advance(hours=2)
    engine.run_due_jobs()
    assert case.open == ["handle", "remind"]
    clock.advance(hours=24 * 6)
    engine.run_due_jobs()
    assert case.open == ["late", "remind"]


def test_return_is_possible_in_parallel_branches(walk: Any) -> None:
    case = walk("branches").do("first", "left", "right")
    assert case.offered("up") == ["first", "left"]
    case.back("up", "left")
    assert case.open == ["left", "right2"]
    case.do("left", "right2", "up", "down")
    assert case.open == ["last"]
    assert case.do("last").has_ended


def test_return_out_of_parallel_branches_withdraws_the_others_and_the_join_does_not_hang(walk: Any) -> None:
    case = walk("branches").do("first", "left", "right", "right2", "up").back("down", "first")
    assert case.open == ["first"]
    case.do("first", "left", "right", "up", "right2", "down")
    assert case.open == ["last"]
    assert case.do("last").has_ended


def test_return_out_of_parallel_branches_keeps_the_others_and_the_join_does_not_hang(walk: Any) -> None:
    case = walk("kept").do("first", "left", "right").back("up", "first")
    assert case.open == ["down", "first", "right2"]
    case.do("right2", "first")
    assert case.open == ["down", "left"]
    case.do("left")
    assert case.open == ["down", "up"]
    case.do("down", "up")
    assert case.open == ["last"]
    assert case.do("last").has_ended


def test_what_has_arrived_at_a_join_is_kept_when_its_branch_is_not_done_again(walk: Any) -> None:
    case = walk("branches").do("first", "left", "right", "right2", "up").back("down", "left")
    assert case.open == ["left"]
    case.do("left", "up", "down")
    assert case.open == ["last"]
    assert case.do("last").has_ended


def test_a_case_behind_a_join_goes_back_into_one_of_its_branches(walk: Any) -> None:
    case = walk("branches").do("first", "left", "right", "right2", "up", "down")
    assert case.offered("last") == ["first", "left", "up", "down", "right", "right2"]
    case.back("last", "up")
    assert case.open == ["up"]
    case.do("up")
    assert case.open == ["last"]
    case.back("last", "right").do("right", "right2")
    assert case.do("last").has_ended


def test_a_countersigned_task_is_not_lost_by_a_return(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("two_of_three").do("draft")
    engine.complete_task(case.task("panel").id, by=cast.diana, data={})
    mine = next(task for task in case.view.tasks if task.state == "open" and task.assignee_id == cast.bob.person_id)
    engine.return_task(mine.id, "draft", by=cast.bob, reason="材料不全")
    assert case.open == ["draft"]
    case.do("draft")
    assert case.open == ["panel", "panel", "panel"]
    case.do("panel", "panel", "after")
    assert case.has_ended


def test_return_out_of_a_subprocess_and_the_limit_of_the_subprocess_begins_anew(
    engine: Engine, walk: Any, clock: Any
) -> None:
    case = walk("nested").do("draft", "inner")
    assert case.offered("inner2") == ["draft", "inner"]
    clock.advance(hours=50)
    case.back("inner2", "draft").do("draft")
    clock.advance(hours=50)
    engine.run_due_jobs()
    assert case.open == ["inner"]
    clock.advance(hours=30)
    engine.run_due_jobs()
    assert case.open == ["late"]


def test_return_inside_a_called_process_stays_inside_it(walk: Any) -> None:
    case = walk("nested").do("draft", "inner", "inner2", "between", "one")
    assert case.offered("two") == ["one"]
    case.back("two", "one").do("one", "two")
    assert case.offered("after") == ["draft", "between"]
    case.back("after", "between").do("between", "one", "two", "after")
    assert case.has_ended


def test_a_called_process_gives_the_case_back_to_the_process_that_called_it_where_its_diagram_allows_it(
    engine: Engine, cast: Any, walk: Any, clock: Any
) -> None:
    case = walk("commissioning").do("draft")
    assert case.offered("look") == [], "its diagram does not allow it"
    case.do("look")
    assert case.offered("judge") == ["draft", "look"]
    with pytest.raises(MayNotReturn):
        case.back("judge", "after")
    case.do("judge")
    assert case.offered("seal") == ["draft", "judge"], "those of the caller, and the named step of its own"
    clock.advance(hours=50)
    case.back("seal", "draft")
    assert case.open == ["draft"], "the call is withdrawn with all that is open in it, and what stands beside it"
    told = [(event.kind, event.element) for event in case.view.history]
    assert told[-5:] == [
        ("sent_back", "seal"),
        ("withdrawn", "seal"),
        ("called_off", "call"),
        ("withdrawn", "beside"),
        ("entered", "draft"),
    ]
    engine.run_due_jobs()
    case.do("draft")
    clock.advance(hours=50)
    engine.run_due_jobs()
    assert case.open == ["beside", "look"], "the limit of the call began anew"
    case.do("look", "judge", "seal", "beside", "after")
    assert case.has_ended
    assert engine.check_soundness(by=cast.olga) == []


def test_what_a_called_process_gave_back_and_did_before_is_not_taken_back(engine: Engine, cast: Any, walk: Any) -> None:
    case = walk("commissioning").do("draft", "look")
    look = next(task for task in case.view.tasks if task.element == "look")
    case.back("judge", "draft")
    with pytest.raises(TooLate):
        engine.withdraw_task(look.id, by=case.bob)
    assert case.open == ["draft"]


def test_of_two_who_return_and_complete_at_once_one_wins(engine: Engine, cast: Any) -> None:
    task = fix_of(engine, cast)
    engine.complete_task(task.id, by=cast.bella, **FIXED)
    check = open_task(engine, cast, task.case_id)
    together = Barrier(2)
    won: list[str] = []

    def act(verb: Any, name: str) -> None:
        together.wait()
        try:
            verb()
            won.append(name)
        except (TaskDone, TaskWithdrawn):
            pass

    bob = cast.bob
    run_together(
        Thread(target=act, args=(lambda: engine.return_task(check.id, "fix", by=bob, reason="退"), "return")),
        Thread(target=act, args=(lambda: engine.complete_task(check.id, by=bob, data={}, outcome="合格"), "done")),
    )
    assert len(won) == 1
    assert ("sent_back" in kinds(engine, cast, task.case_id)) is (won == ["return"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("returnTo", "nowhere"), ("returnTo", "last"), ("returnOthers", "perhaps"), ("transfer", "sometimes")],
    ids=["unknown-step", "later-step", "others", "transfer"],
)
def test_wrong_rules_are_refused_at_deploy(engine: Engine, verbs: Any, name: str, value: str) -> None:
    xml = (verbs.folder / "branches.bpmn").read_text(encoding="utf-8")
    wrong = xml.replace('name="上"', f'name="上" bihuan:{name}="{value}"', 1)
    assert [fault.element for fault in engine.check_diagram(wrong).faults] == ["up"]


def test_right_rules_are_taken(engine: Engine, verbs: Any) -> None:
    xml = (verbs.folder / "branches.bpmn").read_text(encoding="utf-8")
    right = xml.replace('name="上"', 'name="上" bihuan:returnTo="first left" bihuan:returnOthers="keep"', 1)
    assert engine.check_diagram(right).faults == []


def test_a_returned_step_is_done_again_even_where_the_same_hand_is_skipped(walk: Any) -> None:
    case = walk("again").do("draft")
    assert case.open == ["after"]
    case.back("after", "check")
    assert case.open == ["check"]
    case.do("check", "after")
    assert case.has_ended
