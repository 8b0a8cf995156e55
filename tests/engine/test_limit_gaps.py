"""Limits that cannot begin as their rule says: told at once, and begun from the right moment when they are repaired."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import Case, Engine, ProcessApp, queries
from engine.limit_repairs import LimitStillLacking
from engine.models import Incident, Job, Limit, Notice
from tests.conftest import Cast
from tests.engine.test_limits import FOLDER, Desk, day, desk, engine, orders
from tests.fire import require_sound

__all__ = ["desk", "engine", "orders"]


@pytest.fixture
def later(make_engine: Any, orders: ProcessApp, tmp_path: Path) -> Engine:
    """An engine whose limits of checking and rectification come into force on Wednesday, 4 March."""
    text = (FOLDER / "limits.yaml").read_text(encoding="utf-8")
    for name in ("核实时限", "整改时限"):
        text = text.replace(f"name: {name}", f"name: {name}\n    effective_from: 2026-03-04")
    for file in ("order.bpmn", "blame.bpmn"):
        (tmp_path / file).write_text((FOLDER / file).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "limits.yaml").write_text(text, encoding="utf-8")
    made: Engine = make_engine([replace(orders, folder=tmp_path)])
    return made


@pytest.fixture
def unwatched(later: Engine, clock: Any) -> Desk:
    """A case of Monday, 2 March, nine o'clock, when nothing was in force."""
    return Desk(later, Cast(later), clock)


def open_ones(desk: Desk) -> list[Any]:
    require_sound(desk.engine)
    return [row for row in desk.all(Incident) if row.resolved_at is None]


def retry(desk: Desk) -> Case:
    [incident] = open_ones(desk)
    case: Case = desk.engine.retry_incident(incident.id, by=desk.cast.olga)
    require_sound(desk.engine)
    return case


def count(desk: Desk) -> int:
    [case] = desk.all(Case, Case.id == desk.case.id)
    return int(case.incidents)


def test_a_limit_that_is_not_in_force_is_an_incident_that_operators_are_told_of(unwatched: Desk) -> None:
    [incident] = open_ones(unwatched)
    assert (incident.kind, incident.element, incident.name, incident.code) == ("limit", "check", "核实时限", "no-limit")
    assert [notice.kind for notice in unwatched.all(Notice)] == ["incident"]
    assert unwatched.task("check").due_at is None
    assert not unwatched.all(Limit)
    with pytest.raises(LimitStillLacking, match="no limit check is in force") as refused:
        retry(unwatched)
    assert refused.value.text() == "仍未解决：没有生效的时限 check。"
    shown = unwatched.engine.read(queries.incident_page, unwatched.cast.olga, queries.IncidentFilter(kind="limit"))
    assert [each.say("zh") for each in shown.items] == ["没有生效的时限 check"]


def test_a_limit_in_force_at_last_runs_from_the_moment_at_which_it_should_have_begun(unwatched: Desk) -> None:
    unwatched.go_to("2026-03-06T09:00")
    retry(unwatched)
    limit = unwatched.limit("check")
    assert limit.started_at == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert day(limit.due_at) == day(unwatched.task("check").due_at) == "2026-03-05"
    assert not open_ones(unwatched)
    assert count(unwatched) == 0
    unwatched.go_to("2026-03-06T09:01")
    kinds = [notice.kind for notice in unwatched.all(Notice) if notice.kind != "incident"]
    assert kinds == ["told_of_limit"], "it is over since yesterday: its warning is not given, what follows is"
    unwatched.done("check")
    assert unwatched.limit("check").exceeded_at == limit.due_at


def test_a_task_that_is_done_needs_its_limit_no_longer(unwatched: Desk) -> None:
    unwatched.go_to("2026-03-04T09:00")
    unwatched.done("check")
    assert [row.name for row in unwatched.all(Incident)] == ["核实时限"]
    assert not open_ones(unwatched)
    assert unwatched.limit("rectification").state == "running"


def test_a_limit_of_a_case_outlives_the_step_that_named_it(unwatched: Desk) -> None:
    unwatched.done("check")
    [incident] = open_ones(unwatched)
    assert (incident.name, incident.token) == ("整改时限", None)
    unwatched.go_to("2026-03-11T10:00")
    unwatched.engine.change_data(
        unwatched.case.id, {"整改期限": "2026-03-10"}, by=unwatched.cast.olga, reason="见指令书"
    )
    unwatched.done("fix")
    retry(unwatched)
    limit = unwatched.limit("rectification")
    assert (limit.state, day(limit.due_at), limit.ended_at) == ("met", "2026-03-10", unwatched.clock())
    assert limit.exceeded_at == limit.due_at, "it was met after its last day"
    assert not unwatched.all(Job), "nothing is left to climb"
    assert unwatched.kinds("limit_met", "limit_started")[-2:] == ["limit_started", "limit_met"]


def test_what_a_case_lacked_is_over_with_the_case(unwatched: Desk) -> None:
    for element in ("check", "fix", "accept"):
        unwatched.done(element)
    assert [row.name for row in unwatched.all(Incident)] == ["核实时限", "整改时限"]
    assert not open_ones(unwatched)
    assert count(unwatched) == 0


@pytest.mark.parametrize(("words", "code"), [("尽快", "not-a-date"), (5, "not-a-date")], ids=["words", "number"])
def test_a_last_day_that_cannot_be_read_is_told_while_the_term_runs(desk: Desk, words: Any, code: str) -> None:
    desk.order(words)
    [incident] = open_ones(desk)
    assert (incident.kind, incident.name, incident.code, incident.token) == ("limit", "整改时限", code, None)
    assert "整改期限" in incident.detail
    assert day(desk.limit("rectification").due_at) == "2026-03-16"
    with pytest.raises(LimitStillLacking):
        retry(desk)
    assert count(desk) == 1


@pytest.mark.parametrize("words", ["", None], ids=["empty", "null"])
def test_a_last_day_that_is_not_named_is_no_incident(desk: Desk, words: Any) -> None:
    desk.order(words)
    assert not desk.all(Incident)


def test_a_last_day_that_is_corrected_holds_as_if_it_had_been_named_at_once(desk: Desk) -> None:
    desk.order("4月1日")
    desk.engine.extend_limit(
        desk.limit("rectification").id, by=desk.cast.diana, term=datetime(2026, 3, 20).date(), reason="检测"
    )
    desk.engine.change_data(desk.case.id, {"整改期限": "2026-03-11"}, by=desk.cast.olga, reason="录入有误")
    retry(desk)
    limit = desk.limit("rectification")
    assert day(limit.due_at) == "2026-03-20", "what was decided later still holds"
    _limit, _definition, reckoning = desk.engine.explain_limit(limit.id)
    assert [str(step) for step in reckoning.steps][1] == "The last day was fixed as 2026-03-11."
    assert desk.kinds("limit_extended", "limit_fixed") == ["limit_extended", "limit_fixed"]
    assert count(desk) == 0
    assert not desk.engine.read(queries.incident_page, desk.cast.olga, queries.IncidentFilter()).items


def test_rungs_that_were_climbed_by_the_term_are_climbed_again_only_when_they_are_yet_to_come(desk: Desk) -> None:
    desk.order("4月1日")
    desk.go_to("2026-03-17T09:00")  # the term is over: the escalation was thrown
    assert desk.kinds("limit_exceeded") == ["limit_exceeded"]
    desk.engine.change_data(desk.case.id, {"整改期限": "2026-04-01"}, by=desk.cast.olga, reason="录入有误")
    retry(desk)
    limit = desk.limit("rectification")
    assert (day(limit.due_at), limit.climbed) == ("2026-04-01", 0)
    desk.go_to("2026-04-02T09:00")
    assert desk.kinds("rung_climbed").count("rung_climbed") >= 4
    desk.done("fix")
    assert desk.limit("rectification").exceeded_at == desk.limit("rectification").due_at


def test_a_limit_that_is_met_needs_its_last_day_no_longer(desk: Desk) -> None:
    desk.order("尽快")
    desk.done("fix")
    assert not open_ones(desk)
    assert count(desk) == 0
    [incident] = desk.all(Incident)
    assert incident.resolved_by == desk.cast.bob.person_id
