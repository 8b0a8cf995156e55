"""The form of a task shows, and is checked against, what its step sees: items, mapped inputs, called processes, paths."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, FormInvalid, ProcessApp, queries

HEAD = '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://bihuan.dev/tests">'
ASK = '<bpmn:userTask id="ask" name="核对"><bpmn:extensionElements><zeebe:userTask/><zeebe:formDefinition formId="check"/><zeebe:assignmentDefinition assignee="alice"/></bpmn:extensionElements></bpmn:userTask>'
MANY = '<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[&quot;甲&quot;, &quot;乙&quot;]" inputElement="企业"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
GIVEN = '<bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="=&quot;甲&quot;" target="企业"/></zeebe:ioMapping>{}</bpmn:extensionElements>'
CALLED = GIVEN.format('<zeebe:calledElement processId="called" propagateAllChildVariables="false"/>')
BODIES = {
    "items": f'<bpmn:subProcess id="x">{ASK}{MANY}</bpmn:subProcess>',
    "mapped": f'<bpmn:subProcess id="x">{GIVEN.format("")}{ASK}</bpmn:subProcess>',
    "calling": f'<bpmn:callActivity id="x">{CALLED}</bpmn:callActivity>',
    "free": '<bpmn:adHocSubProcess id="x"><bpmn:extensionElements><zeebe:adHoc activeElementsCollection="=[&quot;one&quot;]"/></bpmn:extensionElements>'
    f'<bpmn:scriptTask id="one"><bpmn:extensionElements><zeebe:script expression="=&quot;甲&quot;" resultVariable="企业"/></bpmn:extensionElements></bpmn:scriptTask>{ASK}'
    '<bpmn:sequenceFlow id="f" sourceRef="one" targetRef="ask"/></bpmn:adHocSubProcess>',
    "called": ASK,
}  # fmt: skip
FORM = {
    "type": "default",
    "id": "check",
    "components": [
        {"type": "textfield", "key": "企业", "label": "企业", "disabled": True},
        {"type": "textfield", "key": "说明", "label": "说明", "validate": {"required": True}, "conditional": {"hide": '=企业 != "甲"'}},
    ],
}  # fmt: skip


def begun(name: str) -> str:
    first = "ask" if name == "called" else "x"
    return f'<bpmn:startEvent id="s"/>{BODIES[name]}<bpmn:sequenceFlow id="begin" sourceRef="s" targetRef="{first}"/>'


@pytest.fixture
def engine(make_engine: Callable[..., Engine], tmp_path: Path) -> Engine:
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "check.json").write_text(json.dumps(FORM), encoding="utf-8")
    for name in BODIES:
        xml = f'{HEAD}<bpmn:process id="{name}" isExecutable="true">{begun(name)}</bpmn:process></bpmn:definitions>'
        (tmp_path / f"{name}.bpmn").write_text(xml, encoding="utf-8")
    starters = dict.fromkeys(BODIES, ("*",))
    return make_engine([ProcessApp(name="scopes", title="范围", folder=tmp_path, process="items", starters=starters)])


@pytest.mark.parametrize("process", ["items", "mapped", "calling", "free"])
def test_a_form_knows_what_its_step_sees(engine: Engine, cast: Any, process: str) -> None:
    case = engine.start_case(process, {"企业": "乙", "编号": 7}, by=cast.alice, unit_code="420101")
    [task] = engine.read(queries.inbox, cast.alice).items
    view = engine.read(queries.task, cast.alice, task.id)
    assert (view.data["企业"], view.data["编号"]) == ("甲", 7)
    with pytest.raises(FormInvalid):
        engine.complete_task(task.id, by=cast.alice, data={})
    engine.complete_task(task.id, by=cast.alice, data={"说明": "属实"})
    found = engine.read(queries.case, cast.alice, case.id)
    assert (found.case.state == "closed", found.data["企业"]) == (process != "items", "乙")
