"""Listeners: services before and after the work of an element, and around a person's task."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.listening import Denied
from engine.bpmn.outcome import ServiceCalled, TaskOpened
from engine.errors import FaultsFound, Invalid

TASK = (
    '<bpmn:userTask id="t" name="Task"><bpmn:extensionElements><zeebe:userTask/>'
    '<zeebe:assignmentDefinition assignee="=proposed"/><zeebe:taskListeners>{0}</zeebe:taskListeners>'
    "</bpmn:extensionElements></bpmn:userTask>"
)
CREATING = '<zeebe:taskListener eventType="creating" type="propose" retries="5"/>'
COMPLETING = '<zeebe:taskListener eventType="completing" type="examine"/>'


def events(listeners: str) -> str:
    return f"<bpmn:extensionElements><zeebe:executionListeners>{listeners}</zeebe:executionListeners></bpmn:extensionElements>"


def listener(event: str, type: str = "note") -> str:
    return f'<zeebe:executionListener eventType="{event}" type="{type}"/>'


def test_a_service_decides_who_gets_a_task_before_it_opens(walk: Callable) -> None:
    case = walk(TASK.format(CREATING))
    case.host.services["propose"] = lambda data, headers: {"proposed": f"bob after {headers['listener']}"}
    (task,) = case.start().opened
    assert isinstance(task, TaskOpened)
    assert task.assignee == "bob after creating"


def test_a_task_opens_only_when_the_job_before_it_is_done(walk: Callable) -> None:
    case = walk(TASK.format(CREATING))
    (job,) = case.start().opened
    assert isinstance(job, ServiceCalled)
    assert (job.type, job.retries, job.element) == ("propose", 5, "t")
    (task,) = case.take(stimuli.CompleteService(job.token, {"proposed": "bob"})).opened
    assert isinstance(task, TaskOpened)
    assert (task.token, task.assignee) == (job.token, "bob")


def test_boundary_events_wait_while_a_task_is_being_opened(walk: Callable) -> None:
    timer = '<bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>'
    case = walk(TASK.format(CREATING) + timer)
    case.start()
    assert case.elements == ["b", "t"]
    assert case.take(stimuli.FireTimer(case.token("b"))).ended


def test_a_service_corrects_what_was_submitted(walk: Callable) -> None:
    case = walk(TASK.format(COMPLETING))
    case.host.services["examine"] = lambda data, headers: {"amount": data["amount"] + 1}
    case.start(amount=0)
    outcome = case.complete("t", amount=4, note="n")
    assert outcome.ended
    assert outcome.data == {"amount": 5, "note": "n"}


def test_a_service_denies_a_completion_and_nothing_has_happened(walk: Callable) -> None:
    def examine(data: Any, headers: Mapping[str, str]) -> Any:
        raise bpmn.ServiceError("TOO_MUCH", "The amount is too high.")

    case = walk(TASK.format(COMPLETING))
    case.host.services["examine"] = examine
    before = case.start()
    with pytest.raises(Invalid, match=r"The amount is too high\."):
        case.complete("t", amount=4)
    assert case.outcome is before


def test_a_job_corrects_or_denies_what_was_submitted(walk: Callable) -> None:
    case = walk(TASK.format(COMPLETING))
    case.start()
    (job,) = case.complete("t", amount=4).opened
    assert isinstance(job, ServiceCalled)
    assert job.data["amount"] == 4
    assert "amount" not in case.outcome.data
    (task,) = case.take(stimuli.ThrowError(job.token, "NO")).opened
    assert isinstance(task, TaskOpened)
    (job,) = case.complete("t", amount=5).opened
    outcome = case.take(stimuli.CompleteService(job.token, {"note": "seen"}))
    assert outcome.ended
    assert outcome.data == {"amount": 5, "note": "seen"}


def test_a_refused_opening_is_an_incident_that_can_be_tried_again(walk: Callable) -> None:
    answers: list[Any] = [bpmn.ServiceError("NO", "nobody"), {"proposed": "bob"}]

    def propose(data: Any, headers: Mapping[str, str]) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    case = walk(TASK.format(CREATING))
    case.host.services["propose"] = propose
    (incident,) = case.start().incidents
    assert incident.reason == "The listener refused the task: NO nobody"
    outcome = case.take(stimuli.RetryIncident(incident.token))
    assert [item.element for item in outcome.opened] == ["t"]


def test_a_withdrawn_task_takes_its_listener_with_it(walk: Callable) -> None:
    case = walk(TASK.format(COMPLETING))
    case.start()
    case.complete("t", amount=4)
    outcome = case.take(stimuli.Cancel())
    assert [closed.withdrawn for closed in outcome.closed] == [True]


def test_events_and_gateways_are_listened_to(walk: Callable) -> None:
    heard: list[str] = []
    body = (
        f'<bpmn:startEvent id="s">{events(listener("end", "a"))}</bpmn:startEvent><bpmn:exclusiveGateway id="g">{events(listener("start", "b"))}</bpmn:exclusiveGateway>'
        f'<bpmn:endEvent id="e">{events(listener("start", "c") + listener("end", "d"))}</bpmn:endEvent>'
        '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="g"/><bpmn:sequenceFlow id="f2" sourceRef="g" targetRef="e"/>'
    )
    case = walk(body)
    for type in "abcd":
        case.host.services[type] = lambda data, headers, type=type: heard.append(type) or {}
    assert case.start().ended
    assert heard == list("abcd")


def test_an_error_of_an_end_listener_does_not_repeat_the_work(walk: Callable) -> None:
    worked: list[int] = []
    service = '<bpmn:serviceTask id="t"><bpmn:extensionElements><zeebe:taskDefinition type="work"/>'
    service += f"<zeebe:executionListeners>{listener('end', 'after')}</zeebe:executionListeners></bpmn:extensionElements></bpmn:serviceTask>"
    case = walk(service)
    case.host.services["work"] = lambda data, headers: worked.append(1) or {}
    (job,) = case.start().opened
    (incident,) = case.take(stimuli.ThrowError(job.token, "E")).incidents
    (job,) = case.take(stimuli.RetryIncident(incident.token)).opened
    assert isinstance(job, ServiceCalled)
    assert job.type == "after"
    assert case.take(stimuli.CompleteService(job.token)).ended
    assert worked == [1]


ERROR_END = "<bpmn:errorEventDefinition/>"
GATE = '<bpmn:eventBasedGateway id="g"/><bpmn:sequenceFlow id="f" sourceRef="g" targetRef="x"/>'
TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("listener-unsupported", TASK.format('<zeebe:taskListener eventType="assigning" type="bihuan:set"/>')),
        ("listener-unsupported", TASK.format('<zeebe:taskListener eventType="updating" type="bihuan:set"/>')),
        ("listener-unsupported", TASK.format('<zeebe:taskListener eventType="canceling" type="bihuan:set"/>')),
        ("listener-unsupported", TASK.format('<zeebe:taskListener eventType="timeout" type="x"/>')),
        ("listener-unsupported", f'<bpmn:task id="t">{events(listener("beforeAll"))}</bpmn:task>'),
        ("listener-unsupported", f'<bpmn:startEvent id="s">{events(listener("start"))}</bpmn:startEvent>'),
        ("listener-unsupported", f'<bpmn:exclusiveGateway id="g">{events(listener("end"))}</bpmn:exclusiveGateway>'),
        ("listener-unsupported", f'<bpmn:endEvent id="e">{events(listener("end"))}{ERROR_END}</bpmn:endEvent>'),
        (
            "listener-unsupported",
            f'{GATE}<bpmn:intermediateCatchEvent id="x">{events(listener("start"))}{TIMER}</bpmn:intermediateCatchEvent>',
        ),
        ("listener-unsupported", f'{events(listener("start"))}<bpmn:task id="t"/>'),
        ("listener-twice", f'<bpmn:task id="t">{events(listener("start") * 2)}</bpmn:task>'),
        ("service-type-missing", f'<bpmn:task id="t">{events(listener("start", ""))}</bpmn:task>'),
    ],
    ids=lambda value: value if "<" not in value else "",
)
def test_a_listener_that_would_never_be_called_is_refused(document: Callable, code: str, body: str) -> None:
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(document(body))
    assert [fault.code for fault in caught.value.faults] == [code]
    told = caught.value.faults[0]
    assert told.element
    assert "{" not in told.chinese
    assert not any(word in told.chinese for word in ("listened", "nothing", "wait"))


def test_a_denied_task_is_a_new_one_and_keeps_its_boundary_events(walk: Callable) -> None:
    timer = f'<bpmn:boundaryEvent id="b" attachedToRef="t">{TIMER}</bpmn:boundaryEvent>'
    case = walk(TASK.format(COMPLETING) + timer)
    case.start()
    first = case.token("t")
    (job,) = case.complete("t", amount=4).opened
    (task,) = case.take(stimuli.ThrowError(job.token, "NO")).opened
    assert task.token != first
    assert case.elements == ["b", "t"]
    assert case.take(stimuli.FireTimer(case.token("b"))).ended


def test_a_completion_is_denied_in_the_words_of_camunda_8(walk: Callable) -> None:
    denied = {"denied": True, "deniedReason": "照片不清"}
    case = walk(TASK.format(COMPLETING))
    case.start()
    case.host.services["examine"] = lambda data, headers: denied
    with pytest.raises(Denied, match="照片不清"):
        case.complete("t", amount=1)
    case.host.services.clear()
    first = case.token("t")
    case.complete("t", amount=1, denied=True)
    (task,) = case.take(stimuli.CompleteService(case.token("t"), denied)).opened
    assert task.token != first
    case.complete("t", amount=2)
    assert case.take(stimuli.CompleteService(case.token("t"), {"denied": False})).ended


def test_what_a_start_listener_brings_is_the_own_of_its_element(walk: Callable) -> None:
    start = listener("start", "begin") + listener("end", "finish")
    extras = f"<zeebe:executionListeners>{start}</zeebe:executionListeners>"
    case = walk(TASK.format("").replace("<zeebe:userTask/>", f"<zeebe:userTask/>{extras}"))
    case.host.services["begin"] = lambda data, headers: {"own": 1}
    case.host.services["finish"] = lambda data, headers: {"seen": data["own"]}
    (task,) = case.start().opened
    assert task.local == {"own": 1}
    assert case.complete("t").ended
    assert case.outcome.data == {"seen": 1}
