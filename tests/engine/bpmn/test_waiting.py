"""What tokens wait for, and what nobody could ever send."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn import stimuli
from engine.bpmn.waiting import key_text

MESSAGE = (
    '<bpmn:message id="m" name="{name}"><bpmn:extensionElements><zeebe:subscription correlationKey="{key}"/>'
    '</bpmn:extensionElements></bpmn:message><bpmn:signal id="s" name="=said"/>'
)
EVENT = '<bpmn:{tag} id="hear"><bpmn:{kind}EventDefinition {kind}Ref="{ref}"/></bpmn:{tag}>'
WAITS, SENDS = "intermediateCatchEvent", "intermediateThrowEvent"


@pytest.mark.parametrize("tag", [WAITS, SENDS], ids=["caught", "thrown"])
@pytest.mark.parametrize(
    ("kind", "ref", "name", "key"),
    [("message", "m", "=said", "=1"), ("message", "m", "paid", "=said"), ("signal", "s", "paid", "=1")],
    ids=["message", "key", "signal"],
)
def test_a_name_or_key_that_is_too_long_stops_the_case_with_the_reason_and_goes_on_when_it_is_repaired(
    walk: Callable[..., Any], tag: str, kind: str, ref: str, name: str, key: str
) -> None:
    case = walk(EVENT.format(tag=tag, kind=kind, ref=ref), MESSAGE.format(name=name, key=key))
    [incident] = case.start(said="长" * 201).incidents
    assert "it has more than 200 characters" in incident.reason
    short = walk(EVENT.format(tag=tag, kind=kind, ref=ref), MESSAGE.format(name=name, key=key)).start(said="长" * 200)
    assert not short.incidents
    assert bool(short.opened) == (tag == WAITS)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (Decimal("1.50"), "1.5"),
        (1.5, "1.5"),
        (Decimal("1E+3"), "1000"),
        (1000, "1000"),
        (Decimal("-0.0"), "0"),
        (Decimal("12345678901234567890123456789012345.10"), "12345678901234567890123456789012345.1"),
        ("1.50", "1.50"),
        ("", ""),
        (True, None),
        (None, None),
        ([1], None),
        (float("nan"), None),
    ],
)
def test_equal_numbers_are_one_key_and_texts_are_what_they_say(value: Any, key: str | None) -> None:
    assert key_text(value) == key


def test_a_cycle_of_half_seconds_goes_on_after_it_was_stored(walk: Callable[..., Any]) -> None:
    case = walk(
        '<bpmn:userTask id="work"/><bpmn:boundaryEvent id="tick" attachedToRef="work" cancelActivity="false">'
        "<bpmn:timerEventDefinition><bpmn:timeCycle>R/PT0.5S</bpmn:timeCycle></bpmn:timerEventDefinition>"
        "</bpmn:boundaryEvent>"
    )
    case.start()
    due = []
    for _ in range(3):
        [timer] = [each for group in case.open.values() for each in group if each.element == "tick"]
        due.append(timer.due_at)
        case.take(stimuli.FireTimer(timer.token))
    assert [(at - due[0]).total_seconds() for at in due] == [0, 0.5, 1]
