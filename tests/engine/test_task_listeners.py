"""Listeners of a task and forms inside a diagram, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, FaultsFound, Invalid, ProcessApp, ServiceError, queries

FORM = {"type": "default", "components": [{"type": "number", "key": "amount", "label": "金额", "id": "f"}]}
DIAGRAM = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://bihuan.dev/tests">
  <bpmn:process id="listened" name="Listened" isExecutable="true">
    <bpmn:extensionElements><zeebe:userTaskForm id="inside">{form}</zeebe:userTaskForm></bpmn:extensionElements>
    <bpmn:startEvent id="s"/>
    <bpmn:userTask id="check" name="Check"><bpmn:extensionElements><zeebe:userTask/>
      <zeebe:formDefinition formKey="camunda-forms:bpmn:inside"/>
      <zeebe:assignmentDefinition assignee="=chosen" candidateGroups="clerk"/>
      <zeebe:taskListeners><zeebe:taskListener eventType="creating" type="choose"/>
        <zeebe:taskListener eventType="completing" type="{type}"/></zeebe:taskListeners>
    </bpmn:extensionElements></bpmn:userTask>
    <bpmn:endEvent id="e"/>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="check"/>
    <bpmn:sequenceFlow id="f2" sourceRef="check" targetRef="e"/>
  </bpmn:process>
</bpmn:definitions>"""


def listened(folder: Path, type: str) -> ProcessApp:
    folder.mkdir()
    xml = DIAGRAM.format(form=json.dumps(FORM, ensure_ascii=False), type=type)
    (folder / "listened.bpmn").write_text(xml, encoding="utf-8")
    app = ProcessApp(
        name="listened",
        title="监听",
        folder=folder,
        process="listened",
        roles={"clerk": "报修人"},
        starters={"listened": ("*",)},
    )

    @app.service("choose")
    def choose(data: dict[str, Any], headers: Any) -> dict[str, Any]:
        return {"chosen": "alice"}

    @app.service("examine")
    def examine(data: dict[str, Any], headers: Any) -> dict[str, Any]:
        if data["amount"] > 100:
            raise ServiceError("TOO_MUCH", "金额超过一百元。")
        return {"examined": True}

    @app.service("examine-later", job=True)
    def examine_later(data: dict[str, Any], headers: Any, key: str) -> dict[str, Any]:
        return examine(data, headers)

    return app


@pytest.fixture
def type() -> str:
    return "examine"


@pytest.fixture
def engine(make_engine: Callable[..., Engine], tmp_path: Path, type: str) -> Engine:
    """A task that a service gives to alice, and another one examines when she has done it."""
    return make_engine([listened(tmp_path / "listened", type)])


def open_task(engine: Engine, cast: Any) -> Any:
    [task] = engine.read(queries.inbox, cast.alice).items
    return task


def test_a_denied_completion_leaves_the_task_open_and_says_why(engine: Engine, cast: Any) -> None:
    case = engine.start_case("listened", {}, by=cast.alice, unit_code="420101")
    task = open_task(engine, cast)
    assert (task.assignee_id, task.form_id) == (cast.alice.person_id, "inside")
    with pytest.raises(Invalid, match="金额超过一百元"):
        engine.complete_task(task.id, by=cast.alice, data={"amount": 101})
    assert open_task(engine, cast).id == task.id
    engine.complete_task(task.id, by=cast.alice, data={"amount": 100})
    view = engine.read(queries.case, cast.alice, case.id)
    assert (view.case.state, view.data["amount"], view.data["examined"]) == ("closed", 100, True)


@pytest.mark.parametrize("type", ["examine-later"])
def test_a_completion_that_a_job_denies_gives_the_task_back(engine: Engine, cast: Any) -> None:
    case = engine.start_case("listened", {}, by=cast.alice, unit_code="420101")
    first = open_task(engine, cast)
    engine.complete_task(first.id, by=cast.alice, data={"amount": 101})
    assert engine.read(queries.inbox, cast.alice).items == []
    assert engine.run_due_jobs() == 1
    again = open_task(engine, cast)
    assert again.id != first.id
    engine.complete_task(again.id, by=cast.alice, data={"amount": 9})
    assert engine.run_due_jobs() == 1
    view = engine.read(queries.case, cast.alice, case.id)
    assert (view.case.state, view.data["amount"]) == ("closed", 9)
    assert "failed" not in {incident.kind for incident in view.incidents}


def test_a_listener_that_no_app_registers_is_refused_at_deploy(
    make_engine: Callable[..., Engine], tmp_path: Path
) -> None:
    with pytest.raises(FaultsFound) as caught:
        make_engine([listened(tmp_path / "listened", "unheard-of")])
    assert [(fault.code, fault.element) for fault in caught.value.faults] == [("service-missing", "check")]
