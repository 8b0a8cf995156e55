"""Random diagrams of what opens scopes and leaves them: no token is lost, nothing is left, every case can end."""

# ruff: noqa: E501  (diagrams are written in one line)

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn import run, stimuli
from engine.bpmn.outcome import ActivityOffered, Opened, Outcome, TaskOpened
from engine.bpmn.process import Process
from engine.bpmn.run import StepTooLong
from engine.errors import BihuanError
from tests.engine.bpmn import test_random_diagrams as plain
from tests.engine.bpmn.test_random_diagrams import NOW, Block

pytestmark = pytest.mark.usefixtures("short_steps")
KINDS = (
    *plain.BLOCKS,
    *("adhoc", "transaction", "hearing", "timing", "risky", "linked", "escalating", "enough", "undoing", "terminated"),
    *("telling", "escaping", "copies"),
)
SMALL = plain.CALLED
TASK = '<bpmn:userTask id="{}"><bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>'
FLOW = '<bpmn:sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}"/>'
WHEN = '<bpmn:sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}"><bpmn:conditionExpression>=modulo(n, {2}) = 0</bpmn:conditionExpression></bpmn:sequenceFlow>'
TOPS = (
    '<bpmn:error id="bad" errorCode="BAD"/><bpmn:escalation id="up" escalationCode="UP"/><bpmn:signal id="noise" name="noise"/>'
    '<bpmn:message id="call" name="call"><bpmn:extensionElements><zeebe:subscription correlationKey="=1"/></bpmn:extensionElements></bpmn:message>'
)


@pytest.fixture(scope="module")
def short_steps() -> Iterator[None]:
    """Loops without a person in them are found sooner."""
    limit, run.MAX_OPERATIONS = run.MAX_OPERATIONS, 6_000
    yield
    run.MAX_OPERATIONS = limit


def parsed(parts: str, id: str = "p") -> Process:
    xml = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="x">'
        f'{TOPS}<bpmn:process id="{id}" isExecutable="true">{parts}</bpmn:process></bpmn:definitions>'
    )
    return bpmn.parse(xml.encode()).processes[id]


def event(tag: str, id: str, kind: str, more: str = "") -> str:
    references = {"signal": "noise", "message": "call", "error": "bad", "escalation": "up"}
    given = f' {kind}Ref="{references[kind]}"' if kind in references else ""
    timer = "<bpmn:timeDuration>PT1H</bpmn:timeDuration>" if kind == "timer" else ""
    name = f' name="{id[1:]}"' if kind == "link" else ""
    return f'<bpmn:{tag} id="{id}"{more}><bpmn:{kind}EventDefinition{given}{name}>{timer}</bpmn:{kind}EventDefinition></bpmn:{tag}>'


RISKY = parsed(
    '<bpmn:startEvent id="rs"/>' + TASK.format("risk") + '<bpmn:exclusiveGateway id="rw" default="rw_ro"/><bpmn:endEvent id="ro"/>'
    + event("endEvent", "re", "error") + FLOW.format("rs", "risk") + FLOW.format("risk", "rw") + FLOW.format("rw", "ro")
    + WHEN.format("rw", "re", 2),
    "risky",
)  # fmt: skip


class Host(plain.Host):
    """Knows two processes: a task alone, and one that may end with an error."""

    def called(self, process_id: str, *binding: Any) -> bpmn.Called:
        return bpmn.Called(f"{process_id} 1", RISKY if process_id == "risky" else SMALL)

    def definition(self, key: str) -> Process:
        return {"small 1": SMALL, "risky 1": RISKY}[key]


class Drawing(plain.Drawing):
    """Draws scopes of all kinds around the plain blocks."""

    def _inside(self, block: Block, extra: str = "", tag: str = "subProcess") -> str:
        inner = Drawing()
        inner.flows = block.id * 1000
        enter, leave = inner._seq(block)
        start, end = f"in{block.id}", f"out{block.id}"
        inner.flow(start, enter)
        inner.flow(leave, end)
        return f'<bpmn:{tag} id="sub{block.id}">{extra}<bpmn:startEvent id="{start}"/>{"".join(inner.parts)}<bpmn:endEvent id="{end}"/>'

    def _scope(self, block: Block, more: str, extra: str = "") -> tuple[str, str]:
        self.parts.append(self._inside(block, extra) + more + "</bpmn:subProcess>")
        return f"sub{block.id}", f"sub{block.id}"

    def _around(self, block: Block, host: str, kind: str, cancels: bool = True) -> tuple[str, str]:
        """Draws a boundary event with a task behind it, which leads back to the main way when it interrupts."""
        id = block.id
        self.parts.append(
            event("boundaryEvent", f"be{id}", kind, f' attachedToRef="{host}" cancelActivity="{str(cancels).lower()}"')
        )
        self.task(f"bt{id}")
        self.flow(f"be{id}", f"bt{id}")
        if not cancels:
            return host, host
        self.parts.append(f'<bpmn:exclusiveGateway id="bo{id}"/>')
        self.flow(f"bt{id}", f"bo{id}")
        self.flow(host, f"bo{id}")
        return host, f"bo{id}"

    def _handler(self, block: Block, kind: str, interrupts: bool, extra: str = "") -> str:
        id, told = block.id, f' isInterrupting="{str(interrupts).lower()}"' if kind != "compensation" else ""
        start = event("startEvent", f"hs{id}", kind, told)
        return f'<bpmn:subProcess id="h{id}" triggeredByEvent="true">{start}{TASK.format(f"ht{id}")}{FLOW.format(f"hs{id}", f"ht{id}")}{extra}</bpmn:subProcess>'

    def _adhoc(self, block: Block) -> tuple[str, str]:
        """Activities that people start; enough when the last one says so, or when the first has been done."""
        id, inner = block.id, Drawing()
        inner.flows = id * 1000
        for each in block.inner:
            inner.parts.append(inner._inside(Block("seq", each.id + 500, (each,))) + "</bpmn:subProcess>")
        enough = "" if id % 3 == 0 else "<bpmn:completionCondition>=modulo(n, 2) = 1</bpmn:completionCondition>"
        keeps = ' cancelRemainingInstances="false"' if id % 2 else ""
        ordering = ' ordering="Sequential"' if id % 5 == 0 else ""
        self.parts.append(
            f'<bpmn:adHocSubProcess id="sub{id}"{keeps}{ordering}>{"".join(inner.parts)}{enough}</bpmn:adHocSubProcess>'
        )
        return self._around(block, f"sub{id}", "timer") if id % 4 == 0 else (f"sub{id}", f"sub{id}")

    def _transaction(self, block: Block) -> tuple[str, str]:
        id = block.id
        body = self._inside(block, tag="transaction")
        done = TASK.format(f"td{id}") + event("boundaryEvent", f"tb{id}", "compensate", f' attachedToRef="td{id}"')
        done += f'<bpmn:userTask id="th{id}" isForCompensation="true"/><bpmn:association id="ta{id}" sourceRef="tb{id}" targetRef="th{id}"/>'
        way = f'<bpmn:exclusiveGateway id="tw{id}" default="tw{id}_to{id}"/><bpmn:endEvent id="to{id}"/>' + event(
            "endEvent", f"tc{id}", "cancel"
        )
        ways = (
            FLOW.format(f"td{id}", f"tw{id}") + FLOW.format(f"tw{id}", f"to{id}") + WHEN.format(f"tw{id}", f"tc{id}", 2)
        )
        body = body.replace(f'<bpmn:endEvent id="out{id}"/>', done + way + ways).replace(f'"out{id}"', f'"td{id}"')
        self.parts.append(body + "</bpmn:transaction>")
        return self._around(block, f"sub{id}", "cancel")

    def _hearing(self, block: Block) -> tuple[str, str]:
        return self._scope(block, self._handler(block, "signal", False))

    def _timing(self, block: Block) -> tuple[str, str]:
        return self._scope(block, self._handler(block, "timer", True))

    def _copies(self, block: Block) -> tuple[str, str]:
        """Items that hear signals beside their work, and are ended by a message together."""
        sequential = "true" if block.id % 2 else "false"
        loop = f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}"><bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>'
        self._scope(block, self._handler(block, "signal", False), loop)
        return self._around(block, f"sub{block.id}", "message")

    def _risky(self, block: Block) -> tuple[str, str]:
        self.parts.append(f'<bpmn:callActivity id="call{block.id}" calledElement="risky"/>')
        enter, leave = self._around(block, f"call{block.id}", "error")
        first, last = self._seq(block)
        self.flow(leave, first)
        return enter, last

    def _linked(self, block: Block) -> tuple[str, str]:
        id = block.id
        enter, leave = self._seq(block)
        self.parts.append(
            event("intermediateThrowEvent", f"y{id}", "link") + event("intermediateCatchEvent", f"z{id}", "link")
        )
        self.flow(f"z{id}", enter)
        return f"y{id}", leave

    def _escalating(self, block: Block) -> tuple[str, str]:
        id = block.id
        body = self._inside(block).replace(
            f'<bpmn:endEvent id="out{id}"/>', event("endEvent", f"out{id}", "escalation")
        )
        self.parts.append(body + "</bpmn:subProcess>")
        return self._around(block, f"sub{id}", "escalation", cancels=bool(id % 2))

    def _escaping(self, block: Block) -> tuple[str, str]:
        """An error that is caught by an event subprocess beside, whose handler runs a compensation."""
        id = block.id
        body = self._inside(block).replace(f'<bpmn:endEvent id="out{id}"/>', event("endEvent", f"out{id}", "error"))
        throw = event("endEvent", f"hx{id}", "compensate") + FLOW.format(f"ht{id}", f"hx{id}")
        self.parts.append(body + self._handler(block, "error", True, throw) + "</bpmn:subProcess>")
        return f"sub{id}", f"sub{id}"

    def _enough(self, block: Block) -> tuple[str, str]:
        """Two of three are enough."""
        loop = (
            "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>"
            "<bpmn:completionCondition>=nrOfCompletedInstances &gt;= 2</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>"
        )
        return self._scope(block, "", loop)

    def _undoing(self, block: Block) -> tuple[str, str]:
        """A subprocess that undoes itself when a later event asks it to, with something done inside."""
        id = block.id
        self._scope(block, self._handler(block, "compensate", True))
        self.parts.append(event("intermediateThrowEvent", f"ux{id}", "compensate", ""))
        self.flow(f"sub{id}", f"ux{id}")
        return f"sub{id}", f"ux{id}"

    def _terminated(self, block: Block) -> tuple[str, str]:
        """A branch beside ends the whole subprocess."""
        id = block.id
        stop = TASK.format(f"st{id}") + event("endEvent", f"se{id}", "terminate") + FLOW.format(f"st{id}", f"se{id}")
        return self._scope(block, stop + FLOW.format(f"in{id}", f"st{id}"))

    def _telling(self, block: Block) -> tuple[str, str]:
        enter, leave = self._seq(block)
        self.parts.append(event("intermediateThrowEvent", f"sx{block.id}", "signal"))
        self.flow(leave, f"sx{block.id}")
        return enter, f"sx{block.id}"


def draw(tree: tuple[str, tuple[Any, ...]]) -> Process:
    drawing = Drawing()
    enter, leave = drawing.draw(plain.number(tree, [0]))
    drawing.flow("begin", enter)
    drawing.flow(leave, "finish")
    return parsed(f'<bpmn:startEvent id="begin"/>{"".join(drawing.parts)}<bpmn:endEvent id="finish"/>')


ID, PARENT, KIND, ELEMENT, INFO, DOC = 0, 1, 2, 3, 5, 6


def check(process: Process, outcome: Outcome, open: dict[int, list[Opened]]) -> None:
    """What must be true of every snapshot."""
    plain.check(outcome, open)
    rows = outcome.state["tokens"]
    live = {row[PARENT] for row in rows if row[KIND] in ("act", "body", "join", "path")}
    for row in rows:
        info, node = row[INFO] or {}, process.nodes.get(row[ELEMENT])
        holds = row[KIND] in ("body", "path") or row[DOC] is not None
        holds = holds or (row[KIND] == "act" and node is not None and node.content is not None and node.ad_hoc is None)
        assert not holds or row[ID] in live, f"{row} is open and nothing goes on in it"
        assert row[KIND] != "sub" or "open" in info, f"{row} waits for nothing"


def taken(process: Process, outcome: Outcome, event: stimuli.Stimulus) -> Outcome | None:
    """The next step, the same for a case that was saved and restored; None when it is refused."""
    before = json.dumps(outcome.state)
    try:
        kept = bpmn.step(process, outcome.state, outcome.data, event, NOW, Host())
    except StepTooLong:
        raise
    except BihuanError:
        kept = None
    assert json.dumps(outcome.state) == before, "the step changed the state that it was given"
    if kept is None:
        return None
    again = bpmn.step(process, json.loads(before), json.loads(json.dumps(outcome.data)), event, NOW, Host())
    told = (kept.state, kept.data, kept.opened, kept.closed, kept.sent)
    assert told == (again.state, again.data, again.opened, again.closed, again.sent)
    return again


def wanted(opened: Opened, n: int) -> stimuli.Stimulus:
    if isinstance(opened, ActivityOffered):
        return stimuli.EnableActivity(opened.element, opened.token)
    event = plain.stimulus(opened, n)
    assert event is not None
    return event


def walk(process: Process, seed: int, steps: int) -> None:
    """Takes random steps, then lets people only finish what is open: every case must come to its end."""
    random = Random(seed)
    open: dict[int, list[Opened]] = {}
    outcome = bpmn.step(process, None, {}, stimuli.Start({"n": random.randrange(20)}), NOW, Host())
    for number in range(steps + 400):
        for closed in outcome.closed:
            assert closed.token in open, "what was never told open was closed"
            del open[closed.token]
        for opened in outcome.opened:
            open.setdefault(opened.token, []).append(opened)
        check(process, outcome, open)
        if outcome.ended:
            return
        assert open, "the case is not ended and waits for nothing"
        choices = [item for group in open.values() for item in group]
        is_wild = number < steps
        tasks = [] if is_wild else [item for item in choices if isinstance(item, TaskOpened)]
        event = wanted(random.choice(tasks or choices), random.randrange(20) if is_wild else 1)
        following = taken(process, outcome, event)
        if following is None:
            outcome.opened, outcome.closed = [], []
        else:
            outcome = following
    raise AssertionError("people finish everything, and the case does not end")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=plain.blocks(KINDS), seed=st.integers(0, 2**20))
def test_scopes_of_all_kinds_lose_nothing_leave_nothing_and_end(tree: Any, seed: int) -> None:
    with contextlib.suppress(StepTooLong):
        walk(draw(tree), seed, 40)
