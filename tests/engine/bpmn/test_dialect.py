"""Attributes of the dialect mean what Camunda 8 says they mean, or are refused."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.outcome import MessageAwaited, SignalAwaited, TaskOpened
from engine.errors import FaultsFound

NATIVE = ' zeebe:mark=""'
TOPS = (
    '<bpmn:error id="E" errorCode="late"/><bpmn:error id="E2" errorCode="late"/><bpmn:escalation id="C" escalationCode="up"/>'
    '<bpmn:message id="m" name="m"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"/></bpmn:extensionElements></bpmn:message>'
)
TASK = '<bpmn:userTask id="t"/>'


def boundary(id: str, definition: str, more: str = "") -> str:
    return f'<bpmn:boundaryEvent id="{id}" attachedToRef="t"{more}>{definition}</bpmn:boundaryEvent>'


def handler(id: str, definition: str) -> str:
    start = f'<bpmn:startEvent id="{id}_s">{definition}</bpmn:startEvent>'
    return f'<bpmn:subProcess id="{id}" triggeredByEvent="true">{start}</bpmn:subProcess>'


def error(reference: str = "") -> str:
    return f"<bpmn:errorEventDefinition{reference}/>"


def form(attributes: str) -> str:
    return f'<bpmn:userTask id="t"><bpmn:extensionElements><zeebe:userTask/><zeebe:formDefinition {attributes}/></bpmn:extensionElements></bpmn:userTask>'


def starting(definition: str) -> str:
    return f'<bpmn:startEvent id="s">{definition}</bpmn:startEvent>'


ESCALATION = "<bpmn:escalationEventDefinition{}/>"
TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"


def refused(xml: bytes) -> list[tuple[str | None, str | None]]:
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(xml)
    return [(fault.code, fault.element) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("code", "element", "body", "tops"),
    [
        ("catch-twice", "b", TASK + boundary("a", error(' errorRef="E"')) + boundary("b", error(' errorRef="E2"')), TOPS),
        ("catch-twice", "b", TASK + boundary("a", error()) + boundary("b", error()), TOPS),
        ("catch-twice", "b", TASK + boundary("a", ESCALATION.format("")) + boundary("b", ESCALATION.format("")), TOPS),
        ("catch-twice", "b_s", TASK + handler("a", error(' errorRef="E"')) + handler("b", error(' errorRef="E"')), TOPS),
        (
            "catch-twice",
            "b_s",
            f'<bpmn:subProcess id="x">{TASK}{handler("a", ESCALATION.format(""))}{handler("b", ESCALATION.format(""))}</bpmn:subProcess>',
            TOPS,
        ),
        ("form-choice", "t", form('formId="a" externalReference="b"'), ""),
        ("form-choice", "t", form('bindingType="latest"'), ""),
        ("form-empty", "p", f'<bpmn:extensionElements><zeebe:userTaskForm id="f"/></bpmn:extensionElements>{TASK}', ""),
        (
            "start-name",
            "s",
            starting('<bpmn:messageEventDefinition messageRef="n"/>'),
            '<bpmn:message id="n" name="=&quot;due &quot; + region"/>',
        ),
        ("start-name", "s", starting('<bpmn:signalEventDefinition signalRef="n"/>'), '<bpmn:signal id="n" name="=1 + 1"/>'),
        (
            "parallel-definitions",
            "s",
            f'<bpmn:startEvent id="s" parallelMultiple="true">{TIMER}<bpmn:signalEventDefinition/></bpmn:startEvent>',
            "",
        ),
        ("several-definitions", "b", TASK + boundary("b", error() + TIMER), ""),
        (
            "several-definitions",
            "x",
            f'<bpmn:intermediateCatchEvent id="x">{TIMER}<bpmn:eventDefinitionRef>d</bpmn:eventDefinitionRef></bpmn:intermediateCatchEvent>',
            "",
        ),
        ("parallel-definitions", "x", f'<bpmn:intermediateCatchEvent id="x" parallelMultiple="true">{TIMER * 2}</bpmn:intermediateCatchEvent>', ""),
        ("several-definitions", "x", '<bpmn:intermediateThrowEvent id="x"><bpmn:signalEventDefinition/><bpmn:messageEventDefinition/></bpmn:intermediateThrowEvent>', ""),
        (
            "change-invalid",
            "x",
            '<bpmn:intermediateCatchEvent id="x"><bpmn:conditionalEventDefinition><bpmn:extensionElements><zeebe:conditionalFilter variableEvents="delete"/>'
            "</bpmn:extensionElements><bpmn:condition>=a</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>",
            "",
        ),
    ],
    ids=lambda value: value if "<" not in value else "",
)  # fmt: skip
def test_refused_at_deploy(document: Callable[..., bytes], code: str, element: str, body: str, tops: str) -> None:
    assert refused(document(body, tops, NATIVE)) == [(code, element)]


def test_one_exact_code_and_one_that_takes_all_may_stand_together(document: Callable[..., bytes]) -> None:
    body = TASK + boundary("a", error(' errorRef="E"')) + boundary("b", error())
    body += boundary("c", ESCALATION.format(' escalationRef="C"')) + handler("d", error())
    assert bpmn.parse(document(body, TOPS, NATIVE)).processes["p"]


def test_names_of_messages_and_signals_that_start_a_case_are_found_without_data(document: Callable[..., bytes]) -> None:
    body = starting('<bpmn:messageEventDefinition messageRef="n"/>')
    tops = '<bpmn:message id="n" name="=&quot;case-&quot; + string(1 + 1)"/>'
    (start,) = bpmn.parse(document(body, tops)).processes["p"].starts
    assert start.message == "case-2"


def test_names_elsewhere_are_found_when_they_are_waited_for(walk: Callable) -> None:
    tops = (
        '<bpmn:message id="n" name="=&quot;m-&quot; + region"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"/></bpmn:extensionElements></bpmn:message>'
        '<bpmn:signal id="g" name="=&quot;s-&quot; + region"/>'
    )
    body = TASK + boundary("a", '<bpmn:messageEventDefinition messageRef="n"/>')
    body += boundary("b", '<bpmn:signalEventDefinition signalRef="g"/>')
    opened = walk(body, tops).start(region="north", k=7).opened
    awaited = {
        item.message if isinstance(item, MessageAwaited) else item.signal
        for item in opened
        if isinstance(item, MessageAwaited | SignalAwaited)
    }
    assert awaited == {"m-north", "s-north"}


def conditional(filter: str) -> str:
    definition = (
        f"<bpmn:conditionalEventDefinition><bpmn:extensionElements><zeebe:conditionalFilter {filter}/></bpmn:extensionElements>"
        "<bpmn:condition>=a != null and b != null</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    return (
        TASK
        + boundary("c", definition, ' cancelActivity="false"')
        + ('<bpmn:userTask id="noted"/><bpmn:sequenceFlow id="f" sourceRef="c" targetRef="noted"/>')
    )


@pytest.mark.parametrize(
    ("filter", "noted"),
    [
        ("", ["created", "b again", "a again"]),
        ('variableNames="a"', ["a again"]),
        ('variableNames="b"', ["created", "b again"]),
        ('variableEvents="create"', ["created"]),
        ('variableEvents="update"', ["b again", "a again"]),
        ('variableEvents="create, update" variableNames="a, b"', ["created", "b again", "a again"]),
        ('variableNames="b" variableEvents="update"', ["b again"]),
    ],
)
def test_a_condition_is_looked_at_when_the_named_variables_change_so(
    walk: Callable, filter: str, noted: list[str]
) -> None:
    case = walk(conditional(filter))
    case.start(a=1)
    found = []
    for what, change in (("created", {"b": 1}), ("other", {"z": 1}), ("b again", {"b": 2}), ("a again", {"a": 2})):
        opened = case.take(stimuli.ChangeData(change)).opened
        found += [what for item in opened if item.element == "noted"]
    assert found == noted


def test_an_embedded_form_belongs_to_the_task_that_names_it(document: Callable[..., bytes]) -> None:
    body = (
        '<bpmn:extensionElements><zeebe:userTaskForm id="f">{"components": []}</zeebe:userTaskForm></bpmn:extensionElements>'
        + form('formKey="camunda-forms:bpmn:f"')
    )
    process = bpmn.parse(document(body)).processes["p"]
    assert process.tasks[0].form_id == "f"
    assert process.forms == {"f": '{"components": []}'}


@pytest.mark.parametrize(
    ("inputs", "seen"),
    [
        ('<zeebe:input source="1" target="x"/>', {"x": "1"}),
        ('<zeebe:input source="=missing" target="x"/>', {"x": None}),
        ('<zeebe:input target="x"/>', {"x": None}),
        ('<zeebe:input source="" target="x"/>', {"x": ""}),
        (
            '<zeebe:input source="=1" target="x.y"/><zeebe:input source="=x.y + 1" target="x.z"/>',
            {"x": {"y": 1, "z": 2}},
        ),
        ('<zeebe:input source="=2" target="x.y"/><zeebe:input source="=3" target="x"/>', {"x": 3}),
    ],
)
def test_inputs_are_local_and_see_the_ones_before(walk: Callable, inputs: str, seen: dict[str, object]) -> None:
    body = f'<bpmn:userTask id="t"><bpmn:extensionElements><zeebe:ioMapping>{inputs}</zeebe:ioMapping></bpmn:extensionElements></bpmn:userTask>'
    case = walk(body)
    (task,) = case.start(x={"w": 0}).opened
    assert isinstance(task, TaskOpened)
    assert task.local == seen
    assert case.outcome.data == {"x": {"w": 0}}


def test_a_date_without_value_is_no_date_and_no_timer(walk: Callable) -> None:
    body = (
        '<bpmn:userTask id="t"><bpmn:extensionElements><zeebe:taskSchedule dueDate="=missing" followUpDate="=now() + duration(&quot;P1D&quot;)"/>'
        "</bpmn:extensionElements></bpmn:userTask>"
    )
    case = walk(body)
    (task,) = case.start().opened
    assert isinstance(task, TaskOpened)
    assert (task.due_at, task.follow_up_at) == (None, case.now + timedelta(days=1))
