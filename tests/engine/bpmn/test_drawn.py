"""What drawing tools leave unsaid is told: who does nothing, what nothing looks at, and all by names that readers know."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import pytest

from engine import bpmn
from engine.bpmn import doubts, xpath
from engine.bpmn.collaborations import DEAF, SILENT
from engine.errors import FaultsFound
from tests.engine.bpmn.test_exchanged import condition, refusals
from tests.engine.bpmn.test_interchange import chain, file, flow, opened, process

POOLS = '<collaboration id="c"><participant id="us" processRef="p"/><participant id="them" name="Citizen"/>{}</collaboration>'


def told(xml: bytes) -> list[tuple[str, str, str]]:
    """Everything that is kept of a model: where, by which name, and what is said."""
    return [(note.element, note.name, note.text) for note in bpmn.parse(xml).notes if note.kind == "kept"]


def test_a_step_that_nobody_is_asked_to_do_is_told() -> None:
    body = '<startEvent id="s"/><task id="a" name="Check"/><manualTask id="b" name="File"/><userTask id="u"/>' + chain(
        *"sabu"
    )
    assert told(file(process(body))) == [("a", "Check", doubts.PASSED), ("b", "File", doubts.PASSED)]
    native = file(process(body), head='xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" zeebe:mark=""')
    assert told(native) == [], "who writes the dialect means a task that passes"


def test_message_flows_to_and_from_steps_that_neither_send_nor_wait_are_told() -> None:
    body = '<startEvent id="s"/><userTask id="a" name="Ask"/><sendTask id="t"/><userTask id="b" name="Hear"/>' + chain(
        *"satb"
    )
    flows = '<messageFlow id="m1" sourceRef="a" targetRef="them"/><messageFlow id="m2" sourceRef="them" targetRef="b"/>'
    flows += (
        '<messageFlow id="m3" sourceRef="t" targetRef="them"/><messageFlow id="m4" sourceRef="a" targetRef="them"/>'
    )
    assert told(file(process(body), tops=POOLS.format(flows))) == [("a", "Ask", SILENT), ("b", "Hear", DEAF)]


def test_a_message_is_called_as_its_flow_or_its_event_and_by_its_id_only_when_nothing_is_written() -> None:
    caught = '<intermediateCatchEvent id="{0}" name="{1}"><messageEventDefinition {2}/></intermediateCatchEvent>'
    body = (
        '<startEvent id="s"/>' + caught.format("a", "Letter&#10;came", "") + caught.format("b", "", 'messageRef="M1"')
    )
    body += (
        caught.format("d", "Letter came", 'messageRef="M2"')
        + caught.format("e", "Fee paid", 'messageRef="M3"')
        + chain(*"sabde")
    )
    flows = '<messageFlow id="m1" sourceRef="them" targetRef="a"/><messageFlow id="m2" messageRef="M1" name="Order&#10;1" sourceRef="them" targetRef="b"/>'
    tops = '<message id="M1"/><message id="M2"/><message id="M3"/>' + POOLS.format(flows)
    nodes = opened(file(process(body), tops=tops)).nodes
    names = [event.name.text for id in "abde" if (event := nodes[id].event) and event.name]
    assert names == ["Letter came", "Order 1", "M2", "Fee paid"], "two messages never get one name"


def test_a_condition_that_nothing_looks_at_and_a_default_that_is_never_taken_are_told() -> None:
    empty = '<sequenceFlow id="f" name="{}" sourceRef="t" targetRef="a"><conditionExpression xsi:type="tFormalExpression"/></sequenceFlow>'
    ends = '<userTask id="a" name="A"/><userTask id="b"/>'
    body = '<startEvent id="s"/><userTask id="t" name="T" default="t_b"/>' + ends + flow("s", "t") + flow("t", "b")
    always = "Its condition is empty: this flow is always taken."
    assert told(file(process(body + empty.format("")))) == [
        ("f", "T → A", always),
        ("t", "T", doubts.NEVER.format(flows="T → A")),
    ]
    gateway = '<startEvent id="s"/><parallelGateway id="x" name="Fork"/>' + ends + flow("s", "x") + flow("x", "b")
    asked = doubts.UNASKED.format(flows="Fork → A")
    assert told(file(process(gateway + condition("getDataObject('ok')")))) == [("x", "Fork", asked)]
    only = '<startEvent id="s"/><userTask id="t"/><userTask id="a"/>' + flow("s", "t") + empty.format("")
    assert told(file(process(only))) == [], "a single flow is taken anyhow"


def test_a_gateway_that_is_to_choose_and_has_nothing_to_choose_by_is_told() -> None:
    body = '<startEvent id="s"/><inclusiveGateway id="g"/><userTask id="a"/><userTask id="b"/>' + chain(*"sgab")
    given = [text for id, _, text in told(file(process(body + flow("g", "b")))) if id == "g"]
    assert given == [doubts.ALWAYS]
    one = condition("${b > 1}").replace('"x"', '"g"').replace('"a"', '"b"')
    assert not [text for id, _, text in told(file(process(body + one))) if id == "g"]


def test_a_loop_of_at_most_no_time_has_no_maximum_in_files_of_tools() -> None:
    loop = '<standardLoopCharacteristics loopMaximum="0">{}</standardLoopCharacteristics>'
    body = '<startEvent id="s"/><userTask id="a">{}</userTask>' + chain(*"sa")
    with pytest.raises(FaultsFound, match="needs a condition or a maximum"):
        bpmn.parse(file(process(body.format(loop.format("")))))
    asked = loop.format("<loopCondition>more</loopCondition>")
    found = opened(file(process(body.format(asked)))).nodes["a"].loop
    assert found is not None
    assert (found.maximum, found.repeat_while is None) == (None, False)


def test_a_receive_task_without_message_is_told() -> None:
    body = '<startEvent id="s"/><receiveTask id="r" name="Wait"/>' + flow("s", "r")
    assert told(file(process(body))) == [("r", "Wait", doubts.UNNAMED)]


def test_a_flow_without_name_is_told_by_what_it_connects() -> None:
    body = (
        '<startEvent id="s"/><exclusiveGateway id="x" name="Complete?"/><userTask id="a" name="Check"/><userTask id="b"/>'
        + chain("s", "x", "b")
    )
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(file(process(body + condition("//order[1]", ' language="http://www.w3.org/1999/XPath"'))))
    assert [fault.name for fault in caught.value.faults] == ["Complete? → Check"]
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(file(process(body + flow("x", "a"))))
    assert [str(fault).partition(": ")[2].partition(" leaves")[0] for fault in caught.value.faults] == [
        "The flow x_b",
        "The flow → Check",
    ]
    found = bpmn.parse(file(process(body.replace('id="x"', 'id="x" default="x_b"') + condition("total &gt; 1"))))
    assert [(need.name, need.places) for need in bpmn.needs(found) if need.kind == "variable"] == [
        ("total", ("Complete? → Check",))
    ]


def test_true_and_false_are_values_in_xpath_too() -> None:
    assert [xpath.translate(text) for text in ("true", "not(false)", "ok = true and n > 1")] == [
        "=true",
        "=((false) != true)",
        "=ok = true and n > 1",
    ]


def test_what_cannot_be_translated_stands_in_an_opened_file_as_it_was_written() -> None:
    text = "/order[1]/total"
    body = '<startEvent id="s"/><exclusiveGateway id="x" default="x_b"/><userTask id="a"/><userTask id="b"/>' + chain(
        "s", "x", "b"
    )
    xml = file(process(body + condition(text, ' language="http://www.w3.org/1999/XPath"')))
    assert refusals(xml) == {"f": ["expression-foreign"]}
    shown = bpmn.adopted(xml)[0]
    assert f">{text}<" in shown
    assert refusals(shown.encode()) == {"f": ["condition-static"]}


def test_text_about_an_element_is_plain_whatever_it_was_written_in() -> None:
    written = (
        '<documentation textFormat="text/html">&lt;p&gt;Look &amp;amp; see.&lt;/p&gt;&lt;ul&gt;&lt;li&gt;One&lt;/li&gt;&lt;li&gt;Two&lt;/li&gt;&lt;/ul&gt;</documentation>'
        "<documentation>a &lt; b</documentation>"
    )
    body = f'<startEvent id="s"/><userTask id="t">{written}</userTask><userTask id="u"><documentation>1 &lt; 2</documentation></userTask>'
    nodes = opened(file(process(body + chain(*"stu")))).nodes
    assert nodes["t"].documentation == "Look & see.\nOne\nTwo\n\na < b"
    assert nodes["u"].documentation == "1 < 2"


def test_who_does_what_is_no_user_task_and_a_mere_role_are_told() -> None:
    role = '<{0} id="{1}"><resourceRef>r</resourceRef></{0}>'
    body = f'<startEvent id="s"/><userTask id="t" name="T">{role.format("resourceRole", "r1")}</userTask>'
    body += f'<callActivity id="c" name="C" calledElement="q">{role.format("performer", "r2")}</callActivity>'
    text = "Nobody reads the {} Clerk: name candidate groups or an assignee."
    assert told(file(process(body + chain(*"stc")), tops='<resource id="r" name="Clerk"/>')) == [
        ("t", "T", text.format("resourceRole")),
        ("c", "C", text.format("performer")),
    ]


def test_an_owner_that_is_a_text_in_quotes_is_that_text() -> None:
    owner = '<potentialOwner><resourceAssignmentExpression><formalExpression>"Back office"</formalExpression></resourceAssignmentExpression></potentialOwner>'
    assert (
        opened(file(process(f'<startEvent id="s"/><userTask id="t">{owner}</userTask>' + flow("s", "t"))))
        .tasks[0]
        .groups
        == "Back office"
    )


LOOP = (
    '<dataObject id="o" name="All invoices"/><startEvent id="s"/><userTask id="t" name="Check">'
    '<ioSpecification><dataInput id="di" name="in"/><dataOutput id="do" name="out"/><inputSet/><outputSet/></ioSpecification>'
    '<dataInputAssociation><sourceRef>o</sourceRef><targetRef>di</targetRef></dataInputAssociation>'
    "<multiInstanceLoopCharacteristics><loopDataInputRef>{}</loopDataInputRef><loopDataOutputRef>do</loopDataOutputRef>"
    '<inputDataItem id="ii" name="one invoice"/>{}<noneBehaviorEventRef>x</noneBehaviorEventRef></multiInstanceLoopCharacteristics></userTask>'
) + flow("s", "t")  # fmt: skip


def test_the_data_of_many_instances_are_variables_and_what_they_give_is_collected() -> None:
    loop = opened(file(process(LOOP.format("tns:di", '<outputDataItem name="checked"/>')))).nodes["t"].loop
    assert loop is not None
    assert (loop.collection and loop.collection.text, loop.element) == ("=All_invoices", "one_invoice")
    assert (loop.output_collection, loop.output_element and loop.output_element.text) == ("out", "=checked")
    xml = file(process(LOOP.format("invoices", "")))
    again = opened(xml).nodes["t"].loop
    assert again is not None
    assert again.collection is not None
    assert again.collection.text == "=invoices", "what is no element of the file is a variable"
    assert [text for _element, _name, text in told(xml)] == [
        "What the instances give is not collected: an outputDataItem is missing.",
        "A noneBehaviorEventRef is not executed.",
    ]


def test_links_find_each_other_by_their_events_or_by_where_they_say_they_lead() -> None:
    throw = '<intermediateThrowEvent id="{0}" name="{1}"><linkEventDefinition id="{0}d" name="{2}">{3}</linkEventDefinition></intermediateThrowEvent>'
    catch = '<intermediateCatchEvent id="{0}" name="{1}"><linkEventDefinition id="{0}d" name="{2}">{3}</linkEventDefinition></intermediateCatchEvent>'
    body = (
        '<startEvent id="s"/><parallelGateway id="g"/>'
        + flow("s", "g")
        + chain("g", "a")
        + flow("g", "b")
        + flow("g", "e")
    )
    body += throw.format("a", "Page 2", "", "") + catch.format("k", "Page 2", "", "")
    body += throw.format("b", "", "to three", "<target>tns:ld</target>") + catch.format("l", "", "three", "")
    body += throw.format("e", "", "onward", "") + catch.format("m", "", "four", "<source>ed</source>")
    nodes = opened(file(process(body))).nodes
    names = [event.name.text for id in "akblem" if (event := nodes[id].event) and event.name]
    assert names == ["Page 2", "Page 2", "three", "three", "four", "four"]


def test_a_subscription_by_correlation_is_told() -> None:
    body = '<correlationSubscription id="cs" correlationKeyRef="k"/><startEvent id="s"/><userTask id="t"/>' + flow(
        "s", "t"
    )
    assert told(file(process(body))) == [("cs", "", "A correlationSubscription is not executed.")]


def test_a_process_without_name_is_called_as_its_pool() -> None:
    body = '<startEvent id="s"/><userTask id="t"/>' + flow("s", "t")
    pools = '<collaboration id="c"><participant id="us" name="Building&#10;office" processRef="tns:p"/></collaboration>'
    assert opened(file(process(body), tops=pools)).name == "Building office"
    assert opened(file(process(body, attributes='name="Permit"'), tops=pools)).name == "Permit"
