"""What older engines write seldom, row by row: what it becomes, what then runs, and that nothing goes without a word."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from engine import bpmn
from engine.bpmn import stimuli, timers
from engine.bpmn.outcome import ServiceCalled, TaskOpened
from engine.bpmn.source import bpmn as tag
from engine.bpmn.source import zeebe
from engine.bpmn.vocabulary import ATTRIBUTES, ELEMENTS, KNOWN, OF_JOBS

START = '<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="x"/>'
TIMED = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"


def element(kind: str, attributes: str = "", inside: str = "", body: str = "") -> str:
    extensions = f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>" if inside else ""
    return f'<bpmn:{kind} id="x" {attributes}>{extensions}{body}</bpmn:{kind}>'


def looped(attributes: str, inside: str = "", user: str = "") -> str:
    return element(
        "userTask",
        user,
        body=f"<bpmn:multiInstanceLoopCharacteristics {attributes}><bpmn:extensionElements>{inside}</bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>",
    )


def converted(xml: bytes) -> tuple[etree._Element, dict[str, tuple[str, str]]]:
    """The document, which can be put in force and converted again, and kind and text of the notes by their code."""
    made, notes = bpmn.convert(xml)
    assert not [note for note in bpmn.parse(made).notes if note.kind == "impossible"]
    return etree.fromstring(made), {note.code: (note.kind, note.text) for note in notes}


def said(root: etree._Element, name: str) -> list[dict[str, str]]:
    return [dict(item.attrib) for item in root.iter(zeebe(name))]


@pytest.fixture
def run(document: Callable[..., bytes], walk: Callable) -> Callable[..., Any]:
    return lambda body, **processes: walk(
        bpmn.parse(bpmn.convert(document(START + body))[0]).processes["p"], **processes
    )


PARAMETERS = (
    '<camunda:inputOutput><camunda:inputParameter name="all"><camunda:map><camunda:entry key="names"><camunda:list><camunda:value>${who}</camunda:value>'
    '<camunda:script scriptFormat="juel">${n + 1}</camunda:script></camunda:list></camunda:entry><camunda:entry key="deep"><camunda:map><camunda:entry key="a">b</camunda:entry></camunda:map></camunda:entry></camunda:map></camunda:inputParameter>'
    '<camunda:inputParameter name="nothing"/><camunda:inputParameter name="first-name">${who}</camunda:inputParameter>'
    '<camunda:inputParameter name="foreign">${execution.parent.id}</camunda:inputParameter></camunda:inputOutput>'
)


def test_parameters_may_hold_lists_in_maps_and_scripts_that_say_one_value(run: Callable) -> None:
    (task,) = run(element("userTask", inside=PARAMETERS)).start(who="bob", n=1).opened
    assert isinstance(task, TaskOpened)
    assert task.local == {"all": {"names": ["bob", 2], "deep": {"a": "b"}}, "nothing": None, "first_name": "bob"}


@pytest.mark.parametrize(
    ("kind", "attributes", "data"),
    [
        ("userTask", "", {"n": 1, "k": 2, "o": 3}),
        ("serviceTask", 'camunda:class="a.B"', {"n": 1, "k": 2, "o": 3}),
        ("serviceTask", 'camunda:expression="${a + 1}" camunda:resultVariable="k"', {"n": 1, "k": 2, "o": 3}),
        ("subProcess", "", {"n": 1, "k": 2, "o": 3}),
    ],
)
def test_output_parameters_keep_nothing_else_back(
    run: Callable, kind: str, attributes: str, data: dict[str, Any]
) -> None:
    inside = '<camunda:inputOutput><camunda:inputParameter name="a">${n}</camunda:inputParameter><camunda:outputParameter name="o">${a + k}</camunda:outputParameter></camunda:inputOutput>'
    inner = '<bpmn:userTask id="t"/>' if kind == "subProcess" else ""
    case = run(element(kind, attributes, inside, inner))
    opened = case.start(n=1).opened
    if opened and isinstance(opened[0], ServiceCalled):
        case.take(stimuli.CompleteService(opened[0].token, {"k": 2, "a": 1}))
    elif opened:
        case.complete("t" if inner else "x", k=2, a=1)
    assert case.outcome.data == data


def test_a_parameter_without_translation_is_told_and_never_given_as_text(document: Callable[..., bytes]) -> None:
    root, notes = converted(document(element("userTask", inside=PARAMETERS)))
    assert "foreign" not in {item["target"] for item in said(root, "input")}
    assert notes["parameter foreign"][0] == "impossible"


def test_fields_stand_at_a_thrown_message_as_at_its_service(run: Callable) -> None:
    thrown = '<bpmn:messageEventDefinition camunda:class="a.Send" camunda:taskPriority="4"><bpmn:extensionElements><camunda:field name="to-whom" expression="${who}"/><camunda:inputOutput><camunda:inputParameter name="q">1</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements></bpmn:messageEventDefinition>'
    (called,) = run(element("intermediateThrowEvent", body=thrown)).start(who="bob").opened
    assert isinstance(called, ServiceCalled)
    assert (called.type, called.data["to_whom"], called.data["q"], called.priority) == ("Send", "bob", "1", 4)


def test_what_an_external_worker_of_flowable_is_sent_and_answers(run: Callable) -> None:
    inside = '<flowable:externalWorkerInParameter source="a" target="b"/><flowable:externalWorkerOutParameter source="c" target="d"/>'
    case = run(element("serviceTask", 'flowable:type="external-worker" flowable:topic="print"', inside))
    (called,) = case.start(a=1).opened
    assert (called.type, called.data["b"]) == ("print", 1)
    assert case.take(stimuli.CompleteService(called.token, {"c": 2})).data == {"a": 1, "d": 2}


def test_a_decision_task_of_flowable_calls_its_decision(document: Callable[..., bytes]) -> None:
    field = '<flowable:field name="decisionTableReferenceKey"><flowable:string>fine</flowable:string></flowable:field>'
    root, notes = converted(document(element("serviceTask", 'flowable:type="dmn"', field)))
    assert said(root, "calledDecision") == [{"decisionId": "fine", "resultVariable": "xResult"}]
    assert notes["decision"][0] == "kept"


@pytest.mark.parametrize(
    ("shape", "kind", "is_list"),
    [('camunda:mapDecisionResult="singleEntry"', "translated", False), ('camunda:mapDecisionResult="collectEntries"', "translated", False), ('camunda:mapDecisionResult="singleResult"', "kept", False), ("", "kept", True)],
)  # fmt: skip
def test_the_result_of_a_decision_has_the_shape_that_is_told(
    document: Callable[..., bytes], shape: str, kind: str, is_list: bool
) -> None:
    body = element("businessRuleTask", f'camunda:decisionRef="d" camunda:resultVariable="r" {shape}')
    root, notes = converted(document(body))
    assert notes["mapDecisionResult"][0] == kind
    assert bool(said(root, "output")) is is_list


@pytest.mark.parametrize(
    ("expression", "seen"),
    [
        ("${task.setAssignee(who)}", {"assignee": "bob"}),
        ("${task.addCandidateGroup('clerks')}", {"groups": ("clerks",)}),
        ("${delegateTask.addCandidateUser(who)}", {"users": ("bob",)}),
        ("${task.setPriority(70)}", {"priority": 70}),
        ("${task.setDueDate(now().plusDays(2))}", {"due_at": timedelta(2)}),
    ],
)
def test_what_a_listener_says_of_its_new_task_the_task_says_itself(
    run: Callable, expression: str, seen: dict[str, Any]
) -> None:
    case = run(element("userTask", inside=f'<camunda:taskListener event="create" expression="{expression}"/>'))
    (task,) = case.start(who="bob").opened
    for name, value in seen.items():
        wanted = case.now + value if isinstance(value, timedelta) else value
        assert getattr(task, name) == wanted


@pytest.mark.parametrize(
    ("attributes", "data", "seen"),
    [
        ('camunda:assignee="${who}"', {"who": 1042}, ("1042", (), ())),
        ('camunda:candidateUsers="${who}"', {"who": [1042, "bob"]}, (None, (), ("1042", "bob"))),
        ('camunda:candidateUsers="${case.who}, cy"', {"case": {"who": "ann,bob"}}, (None, (), ("ann", "bob", "cy"))),
        ('camunda:candidateGroups="${a}, ${b.c}"', {"a": ["x"], "b": {"c": "y"}}, (None, ("x", "y"), ())),
        ('camunda:candidateGroups="${execution.id}, x"', {}, (None, ("x",), ())),
        ('camunda:candidateGroups="${execution.id}"', {}, (None, (), ())),
    ],
)
def test_people_are_one_name_names_with_commas_or_a_list_and_may_be_numbers(
    run: Callable, attributes: str, data: dict[str, Any], seen: tuple[str | None, tuple[str, ...], tuple[str, ...]]
) -> None:
    (task,) = run(element("userTask", attributes)).start(**data).opened
    assert (task.assignee, task.groups, task.users) == seen


def test_who_does_a_task_is_not_expected_of_a_service_that_hears_of_its_end(document: Callable[..., bytes]) -> None:
    root, notes = converted(document(element("userTask", inside='<camunda:taskListener event="delete" class="a.L"/>')))
    assert not said(root, "assignmentDefinition")
    assert "assignment" not in notes


@pytest.mark.parametrize("expression", ["${true}", "${task.setVariable('a', 1)}", "${order.sum}"])
@pytest.mark.parametrize("kind", ["taskListener", "executionListener"])
def test_a_listener_that_only_says_a_value_or_sets_one_calls_no_service(
    run: Callable, kind: str, expression: str
) -> None:
    event = {"taskListener": "create", "executionListener": "start"}[kind]
    case = run(element("userTask", inside=f'<camunda:{kind} event="{event}" expression="{expression}"/>'))
    (task,) = case.start().opened
    assert isinstance(task, TaskOpened)
    assert case.process.nodes["x"].assignment.assignee is None


def test_a_listener_with_a_script_of_one_line_sets_its_variable(run: Callable) -> None:
    script = '<camunda:executionListener event="end"><camunda:script scriptFormat="groovy">execution.setVariable("n", 2)</camunda:script></camunda:executionListener>'
    case = run(element("userTask", inside=script))
    case.start()
    assert case.complete("x").data == {"n": 2}


LINES = "// begin\nexecution.setVariable('codes','10,75;71');\nexecution.setVariable('n', 0);execution.setVariable(\"m\", n + 1)\n\n"


@pytest.mark.parametrize("kind", ["scriptTask", "task", "userTask"])
def test_scripts_that_only_set_variables_do_so_line_by_line(run: Callable, kind: str) -> None:
    listener = f'<camunda:executionListener event="start"><camunda:script scriptFormat="javascript">{LINES}</camunda:script></camunda:executionListener>'
    script = f"<bpmn:script>{LINES}</bpmn:script>"
    body = element(kind, body=script) if kind == "scriptTask" else element(kind, inside=listener)
    assert run(body).start(n=5).data == {"codes": "10,75;71", "n": 0, "m": 1}


@pytest.mark.parametrize("body", ["${n + 1}", "n + 1"])
def test_a_script_of_juel_needs_no_braces(run: Callable, body: str) -> None:
    attributes = 'scriptFormat="juel" camunda:resultVariable="m"'
    assert run(element("scriptTask", attributes, body=f"<bpmn:script>{body}</bpmn:script>")).start(n=1).data["m"] == 2


@pytest.mark.parametrize(
    ("script", "open"),
    [("status === 'ok' && n > 2;", ["yes"]), ("n <= 2", ["no"]), ("codes.indexOf('b') >= 0;", ["yes"])],
)
def test_conditions_in_other_languages_that_only_compare_are_feel(run: Callable, script: str, open: list[str]) -> None:
    written = script.replace("&", "&amp;").replace("<", "&lt;")
    condition = f'<bpmn:conditionExpression language="javascript">{written}</bpmn:conditionExpression>'
    body = element("exclusiveGateway", 'default="no_f"') + '<bpmn:userTask id="yes"/><bpmn:userTask id="no"/>'
    body += f'<bpmn:sequenceFlow id="yes_f" sourceRef="x" targetRef="yes">{condition}</bpmn:sequenceFlow>'
    case = run(body + '<bpmn:sequenceFlow id="no_f" sourceRef="x" targetRef="no"/>')
    case.start(status="ok", n=3, codes="a,b")
    assert case.elements == open


def test_fields_beside_the_key_of_an_old_form_are_the_form(document: Callable[..., bytes]) -> None:
    fields = '<camunda:formData><camunda:formField id="cover " type="string"/></camunda:formData>'
    root, notes = converted(document(element("userTask", 'camunda:formKey="oldPage"', fields)))
    assert list(form_of(root)) == ["cover"]
    assert notes["formKey"][0] == "kept"


@pytest.mark.parametrize(("method", "data"), [("setVariable", {"who": "bob"}), ("setVariableLocal", {})])
def test_a_local_variable_of_a_subprocess_stays_in_it(run: Callable, method: str, data: dict[str, str]) -> None:
    listener = f"<camunda:executionListener event=\"start\" expression=\"${{execution.{method}('who', 'bob')}}\"/>"
    case = run(element("subProcess", inside=listener, body='<bpmn:userTask id="t" camunda:assignee="${who}"/>'))
    assert [task.assignee for task in case.start().opened] == ["bob"]
    assert case.complete("t").data == data


def test_data_objects_of_flowable_have_their_value_unless_the_start_gives_one(run: Callable) -> None:
    def given(name: str, kind: str, value: str) -> str:
        return f'<bpmn:dataObject id="d_{name}" name="{name}" itemSubjectRef="xsd:{kind}"><bpmn:extensionElements><flowable:value>{value}</flowable:value></bpmn:extensionElements></bpmn:dataObject>'

    inner = given("local", "string", "a") + '<bpmn:userTask id="t"/>'
    body = given("sum", "double", "5.5") + given("done", "boolean", "TRUE") + given("word", "string", "5")
    case = run(body + f'<bpmn:subProcess id="x">{inner}</bpmn:subProcess>')
    assert case.start(sum=7).data == {"sum": 7, "done": True, "word": "5"}


def test_the_index_of_an_item_and_what_several_items_answer(run: Callable) -> None:
    gathered = '<flowable:variableAggregation target="all"><flowable:variable source="a" target="b"/><flowable:variable sourceExpression="${a + 1}" target="c"/></flowable:variableAggregation>'
    case = run(
        looped('flowable:collection="items" flowable:elementIndexVariable="at"', gathered, 'flowable:assignee="u${at}"')
    )
    tasks = case.start(items=["p", "q"]).opened
    assert [task.assignee for task in tasks] == ["u0", "u1"]
    case.complete("x", a=1)
    assert case.complete("x", a=2).data["all"] == [{"b": 1, "c": 2}, {"b": 2, "c": 3}]


def test_the_priority_of_all_jobs_of_a_process(document: Callable[..., bytes], walk: Callable) -> None:
    xml = document(element("serviceTask", 'camunda:type="external" camunda:topic="t"'), "", ' camunda:jobPriority="7"')
    (called,) = walk(bpmn.parse(bpmn.convert(xml)[0]).processes["p"]).start().opened
    assert called.priority == 7


@pytest.mark.parametrize(
    ("quartz", "cron"),
    [
        ("0 0 12 ? * 2", "0 0 12 * * MON"),
        ("0 0 12 ? * 2-6", "0 0 12 * * MON,TUE,WED,THU,FRI"),
        ("0 0 12 ? * 6-2", "0 0 12 * * FRI,SAT,SUN,MON"),
        ("0 0 12 ? * 1,7 *", "0 0 12 * * SUN,SAT"),
        ("0 0 12 ? * 6L", "0 0 12 * * FRIL"),
        ("0 0 12 ? * 6#3", "0 0 12 * * FRI#3"),
        ("0 0 12 ? * 2/2", "0 0 12 * * MON,WED,FRI"),
        ("0 0/5 8-17 L * ?", "0 0/5 8-17 L * *"),
        ("0 0 12 ? * MON-FRI", "0 0 12 * * MON-FRI"),
    ],
)
def test_quartz_counts_the_days_of_the_week_from_sunday_as_one(
    document: Callable[..., bytes], quartz: str, cron: str
) -> None:
    cycle = f"<bpmn:timerEventDefinition><bpmn:timeCycle>{quartz}</bpmn:timeCycle></bpmn:timerEventDefinition>"
    root, _notes = converted(document(element("startEvent", body=cycle)))
    [written] = root.iter(tag("timeCycle"))
    assert written.text == cron


def test_a_line_of_quartz_for_one_year_is_told(document: Callable[..., bytes]) -> None:
    cycle = "<bpmn:timerEventDefinition><bpmn:timeCycle>0 0 12 ? * 2 2027</bpmn:timeCycle></bpmn:timerEventDefinition>"
    made, notes = bpmn.convert(document(element("startEvent", body=cycle)))
    assert [note.kind for note in notes if note.code == "timer"] == ["impossible", "translated"]
    assert b"0 0 12 * * MON" in made


@pytest.mark.parametrize("text", ["soon", "R/P1D", "2026-13-01"])
def test_a_due_date_that_is_none_is_told(document: Callable[..., bytes], text: str) -> None:
    root, notes = converted(document(element("userTask", f'camunda:dueDate="{text}"')))
    assert notes["dueDate"][0] == "impossible"
    assert not said(root, "taskSchedule")


def test_a_due_date_may_be_a_period_that_a_variable_says(run: Callable) -> None:
    case = run(element("userTask", 'camunda:dueDate="${due}"'))
    (task,) = case.start(due="P2D").opened
    assert task.due_at == case.now + timedelta(2)


def test_a_due_date_without_zone_is_one_of_the_tenant(run: Callable) -> None:
    (task,) = run(element("userTask", 'camunda:dueDate="2026-05-01T10:00:00"')).start().opened
    assert task.due_at == timers.instant("2026-05-01T10:00:00+08:00")


def form_of(root: etree._Element) -> dict[str, dict[str, Any]]:
    [form] = root.iter(zeebe("userTaskForm"))
    return {item["key"]: item for item in json.loads(str(form.text))["components"]}


def test_defaults_of_fields_are_values_of_their_kind_and_computed_ones_written_before_the_task(
    document: Callable[..., bytes], run: Callable
) -> None:
    def field(name: str, kind: str, default: str) -> str:
        return f'<camunda:formField id="{name}" type="{kind}" defaultValue="{default}"/>'

    fields = field("n", "long", "5") + field("half", "double", "0.5") + field("day", "date", "2026-05-01")
    fields += (
        field("late", "date", "01/05/2026") + field("sum", "long", "${n2 * 2}") + field("given-name", "string", "")
    )
    body = element("userTask", inside=f"<camunda:formData>{fields}</camunda:formData>")
    root, notes = converted(document(body))
    found = form_of(root)
    assert {key: item.get("defaultValue") for key, item in found.items()} == {
        "n": 5, "half": 0.5, "day": "2026-05-01", "late": None, "sum": None, "given_name": None,
    }  # fmt: skip
    assert found["day"]["subtype"] == "date"
    assert notes["default of late"][0] == "impossible"
    assert run(body).start(n2=4).data == {"n2": 4, "sum": 8}
    assert run(body).start(n2=4, sum=1).data["sum"] == 1


@pytest.mark.parametrize(
    ("body", "code", "kind", "kept"),
    [
        (element("serviceTask", 'flowable:delegateExpression="${a.pick(n)}"'), "delegateExpression", "impossible", "${a.pick(n)}"),
        (element("callActivity", 'calledElement="c" flowable:calledElementType="id"'), "calledElementType", "impossible", "id"),
        (looped('flowable:collection="items"', "<flowable:failedJobRetryTimeCycle>R2/PT1M</flowable:failedJobRetryTimeCycle>"), "failedJobRetryTimeCycle", "impossible", "R2/PT1M"),
        (element("userTask", 'flowable:formFieldValidation="false"'), "formFieldValidation", "kept", "false"),
        (element("userTask", 'camunda:formKey="embedded:app:forms/a.html"'), "formKey", "kept", "embedded:app:forms/a.html"),
        (element("serviceTask", 'camunda:class="a.B" camunda:taskPriority="12345678901"'), "taskPriority", "kept", "12345678901"),
        (element("boundaryEvent", 'attachedToRef="t"', body='<bpmn:errorEventDefinition flowable:errorVariableName="e"/>') + '<bpmn:userTask id="t"/>', "errorVariableName", "impossible", "e"),
        (element("userTask", 'camunda:asyncBefore="true"'), "asyncBefore", "", "true"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalpha() else "",
)  # fmt: skip
def test_what_is_not_done_is_told_and_stands_aside(
    document: Callable[..., bytes], body: str, code: str, kind: str, kept: str
) -> None:
    root, notes = converted(document(body))
    assert notes.get(code, ("", ""))[0] == kind
    assert {"name": f"c7:{code}", "value": kept} in said(root, "property")


DRAWN = (
    '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" id="drawing"><bpmndi:BPMNPlane id="plane" bpmnElement="p">'
    '<bpmndi:BPMNShape id="s_di" bpmnElement="s" bioc:fill="#ffe"><dc:Bounds x="100" y="102.5" width="36" height="36"/></bpmndi:BPMNShape>'
    '<bpmndi:BPMNShape id="x_di" bpmnElement="x"><dc:Bounds x="200" y="80" width="100" height="80"/><bpmndi:BPMNLabel><dc:Bounds x="1" y="2" width="3" height="4"/></bpmndi:BPMNLabel></bpmndi:BPMNShape>'
    '<bpmndi:BPMNEdge id="f_di" bpmnElement="f"><di:waypoint x="136" y="120"/><di:waypoint x="200" y="120"/></bpmndi:BPMNEdge></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>'
)


def drawing_of(xml: bytes) -> dict[str, bytes]:
    root = etree.fromstring(xml)
    shapes = (item for item in root.iter(etree.Element) if item.get("bpmnElement") and item.get("id") != "plane")
    return {str(item.get("id")): etree.tostring(item, method="c14n", exclusive=True) for item in shapes}


@pytest.mark.parametrize(
    "inside", ["", '<camunda:executionListener event="take" class="a.L"/>'], ids=["as-is", "task-put-in"]
)
def test_the_drawing_stays_as_it_was_drawn(document: Callable[..., bytes], inside: str) -> None:
    listened = f"><bpmn:extensionElements>{inside}</bpmn:extensionElements></bpmn:sequenceFlow>"
    body = START.removesuffix("/>") + listened + element("userTask", 'camunda:assignee="${who}"')
    end = b"</bpmn:definitions>"
    xml = document(body).replace(end, DRAWN.encode() + end)
    made = bpmn.convert(xml)[0]
    before, after = drawing_of(xml), drawing_of(made)
    assert {id: after[id] for id in ("s_di", "x_di")} == {id: before[id] for id in ("s_di", "x_di")}
    assert (after.keys() == before.keys() and after["f_di"] == before["f_di"]) is not bool(inside)


@pytest.mark.parametrize(("scope", "kind"), [("global", "translated"), ("processInstance", "impossible")])
def test_a_signal_goes_to_every_case(document: Callable[..., bytes], scope: str, kind: str) -> None:
    body = element("intermediateThrowEvent", body='<bpmn:signalEventDefinition signalRef="g"/>')
    _root, notes = converted(document(body, f'<bpmn:signal id="g" name="go" flowable:scope="{scope}"/>'))
    assert notes["scope"][0] == kind


PLACES = ("userTask", "manualTask", "startEvent", "exclusiveGateway", "intermediateCatchEvent", "subProcess")


@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_a_vendor_goes_without_a_trace(document: Callable[..., bytes], place: str) -> None:
    read = {name for table in (ATTRIBUTES, ELEMENTS) for name, places in table.items() if place in places}
    unread = sorted((KNOWN | {"ownThing"}) - read)
    attributes = " ".join(f'flowable:{name}="a-{name}"' for name in (*unread, *OF_JOBS))
    inside = "".join(f"<camunda:{name}>e-{name}</camunda:{name}>" for name in unread)
    body = TIMED if place == "intermediateCatchEvent" else ""
    root, _notes = converted(document(element(place, attributes, inside, body)))
    kept = {item["value"] for item in said(root, "property")}
    assert {f"{mark}-{name}" for name in unread for mark in "ae"} <= kept
    assert {f"a-{name}" for name in OF_JOBS} <= kept
