"""Services inside the step: what goes wrong in their code stands still at the element, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

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
