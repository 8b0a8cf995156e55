"""What tokens wait for, and what nobody could ever send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

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
