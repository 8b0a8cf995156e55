"""What occurs in models of Camunda 7, Flowable and Activiti, line by line: where it goes, or that it is told as kept."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from lxml import etree

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.outcome import ServiceCalled, SignalSent, TaskOpened, TimerOpened
from engine.bpmn.source import bpmn as tag
from engine.bpmn.source import zeebe

C = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
ELEMENTS = {
    "userTask": '<bpmn:userTask id="x"{0}><bpmn:extensionElements>{1}</bpmn:extensionElements>{2}</bpmn:userTask>',
    "serviceTask": '<bpmn:serviceTask id="x"{0}><bpmn:extensionElements>{1}</bpmn:extensionElements>{2}</bpmn:serviceTask>',
    "scriptTask": '<bpmn:scriptTask id="x"{0}><bpmn:extensionElements>{1}</bpmn:extensionElements>{2}</bpmn:scriptTask>',
    "callActivity": '<bpmn:callActivity id="x" calledElement="called"{0}><bpmn:extensionElements>{1}</bpmn:extensionElements>{2}</bpmn:callActivity>',
    "task": '<bpmn:task id="x"{0}><bpmn:extensionElements>{1}</bpmn:extensionElements>{2}</bpmn:task>',
}


def element(kind: str, attributes: str = "", inside: str = "", body: str = "") -> str:
    return ELEMENTS[kind].format(f" {attributes}" if attributes else "", inside, body)


def converted(xml: bytes) -> tuple[etree._Element, dict[str, str]]:
    """The element x as the conversion writes it, and the kind of each note by its code."""
    made, notes = bpmn.convert(xml)
    bpmn.parse(made)
    [found] = [item for item in etree.fromstring(made).iter() if item.get("id") == "x"]
    return found, {note.code: note.kind for note in notes}


def owners(text: str) -> str:
    return f"<bpmn:potentialOwner><bpmn:resourceAssignmentExpression><bpmn:formalExpression>{text}</bpmn:formalExpression></bpmn:resourceAssignmentExpression></bpmn:potentialOwner>"


def performer(text: str) -> str:
    return owners(text).replace("potentialOwner", "humanPerformer")


@pytest.mark.parametrize(
    ("body", "assignee", "groups", "users"),
    [
        (performer("ann"), "ann", (), ()),
        (performer("${who}"), "bob", (), ()),
        (owners("clerks"), None, ("clerks",), ()),
        (owners("user(ann), group(clerks), group(chiefs)"), None, ("clerks", "chiefs"), ("ann",)),
        (owners("user(${who}), group(clerks)"), None, ("clerks",), ("bob",)),
        (owners("group(clerks), group(${others})"), None, ("clerks", "chiefs"), ()),
        (owners("user(ann, cy)"), None, (), ("ann", "cy")),
    ],
)
def test_people_of_the_standard_notation(
    document: Callable[..., bytes], walk: Callable, body: str, assignee: str | None, groups: tuple[str, ...], users: tuple[str, ...]
) -> None:  # fmt: skip
    case = walk(bpmn.parse(document(element("userTask", body=body))).processes["p"])
    (task,) = case.start(who="bob", others="chiefs").opened
    assert isinstance(task, TaskOpened)
    assert (task.assignee, task.groups, task.users) == (assignee, groups, users)


@pytest.mark.parametrize(
    ("script", "name", "value"),
    [
        ('execution.setVariable("sum", a + 1)', "sum", 5),
        ("execution.setVariable('text', 'done');", "text", "done"),
        ("${execution.setVariable('sum', a * 2)}", "sum", 8),
    ],
)
@pytest.mark.parametrize("language", ["groovy", "javascript", "juel", "python"])
def test_scripts_of_one_line_that_set_a_variable_are_feel(
    document: Callable[..., bytes], walk: Callable, script: str, name: str, value: object, language: str
) -> None:
    body = element("scriptTask", f'scriptFormat="{language}"', body=f"<bpmn:script>{script}</bpmn:script>")
    outcome = walk(bpmn.parse(document(body)).processes["p"]).start(a=4)
    assert outcome.ended
    assert outcome.data == {"a": 4, name: value}


@pytest.mark.parametrize("script", ["def x = 1; execution.setVariable('a', x)", "println(a)", "a\nb", ""])
def test_other_scripts_need_a_service(document: Callable[..., bytes], walk: Callable, script: str) -> None:
    body = element("scriptTask", 'scriptFormat="groovy"', body=f"<bpmn:script>{script}</bpmn:script>")
    (called,) = walk(bpmn.parse(document(body)).processes["p"]).start().opened
    assert isinstance(called, ServiceCalled)
    assert called.type == "script-groovy"


def test_a_connector_is_a_service_with_its_parameters(document: Callable[..., bytes], walk: Callable) -> None:
    inside = '<camunda:connector><camunda:connectorId>http-connector</camunda:connectorId><camunda:inputOutput><camunda:inputParameter name="url">${base}/cases</camunda:inputParameter><camunda:outputParameter name="status">${statusCode}</camunda:outputParameter></camunda:inputOutput></camunda:connector>'
    case = walk(bpmn.parse(document(element("serviceTask", inside=inside))).processes["p"])
    (called,) = case.start(base="http://a").opened
    assert isinstance(called, ServiceCalled)
    assert (called.type, called.data["url"]) == ("http-connector", "http://a/cases")
    assert case.take(stimuli.CompleteService(called.token, {"statusCode": 200})).data == {
        "base": "http://a",
        "status": 200,
    }


@pytest.mark.parametrize("name", ["taskPriority", "jobPriority"])
@pytest.mark.parametrize(("written", "found"), [("7", 7), ("${urgency}", 3)])
def test_priorities_of_jobs(
    document: Callable[..., bytes], walk: Callable, name: str, written: str, found: int
) -> None:
    body = element("serviceTask", f'camunda:class="a.B" camunda:{name}="{written}"')
    (called,) = walk(bpmn.parse(document(body)).processes["p"]).start(urgency=3).opened
    assert isinstance(called, ServiceCalled)
    assert called.priority == found


def test_a_cycle_of_activiti_ends_at_its_date(document: Callable[..., bytes], walk: Callable) -> None:
    cycle = '<bpmn:timeCycle xmlns:activiti="http://activiti.org/bpmn" activiti:endDate="2026-03-02T12:30:00+08:00">R9/PT1H</bpmn:timeCycle>'
    body = (
        element("userTask")
        + f'<bpmn:boundaryEvent id="b" attachedToRef="x" cancelActivity="false"><bpmn:timerEventDefinition>{cycle}</bpmn:timerEventDefinition></bpmn:boundaryEvent>'
    )
    case = walk(bpmn.parse(document(body)).processes["p"])
    case.start()
    rounds = 0
    while timers := [item for group in case.open.values() for item in group if isinstance(item, TimerOpened)]:
        case.now = timers[0].due_at
        case.take(stimuli.FireTimer(timers[0].token))
        rounds += 1
    assert rounds == 3


def test_a_signal_carries_what_is_named(document: Callable[..., bytes], walk: Callable) -> None:
    carried = '<bpmn:signalEventDefinition signalRef="g"><bpmn:extensionElements><camunda:in source="a" target="b"/><camunda:in sourceExpression="${a + 1}" target="c"/></bpmn:extensionElements></bpmn:signalEventDefinition>'
    body = f'<bpmn:startEvent id="s"/><bpmn:intermediateThrowEvent id="x">{carried}</bpmn:intermediateThrowEvent><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="x"/>'
    outcome = walk(bpmn.parse(document(body, '<bpmn:signal id="g" name="go"/>')).processes["p"]).start(a=1)
    assert outcome.sent == [SignalSent(signal="go", data={"b": 1, "c": 2})]


def test_the_business_key_of_a_called_process(document: Callable[..., bytes]) -> None:
    for written, source in (
        ('flowable:businessKey="${number}"', "=number"),
        ('flowable:inheritBusinessKey="true"', "=businessKey"),
    ):
        found, _notes = converted(document(element("callActivity", written)))
        [mapping] = found.iter(zeebe("input"))
        assert (mapping.get("source"), mapping.get("target")) == (source, "businessKey")


@pytest.mark.parametrize(
    ("text", "days"),
    [("${dateTime().plusDays(3).toDate()}", 3), ("${dateTime().plusWeeks(n)}", 14), ("${now().minusDays(1)}", -1)],
)
def test_dates_that_are_moved(document: Callable[..., bytes], walk: Callable, text: str, days: int) -> None:
    case = walk(bpmn.parse(document(element("userTask", f'camunda:dueDate="{text}"'))).processes["p"])
    (task,) = case.start(n=2).opened
    assert isinstance(task, TaskOpened)
    assert task.due_at == case.now + timedelta(days=days)


FIELDS = '<camunda:formData><camunda:formField id="a" type="string" defaultValue="${b}"><camunda:validation><camunda:constraint name="validator" config="org.example.V"/></camunda:validation></camunda:formField></camunda:formData>'
KEPT = [
    ("userTask", 'camunda:businessCalendarName="work"', "", "businessCalendarName", "impossible"),
    ("userTask", 'camunda:formHandlerClass="a.B"', "", "formHandlerClass", "kept"),
    ("userTask", 'camunda:class="a.B"', "", "class", "kept"),
    ("userTask", 'camunda:priority="1000"', "", "priority", "kept"),
    ("userTask", "", FIELDS, "validation of a", "impossible"),
    ("serviceTask", 'camunda:class="a.B" camunda:formKey="f"', "", "formKey", "kept"),
    ("serviceTask", 'camunda:class="a.B" camunda:assignee="ann"', "", "assignee", "kept"),
    ("serviceTask", 'camunda:class="a.B" flowable:triggerable="true"', "", "triggerable", "impossible"),
    ("serviceTask", 'camunda:class="a.B"', "<camunda:failedJobRetryTimeCycle>PT1M,PT5M</camunda:failedJobRetryTimeCycle>", "failedJobRetryTimeCycle", "impossible"),
    ("userTask", "", "<camunda:failedJobRetryTimeCycle>R3/PT1M</camunda:failedJobRetryTimeCycle>", "failedJobRetryTimeCycle", "kept"),
    ("userTask", 'camunda:jobPriority="5"', "", "jobPriority", "kept"),
    ("callActivity", 'flowable:fallbackToDefaultTenant="true"', "", "fallbackToDefaultTenant", "kept"),
    ("callActivity", 'camunda:variableMappingClass="a.B"', "", "variableMappingClass", "impossible"),
    ("task", 'camunda:resultVariable="r"', '<camunda:in source="a" target="b"/>', "in", "impossible"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "attributes", "inside", "code", "note"),
    KEPT,
    ids=lambda value: None if " " in value or "<" in value else value,
)
def test_what_has_no_place_is_told_and_kept_with_its_element(
    document: Callable[..., bytes], kind: str, attributes: str, inside: str, code: str, note: str
) -> None:  # fmt: skip
    found, notes = converted(document(element(kind, attributes, inside)))
    assert notes[code] == note
    kept = {item.get("name") for item in found.iter(zeebe("property"))}
    assert f"c7:{code}" in kept


def test_nothing_of_a_vendor_is_left_in_a_converted_file(document: Callable[..., bytes]) -> None:
    made, _notes = bpmn.convert(
        document(
            "".join(
                element(kind, attributes, inside).replace('id="x"', f'id="x{n}"')
                for n, (kind, attributes, inside, _code, _note) in enumerate(KEPT)
            )
        )
    )
    assert b"camunda.org/schema/1.0" not in made
    assert b"flowable.org" not in made


def test_listeners_of_a_process_stay_with_the_process(document: Callable[..., bytes]) -> None:
    inside = '<bpmn:extensionElements><camunda:executionListener event="start" class="a.Open"/><camunda:executionListener event="end" expression="${execution.setVariable(\'closed\', true)}"/></bpmn:extensionElements>'
    made, _notes = bpmn.convert(document(inside + '<bpmn:startEvent id="x"/>'))
    [process] = etree.fromstring(made).iter(tag("process"))
    found = [(item.get("eventType"), item.get("type")) for item in process.iter(zeebe("executionListener"))]
    assert found == [("start", "Open"), ("end", "bihuan:set")]
