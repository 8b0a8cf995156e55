"""Models as drawing tools exchange them open, or are refused with the true reason for each element."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from engine import bpmn
from engine.bpmn.process import Process
from engine.errors import FaultsFound

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def file(body: str, prefix: str = "semantic", tops: str = "", head: str = "") -> bytes:
    """A document whose elements have a prefix, as some tools write them, and foreign attributes and elements."""
    text = (
        f'<definitions xmlns:{prefix}="{MODEL}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:tool="http://tool.example/bpmn" '
        'xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0" expressionLanguage="http://www.w3.org/1999/XPath" exporter="A tool" '
        f'tool:layout="free" targetNamespace="http://tool.example/1" id="d" {head}>{tops}{body}</definitions>'
    )
    text = re.sub(r"<(/?)(?=[a-zA-Z]+[\s/>])", rf"<\1{prefix}:", text)
    return f'<?xml version="1.0" encoding="ISO-8859-1"?>{text}'.encode("latin-1")


def flow(source: str, target: str) -> str:
    return (
        f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}" isImmediate="true" name=""/>'
    )


def chain(*nodes: str) -> str:
    return "".join(flow(*pair) for pair in pairwise(nodes))


def process(body: str, id: str = "p", attributes: str = 'isExecutable="false"') -> str:
    return f'<process id="{id}" {attributes} isClosed="false" processType="None">{body}</process>'


PLAIN = (
    '<startEvent id="s"/><task id="t" name="Do&#10;it" completionQuantity="1" startQuantity="1" isForCompensation="false"/><endEvent id="e"/>'
    + chain("s", "t", "e")
)


def opened(xml: bytes, id: str = "p") -> Process:
    return bpmn.parse(xml).processes[id]


def refused(xml: bytes) -> set[tuple[str | None, str | None]]:
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(xml)
    return {(fault.code, fault.element) for fault in caught.value.faults}


def notes(xml: bytes) -> set[tuple[str, str]]:
    return {(note.code, note.element) for note in bpmn.parse(xml).notes}


@pytest.mark.parametrize("prefix", ["semantic", "bpmn2", "model"])
def test_any_prefix_and_encoding_and_foreign_attributes(prefix: str) -> None:
    found = opened(file(process(PLAIN.replace("Do", "Prüfen")), prefix))
    assert found.nodes["t"].name == "Prüfen it"


def test_lanes_groups_annotations_data_and_colours_are_drawn_only() -> None:
    body = (
        '<laneSet id="ls"><lane id="l" name="Office"><flowNodeRef>s</flowNodeRef><flowNodeRef>t</flowNodeRef></lane></laneSet>'
        '<dataObject id="do" isCollection="false" name="File"/><dataObjectReference id="dr" dataObjectRef="do"/>'
        '<textAnnotation id="ta"><text>Note</text></textAnnotation><association id="as" sourceRef="t" targetRef="ta" associationDirection="None"/>'
        '<group id="gr" categoryValueRef="cv" color:border-color="#ff0000"/><property id="pr" name="size"/>'
        '<startEvent id="s"><extensionElements><tool:meta key="bgcolor" value="#ffffff"/></extensionElements><outgoing>s_t</outgoing></startEvent>'
        '<userTask id="t" name="Check" implementation="##WebService"><incoming>s_t</incoming><ioSpecification><dataInput id="di"/><inputSet><dataInputRefs>di</dataInputRefs></inputSet><outputSet/></ioSpecification>'
        '<dataInputAssociation id="da"><sourceRef>dr</sourceRef><targetRef>di</targetRef></dataInputAssociation></userTask>'
        + flow("s", "t")
    )
    xml = file(
        process(body),
        tops='<category id="c"><categoryValue id="cv" value="Group"/></category><itemDefinition id="it" structureRef="string"/>',
    )
    found = opened(xml)
    assert (found.nodes.keys(), found.flows.keys()) == ({"s", "t"}, {"s_t"})
    assert found.nodes["t"].lane == "Office"


def test_pools_with_and_without_process_message_flows_and_conversations() -> None:
    tops = (
        '<collaboration id="c"><participant id="a" name="Us" processRef="tns:p"/><participant id="b" name="Them"><participantMultiplicity minimum="0" maximum="5"/></participant>'
        '<messageFlow id="m1" sourceRef="t" targetRef="b"/><conversation id="talk"><participantRef>a</participantRef></conversation></collaboration>'
    )
    xml = file(process(PLAIN), tops=tops)
    assert opened(xml).nodes.keys() == {"s", "t", "e"}
    assert ("not-executable", "talk") in notes(xml)


def test_several_collaborations_and_processes_in_one_file() -> None:
    tops = "".join(
        f'<collaboration id="c{id}"><participant id="pa{id}" processRef="{id}"/></collaboration>' for id in "pq"
    )
    other = (
        PLAIN.replace('"s', '"s2')
        .replace('"t"', '"t2"')
        .replace('"e"', '"e2"')
        .replace('"t_e"', '"t2_e2"')
        .replace('sourceRef="t"', 'sourceRef="t2"')
    )
    other = other.replace('targetRef="t"', 'targetRef="t2"').replace('targetRef="e"', 'targetRef="e2"')
    xml = file(process(PLAIN) + process(other, "q"), tops=tops)
    assert set(bpmn.parse(xml).processes) == {"p", "q"}
    drawn = bpmn.convert(xml)[0]
    assert drawn.count(b"BPMNPlane ") == 2, "each collaboration has a plane of its own"


def test_a_choreography_beside_a_process_is_told_and_one_alone_is_no_process() -> None:
    choreography = '<choreography id="ch"><choreographyTask id="ct" initiatingParticipantRef="a"><participantRef>a</participantRef></choreographyTask></choreography>'
    assert ("not-executable", "ch") in notes(file(process(PLAIN) + choreography))
    assert refused(file(choreography)) == {("no-process", None)}


def test_global_tasks_imports_and_correlation_properties_are_told() -> None:
    tops = '<import importType="http://www.w3.org/2001/XMLSchema" location="types.xsd" namespace="http://tool.example/x"/><globalUserTask id="gt" name="Sign"/><correlationProperty id="cp"/>'
    body = '<startEvent id="s"/><callActivity id="call" calledElement="tns:gt"/>' + flow("s", "call")
    xml = file(process(body), tops=tops)
    assert ("not-executable", "cp") in notes(xml)
    assert opened(xml).tasks[0].name == "Sign"


def test_the_called_process_may_be_named_with_a_prefix() -> None:
    caller = '<startEvent id="cs"/><callActivity id="call" calledElement="tns:p"/>' + flow("cs", "call")
    assert opened(file(process(PLAIN) + process(caller, "q")), "q").called_processes == ["p"]


def test_a_resource_is_the_group_that_may_do_a_task() -> None:
    body = (
        '<startEvent id="s"/><userTask id="t"><potentialOwner id="po"><resourceRef>r</resourceRef></potentialOwner></userTask>'
        + flow("s", "t")
    )
    found = opened(file(process(body), tops='<resource id="r" name="Back office"/>'))
    assert found.tasks[0].groups == "Back office"


def test_a_collapsed_subprocess_that_is_empty_is_passed() -> None:
    body = '<startEvent id="s"/><subProcess id="sub" triggeredByEvent="false"/><userTask id="t"/>' + chain(
        "s", "sub", "t"
    )
    assert ("scope-empty", "sub") in notes(file(process(body)))


def test_quantities_of_tokens_are_told() -> None:
    xml = file(
        process(PLAIN.replace('completionQuantity="1" startQuantity="1"', 'completionQuantity="2" startQuantity="3"'))
    )
    assert [note.text for note in bpmn.parse(xml).notes if note.code == "not-executable"] == [
        "startQuantity 3 is not executed: every token counts for itself.",
        "completionQuantity 2 is not executed: every token counts for itself.",
    ]


SKETCHED = [
    ("timer-missing", '<startEvent id="x"><timerEventDefinition><timeDate/></timerEventDefinition></startEvent>'),
    ("condition-missing", '<intermediateCatchEvent id="x"><conditionalEventDefinition><condition/></conditionalEventDefinition></intermediateCatchEvent>'),
    ("message-missing", '<intermediateCatchEvent id="x"><messageEventDefinition/></intermediateCatchEvent>'),
    ("message-missing", '<endEvent id="x"><messageEventDefinition/></endEvent>'),
    ("signal-missing", '<intermediateThrowEvent id="x"><signalEventDefinition/></intermediateThrowEvent>'),
    ("loop-missing", '<userTask id="x"><multiInstanceLoopCharacteristics isSequential="true"/></userTask>'),
    ("loop-condition", '<userTask id="x"><standardLoopCharacteristics testBefore="false"/></userTask>'),
    ("service-type-missing", '<serviceTask id="x" implementation="##WebService"/>'),
    ("element-unsupported", '<complexGateway id="x"/>'),
    ("flow-condition-missing", '<exclusiveGateway id="x"/><task id="a"/><task id="b"/>' + flow("x", "a") + flow("x", "b")),
    ("data-store", '<task id="x"><dataOutputAssociation id="doa"><sourceRef>o</sourceRef><targetRef>st</targetRef><transformation>sum(o)</transformation></dataOutputAssociation></task><dataStoreReference id="st" dataStoreRef="store"/>'),
]  # fmt: skip


@pytest.mark.parametrize(("code", "body"), SKETCHED, ids=[row[0] for row in SKETCHED])
def test_what_is_only_sketched_is_refused_by_name(code: str, body: str) -> None:
    found = refused(file(process(body), tops='<dataStore id="store" isUnlimited="false"/>'))
    assert code in {fault for fault, _element in found}
    assert {element for _fault, element in found} <= {"x", "doa"}


def test_all_that_is_only_sketched_is_told_at_once() -> None:
    bodies = [
        body.replace('id="x"', f'id="x{n}"')
        .replace('"x"', f'"x{n}"')
        .replace('"a"', f'"a{n}"')
        .replace('"b"', f'"b{n}"')
        .replace("x_", f"x{n}_")
        for n, (_code, body) in enumerate(SKETCHED[:8])
    ]
    assert {code for code, _element in refused(file(process("".join(bodies))))} == {
        code for code, _body in SKETCHED[:8]
    }


def test_a_sketched_pool_beside_one_that_runs_is_only_drawn() -> None:
    xml = file(process(PLAIN, attributes='isExecutable="true"') + process(SKETCHED[2][1], "sketch"))
    assert set(bpmn.parse(xml).processes) == {"p"}
    assert ("not-executable", "sketch") in notes(xml)
