"""Ad-hoc subprocesses that a service rules, on the real engine: in the step, as a job, and by a program elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, ProcessApp, queries
from engine.bpmn.runtime import NotOffered
from tests.fire import require_sound

DIAGRAM = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://bihuan.dev/tests">
  <bpmn:process id="{type}" name="会商" isExecutable="true">
    <bpmn:startEvent id="s"/>
    <bpmn:adHocSubProcess id="talks" name="会商"><bpmn:extensionElements>
      <zeebe:taskDefinition type="{type}" retries="1"/>
      <zeebe:adHoc outputCollection="opinions" outputElement="=opinion"/></bpmn:extensionElements>
      <bpmn:userTask id="ask" name="征求意见"><bpmn:extensionElements><zeebe:userTask/>
        <zeebe:formDefinition formId="opinion"/><zeebe:assignmentDefinition assignee="=who"/>
      </bpmn:extensionElements></bpmn:userTask>
      <bpmn:userTask id="visit" name="现场核查"><bpmn:extensionElements><zeebe:userTask/>
        <zeebe:formDefinition formId="opinion"/><zeebe:assignmentDefinition assignee="=who"/>
      </bpmn:extensionElements></bpmn:userTask>
    </bpmn:adHocSubProcess>
    <bpmn:endEvent id="e"/>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="talks"/>
    <bpmn:sequenceFlow id="f2" sourceRef="talks" targetRef="e"/>
  </bpmn:process>
</bpmn:definitions>"""
FORM = {"type": "default", "id": "opinion", "components": [{"type": "textfield", "key": "opinion", "label": "意见"}]}
TYPES = ("here", "later", "elsewhere")


def plan(data: dict[str, Any], headers: Any) -> dict[str, Any]:
    """Alice and bob are asked at once; bella goes there when one of them is not sure; then it is enough."""
    known = {each["elementId"] for each in data["adHocSubProcessElements"]}
    assert known == {"ask", "visit"}
    opinions = data.get("opinions") or []
    if not data.get("asked"):
        begun = [{"elementId": "ask", "variables": {"who": login}} for login in ("alice", "bob")]
        return {"activateElements": begun, "asked": True}
    if opinions[-1] == "存疑":
        return {"activateElements": [{"elementId": "visit", "variables": {"who": "bella"}}]}
    return {"isCompletionConditionFulfilled": len(opinions) == 3}


@pytest.fixture
def engine(make_engine: Callable[..., Engine], tmp_path: Path) -> Engine:
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "opinion.json").write_text(json.dumps(FORM), encoding="utf-8")
    for type in TYPES:
        (tmp_path / f"{type}.bpmn").write_text(DIAGRAM.format(type=type), encoding="utf-8")
    starters = dict.fromkeys(TYPES, ("*",))
    app = ProcessApp(name="talks", title="会商", folder=tmp_path, process="here", starters=starters)
    app.service("here")(plan)
    app.service("later", job=True)(lambda data, headers, key: plan(data, headers))
    app.external("elsewhere")
    made = make_engine([app])
    made.load_people([], [{"login": "robot", "name": "外部", "roles": [("external_system", "420101-yj")]}])
    return made


def answer(engine: Engine, cast: Any, type: str) -> None:
    """Does what waits for the service, wherever that is."""
    require_sound(engine)
    if type == "later":
        assert engine.run_due_jobs() == 1
    elif type == "elsewhere":
        [job] = engine.lock_jobs([type], "one", by=cast.robot)
        engine.complete_job(job.id, "one", plan(job.data, job.headers), by=cast.robot)


def names(engine: Engine, actor: Any) -> list[str]:
    return [task.name for task in engine.read(queries.inbox, actor).items]


def done(engine: Engine, actor: Any, opinion: str) -> None:
    [task] = engine.read(queries.inbox, actor).items
    engine.complete_task(task.id, by=actor, data={"opinion": opinion})


@pytest.mark.parametrize("type", TYPES)
def test_a_service_asks_people_until_it_has_heard_enough(engine: Engine, cast: Any, type: str) -> None:
    case = engine.start_case(type, {}, by=cast.alice, unit_code="420101")
    with pytest.raises(NotOffered):
        engine.start_activity(case.id, "ask", by=cast.alice)
    answer(engine, cast, type)
    assert (names(engine, cast.alice), names(engine, cast.bob)) == (["征求意见"], ["征求意见"])
    done(engine, cast.alice, "存疑")
    answer(engine, cast, type)
    assert names(engine, cast.bella) == ["现场核查"]
    done(engine, cast.bella, "属实")
    if type == "here":  # nothing more begins, and bob has not answered yet
        assert names(engine, cast.bob) == ["征求意见"]
    done(engine, cast.bob, "同意")
    answer(engine, cast, type)
    view = engine.read(queries.case, cast.alice, case.id)
    assert (view.case.state, view.data["opinions"]) == ("closed", ["存疑", "属实", "同意"])
    assert not view.incidents


def test_a_service_that_answers_nothing_useful_stops_the_case_until_it_does(engine: Engine, cast: Any) -> None:
    case = engine.start_case("elsewhere", {}, by=cast.alice, unit_code="420101")
    [job] = engine.lock_jobs(["elsewhere"], "one", by=cast.robot)
    engine.complete_job(job.id, "one", {"activateElements": ["nowhere"]}, by=cast.robot)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.element, incident.say("zh")) == ("talks", "服务决定启动的活动：不是其中活动的列表")
    engine.retry_incident(incident.id, by=cast.olga)
    answer(engine, cast, "elsewhere")
    assert names(engine, cast.bob) == ["征求意见"]
    assert not engine.read(queries.incidents, cast.olga)
    engine.cancel_case(case.id, by=cast.olga, reason="重复")
    assert engine.lock_jobs(["elsewhere"], "one", by=cast.robot) == []
    require_sound(engine)
