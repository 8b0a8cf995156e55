"""Corners that few diagrams have and every engine is asked about some day."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import bpmn, scenarios
from engine.bpmn import stimuli
from engine.errors import Conflict, FaultsFound


def user(id: str) -> str:
    return (
        f'<bpmn:userTask id="{id}"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>'
    )


def flow(source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


@pytest.mark.parametrize("kind", ["error", "escalation"])
def test_an_expression_for_a_code_has_to_give_one(walk: Callable[..., Any], kind: str) -> None:
    inside = f'<bpmn:startEvent id="i"/><bpmn:endEvent id="o"><bpmn:{kind}EventDefinition {kind}Ref="thrown"/></bpmn:endEvent>{flow("i", "o")}'
    case = walk(
        f'<bpmn:subProcess id="x">{inside}</bpmn:subProcess><bpmn:boundaryEvent id="b" attachedToRef="x"><bpmn:{kind}EventDefinition/></bpmn:boundaryEvent>{user("all")}{flow("b", "all")}',
        f'<bpmn:{kind} id="thrown" {kind}Code="=code"/>',
    )
    [incident] = case.start().incidents
    assert (incident.element, incident.detail["missing"]) == ("o", ["code"])
    again = walk(case.process)
    again.start(code="any")
    assert again.elements == ["all"]


@pytest.mark.parametrize("attribute", ["", ' propagateAllChildVariables="true"'], ids=["silent", "said"])
def test_what_comes_back_from_a_call_finds_the_variables_of_its_item_first(
    walk: Callable[..., Any], document: Callable[..., bytes], attribute: str
) -> None:
    loop = '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2]" inputElement="item"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
    call = f'<bpmn:callActivity id="c"><bpmn:extensionElements><zeebe:calledElement processId="q"{attribute}/><zeebe:ioMapping><zeebe:input source="=item + 10" target="own"/></zeebe:ioMapping></bpmn:extensionElements>{loop}</bpmn:callActivity>'
    case = walk(call, q=bpmn.parse(document(user("w"))).processes["p"])
    case.start()
    case.complete("w", made=1, item=7)
    assert case.complete("w", made=2, own=0).ended
    assert case.outcome.data == {"made": 2}


@pytest.mark.parametrize("kind", ["message", "signal"])
def test_what_begins_a_case_is_seen_by_the_mappings_of_its_start_event_only(
    walk: Callable[..., Any], kind: str
) -> None:
    mapping = '<bpmn:extensionElements><zeebe:ioMapping><zeebe:output source="=sent + 1" target="known"/></zeebe:ioMapping></bpmn:extensionElements>'
    start = f'<bpmn:startEvent id="s">{mapping}<bpmn:{kind}EventDefinition {kind}Ref="x"/></bpmn:startEvent>'
    case = walk(start + user("w") + flow("s", "w"), f'<bpmn:{kind} id="x" name="x"/>')
    outcome = case.take(stimuli.Start({"sent": 1, "initiator": {"login": "alice"}}, "s"))
    assert outcome.data == {"known": 2, "initiator": {"login": "alice"}}


def test_one_of_several_waits_may_be_triggered_whatever_it_waits_for(
    tmp_path: Path, document: Callable[..., bytes]
) -> None:
    waits = '<bpmn:signalEventDefinition signalRef="x"/>', '<bpmn:conditionalEventDefinition><bpmn:condition>=false</bpmn:condition></bpmn:conditionalEventDefinition>', '<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>'  # fmt: skip
    catches = "".join(f'<bpmn:intermediateCatchEvent id="c{n}">{each}</bpmn:intermediateCatchEvent>{user(f"u{n}")}{flow("s", f"c{n}")}{flow(f"c{n}", f"u{n}")}' for n, each in enumerate((waits[0], *waits)))  # fmt: skip
    (tmp_path / "p.bpmn").write_bytes(document(f'<bpmn:startEvent id="s"/>{catches}', '<bpmn:signal id="x" name="x"/>'))
    steps = "- - {start: {}}\n  - {complete: c1}\n  - {expect: {tasks: [u1], waiting: [c0, c2, c3]}}\n  - {complete: c2}\n  - {complete: c3, with: {late: true}}\n  - {expect: {tasks: [u1, u2, u3], waiting: [c0], vars: {late: true}}}\n"
    (tmp_path / "s.yaml").write_text(f"models: [p.bpmn]\nprocess: p\nruns:\n{steps}", encoding="utf-8")
    assert [result.message for result in scenarios.run_file(tmp_path / "s.yaml")] == [""]


@pytest.mark.parametrize(("keys", "refused"), [(("=1", "=1"), True), (("=1", "=2"), False)], ids=["same", "other"])
def test_one_message_with_one_key_is_caught_once_at_an_activity(
    document: Callable[..., bytes], keys: tuple[str, str], refused: bool
) -> None:
    tops = "".join(f'<bpmn:message id="m{n}" name="m"><bpmn:extensionElements><zeebe:subscription correlationKey="{key}"/></bpmn:extensionElements></bpmn:message>' for n, key in enumerate(keys))  # fmt: skip
    events = "".join(f'<bpmn:boundaryEvent id="b{n}" attachedToRef="w" cancelActivity="false"><bpmn:messageEventDefinition messageRef="m{n}"/></bpmn:boundaryEvent>' for n in (0, 1))  # fmt: skip
    found: list[tuple[str | None, str | None]] = []
    try:
        bpmn.parse(document(user("w") + events, tops))
    except FaultsFound as refusal:
        found = [(fault.code, fault.element) for fault in refusal.faults]
    assert found == ([("catch-twice", "b1")] if refused else [])


@pytest.mark.parametrize(("priority", "stuck"), [("=7.0", False), ("=1.5", True), ("=true", True)])
def test_a_priority_is_a_whole_number(walk: Callable[..., Any], priority: str, stuck: bool) -> None:
    more = f'<zeebe:userTask/><zeebe:priorityDefinition priority="{priority}"/>'
    outcome = walk(f'<bpmn:userTask id="w"><bpmn:extensionElements>{more}</bpmn:extensionElements></bpmn:userTask>').start()  # fmt: skip
    assert ([incident.element for incident in outcome.incidents] == ["w"]) is stuck


def test_a_start_event_without_a_time_is_named(tmp_path: Path, document: Callable[..., bytes]) -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>=x</bpmn:timeDuration></bpmn:timerEventDefinition>"
    (tmp_path / "p.bpmn").write_bytes(document(f'<bpmn:startEvent id="s">{timer}</bpmn:startEvent>'))
    (tmp_path / "s.yaml").write_text("models: [p.bpmn]\nprocess: p\nruns:\n- - {advance: PT1H}\n", encoding="utf-8")
    assert "the start event s: " in scenarios.run_file(tmp_path / "s.yaml")[0].message


def test_nothing_begins_any_more_in_an_ad_hoc_subprocess_that_was_interrupted(walk: Callable[..., Any]) -> None:
    handler = f'<bpmn:subProcess id="h" triggeredByEvent="true"><bpmn:startEvent id="hs"><bpmn:signalEventDefinition signalRef="x"/></bpmn:startEvent>{user("u")}{flow("hs", "u")}</bpmn:subProcess>'
    case = walk(f'<bpmn:adHocSubProcess id="a">{user("w")}{handler}</bpmn:adHocSubProcess>', '<bpmn:signal id="x" name="x"/>')  # fmt: skip
    case.start()
    case.take(stimuli.EnableActivity("w"))
    case.take(stimuli.ReceiveSignal("x"))
    with pytest.raises(Conflict):
        case.take(stimuli.EnableActivity("w"))
    assert case.complete("u").ended


def test_the_edge_of_a_scope_listens_on_while_an_event_subprocess_has_interrupted_it(
    walk: Callable[..., Any], document: Callable[..., bytes]
) -> None:
    tops = '<bpmn:signal id="x" name="x"/><bpmn:signal id="y" name="y"/>'
    handler = f'<bpmn:subProcess id="h" triggeredByEvent="true"><bpmn:startEvent id="hs"><bpmn:signalEventDefinition signalRef="x"/></bpmn:startEvent>{user("u")}{flow("hs", "u")}</bpmn:subProcess>'
    edge = f'<bpmn:boundaryEvent id="b" attachedToRef="s"><bpmn:signalEventDefinition signalRef="y"/></bpmn:boundaryEvent>{user("k")}{flow("b", "k")}'
    called = '<bpmn:callActivity id="s"><bpmn:extensionElements><zeebe:calledElement processId="q"/></bpmn:extensionElements></bpmn:callActivity>'
    process = bpmn.parse(document(user("w") + handler, tops)).processes["p"]
    for scope in (f'<bpmn:subProcess id="s">{user("w")}{handler}</bpmn:subProcess>', called):
        case = walk(scope + edge, tops, q=process)
        case.start()
        case.take(stimuli.ReceiveSignal("x"))
        assert case.elements == ["b", "u"]
        case.take(stimuli.ReceiveSignal("y"))
        assert case.elements == ["k"]
