"""What only Camunda 7, Flowable or Activiti have: translated where the dialect allows, else told with the reason."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.convert import convert
from engine.bpmn.outcome import MessageAwaited, MessageSent, ServiceCalled, TaskOpened, TimerOpened


def extended(tag: str, inside: str, attributes: str = "", body: str = "") -> str:
    return (
        f'<bpmn:{tag} id="t"{attributes}><bpmn:extensionElements>{inside}</bpmn:extensionElements>{body}</bpmn:{tag}>'
    )


def listener(event: str, what: str = 'class="org.example.Tell"', inside: str = "") -> str:
    return f'<camunda:taskListener event="{event}" {what}>{inside}</camunda:taskListener>'


def notes_of(xml: bytes) -> dict[str, tuple[str, str]]:
    return {note.code: (note.kind, note.text) for note in bpmn.parse(xml).notes}


@pytest.fixture
def run(document: Callable[..., bytes], walk: Callable) -> Callable[..., Any]:
    """The process as it stands, and again from the file that the conversion writes."""

    def begin(body: str, converted: bool = True, tops: str = "") -> Any:
        xml = document(body, tops)
        return walk(bpmn.parse(convert(xml)[0] if converted else xml).processes["p"])

    return begin


@pytest.mark.parametrize("converted", [False, True])
def test_create_and_complete_listeners_are_services_around_the_task(run: Callable, converted: bool) -> None:
    case = run(
        extended("userTask", listener("create") + listener("complete", 'delegateExpression="${seen}"')), converted
    )
    (job,) = case.start().opened
    assert isinstance(job, ServiceCalled)
    assert (job.type, dict(job.headers)) == ("Tell", {"listener": "creating"})
    (task,) = case.take(stimuli.CompleteService(job.token)).opened
    assert isinstance(task, TaskOpened)
    (job,) = case.complete("t").opened
    assert isinstance(job, ServiceCalled)
    assert (job.type, dict(job.headers)) == ("seen", {"listener": "completing"})


def test_a_listener_of_the_completion_that_sets_a_variable_keeps_nothing_back(run: Callable) -> None:
    case = run(extended("userTask", listener("complete", "expression=\"${task.setVariable('sum', n + 1)}\"")))
    case.start()
    outcome = case.complete("t", n=2)
    assert outcome.data == {"n": 2, "sum": 3}


def test_a_timeout_listener_is_a_timer_beside_the_task(run: Callable) -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
    case = run(extended("userTask", listener("timeout", inside=timer)))
    timers = [item for item in case.start().opened if isinstance(item, TimerOpened)]
    (job,) = case.take(stimuli.FireTimer(timers[0].token)).opened
    assert isinstance(job, ServiceCalled)
    assert job.type == "Tell"
    assert "t" in case.elements


@pytest.mark.parametrize(
    ("event", "there"), [("assignment", "assigning"), ("update", "updating"), ("delete", "canceling")]
)
def test_listeners_hear_of_a_task_that_is_changed(document: Callable[..., bytes], event: str, there: str) -> None:
    xml = document(extended("userTask", listener(event)))
    kind, text = notes_of(xml)["taskListener"]
    assert (kind, "Tell" in text) == ("kept", True)
    [found] = bpmn.parse(xml).processes["p"].nodes["t"].listeners
    assert (found.event, found.type.text) == (there, "Tell")


def test_events_gateways_flows_and_the_process_are_listened_to(run: Callable) -> None:
    def note(event: str, name: str) -> str:
        return f'<bpmn:extensionElements><camunda:executionListener event="{event}" expression="${{execution.setVariable(\'{name}\', true)}}"/></bpmn:extensionElements>'

    body = (
        note("start", "process")
        + f'<bpmn:startEvent id="s">{note("start", "start")}</bpmn:startEvent><bpmn:exclusiveGateway id="g">{note("end", "gate")}</bpmn:exclusiveGateway>'
        f'<bpmn:userTask id="u"/><bpmn:endEvent id="e">{note("end", "end")}<bpmn:terminateEventDefinition/></bpmn:endEvent>'
        f'<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="g">{note("take", "flow")}</bpmn:sequenceFlow><bpmn:sequenceFlow id="f2" sourceRef="g" targetRef="u"/>'
        '<bpmn:sequenceFlow id="f3" sourceRef="u" targetRef="e"/>'
    )
    case = run(body)
    assert sorted(case.start().data) == ["flow", "gate", "process", "start"]
    assert "end" in case.complete("u").data


@pytest.mark.parametrize(
    ("switch", "left", "open"),
    [({}, True, ["t"]), ({"_FLOWABLE_SKIP_EXPRESSION_ENABLED": True}, True, ["n"]), ({"_FLOWABLE_SKIP_EXPRESSION_ENABLED": True}, False, ["t"])],
)  # fmt: skip
def test_an_activity_is_skipped_when_flowable_would_skip_it(
    run: Callable, switch: dict[str, bool], left: bool, open: list[str]
) -> None:
    body = '<bpmn:userTask id="t" flowable:skipExpression="${left}"/><bpmn:userTask id="n"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="n"/>'
    case = run(body)
    case.start(left=left, **switch)
    assert case.elements == open


def test_items_of_a_multi_instance_are_skipped_one_by_one(walk: Callable) -> None:
    loop = '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2, 3]" inputElement="item"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
    case = walk(f'<bpmn:userTask id="t" bihuan:skip="=item = 2">{loop}</bpmn:userTask>')
    outcome = case.start()
    assert [item.local["item"] for item in outcome.opened if isinstance(item, TaskOpened)] == [1, 3]
    assert [event.element for event in outcome.events if event.kind == "skipped"] == ["t"]
    case.complete("t")
    assert case.complete("t").ended


def test_a_skip_condition_that_is_neither_true_nor_false_is_an_incident(walk: Callable) -> None:
    (incident,) = walk('<bpmn:userTask id="t" bihuan:skip="=missing"/>').start().incidents
    assert incident.detail["missing"] == ["missing"]


def test_exceptions_that_stand_for_errors_are_told_to_the_service(
    run: Callable, document: Callable[..., bytes]
) -> None:
    body = extended(
        "serviceTask",
        '<camunda:mapException errorCode="LATE">org.example.TooLate</camunda:mapException>',
        ' camunda:class="org.example.Send"',
    )
    (job,) = run(body).start().opened
    assert isinstance(job, ServiceCalled)
    assert job.headers == {"error for TooLate": "LATE"}
    kind, text = notes_of(document(body))["mapException"]
    assert (kind, "has to throw the error LATE" in text) == ("kept", True)


def test_an_event_of_the_registry_is_a_message(run: Callable) -> None:
    caught = (
        '<flowable:eventType>paid</flowable:eventType><flowable:eventCorrelationParameter name="order" value="${order}"/>'
        '<flowable:eventOutParameter source="sum" target="amount"/>'
    )
    case = run(extended("intermediateCatchEvent", caught))
    (awaited,) = case.start(order=7).opened
    assert isinstance(awaited, MessageAwaited)
    assert (awaited.message, awaited.correlation_key) == ("paid", "7")
    assert case.take(stimuli.ReceiveMessage(awaited.token, {"sum": 5})).data == {"order": 7, "amount": 5}


def test_an_event_of_the_registry_starts_a_case(document: Callable[..., bytes]) -> None:
    body = extended("startEvent", "<flowable:eventType>paid</flowable:eventType>")
    (start,) = bpmn.parse(document(body)).processes["p"].starts
    assert (start.kind, start.message) == ("message", "paid")


def test_sending_an_event_of_the_registry_is_sending_a_message(run: Callable) -> None:
    sent = '<flowable:eventType>paid</flowable:eventType><flowable:eventInParameter sourceExpression="${a + 1}" target="sum"/><flowable:eventInParameter source="order" target="order"/>'
    outcome = run(extended("serviceTask", sent, ' flowable:type="send-event"')).start(a=4, order="x")
    assert outcome.sent == [MessageSent(message="paid", data={"sum": 5, "order": "x"})]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('<bpmn:callActivity id="t" calledElement="c" camunda:calledElementBinding="version" camunda:calledElementVersion="3"/>', "calledElementVersion"),
        ('<bpmn:businessRuleTask id="t" camunda:decisionRef="d" camunda:decisionRefBinding="version" camunda:decisionRefVersion="3"/>', "decisionRefVersion"),
        ('<bpmn:userTask id="t" camunda:formRef="f" camunda:formRefBinding="version" camunda:formRefVersion="3"/>', "formRefVersion"),
    ],
)  # fmt: skip
def test_a_version_by_number_cannot_be_had_and_the_reason_is_told(
    document: Callable[..., bytes], body: str, code: str
) -> None:
    kind, text = notes_of(document(body))[code]
    assert kind == "impossible"
    assert "give that version a tag" in text


@pytest.mark.parametrize("kind", ["decision", "form"])
def test_what_came_with_the_deployment_stays_bound_to_it(document: Callable[..., bytes], kind: str) -> None:
    body = {
        "decision": '<bpmn:businessRuleTask id="t" camunda:decisionRef="d" camunda:decisionRefBinding="deployment"/>',
        "form": '<bpmn:userTask id="t" camunda:formRef="f" camunda:formRefBinding="deployment"/>',
    }[kind]
    node = bpmn.parse(document(body)).processes["p"].nodes["t"]
    bound = node.call if kind == "decision" else node.form
    assert bound is not None
    assert bound.binding == "deployment"


def test_variable_events_limit_when_a_condition_is_looked_at(document: Callable[..., bytes]) -> None:
    body = '<bpmn:intermediateCatchEvent id="t"><bpmn:conditionalEventDefinition camunda:variableName="n" camunda:variableEvents="update, delete"><bpmn:condition>${n == 1}</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>'
    diagram = bpmn.parse(document(body))
    event = diagram.processes["p"].nodes["t"].event
    assert event is not None
    assert (event.variables, event.changes) == ({"n"}, {"update"})
    assert [note.kind for note in diagram.notes if note.code == "variableEvents"] == ["impossible"]


def test_names_of_messages_and_signals_by_expression(run: Callable) -> None:
    body = '<bpmn:intermediateCatchEvent id="t"><bpmn:messageEventDefinition flowable:messageExpression="${which}"/></bpmn:intermediateCatchEvent>'
    (awaited,) = run(body).start(which="m-1").opened
    assert awaited.message == "m-1"
    body = '<bpmn:intermediateCatchEvent id="t"><bpmn:signalEventDefinition flowable:signalExpression="${which}"/></bpmn:intermediateCatchEvent>'
    (awaited,) = run(body).start(which="s-1").opened
    assert awaited.signal == "s-1"


def test_a_message_without_key_is_told(document: Callable[..., bytes]) -> None:
    tops = '<bpmn:message id="m" name="m"/>'
    body = '<bpmn:receiveTask id="t" messageRef="m"/>'
    assert notes_of(document(body, tops))["correlation"][0] == "kept"


@pytest.mark.parametrize(("wide", "open"), [("", ["n", "o"]), (' flowable:terminateAll="true"', [])])
def test_an_end_event_may_end_the_whole_case(run: Callable, wide: str, open: list[str]) -> None:
    inner = f'<bpmn:userTask id="a"/><bpmn:endEvent id="e"><bpmn:terminateEventDefinition{wide}/></bpmn:endEvent><bpmn:sequenceFlow id="f1" sourceRef="a" targetRef="e"/>'
    body = f'<bpmn:subProcess id="x">{inner}</bpmn:subProcess><bpmn:userTask id="n" camunda:asyncBefore="true"/><bpmn:userTask id="o"/><bpmn:sequenceFlow id="f2" sourceRef="x" targetRef="n"/>'
    case = run(body)
    case.start()
    assert case.complete("a").ended is not bool(open)
    assert case.elements == open


def test_the_login_of_who_starts_a_case_gets_the_name_that_the_model_wants(run: Callable) -> None:
    outcome = run('<bpmn:startEvent id="t" camunda:initiator="starter"/>').start(initiator={"login": "alice"})
    assert outcome.data["starter"] == "alice"


@pytest.mark.parametrize("mark", [' camunda:asyncBefore="true"', ' zeebe:mark=""'], ids=["Camunda 7", "Camunda 8"])
def test_all_handlers_begin_at_once_the_last_first_and_the_event_waits_for_them(walk: Callable, mark: str) -> None:
    def undone(id: str) -> str:
        return (
            f'<bpmn:userTask id="{id}"{mark}/><bpmn:boundaryEvent id="of_{id}" attachedToRef="{id}"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>'
            f'<bpmn:userTask id="undo_{id}" isForCompensation="true"/><bpmn:association id="with_{id}" sourceRef="of_{id}" targetRef="undo_{id}"/>'
        )

    body = undone("a") + undone("b") + '<bpmn:endEvent id="e"><bpmn:compensateEventDefinition/></bpmn:endEvent>'
    body += (
        '<bpmn:sequenceFlow id="f" sourceRef="a" targetRef="b"/><bpmn:sequenceFlow id="g" sourceRef="b" targetRef="e"/>'
    )
    case = walk(body)
    case.start()
    case.complete("a")
    opened = case.complete("b").opened
    assert [each.element for each in opened] == ["undo_b", "undo_a"]
    assert not case.complete("undo_a").ended
    assert case.complete("undo_b").ended
