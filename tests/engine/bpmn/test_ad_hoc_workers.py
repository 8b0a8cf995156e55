"""Ad-hoc subprocesses in which a service decides what begins and when it is enough."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from engine import bpmn, reasons
from engine.bpmn import Leg, stimuli
from engine.bpmn.outcome import Opened, ServiceCalled, TaskOpened
from engine.bpmn.runtime import NotOffered
from engine.errors import FaultsFound

Data = dict[str, Any]
Walk = Any
DECIDES = '<zeebe:taskDefinition type="plan" retries="2"/><zeebe:taskHeaders><zeebe:header key="tone" value="strict"/></zeebe:taskHeaders>'
INSIDE = (
    '<bpmn:userTask id="a" name="甲"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>'
    '<bpmn:userTask id="b" name="乙"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>'
    '<bpmn:userTask id="c" name="丙"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>'
    '<bpmn:sequenceFlow id="b_c" sourceRef="b" targetRef="c"/>'
)
ERROR = (
    '<bpmn:boundaryEvent id="wrong" attachedToRef="x"><bpmn:errorEventDefinition errorRef="e"/></bpmn:boundaryEvent>'
    '<bpmn:userTask id="d"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>'
    '<bpmn:sequenceFlow id="wrong_d" sourceRef="wrong" targetRef="d"/>'
)
TOPS = (
    '<bpmn:error id="e" errorCode="E1"/><bpmn:message id="m" name="stop"><bpmn:extensionElements>'
    '<zeebe:subscription correlationKey="=1"/></bpmn:extensionElements></bpmn:message>'
)


def ad_hoc(extra: str = "", inside: str = INSIDE, attributes: str = "", after: str = "") -> str:
    extensions = f"<bpmn:extensionElements>{DECIDES}{extra}</bpmn:extensionElements>"
    return f'<bpmn:adHocSubProcess id="x" name="商定"{attributes}>{extensions}{inside}</bpmn:adHocSubProcess>{after}'


def event_subprocess(interrupting: str) -> str:
    return (
        '<bpmn:subProcess id="on" triggeredByEvent="true">'
        f'<bpmn:startEvent id="told" isInterrupting="{interrupting}"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>'
        '<bpmn:endEvent id="heard"/><bpmn:sequenceFlow id="told_heard" sourceRef="told" targetRef="heard"/></bpmn:subProcess>'
    )


def call(case: Walk) -> ServiceCalled:
    """The one question that waits."""
    [found] = [each for group in case.open.values() for each in group if isinstance(each, ServiceCalled)]
    return found


def answer(case: Walk, *begun: str | Data, enough: bool = False, cancel: bool = False, **data: Any) -> Any:
    begin = [{"elementId": each} if isinstance(each, str) else each for each in begun]
    result = {"activateElements": begin, "isCompletionConditionFulfilled": enough, "isCancelRemainingInstances": cancel}
    return case.take(stimuli.CompleteService(call(case).token, {"type": "adHocSubProcess", **result, **data}))


def tasks(case: Walk) -> list[str]:
    return sorted(each.element for group in case.open.values() for each in group if isinstance(each, TaskOpened))


def test_a_service_is_asked_on_entry_and_when_a_path_inside_has_ended(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc())
    case.start(subject="粉尘")
    first = call(case)
    assert (first.element, first.type, first.retries, first.headers) == ("x", "plan", 2, {"tone": "strict"})
    assert [each["elementName"] for each in first.data["adHocSubProcessElements"]] == ["甲", "乙"]
    assert first.data["subject"] == "粉尘"
    answer(case, "a", {"elementId": "b", "variables": {"floor": 3}})
    assert tasks(case) == ["a", "b"]
    [opened] = [each for group in case.open.values() for each in group if each.element == "b"]
    assert isinstance(opened, TaskOpened)
    assert opened.local == {"floor": 3}
    with pytest.raises(StopIteration):
        case.token("x")
    case.complete("b")
    assert tasks(case) == ["a", "c"], "the path goes on: nobody is asked yet"
    [opened] = [each for group in case.open.values() for each in group if each.element == "c"]
    assert isinstance(opened, TaskOpened)
    assert opened.local == {"floor": 3}
    case.complete("c")
    second = call(case)
    assert second.token != first.token
    answer(case, enough=True)
    assert not case.outcome.ended, "what is open is waited for"
    assert case.complete("a").ended, "nobody is asked any more"


def test_a_new_question_takes_the_place_of_one_that_was_not_answered(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc())
    case.start()
    answer(case, "a", "b")
    case.complete("a")
    asked = call(case).token
    case.complete("b")
    case.complete("c")
    assert call(case).token > asked
    answer(case, "a")
    case.complete("a")
    assert answer(case, enough=True).ended


def test_a_service_may_end_what_is_open_and_begin_something_else(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc())
    case.start()
    answer(case, "a", "b", "a")
    case.complete("a")
    answer(case, "b", cancel=True)
    assert tasks(case) == ["b"]
    case.complete("b")
    case.complete("c")
    answer(case, "a", "b")
    case.complete("a")
    assert answer(case, enough=True, cancel=True).ended


def test_what_a_service_answers_besides_belongs_to_the_subprocess(walk: Callable[..., Walk]) -> None:
    output = '<zeebe:ioMapping><zeebe:output source="=round" target="rounds"/></zeebe:ioMapping>'
    case = walk(ad_hoc(output))
    case.start()
    answer(case, "a", round=1)
    case.complete("a")
    assert call(case).data["round"] == 1
    answer(case, enough=True, round=2)
    assert case.outcome.ended
    assert case.outcome.data == {"rounds": 2}


def test_a_function_decides_inside_the_step(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc())
    seen: list[tuple[Data, Mapping[str, str]]] = []

    def plan(data: Data, headers: Mapping[str, str]) -> Data:
        seen.append((data, headers))
        return {"activateElements": ["a"]} if len(seen) < 3 else {"isCompletionConditionFulfilled": True}

    case.host.services["plan"] = plan
    case.start()
    case.complete("a")
    assert case.elements == ["a"]
    assert case.complete("a").ended
    assert [headers for _data, headers in seen] == [{"tone": "strict"}] * 3


BAD: list[tuple[str, Data, str]] = [
    ("an element that is not inside", {"activateElements": [{"elementId": "d"}]}, "no-activities"),
    ("one that a flow leads to", {"activateElements": ["c"]}, "no-activities"),
    ("no list", {"activateElements": "a"}, "no-activities"),
    ("variables that are none", {"activateElements": [{"elementId": "a", "variables": 5}]}, "no-activities"),
    ("both at once", {"activateElements": ["a"], "isCompletionConditionFulfilled": True}, "enough-and-more"),
    ("neither", {}, "nothing-decided"),
    ("words for truth", {"isCompletionConditionFulfilled": "yes"}, "enough-unclear"),
]


@pytest.mark.parametrize(("result", "code"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_an_answer_that_leads_nowhere_stops_the_case_until_the_service_is_asked_again(
    walk: Callable[..., Walk], result: Data, code: str
) -> None:
    case = walk(ad_hoc())
    case.start()
    [incident] = case.take(stimuli.CompleteService(call(case).token, result)).incidents
    assert (incident.element, reasons.code_of(incident.reason)) == ("x", code)
    assert reasons.say(incident.reason).startswith("服务决定启动的活动：")
    case.take(stimuli.RetryIncident(incident.token))
    assert answer(case, enough=True).ended


def test_an_operator_may_answer_for_the_service(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc())
    case.start()
    case.take(stimuli.SkipElement(call(case).token, {"activateElements": ["a"]}))
    assert case.elements == ["a"]
    case.complete("a")
    assert case.take(stimuli.SkipElement(call(case).token)).ended, "passed over, it is enough"


def test_only_one_activity_is_open_where_they_come_one_by_one(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc(attributes=' ordering="Sequential"'))
    case.start()
    [incident] = answer(case, "a", "b").incidents
    assert reasons.code_of(incident.reason) == "one-at-a-time"


def test_an_error_of_the_service_is_caught_at_the_edge(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc(after=ERROR), TOPS)
    case.start()
    answer(case, "a", "b")
    case.complete("a")
    case.take(stimuli.ThrowError(call(case).token, "E1"))
    assert case.elements == ["d"]


def test_an_error_that_nobody_catches_asks_again_when_it_is_retried(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc())
    case.start()
    [incident] = case.take(stimuli.ThrowError(call(case).token, "E1")).incidents
    case.take(stimuli.RetryIncident(incident.token))
    assert answer(case, enough=True).ended


def test_people_cannot_start_what_a_service_decides(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc())
    case.start()
    with pytest.raises(NotOffered):
        case.take(stimuli.EnableActivity("a"))


def waits_for(case: Walk, kind: str) -> Opened:
    return next(each for group in case.open.values() for each in group if type(each).__name__ == kind)


def test_an_event_subprocess_gives_the_word_back_to_the_service(walk: Callable[..., Walk]) -> None:
    case = walk(ad_hoc(inside=INSIDE + event_subprocess("false")), TOPS)
    case.start()
    answer(case)
    assert case.elements == ["told"], "an event is waited for, so nothing need be done now"
    case.take(stimuli.ReceiveMessage(waits_for(case, "MessageAwaited").token))
    assert answer(case, enough=True).ended


@pytest.mark.parametrize("decides", [True, False], ids=["service", "condition"])
def test_an_interrupting_event_subprocess_ends_it_without_asking(walk: Callable[..., Walk], decides: bool) -> None:
    body = ad_hoc(inside=INSIDE + event_subprocess("true"))
    if not decides:
        held = '<zeebe:adHoc activeElementsCollection="=[&quot;a&quot;]"/>'
        body = body.replace(DECIDES, held).replace(
            INSIDE, INSIDE + "<bpmn:completionCondition>=false</bpmn:completionCondition>"
        )
    case = walk(body, TOPS)
    case.start()
    if decides:
        answer(case, "a", "b")
        case.complete("a")
    assert case.take(stimuli.ReceiveMessage(waits_for(case, "MessageAwaited").token)).ended


def test_each_item_of_a_multi_instance_asks_for_itself(walk: Callable[..., Walk]) -> None:
    loop = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    case = walk(ad_hoc(inside=INSIDE + loop))
    case.start()
    questions = [each.token for group in case.open.values() for each in group if isinstance(each, ServiceCalled)]
    assert len(questions) == 2
    done = {"isCompletionConditionFulfilled": True}
    case.take(stimuli.CompleteService(questions[0], done))
    assert case.take(stimuli.CompleteService(questions[1], done)).ended


def test_an_element_with_a_loop_sees_the_variables_it_was_begun_with(walk: Callable[..., Walk]) -> None:
    loop = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>=floors</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    case = walk(ad_hoc(inside=INSIDE.replace("</bpmn:userTask>", loop + "</bpmn:userTask>", 1)))
    case.start()
    answer(case, {"elementId": "a", "variables": {"floors": 3}})
    assert tasks(case) == ["a", "a", "a"]


def test_a_question_moves_to_another_version(walk: Callable[..., Walk], document: Callable[..., bytes]) -> None:
    case = walk(ad_hoc())
    case.start()
    target = bpmn.parse(document(ad_hoc(after='<bpmn:task id="z"/>'))).processes["p"]
    token = call(case).token
    outcome = bpmn.step(
        case.process, json.loads(json.dumps(case.outcome.state)), case.outcome.data,
        bpmn.Migrate({"": Leg(case.process, target, "", {})}), case.now, case.host,
    )  # fmt: skip
    case.process, case.outcome = target, outcome
    assert not outcome.closed
    case.take(stimuli.CompleteService(token, {"activateElements": ["a"]}))
    assert "a" in [each.element for each in case.outcome.opened]
    people = ad_hoc().replace(DECIDES, "")
    other = bpmn.parse(document(people)).processes["p"]
    with pytest.raises(bpmn.MayNotMigrate):
        bpmn.step(
            case.process, case.outcome.state, case.outcome.data, bpmn.Migrate({"": Leg(case.process, other, "", {})}),
            case.now, case.host,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "extra", "attributes", "inside"),
    [
        ("completionCondition", "", "", "<bpmn:completionCondition>=true</bpmn:completionCondition>"),
        ("cancelRemainingInstances", "", ' cancelRemainingInstances="false"', ""),
        ("activeElementsCollection", '<zeebe:adHoc activeElementsCollection="=[&quot;a&quot;]"/>', "", ""),
    ],
    ids=["condition", "remaining", "elements"],
)
def test_what_a_diagram_cannot_say_beside_a_service_is_refused(
    document: Callable[..., bytes], what: str, extra: str, attributes: str, inside: str
) -> None:
    with pytest.raises(FaultsFound) as found:
        bpmn.parse(document(ad_hoc(extra, INSIDE + inside, attributes)))
    [fault] = found.value.faults
    assert (fault.code, fault.element) == ("ad-hoc-decided", "x")
    assert what in fault.reason
