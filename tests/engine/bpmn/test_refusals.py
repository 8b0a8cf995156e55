"""What cannot be executed is refused at deploy: with element, name, line and reason, all faults in one answer."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import bpmn
from engine.bpmn.faults import REASONS, DiagramFault
from engine.errors import FaultsFound

TASK = '<bpmn:task id="t" name="Task"/>'
START = '<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
MESSAGE = '<bpmn:message id="m" name="m"/>'


def multi(inside: str) -> str:
    loop = f"<bpmn:multiInstanceLoopCharacteristics>{inside}</bpmn:multiInstanceLoopCharacteristics>"
    return f'<bpmn:task id="t">{loop}</bpmn:task>'


def extended(tag: str, inside: str, attributes: str = "") -> str:
    return f'<bpmn:{tag} id="t" {attributes}><bpmn:extensionElements>{inside}</bpmn:extensionElements></bpmn:{tag}>'


def timer(text: str, tag: str = "timeDuration") -> str:
    return (
        '<bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition>'
        f"<bpmn:{tag}>{text}</bpmn:{tag}></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    )


def boundary(definition: str, attributes: str = 'attachedToRef="t"') -> str:
    return f'{TASK}<bpmn:boundaryEvent id="b" {attributes}>{definition}</bpmn:boundaryEvent>'


ERROR = "<bpmn:errorEventDefinition/>"
UNDOING = '<bpmn:subProcess id="e{0}" triggeredByEvent="true"><bpmn:startEvent id="s{0}"><bpmn:compensateEventDefinition/></bpmn:startEvent></bpmn:subProcess>'
XOR = '<bpmn:exclusiveGateway id="g"{0}/>' + TASK + '<bpmn:task id="u"/>'
CASES = [
    ("element-unsupported", '<bpmn:complexGateway id="g"/>', "g"),
    ("element-unsupported", '<bpmn:callChoreography id="c"/>', "c"),
    ("subprocess-starts", f'<bpmn:subProcess id="x">{START}{TASK}<bpmn:startEvent id="s2"/></bpmn:subProcess>', "x"),
    (
        "data-store",
        '<bpmn:dataStoreReference id="d"/><bpmn:task id="t"><bpmn:dataInputAssociation id="a">'
        "<bpmn:sourceRef>d</bpmn:sourceRef><bpmn:assignment/></bpmn:dataInputAssociation></bpmn:task>",
        "t",
    ),
    ("flow-end-missing", f'{TASK}<bpmn:sequenceFlow id="f" sourceRef="t" targetRef="nowhere"/>', "f"),
    ("flow-end-missing", f'{TASK}<bpmn:sequenceFlow id="f" sourceRef="nowhere" targetRef="t"/>', "f"),
    (
        "flow-crosses-scope",
        f'{TASK}<bpmn:subProcess id="x"><bpmn:task id="i"/></bpmn:subProcess>'
        '<bpmn:sequenceFlow id="f" sourceRef="t" targetRef="i"/>',
        "f",
    ),
    (
        "reference-missing",
        '<bpmn:receiveTask id="t" messageRef="gone"/>',
        "t",
    ),
    ("reference-missing", '<bpmn:endEvent id="t"><bpmn:signalEventDefinition signalRef="gone"/></bpmn:endEvent>', "t"),
    ("reference-missing", '<bpmn:endEvent id="t"><bpmn:errorEventDefinition errorRef="gone"/></bpmn:endEvent>', "t"),
    (
        "reference-missing",
        '<bpmn:endEvent id="t"><bpmn:escalationEventDefinition escalationRef="gone"/></bpmn:endEvent>',
        "t",
    ),
    ("message-missing", '<bpmn:receiveTask id="t"/>', "t"),
    ("message-missing", '<bpmn:sendTask id="t"/>', "t"),
    ("correlation-missing", '<bpmn:receiveTask id="t" messageRef="m"/>', "t"),
    ("signal-missing", '<bpmn:endEvent id="t"><bpmn:signalEventDefinition/></bpmn:endEvent>', "t"),
    ("definition-missing", '<bpmn:intermediateCatchEvent id="t"/>', "t"),
    ("definition-missing", boundary(""), "b"),
    (
        "definition-unsupported",
        '<bpmn:intermediateCatchEvent id="t"><bpmn:errorEventDefinition/></bpmn:intermediateCatchEvent>',
        "t",
    ),
    (
        "several-definitions",
        '<bpmn:endEvent id="t"><bpmn:errorEventDefinition/><bpmn:terminateEventDefinition/></bpmn:endEvent>',
        "t",
    ),
    ("timer-missing", '<bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition/></bpmn:intermediateCatchEvent>', "t"),
    ("timer-invalid", timer("3 days"), "t"),
    ("timer-invalid", timer("R0/PT1H", "timeCycle"), "t"),
    ("timer-invalid", timer("61 * * * * *", "timeCycle"), "t"),
    ("timer-invalid", timer("yesterday", "timeDate"), "t"),
    ("expression-invalid", timer("=duration("), "t"),
    ("service-type-missing", '<bpmn:serviceTask id="t"/>', "t"),
    ("script-missing", '<bpmn:scriptTask id="t"/>', "t"),
    ("result-missing", extended("scriptTask", '<zeebe:script expression="=1"/>'), "t"),
    ("expression-required", extended("scriptTask", '<zeebe:script expression="1" resultVariable="x"/>'), "t"),
    ("decision-missing", '<bpmn:businessRuleTask id="t"/>', "t"),
    ("called-missing", '<bpmn:callActivity id="t"/>', "t"),
    (
        "binding-invalid",
        extended("callActivity", '<zeebe:calledElement processId="p" bindingType="newest"/>'),
        "t",
    ),
    ("mapping-target", extended("task", '<zeebe:ioMapping><zeebe:input source="1" target="1x"/></zeebe:ioMapping>'), "t"),
    ("mapping-target", extended("task", '<zeebe:ioMapping><zeebe:input source="1" target="if"/></zeebe:ioMapping>'), "t"),
    ("expression-required", extended("task", '<zeebe:ioMapping><zeebe:output source="1" target="x"/></zeebe:ioMapping>'), "t"),
    ("mapping-source", extended("task", '<zeebe:ioMapping><zeebe:output target="x"/></zeebe:ioMapping>'), "t"),
    ("list-invalid", extended("userTask", '<zeebe:assignmentDefinition candidateGroups="a,,b"/>'), "t"),
    ("number-invalid", extended("userTask", '<zeebe:priorityDefinition priority="101"/>'), "t"),
    ("loop-missing", multi(""), "t"),
    (
        "loop-output",
        multi('<bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=x" outputCollection="y"/></bpmn:extensionElements>'),
        "t",
    ),
    ("loop-condition", '<bpmn:task id="t"><bpmn:standardLoopCharacteristics/></bpmn:task>', "t"),
    ("boundary-detached", boundary(ERROR, 'attachedToRef="gone"'), "b"),
    ("boundary-incoming", boundary(ERROR) + '<bpmn:sequenceFlow id="f" sourceRef="t" targetRef="b"/>', "b"),
    ("non-interrupting", boundary(ERROR, 'attachedToRef="t" cancelActivity="false"'), "b"),
    ("cancel-outside", boundary("<bpmn:cancelEventDefinition/>"), "b"),
    ("cancel-outside", '<bpmn:endEvent id="t"><bpmn:cancelEventDefinition/></bpmn:endEvent>', "t"),
    ("handler-missing", boundary("<bpmn:compensateEventDefinition/>"), "b"),
    (
        "handler-invalid",
        boundary("<bpmn:compensateEventDefinition/>")
        + '<bpmn:endEvent id="e"/><bpmn:association id="a" sourceRef="b" targetRef="e"/>',
        "b",
    ),
    (
        "compensation-target",
        '<bpmn:intermediateThrowEvent id="t"><bpmn:compensateEventDefinition activityRef="gone"/></bpmn:intermediateThrowEvent>',
        "t",
    ),
    ("catch-twice", "".join(f'<bpmn:startEvent id="s{n}"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>' for n in (1, 2)), "s2"),
    (
        "catch-twice",
        TASK
        + "".join(f'<bpmn:boundaryEvent id="b{n}" attachedToRef="t"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent><bpmn:association id="a{n}" sourceRef="b{n}" targetRef="h"/>' for n in (1, 2))
        + '<bpmn:task id="h" isForCompensation="true"/>',
        "b2",
    ),
    (
        "catch-twice",
        '<bpmn:transaction id="t"><bpmn:task id="i"/></bpmn:transaction>'
        + "".join(f'<bpmn:boundaryEvent id="b{n}" attachedToRef="t"><bpmn:cancelEventDefinition/></bpmn:boundaryEvent>' for n in (1, 2)),
        "b2",
    ),
    (
        "catch-twice",
        f'<bpmn:subProcess id="x">{TASK}' + "".join(UNDOING.format(n) for n in (1, 2)) + "</bpmn:subProcess>",
        "s2",
    ),
    ("compensation-process", TASK + UNDOING.format(1), "s1"),
    (
        "event-subprocess-loop",
        TASK
        + '<bpmn:subProcess id="e" triggeredByEvent="true"><bpmn:startEvent id="s"><bpmn:errorEventDefinition/></bpmn:startEvent>'
        '<bpmn:standardLoopCharacteristics loopMaximum="2"/></bpmn:subProcess>',
        "e",
    ),
    (
        "stands-twice",
        extended("task", 2 * '<zeebe:ioMapping><zeebe:input source="1" target="x"/></zeebe:ioMapping>'),
        "t",
    ),
    ("stands-twice", '<bpmn:task id="t">' + 2 * "<bpmn:extensionElements/>" + "</bpmn:task>", "t"),
    (
        "stands-twice",
        XOR.format(' default="h"')
        + f'<bpmn:sequenceFlow id="f" sourceRef="g" targetRef="t">{2 * "<bpmn:conditionExpression>=x</bpmn:conditionExpression>"}</bpmn:sequenceFlow>'
        '<bpmn:sequenceFlow id="h" sourceRef="g" targetRef="u"/>',
        "f",
    ),
    ("start-incoming", TASK + '<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="s"/>', "s"),
    ("end-outgoing", TASK + '<bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f" sourceRef="e" targetRef="t"/>', "e"),
    ("event-subprocess-start", f'{TASK}<bpmn:subProcess id="x" triggeredByEvent="true"><bpmn:task id="i"/></bpmn:subProcess>', "x"),
    (
        "event-subprocess-flow",
        f'{TASK}<bpmn:subProcess id="x" triggeredByEvent="true"><bpmn:startEvent id="s"><bpmn:errorEventDefinition/>'
        '</bpmn:startEvent></bpmn:subProcess><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="x"/>',
        "x",
    ),
    ("start-kind", f'{TASK}<bpmn:startEvent id="s"><bpmn:errorEventDefinition/></bpmn:startEvent>', "s"),
    (
        "no-entry",
        TASK + '<bpmn:task id="u"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="u"/>'
        '<bpmn:sequenceFlow id="g" sourceRef="u" targetRef="t"/>',
        "p",
    ),
    ("event-gateway-target", TASK + '<bpmn:eventBasedGateway id="g"/><bpmn:sequenceFlow id="f" sourceRef="g" targetRef="t"/>', "g"),
    ("event-gateway-narrow", '<bpmn:eventBasedGateway id="g"/>', "g"),
    (
        "link-missing",
        '<bpmn:intermediateThrowEvent id="t"><bpmn:linkEventDefinition name="there"/></bpmn:intermediateThrowEvent>',
        "t",
    ),
    (
        "link-duplicate",
        TASK
        + "".join(
            f'<bpmn:intermediateCatchEvent id="l{n}"><bpmn:linkEventDefinition name="x"/></bpmn:intermediateCatchEvent>'
            for n in (1, 2)
        ),
        "l2",
    ),
    (
        "flow-condition-missing",
        XOR.format(' default="f"')
        + '<bpmn:sequenceFlow id="f" sourceRef="g" targetRef="t"/><bpmn:sequenceFlow id="h" sourceRef="g" targetRef="u"/>',
        "g",
    ),
    ("default-missing", XOR.format(' default="gone"') + '<bpmn:sequenceFlow id="f" sourceRef="g" targetRef="t"/>', "g"),
    (
        "condition-static",
        XOR.format("")
        + '<bpmn:sequenceFlow id="f" sourceRef="g" targetRef="t"><bpmn:conditionExpression>x > 1</bpmn:conditionExpression>'
        "</bpmn:sequenceFlow>",
        "f",
    ),
    ("ad-hoc-event", f'<bpmn:adHocSubProcess id="x">{TASK}<bpmn:endEvent id="e"/></bpmn:adHocSubProcess>', "e"),
    ("ad-hoc-empty", '<bpmn:adHocSubProcess id="x"/>', "x"),
    ("duplicate-id", TASK + TASK, "t"),
    ("element-unsupported", TASK + '<bpmn:receiveTask id="r" messageRef="m" instantiate="true"/>', "r"),
    ("element-unsupported", multi("<bpmn:loopCardinality>2</bpmn:loopCardinality><bpmn:complexBehaviorDefinition/>"), "t"),
]  # fmt: skip


def refused(xml: bytes) -> list[DiagramFault]:
    with pytest.raises(FaultsFound) as raised:
        bpmn.parse(xml)
    return [fault for fault in raised.value.faults if isinstance(fault, DiagramFault)]


@pytest.mark.parametrize(
    ("code", "body", "element"), CASES, ids=[f"{code}-{i}" for i, (code, _, _) in enumerate(CASES)]
)
def test_refused_with_element_and_reason(document: Callable[..., bytes], code: str, body: str, element: str) -> None:
    # A zeebe attribute marks the document as written in the dialect.
    found = refused(document(body, MESSAGE, ' zeebe:mark=""'))
    assert [(fault.code, fault.element) for fault in found] == [(code, element)]
    assert "{" not in found[0].reason
    assert "{" not in found[0].chinese
    assert found[0].reason != found[0].chinese


def test_all_faults_come_in_one_answer_with_name_and_line(document: Callable[..., bytes]) -> None:
    body = '<bpmn:serviceTask id="a" name="第一步"/>\n<bpmn:callActivity id="b"/>\n<bpmn:complexGateway id="c"/>'
    found = refused(document(body, "", ' zeebe:mark=""'))
    assert {(fault.code, fault.element) for fault in found} == {
        ("service-type-missing", "a"),
        ("called-missing", "b"),
        ("element-unsupported", "c"),
    }
    assert [fault.name for fault in found if fault.element == "a"] == ["第一步"]
    assert {fault.element: fault.line for fault in found} == {"a": 1, "b": 2, "c": 3}


def test_every_reason_has_the_same_details_in_both_languages() -> None:
    import string

    for code, (english, chinese) in REASONS.items():
        names = [{field for _, field, _, _ in string.Formatter().parse(text) if field} for text in (english, chinese)]
        assert names[1] <= names[0], code
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), code


def test_a_fault_of_feel_names_its_place(document: Callable[..., bytes]) -> None:
    (fault,) = refused(document(timer("=1 +"), "", ' zeebe:mark=""'))
    assert fault.details["place"] == "timer"
    assert "line 1" in fault.reason.lower()


def test_a_drawn_pool_beside_an_executable_one_is_no_fault(document: Callable[..., bytes]) -> None:
    drawn = '<bpmn:process id="q" isExecutable="false"><bpmn:serviceTask id="x"/></bpmn:process>'
    diagram = bpmn.parse(document(TASK, drawn, ' zeebe:mark=""'))
    assert list(diagram.processes) == ["p"]
    assert [(note.element, note.code) for note in diagram.notes] == [("q", "not-executable")]


def test_nothing_of_the_drawing_is_lost(document: Callable[..., bytes]) -> None:
    body = (
        '<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g" default="f2"/><bpmn:task id="a"/><bpmn:task id="b"/>'
        '<bpmn:boundaryEvent id="e" attachedToRef="a"><bpmn:errorEventDefinition id="ed"/></bpmn:boundaryEvent>'
        '<bpmn:sequenceFlow id="f0" sourceRef="s" targetRef="g"/>'
        '<bpmn:sequenceFlow id="f1" sourceRef="g" targetRef="a"><bpmn:conditionExpression>=x</bpmn:conditionExpression>'
        '</bpmn:sequenceFlow><bpmn:sequenceFlow id="f2" sourceRef="g" targetRef="b"/>'
    )
    process = bpmn.parse(document(body, "", ' zeebe:mark=""')).processes["p"]
    assert set(process.nodes) == {"s", "g", "a", "b", "e"}
    assert set(process.flows) == {"f0", "f1", "f2"}
    event = process.nodes["e"].event
    assert event is not None
    assert (event.kind, event.id) == ("error", "ed")
    condition = process.flows["f1"].condition
    assert condition is not None
    assert condition.text == "=x"


def test_what_no_flow_leads_to_is_noted(document: Callable[..., bytes]) -> None:
    lost = '<bpmn:task id="lost" name="Lost"/><bpmn:task id="undo" isForCompensation="true"/>'
    diagram = bpmn.parse(document(START + TASK + lost, "", ' zeebe:mark=""'))
    assert [(note.element, note.code) for note in diagram.notes] == [("lost", "unreachable"), ("undo", "unreachable")]
