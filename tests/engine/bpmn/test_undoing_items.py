"""What was done is undone: in which order, and items of a multi-instance activity when one was taken back meanwhile."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from engine import bpmn
from engine.bpmn import stimuli, undoing

CARDINALITY = "<bpmn:loopCardinality>3</bpmn:loopCardinality>"
BODY = (
    '<bpmn:startEvent id="s"/><bpmn:userTask id="book"><bpmn:multiInstanceLoopCharacteristics isSequential="{0}">'
    f"{CARDINALITY}</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
    '<bpmn:boundaryEvent id="b" attachedToRef="book"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>'
    '<bpmn:userTask id="unbook" isForCompensation="true"/>'
    '<bpmn:association id="a" sourceRef="b" targetRef="unbook"/>'
    '<bpmn:endEvent id="e"><bpmn:compensateEventDefinition/></bpmn:endEvent>'
    '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="book"/>'
    '<bpmn:sequenceFlow id="f2" sourceRef="book" targetRef="e"/>'
)


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_an_item_that_was_taken_back_and_done_again_is_undone_once(
    walk: Callable, document: Callable[..., bytes], sequential: str
) -> None:
    case = walk(bpmn.parse(document(BODY.format(sequential))).processes["p"])
    case.start()
    before = case.outcome
    token = case.token("book")
    after = case.take(stimuli.CompleteTask(token))
    trace = undoing.trace(token, before.state, after.state, before.data, after.data)
    assert trace is not None
    back = case.take(stimuli.TakeBack(trace))
    assert sorted(back.state["tokens"]) == sorted(before.state["tokens"])
    # The task itself is opened again by who keeps it.
    for _ in range(3):
        opened = [row[0] for row in case.outcome.state["tokens"] if row[3] == "book" and (row[5] or {}).get("open")]
        case.take(stimuli.CompleteTask(opened[0]))
    assert case.elements.count("unbook") == 3


def test_items_of_an_interrupted_activity_leave_nothing_to_undo(walk: Callable, document: Callable[..., bytes]) -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
    late = f'<bpmn:boundaryEvent id="late" attachedToRef="book">{timer}</bpmn:boundaryEvent>'
    late += '<bpmn:sequenceFlow id="f3" sourceRef="late" targetRef="e"/>'
    case = walk(bpmn.parse(document(BODY.format("false") + late)).processes["p"])
    case.start()
    case.complete("book")
    assert case.take(stimuli.FireTimer(case.token("late"))).ended


def scripted(id: str, value: int) -> str:
    """A passing task whose handler writes down that it was undone."""
    script = f'<zeebe:script expression="=append(log, {value})" resultVariable="log"/>'
    return (
        f'<bpmn:task id="{id}"/><bpmn:boundaryEvent id="of_{id}" attachedToRef="{id}"><bpmn:compensateEventDefinition/>'
        f'</bpmn:boundaryEvent><bpmn:scriptTask id="undo_{id}" isForCompensation="true"><bpmn:extensionElements>{script}'
        f'</bpmn:extensionElements></bpmn:scriptTask><bpmn:association id="with_{id}" sourceRef="of_{id}" '
        f'targetRef="undo_{id}"/>'
    )


def flows(*ids: str) -> str:
    return "".join(
        f'<bpmn:sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in itertools.pairwise(ids)
    )


@pytest.mark.parametrize(
    ("throws", "log"), [("", [4, 3, 2, 1]), (' activityRef="in"', [3, 2]), (' activityRef="d"', [4])], ids=["all", "subprocess", "task"]
)  # fmt: skip
def test_what_is_done_inside_the_step_is_undone_in_reverse_order(walk: Callable, throws: str, log: list[int]) -> None:
    inside = f'<bpmn:startEvent id="is"/>{scripted("b", 2)}{scripted("c", 3)}{flows("is", "b", "c")}'
    body = f'<bpmn:startEvent id="s"/>{scripted("a", 1)}<bpmn:subProcess id="in">{inside}</bpmn:subProcess>'
    body += f'{scripted("d", 4)}<bpmn:endEvent id="e"><bpmn:compensateEventDefinition{throws}/></bpmn:endEvent>'
    outcome = walk(body + flows("s", "a", "in", "d", "e")).start(log=[])
    assert (outcome.ended, outcome.data) == (True, {"log": log})
