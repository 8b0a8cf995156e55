"""What tokens wait for: timers, messages, signals and conditions, and what happens when it comes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from engine import feel
from engine.bpmn import timers
from engine.bpmn.mappings import apply_inputs
from engine.bpmn.outcome import (
    LONGEST_NAME,
    ConditionAwaited,
    MessageAwaited,
    Opened,
    SignalAwaited,
    TimerOpened,
)
from engine.bpmn.process import EventDefinition, Node, Value
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context


def await_event(run: Run, token: Token, event: EventDefinition) -> None:
    """This will make `token` wait for `event`."""
    if event.kind == "timer":
        _await_timer(run, token, event)
    elif event.kind == "message":
        _await_message(run, token, event)
    elif event.kind == "signal":
        name = name_of(run, token, event)
        token.info["open"] = name
        _open(run, token, SignalAwaited, signal=name)
    elif event.kind == "conditional":
        token.info["open"] = 1
        _open(run, token, ConditionAwaited)
        run.push(("examine", token, True))


def _open(run: Run, token: Token, kind: type[Opened], **details: Any) -> None:
    node = token.node
    run.open(token, kind(token=token.id, element=node.id, name=node.name, process_key=token.key, **details))


def name_of(run: Run, token: Token, event: EventDefinition) -> str:
    """This will return the name of the message or signal; one that is not text, or too long, is an incident."""
    if event.name is None:
        return token.node.id
    found = run.evaluate(event.name, token, f"{event.kind} name")
    if not isinstance(found, str) or not found:
        raise run.trouble(event.name, context(token), f"{event.kind} name", "the name is not text")
    return _short(run, token, event.name, f"{event.kind} name", found)


def _short(run: Run, token: Token, value: Value, what: str, found: str) -> str:
    if len(found) > LONGEST_NAME:
        raise run.trouble(value, context(token), what, f"it has more than {LONGEST_NAME} characters")
    return found


def key_of(run: Run, token: Token, event: EventDefinition) -> str | None:
    """This will return the correlation key as text; one that is neither text nor number, or too long, is an
    incident.
    """
    if event.correlation_key is None:
        return None
    found = key_text(feel.to_json(run.evaluate(event.correlation_key, token, "correlation key")))
    if found is None:
        raise run.trouble(event.correlation_key, context(token), "correlation key", "it is neither text nor a number")
    return _short(run, token, event.correlation_key, "correlation key", found)


def key_text(value: Any) -> str | None:
    """This will return a correlation key as messages have it: equal numbers are one key, however they are written.

    None: it is neither text nor a number.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    if not number.is_finite():
        return None
    written = format(number, "f")
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return written.removeprefix("-") if not number else written


def _await_message(run: Run, token: Token, event: EventDefinition) -> None:
    name = name_of(run, token, event)
    key = key_of(run, token, event)
    token.info["open"] = name
    _open(run, token, MessageAwaited, message=name, correlation_key=key)


def await_plainly(run: Run, token: Token) -> None:
    """This will make a receive task without message wait for one that is called like the task itself."""
    token.info["open"] = token.node.id
    _open(run, token, MessageAwaited, message=token.node.id)


def _await_timer(run: Run, token: Token, event: EventDefinition) -> None:
    if event.expression is None or event.timer is None:
        raise Stuck("The timer has no date, duration or cycle.")
    value = run.evaluate(event.expression, token, "timer")
    try:
        schedule = timers.schedule(event.timer, value, run.now)
    except timers.TimerInvalid as error:
        raise run.trouble(event.expression, context(token), "timer", error.message) from None
    _arm(run, token, schedule)


def _arm(run: Run, token: Token, schedule: timers.Schedule) -> None:
    token.info["open"] = schedule.due_at.isoformat()
    if schedule.left != 0:
        every = schedule.every or timers.Duration()
        until = schedule.until.isoformat() if schedule.until else None
        token.info["cycle"] = [
            schedule.due_at.isoformat(),
            schedule.left,
            every.months,
            feel.to_json(every.seconds),
            schedule.line,
            until,
        ]
    _open(run, token, TimerOpened, due_at=schedule.due_at)


def rearm(run: Run, fired: Token) -> None:
    """This will replace a repeating timer that fired by a new token with the next due time, if there is one."""
    cycle = fired.info.get("cycle")
    event, above = fired.node.event, fired.above
    run.remove(fired)
    if cycle is None or event is None:
        return
    due, left, months, seconds, line, until = cycle
    schedule = timers.Schedule(
        datetime.fromisoformat(due),
        left,
        timers.Duration(months, float(seconds)),
        line,
        datetime.fromisoformat(until) if until else None,
    ).following()
    if schedule is not None:
        _arm(run, run.create("sub", fired.node, above, boundary=fired.is_boundary), schedule)


def subscribe(run: Run, owner: Token, nodes: list[Node], boundary: bool) -> None:
    """This will wait for the events of `nodes` while `owner` stands: boundaries, or starts of event subprocesses."""
    for node in nodes:
        event = node.event
        if event is not None and event.kind in ("timer", "message", "signal", "conditional"):
            run.push(("watch", run.create("sub", node, owner, boundary)))


@operation
def watch(run: Run, token: Token) -> None:
    """This will begin to wait at a new subscription."""
    if token.node.event is not None:
        await_event(run, token, token.node.event)


def event_starts(content_nodes: list[Node], owner: Token) -> list[Node]:
    """This will return the start events of the event subprocesses directly inside `owner`."""
    found: list[Node] = []
    for node in content_nodes:
        content = owner.inner.inside(node.id)
        found.extend(start for start in content.starts if start.event is not None)
    return found


def examine_conditions(run: Run) -> None:
    """This will look again at every condition that names a changed variable, in outer scopes first."""
    if not run.changed:
        return
    changed, run.changed = run.changed, set()
    created, run.created = run.created, set()
    if not run.tree.conditions:
        return
    found: list[tuple[int, Token]] = []
    for token in run.tree.conditions.values():
        event = token.node.event
        if event is None or "open" not in token.info or token.id in run.seen:
            continue
        names = event.variables
        if names is None and event.expression is not None and event.expression.feel is not None:
            names = event.expression.feel.names
        seen = changed
        if event.changes is not None and len(event.changes) == 1:
            seen = created if "create" in event.changes else changed - created
        if seen if names is None else names & seen:
            found.append((sum(1 for _ in token.above.ancestors()), token))
    run.push_all([("examine", token, False) for _depth, token in sorted(found, key=lambda each: each[0])])


@operation
def examine(run: Run, token: Token, first: bool) -> None:
    """This will fire a conditional event whose condition is true; null is not yet true."""
    event = token.node.event
    if event is None or event.expression is None or token.id in run.seen:
        return
    if run.evaluate(event.expression, token, "condition") is True:
        run.seen.add(token.id)
        run.push(("fire", token, {}))


@operation
def fire(run: Run, token: Token, data: dict[str, Any]) -> None:
    """This will let what `token` waits for happen, with the `data` that came along."""
    if token.kind != "sub":
        run.close(token)
        run.push(("complete", token, data))
        return
    owner, node = token.above, token.node
    if owner.node.type == "eventBasedGateway":
        scope = owner.above
        run.remove(owner)
        run.push(("arrive", run.create("act", node, scope), data))
        return
    if node.interrupting:
        run.close(token)
    catch(run, owner, node, data, {})
    if token.alive and not node.interrupting and node.event is not None and node.event.kind == "timer":
        rearm(run, token)


def catch(run: Run, owner: Token, node: Node, data: dict[str, Any], local: dict[str, Any]) -> None:
    """This will go on at a boundary event of the activity `owner`, or in an event subprocess of the scope `owner`.

    `data` is what came along; `local` (code and message of an error) is seen by the output mappings of the event only.
    """
    if node.type == "boundaryEvent":
        scope = owner.above
        token = run.create("act", node, scope)
        if node.interrupting:
            run.remove(owner, True)
    else:
        if node.interrupting:
            _interrupt(run, owner)
            owner.info["interrupted"] = 1
        holder = run.create("act", owner.inner.nodes[node.scope], owner)
        run.tell("entered", holder)
        token = run.create("act", node, holder)
    token.local.update(local)
    run.push(("arrive", token, data))


def _interrupt(run: Run, owner: Token) -> None:
    """This will end what is open in the scope `owner`; the events at its own edge wait on, for it is still open.

    Camunda 7 and Flowable forget the events at the edge of a subprocess, but not those of a call activity.
    """
    keeps = owner.process.is_native or owner.node.type == "callActivity"
    for child in list(owner.children.values()):
        if not (keeps and child.is_boundary):
            run.remove(child, True)


@operation
def arrive(run: Run, token: Token, data: dict[str, Any]) -> None:
    """This will go on from an event that has happened: inner event subprocesses wait from now on, data is written.

    What an event subprocess maps for itself is there before its start event maps or writes anything.
    """
    node = token.node
    if node.type == "startEvent" and token.above.kind == "act":
        apply_inputs(run, token.above)
    run.tell("entered", token)
    if node.type == "startEvent" and token.above.kind == "act":
        holder = token.above
        content = holder.content
        if content.event_subprocesses:
            run.push(("complete", token, data))
            subscribe(run, holder, event_starts(content.event_subprocesses, holder), False)
            return
    run.push(("complete", token, data))
