"""A model of Flowable in a process app, as it is: refused until the app knows what it calls, then done by people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import FaultsFound, Person, ProcessApp, Task, queries

MODEL = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:flowable="http://flowable.org/bpmn"
 targetNamespace="x"><process id="leave" name="请假" isExecutable="true">
<startEvent id="s" flowable:initiator="starter"/>
<userTask id="sign" name="会签" flowable:assignee="${who}"><multiInstanceLoopCharacteristics isSequential="false"
 flowable:collection="${staff.signers(execution)}" flowable:elementVariable="who"><completionCondition>
 ${nrOfCompletedInstances/nrOfInstances >= 0.5}</completionCondition></multiInstanceLoopCharacteristics></userTask>
<exclusiveGateway id="g"/><userTask id="change" name="调整申请" flowable:assignee="${starter}"/><endEvent id="e"/>
<sequenceFlow id="f1" sourceRef="s" targetRef="sign"/><sequenceFlow id="f2" sourceRef="sign" targetRef="g"/>
<sequenceFlow id="f3" name="同意" sourceRef="g" targetRef="e">
<conditionExpression>${passed == true}</conditionExpression></sequenceFlow>
<sequenceFlow id="f4" name="驳回" sourceRef="g" targetRef="change"><conditionExpression>${!passed}
</conditionExpression></sequenceFlow>
<sequenceFlow id="f5" sourceRef="change" targetRef="sign"/></process></definitions>"""


@pytest.fixture
def app(tmp_path: Path) -> ProcessApp:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "leave.bpmn").write_text(MODEL, encoding="utf-8")
    return ProcessApp(name="old", title="请假", folder=folder, process="leave", starters={"leave": ("*",)})


def test_a_function_that_nobody_registered_is_refused_at_deploy(make_engine: Any, app: ProcessApp) -> None:
    with pytest.raises(FaultsFound) as refused:
        make_engine([app])
    assert [(fault.code, fault.element) for fault in refused.value.faults] == [("function-missing", "sign")]
    assert "staff_signers" in refused.value.faults[0].reason


def test_an_unchanged_model_reaches_people_and_asks_them_what_its_conditions_ask(
    make_engine: Any, app: ProcessApp
) -> None:
    asked: list[Any] = []

    @app.function("staff_signers")
    def signers(execution: Any) -> list[str]:
        asked.append(execution)
        return ["bob", "bella"]

    engine = make_engine([app])
    found = engine.read(lambda session: session.execute(select(Person.login, Person.id)).all())
    person = {login: engine.actor(id) for login, id in found}

    def inbox(login: str) -> list[Task]:
        return list(engine.read(queries.inbox, person[login]).items)

    engine.start_case("leave", {"days": 3}, by=person["alice"])
    assert asked[0]["element"] == "sign"
    assert asked[0]["variables"]["days"] == 3
    assert [task.element for task in inbox("bella")] == ["sign"]
    engine.complete_task(inbox("bob")[0].id, by=person["bob"], data={}, outcome="false")
    assert inbox("bella") == [], "half of them are enough"
    engine.complete_task(inbox("alice")[0].id, by=person["alice"], data={})
    engine.complete_task(inbox("bella")[0].id, by=person["bella"], data={}, outcome="true")
    assert inbox("bob") == inbox("alice") == []
