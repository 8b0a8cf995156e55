"""What operators repair at once: elements begin, with variables, then tokens are ended; all of it or nothing."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import shifting, stimuli
from engine.bpmn.modifying import CannotModify
from engine.bpmn.outcome import MessageAwaited, TaskOpened
from engine.bpmn.tokens import TokenGone

Walk = Any
TOPS = '<bpmn:message id="m" name="m"><bpmn:extensionElements><zeebe:subscription correlationKey="=k"/></bpmn:extensionElements></bpmn:message>'
HEARD = '<bpmn:messageEventDefinition messageRef="m"/>'
MANY = '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2]"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'


def user(id: str, inner: str = "", extra: str = "") -> str:
    return f'<bpmn:userTask id="{id}"><bpmn:extensionElements><zeebe:userTask/>{extra}</bpmn:extensionElements>{inner}</bpmn:userTask>'


def flow(source: str, target: str) -> str:
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'


def io(source: str, target: str) -> str:
    return f'<zeebe:ioMapping><zeebe:input source="{source}" target="{target}"/></zeebe:ioMapping>'


def scope(id: str, inside: str, extra: str = "") -> str:
    return (
        f'<bpmn:subProcess id="{id}"><bpmn:extensionElements>{extra}</bpmn:extensionElements>{inside}</bpmn:subProcess>'
    )


INNER = scope("inner", '<bpmn:startEvent id="is"/>' + user("first") + user("second", extra=io("=v", "own")) + flow("is", "first") + flow("first", "second"))  # fmt: skip
HANDLER = f'<bpmn:subProcess id="on" triggeredByEvent="true"><bpmn:startEvent id="told">{HEARD}</bpmn:startEvent>{user("deal")}{flow("told", "deal")}</bpmn:subProcess>'
BODY = (
    '<bpmn:startEvent id="s"/>' + user("a") + scope("outer", '<bpmn:startEvent id="os"/>' + INNER + flow("os", "inner"), io("=1", "given")) + user("z")
    + flow("s", "a") + flow("a", "outer") + flow("outer", "z")
    + f'<bpmn:boundaryEvent id="edge" attachedToRef="outer">{HEARD}</bpmn:boundaryEvent>' + flow("edge", "z") + HANDLER
    + '<bpmn:eventBasedGateway id="g"/>' + flow("a", "g")
    + f'<bpmn:intermediateCatchEvent id="come">{HEARD}</bpmn:intermediateCatchEvent>' + flow("g", "come")
    + f'<bpmn:subProcess id="items">{user("item")}{MANY}</bpmn:subProcess>' + flow("come", "items")
)  # fmt: skip


@pytest.fixture
def case(walk: Callable[..., Walk]) -> Walk:
    made = walk(BODY, TOPS)
    made.start(k="1", v="global")
    return made


def activate(element: str, within: int | None = None, **data: Any) -> stimuli.Activation:
    return stimuli.Activation(element, data.get("data", {}), within)


def modify(case: Walk, *begun: stimuli.Activation, end: tuple[int, ...] = ()) -> Any:
    return case.take(stimuli.Modify(begun, end))


def tasks(case: Walk) -> dict[str, TaskOpened]:
    return {each.element: each for group in case.open.values() for each in group if isinstance(each, TaskOpened)}


def test_a_nested_element_begins_in_subprocesses_opened_without_start_events_and_inputs(case: Walk) -> None:
    modify(case, activate("second", data={"": {"k": 5}, "outer": {"v": "of the scope"}}), end=(case.token("a"),))
    assert list(tasks(case)) == ["second"]
    assert tasks(case)["second"].local == {"v": "of the scope", "own": "of the scope"}, "no `given`"
    awaited = {each.element: each.correlation_key for group in case.open.values() for each in group if isinstance(each, MessageAwaited)}  # fmt: skip
    assert awaited == {"edge": "5", "told": "1"}, "what was open keeps its key"
    assert case.outcome.data == {"k": 5, "v": "global"}
    case.complete("second")
    assert list(tasks(case)) == ["z"]


def test_what_is_begun_goes_into_the_subprocess_that_is_open_and_interrupts_nothing(case: Walk) -> None:
    modify(case, activate("first"), activate("second"), activate("on"))
    assert sorted(tasks(case)) == ["a", "deal", "first", "second"]
    assert case.elements.count("edge") == 1
    modify(case, activate("second"), end=(case.token("first"),))
    assert [element for element in case.elements if element == "second"] == ["second"] * 2


def test_which_of_several_must_be_said(case: Walk) -> None:
    modify(case, activate("outer"), activate("outer"))
    with pytest.raises(CannotModify, match="more than once"):
        modify(case, activate("second"))
    first = sorted(token for token, group in case.open.items() if group[0].element == "first")[0]
    modify(case, activate("second", within=first))
    [second] = [token for token, group in case.open.items() if group[0].element == "second"]
    rows = {row[0]: row for row in case.outcome.state["tokens"]}
    assert rows[second][1] == rows[first][1]


def test_an_emptied_subprocess_ends_with_its_last_token(case: Walk) -> None:
    modify(case, activate("first"))
    modify(case, end=(case.token("first"),))
    assert sorted(case.elements) == ["a", "told"]


REFUSED = [
    ("start event", "s", "a start event"),
    ("inner start event", "is", "a start event"),
    ("boundary event", "edge", "at the edge"),
    ("event after a gateway", "come", "begin the gateway"),
    ("inside a multi-instance", "item", "multi-instance"),
    ("flow", "s_a", "a flow"),
    ("nothing", "nowhere", "no such element"),
]


@pytest.mark.parametrize(("element", "why"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_begin_leaves_everything_as_it_was(case: Walk, element: str, why: str) -> None:
    before = case.outcome
    with pytest.raises(CannotModify, match=why):
        modify(case, activate("z"), activate(element))
    assert case.outcome is before


def test_what_cannot_be_ended_leaves_everything_as_it_was(case: Walk) -> None:
    a = case.token("a")
    for begun, end, error in (
        ((activate("z"),), (a, a), TokenGone),
        ((activate("z"),), (999,), TokenGone),
        ((activate("z"),), (case.token("told"),), CannotModify),
        ((), (a,), CannotModify),
        ((activate("first", data={"items": {"x": 1}}),), (), CannotModify),
        ((activate("first", within=999),), (), TokenGone),
    ):
        with pytest.raises(error):
            modify(case, *begun, end=end)
    assert sorted(case.elements) == ["a", "told"]


def test_items_are_ended_one_by_one_and_counted(case: Walk) -> None:
    modify(case, activate("items"), end=(case.token("a"),))
    places = shifting.places(case.process, case.outcome.state, case.host)
    first, second = sorted(token for token, group in case.open.items() if group[0].element == "item")
    modify(case, end=(first,))
    assert [row[5]["terminated"] for row in case.outcome.state["tokens"] if row[2] == "body"] == [1]
    assert places[second].id == "item"
    modify(case, activate("z"), end=(second,))
    assert sorted(case.elements) == ["told", "z"]


def test_in_a_called_process_and_in_an_ad_hoc_subprocess(
    walk: Callable[..., Walk], document: Callable[..., bytes]
) -> None:
    free = f'<bpmn:adHocSubProcess id="free"><bpmn:extensionElements><zeebe:adHoc outputCollection="all" outputElement="=x"/></bpmn:extensionElements>{user("r")}{user("q")}</bpmn:adHocSubProcess>'
    called = bpmn.parse(
        document(user("one") + free + user("last") + flow("one", "free") + flow("free", "last"))
    ).processes["p"]
    case = walk(
        '<bpmn:callActivity id="c"><bpmn:extensionElements><zeebe:calledElement processId="k"/></bpmn:extensionElements></bpmn:callActivity>',
        k=called,
    )
    case.start()
    one = case.token("one")
    with pytest.raises(CannotModify, match="end the call"):
        modify(case, end=(one,))
    with pytest.raises(CannotModify, match="no such element"):
        modify(case, activate("r"))
    modify(case, activate("r", within=one, data={"p": {"x": 1}}), activate("q", within=one), end=(one,))
    assert sorted(case.elements) == ["q", "q", "r", "r"], "both are open, and both are offered"
    case.complete("r")
    assert case.complete("q", x=2).state["tokens"]
    assert case.elements == ["last"]
    assert case.complete("last").data["all"] == [1, 2]
