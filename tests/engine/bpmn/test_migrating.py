"""A case moves to another version of its diagram, whole or not at all."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Leg, MayNotMigrate, Migrate, stimuli
from engine.bpmn.outcome import MessageAwaited, TaskOpened, TimerOpened

LATER = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
MESSAGES = (
    '<bpmn:message id="m" name="paid"><bpmn:extensionElements><zeebe:subscription correlationKey="=key"/>'
    '</bpmn:extensionElements></bpmn:message><bpmn:signal id="s" name="alarm"/>'
)


def task(id: str, inside: str = "") -> str:
    user = "<bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements>"
    return f'<bpmn:userTask id="{id}" name="{id.upper()}">{user}{inside}</bpmn:userTask>'


def chain(*ids: str) -> str:
    return "".join(
        f'<bpmn:sequenceFlow id="{one}-{other}" sourceRef="{one}" targetRef="{other}"/>' for one, other in pairwise(ids)
    )


def timer(id: str, task: str, duration: str, cancels: bool = False) -> str:
    return (
        f'<bpmn:boundaryEvent id="{id}" attachedToRef="{task}" cancelActivity="{str(cancels).lower()}"><bpmn:timerEventDefinition>'
        f"<bpmn:timeDuration>{duration}</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        f'<bpmn:endEvent id="{id}End"/>{chain(id, f"{id}End")}'
    )


def line(*steps: str, also: str = "") -> str:
    return f'<bpmn:startEvent id="in"/>{"".join(map(task, steps))}<bpmn:endEvent id="out"/>{chain("in", *steps, "out")}{also}'


Move = Callable[..., Any]


@pytest.fixture
def move(walk: Any, document: Any) -> Move:
    """Moves a walk to another diagram; the snapshot goes through JSON as it would through a database."""

    def migrate(
        here: Any, body: str, elements: dict[str, str | None] | None = None, *, tops: str = "", **legs: Leg
    ) -> Any:
        target = bpmn.parse(document(body, tops)).processes["p"]
        stimulus = Migrate({"": Leg(here.process, target, "", elements or {}), **legs})
        state = json.loads(json.dumps(here.outcome.state))
        before = json.dumps(state)
        report, _ = bpmn.preview(state, here.outcome.data, stimulus, LATER, here.host)
        assert json.dumps(state) == before, "a preview changed the state that it was given"
        here.now = LATER
        here.outcome = bpmn.step(target, state, here.outcome.data, stimulus, LATER, here.host)
        here.process = target
        for closed in here.outcome.closed:
            here.open.pop(closed.token)
        for opened in here.outcome.opened:
            here.open.setdefault(opened.token, []).append(opened)
        return report

    return migrate


def codes(error: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.element) for problem in error.value.problems]


def test_a_task_goes_on_where_the_new_version_has_it(walk: Any, move: Move) -> None:
    here = walk(line("a", "b"))
    here.start()
    report = move(here, line("a", "c"))
    assert [(each.before.id, each.after.id, each.waits) for each in report.moved] == [("a", "a", "task")]
    assert (here.outcome.opened, here.outcome.closed) == ([], [])
    here.complete("a")
    assert here.elements == ["c"]


def test_a_renamed_step_needs_a_word_of_the_operator(walk: Any, move: Move) -> None:
    here = walk(line("a", "b"))
    here.start()
    with pytest.raises(MayNotMigrate) as error:
        move(here, line("z", "b"))
    assert codes(error) == [("unmapped", "a")]
    token = here.token("a")
    move(here, line("z", "b"), {"a": "z"})
    here.take(stimuli.CompleteTask(token))
    assert here.elements[-1] == "b"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('<bpmn:startEvent id="in"/><bpmn:receiveTask id="a" messageRef="m"/>' + chain("in", "a"), "kind-differs"),
        (
            '<bpmn:startEvent id="in"/><bpmn:subProcess id="sub"><bpmn:startEvent id="i"/>'
            + task("a") + chain("i", "a") + "</bpmn:subProcess>" + chain("in", "sub"),
            "scope-differs",
        ),
        (
            '<bpmn:startEvent id="in"/>'
            + task("a", '<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>')
            + chain("in", "a"),
            "loop-differs",
        ),
    ],
    ids=["kind", "scope", "loop"],
)  # fmt: skip
def test_what_is_not_the_same_does_not_move(walk: Any, move: Move, body: str, code: str) -> None:
    here = walk(line("a"))
    here.start()
    before = here.outcome
    with pytest.raises(MayNotMigrate) as error:
        move(here, body, tops=MESSAGES)
    assert codes(error) == [(code, "a")]
    assert here.outcome is before


def test_new_timers_are_armed_at_migration_kept_ones_keep_their_time_and_old_ones_go(walk: Any, move: Move) -> None:
    """Named against Flowable, whose migration breaks on new timers."""
    here = walk(line("a", also=timer("kept", "a", "P3D") + timer("old", "a", "P9D")))
    here.start()
    kept, old = here.token("kept"), here.token("old")
    report = move(here, line("a", also=timer("kept", "a", "P7D") + timer("new", "a", "P2D", cancels=True)))
    assert [closed.token for closed in here.outcome.closed] == [old]
    [opened] = here.outcome.opened
    assert isinstance(opened, TimerOpened)
    assert (opened.element, opened.due_at) == ("new", LATER + timedelta(days=2))
    assert here.open[kept][0].due_at == datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    assert ([node.id for node in report.cancelled], [node.id for node in report.opened]) == (["old"], ["new"])
    here.take(stimuli.FireTimer(kept))
    assert here.elements == ["a", "new"]
    here.take(stimuli.FireTimer(opened.token))
    assert here.outcome.ended


def test_an_operator_may_have_a_timer_armed_anew(walk: Any, move: Move) -> None:
    here = walk(line("a", also=timer("t", "a", "P3D")))
    here.start()
    move(here, line("a", also=timer("t", "a", "P1D")), {"t": None})
    assert [(each.element, each.due_at) for each in here.outcome.opened] == [("t", LATER + timedelta(days=1))]
    assert len(here.outcome.closed) == 1


def test_a_timer_that_has_fired_is_not_armed_again(walk: Any, move: Move) -> None:
    body = line("a", also=timer("t", "a", "P3D"))
    here = walk(body)
    here.start()
    here.take(stimuli.FireTimer(here.token("t")))
    move(here, body)
    assert here.elements == ["a"]


LOOP = '<bpmn:multiInstanceLoopCharacteristics isSequential="{}"><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1,2,3]" inputElement="{}"{}/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'


def many(sequential: bool, item: str, out: str = "", name: str = "a") -> str:
    loop = LOOP.format(str(sequential).lower(), item, out)
    return f'<bpmn:startEvent id="in"/>{task(name, loop)}{task("b")}{chain("in", name, "b")}'


@pytest.mark.parametrize("sequential", [False, True], ids=["parallel", "sequential"])
def test_multi_instance_keeps_its_items_and_counters(walk: Any, move: Move, sequential: bool) -> None:
    """Named against Flowable, whose migration breaks on multi-instance."""
    here = walk(many(sequential, "item"))
    here.start()
    here.complete("a")
    out = ' outputCollection="all" outputElement="=part"'
    move(here, many(sequential, "part", out, "renamed"), {"a": "renamed"})
    tokens = sorted(here.open)
    body = next(row for row in here.outcome.state["tokens"] if row[2] == "body")
    assert (body[3], body[5]["n"], body[5]["done"]) == ("renamed", 3, 1)
    for token in tokens:
        here.take(stimuli.CompleteTask(token))
    if sequential:
        here.complete("renamed")
    assert here.outcome.data["all"] == [None, 2, 3]
    assert here.elements[-1] == "b"


def called(*steps: str) -> str:
    return (
        line(*steps).replace('id="in"', 'id="go"').replace('"in-', '"go-').replace('sourceRef="in"', 'sourceRef="go"')
    )


CALL = '<bpmn:startEvent id="in"/><bpmn:callActivity id="call"><bpmn:extensionElements><zeebe:calledElement processId="q"/></bpmn:extensionElements></bpmn:callActivity>'


@pytest.mark.parametrize("moves", [False, True], ids=["stays", "moves"])
def test_a_called_process_stays_on_its_version_or_moves_when_mapped(
    walk: Any, move: Move, document: Any, moves: bool
) -> None:
    """Named against Flowable, whose migration breaks on call activities."""
    old, new = (bpmn.parse(document(called("x", last))).processes["p"] for last in ("y", "z"))
    here = walk(CALL + chain("in", "call"), q=old)
    here.host.processes["q2"] = new
    here.start()
    legs = {"q:1": Leg(old, new, "q2:1")} if moves else {}
    move(here, CALL + task("after") + chain("in", "call", "after"), **legs)
    here.complete("x")
    assert here.elements == (["z"] if moves else ["y"])
    here.complete("z" if moves else "y")
    assert here.elements == ["after"]


def fork(*branches: str, ends: bool = False) -> str:
    parts = "".join(f"{task(each)}{chain('split', each)}{'' if ends else chain(each, 'join')}" for each in branches)
    return f'<bpmn:startEvent id="in"/><bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/>{task("after")}{chain("in", "split")}{parts}{chain("join", "after")}'


def test_a_token_that_waits_in_a_join_waits_on_in_the_new_version(walk: Any, move: Move) -> None:
    here = walk(fork("a", "b"))
    here.start()
    here.complete("a")
    move(here, fork("a", "b").replace('id="a-join"', 'id="other"'))
    here.complete("b")
    assert here.elements == ["after"]


def test_a_join_without_the_way_that_a_token_came_refuses(walk: Any, move: Move) -> None:
    here = walk(fork("a", "b"))
    here.start()
    here.complete("a")
    with pytest.raises(MayNotMigrate) as error:
        move(here, fork("b", "c"))
    assert codes(error) == [("join-flow-gone", "join")]


def test_a_join_that_waits_for_less_goes_on_at_once(walk: Any, move: Move) -> None:
    here = walk(fork("a", "b", "c"))
    here.start()
    here.complete("a")
    here.complete("b")
    body = fork("a", "b") + task("c") + chain("split", "c")
    move(here, body)
    assert here.elements == ["after", "c"]


def beside(id: str, definition: str, cancels: bool = False) -> str:
    return (
        f'<bpmn:subProcess id="{id}" triggeredByEvent="true"><bpmn:startEvent id="{id}In" isInterrupting="{str(cancels).lower()}">'
        f"{definition}</bpmn:startEvent>{task(f'{id}Task')}{chain(f'{id}In', f'{id}Task')}</bpmn:subProcess>"
    )


ALARM = '<bpmn:signalEventDefinition signalRef="s"/>'
PAID = '<bpmn:messageEventDefinition messageRef="m"/>'


def test_event_subprocesses_begin_and_cease_to_wait(walk: Any, move: Move) -> None:
    here = walk(line("a") + beside("one", ALARM) + beside("two", ALARM), MESSAGES)
    here.start(key="k1")
    gone = here.token("oneIn")
    move(here, line("a") + beside("two", ALARM) + beside("three", PAID, cancels=True), tops=MESSAGES)
    assert [closed.token for closed in here.outcome.closed] == [gone]
    [opened] = here.outcome.opened
    assert isinstance(opened, MessageAwaited)
    assert (opened.element, opened.correlation_key) == ("threeIn", "k1")
    here.take(stimuli.ReceiveSignal("alarm"))
    here.take(stimuli.ReceiveMessage(opened.token))
    assert here.elements == ["threeTask"]


def test_an_event_subprocess_that_interrupted_its_scope_is_not_armed_again(walk: Any, move: Move) -> None:
    here = walk(line("a") + beside("one", ALARM, cancels=True), MESSAGES)
    here.start()
    here.take(stimuli.ReceiveSignal("alarm"))
    move(here, line("a") + beside("one", ALARM, cancels=True) + beside("two", ALARM), tops=MESSAGES)
    assert here.elements == ["oneTask"]


def undo(name: str) -> str:
    return (
        f'<bpmn:startEvent id="in"/>{task(name)}{task("b")}<bpmn:endEvent id="end"><bpmn:compensateEventDefinition/></bpmn:endEvent>'
        f'<bpmn:boundaryEvent id="cb" attachedToRef="{name}"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>'
        '<bpmn:userTask id="handler" isForCompensation="true"/><bpmn:association id="as" sourceRef="cb" targetRef="handler"/>'
        + chain("in", name, "b", "end")
    )


def test_what_was_done_can_still_be_undone(walk: Any, move: Move) -> None:
    here = walk(undo("a"))
    here.start()
    here.complete("a")
    with pytest.raises(MayNotMigrate) as error:
        move(here, undo("z"))
    assert codes(error) == [("undo-lost", "a")]
    move(here, undo("z"), {"a": "z"})
    here.complete("b")
    assert here.elements == ["handler"]
    move(here, undo("y"), {"z": "y"})
    here.complete("handler")
    assert here.outcome.ended


def test_what_failed_moves_and_is_tried_again_by_the_new_version(walk: Any, move: Move) -> None:
    def gate(condition: str) -> str:
        parts = f'<bpmn:exclusiveGateway id="g" default="g-b"/>{task("b")}{task("c")}{chain("g", "b")}'
        flow = f'<bpmn:sequenceFlow id="yes" sourceRef="g" targetRef="c"><bpmn:conditionExpression>={condition}</bpmn:conditionExpression></bpmn:sequenceFlow>'
        return f'<bpmn:startEvent id="in"/>{chain("in", "g")}{parts}{flow}'

    here = walk(gate("amuont > 1"))
    [incident] = here.start(amount=2).incidents
    report = move(here, gate("amount > 1"))
    assert [(each.before.id, each.waits) for each in report.moved] == [("g", "halted")]
    here.take(stimuli.RetryIncident(incident.token))
    assert here.elements == ["c"]


def test_a_new_timer_that_cannot_be_told_refuses(walk: Any, move: Move) -> None:
    here = walk(line("a"))
    here.start()
    with pytest.raises(MayNotMigrate) as error:
        move(here, line("a", also=timer("t", "a", "=unknown")))
    assert codes(error) == [("expression-fails", "t")]


def test_an_event_gateway_waits_for_the_events_of_the_new_version(walk: Any, move: Move) -> None:
    def race(*events: str) -> str:
        parts = "".join(
            f'<bpmn:intermediateCatchEvent id="{id}"><bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>{task(f"{id}Task")}{chain("g", id, f"{id}Task")}'
            for id in events
        )
        return f'<bpmn:startEvent id="in"/><bpmn:eventBasedGateway id="g"/>{chain("in", "g")}{parts}'

    here = walk(race("x", "y"))
    here.start()
    move(here, race("y", "z"))
    assert here.elements == ["y", "z"]
    here.take(stimuli.FireTimer(here.token("z")))
    assert here.elements == ["zTask"]


def test_tasks_keep_their_tokens(walk: Any, move: Move) -> None:
    here = walk(fork("a", "b"))
    here.start()
    before = {token: group[0].element for token, group in here.open.items() if isinstance(group[0], TaskOpened)}
    report = move(here, fork("a", "b"))
    assert {each.token: each.after.id for each in report.moved} == before
