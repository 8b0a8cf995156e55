"""Services inside the step: what goes wrong in their code stands still at the element, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine import bpmn, reasons
from engine.bpmn import stimuli

BODY = (
    '<bpmn:userTask id="do"/><bpmn:serviceTask id="call"><bpmn:extensionElements><zeebe:taskDefinition type="double"/>'
    '</bpmn:extensionElements></bpmn:serviceTask><bpmn:sequenceFlow id="f" sourceRef="do" targetRef="call"/>'
)


def test_a_service_that_breaks_down_holds_its_case_until_it_is_tried_again(walk: Callable[..., Any]) -> None:
    case = walk(BODY)
    case.host.services["double"] = lambda data, headers: {"doubled": data["number"] * 2}
    case.start()
    [incident] = case.complete("do").incidents
    assert (incident.element, incident.reason) == ("call", "The service double failed: KeyError: 'number'")
    case.take(stimuli.ChangeData({"number": 4}))
    repaired = case.take(stimuli.RetryIncident(incident.token))
    assert (repaired.ended, repaired.data["doubled"]) == (True, 8)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (5, "The answer is not values by name."),
        (["a"], "The answer is not values by name."),
        ({"a": Decimal("Infinity")}, "A number cannot be kept in case data."),
    ],
)
def test_an_answer_that_no_case_can_keep_is_an_incident(walk: Callable[..., Any], answer: Any, reason: str) -> None:
    case = walk(BODY)
    case.host.services["double"] = lambda data, headers: answer
    case.start()
    [incident] = case.complete("do").incidents
    assert incident.reason == f"The service double failed: {reason}"


CATCHING = (
    '<bpmn:boundaryEvent id="short" attachedToRef="call"><bpmn:errorEventDefinition errorRef="e"/></bpmn:boundaryEvent>'
)


def test_what_a_service_says_of_its_error_is_told_without_the_code_inside_and_outside_the_step(
    walk: Callable[..., Any],
) -> None:
    def sold_out(data: Any, headers: Any) -> Any:
        raise bpmn.ServiceError("NO_STOCK", "sold out", {"left": 0})

    told = []
    for is_inside in (True, False):
        case = walk(BODY + CATCHING, '<bpmn:error id="e" errorCode="NO_STOCK"/>')
        if is_inside:
            case.host.services["double"] = sold_out
        case.start()
        outcome = case.complete("do")
        if not is_inside:
            outcome = case.take(stimuli.ThrowError(case.token("call"), "NO_STOCK", "sold out", {"left": 0}))
        told.append([event.detail["message"] for event in outcome.events if event.kind == "error_caught"])
    assert told == [["sold out"], ["sold out"]]


def test_the_reason_of_an_uncaught_error_holds_what_the_service_said(walk: Callable[..., Any]) -> None:
    case = walk(BODY)
    case.start()
    case.complete("do")
    [incident] = case.take(stimuli.ThrowError(case.token("call"), "NO_STOCK", "已售罄。")).incidents
    assert incident.reason == "Nobody catches the error NO_STOCK: 已售罄。"
    assert reasons.say(incident.reason) == "没有人捕获错误 NO_STOCK：已售罄。"
    assert reasons.say("Nobody catches the error NO_STOCK.") == "没有人捕获错误 NO_STOCK"
