"""What files of drawing tools say in the standard's own ways is understood, and nothing is refused for a wrong reason."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from engine import bpmn
from engine.bpmn import xpath
from engine.bpmn.process import Process
from engine.bpmn.translation import Untranslatable
from engine.checks import Package
from engine.errors import FaultsFound
from tests.engine.bpmn.test_interchange import chain, file, flow, notes, opened, process, refused

FEEL = "https://www.omg.org/spec/DMN/20191111/FEEL/"


def condition(text: str, attributes: str = "") -> str:
    return f'<sequenceFlow id="f" sourceRef="x" targetRef="a"><conditionExpression xsi:type="tFormalExpression"{attributes}>{text}</conditionExpression></sequenceFlow>'


def decided(text: str, attributes: str = "") -> bytes:
    body = '<startEvent id="s"/><exclusiveGateway id="x" default="x_b"/><task id="a"/><task id="b"/>'
    return file(process(body + flow("s", "x") + condition(text, attributes) + flow("x", "b")))


def refusals(xml: bytes) -> dict[str | None, list[str | None]]:
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(xml)
    found: dict[str | None, list[str | None]] = {}
    for fault in caught.value.faults:
        found.setdefault(fault.element, []).append(fault.code)
    return found


def test_a_data_store_that_a_task_fills_is_drawn_and_told() -> None:
    body = (
        '<startEvent id="s"/><userTask id="t"><dataOutputAssociation id="d"><targetRef>st</targetRef></dataOutputAssociation></userTask>'
        '<dataStoreReference id="st" name="Ledger" dataStoreRef="store"/>' + flow("s", "t")
    )
    xml = file(process(body, attributes='isExecutable="true"'), tops='<dataStore id="store"/>')
    assert opened(xml).nodes.keys() == {"s", "t"}
    assert [note.text for note in bpmn.parse(xml).notes] == [
        "The data store Ledger is only drawn: nothing is read from it or written to it."
    ]


def test_what_a_data_association_computes_is_told() -> None:
    body = (
        '<startEvent id="s"/><userTask id="t"><dataInputAssociation id="d"><sourceRef>o</sourceRef><targetRef>i</targetRef>'
        '<assignment id="as"><from>1</from><to>i</to></assignment></dataInputAssociation></userTask>' + flow("s", "t")
    )
    assert ("data-association", "t") in notes(file(process(body)))


def test_an_empty_process_of_a_pool_is_no_fault_of_the_others() -> None:
    plain = '<startEvent id="s"/><task id="t"/>' + flow("s", "t")
    xml = file(process("", "main", 'name="Main"') + process(plain))
    assert set(bpmn.parse(xml).processes) == {"p"}
    assert ("not-executable", "main") in notes(xml)
    assert refused(file(process("", "main"))) == {("no-process", None)}


def test_what_is_wrong_between_elements_is_told_together_with_what_is_wrong_in_them() -> None:
    body = '<startEvent id="s"/><serviceTask id="v"/><exclusiveGateway id="x"/><task id="a"/><task id="b"/>'
    assert refusals(file(process(body + chain("s", "v", "x", "a") + flow("x", "b")))) == {
        "v": ["service-type-missing"],
        "x": ["flow-condition-missing", "flow-condition-missing"],
    }


def test_nothing_is_told_twice_nor_what_only_follows_from_it() -> None:
    body = (
        '<startEvent id="s"/><exclusiveGateway id="x"/><task id="a"/><task id="b"/>'
        + flow("s", "x")
        + condition("Service Level == 'Premium'")
        + flow("x", "b")
    )
    assert refusals(file(process(body))) == {"f": ["expression-foreign"]}
    handler = (  # an event subprocess has one start event, so that its definitions cannot be split
        '<startEvent id="s"/><task id="t"/><subProcess id="h" triggeredByEvent="true"><startEvent id="e"><messageEventDefinition/>'
        '<timerEventDefinition/></startEvent><task id="i"/>' + flow("e", "i") + "</subProcess>" + flow("s", "t")
    )
    assert refusals(file(process(handler))) == {"e": ["several-definitions"]}


def test_a_fault_in_a_pool_that_is_only_drawn_is_no_fault_of_the_file() -> None:
    drawn = (
        '<startEvent id="s2"/><exclusiveGateway id="x"/><task id="a"/>' + flow("s2", "x") + condition("Level == 'x'")
    )
    plain = '<startEvent id="s"/><task id="t"/>' + flow("s", "t")
    xml = file(process(plain, attributes='isExecutable="true"') + process(drawn, "drawn"))
    assert set(bpmn.parse(xml).processes) == {"p"}
    assert ("not-executable", "drawn") in notes(xml)


def test_what_stands_outside_of_all_pools_makes_no_drawing_of_the_others() -> None:
    sketch = '<startEvent id="s"/><serviceTask id="v"/>' + flow("s", "v")
    beside = process('<endEvent id="left"/>', "outside", "")
    assert refusals(file(process(sketch) + beside)) == {"v": ["service-type-missing"]}


def test_a_flow_that_is_written_into_another_process_belongs_to_that_of_its_ends() -> None:
    first = '<startEvent id="s"/><task id="t"/>' + flow("s", "t") + flow("s2", "t2") + flow("s", "t2")
    xml = file(process(first) + process('<startEvent id="s2"/><task id="t2"/>', "q"))
    assert refusals(xml) == {"s_t2": ["flow-end-missing"]}, "one that leads from one into the other stays refused"
    found = bpmn.parse(
        xml.replace(b"s_t2", b"s2_t2b").replace(b'sourceRef="s" targetRef="t2"', b'sourceRef="s2" targetRef="t2"')
    )
    assert [sorted(each.flows) for each in found.processes.values()] == [["s_t"], ["s2_t2", "s2_t2b"]]


def test_an_event_definition_that_stands_for_itself_is_that_of_each_event_that_refers_to_it() -> None:
    tops = '<timerEventDefinition id="week"><timeDuration>P7D</timeDuration></timerEventDefinition>'
    body = (
        '<startEvent id="s"/><task id="t"/>'
        + "".join(
            f'<intermediateCatchEvent id="{id}"><eventDefinitionRef>{prefix}week</eventDefinitionRef></intermediateCatchEvent>'
            for id, prefix in (("c1", ""), ("c2", "tns:"))
        )
        + chain("s", "c1", "c2", "t")
    )
    nodes = opened(file(process(body), tops=tops)).nodes
    events = [nodes[id].event for id in ("c1", "c2")]
    assert [(event.kind, event.timer, event.expression and event.expression.text) for event in events if event] == [
        ("timer", "duration", "P7D"),
        ("timer", "duration", "P7D"),
    ]
    assert refusals(file(process(body))) == {"c1": ["reference-missing"], "c2": ["reference-missing"]}


def test_elements_named_by_their_type_are_those_elements() -> None:
    body = (
        '<flowElement xsi:type="semantic:tStartEvent" id="s"/><flowElement xsi:type="tUserTask" id="t">'
        '<loopCharacteristics xsi:type="tMultiInstanceLoopCharacteristics"><loopCardinality>2</loopCardinality></loopCharacteristics></flowElement>'
        '<flowElement xsi:type="tIntermediateCatchEvent" id="c"><eventDefinition xsi:type="tTimerEventDefinition"><timeDuration>PT1H</timeDuration></eventDefinition></flowElement>'
        + chain("s", "t", "c")
    )
    found = opened(file(process(body)))
    assert [(node.id, node.type) for node in found.nodes.values()] == [
        ("s", "startEvent"),
        ("t", "userTask"),
        ("c", "intermediateCatchEvent"),
    ]
    assert found.nodes["t"].loop is not None
    assert found.nodes["c"].event is not None


@pytest.mark.parametrize(
    ("text", "feel"),
    [
        ("bpmn:getDataObject('approved')", "=approved"),
        ("not(bpmn:getDataObject('approved'))", "=((approved) != true)"),
        ("getDataObject('clarified') = 'yes'", '=clarified = "yes"'),
        (
            "getDataInput('order')/total div 2 >= 10.5 and count(getProcessProperty('p','items')) != 0",
            "=order.total / 2 >= 10.5 and count(items) != 0",
        ),
        ("getActivityProperty('check', 'ok') = true() or ($n + 1) * 2 > 4", "=ok = true or (n + 1) * 2 > 4"),
    ],
    ids=["read", "not", "text", "path", "sums"],
)
def test_what_the_standard_reads_with_xpath_is_a_variable(text: str, feel: str) -> None:
    assert xpath.translate(text) == feel
    flows = opened(decided(text.replace(">", "&gt;"))).flows
    assert flows["f"].condition is not None
    assert flows["f"].condition.text == feel


@pytest.mark.parametrize(
    "text",
    [
        "getDataObject('a') b",
        "//order[1]",
        "/order",
        "(a",
        "a)",
        "getDataObject('two words')",
        "concat(a, b)",
        "a = if",
    ],
    ids=["follows", "descend", "root", "open", "close", "name", "function", "keyword"],
)
def test_xpath_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(Untranslatable):
        xpath.translate(text)
    assert refusals(decided(text, ' language="http://www.w3.org/1999/XPath"')) == {"f": ["expression-foreign"]}


def test_a_condition_of_the_old_engines_stays_one_beside_a_tools_usual_language() -> None:
    flows = opened(decided("${a == 1}", ' language="http://www.w3.org/1999/XPath"')).flows
    assert flows["f"].condition is not None
    assert flows["f"].condition.text == "=a = 1"


@pytest.mark.parametrize("head", ["", f'expressionLanguage="{FEEL}"'], ids=["own", "usual"])
def test_a_condition_that_says_it_is_feel_needs_no_mark(head: str) -> None:
    language = "" if head else f' language="{FEEL}"'
    marked = decided("a &gt; 1", language).replace(b'id="p"', b'id="p" zeebe:mark=""')
    marked = marked.replace(b"xmlns:tool", b'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:tool', 1)
    if head:
        marked = marked.replace(b'expressionLanguage="http://www.w3.org/1999/XPath"', head.encode())
    flows = bpmn.parse(marked).processes["p"].flows
    assert flows["f"].condition is not None
    assert flows["f"].condition.text == "=a > 1"


def test_who_does_a_task_by_the_standard_alone_is_told_where_the_dialect_is_silent() -> None:
    body = (
        '<startEvent id="s" zeebe:mark=""/><userTask id="t"><potentialOwner><resourceAssignmentExpression><formalExpression>manager'
        "</formalExpression></resourceAssignmentExpression></potentialOwner></userTask>" + flow("s", "t")
    )
    xml = file(process(body), head='xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"')
    assert [(note.code, note.text) for note in bpmn.parse(xml).notes] == [
        ("people", "Nobody reads the potentialOwner manager: name candidate groups or an assignee.")
    ]
    assert opened(xml.replace(b' zeebe:mark=""', b"")).tasks[0].groups == "manager"


def test_a_message_without_name_is_known_by_its_id() -> None:
    body = '<startEvent id="s"><messageEventDefinition messageRef="M_1"/></startEvent><task id="t"/>' + flow("s", "t")
    (start,) = opened(file(process(body), tops='<message id="M_1"/>')).starts
    assert start.message == "M_1"


def test_an_event_without_message_means_that_of_its_message_flow() -> None:
    body = (
        '<startEvent id="s"><messageEventDefinition/></startEvent><sendTask id="t"/><endEvent id="e"><messageEventDefinition/></endEvent>'
        + chain("s", "t", "e")
    )
    tops = (
        '<message id="order" name="Order"/><collaboration id="c"><participant id="us" processRef="p"/><participant id="them"/>'
        '<messageFlow id="m1" messageRef="order" sourceRef="them" targetRef="s"/><messageFlow id="m2" name="Good&#10;news" sourceRef="t" targetRef="them"/>'
        '<messageFlow id="m3" sourceRef="e" targetRef="them"/></collaboration>'
    )
    nodes = opened(file(process(body), tops=tops)).nodes
    events = [nodes[id].event for id in "ste"]
    assert [event.name.text for event in events if event and event.name] == ["Order", "Good news", "m3"]


def test_an_event_of_two_message_flows_must_name_its_message() -> None:
    body = '<startEvent id="s"><messageEventDefinition/></startEvent><task id="t"/>' + flow("s", "t")
    tops = (
        '<collaboration id="c"><participant id="us" processRef="p"/><participant id="them"/>'
        '<messageFlow id="m1" sourceRef="them" targetRef="s"/><messageFlow id="m2" sourceRef="them" targetRef="s"/></collaboration>'
    )
    assert refusals(file(process(body), tops=tops)) == {"s": ["message-missing"]}


def test_an_operation_is_the_service_of_a_task() -> None:
    tops = '<interface id="i" name="Office"><operation id="o1" name="Convert&#10;it"><inMessageRef>m</inMessageRef></operation></interface>'
    body = '<startEvent id="s"/><serviceTask id="t" implementation="##WebService" operationRef="tns:o1"/>' + flow(
        "s", "t"
    )
    xml = file(process(body), tops=tops)
    assert opened(xml).service_types == ["Convert it"]
    assert ("operationRef", "t") in notes(xml)


def test_a_call_of_a_global_task_is_that_task() -> None:
    tops = (
        '<globalUserTask id="sign" name="Sign"><potentialOwner id="po"><resourceRef>r</resourceRef></potentialOwner></globalUserTask>'
        '<globalTask id="unused"/><resource id="r" name="Chief"/>'
    )
    body = (
        '<startEvent id="s"/><callActivity id="c1" calledElement="sign"/><callActivity id="c2" name="Sign again" calledElement="tns:sign"/>'
        + chain("s", "c1", "c2")
    )
    xml = file(process(body), tops=tops)
    assert [(task.element, task.name, task.groups) for task in opened(xml).tasks] == [
        ("c1", "Sign", "Chief"),
        ("c2", "Sign again", "Chief"),
    ]
    assert {element for code, element in notes(xml) if code == "not-executable"} == {"unused"}
    assert b"globalUserTask" not in bpmn.convert(xml)[0]


TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
SIGNAL = '<signalEventDefinition signalRef="si"/>'
SIGNALS = '<signal id="si" name="Stop"/><error id="er" name="Wrong" errorCode="W"/>'


def shape(found: Process) -> set[tuple[str, str, str]]:
    """Every flow by its ends, and what its source is."""
    return {(flow.source, found.nodes[flow.source].type, flow.target) for flow in found.flows.values()}


def test_an_event_that_waits_for_one_of_several_is_several_behind_a_gateway() -> None:
    body = (
        f'<startEvent id="s"/><intermediateCatchEvent id="c">{TIMER}{SIGNAL}</intermediateCatchEvent><userTask id="t"/>'
    )
    found = opened(file(process(body + chain("s", "c", "t")), tops=SIGNALS))
    assert shape(found) == {
        ("s", "startEvent", "c_either"),
        ("c_either", "eventBasedGateway", "c"),
        ("c_either", "eventBasedGateway", "c_or"),
        ("c", "intermediateCatchEvent", "t"),
        ("c_or", "intermediateCatchEvent", "t"),
    }
    kinds = [node.event.kind for node in (found.nodes["c"], found.nodes["c_or"]) if node.event]
    assert kinds == ["timer", "signal"]


def test_one_behind_an_event_based_gateway_needs_no_further_gateway() -> None:
    body = (
        f'<startEvent id="s"/><eventBasedGateway id="g"/><intermediateCatchEvent id="c">{TIMER}{SIGNAL}</intermediateCatchEvent>'
        '<userTask id="t"/>'
    )
    found = opened(file(process(body + chain("s", "g", "c", "t")), tops=SIGNALS))
    assert {("g", "eventBasedGateway", "c"), ("g", "eventBasedGateway", "c_or")} < shape(found)
    assert len(found.nodes) == 5


def test_boundary_and_start_events_of_several_definitions_are_several() -> None:
    body = (
        f'<laneSet><lane id="l" name="Office"><flowNodeRef>b</flowNodeRef></lane></laneSet><startEvent id="s">{TIMER}{SIGNAL}</startEvent><userTask id="t"/>'
        f'<boundaryEvent id="b" attachedToRef="t" cancelActivity="false">{TIMER}{SIGNAL}</boundaryEvent><userTask id="u"/>'
        + flow("s", "t")
        + flow("b", "u")
    )
    found = opened(file(process(body), tops=SIGNALS))
    assert [(start.element, start.kind) for start in found.starts] == [("s", "timer"), ("s_or", "signal")]
    assert {("s_or", "startEvent", "t"), ("b_or", "boundaryEvent", "u")} < shape(found)
    assert (found.nodes["b_or"].interrupting, found.nodes["b_or"].lane) == (False, "Office")


def test_an_end_event_of_several_definitions_throws_all_and_ends_last() -> None:
    body = (
        '<startEvent id="s"/><endEvent id="e" name="Over"><errorEventDefinition errorRef="er"/>'
        f"{SIGNAL}<escalationEventDefinition/></endEvent>" + flow("s", "e")
    )
    found = opened(file(process(body), tops=SIGNALS))
    order = ["s", "e_throw", "e_throw_2", "e"]
    assert [
        (flow.source, flow.target) for flow in sorted(found.flows.values(), key=lambda each: order.index(each.source))
    ] == list(pairwise(order))
    assert [node.event.kind for id in order[1:] if (node := found.nodes[id]).event] == ["signal", "escalation", "error"]


def test_an_end_that_would_end_in_two_ways_and_an_event_that_waits_for_all_stay_refused() -> None:
    ends = '<startEvent id="s"/><endEvent id="e"><terminateEventDefinition/><errorEventDefinition/></endEvent>'
    assert refusals(file(process(ends + flow("s", "e")))) == {"e": ["several-definitions"]}
    waits = f'<startEvent id="s"/><intermediateCatchEvent id="c" parallelMultiple="true">{TIMER}{SIGNAL}</intermediateCatchEvent>'
    assert refusals(file(process(waits + flow("s", "c")), tops=SIGNALS)) == {"c": ["parallel-definitions"]}


def test_an_empty_number_of_instances_is_told_as_missing() -> None:
    body = '<startEvent id="s"/><userTask id="t"><multiInstanceLoopCharacteristics><loopCardinality/></multiInstanceLoopCharacteristics></userTask>'
    assert refusals(file(process(body + flow("s", "t")))) == {"t": ["loop-missing"]}


def test_a_reason_is_one_line_though_the_name_has_several() -> None:
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(
            file(process('<startEvent id="s"/><serviceTask id="v" name="Ask&#10; the office"/>' + flow("s", "v")))
        )
    assert str(caught.value.faults[0]) == "“Ask the office” (v): A service must be chosen."


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("ISO-8859-1", "latin-1"),
        ("GB2312", "gb18030"),
        ("UTF-16", "utf-16"),
        ("UTF-8", "utf-8-sig"),
        ("rot13", "utf-8"),
    ],
    ids=["latin", "chinese", "utf-16", "mark", "unknown"],
)
def test_a_file_is_text_in_the_encoding_that_it_declares(encoding: str, codec: str) -> None:
    name = "Prüfen" if codec == "latin-1" else "镕基核验"
    text = f'<?xml version="1.0" encoding="{encoding}" standalone="yes"?><a name="{name}"/>'
    assert name in bpmn.decoded(text.encode(codec))
    assert encoding == "UTF-8" or "encoding" not in bpmn.decoded(text.encode(codec))


def test_a_namespace_named_after_a_project_with_spaces_is_read() -> None:
    body = process(
        '<startEvent id="s"/><task id="t" name="Do it"/><boundaryEvent id="b" attachedToRef="P:t"><errorEventDefinition/></boundaryEvent>'
        + flow("s", "t")
    )
    found = opened(file(body, head='xmlns:P="http://tool.example/Initial Import/P"'))
    assert (found.nodes["t"].name, found.nodes["b"].attached_to) == ("Do it", "t")


def test_names_survive_a_declaration_that_is_no_longer_true(tmp_path: Path) -> None:
    body = process('<startEvent id="s"/><userTask id="t" name="Prüfen"/>' + flow("s", "t"))
    package = Package()
    package.add_diagram("old.bpmn", bpmn.decoded(file(body)))
    package.add_diagram("sent.bpmn", file(body).decode("latin-1"))
    assert [process.nodes["t"].name for _file, process in package.processes] == ["Prüfen", "Prüfen"]
    assert "ISO-8859-1" not in package.diagrams["sent.bpmn"][0]


def test_a_chinese_file_with_signs_of_the_wider_set_is_read() -> None:
    body = process('<startEvent id="s"/><userTask id="t" name="瞭望员"/>' + flow("s", "t"))
    text = file(body.replace("瞭望员", "NAME")).decode().replace("ISO-8859-1", "GB2312").replace("NAME", "瞭望员")
    assert opened(text.encode("gb18030")).nodes["t"].name == "瞭望员"
