"""Whatever happens to a case and its workers, each rung of a ladder is climbed once for a due time, in order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from threading import Thread
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import BihuanError, Engine, feel, history, rungs
from engine.calendar_years import Mark
from engine.calendars import SHIPPED, Calendar
from engine.limit_definitions import LimitDefinition, Rung
from engine.migration_plans import Plan, Step
from engine.models import Case, Job, Limit, Notice, Task
from engine.reckoning import Term
from tests.conftest import Statements
from tests.engine.test_limits import FOLDER, Desk, engine, orders
from tests.fire import BEFORE_COMMIT, Fire

__all__ = ["engine", "orders"]
LEASE = timedelta(minutes=6)  # after which others do what a dead worker had in hand


class Death(BaseException):
    """A worker was killed."""


@contextmanager
def dying(engine: Engine, commits: int) -> Iterator[None]:
    """This will kill the worker in the block when it is about to commit, after so many commits."""

    def strike(_held: Any) -> None:
        if fire.commits > commits:
            raise Death

    fire = Fire(engine, strike)
    with suppress(Death), fire.lit(BEFORE_COMMIT):
        yield


class Story(Desk):
    """One case to which things happen; what is refused changes nothing."""

    def pause(self) -> None:
        leader = self.cast.diana
        self.engine.pause_limit(self.limit("rectification").id, by=leader, ground="检测鉴定", approver="分管负责人")

    def resume(self) -> None:
        self.engine.resume_limit(self.limit("rectification").id, by=self.cast.diana)

    def extend(self) -> None:
        limit = self.limit("rectification")
        self.engine.extend_limit(limit.id, Term.read("4 workdays"), by=self.cast.diana, reason="设备到货延迟")

    def suspend(self) -> None:
        self.engine.suspend_case(self.case.id, by=self.cast.olga, reason="停电")

    def go_on(self) -> None:
        self.engine.resume_case(self.case.id, by=self.cast.olga)

    def submit(self) -> None:
        element = next(name for name in ("check", "fix") if self._open(name))
        self.engine.complete_task(self._open(element)[-1].id, by=self.cast.bob, data={})

    def send_back(self) -> None:
        self.engine.return_task(self._open("fix")[-1].id, "check", by=self.cast.bob, reason="事实不清")

    def take_back(self) -> None:
        self.engine.withdraw_task(self.task("check").id, by=self.cast.bob)

    def migrate(self) -> None:
        olga, name = self.cast.olga, f"整改{self.clock():%m%d%H%M}"
        xml = (FOLDER / "order.bpmn").read_text(encoding="utf-8")
        new = self.engine.deploy_diagram("order", xml.replace('name="整改"', f'name="{name}"'), by=olga)
        [case] = self.all(Case, Case.id == self.case.id)
        self.engine.migrate_case(self.case.id, Plan(Step(case.definition_id, new.id, {})), by=olga)

    def pass_hours(self) -> None:
        self._pass(hours=7)

    def pass_days(self) -> None:
        self._pass(days=3)

    def sleep(self) -> None:
        self._pass(days=16)

    def die_with_jobs(self) -> None:
        self.clock.now += timedelta(days=2)
        with dying(self.engine, commits=1):
            self.engine.run_due_jobs(worker="dead")

    def die_at_once(self) -> None:
        self.clock.now += timedelta(days=1)
        with dying(self.engine, commits=0):
            self.engine.run_due_jobs(worker="dead")

    def work_in_pairs(self) -> None:
        self.clock.now += timedelta(days=5)
        pair = [Thread(target=self.engine.run_due_jobs, args=(100, name)) for name in ("one", "two")]
        for worker in pair:
            worker.start()
        for worker in pair:
            worker.join()

    def _pass(self, **amount: float) -> None:
        self.clock.now += timedelta(**amount)
        self.engine.run_due_jobs()

    def _open(self, element: str) -> list[Task]:
        return self.all(Task, Task.case_id == self.case.id, Task.element == element, Task.state == "open")

    def settle(self) -> None:
        """This will let the leases of the dead end and do all that is due."""
        self.clock.now += LEASE
        while self.engine.run_due_jobs():
            continue

    def check(self) -> None:
        """This will compare the history, the limits and their jobs with what had to happen by now."""
        climbed = self._climbed()
        twice = [each for each, count in Counter(climbed).items() if count > 1]
        assert not twice, "climbed twice for one due time"
        by_due: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for code, run, due, rung in climbed:
            by_due[code, run, due].append(rung)
        assert all(rungs == sorted(rungs) for rungs in by_due.values()), "out of order"
        for limit in self.all(Limit, Limit.case_id == self.case.id, Limit.state == "running"):
            self._check_running(limit, climbed)
        told = self.all(Notice, Notice.case_id == self.case.id, Notice.task_id.is_not(None))
        reminders = Counter((each.person_id, each.task_id, each.kind, feel.loads(each.detail)["due"]) for each in told)
        assert all(count == 1 for count in reminders.values()), "reminded twice"

    def _check_running(self, limit: Limit, climbed: Sequence[tuple[str, int, str, int]]) -> None:
        definition = self.engine.look(lambda turn: turn.library.limit(turn.session, limit.resource_id))
        if not definition.ladder:
            return
        order = rungs.order(definition, limit.due_at, self.engine.calendar)
        passed = {each.place for each in order if each.at <= self.clock.now}
        climbed_or_not = {each.place for each in order if limit.climbed >> each.place & 1}
        assert climbed_or_not == passed, "a moment has passed, its rung was missed"
        waiting = [(job.due_at, job.leased_by) for job in self.all(Job, Job.id == limit.id)]
        assert waiting == [(each.at, None) for each in order if each.place not in passed][:1]
        last_run = max((run for code, run, _due, _rung in climbed if code == limit.code), default=0)
        done = {rung for code, run, _due, rung in climbed if (code, run) == (limit.code, last_run)}
        left_out = [each.rung for each in order if each.place in passed and each.place + 1 not in done]
        assert all(rung.is_before for rung in left_out), "only warnings may be left out"

    def _climbed(self) -> list[tuple[str, int, str, int]]:
        """The rungs as the history tells: code, which run of the limit, due time, number."""
        kinds = ("limit_started", "rung_climbed")
        runs, found = Counter[str](), []
        for event in (each for each in self.engine.read(history.read, self.case.id) if each.kind in kinds):
            told = feel.loads(event.detail)
            if event.kind == "limit_started":
                runs[told["code"]] += 1
            else:
                found.append((told["code"], runs[told["code"]], told["due"], int(told["rung"])))
        return found


HAPPENINGS: Sequence[Callable[[Story], None]] = (
    Story.pause, Story.resume, Story.extend, Story.suspend, Story.go_on, Story.submit, Story.send_back,
    Story.take_back, Story.migrate, Story.pass_hours, Story.pass_days, Story.sleep, Story.die_with_jobs,
    Story.die_at_once, Story.work_in_pairs,
)  # fmt: skip


def drawn(chance: Random) -> Sequence[Callable[[Story], None]]:
    """This will return what happens to a case, mostly one that has been submitted."""
    return [*([Story.submit] if chance.random() < 0.85 else []), *chance.choices(HAPPENINGS, k=9)]


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=st.randoms(use_true_random=True).map(drawn))
def test_each_rung_is_climbed_once_for_a_due_time_and_in_order(
    engine: Engine, cast: Any, clock: Any, happenings: Sequence[Callable[[Story], None]]
) -> None:
    story, began = Story(engine, cast, clock), clock.now
    for happens in happenings:
        with suppress(BihuanError, StopIteration, IndexError):
            happens(story)
    story.settle()
    story.check()
    clock.now += timedelta(days=60)
    story.settle()
    story.check()
    engine.cancel_case(story.case.id, by=cast.olga, reason="结束")
    clock.now = began


def test_a_started_accountability_step_is_started_once_for_each_rung(engine: Engine, cast: Any, clock: Any) -> None:
    stories = [Story(engine, cast, clock) for _ in range(3)]
    stories[0].die_with_jobs()
    for _ in range(6):
        stories[0].work_in_pairs()
    stories[0].settle()
    started = [rung for story in stories for code, _run, _due, rung in story._climbed() if (code, rung) == ("check", 4)]
    assert len(stories[0].all(Case, Case.process_id == "blame")) == len(started) == 3


def test_rungs_that_are_due_together_cost_few_statements(
    engine: Engine, cast: Any, clock: Any, statements: type[Statements]
) -> None:
    for _ in range(30):
        Story(engine, cast, clock)
    clock.now += timedelta(days=2, hours=3)
    with statements(engine) as seen:
        assert engine.run_due_jobs() == 30
    of_each = [each for each in seen if not each.startswith("SELECT")]
    assert len(of_each) / 30 < 6
    assert len(seen) - len(of_each) < 10, "cases, limits and tasks are read once for all of them"


def test_a_calendar_that_turns_two_rungs_around_makes_neither_climb_twice_nor_never() -> None:
    ladder = tuple(Rung(Term.read(at), False, "notify", role="leader") for at in ("2 workdays", "3 days"))
    definition = LimitDefinition(code="a", name="甲", basis="示范", term=Term.read("1 days"), ladder=ladder)
    due_at = datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)  # a Monday
    [first, second] = rungs.left(definition, 0, due_at, SHIPPED)
    assert [first.rung, second.rung] == list(ladder)
    marks = {**SHIPPED.year(2026).marks, **{date(2026, 3, day): Mark(True, "停工") for day in range(3, 7)}}
    later = Calendar({2026: replace(SHIPPED.year(2026), marks=marks)})
    assert [each.rung for each in rungs.order(definition, due_at, later)] == [ladder[1], ladder[0]]
    [left] = rungs.left(definition, 1 << first.place, due_at, later)
    assert left.rung == ladder[1]


def test_the_next_rung_is_the_first_of_those_that_are_left_whatever_was_climbed() -> None:
    ladder = tuple(
        Rung(Term.read(at), at == "1 workdays", "remind") for at in ("5 days", "1 workdays", "0 days", "3 hours")
    )
    definition = LimitDefinition(code="a", name="甲", basis="示范", term=Term.read("1 days"), ladder=ladder)
    due_at = datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)
    for climbed in range(1 << len(ladder)):
        left = rungs.left(definition, climbed, due_at, SHIPPED)
        assert [rungs.following(definition, climbed, due_at, SHIPPED)] == (left[:1] or [None])
        for each in left:
            over = rungs.left_out(definition, due_at, each.at, SHIPPED, climbed)
            past = [it for it in rungs.order(definition, due_at, SHIPPED) if it.at <= each.at]
            assert over == sum(1 << it.place for it in past if it.rung.is_before or climbed >> it.place & 1)
