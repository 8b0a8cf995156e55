"""What the conditions of an imported model ask is answered by the step before: its buttons say what the flows say."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine import bpmn, forms
from engine.checks import Package


def flow(id: str, source: str, target: str, condition: str = "", name: str = "") -> str:
    inside = f"<bpmn:conditionExpression><![CDATA[{condition}]]></bpmn:conditionExpression>" if condition else ""
    return f'<bpmn:sequenceFlow id="{id}" name="{name}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'


def decided(yes: str, no: str, task: str = "", names: tuple[str, str] = ("同意", "不同意")) -> str:
    """A task, a gateway behind it and two ways."""
    return (
        f'<bpmn:startEvent id="s"/><bpmn:userTask id="t" flowable:formKey="/old/page" {task}/><bpmn:exclusiveGateway id="g"/>'
        '<bpmn:userTask id="a"/><bpmn:userTask id="b"/>'
        + flow("f", "s", "t") + flow("k", "t", "g") + flow("y", "g", "a", yes, names[0]) + flow("n", "g", "b", no, names[1])
    )  # fmt: skip


def form_of(xml: bytes, element: str = "t") -> Any:
    process = bpmn.parse(xml).processes["p"]
    text = process.forms.get(f"p_{element}_form")
    return None if text is None else json.loads(text)


def test_a_truth_that_conditions_ask_for_is_two_buttons_with_the_words_of_the_flows(
    document: Callable[..., bytes],
) -> None:
    xml = document(decided("${isPass}", "${!isPass}"))
    form = forms.parse(form_of(xml))
    assert [(each.value, each.label) for each in form.outcomes] == [("true", "同意"), ("false", "不同意")]
    node = bpmn.parse(xml).processes["p"].nodes["t"]
    assert node.properties["bihuan:outcome"] == "isPass"
    assert node.properties["c7:formKey"] == "/old/page"


@pytest.mark.parametrize("converted", [False, True])
@pytest.mark.parametrize(("answer", "way"), [("true", "a"), (True, "a"), ("false", "b"), (False, "b")])
def test_a_button_and_a_program_that_sends_a_truth_go_the_same_way(
    document: Callable[..., bytes], walk: Callable, converted: bool, answer: object, way: str
) -> None:
    xml = document(decided("${isPass}", "${isPass == false}"))
    case = walk(bpmn.parse(bpmn.convert(xml)[0] if converted else xml).processes["p"])
    case.start()
    case.complete("t", isPass=answer)
    assert case.elements == [way]


def test_values_are_the_buttons_and_the_way_without_condition_is_another(document: Callable[..., bytes]) -> None:
    form = form_of(document(decided("${outcome == '批准'}", "${'驳回'.equals(outcome)}")))
    assert [item["value"] for item in form["outcomes"]] == ["批准", "驳回"]
    form = form_of(document(decided("${decision == 'approve'}", "", names=("通过", "退回"))))
    assert [(item["value"], item["label"]) for item in form["outcomes"]] == [("approve", "通过"), ("退回", "退回")]


def test_a_number_is_a_field_that_must_be_filled(document: Callable[..., bytes]) -> None:
    form = form_of(document(decided("${days > 3}", "${days <= 3}")))
    assert form["components"] == [
        {"type": "number", "id": "field_days", "key": "days", "label": "days", "validate": {"required": True}}
    ]
    assert "outcomes" not in form


def test_who_does_the_next_step_is_chosen_in_the_step_before_unless_it_is_who_began(
    document: Callable[..., bytes],
) -> None:
    body = '<bpmn:userTask id="t"/><bpmn:userTask id="a" camunda:assignee="${approver}"/><bpmn:userTask id="b" camunda:assignee="${applyUserId}"/>'
    xml = document(body + flow("f", "t", "a") + flow("g", "a", "b"))
    assert form_of(xml)["components"] == [
        {"type": "textfield", "id": "field_approver", "key": "approver", "label": "approver"}
    ]
    assert form_of(xml, "a") is None


def test_several_truths_are_check_boxes(document: Callable[..., bytes]) -> None:
    form = form_of(document(decided("${urgent && paid}", "${!urgent}")))
    assert [(item["key"], item["type"]) for item in form["components"]] == [
        ("urgent", "checkbox"),
        ("paid", "checkbox"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        decided("${score > 3}", "${score <= 3}").replace('<bpmn:exclusiveGateway id="g"/>', '<bpmn:exclusiveGateway id="g"/><bpmn:serviceTask id="m" camunda:class="Score"/>').replace('targetRef="g"', 'targetRef="m"') + flow("j", "m", "g"),
        decided("${initiator == 'x'}", "${nrOfInstances == 1}"),
        decided("${a == b}", "${a != b}"),
        decided("${ok}", "${!ok}").replace('flowable:formKey="/old/page" ', 'camunda:formRef="mine"'),
    ],
    ids=["a service writes it", "the engine writes it", "it has no values", "the model brings a form"],
)  # fmt: skip
def test_nothing_is_asked_that_somebody_else_answers(document: Callable[..., bytes], body: str) -> None:
    assert form_of(document(body)) is None


def test_votes_that_a_listener_counts_are_asked_of_nobody(document: Callable[..., bytes]) -> None:
    counting = (
        '<bpmn:extensionElements><flowable:taskListener event="complete" class="a.Count"/></bpmn:extensionElements>'
    )
    body = decided("${against > 0}", "${against == 0}").replace(
        '<bpmn:userTask id="t" flowable:formKey="/old/page" />', f'<bpmn:userTask id="t">{counting}</bpmn:userTask>'
    )
    assert form_of(document(body)) is None


def test_who_does_a_task_is_what_the_service_of_its_listener_answers_and_only_this_once(
    document: Callable[..., bytes], walk: Callable
) -> None:
    listening = '<bpmn:extensionElements><flowable:taskListener event="create" delegateExpression="${chooses}"/></bpmn:extensionElements>'
    body = f'<bpmn:userTask id="t">{listening}</bpmn:userTask><bpmn:userTask id="u">{listening}</bpmn:userTask>' + flow(
        "f", "t", "u"
    )
    case = walk(bpmn.parse(document(body)).processes["p"])
    answers = iter([{"assignee": "bob"}, {"candidateGroups": ["chief"]}])
    case.host.services["chooses"] = lambda data, headers: next(answers)
    (first,) = case.start().opened
    assert (first.assignee, first.groups) == ("bob", ())
    (second,) = case.complete("t").opened
    assert (second.assignee, second.groups) == (None, ("chief",))
    assert "assignee" not in case.outcome.data


def test_a_listener_of_the_start_may_say_who_signs(document: Callable[..., bytes], walk: Callable) -> None:
    """Flowable calls it before the items are counted, Camunda 7 for each item."""
    loop = '<bpmn:multiInstanceLoopCharacteristics {0}:collection="people" {0}:elementVariable="who"/>'
    listener = '<bpmn:extensionElements><{0}:executionListener event="start" expression="${{execution.setVariable(\'people\', everybody)}}"/></bpmn:extensionElements>'
    task = (
        '<bpmn:startEvent id="s"/><bpmn:userTask id="t" {0}:assignee="${{who}}">' + listener + loop + "</bpmn:userTask>"
    )
    flowing = flow("f", "s", "t")
    outcome = walk(bpmn.parse(document(task.format("flowable") + flowing)).processes["p"]).start(everybody=["a", "b"])
    assert [opened.assignee for opened in outcome.opened] == ["a", "b"]
    assert walk(bpmn.parse(document(task.format("camunda") + flowing)).processes["p"]).start(everybody=["a"]).incidents


@pytest.mark.parametrize(("count", "done"), [("2", ["a", "b"]), ("${n}", ["a"]), ("3", ["a", "b", None])])
def test_a_number_beside_the_collection_says_how_many_of_it(
    document: Callable[..., bytes], walk: Callable, count: str, done: list[str | None]
) -> None:
    loop = f'<bpmn:multiInstanceLoopCharacteristics flowable:collection="people" flowable:elementVariable="who"><bpmn:loopCardinality>{count}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>'
    people = ["a", "b"] if count == "3" else ["a", "b", "c"]
    outcome = walk(bpmn.parse(document(f'<bpmn:userTask id="t">{loop}</bpmn:userTask>')).processes["p"]).start(
        people=people, n=1
    )
    assert [opened.local["who"] for opened in outcome.opened] == done


def test_what_a_listener_is_given_are_headers_of_its_service(document: Callable[..., bytes], walk: Callable) -> None:
    inside = (
        '<flowable:executionListener event="start" expression="${flow.state(execution, \'3\', days)}"/>'
        '<flowable:executionListener event="end" class="a.Log"><flowable:field name="kind" stringValue="late"/></flowable:executionListener>'
    )
    case = walk(
        bpmn.parse(
            document(f'<bpmn:userTask id="t"><bpmn:extensionElements>{inside}</bpmn:extensionElements></bpmn:userTask>')
        ).processes["p"]
    )
    called: list[tuple[str, dict[str, str]]] = []
    for name in ("flow.state", "Log"):
        case.host.services[name] = lambda data, headers, name=name: called.append((name, dict(headers))) or {}
    case.start(days=1)
    case.complete("t")
    assert called == [
        ("flow.state", {"listener": "start", "arg2": "3", "arg3": "=days"}),
        ("Log", {"listener": "end", "kind": "late"}),
    ]


def test_properties_and_what_a_designer_of_ones_own_wrote_are_kept_whole(document: Callable[..., bytes]) -> None:
    inside = (
        '<camunda:properties><camunda:property name="KPI" value="30"/></camunda:properties>'
        '<flowable:candidateStrategy>21</flowable:candidateStrategy><flowable:permission field="a"/><flowable:permission field="b"/>'
    )
    diagram = bpmn.parse(
        document(
            f'<bpmn:userTask id="t" flowable:dataType="ROLES"><bpmn:extensionElements>{inside}</bpmn:extensionElements></bpmn:userTask>'
        )
    )
    kept = {
        name: value for name, value in diagram.processes["p"].nodes["t"].properties.items() if name.startswith("c7:")
    }
    assert kept == {
        "c7:KPI": "30",
        "c7:candidateStrategy": "21",
        "c7:permission": "a",
        "c7:permission 2": "b",
        "c7:dataType": "ROLES",
    }
    assert {note.kind for note in diagram.notes} == {"kept"}


def test_models_that_name_their_steps_alike_have_forms_of_their_own(document: Callable[..., bytes]) -> None:
    xml = document(decided("${isPass}", "${!isPass}"))
    package = Package()
    package.add_diagram("one.bpmn", xml.decode())
    package.add_diagram("two.bpmn", xml.decode().replace('id="p"', 'id="q"'))
    assert {form.id for _text, form in package.forms.values()} == {"p_t_form", "q_t_form"}
    assert not package.faults
