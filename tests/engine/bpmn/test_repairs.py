"""The mistakes that a BPMN library made of this engine's core must not make again, each with its tiny diagram.

Where a scenario of `tests/apps/bpmn` shows the repair it is named here; the rest is tested in this file and beside it.
"""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import bpmn, scenarios
from engine.bpmn import stimuli
from engine.bpmn.outcome import TaskOpened
from engine.errors import FaultsFound

SCENARIOS = Path(__file__).parents[2] / "apps" / "bpmn"
REPAIRS = {
    "flows and nodes without ids are kept": "flows_without_ids",
    "nodes may be called Start, End or Root": "reserved_ids",
    "references with a prefix are found": "prefixed_references",
    "branches share one document": "one_document",
    "an error is caught in the scope that throws it": "error_scope",
    "a cancelled multi-instance leaves no orphans": "cancelled_items",
    "a boundary event that does not interrupt fires each time": "repeated_boundaries",
    "event subprocesses run when triggered, at every depth": "event_subprocesses",
    "flows that leave a task have conditions": "flows_of_tasks",
    "what sends, sends, and what jumps, jumps": "sending_and_jumping",
    "tasks without a person pass": "passing_tasks",
    "flows are tried in the order of the document": "document_order",
    "a countersign counts its items": "countersign",
    "rework does not die": "rework",
    "timers start cases and run by calendar and cron": "timers",
    "one message has one receiver": "correlation",
    "decisions know all hit policies": "deciding",
    "a call passes what it is told to": "calling",
    "people start the activities of an ad-hoc subprocess": "ad_hoc",
    "what is done is undone in reverse order": "compensating",
    "data objects two scopes up do not hang the parser": "data_two_scopes_up",
    "fields may have any name": "awkward_names",
}
EVIL = "__import__('sys').modules.update(evil=1)"


@pytest.mark.parametrize(("what", "name"), REPAIRS.items(), ids=list(REPAIRS.values()))
def test_every_repair_is_shown_by_a_scenario_that_runs_something(what: str, name: str) -> None:
    results = scenarios.run_file(SCENARIOS / f"{name}.yaml")
    assert results, what
    assert all(result.passed for result in results), what


def timer(text: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition><bpmn:timeDuration>{text}</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>'


PLACES = {
    "condition": '<bpmn:task id="t"/><bpmn:task id="u"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="u"><bpmn:conditionExpression>={}</bpmn:conditionExpression></bpmn:sequenceFlow>',
    "script": '<bpmn:scriptTask id="t"><bpmn:extensionElements><zeebe:script expression="={}" resultVariable="x"/></bpmn:extensionElements></bpmn:scriptTask>',
    "timer": timer("={}"),
    "correlation": '<bpmn:receiveTask id="t" messageRef="m"/>',
    "ad-hoc condition": '<bpmn:adHocSubProcess id="t"><bpmn:userTask id="u"/><bpmn:completionCondition>={}</bpmn:completionCondition></bpmn:adHocSubProcess>',
    "loop": '<bpmn:userTask id="t"><bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="={}"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>',
    "assignee": '<bpmn:userTask id="t"><bpmn:extensionElements><zeebe:assignmentDefinition assignee="={}"/></bpmn:extensionElements></bpmn:userTask>',
    "mapping": '<bpmn:task id="t"><bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="={}" target="x"/></zeebe:ioMapping></bpmn:extensionElements></bpmn:task>',
}
MESSAGE = '<bpmn:message id="m" name="m"><bpmn:extensionElements><zeebe:subscription correlationKey="={}"/></bpmn:extensionElements></bpmn:message>'


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "code", [EVIL, EVIL.replace("'", "&quot;"), "().__class__.__base__.__subclasses__()", "open('/etc/passwd').read()"]
)
def test_python_in_a_diagram_is_refused_or_stuck_and_never_run(walk: Callable, place: str, code: str) -> None:
    found: set[str | None] = set()
    try:
        case = walk(PLACES[place].format(code), MESSAGE.format(code))
    except FaultsFound as refused:
        found = {fault.code for fault in refused.faults}
    else:
        case.start()
        for token, opened in list(case.open.items()):
            if isinstance(opened[0], TaskOpened):
                case.take(stimuli.CompleteTask(token))
        assert set(case.outcome.data.values()) <= {None}
    assert found <= {"expression-invalid"}
    assert "evil" not in sys.modules


def test_a_condition_is_looked_at_when_any_branch_changes_case_data(walk: Callable) -> None:
    caught = '<bpmn:intermediateCatchEvent id="c"><bpmn:conditionalEventDefinition><bpmn:condition>=n &gt; 1</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>'
    case = walk(caught + '<bpmn:userTask id="t"/>')
    case.start(n=0)
    assert case.complete("t", n=2).ended


def test_output_of_each_item_stays_with_the_item(walk: Callable) -> None:
    task = (
        '<bpmn:userTask id="t"><bpmn:extensionElements><zeebe:ioMapping><zeebe:output source="=answer + item" target="result.sum"/></zeebe:ioMapping></bpmn:extensionElements>'
        '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[10, 20]" inputElement="item" outputCollection="all" outputElement="=result"/>'
        "</bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
    )
    case = walk(task)
    case.start()
    case.complete("t", answer=1)
    assert case.complete("t", answer=2).data == {"all": [{"sum": 11}, {"sum": 22}]}


def test_bound_to_a_tag_that_is_not_given_is_refused(document: Callable[..., bytes]) -> None:
    call = '<bpmn:callActivity id="t"><bpmn:extensionElements><zeebe:calledElement processId="p" bindingType="versionTag"/></bpmn:extensionElements></bpmn:callActivity>'
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(document(call))
    assert [fault.code for fault in caught.value.faults] == ["tag-missing"]
