"""Listeners of tasks that change hands, are changed or are withdrawn: they correct, deny, or only hear of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import Engine, Invalid, ProcessApp, ServiceError, Task, queries
from engine.models import Job, Limit
from engine.task_listeners import CorrectionInvalid, ListenerFailed
from tests.conftest import Cast
from tests.engine.test_limits import FOLDER, Desk, orders
from tests.fire import require_sound

__all__ = ["orders"]
DIAGRAM = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://bihuan.dev/tests">
  <bpmn:message id="m" name="stop"><bpmn:extensionElements><zeebe:subscription correlationKey="=&quot;k&quot;"/>
  </bpmn:extensionElements></bpmn:message>
  <bpmn:process id="{type}" name="监听" isExecutable="true">
    <bpmn:startEvent id="s"/>
    <bpmn:userTask id="check" name="核查"><bpmn:extensionElements><zeebe:userTask/>
      <zeebe:assignmentDefinition assignee="=whom" candidateGroups="officer"/>
      <zeebe:taskHeaders><zeebe:header key="tone" value="strict"/></zeebe:taskHeaders>
      <zeebe:taskListeners><zeebe:taskListener eventType="assignment" type="{type}"/>
        <zeebe:taskListener eventType="canceling" type="=kind" retries="=tries"/></zeebe:taskListeners>
    </bpmn:extensionElements></bpmn:userTask>
    <bpmn:boundaryEvent id="stopped" attachedToRef="check">
      <bpmn:messageEventDefinition messageRef="m"/></bpmn:boundaryEvent>
    <bpmn:endEvent id="e"/><bpmn:endEvent id="called_off"/>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="check"/>
    <bpmn:sequenceFlow id="f2" sourceRef="check" targetRef="e"/>
    <bpmn:sequenceFlow id="f3" sourceRef="stopped" targetRef="called_off"/>
  </bpmn:process>
</bpmn:definitions>"""
TYPES = ("here", "later", "elsewhere")


class Away(Invalid):
    """The register is away."""


class Service:
    """What listeners were told, and how they answer."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: dict[str, Any] = {}
        self.problem: Exception | None = None

    def __call__(self, data: dict[str, Any], headers: Any) -> dict[str, Any]:
        self.heard.append(tuple(headers[name] for name in ("listener", "action", "assignee", "changedAttributes")))
        self.headers.append(dict(headers))
        if self.problem is not None:
            raise self.problem
        return self.answer


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def engine(make_engine: Callable[..., Engine], tmp_path: Path, service: Service) -> Engine:
    for type in TYPES:
        (tmp_path / f"{type}.bpmn").write_text(DIAGRAM.format(type=type), encoding="utf-8")
    starters = dict.fromkeys(TYPES, ("*",))
    roles = {"officer": "维修员", "leader": "领导"}
    app = ProcessApp(name="heard", title="监听", folder=tmp_path, process="here", roles=roles, starters=starters)
    app.service("here")(service)
    app.service("later", job=True)(lambda data, headers, key: service(data, headers))
    app.external("elsewhere")
    made = make_engine([app])
    made.load_people([], [{"login": "robot", "name": "外部", "roles": [("external_system", "420101-yj")]}])
    return made


def begin(engine: Engine, cast: Any, type: str, **data: Any) -> Any:
    case = engine.start_case(type, {"kind": type, "tries": 1, **data}, by=cast.alice, unit_code="420101")
    return task_of(engine, case.id)


def task_of(engine: Engine, case_id: Any) -> Any:
    require_sound(engine)
    return engine.read(lambda session: session.scalars(select(Task).where(Task.case_id == case_id)).one())


def kinds(engine: Engine, cast: Any, case_id: Any) -> list[str]:
    return [event.kind for event in engine.read(queries.case, cast.olga, case_id).history]


def test_who_may_not_have_a_task_reads_why_and_nothing_has_happened(
    engine: Engine, cast: Any, service: Service
) -> None:
    task = begin(engine, cast, "here")
    service.problem = ServiceError("BUSY", "您今天已有三项核查任务。")
    with pytest.raises(Invalid, match="您今天已有三项核查任务"):
        engine.add_signs(task.id, ["bella"], by=cast.bob, when="parallel")
    with pytest.raises(Invalid, match="您今天已有三项核查任务"):
        engine.claim_task(task.id, by=cast.bob)
    assert task_of(engine, task.case_id).assignee_id is None
    assert "claimed" not in kinds(engine, cast, task.case_id)
    service.problem, service.answer = None, {"denied": True, "deniedReason": "回避"}
    with pytest.raises(Invalid, match="回避"):
        engine.claim_task(task.id, by=cast.bob)
    service.answer = {}
    assert engine.claim_task(task.id, by=cast.bob).assignee_id == cast.bob.person_id


def test_listeners_hear_of_every_hand_that_a_task_comes_to(engine: Engine, cast: Any, service: Service) -> None:
    task = begin(engine, cast, "here")
    engine.claim_task(task.id, by=cast.bob)
    engine.release_task(task.id, by=cast.bob)
    engine.claim_task(task.id, by=cast.bob)
    engine.delegate_task(task.id, "bella", by=cast.bob)
    engine.resolve_task(task.id, by=cast.bella, note="可以")
    engine.transfer_task(task.id, "bella", by=cast.bob)
    engine.complete_task(task.id, by=cast.bella, data={})
    assert service.heard == [
        ("assigning", "claimed", "bob", "assignee"),
        ("assigning", "released", "", "assignee"),
        ("assigning", "claimed", "bob", "assignee"),
        ("assigning", "delegated", "bella", "assignee"),
        ("assigning", "given_back", "bob", "assignee"),
        ("assigning", "transferred", "bella", "assignee"),
    ]
    assert service.headers[0]["tone"] == "strict"
    assert (service.headers[0]["candidateGroups"], service.headers[0]["priority"]) == ("officer", "50")
    assert service.headers[0]["userTaskKey"] == str(task.id)


def test_a_listener_corrects_who_has_a_task_and_until_when(engine: Engine, cast: Any, service: Service) -> None:
    task = begin(engine, cast, "here")
    service.answer = {"assignee": "bella", "priority": 80, "dueDate": "2026-03-09T18:00:00+08:00"}
    engine.claim_task(task.id, by=cast.bob)
    found = task_of(engine, task.case_id)
    assert (found.assignee_id, found.priority) == (cast.bella.person_id, 80)
    assert found.due_at is not None
    assert found.order_at == found.due_at
    service.answer = {"corrections": {"assignee": "", "dueDate": "", "candidateUsers": ["diana"]}}
    engine.transfer_task(task.id, "bob", by=cast.bella)
    found = task_of(engine, task.case_id)
    assert (found.assignee_id, found.due_at, found.role) == (None, None, "officer,@diana")
    assert [each.id for each in engine.read(queries.inbox, cast.diana).items] == [task.id]


def test_a_correction_that_cannot_be_changes_nothing(engine: Engine, cast: Any, service: Service) -> None:
    task = begin(engine, cast, "here")
    for answer in ({"assignee": "nobody"}, {"priority": 101}, {"dueDate": "soon"}, {"candidateGroups": "officer"}):
        service.answer = answer
        with pytest.raises(CorrectionInvalid):
            engine.claim_task(task.id, by=cast.bob)
    service.answer, service.problem = {}, Away()
    with pytest.raises(ListenerFailed):
        engine.claim_task(task.id, by=cast.bob)
    assert task_of(engine, task.case_id).assignee_id is None


def test_a_task_that_comes_straight_to_somebody_is_listened_to_as_it_opens(
    engine: Engine, cast: Any, service: Service
) -> None:
    service.answer = {"assignee": "bella"}
    task = begin(engine, cast, "here", whom="bob")
    assert task.assignee_id == cast.bella.person_id
    service.problem = ServiceError("AWAY", "不在岗")
    task = begin(engine, cast, "here", whom="bob")
    assert task.assignee_id is None
    assert "change_denied" in kinds(engine, cast, task.case_id)
    service.problem = Away()
    task = begin(engine, cast, "here", whom="bob")
    assert task.assignee_id == cast.bob.person_id, "it opens whatever listeners do"
    service.problem = None
    assert engine.run_due_jobs() == 1, "who failed is called again"
    assert task_of(engine, task.case_id).assignee_id == cast.bella.person_id


@pytest.mark.parametrize("type", ["later", "elsewhere"])
def test_nobody_waits_for_a_listener_that_is_a_job_and_what_it_denies_is_undone(
    engine: Engine, cast: Any, service: Service, type: str
) -> None:
    task = begin(engine, cast, type)
    engine.claim_task(task.id, by=cast.bob)
    assert task_of(engine, task.case_id).assignee_id == cast.bob.person_id
    if type == "later":
        service.problem = ServiceError("BUSY", "今日已满")
        engine.run_due_jobs()
    else:
        [job] = engine.lock_jobs([type], "one", by=cast.robot)
        assert (job.headers["action"], job.headers["assignee"]) == ("claimed", "bob")
        engine.complete_job(job.id, "one", {"denied": True, "deniedReason": "今日已满"}, by=cast.robot)
    assert task_of(engine, task.case_id).assignee_id is None
    [told] = [e for e in engine.read(queries.case, cast.olga, task.case_id).history if e.kind == "change_denied"]
    assert "今日已满" in told.detail
    service.problem, service.answer = None, {"priority": 70}
    engine.claim_task(task.id, by=cast.bella)
    if type == "later":
        engine.run_due_jobs()
    else:
        [job] = engine.lock_jobs([type], "one", by=cast.robot)
        engine.complete_job(job.id, "one", {"corrections": {"priority": 70}}, by=cast.robot)
    found = task_of(engine, task.case_id)
    assert (found.assignee_id, found.priority) == (cast.bella.person_id, 70)
    assert not engine.read(lambda session: session.scalars(select(Job)).all())


def test_what_somebody_did_meanwhile_is_not_undone(engine: Engine, cast: Any, service: Service) -> None:
    task = begin(engine, cast, "later")
    engine.claim_task(task.id, by=cast.bob)
    engine.transfer_task(task.id, "bella", by=cast.bob)
    service.problem = ServiceError("BUSY", "今日已满")
    engine.run_due_jobs(limit=1)
    assert task_of(engine, task.case_id).assignee_id == cast.bella.person_id
    engine.complete_task(task.id, by=cast.bella, data={})
    service.problem = None
    engine.run_due_jobs()
    assert task_of(engine, task.case_id).state == "done"


def test_a_listener_that_fails_for_good_is_an_incident_that_is_tried_again(
    engine: Engine, cast: Any, service: Service, clock: Any
) -> None:
    task = begin(engine, cast, "later")
    engine.claim_task(task.id, by=cast.bob)
    service.problem = RuntimeError("no route")
    for _ in range(3):
        engine.run_due_jobs()
        clock.advance(hours=1)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.kind, incident.element, incident.service) == ("job", "check", "later")
    service.problem, service.answer = None, {"priority": 10}
    engine.retry_incident(incident.id, by=cast.olga)
    engine.run_due_jobs()
    assert task_of(engine, task.case_id).priority == 10
    assert not engine.read(queries.incidents, cast.olga)


def test_listeners_hear_of_a_task_that_is_withdrawn_and_cannot_deny_it(
    engine: Engine, cast: Any, service: Service, clock: Any
) -> None:
    task = begin(engine, cast, "here")
    service.problem = ServiceError("NO", "不可以")
    engine.publish_message("stop", "k", by=cast.olga)
    assert task_of(engine, task.case_id).state == "withdrawn"
    assert engine.run_due_jobs() == 1
    assert service.heard == [("canceling", "canceling", "", "")]
    service.problem = None
    other = begin(engine, cast, "elsewhere")
    engine.cancel_case(other.case_id, by=cast.olga, reason="重复")
    [job] = engine.lock_jobs(["elsewhere"], "one", by=cast.robot)
    assert (job.headers["listener"], job.headers["userTaskKey"]) == ("canceling", str(other.id))
    engine.fail_job(job.id, "one", "no route", by=cast.robot)
    require_sound(engine)
    [incident] = engine.read(queries.incidents, cast.olga)
    engine.retry_incident(incident.id, by=cast.olga)
    [job] = engine.lock_jobs(["elsewhere"], "one", by=cast.robot)
    engine.complete_job(job.id, "one", by=cast.robot)
    assert not engine.read(queries.incidents, cast.olga)
    odd = begin(engine, cast, "elsewhere", kind=5, tries="often")
    engine.cancel_case(odd.case_id, by=cast.olga, reason="重复")
    for _ in range(3):
        engine.run_due_jobs()
        clock.advance(hours=1)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert incident.say("zh") == "没有流程应用登记服务 =kind", "nobody could be told"
    done = begin(engine, cast, "elsewhere")
    engine.complete_task(done.id, by=cast.bob, data={})
    assert engine.lock_jobs(["elsewhere"], "one", by=cast.robot) == []


@pytest.fixture
def watched(make_engine: Callable[..., Engine], orders: ProcessApp, tmp_path: Path, service: Service) -> Engine:
    """Checking and fixing show limits; a service listens to changes of both."""
    for file in ("order.bpmn", "blame.bpmn", "limits.yaml"):
        text = (FOLDER / file).read_text(encoding="utf-8")
        heard = '<zeebe:taskListener eventType="update" type="hear"/>'
        heard = f"<zeebe:userTask/><zeebe:taskListeners>{heard}</zeebe:taskListeners>"
        text = text.replace('id="fix" name="整改"', 'id="fix" name="整改" bihuan:limit="rectification"')
        (tmp_path / file).write_text(text.replace("<zeebe:userTask/>", heard), encoding="utf-8")
    app = replace(orders, folder=tmp_path)
    app.service("hear")(service)
    made: Engine = make_engine([app])
    return made


def test_a_stop_of_the_clock_is_denied_by_who_listens_to_the_task(
    watched: Engine, clock: Any, service: Service
) -> None:
    desk = Desk(watched, Cast(watched), clock)
    desk.done("check")
    service.problem = ServiceError("NO", "检测机构尚未受理。")
    stop: dict[str, Any] = {"by": desk.cast.diana, "ground": "检测", "approver": "分管负责人"}
    with pytest.raises(Invalid, match="检测机构尚未受理"):
        watched.pause_limit(desk.limit("rectification").id, **stop)
    assert desk.limit("rectification").state == "running"
    service.problem = None
    watched.pause_limit(desk.limit("rectification").id, **stop)
    assert desk.task("fix").due_at is None
    assert service.heard[-1] == ("updating", "limit_paused", "", "dueDate")


def test_what_a_rule_demands_may_be_corrected_but_not_denied(watched: Engine, clock: Any, service: Service) -> None:
    desk = Desk(watched, Cast(watched), clock)
    service.answer = {"priority": 60}
    desk.go_to("2026-03-09T09:00")
    assert desk.task("check").priority == 60
    assert service.heard == [("updating", "raise", "", "priority")]
    other = Desk(watched, Cast(watched), clock)
    service.problem = ServiceError("NO", "不可以")
    other.go_to("2026-03-16T09:00")
    assert other.task("check").priority == 90
    assert len(other.all(Limit)) == 2
