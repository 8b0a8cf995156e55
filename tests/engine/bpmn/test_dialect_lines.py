"""Every element and attribute of the dialect, one by one: what is refused at deploy, and what it means in a case."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import stimuli
from engine.bpmn.outcome import ActivityOffered, MessageAwaited, ServiceCalled, TaskOpened
from engine.errors import FaultsFound

NATIVE = ' zeebe:mark=""'
WORK = '<zeebe:taskDefinition type="stamp"/>'
USER = "<zeebe:userTask/>"
MESSAGE = '<bpmn:message id="m" name="m">{}</bpmn:message>'
KEYED = '<bpmn:extensionElements><zeebe:subscription correlationKey="{}"/></bpmn:extensionElements>'
MULTI = "<bpmn:multiInstanceLoopCharacteristics>{1}<bpmn:extensionElements><zeebe:loopCharacteristics {0}/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>"
DONE = "<bpmn:completionCondition>{}</bpmn:completionCondition>"


def node(tag: str, extra: str = "", inner: str = "", attributes: str = "", id: str = "x") -> str:
    return f'<bpmn:{tag} id="{id}"{attributes}><bpmn:extensionElements>{extra}</bpmn:extensionElements>{inner}</bpmn:{tag}>'


def flow(source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


def user(extra: str = "", inner: str = "", id: str = "x") -> str:
    return node("userTask", USER + extra, inner, id=id)


def io(*mappings: str) -> str:
    return f"<zeebe:ioMapping>{''.join(f'<zeebe:{mapping}/>' for mapping in mappings)}</zeebe:ioMapping>"


def listeners(kind: str, *items: str) -> str:
    return f"<zeebe:{kind}s>{''.join(f'<zeebe:{kind} {item}/>' for item in items)}</zeebe:{kind}s>"


def of_process(*items: str) -> str:
    return f"<bpmn:extensionElements>{listeners('executionListener', *items)}</bpmn:extensionElements>"


def catching(extra: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="x"><bpmn:conditionalEventDefinition><bpmn:extensionElements>{extra}</bpmn:extensionElements><bpmn:condition>=a</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>'


def loop(attributes: str, condition: str = "") -> str:
    return node("userTask", USER, MULTI.format(attributes, condition))


def ad_hoc(extra: str = "", inner: str = "", attributes: str = "") -> str:
    return node("adHocSubProcess", extra, '<bpmn:task id="in"/>' + inner, attributes)


def throwing(element: str, attributes: str = "") -> str:
    return f'<bpmn:{element} id="x"><bpmn:compensateEventDefinition{attributes}/></bpmn:{element}>'


RECEIVE = '<bpmn:receiveTask id="x" messageRef="m"/>'
REFUSED = [
    ("taskDefinition is required", "service-type-missing", "x", node("serviceTask"), ""),
    ("taskDefinition type is empty", "service-type-missing", "x", node("serviceTask", '<zeebe:taskDefinition type=""/>'), ""),
    ("taskDefinition retries is no number", "number-invalid", "x", node("serviceTask", '<zeebe:taskDefinition type="a" retries="many"/>'), ""),
    ("taskDefinition beside activeElementsCollection", "ad-hoc-decided", "x", ad_hoc(WORK + '<zeebe:adHoc activeElementsCollection="=[]"/>'), ""),
    ("input source is no FEEL", "expression-invalid", "x", user(io('input source="=1 +" target="a"')), ""),
    ("input target is missing", "mapping-target", "x", user(io('input source="=1"')), ""),
    ("input target is no path", "mapping-target", "x", user(io('input source="=1" target="a..b"')), ""),
    ("input target is a word of FEEL", "mapping-target", "x", user(io('input source="=1" target="a.for"')), ""),
    ("output source is static", "expression-required", "x", user(io('output source="1" target="a"')), ""),
    ("output source is missing", "mapping-source", "x", user(io('output target="a"')), ""),
    ("output target is missing", "mapping-target", "x", user(io('output source="=1"')), ""),
    ("candidateGroups has an empty member", "list-invalid", "x", user('<zeebe:assignmentDefinition candidateGroups="a,,b"/>'), ""),
    ("candidateUsers has an empty member", "list-invalid", "x", user('<zeebe:assignmentDefinition candidateUsers="a,"/>'), ""),
    ("dueDate is no date", "timer-invalid", "x", user('<zeebe:taskSchedule dueDate="tomorrow"/>'), ""),
    ("followUpDate is no date", "timer-invalid", "x", user('<zeebe:taskSchedule followUpDate="P1D"/>'), ""),
    ("priority is beyond 100", "number-invalid", "x", user('<zeebe:priorityDefinition priority="101"/>'), ""),
    ("priority is negative", "number-invalid", "x", user('<zeebe:priorityDefinition priority="-1"/>'), ""),
    ("formId and externalReference", "form-choice", "x", user('<zeebe:formDefinition formId="a" externalReference="b"/>'), ""),
    ("externalReference with a binding", "form-binding", "x", user('<zeebe:formDefinition externalReference="b" bindingType="latest"/>'), ""),
    ("bindingType of a form", "binding-invalid", "x", user('<zeebe:formDefinition formId="a" bindingType="newest"/>'), ""),
    ("versionTag without tag", "tag-missing", "x", user('<zeebe:formDefinition formId="a" bindingType="versionTag"/>'), ""),
    ("bindingType of a decision", "binding-invalid", "x", node("businessRuleTask", '<zeebe:calledDecision decisionId="a" resultVariable="r" bindingType="x"/>'), ""),
    ("bindingType of a process", "binding-invalid", "x", node("callActivity", '<zeebe:calledElement processId="a" bindingType="x"/>'), ""),
    ("userTaskForm is empty", "form-empty", "p", '<bpmn:extensionElements><zeebe:userTaskForm id="f"/></bpmn:extensionElements>' + user(), ""),
    ("decisionId is empty", "decision-missing", "x", node("businessRuleTask", '<zeebe:calledDecision decisionId="" resultVariable="r"/>'), ""),
    ("resultVariable of a decision", "result-missing", "x", node("businessRuleTask", '<zeebe:calledDecision decisionId="d"/>'), ""),
    ("versionTag of a decision is no FEEL", "expression-invalid", "x", node("businessRuleTask", '<zeebe:calledDecision decisionId="d" resultVariable="r" bindingType="versionTag" versionTag="=1 +"/>'), ""),
    ("script is static", "expression-required", "x", node("scriptTask", '<zeebe:script expression="1" resultVariable="r"/>'), ""),
    ("script is empty", "script-missing", "x", node("scriptTask", '<zeebe:script expression="" resultVariable="r"/>'), ""),
    ("resultVariable of a script", "result-missing", "x", node("scriptTask", '<zeebe:script expression="=1"/>'), ""),
    ("processId is empty", "called-missing", "x", node("callActivity", '<zeebe:calledElement processId=""/>'), ""),
    ("processIdExpression is not read", "called-missing", "x", node("callActivity", '<zeebe:calledElement processIdExpression="a"/>'), ""),
    ("inputCollection is required", "loop-missing", "x", loop('inputElement="a"'), ""),
    ("inputCollection is static", "expression-required", "x", loop('inputCollection="a"'), ""),
    ("outputCollection without outputElement", "loop-output", "x", loop('inputCollection="=[1]" outputCollection="a"'), ""),
    ("outputElement without outputCollection", "loop-output", "x", loop('inputCollection="=[1]" outputElement="=a"'), ""),
    ("completionCondition is static", "expression-required", "x", loop('inputCollection="=[1]"', DONE.format("true")), ""),
    ("correlationKey is required", "correlation-missing", "x", RECEIVE, MESSAGE.format("")),
    ("correlationKey is static", "expression-required", "x", RECEIVE, MESSAGE.format(KEYED.format("k"))),
    ("activeElementsCollection is static", "expression-required", "x", ad_hoc('<zeebe:adHoc activeElementsCollection="in"/>'), ""),
    ("ad-hoc outputCollection alone", "loop-output", "x", ad_hoc('<zeebe:adHoc outputCollection="a"/>'), ""),
    ("variableNames is FEEL", "list-invalid", "x", catching('<zeebe:conditionalFilter variableNames="=a"/>'), ""),
    ("variableNames has an empty member", "list-invalid", "x", catching('<zeebe:conditionalFilter variableNames="a,,b"/>'), ""),
    ("variableEvents is unknown", "change-invalid", "x", catching('<zeebe:conditionalFilter variableEvents="create,drop"/>'), ""),
    ("execution listener twice", "listener-twice", "x", user(listeners("executionListener", *['eventType="start" type="a"'] * 2)), ""),
    ("execution listener of another event", "listener-unsupported", "x", user(listeners("executionListener", 'eventType="cancel" type="a"')), ""),
    ("execution listener without type", "service-type-missing", "x", user(listeners("executionListener", 'eventType="start"')), ""),
    ("execution listener starts a start event", "listener-unsupported", "x", node("startEvent", listeners("executionListener", 'eventType="start" type="a"')), ""),
    ("execution listener ends a gateway", "listener-unsupported", "x", node("exclusiveGateway", listeners("executionListener", 'eventType="end" type="a"')), ""),
    ("execution listener of a process at another event", "listener-unsupported", "p", of_process('eventType="beforeAll" type="a"') + '<bpmn:startEvent id="s"/>', ""),
    ("task listener twice", "listener-twice", "x", user(listeners("taskListener", *['eventType="creating" type="a"'] * 2)), ""),
    ("task listener of no moment", "listener-unsupported", "x", user(listeners("taskListener", 'eventType="timeout" type="a"')), ""),
    ("task listener of another task", "listener-unsupported", "x", node("serviceTask", WORK + listeners("taskListener", 'eventType="creating" type="a"')), ""),
    ("job priority is no number", "number-invalid", "x", node("serviceTask", WORK + '<zeebe:jobPriorityDefinition priority="high"/>'), ""),
    ("job priority is beyond 32 bits", "number-invalid", "x", node("serviceTask", WORK + '<zeebe:jobPriorityDefinition priority="2147483648"/>'), ""),
    ("linkedResource is incomplete", "resource-incomplete", "x", node("serviceTask", WORK + '<zeebe:linkedResources><zeebe:linkedResource resourceId="r" resourceType="" linkName="l"/></zeebe:linkedResources>'), ""),
    ("bindingType of a linkedResource", "binding-invalid", "x", node("serviceTask", WORK + '<zeebe:linkedResources><zeebe:linkedResource resourceId="r" resourceType="t" linkName="l" bindingType="newest"/></zeebe:linkedResources>'), ""),
    ("a caught error has an expression as code", "catch-code", "b", user(id="t") + '<bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:errorEventDefinition errorRef="er"/></bpmn:boundaryEvent>', '<bpmn:error id="er" errorCode="=code"/>'),
    ("compensation of what has no handler", "compensation-nothing", "x", user(id="t") + throwing("endEvent", ' activityRef="t"'), ""),
    ("compensation of an event subprocess", "compensation-nothing", "x", user(id="t") + '<bpmn:subProcess id="h" triggeredByEvent="true"><bpmn:startEvent id="hs"><bpmn:errorEventDefinition/></bpmn:startEvent></bpmn:subProcess>' + throwing("endEvent", ' activityRef="h"'), ""),
    ("a timer with two expressions", "timer-missing", "x", '<bpmn:intermediateCatchEvent id="x"><bpmn:timerEventDefinition><bpmn:timeDate>2026-01-01</bpmn:timeDate><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>', ""),
]  # fmt: skip


@pytest.mark.parametrize(("code", "element", "body", "tops"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])  # fmt: skip
def test_refused_at_deploy(document: Callable[..., bytes], code: str, element: str, body: str, tops: str) -> None:
    with pytest.raises(FaultsFound) as caught:
        bpmn.parse(document(body, tops, NATIVE))
    assert (code, element) in [(fault.code, fault.element) for fault in caught.value.faults]


STUCK = [
    ("taskDefinition type is no text", node("serviceTask", '<zeebe:taskDefinition type="=1"/>')),
    ("taskDefinition retries is no number", node("serviceTask", '<zeebe:taskDefinition type="a" retries="=&quot;many&quot;"/>')),
    ("assignee is no text", user('<zeebe:assignmentDefinition assignee="=1"/>')),
    ("candidateGroups is no list of texts", user('<zeebe:assignmentDefinition candidateGroups="=[1]"/>')),
    ("candidateUsers is no list of texts", user('<zeebe:assignmentDefinition candidateUsers="={}"/>')),
    ("dueDate is no date", user('<zeebe:taskSchedule dueDate="=&quot;soon&quot;"/>')),
    ("priority is beyond 100", user('<zeebe:priorityDefinition priority="=101"/>')),
    ("decisionId is unknown", node("businessRuleTask", '<zeebe:calledDecision decisionId="none" resultVariable="r"/>')),
    ("processId is no text", node("callActivity", '<zeebe:calledElement processId="=1"/>')),
    ("inputCollection is no list", loop('inputCollection="=1"')),
    ("activeElementsCollection names no activity inside", ad_hoc('<zeebe:adHoc activeElementsCollection="=[&quot;out&quot;]"/>')),
    ("a condition that is neither true nor false", '<bpmn:exclusiveGateway id="x" default="x_b"/><bpmn:task id="a"/><bpmn:task id="b"/>' + flow("x", "a").replace("/>", "><bpmn:conditionExpression>=1</bpmn:conditionExpression></bpmn:sequenceFlow>") + flow("x", "b")),
]  # fmt: skip


@pytest.mark.parametrize("body", [row[1] for row in STUCK], ids=[row[0] for row in STUCK])
def test_an_incident_at_run_time(walk: Callable, body: str) -> None:
    outcome = walk(
        body + NATIVE.join(("<bpmn:extensionElements><zeebe:properties", "/></bpmn:extensionElements>"))
    ).start()
    assert [incident.element for incident in outcome.incidents] == ["x"]


@pytest.mark.parametrize("key", ["=null", "=true", "=[1]", "={}"])
def test_a_correlation_key_is_text_or_a_number(walk: Callable, key: str) -> None:
    tops = MESSAGE.format(KEYED.format(key))
    assert [item.element for item in walk(RECEIVE, tops).start().incidents] == ["x"]


@pytest.mark.parametrize(("key", "found"), [("=&quot;a&quot;", "a"), ("=12", "12"), ("=1.50", "1.5")])
def test_a_correlation_key_is_found_when_the_subscription_opens(walk: Callable, key: str, found: str) -> None:
    (awaited,) = walk(RECEIVE, MESSAGE.format(KEYED.format(key))).start().opened
    assert isinstance(awaited, MessageAwaited)
    assert awaited.correlation_key == found


def job(walk: Callable, body: str, **data: Any) -> ServiceCalled:
    (called,) = walk(body).start(**data).opened
    assert isinstance(called, ServiceCalled)
    return called


def task(walk: Callable, body: str, **data: Any) -> TaskOpened:
    (opened,) = walk(body).start(**data).opened
    assert isinstance(opened, TaskOpened)
    return opened


HEADERS = '<zeebe:taskHeaders><zeebe:header key="to" value="archive"/><zeebe:header key="half"/><zeebe:header value="lost"/></zeebe:taskHeaders>'


def test_defaults_of_a_job(walk: Callable) -> None:
    called = job(walk, node("serviceTask", WORK))
    assert (called.type, called.retries, called.priority, called.headers) == ("stamp", 3, 0, {})


def test_type_retries_and_priority_of_a_job_may_be_feel_and_incomplete_headers_are_passed_over(walk: Callable) -> None:
    definition = '<zeebe:taskDefinition type="=&quot;to-&quot; + place" retries="=n"/><zeebe:jobPriorityDefinition priority="=-n"/>'
    called = job(walk, node("serviceTask", definition + HEADERS), place="file", n=7)
    assert (called.type, called.retries, called.priority, called.headers) == ("to-file", 7, -7, {"to": "archive"})


def test_the_priority_of_a_task_beats_that_of_its_process(walk: Callable) -> None:
    body = '<bpmn:extensionElements><zeebe:jobPriorityDefinition priority="2147483647"/></bpmn:extensionElements>'
    assert job(walk, body + node("serviceTask", WORK)).priority == 2_147_483_647
    own = node("serviceTask", WORK + '<zeebe:jobPriorityDefinition priority="-2147483648"/>')
    assert job(walk, body + own).priority == -2_147_483_648


def test_a_thrown_message_with_a_service_is_a_job_and_one_without_is_sent(walk: Callable) -> None:
    event = '<bpmn:intermediateThrowEvent id="x"><bpmn:extensionElements>{}</bpmn:extensionElements><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateThrowEvent>'
    case = walk(event.format(WORK), MESSAGE.format(KEYED.format("=1")))
    assert [type(item) for item in case.start().opened] == [ServiceCalled]
    assert [sent.message for sent in walk(event.format(""), MESSAGE.format(KEYED.format("=1"))).start().sent] == ["m"]


def test_a_task_of_a_person_carries_its_headers_and_defaults(walk: Callable) -> None:
    opened = task(walk, user(HEADERS))
    assert (opened.headers, opened.priority, opened.assignee, opened.groups, opened.users) == (
        {"to": "archive"},
        50,
        None,
        (),
        (),
    )
    assert (opened.due_at, opened.follow_up_at, opened.form_id) == (None, None, None)


def test_user_tasks_of_both_implementations_are_done_by_people(walk: Callable) -> None:
    assert task(walk, node("userTask", '<zeebe:formDefinition formKey="camunda-forms:bpmn:f"/>')).form_id == "f"
    assert task(walk, node("userTask", '<zeebe:formDefinition formKey="elsewhere"/>')).external_form == "elsewhere"
    assert (
        task(walk, user('<zeebe:formDefinition externalReference="=&quot;a&quot; + b"/>'), b="c").external_form == "ac"
    )


def test_listeners_get_the_headers_of_their_element_and_their_own(walk: Callable) -> None:
    own = '<zeebe:taskHeaders><zeebe:header key="to" value="desk"/><zeebe:header key="copy" value="2"/></zeebe:taskHeaders>'
    listener = f'<zeebe:executionListeners><zeebe:executionListener eventType="start" type="note" retries="=1 + 1">{own}</zeebe:executionListener></zeebe:executionListeners>'
    called = job(walk, user(HEADERS + listener))
    assert (called.type, called.retries, called.headers) == (
        "note",
        2,
        {"to": "desk", "copy": "2", "listener": "start"},
    )


def test_listeners_of_a_process_are_called_before_and_after_everything(walk: Callable) -> None:
    notes: list[str] = []

    def note(data: Any, headers: Mapping[str, str]) -> Any:
        notes.append(headers["listener"])
        return {"seen": data.get("done")} if data.get("done") else {}

    both = listeners("executionListener", 'eventType="start" type="opening"', 'eventType="end" type="note"')
    body = f'<bpmn:extensionElements>{both}</bpmn:extensionElements><bpmn:startEvent id="s"/><bpmn:parallelGateway id="g"/>'
    body += user(id="a") + user(id="b") + flow("s", "g") + flow("g", "a") + flow("g", "b")
    case = walk(body)
    case.host.services["note"] = note
    (opening,) = case.start().opened
    assert isinstance(opening, ServiceCalled)
    case.take(stimuli.CompleteService(opening.token, {"id": 7}))
    assert case.elements == ["a", "b"]
    case.complete("a")
    assert notes == []
    outcome = case.complete("b", done=True)
    assert outcome.ended
    assert notes == ["end"]
    assert outcome.data == {"id": 7, "done": True, "seen": True}


def test_a_case_waits_for_the_job_that_listens_to_its_end(walk: Callable) -> None:
    body = of_process('eventType="end" type="note"')
    case = walk(
        body + user(id="a") + '<bpmn:endEvent id="e"><bpmn:terminateEventDefinition/></bpmn:endEvent>' + flow("a", "e")
    )
    case.start()
    (closing,) = case.complete("a").opened
    assert (closing.element, case.outcome.ended, case.outcome.end_element) == ("p", False, "e")
    assert case.take(stimuli.CompleteService(closing.token)).ended


def test_a_called_process_tells_of_its_own_end(walk: Callable, document: Callable[..., bytes]) -> None:
    inner = of_process('eventType="end" type="note"') + user(id="a")
    called = bpmn.parse(document(inner)).processes["p"]
    case = walk(node("callActivity", '<zeebe:calledElement processId="called"/>'), called=called)
    case.start()
    (closing,) = case.complete("a").opened
    assert (closing.element, closing.process_key) == ("p", "called:1")
    outcome = case.take(stimuli.CompleteService(closing.token, {"n": 1}))
    assert (outcome.ended, outcome.data) == (True, {"n": 1})


@pytest.mark.parametrize(
    ("attributes", "mappings", "result"),
    [
        ("", (), {"a": 2, "b": 3}),
        ('propagateAllChildVariables="true"', (), {"a": 2, "b": 3}),
        ('propagateAllChildVariables="false"', (), {"a": 1}),
        ("", ('output source="=b + 1" target="c"',), {"a": 1, "c": 4}),
        ('propagateAllChildVariables="true"', ('output source="=b + 1" target="c"',), {"a": 1, "c": 4}),
        ('propagateAllChildVariables="false"', ('output source="=b + 1" target="c"',), {"a": 1, "c": 4}),
        ('propagateAllParentVariables="false"', ('input source="=a + 10" target="n"', 'output source="=seen" target="c"'), {"a": 1, "c": [None, 11]}),
        ('propagateAllParentVariables="true"', ('input source="=a + 10" target="n"', 'output source="=seen" target="c"'), {"a": 1, "c": [1, 11]}),
    ],
)  # fmt: skip
def test_what_goes_into_and_out_of_a_called_process(
    walk: Callable, document: Callable[..., bytes], attributes: str, mappings: tuple[str, ...], result: dict[str, Any]
) -> None:
    called = bpmn.parse(document(node("scriptTask", '<zeebe:script expression="=[a, n]" resultVariable="seen"/>', id="s") + flow("s", "t") + user(id="t"))).processes["p"]  # fmt: skip
    case = walk(node("callActivity", f'<zeebe:calledElement processId="called" {attributes}/>' + io(*mappings)), called=called)  # fmt: skip
    case.start(a=1)
    outcome = case.complete("t", a=2, b=3)
    assert outcome.ended
    assert {name: value for name, value in outcome.data.items() if name != "seen"} == result


def test_results_of_items_stand_in_the_order_of_the_input_and_stay_with_the_item(walk: Callable) -> None:
    case = walk(
        loop(
            'inputCollection="=[&quot;a&quot;, &quot;b&quot;]" inputElement="who" outputCollection="all" outputElement="=answer.text"'
        )
    )
    case.start(answer={"text": "old"})
    first, second = sorted(case.open)
    case.take(stimuli.CompleteTask(second, {"answer": {"text": "2"}}))
    outcome = case.take(stimuli.CompleteTask(first, {"answer": {"text": "1"}}))
    assert outcome.data == {"answer": {"text": "old"}, "all": ["1", "2"]}


def test_no_item_means_an_empty_result_and_nothing_done(walk: Callable) -> None:
    outcome = walk(loop('inputCollection="=[]" outputCollection="all" outputElement="=1"')).start()
    assert (outcome.ended, outcome.data) == (True, {"all": []})


@pytest.mark.parametrize("name", ["numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances", "numberOfTerminatedInstances"])  # fmt: skip
def test_the_counters_are_seen_by_the_completion_condition(walk: Callable, name: str) -> None:
    expected = {
        "numberOfInstances": 3,
        "numberOfActiveInstances": 2,
        "numberOfCompletedInstances": 1,
        "numberOfTerminatedInstances": 0,
    }
    case = walk(loop('inputCollection="=[1, 2, 3]"', DONE.format(f"={name} = {expected[name]}")))
    case.start()
    assert case.complete("x").ended


def test_an_ad_hoc_subprocess_describes_what_may_be_started(walk: Callable) -> None:
    listed = '<zeebe:properties><zeebe:property name="hint" value="first"/></zeebe:properties>'
    inner = f'<bpmn:userTask id="one" name="One"><bpmn:documentation>Do it.</bpmn:documentation><bpmn:extensionElements>{listed}</bpmn:extensionElements></bpmn:userTask>'
    inner += '<bpmn:userTask id="later"/>' + flow("one", "later")
    active = '<zeebe:adHoc activeElementsCollection="=for e in adHocSubProcessElements return if e.properties.hint = &quot;first&quot; then e.elementId else &quot;in&quot;"/>'
    case = walk(node("adHocSubProcess", active, inner))
    opened = case.start().opened
    assert [item.element for item in opened if isinstance(item, ActivityOffered)] == ["one"]
    assert [item.element for item in opened if isinstance(item, TaskOpened)] == ["one"]
    assert "adHocSubProcessElements" not in case.outcome.data


def test_the_version_tag_of_a_decision_may_be_feel(walk: Callable) -> None:
    body = node(
        "businessRuleTask",
        '<zeebe:calledDecision decisionId="d" resultVariable="r" bindingType="versionTag" versionTag="=&quot;v&quot; + string(n)"/>',
    )
    case = walk(body)
    asked: list[Any] = []
    case.host.decide = lambda *given: (asked.append(given[:3]), bpmn.Decided(1, {}))[1]
    assert case.start(n=2).data["r"] == 1
    assert asked == [("d", "versionTag", "v2")]


def test_the_version_tag_of_a_called_process_may_be_feel(walk: Callable, document: Callable[..., bytes]) -> None:
    called = bpmn.parse(document(user())).processes["p"]
    body = node("callActivity", '<zeebe:calledElement processId="called" bindingType="versionTag" versionTag="=tag"/>')
    case = walk(body, called=called)
    asked: list[Any] = []
    case.host.called = lambda *given: (asked.append(given[:3]), bpmn.Called("called:1", called))[1]
    case.start(tag="v7")
    assert asked == [("called", "versionTag", "v7")]


MANY = '<bpmn:multiInstanceLoopCharacteristics isSequential="{}"><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2, 3]"/></bpmn:extensionElements>{}</bpmn:multiInstanceLoopCharacteristics>'


def undone(tag: str, inside: str, sequential: bool, condition: str = "") -> str:
    many = MANY.format(str(sequential).lower(), condition)
    body = f'<bpmn:startEvent id="s"/><bpmn:{tag} id="x">{many}{inside}</bpmn:{tag}><bpmn:boundaryEvent id="b" attachedToRef="x"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>'
    body += (
        '<bpmn:userTask id="undo" isForCompensation="true"/><bpmn:association id="as" sourceRef="b" targetRef="undo"/>'
    )
    return body + throwing("endEvent").replace('id="x"', 'id="e"') + flow("s", "x") + flow("x", "e")


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize(("tag", "inside", "item"), [("userTask", "", "x"), ("subProcess", '<bpmn:userTask id="in"/>', "in")])  # fmt: skip
def test_a_multi_instance_is_undone_once_when_all_its_items_are_done(
    walk: Callable, tag: str, inside: str, item: str, sequential: bool
) -> None:
    case = walk(undone(tag, inside, sequential))
    case.start()
    for _ in range(3):
        assert case.elements.count("undo") == 0
        case.complete(item)
    assert case.elements == ["undo"]
    assert case.complete("undo").ended


def test_a_multi_instance_that_ends_early_is_undone_once(walk: Callable) -> None:
    case = walk(undone("userTask", "", False, DONE.format("=numberOfCompletedInstances = 2")))
    case.start()
    case.complete("x")
    case.complete("x")
    assert case.elements == ["undo"]


def test_what_the_dialect_keeps_for_others_changes_nothing(walk: Callable) -> None:
    kept = '<zeebe:agentDefinition agentType="a"/><zeebe:linkedResources><zeebe:linkedResource resourceId="r" resourceType="t" linkName="l"/></zeebe:linkedResources>'
    called = job(
        walk, node("serviceTask", WORK + kept, attributes=' zeebe:modelerTemplate="t" zeebe:modelerTemplateVersion="2"')
    )
    assert (called.type, called.headers) == ("stamp", {})
