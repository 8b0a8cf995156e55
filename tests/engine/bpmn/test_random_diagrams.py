"""Random diagrams walked at random: nothing is lost, nothing is left, a restored case goes on as if never saved."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn import run, stimuli
from engine.bpmn.outcome import (
    ConditionAwaited,
    MessageAwaited,
    Opened,
    Outcome,
    SignalAwaited,
    TaskOpened,
    TimerOpened,
)
from engine.bpmn.process import Process
from engine.bpmn.run import StepTooLong

pytestmark = pytest.mark.usefixtures("short_steps")
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BLOCKS = (
    "task",
    "seq",
    "and",
    "xor",
    "or",
    "loop",
    "sub",
    "many",
    "timed",
    "beside",
    "called",
    "handled",
    "failing",
    "undone",
    "calling",
    "raced",
)


@pytest.fixture(scope="module")
def short_steps() -> Iterator[None]:
    """Loops without a person in them are found sooner."""
    limit, run.MAX_OPERATIONS = run.MAX_OPERATIONS, 3_000
    yield
    run.MAX_OPERATIONS = limit


class Host:
    circle = ""
    functions: Mapping[str, Any] = MappingProxyType({})

    def service(self, type: str) -> None:
        return None

    def called(self, process_id: str, *binding: Any) -> bpmn.Called:
        return bpmn.Called(f"{process_id} 1", CALLED)

    def definition(self, key: str) -> Process:
        assert key == "small 1"
        return CALLED


@dataclass
class Block:
    kind: str
    id: int
    inner: tuple[Block, ...] = ()


def blocks(kinds: tuple[str, ...]) -> st.SearchStrategy[tuple[str, tuple[Any, ...]]]:
    leaf = st.just(("task", ()))
    nested = [kind for kind in kinds if kind != "task"]
    return st.recursive(
        leaf,
        lambda inner: st.tuples(st.sampled_from(nested), st.lists(inner, min_size=1, max_size=3).map(tuple)),
        max_leaves=8,
    )


def number(tree: tuple[str, tuple[Any, ...]], ids: list[int]) -> Block:
    ids[0] += 1
    return Block(tree[0], ids[0], tuple(number(inner, ids) for inner in tree[1]))


class Drawing:
    """Writes a block-structured diagram; each block is entered at one node and left at one node."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.flows = 0

    def flow(self, source: str, target: str, condition: str = "") -> str:
        self.flows += 1
        id = f"flow{self.flows}"
        inside = f"<bpmn:conditionExpression>={condition}</bpmn:conditionExpression>" if condition else ""
        self.parts.append(
            f'<bpmn:sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'
        )
        return id

    def task(self, name: str) -> None:
        self.parts.append(
            f'<bpmn:userTask id="{name}"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>'
        )

    def draw(self, block: Block) -> tuple[str, str]:
        return getattr(self, f"_{block.kind}")(block)

    def _task(self, block: Block) -> tuple[str, str]:
        self.task(f"t{block.id}")
        return f"t{block.id}", f"t{block.id}"

    def _seq(self, block: Block) -> tuple[str, str]:
        drawn = [self.draw(inner) for inner in block.inner]
        for (_, left), (right, _) in pairwise(drawn):
            self.flow(left, right)
        return drawn[0][0], drawn[-1][1]

    def _split(self, block: Block, kind: str, conditions: bool) -> tuple[str, str]:
        split, join = f"s{block.id}", f"j{block.id}"
        drawn = [self.draw(inner) for inner in block.inner]
        default = ""
        for index, (enter, leave) in enumerate(drawn):
            condition = f"modulo(n, {index + 2}) = 0" if conditions and index else ""
            flow = self.flow(split, enter, condition)
            default = default or flow
            self.flow(leave, join)
        given = f' default="{default}"' if conditions else ""
        self.parts.append(f'<bpmn:{kind} id="{split}"{given}/><bpmn:{kind} id="{join}"/>')
        return split, join

    def _and(self, block: Block) -> tuple[str, str]:
        return self._split(block, "parallelGateway", False)

    def _xor(self, block: Block) -> tuple[str, str]:
        return self._split(block, "exclusiveGateway", True)

    def _or(self, block: Block) -> tuple[str, str]:
        return self._split(block, "inclusiveGateway", True)

    def _loop(self, block: Block) -> tuple[str, str]:
        enter, leave = self._seq(block)
        before, after, out = f"b{block.id}", f"a{block.id}", f"o{block.id}"
        self.flow(before, enter)
        self.flow(leave, f"lt{block.id}")
        self.task(f"lt{block.id}")
        self.flow(f"lt{block.id}", after)
        self.flow(after, before, "modulo(n, 3) = 0")
        default = self.flow(after, out)
        self.parts.append(
            f'<bpmn:exclusiveGateway id="{before}"/><bpmn:exclusiveGateway id="{after}" default="{default}"/><bpmn:task id="{out}"/>'
        )
        return before, out

    def _inside(self, block: Block, extra: str = "") -> str:
        inner = Drawing()
        inner.flows = block.id * 1000
        enter, leave = inner._seq(block)
        start, end = f"in{block.id}", f"out{block.id}"
        inner.flow(start, enter)
        inner.flow(leave, end)
        parts = "".join(inner.parts)
        return f'<bpmn:subProcess id="sub{block.id}">{extra}<bpmn:startEvent id="{start}"/>{parts}<bpmn:endEvent id="{end}"/>'

    def _sub(self, block: Block) -> tuple[str, str]:
        self.parts.append(self._inside(block) + "</bpmn:subProcess>")
        return f"sub{block.id}", f"sub{block.id}"

    def _many(self, block: Block) -> tuple[str, str]:
        sequential = "true" if block.id % 2 else "false"
        loop = (
            f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}"><bpmn:extensionElements>'
            '<zeebe:loopCharacteristics inputCollection="=[1, 2]" inputElement="item"/></bpmn:extensionElements>'
            "</bpmn:multiInstanceLoopCharacteristics>"
        )
        self.parts.append(self._inside(block, loop) + "</bpmn:subProcess>")
        return f"sub{block.id}", f"sub{block.id}"

    def _boundary(self, block: Block, definition: str, cancels: bool) -> tuple[str, str]:
        self.parts.append(self._inside(block) + "</bpmn:subProcess>")
        event, task, out = f"e{block.id}", f"et{block.id}", f"m{block.id}"
        self.parts.append(
            f'<bpmn:boundaryEvent id="{event}" attachedToRef="sub{block.id}" cancelActivity="{str(cancels).lower()}">'
            f"{definition}</bpmn:boundaryEvent>"
        )
        self.task(task)
        self.flow(event, task)
        if not cancels:
            self.parts.append(f'<bpmn:endEvent id="ee{block.id}"/>')
            self.flow(task, f"ee{block.id}")
            return f"sub{block.id}", f"sub{block.id}"
        self.parts.append(f'<bpmn:exclusiveGateway id="{out}"/>')
        self.flow(task, out)
        self.flow(f"sub{block.id}", out)
        return f"sub{block.id}", out

    def _failing(self, block: Block) -> tuple[str, str]:
        enter, leave = self._boundary(block, "<bpmn:errorEventDefinition/>", True)
        wrong = (
            f'<bpmn:exclusiveGateway id="w{block.id}" default="wf{block.id}"/><bpmn:endEvent id="wo{block.id}"/>'
            f'<bpmn:endEvent id="we{block.id}"><bpmn:errorEventDefinition errorRef="bad"/></bpmn:endEvent>'
            f'<bpmn:sequenceFlow id="wf{block.id}" sourceRef="w{block.id}" targetRef="wo{block.id}"/>'
            f'<bpmn:sequenceFlow id="wg{block.id}" sourceRef="w{block.id}" targetRef="we{block.id}">'
            "<bpmn:conditionExpression>=modulo(n, 2) = 0</bpmn:conditionExpression></bpmn:sequenceFlow>"
        )
        index = next(i for i, part in enumerate(self.parts) if part.startswith(f'<bpmn:subProcess id="sub{block.id}"'))
        end = f'<bpmn:endEvent id="out{block.id}"/>'
        self.parts[index] = self.parts[index].replace(end, wrong).replace(f'"out{block.id}"', f'"w{block.id}"')
        return enter, leave

    def _undone(self, block: Block) -> tuple[str, str]:
        enter, leave = self._seq(block)
        done, handler, throw = f"ct{block.id}", f"ch{block.id}", f"cx{block.id}"
        self.task(done)
        self.parts.append(
            f'<bpmn:boundaryEvent id="cb{block.id}" attachedToRef="{done}"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>'
            f'<bpmn:userTask id="{handler}" isForCompensation="true"/>'
            f'<bpmn:association id="ca{block.id}" sourceRef="cb{block.id}" targetRef="{handler}"/>'
            f'<bpmn:intermediateThrowEvent id="{throw}"><bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>'
        )
        self.flow(done, enter)
        self.flow(leave, throw)
        return done, throw

    def _calling(self, block: Block) -> tuple[str, str]:
        enter, leave = self._seq(block)
        call = f"call{block.id}"
        self.parts.append(f'<bpmn:callActivity id="{call}" calledElement="small"/>')
        self.flow(call, enter)
        return call, leave

    def _raced(self, block: Block) -> tuple[str, str]:
        enter, leave = self._seq(block)
        gate, timer, noise, out = (f"{letter}{block.id}" for letter in ("rg", "rt", "rn", "ro"))
        self.parts.append(
            f'<bpmn:eventBasedGateway id="{gate}"/><bpmn:exclusiveGateway id="{out}"/>'
            f'<bpmn:intermediateCatchEvent id="{timer}"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration>'
            f'</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent><bpmn:intermediateCatchEvent id="{noise}">'
            '<bpmn:signalEventDefinition signalRef="noise"/></bpmn:intermediateCatchEvent>'
        )
        for source, target in ((gate, timer), (gate, noise), (timer, enter), (leave, out), (noise, out)):
            self.flow(source, target)
        return gate, out

    def _timed(self, block: Block) -> tuple[str, str]:
        timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
        return self._boundary(block, timer, True)

    def _beside(self, block: Block) -> tuple[str, str]:
        return self._boundary(block, '<bpmn:signalEventDefinition signalRef="noise"/>', False)

    def _called(self, block: Block) -> tuple[str, str]:
        return self._boundary(block, '<bpmn:messageEventDefinition messageRef="call"/>', True)

    def _handled(self, block: Block) -> tuple[str, str]:
        handler = (
            f'<bpmn:subProcess id="h{block.id}" triggeredByEvent="true">'
            f'<bpmn:startEvent id="hs{block.id}" isInterrupting="{"true" if block.id % 2 else "false"}">'
            "<bpmn:conditionalEventDefinition><bpmn:condition>=n = 13</bpmn:condition></bpmn:conditionalEventDefinition>"
            f'</bpmn:startEvent><bpmn:userTask id="ht{block.id}"><bpmn:extensionElements><zeebe:userTask/>'
            f'</bpmn:extensionElements></bpmn:userTask><bpmn:sequenceFlow id="hf{block.id}" sourceRef="hs{block.id}" '
            f'targetRef="ht{block.id}"/></bpmn:subProcess>'
        )
        self.parts.append(self._inside(block) + handler + "</bpmn:subProcess>")
        return f"sub{block.id}", f"sub{block.id}"


CALLED = bpmn.parse(
    b'<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="z" id="d">'
    b'<bpmn:process id="small"><bpmn:userTask id="small_task"/></bpmn:process></bpmn:definitions>'
).processes["small"]


def diagram(parts: str) -> Process:
    xml = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="x">'
        '<bpmn:error id="bad" errorCode="BAD"/><bpmn:signal id="noise" name="noise"/><bpmn:message id="call" name="call"><bpmn:extensionElements>'
        '<zeebe:subscription correlationKey="=1"/></bpmn:extensionElements></bpmn:message>'
        f'<bpmn:process id="p" isExecutable="true">{parts}</bpmn:process></bpmn:definitions>'
    )
    return bpmn.parse(xml.encode()).processes["p"]


def draw(tree: tuple[str, tuple[Any, ...]]) -> tuple[Process, Block]:
    block = number(tree, [0])
    drawing = Drawing()
    enter, leave = drawing.draw(block)
    drawing.flow("begin", enter)
    drawing.flow(leave, "finish")
    parts = "".join(drawing.parts)
    return diagram(f'<bpmn:startEvent id="begin"/>{parts}<bpmn:endEvent id="finish"/>'), block


def stimulus(opened: Opened, n: int) -> stimuli.Stimulus | None:
    if isinstance(opened, TaskOpened):
        return stimuli.CompleteTask(opened.token, {"n": n})
    if isinstance(opened, TimerOpened):
        return stimuli.FireTimer(opened.token)
    if isinstance(opened, MessageAwaited):
        return stimuli.ReceiveMessage(opened.token, {"n": n})
    if isinstance(opened, SignalAwaited):
        return stimuli.ReceiveSignal(opened.signal)
    return stimuli.ChangeData({"n": n}) if isinstance(opened, ConditionAwaited) else None


def check(outcome: Outcome, open: dict[int, list[Opened]]) -> None:
    rows = {row[0]: row for row in outcome.state["tokens"]}
    for id, parent, *_ in rows.values():
        assert parent is None or parent == 0 or parent in rows, f"token {id} hangs below {parent}, which is gone"
    waiting = {id for id, row in rows.items() if row[5] and "open" in row[5]}
    assert waiting == set(open), "what the snapshot waits for is not what was told to be open"
    if outcome.ended:
        assert not rows
    assert not outcome.incidents


def migrated(process: Process, copy: Process, outcome: Outcome) -> Outcome:
    """The same case on an identical copy of its diagram: nothing opens, nothing closes, it stands where it stood."""
    legs = {"": bpmn.Leg(process, copy, ""), "small 1": bpmn.Leg(CALLED, CALLED, "small 1")}
    state = json.loads(json.dumps(outcome.state))
    moved = bpmn.step(copy, state, outcome.data, bpmn.Migrate(legs), NOW, Host())
    assert (moved.state, moved.data) == (state, outcome.data)
    assert (moved.opened, moved.closed, moved.events) == ([], [], [])
    return moved


def walk(process: Process, seed: int, steps: int, dead_ends: bool = False, copy: Process | None = None) -> None:
    random = Random(seed)
    open: dict[int, list[Opened]] = {}
    outcome = bpmn.step(process, None, {}, stimuli.Start({"n": random.randrange(20)}), NOW, Host())
    for _ in range(steps):
        for closed in outcome.closed:
            assert closed.token in open, "what was never told open was closed"
            del open[closed.token]
        for opened in outcome.opened:
            open.setdefault(opened.token, []).append(opened)
        check(outcome, open)
        if outcome.ended:
            return
        if not open:
            assert dead_ends, "the case is not ended and waits for nothing"
            return
        chosen = random.choice([item for group in open.values() for item in group])
        event = stimulus(chosen, random.randrange(20))
        assert event is not None
        if copy is not None:
            moved = migrated(process, copy, outcome)
            away = bpmn.step(copy, moved.state, moved.data, event, NOW, Host())
        before = json.dumps(outcome.state)
        kept = bpmn.step(process, outcome.state, outcome.data, event, NOW, Host())
        assert json.dumps(outcome.state) == before, "the step changed the state that it was given"
        outcome = bpmn.step(process, json.loads(before), json.loads(json.dumps(outcome.data)), event, NOW, Host())
        assert (kept.state, kept.data, kept.opened, kept.closed) == (
            outcome.state, outcome.data, outcome.opened, outcome.closed,
        )  # fmt: skip
        if copy is not None:
            assert (away.state, away.opened, away.closed, away.events) == (
                kept.state, kept.opened, kept.closed, kept.events,
            )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=blocks(BLOCKS), seed=st.integers(0, 2**20))
def test_a_case_migrated_to_an_identical_copy_behaves_as_if_it_had_stayed(tree: Any, seed: int) -> None:
    walk(draw(tree)[0], seed, 25, copy=draw(tree)[0])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=blocks(BLOCKS), seed=st.integers(0, 2**20))
def test_no_token_is_lost_and_no_subscription_is_left_behind(tree: Any, seed: int) -> None:
    process, _ = draw(tree)
    walk(process, seed, 40)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), seed=st.integers(0, 2**20))
def test_unstructured_diagrams_never_confuse_the_bookkeeping(data: Any, seed: int) -> None:
    count = data.draw(st.integers(2, 9))
    kinds = data.draw(
        st.lists(
            st.sampled_from(["userTask", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "task"]),
            min_size=count,
            max_size=count,
        )
    )
    edges = data.draw(
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), min_size=1, max_size=14)
    )
    parts, default = [], {}
    for index, (source, target) in enumerate([(-1, 0), *sorted(set(edges))]):
        name = "begin" if source < 0 else f"n{source}"
        first = default.setdefault(name, f"f{index}") == f"f{index}"
        choice = source >= 0 and kinds[source] in ("exclusiveGateway", "inclusiveGateway") and not first
        inside = f"<bpmn:conditionExpression>=modulo(n, {index + 1}) = 0</bpmn:conditionExpression>" if choice else ""
        parts.append(
            f'<bpmn:sequenceFlow id="f{index}" sourceRef="{name}" targetRef="n{target}">{inside}</bpmn:sequenceFlow>'
        )
    for index, kind in enumerate(kinds):
        given_default = f' default="{default[f"n{index}"]}"' if "clusive" in kind and f"n{index}" in default else ""
        parts.append(f'<bpmn:{kind} id="n{index}"{given_default}/>')
    process = diagram('<bpmn:startEvent id="begin"/>' + "".join(parts))
    with contextlib.suppress(StepTooLong):
        walk(process, seed, 15, dead_ends=True)


def enabled(block: Block, n: int) -> dict[str, int]:
    """A simple reference: which tasks a block of tasks, sequences and forks opens when it begins."""
    if block.kind == "task":
        return {f"t{block.id}": 1}
    if block.kind == "seq":
        return enabled(block.inner[0], n)
    if block.kind == "xor":
        for index, inner in enumerate(block.inner[1:], 1):
            if n % (index + 2) == 0:
                return enabled(inner, n)
        return enabled(block.inner[0], n)
    chosen = list(block.inner)
    if block.kind == "or":
        chosen = [inner for index, inner in enumerate(block.inner) if index and n % (index + 2) == 0] or chosen[:1]
    found: dict[str, int] = {}
    for inner in chosen:
        found.update(enabled(inner, n))
    return found


def finish(block: Block, n: int, name: str) -> Block | None:
    """The reference: what is left of a running block when its task `name` is completed; None when it is done."""
    if block.kind == "task":
        return None if name == f"t{block.id}" else block
    if block.kind == "seq":
        first = finish(block.inner[0], n, name) if name in enabled(block.inner[0], n) else block.inner[0]
        rest = (first, *block.inner[1:]) if first is not None else block.inner[1:]
        return Block("seq", block.id, rest) if rest else None
    chosen = [inner for inner in block.inner if name in enabled(inner, n)]
    if block.kind == "xor":
        return finish(chosen[0], n, name)
    running = [inner for inner in block.inner if set(enabled(inner, n)) & set(enabled(block, n))]
    left = [finish(inner, n, name) if inner is chosen[0] else inner for inner in running]
    remaining = tuple(inner for inner in left if inner is not None)
    return Block("and", block.id, remaining) if remaining else None


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=blocks(("task", "seq", "and", "xor", "or")), n=st.integers(0, 30), seed=st.integers(0, 2**20))
def test_open_tasks_are_those_of_a_simple_reference(tree: Any, n: int, seed: int) -> None:
    process, block = draw(tree)
    random = Random(seed)
    outcome = bpmn.step(process, None, {}, stimuli.Start({"n": n}), NOW, Host())
    open = {opened.element: opened.token for opened in outcome.opened}
    left: Block | None = block
    while left is not None:
        assert set(open) == set(enabled(left, n))
        name = random.choice(sorted(open))
        outcome = bpmn.step(process, outcome.state, outcome.data, stimuli.CompleteTask(open.pop(name)), NOW, Host())
        open.update({opened.element: opened.token for opened in outcome.opened})
        left = finish(left, n, name)
    assert outcome.ended
    assert not open
