"""Models of Camunda 7, Flowable and Activiti: translated, reported, run."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.convert import convert
from engine.bpmn.outcome import ServiceCalled, TaskOpened
from engine.bpmn.process import Process
from engine.errors import FaultsFound


def flow(source: str, target: str, condition: str = "") -> str:
    inside = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'


def imported(xml: bytes) -> Process:
    return bpmn.parse(xml).processes["p"]


@pytest.fixture
def model(document: Callable[..., bytes]) -> Callable[..., bytes]:
    """A document of another engine: the dialect's namespace is declared, but nothing of it is used."""
    return document


def test_a_user_task_keeps_its_people_dates_and_form(model: Callable, walk: Callable) -> None:
    body = (
        '<bpmn:userTask id="t" camunda:assignee="${handler}" camunda:candidateGroups="a, ${group}" '
        'camunda:dueDate="P3D" camunda:priority="70" camunda:formKey="camunda-forms:deployment:check.form"/>'
    )
    case = walk(imported(model(body)))
    (task,) = case.start(handler="bob", group="b").opened
    assert isinstance(task, TaskOpened)
    assert (task.assignee, task.groups, task.priority, task.form_id) == ("bob", ("a", "b"), 70, "check")
    assert task.due_at is not None
    assert (task.due_at - case.now).days == 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Approval: ${department}", "Approval"),
        ("部门（${department}）会签", "部门 会签"),
        ("#{who} - check", "check"),
        ("${all}", "${all}"),
    ],
)
def test_a_name_that_was_worded_for_each_case_is_told_and_shown_plainly(model: Callable, name: str, shown: str) -> None:
    translated, notes = convert(model(f'<bpmn:userTask id="t" name="{name}" camunda:assignee="bob"/>'))
    assert bpmn.parse(translated).processes["p"].nodes["t"].name == shown
    (note,) = (note for note in notes if note.kind == "impossible")
    assert name in note.text


def test_standard_performers_become_candidates(model: Callable, walk: Callable) -> None:
    owner = (
        "<bpmn:potentialOwner><bpmn:resourceAssignmentExpression><bpmn:formalExpression>user(kermit), group(managers), staff"
        "</bpmn:formalExpression></bpmn:resourceAssignmentExpression></bpmn:potentialOwner>"
    )
    (task,) = walk(imported(model(f'<bpmn:userTask id="t">{owner}</bpmn:userTask>'))).start().opened
    assert (task.users, task.groups) == (("kermit",), ("managers", "staff"))


def test_form_fields_become_a_form(model: Callable) -> None:
    fields = (
        '<bpmn:extensionElements><camunda:formData><camunda:formField id="amount" label="Amount" type="long">'
        '<camunda:validation><camunda:constraint name="required"/><camunda:constraint name="min" config="5"/>'
        '</camunda:validation></camunda:formField><camunda:formField id="kind" type="enum"><camunda:value id="a" name="A"/>'
        "</camunda:formField></camunda:formData></bpmn:extensionElements>"
    )
    process = imported(model(f'<bpmn:userTask id="t">{fields}</bpmn:userTask>'))
    assert '"key": "amount"' in process.forms["p_t_form"]
    assert '"min": 5' in process.forms["p_t_form"]
    form = process.nodes["t"].form
    assert form is not None
    assert form.form_id is not None
    assert form.form_id.text == "p_t_form"


@pytest.mark.parametrize(
    ("attributes", "type"),
    [
        ('camunda:class="org.example.Mailer"', "Mailer"),
        ('flowable:delegateExpression="${mailer}"', "mailer"),
        ('camunda:type="external" camunda:topic="mails"', "mails"),
        ('camunda:expression="${mailer.send(to)}"', "mailer.send"),
        ('flowable:type="mail"', "mail"),
    ],
)
def test_service_tasks_call_services(model: Callable, walk: Callable, attributes: str, type: str) -> None:
    field = '<bpmn:extensionElements><camunda:field name="text" expression="${greeting}!"/></bpmn:extensionElements>'
    inside = "" if "expression" in attributes.lower() else field
    case = walk(imported(model(f'<bpmn:serviceTask id="t" {attributes}>{inside}</bpmn:serviceTask>')))
    (job,) = case.start(to="bob", greeting="hi").opened
    assert isinstance(job, ServiceCalled)
    assert job.type == type
    assert job.data.get("text") == ("hi!" if inside else None)
    assert job.data.get("arg1") == ("bob" if "send" in attributes else None)


def test_expressions_of_service_tasks_become_scripts(model: Callable, walk: Callable) -> None:
    body = (
        '<bpmn:serviceTask id="a" camunda:expression="${x + 1}" camunda:resultVariable="y"/>'
        '<bpmn:serviceTask id="b" flowable:expression="${execution.setVariable(\'z\', y * 2)}"/>'
        '<bpmn:serviceTask id="c" camunda:expression="${true}"/>' + flow("a", "b") + flow("b", "c")
    )
    case = walk(imported(model(body)))
    assert case.start(x=1).ended
    assert case.outcome.data == {"x": 1, "y": 2, "z": 4}


def test_conditions_loops_and_counters_mean_what_they_meant(model: Callable, walk: Callable) -> None:
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="person">'
        "<bpmn:completionCondition>${nrOfCompletedInstances == 2}</bpmn:completionCondition>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    body = (
        f'<bpmn:userTask id="t" camunda:assignee="${{person}}">{loop}</bpmn:userTask><bpmn:exclusiveGateway id="g"/>'
        '<bpmn:userTask id="yes"/><bpmn:userTask id="no"/>'
        + flow("t", "g")
        + flow("g", "yes", "${ok}")
        + flow("g", "no", "${!ok}")
    )
    case = walk(imported(model(body)))
    opened = case.start(people=["a", "b", "c"], ok=False).opened
    assert [task.assignee for task in opened if isinstance(task, TaskOpened)] == ["a", "b", "c"]
    case.complete("t")
    case.complete("t")
    assert case.elements == ["no"]


@pytest.mark.parametrize("condition", ["${n > 3}", "${n < 3 && ok}", "${!(n <= 3 || n > 3) && order.sum >= 1}"])
@pytest.mark.parametrize(
    ("data", "open"),
    [
        ({"n": None, "ok": None, "order": {}}, ["no"]),
        ({"ok": True, "order": {}}, ["g"]),
        ({"n": "5", "ok": True, "order": {}}, ["g"]),
    ],
    ids=["null", "missing", "text"],
)
def test_null_is_neither_less_nor_more_but_an_unknown_variable_is_a_fault(
    model: Callable, walk: Callable, condition: str, data: dict[str, Any], open: list[str]
) -> None:
    written = condition.replace("&", "&amp;").replace("<", "&lt;")
    body = (
        '<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g"/><bpmn:userTask id="yes"/><bpmn:userTask id="no"/>'
        + flow("s", "g") + flow("g", "yes", written) + flow("g", "no")
    )  # fmt: skip
    case = walk(imported(model(body)))
    outcome = case.start(**data)
    assert case.elements + [item.element for item in outcome.incidents] == open


def test_a_number_of_instances_counts_from_zero_as_before(model: Callable, walk: Callable) -> None:
    loop = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>${n}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    body = f'<bpmn:userTask id="t" camunda:assignee="user${{loopCounter}}">{loop}</bpmn:userTask>'
    assert [task.assignee for task in walk(imported(model(body))).start(n=2).opened] == ["user0", "user1"]
    assert walk(imported(model(body))).start(n=0).ended


def test_called_processes_get_only_what_is_mapped(model: Callable, walk: Callable, load: Callable) -> None:
    mapped = (
        '<bpmn:extensionElements><camunda:in source="a" target="x"/><camunda:in sourceExpression="${a * 10}" target="z"/>'
        '<camunda:out source="y" target="result"/></bpmn:extensionElements>'
    )
    case = walk(
        imported(model(f'<bpmn:callActivity id="c" calledElement="called">{mapped}</bpmn:callActivity>')),
        called=load("called"),
    )
    case.start(a=1, secret=2)
    assert case.complete("inner").ended
    assert case.outcome.data == {"a": 1, "secret": 2, "result": 11}


def test_nothing_goes_into_a_called_process_without_a_mapping(model: Callable, walk: Callable, load: Callable) -> None:
    case = walk(imported(model('<bpmn:callActivity id="c" calledElement="called"/>')), called=load("called"))
    (task,) = case.start(x=1, z=1).opened
    case.complete("inner")
    assert case.outcome.data == {"x": 1, "z": 1}
    assert task.element == "inner"


def test_parameters_become_mappings(model: Callable, walk: Callable) -> None:
    parameters = (
        '<bpmn:extensionElements><camunda:inputOutput><camunda:inputParameter name="plain">1</camunda:inputParameter>'
        '<camunda:inputParameter name="list"><camunda:list><camunda:value>${a}</camunda:value><camunda:value>b</camunda:value>'
        '</camunda:list></camunda:inputParameter><camunda:outputParameter name="out">${answer + 1}</camunda:outputParameter>'
        "</camunda:inputOutput></bpmn:extensionElements>"
    )
    case = walk(imported(model(f'<bpmn:userTask id="t">{parameters}</bpmn:userTask>')))
    (task,) = case.start(a="x").opened
    assert task.local == {"plain": "1", "list": ["x", "b"]}
    assert case.complete("t", answer=1).ended
    assert case.outcome.data == {"a": "x", "answer": 1, "out": 2}


def test_an_error_that_nobody_catches_ends_its_path_as_in_camunda_7(model: Callable, walk: Callable) -> None:
    body = (
        '<bpmn:startEvent id="s"/><bpmn:parallelGateway id="g"/><bpmn:userTask id="t"/>'
        '<bpmn:endEvent id="e"><bpmn:errorEventDefinition errorRef="anything"/></bpmn:endEvent>'
        + flow("s", "g") + flow("g", "t") + flow("g", "e")
    )  # fmt: skip
    case = walk(imported(model(body)))
    assert not case.start().incidents
    assert case.elements == ["t"]


def test_a_receive_task_without_message_waits_for_one_of_its_name(model: Callable, walk: Callable) -> None:
    case = walk(imported(model('<bpmn:receiveTask id="wait"/>')))
    (awaited,) = case.start().opened
    assert (awaited.message, awaited.correlation_key) == ("wait", None)
    assert case.take(stimuli.ReceiveMessage(awaited.token)).ended


def test_listeners_that_set_variables_do_so_in_the_case(model: Callable, walk: Callable) -> None:
    listener = (
        '<bpmn:extensionElements><camunda:executionListener event="start" expression="${execution.setVariable(\'n\', 1)}"/>'
        '<camunda:executionListener event="end" class="org.example.Log"/></bpmn:extensionElements>'
    )
    case = walk(imported(model(f'<bpmn:userTask id="t">{listener}</bpmn:userTask>')))
    outcome = case.start()
    assert outcome.data == {"n": 1}
    (job,) = case.complete("t", m=2).opened
    assert (job.type, case.outcome.data) == ("Log", {"n": 1, "m": 2})


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (flow("a", "b", "${execution.parent.id == 1}"), "condition"),
        (
            flow("a", "b").replace(
                "</", '<bpmn:conditionExpression language="groovy">x.any { it }</bpmn:conditionExpression></', 1
            ),
            "condition",
        ),
        ('<bpmn:serviceTask id="c" camunda:type="shell"/>', "type"),
        ('<bpmn:callActivity id="c" camunda:caseRef="x"/>', "caseRef"),
    ],
)
def test_what_the_process_cannot_run_without_is_refused(model: Callable, body: str, what: str) -> None:
    with pytest.raises(FaultsFound) as raised:
        bpmn.parse(model('<bpmn:task id="a"/><bpmn:task id="b"/>' + body))
    faults: Any = [fault for fault in raised.value.faults if fault.code == "expression-foreign"]
    assert [fault.details["place"] for fault in faults] == [what]


def test_the_report_says_what_was_translated_kept_or_impossible(model: Callable) -> None:
    body = (
        '<bpmn:userTask id="t" name="Task" camunda:assignee="${a}" camunda:owner="x" camunda:asyncBefore="true">'
        '<bpmn:extensionElements><camunda:taskListener event="create" class="org.example.Tell"/></bpmn:extensionElements>'
        "</bpmn:userTask>"
    )
    notes = {note.code: note for note in bpmn.parse(model(body)).notes}
    assert (notes["assignee"].kind, notes["assignee"].text) == ("translated", "assignee: ${a} -> =a")
    assert notes["owner"].kind == "kept"
    assert notes["taskListener"].kind == "kept"
    assert (notes["taskListener"].element, notes["taskListener"].name) == ("t", "Task")
    assert "1 attributes" in notes["async"].text


def test_a_converted_file_is_written_in_the_dialect_and_runs_alike(model: Callable, walk: Callable) -> None:
    body = (
        '<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g"/><bpmn:userTask id="t" camunda:assignee="${a}"/>'
        '<bpmn:endEvent id="e"><bpmn:errorEventDefinition errorRef="gone"/></bpmn:endEvent>'
        + flow("s", "g") + flow("g", "t", "${n == 1}") + flow("g", "e", "${n != 1}")
    )  # fmt: skip
    drawing = '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" id="drawing"/>'
    xml, notes = convert(model(body).replace(b"</bpmn:definitions>", drawing.encode() + b"</bpmn:definitions>"))
    assert b"camunda:assignee" not in xml
    assert b"${" not in xml.replace(b"c7:", b"")
    assert b"BPMNDiagram" in xml
    assert notes
    diagram = bpmn.parse(xml)
    assert diagram.notes == [], "there is nothing left to translate"
    process = diagram.processes["p"]
    case = walk(process)
    case.start(n=1, a="bob")
    assert case.elements == ["t"]
    assert walk(process).start(n=2).ended, "the uncaught error ends its path in the converted file too"


def test_quartz_lines_lose_their_question_marks_and_years(model: Callable) -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeCycle>0 0/5 * * * ? 2026</bpmn:timeCycle></bpmn:timerEventDefinition>"
    process = imported(model(f'<bpmn:startEvent id="s">{timer}</bpmn:startEvent><bpmn:task id="t"/>' + flow("s", "t")))
    event = process.nodes["s"].event
    assert event is not None
    assert event.expression is not None
    assert event.expression.text == "0 0/5 * * * *"


def test_what_no_rule_knows_is_kept_as_a_property_and_told(model: Callable) -> None:
    body = (
        '<bpmn:userTask id="t" flowable:category="blue"><bpmn:extensionElements>'
        "<flowable:eventType>order</flowable:eventType></bpmn:extensionElements></bpmn:userTask>"
    )
    diagram = bpmn.parse(model(body))
    assert {(note.code, note.kind) for note in diagram.notes} == {("category", "kept"), ("eventType", "impossible")}
    assert diagram.processes["p"].nodes["t"].properties == {"c7:category": "blue", "c7:eventType": "order"}


def test_a_single_flow_without_condition_is_the_default(model: Callable, walk: Callable) -> None:
    body = (
        '<bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g"/><bpmn:userTask id="a"/><bpmn:userTask id="b"/>'
        + flow("s", "g") + flow("g", "a", "${n == 1}") + flow("g", "b")
    )  # fmt: skip
    case = walk(imported(model(body)))
    case.start(n=2)
    assert case.elements == ["b"]


def test_a_descriptive_model_of_another_tool_opens(model: Callable) -> None:
    drawn = (
        '<bpmn:laneSet><bpmn:lane name="Office"><bpmn:flowNodeRef>t</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
        '<bpmn:startEvent id="s"/><bpmn:task id="t" name="Task"/><bpmn:endEvent id="e"/>'
        '<bpmn:dataObject id="d"/><bpmn:dataObjectReference id="r" dataObjectRef="d"/><bpmn:textAnnotation id="x"/>'
        '<bpmn:group id="g"/><bpmn:association id="a" sourceRef="t" targetRef="x"/>' + flow("s", "t") + flow("t", "e")
    )
    pools = (
        '<bpmn:collaboration id="c"><bpmn:participant id="one" processRef="p"/><bpmn:participant id="two"/>'
        '<bpmn:messageFlow id="m" sourceRef="two" targetRef="t"/></bpmn:collaboration>'
    )
    process = imported(model(drawn, pools).replace(b'isExecutable="true"', b'isExecutable="false"'))
    assert process.nodes["t"].lane == "Office"
    assert process.lanes == ["Office"]


def test_the_only_start_event_starts_a_process_whatever_its_kind(model: Callable, walk: Callable) -> None:
    body = (
        '<bpmn:startEvent id="s"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent><bpmn:userTask id="t"/>'
    )
    case = walk(imported(model(body + flow("s", "t"), '<bpmn:message id="m" name="m"/>')))
    case.start()
    assert case.elements == ["t"]


def test_an_error_always_interrupts(model: Callable, walk: Callable) -> None:
    body = (
        '<bpmn:userTask id="t"/><bpmn:boundaryEvent id="b" attachedToRef="t" cancelActivity="false">'
        '<bpmn:errorEventDefinition/></bpmn:boundaryEvent><bpmn:userTask id="u"/>' + flow("b", "u")
    )
    case = walk(imported(model(body)))
    case.start()
    case.take(stimuli.ThrowError(case.token("t"), "ANY"))
    assert case.elements == ["u"]
