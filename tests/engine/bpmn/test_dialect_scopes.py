"""Who sees which variable, and when what is waited for comes: the lines of the dialect that speak of running cases."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.outcome import MessageAwaited, SignalSent, TaskOpened, TimerOpened

TOPS = (
    '<bpmn:message id="m" name="=&quot;n-&quot; + k"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"/></bpmn:extensionElements></bpmn:message>'
    '<bpmn:error id="e" errorCode="E"/><bpmn:escalation id="up" escalationCode="=code"/><bpmn:signal id="s" name="alarm"/>'
)


def user(id: str, extra: str = "", inside: str = "") -> str:
    return f'<bpmn:userTask id="{id}"><bpmn:extensionElements><zeebe:userTask/>{extra}</bpmn:extensionElements>{inside}</bpmn:userTask>'


def flow(source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


def mapped(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> str:
    rows = [f'<zeebe:input source="{source}" target="{target}"/>' for target, source in (inputs or {}).items()]
    rows += [f'<zeebe:output source="{source}" target="{target}"/>' for target, source in (outputs or {}).items()]
    return f"<zeebe:ioMapping>{''.join(rows)}</zeebe:ioMapping>"


def boundary(id: str, at: str, definition: str, extra: str = "", attributes: str = "") -> str:
    event = f'<bpmn:boundaryEvent id="{id}" attachedToRef="{at}"{attributes}><bpmn:extensionElements>{extra}</bpmn:extensionElements>{definition}</bpmn:boundaryEvent>'
    return event + user(f"after_{id}") + flow(id, f"after_{id}")


def task(case: Any) -> TaskOpened:
    [found] = [each for each in case.outcome.opened if isinstance(each, TaskOpened)]
    return found


def test_what_is_written_inside_a_subprocess_goes_to_the_nearest_scope_that_has_it(walk: Callable[..., Any]) -> None:
    extra = f"<bpmn:extensionElements>{mapped({'own': '=1'})}</bpmn:extensionElements>"
    case = walk(f'<bpmn:subProcess id="x">{extra}{user("a")}{user("b")}{flow("a", "b")}</bpmn:subProcess>')
    case.start(known=0)
    case.complete("a", own=5, known=6, new=7)
    assert case.outcome.data == {"known": 6, "new": 7}


def test_outputs_see_those_before_and_what_is_not_mapped_stays(walk: Callable[..., Any]) -> None:
    case = walk(user("a", mapped(outputs={"x": "=r + 1", "y": "=x + 1", "p.q": "=r"})))
    case.start(p={"kept": 1})
    case.complete("a", r=1)
    assert case.outcome.data == {"x": 2, "y": 3, "p": {"kept": 1, "q": 1}}


def test_inputs_are_text_unless_they_are_feel_and_replace_a_whole_path(walk: Callable[..., Any]) -> None:
    case = walk(user("a", mapped({"sign": "=", "one": "1", "two": " = 2 ", "p.q": "=missing.deep.down"})))
    case.start(p={"gone": 1})
    assert task(case).local == {"sign": "=", "one": "1", "two": 2, "p": {"q": None}}


@pytest.mark.parametrize("length", ["PT0S", "-PT5M", "=duration(&quot;-PT1H&quot;)"], ids=["zero", "negative", "feel"])
def test_a_duration_that_is_over_fires_at_once_and_once(walk: Callable[..., Any], length: str) -> None:
    timer = f"<bpmn:timerEventDefinition><bpmn:timeDuration>{length}</bpmn:timeDuration></bpmn:timerEventDefinition>"
    case = walk(user("a") + boundary("b", "a", timer, attributes=' cancelActivity="false"'))
    [opened] = [each for each in case.start().opened if isinstance(each, TimerOpened)]
    assert opened.due_at == case.now
    case.take(stimuli.FireTimer(opened.token))
    assert case.elements == ["a", "after_b"]


def test_a_cycle_may_be_feel(walk: Callable[..., Any]) -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeCycle>=cycle(2, duration(&quot;PT1H&quot;))</bpmn:timeCycle></bpmn:timerEventDefinition>"
    case = walk(user("a") + boundary("b", "a", timer, attributes=' cancelActivity="false"'))
    count, opened = 0, [each for each in case.start().opened if isinstance(each, TimerOpened)]
    while opened:
        count += 1
        opened = [
            each for each in case.take(stimuli.FireTimer(opened[0].token)).opened if isinstance(each, TimerOpened)
        ]
    assert count == 2


def test_a_condition_at_the_edge_is_not_fired_by_what_its_own_activity_brings(walk: Callable[..., Any]) -> None:
    condition = (
        "<bpmn:conditionalEventDefinition><bpmn:condition>=x = 1</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    body = user("a", mapped(outputs={"x": "=r"})) + boundary("b", "a", condition) + user("n") + flow("a", "n")
    case = walk(body)
    case.start()
    case.complete("a", r=1)
    assert case.elements == ["n"]
    again = walk(body)
    again.start(x=1)
    assert again.elements == ["after_b"], "what is true already fires at once"


def test_an_interrupted_multi_instance_brings_nothing(walk: Callable[..., Any]) -> None:
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2]" outputCollection="out" '
        'outputElement="=r"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
    )
    case = walk(user("a", "", loop) + boundary("b", "a", '<bpmn:messageEventDefinition messageRef="m"/>'), TOPS)
    case.start(k="1")
    case.complete("a", r=5)
    case.take(stimuli.ReceiveMessage(case.token("b")))
    assert case.outcome.data == {"k": "1"}


def test_a_subscription_stays_what_it_was_when_it_opened(walk: Callable[..., Any]) -> None:
    case = walk('<bpmn:receiveTask id="r" messageRef="m"/>', TOPS)
    case.start(k="1")
    case.take(stimuli.ChangeData({"k": "2"}))
    [opened] = [each for group in case.open.values() for each in group]
    assert isinstance(opened, MessageAwaited)
    assert (opened.message, opened.correlation_key) == ("n-1", "1")


def test_a_signal_takes_along_what_is_mapped_and_nothing_else(walk: Callable[..., Any]) -> None:
    throw = f'<bpmn:intermediateThrowEvent id="t"><bpmn:extensionElements>{mapped({"v": "=7"})}</bpmn:extensionElements><bpmn:signalEventDefinition signalRef="s"/></bpmn:intermediateThrowEvent>'
    case = walk(f'<bpmn:startEvent id="in"/>{throw}{user("n")}{flow("in", "t")}{flow("t", "n")}', TOPS)
    [sent] = case.start(w=1).sent
    assert isinstance(sent, SignalSent)
    assert (sent.signal, sent.data, case.outcome.data) == ("alarm", {"v": 7}, {"w": 1})


def test_an_error_is_caught_through_a_call_and_its_code_leaves_by_mapping_only(
    walk: Callable[..., Any], document: Callable[..., bytes]
) -> None:
    thrown = '<bpmn:startEvent id="i"/><bpmn:endEvent id="o"><bpmn:errorEventDefinition errorRef="e"/></bpmn:endEvent>'
    child = bpmn.parse(document(thrown + flow("i", "o"), TOPS.replace('errorCode="E"', 'errorCode="=code"'))).processes[
        "p"
    ]
    call = '<bpmn:callActivity id="c"><bpmn:extensionElements><zeebe:calledElement processId="k"/></bpmn:extensionElements></bpmn:callActivity>'
    error = '<bpmn:errorEventDefinition errorRef="e"/>'
    case = walk(call + boundary("b", "c", error, mapped(outputs={"found": "=errorCode"})), TOPS, k=child)
    case.start(code="E")
    assert case.elements == ["after_b"]
    assert case.outcome.data == {"code": "E", "found": "E"}


@pytest.mark.parametrize("interrupts", ["true", "false"])
def test_the_end_listener_of_a_thrower_that_is_interrupted_is_not_called(
    walk: Callable[..., Any], interrupts: str
) -> None:
    listener = '<bpmn:extensionElements><zeebe:executionListeners><zeebe:executionListener eventType="end" type="note"/></zeebe:executionListeners></bpmn:extensionElements>'
    throw = f'<bpmn:intermediateThrowEvent id="t">{listener}<bpmn:escalationEventDefinition escalationRef="up"/></bpmn:intermediateThrowEvent>'
    inside = f'<bpmn:startEvent id="in"/>{throw}{user("n")}{flow("in", "t")}{flow("t", "n")}'
    caught = boundary("b", "x", "<bpmn:escalationEventDefinition/>", attributes=f' cancelActivity="{interrupts}"')
    case = walk(f'<bpmn:subProcess id="x">{inside}</bpmn:subProcess>{caught}', TOPS)
    called: list[int] = []
    case.host.services["note"] = lambda data, headers: called.append(1) or {}
    case.start(code="K")
    assert case.elements == (["after_b"] if interrupts == "true" else ["after_b", "n"])
    assert len(called) == (0 if interrupts == "true" else 1)


def test_an_event_subprocess_has_its_inputs_before_its_start_event_maps_anything(walk: Callable[..., Any]) -> None:
    mappings = mapped({"own": "=7"}, {"result": "=own + got"})
    start = '<bpmn:startEvent id="told"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>'
    inside = f"<bpmn:extensionElements>{mappings}</bpmn:extensionElements>{start}{user('deal')}{flow('told', 'deal')}"
    case = walk(f'<bpmn:subProcess id="on" triggeredByEvent="true">{inside}</bpmn:subProcess>{user("main")}', TOPS)
    case.start(k="1", own=0)
    case.take(stimuli.ReceiveMessage(case.token("told"), {"got": 1}))
    assert task(case).local == {"own": 7}
    assert case.complete("deal").data == {"k": "1", "own": 0, "got": 1, "result": 8}


def test_conditions_of_outer_scopes_are_looked_at_first(walk: Callable[..., Any]) -> None:
    condition = "<bpmn:conditionalEventDefinition><bpmn:condition>=x</bpmn:condition></bpmn:conditionalEventDefinition>"
    handler = f'<bpmn:startEvent id="told">{condition}</bpmn:startEvent>{user("deal")}{flow("told", "deal")}'
    case = walk(
        f'<bpmn:subProcess id="x">{user("a")}{boundary("b", "a", condition)}</bpmn:subProcess>'
        f'<bpmn:subProcess id="on" triggeredByEvent="true">{handler}</bpmn:subProcess>'
    )
    case.start(x=False)
    case.take(stimuli.ChangeData({"x": True}))
    assert case.elements == ["deal"]
    assert "b" not in [event.element for event in case.outcome.events if event.kind == "entered"]


def test_counters_are_seen_by_the_completion_condition_only(walk: Callable[..., Any]) -> None:
    loop = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:completionCondition>=numberOfInstances = 2</bpmn:completionCondition><bpmn:extensionElements>"
        '<zeebe:loopCharacteristics inputCollection="=[1, 2]" outputCollection="out" outputElement="=[numberOfInstances]"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
    )
    case = walk(user("a", "", loop))
    case.start(numberOfInstances=9)
    outcome = case.complete("a")
    assert (outcome.ended, outcome.data["out"]) == (True, [[9], None])


SERVICE = '<bpmn:serviceTask id="a"><bpmn:extensionElements><zeebe:taskDefinition type="note"/></bpmn:extensionElements></bpmn:serviceTask>'


def test_nothing_is_done_where_an_event_at_the_edge_interrupts_at_once(walk: Callable[..., Any]) -> None:
    condition = "<bpmn:conditionalEventDefinition><bpmn:condition>=x</bpmn:condition></bpmn:conditionalEventDefinition>"
    case = walk(SERVICE + boundary("b", "a", condition))
    case.host.services["note"] = lambda data, headers: pytest.fail("called")
    case.start(x=True)
    assert case.elements == ["after_b"]


def test_an_error_that_nobody_caught_is_tried_again_with_the_events_that_wait_already(walk: Callable[..., Any]) -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
    case = walk(SERVICE + boundary("b", "a", timer))
    case.start()
    [incident] = case.take(stimuli.ThrowError(case.token("a"), "E")).incidents
    case.take(stimuli.RetryIncident(incident.token))
    assert case.elements == ["a", "b"]
    again = walk(SERVICE + boundary("b", "a", timer))
    again.host.services["note"] = lambda data, headers: 1 / 0
    [incident] = again.start().incidents
    assert again.elements == [], "what could not begin cannot be late"
    del again.host.services["note"]
    again.take(stimuli.RetryIncident(incident.token))
    assert again.elements == ["a", "b"]
