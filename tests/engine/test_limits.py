"""Limits that run on cases and tasks: started, met, stopped, extended, exceeded, and what their ladders do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import Actor, Case, Engine, FaultsFound, ProcessApp, Task, history
from engine.calendar_years import Mark, Year, YearInvalid
from engine.calendars import CHINA, SHIPPED
from engine.limit_changes import (
    AskedTooLate,
    ExtensionInvalid,
    GroundMissing,
    LimitEnded,
    LimitNotFound,
    LimitOver,
    LimitRuns,
    LimitStopped,
    MayNotDecide,
    NotExtendable,
    NotPausable,
)
from engine.models import Job, Limit, Notice
from engine.publications import YearUnchanged
from engine.reckoning import Term

FOLDER = Path(__file__).parent.parent / "apps" / "limits"


@pytest.fixture
def orders() -> ProcessApp:
    return ProcessApp(
        name="orders",
        title="责令整改",
        folder=FOLDER,
        process="order",
        roles={"officer": "执法人员", "leader": "领导"},
        starters={"order": ("*",)},
    )


@pytest.fixture
def engine(make_engine: Any, orders: ProcessApp) -> Engine:
    made: Engine = make_engine([orders])
    return made


class Desk:
    """One case of the process `order` and what can be seen of it."""

    def __init__(self, engine: Engine, cast: Any, clock: Any) -> None:
        self.engine, self.cast, self.clock = engine, cast, clock
        self.case: Case = engine.start_case("order", {}, by=cast.bob)

    def all(self, model: Any, *where: Any) -> list[Any]:
        return self.engine.read(lambda session: list(session.scalars(select(model).where(*where).order_by(model.id))))

    @property
    def now_is(self) -> str:
        return self.clock().astimezone(CHINA).strftime("%m-%d %H:%M")

    def task(self, element: str) -> Task:
        return self.all(Task, Task.case_id == self.case.id, Task.element == element)[-1]

    def limit(self, code: str) -> Limit:
        return self.all(Limit, Limit.case_id == self.case.id, Limit.code == code)[-1]

    def done(self, element: str) -> None:
        self.engine.complete_task(self.task(element).id, by=self.cast.bob, data={})

    def order(self, last_day: Any) -> None:
        """Names the last day as the order does, then orders."""
        self.engine.change_data(self.case.id, {"整改期限": last_day}, by=self.cast.olga, reason="见指令书")
        self.done("check")

    def go_to(self, text: str) -> int:
        """Moves the clock to a moment in China and runs what is due."""
        self.clock.now = datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)
        count = 0
        while ran := self.engine.run_due_jobs():
            count += ran
        return count

    def kinds(self, *wanted: str) -> list[str]:
        return [event.kind for event in self.engine.read(history.read, self.case.id) if event.kind in wanted]


@pytest.fixture
def desk(engine: Engine, cast: Any, clock: Any) -> Desk:
    """Monday, 2 March 2026, nine o'clock."""
    return Desk(engine, cast, clock)


def day(moment: datetime | None) -> str:
    assert moment is not None
    local = moment.astimezone(CHINA)
    assert (local.hour, local.minute, local.second) == (23, 59, 59)
    return local.date().isoformat()


def test_a_task_is_due_when_its_limit_is(desk: Desk) -> None:
    assert day(desk.limit("check").due_at) == day(desk.task("check").due_at) == "2026-03-05"
    assert desk.task("check").order_at == desk.task("check").due_at


def test_a_limit_is_met_with_its_task_and_that_of_the_case_begins(desk: Desk) -> None:
    desk.done("check")
    assert desk.limit("check").state == "met"
    assert desk.limit("check").exceeded_at is None
    assert desk.limit("rectification").state == "running"
    assert day(desk.limit("rectification").due_at) == "2026-03-16"
    case = desk.all(Case, Case.id == desk.case.id)[0]
    assert day(case.due_at) == "2026-03-16"
    assert desk.task("fix").due_at is None
    desk.done("fix")
    assert desk.limit("rectification").state == "met"
    assert day(desk.task("accept").due_at) == "2026-03-12"
    desk.done("accept")
    assert {limit.state for limit in desk.all(Limit)} == {"met"}
    assert not desk.all(Job)
    assert desk.kinds("limit_started", "limit_met") == [
        "limit_started",
        *(["limit_met", "limit_started"] * 2),
        "limit_met",
    ]


def test_an_order_that_names_the_last_day_sets_it(desk: Desk) -> None:
    desk.order("2026-04-05")  # a Sunday: who names a day means it
    assert day(desk.limit("rectification").due_at) == "2026-04-05"


@pytest.mark.parametrize("words", ["", "尽快", None, 5], ids=["empty", "words", "null", "number"])
def test_a_last_day_that_cannot_be_read_leaves_the_term(desk: Desk, words: Any) -> None:
    desk.order(words)
    assert day(desk.limit("rectification").due_at) == "2026-03-16"


def test_what_is_withdrawn_with_its_case_leaves_nothing_to_warn_of(desk: Desk, engine: Engine, cast: Any) -> None:
    engine.cancel_case(desk.case.id, by=cast.olga, reason="重复")
    assert [limit.state for limit in desk.all(Limit)] == ["void"]
    assert not desk.all(Job)
    assert desk.go_to("2026-06-01T09:00") == 0
    assert not desk.all(Notice)


def test_the_ladder_is_climbed_rung_by_rung_each_once(desk: Desk, cast: Any) -> None:
    desk.go_to("2026-03-04T08:29")
    assert not desk.all(Notice)
    desk.go_to("2026-03-04T08:30")
    assert {(notice.person_id, notice.kind) for notice in desk.all(Notice)} == {
        (cast.bob.person_id, "limit_near"),
        (cast.bella.person_id, "limit_near"),
    }
    desk.go_to("2026-03-05T23:59")
    assert len(desk.all(Notice)) == 2
    desk.go_to("2026-03-06T08:00")
    told = desk.all(Notice, Notice.kind == "told_of_limit")
    assert [notice.person_id for notice in told] == [cast.diana.person_id]
    assert desk.limit("check").exceeded_at == desk.limit("check").due_at
    desk.go_to("2026-03-09T09:00")
    assert desk.task("check").priority == 90
    desk.go_to("2026-03-12T09:00")
    assert [case.process_id for case in desk.all(Case, Case.id != desk.case.id)] == ["blame"]
    assert desk.go_to("2026-12-31T09:00") == 0
    assert desk.kinds("rung_climbed", "limit_exceeded") == [
        "rung_climbed",
        "limit_exceeded",
        "rung_climbed",
        "rung_climbed",
        "rung_climbed",
    ]


def test_after_a_long_sleep_every_rung_is_climbed_once_in_its_order(desk: Desk) -> None:
    desk.go_to("2026-05-06T09:00")
    assert desk.kinds("rung_climbed") == ["rung_climbed"] * 4
    assert len(desk.all(Case, Case.process_id == "blame")) == 1
    desk.go_to("2026-05-07T09:00")
    assert desk.kinds("rung_climbed") == ["rung_climbed"] * 4


def test_a_reminder_is_not_lost_when_a_step_is_done_again(desk: Desk, engine: Engine, cast: Any) -> None:
    """Others lose the timeout reminder after return and resubmit."""
    desk.done("check")
    engine.return_task(desk.task("fix").id, "check", by=cast.bob, reason="事实不清")
    assert desk.limit("rectification").state == "running"
    assert day(desk.limit("check").due_at) == "2026-03-05"
    desk.go_to("2026-03-04T09:00")
    assert {notice.kind for notice in desk.all(Notice)} == {"limit_near"}


def test_an_exceeded_limit_escalates_into_its_case(desk: Desk, cast: Any) -> None:
    desk.done("check")
    desk.go_to("2026-03-17T08:00")
    assert desk.task("explain").state == "open"
    assert desk.task("fix").state == "open"
    desk.go_to("2026-03-19T09:00")
    fix = desk.task("fix")
    assert (fix.role, fix.assignee_id) == ("leader", None)


class TestStopping:
    @pytest.fixture(autouse=True)
    def _checked(self, desk: Desk) -> None:
        desk.done("check")

    @pytest.fixture
    def limit_id(self, desk: Desk) -> UUID:
        found: UUID = desk.limit("rectification").id
        return found

    def pause(self, desk: Desk, limit_id: UUID, by: Actor | None = None) -> Limit:
        return desk.engine.pause_limit(
            limit_id, by=by or desk.cast.diana, ground="不可抗力（行政强制法第三十九条）", approver="戊"
        )

    def test_a_stopped_clock_keeps_what_was_left_and_warns_of_nothing(self, desk: Desk, limit_id: UUID) -> None:
        desk.go_to("2026-03-06T10:00")
        stopped = self.pause(desk, limit_id)
        assert (stopped.state, stopped.due_at) == ("paused", None)
        assert desk.all(Case, Case.id == desk.case.id)[0].due_at is None
        assert desk.go_to("2026-04-10T10:00") == 0
        resumed = desk.engine.resume_limit(limit_id, by=desk.cast.diana)
        assert day(resumed.due_at) == "2026-04-20"
        assert len(desk.all(Job)) == 1
        desk.go_to("2026-04-13T09:00")
        assert {notice.kind for notice in desk.all(Notice)} == {"limit_near"}
        assert desk.kinds("limit_paused", "limit_resumed") == ["limit_paused", "limit_resumed"]

    def test_a_limit_that_was_warned_of_before_it_stopped_is_not_warned_of_again(
        self, desk: Desk, limit_id: UUID
    ) -> None:
        desk.go_to("2026-03-09T09:00")
        warned = len(desk.all(Notice))
        assert warned == 2
        self.pause(desk, limit_id)
        desk.go_to("2026-04-01T09:00")
        desk.engine.resume_limit(limit_id, by=desk.cast.diana)
        desk.go_to("2026-04-08T09:00")
        assert len(desk.all(Notice)) == warned

    def test_a_task_done_while_the_clock_stands_meets_its_limit(self, desk: Desk, limit_id: UUID) -> None:
        self.pause(desk, limit_id)
        desk.done("fix")
        assert desk.limit("rectification").state == "met"

    def test_only_who_decides_there_may_stop_it(self, desk: Desk, limit_id: UUID) -> None:
        for login in ("bob", "charlie"):
            with pytest.raises(MayNotDecide, match="领导"):
                self.pause(desk, limit_id, getattr(desk.cast, login))
        self.pause(desk, limit_id, desk.cast.olga)

    def test_without_a_ground_or_an_approver_nothing_stops(self, desk: Desk, limit_id: UUID) -> None:
        for ground, approver in (("", "戊"), ("不可抗力", " ")):
            with pytest.raises(GroundMissing):
                desk.engine.pause_limit(limit_id, by=desk.cast.diana, ground=ground, approver=approver)

    def test_what_cannot_be_stopped_now_says_why(self, desk: Desk, limit_id: UUID) -> None:
        with pytest.raises(LimitRuns):
            desk.engine.resume_limit(limit_id, by=desk.cast.diana)
        self.pause(desk, limit_id)
        with pytest.raises(LimitStopped):
            self.pause(desk, limit_id)
        with pytest.raises(LimitEnded):
            self.pause(desk, desk.limit("check").id)
        with pytest.raises(LimitNotFound):
            self.pause(desk, UUID(int=1))
        desk.engine.resume_limit(limit_id, by=desk.cast.diana)
        desk.go_to("2026-03-17T09:00")
        with pytest.raises(LimitOver, match="2026-03-16"):
            self.pause(desk, limit_id)
        desk.done("fix")
        with pytest.raises(NotPausable, match="验收时限"):
            desk.engine.pause_limit(desk.limit("accept").id, by=desk.cast.olga, ground="节假日", approver="戊")

    def test_an_extension_moves_the_end_and_warns_before_it_again(self, desk: Desk, limit_id: UUID) -> None:
        desk.go_to("2026-03-09T09:00")
        warned = len(desk.all(Notice))
        extended = desk.engine.extend_limit(
            limit_id, Term(20, "days"), by=desk.cast.diana, reason="设备未到货", decision="延〔2026〕1号"
        )
        assert day(extended.due_at) == "2026-04-07"  # 5 April is Qingming: 4 to 6 April are rest days
        desk.go_to("2026-03-31T09:00")
        assert len(desk.all(Notice)) == 2 * warned
        with pytest.raises(NotExtendable, match="allows 1"):
            desk.engine.extend_limit(limit_id, Term(1, "days"), by=desk.cast.diana, reason="再延")

    def test_an_extension_asked_for_too_late_or_after_the_end_is_refused(self, desk: Desk, limit_id: UUID) -> None:
        extend = desk.engine.extend_limit
        with pytest.raises(ExtensionInvalid):
            extend(limit_id, date(2026, 3, 16), by=desk.cast.diana, reason="设备未到货")
        desk.go_to("2026-03-13T09:00")
        with pytest.raises(AskedTooLate, match="2026-03-12"):
            extend(limit_id, Term(10, "days"), by=desk.cast.diana, reason="设备未到货")
        desk.go_to("2026-03-17T09:00")
        with pytest.raises(LimitOver):
            extend(limit_id, Term(10, "days"), by=desk.cast.diana, reason="设备未到货", asked_on=date(2026, 3, 2))

    def test_a_decision_may_name_the_day(self, desk: Desk, limit_id: UUID) -> None:
        asked = date(2026, 3, 3)
        found = desk.engine.extend_limit(
            limit_id, date(2026, 5, 30), by=desk.cast.olga, reason="经批准", asked_on=asked
        )
        assert day(found.due_at) == "2026-05-30"

    def test_the_due_time_is_explained_with_every_stop(self, desk: Desk, limit_id: UUID) -> None:
        desk.go_to("2026-03-06T10:00")
        self.pause(desk, limit_id)
        desk.go_to("2026-03-09T10:00")
        desk.engine.resume_limit(limit_id, by=desk.cast.diana)
        limit, definition, reckoning = desk.engine.explain_limit(limit_id)
        assert definition.basis == "责令限期整改指令书"
        assert reckoning.due_at == limit.due_at
        told = " ".join(map(str, reckoning.steps))
        assert "from 2026-03-02" in told
        assert "stopped with 6 working days left" in told


def test_a_suspended_case_does_not_stop_the_law(desk: Desk, engine: Engine, cast: Any) -> None:
    engine.suspend_case(desk.case.id, by=cast.olga, reason="核对")
    desk.go_to("2026-03-04T09:00")
    assert {notice.kind for notice in desk.all(Notice)} == {"limit_near"}


def test_publishing_a_year_moves_what_runs_over_it_and_says_so(desk: Desk, engine: Engine, cast: Any) -> None:
    desk.go_to("2026-12-29T09:00")
    desk.done("check")
    assert day(desk.limit("rectification").due_at) == "2027-01-13"
    known = SHIPPED.year(2027)
    marks = {**known.marks, date(2027, 1, 4): Mark(True, "元旦"), date(2027, 1, 9): Mark(False, "调休上班")}
    published = replace(known, marks=marks, is_provisional=False)
    made = engine.publish_year(published, by=cast.olga, note="国办发明电〔2026〕7号")
    assert (made.version, engine.calendar.is_provisional(2027)) == (1, False)
    desk.go_to("2026-12-29T09:01")
    assert day(desk.limit("rectification").due_at) == "2027-01-13"  # one day more, one made up for
    with pytest.raises(YearUnchanged):
        engine.publish_year(published, by=cast.olga)
    without = replace(published, marks={**known.marks, date(2027, 1, 4): Mark(True, "元旦")})
    engine.publish_year(without, by=cast.olga)
    desk.go_to("2026-12-29T09:02")
    assert day(desk.limit("rectification").due_at) == "2027-01-14"
    assert desk.kinds("limit_moved") == ["limit_moved"]
    _limit, _definition, reckoning = engine.explain_limit(desk.limit("rectification").id)
    assert "Calendar of 2027: version 2." in map(str, reckoning.steps)


def test_a_year_that_cannot_be_is_not_published(engine: Engine, cast: Any) -> None:
    with pytest.raises(YearInvalid):
        engine.publish_year(replace(SHIPPED.year(2027), hours=()), by=cast.olga)


FAULTY = """
limits:
  - {code: a, name: 甲, basis: 示范, term: 3 weeks}
  - {code: b, name: 乙, term: 3 days}
  - {code: c, name: 丙, basis: 示范, term: 3 days, scope: case}
  - {code: d, name: 丁, basis: 示范, term: 3 days, ladder: [{do: notify}, {do: shout}]}
  - {code: e, name: 戊, basis: 示范, term: 3 days, until: "=1 +"}
  - {code: g, name: 己, basis: 示范, term: 3 days, effective_from: 2026-02-01, effective_to: 2026-01-01}
"""


def test_every_fault_of_a_file_of_limits_is_told_at_once(orders: ProcessApp, tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "limits.yaml").write_text(FAULTY, encoding="utf-8")
    with pytest.raises(FaultsFound) as found:
        engine.deploy_app(replace(orders, folder=tmp_path))
    named = {(fault.name, fault.element) for fault in found.value.faults}
    assert named >= {
        ("a", "term"),
        ("b", "basis"),
        ("c", "process"),
        ("d", "ladder.0.role"),
        ("d", "ladder.1.do"),
        ("e", "until"),
        ("g", "effective_to"),
    }


def test_a_limit_that_nobody_defined_an_element_that_is_not_there_and_an_unknown_role_are_refused(
    orders: ProcessApp, tmp_path: Path, engine: Engine
) -> None:
    diagram = (FOLDER / "order.bpmn").read_text(encoding="utf-8").replace('limit="accept"', 'limit="nothing"')
    (tmp_path / "order.bpmn").write_text(diagram, encoding="utf-8")
    text = (FOLDER / "limits.yaml").read_text(encoding="utf-8")
    text = text.replace("ends: [{element: fix}]", "ends: [{element: gone}]").replace("role: leader", "role: king")
    (tmp_path / "limits.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FaultsFound) as found:
        engine.deploy_app(replace(orders, folder=tmp_path))
    assert {fault.code for fault in found.value.faults} == {"limit-missing", "limit-element", "role-unknown"}


def test_a_new_version_of_a_limit_holds_for_what_begins_after_it(
    orders: ProcessApp, tmp_path: Path, engine: Engine, desk: Desk
) -> None:
    text = (FOLDER / "limits.yaml").read_text(encoding="utf-8").replace("term: 3 workdays", "term: 5 workdays")
    for file in ("order.bpmn", "blame.bpmn"):
        (tmp_path / file).write_text((FOLDER / file).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "limits.yaml").write_text(text, encoding="utf-8")
    engine.deploy_app(replace(orders, folder=tmp_path))
    later = Desk(engine, desk.cast, desk.clock)
    assert day(desk.limit("check").due_at) == "2026-03-05"
    assert day(later.limit("check").due_at) == "2026-03-09"


def test_rungs_wait_by_the_calendar_that_is_published_though_the_day_stays(
    engine: Engine, cast: Any, clock: Any
) -> None:
    clock.now = datetime(2026, 12, 28, 1, tzinfo=UTC)
    desk = Desk(engine, cast, clock)
    assert day(desk.limit("check").due_at) == "2026-12-31"
    desk.go_to("2027-01-03T12:00")
    (job,) = desk.all(Job, Job.kind == "limit")
    assert job.due_at.astimezone(CHINA).strftime("%m-%d %H:%M") == "01-05 08:30"
    rest = {date(2027, 1, number): Mark(True, "元旦") for number in (1, 4, 5)}
    engine.publish_year(Year(2027, {**SHIPPED.year(2027).marks, **rest}), by=cast.olga)
    engine.run_due_jobs()
    (job,) = desk.all(Job, Job.kind == "limit")
    assert job.due_at.astimezone(CHINA).strftime("%m-%d %H:%M") == "01-07 08:30"
    assert day(desk.limit("check").due_at) == "2026-12-31"
    assert desk.kinds("limit_moved") == []
    desk.go_to("2027-01-06T12:00")
    assert desk.task("check").priority == 50
    desk.go_to("2027-01-07T12:00")
    assert desk.task("check").priority == 90
