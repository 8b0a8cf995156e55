"""`step`: what a case does when something happens to it. Pure: no database, no clock, no threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from engine import feel
from engine.bpmn import adhoc, flow, listening, modifying, returning, shifting, undoing
from engine.bpmn.host import Host, ServiceError
from engine.bpmn.migrating import migrate
from engine.bpmn.moving import enter, open_scope
from engine.bpmn.outcome import Event, Outcome, State
from engine.bpmn.process import Process
from engine.bpmn.run import OPERATIONS, Run
from engine.bpmn.stimuli import (
    Cancel,
    ChangeData,
    CompleteService,
    CompleteTask,
    Data,
    EnableActivity,
    FireTimer,
    KeepValues,
    Migrate,
    Modify,
    MoveToken,
    ReceiveMessage,
    ReceiveSignal,
    RetryIncident,
    ReturnTo,
    SkipElement,
    Start,
    Stimulus,
    TakeBack,
    ThrowError,
    ThrowEscalation,
    Trigger,
)  # fmt: skip
from engine.bpmn.throwing import catchers, find
from engine.bpmn.tokens import SnapshotInvalid, Token, TokenGone, Tree
from engine.bpmn.waiting import event_starts, examine_conditions, subscribe
from engine.errors import Conflict, Invalid, NotFound

__all__ = ["step"]
# These modules put their operations on the agenda's register when they are imported.
_REGISTERED = (flow, listening)


class NoStart(Invalid):
    """The process {process} has no single none start event to begin with."""


class NoSuchStart(NotFound):
    """The process {process} has no start event {element}."""


class NotWaiting(Conflict):
    """The token {token} at {element} does not wait for this."""


class NotOffered(Conflict):
    """The activity {element} cannot be started now."""


class Uncaught(Invalid):
    """Nobody catches the error {code}."""


def step(process: Process, state: State | None, data: Data, stimulus: Stimulus, now: datetime, host: Host) -> Outcome:
    """This will return the next state of a case, its data and everything its keeper must do; inputs stay as they were.

    `state` is None for `Start`. Raises a Conflict when what `stimulus` is for waits no longer, Invalid when the case
    cannot take it.
    """
    if isinstance(stimulus, Migrate):
        return migrate(state or {}, data, stimulus, now, host)
    given = getattr(stimulus, "data", None)
    if given:
        stimulus = replace(stimulus, data=feel.to_json(dict(given)))
    document = dict(data)
    tree = Tree.load(process, state, document, host) if state else Tree.new(process, document)
    run = Run(tree, now, host)
    _TAKERS[type(stimulus)](run, stimulus)
    run.drain()
    return run.outcome()


def _start(run: Run, stimulus: Start) -> None:
    root = run.tree.root
    content = root.content
    kept, brought = _brought(root.process, stimulus)
    run.write(root, kept)
    run.changed.clear()
    run.created.clear()
    run.events.append(Event(kind="started", element=root.process.id, name=root.process.name, token=root.id))
    if stimulus.element is None:
        entries = content.entries
        if not entries or (content.starts and len(entries) > 1):
            raise NoStart(process=root.process.id)
        open_scope(run, root)
        return
    node = root.process.nodes.get(stimulus.element)
    if node is None or node.scope != root.process.id or node.type != "startEvent":
        raise NoSuchStart(process=root.process.id, element=stimulus.element)
    subscribe(run, root, event_starts(content.event_subprocesses, root), False)
    run.agenda.insert(0, ("arrive", run.create("act", node, root), brought))


def _brought(process: Process, stimulus: Start) -> tuple[Data, Data]:
    """What a case begins with, and what its start event hands on by its own output mappings, as events elsewhere do."""
    node = process.nodes.get(stimulus.element) if stimulus.element is not None else None
    if node is None or not node.outputs or node.event is None or node.event.kind not in ("message", "signal"):
        return stimulus.data, {}
    kept = {name: value for name, value in stimulus.data.items() if name == "initiator"}  # who begins it is no content
    return kept, {name: value for name, value in stimulus.data.items() if name not in kept}


def _waiting(run: Run, id: int, *kinds: str) -> Token:
    token = run.tree.tokens.get(id)
    if token is None:
        raise TokenGone(token=id)
    if "open" not in token.info or (kinds and _kind(token) not in kinds):
        raise NotWaiting(token=id, element=token.node.id)
    return token


def _kind(token: Token) -> str:
    if "listens" in token.info:
        return "service"
    if token.node.type == "userTask" and token.kind == "act":
        return "task"
    if token.node.type == "receiveTask":
        return "message"
    event = token.node.event
    if event is not None and event.kind in ("timer", "message", "signal", "conditional") and token.node.call is None:
        return event.kind
    return "adHoc" if token.node.type == "adHocSubProcess" and token.kind == "act" else "service"


def _complete_task(run: Run, stimulus: CompleteTask) -> None:
    token = _waiting(run, stimulus.token, "task")
    run.close(token)
    listeners = token.node.listeners
    if listeners and any(listener.event == "completing" for listener in listeners):
        run.push(("listen", token, "completing", 0, dict(stimulus.data)))
    else:
        run.push(("complete", token, dict(stimulus.data)))


def _fire_timer(run: Run, stimulus: FireTimer) -> None:
    token = _waiting(run, stimulus.token, "timer")
    run.tell("timer_fired", token)
    run.push(("fire", token, {}))


def _receive_message(run: Run, stimulus: ReceiveMessage) -> None:
    token = _waiting(run, stimulus.token, "message")
    run.tell("message_received", token)
    run.push(("fire", token, dict(stimulus.data)))


def _receive_signal(run: Run, stimulus: ReceiveSignal) -> None:
    for token in reversed(catchers(run, stimulus.name)):
        run.push(("fire", token, dict(stimulus.data)))
        run.tell("signal_received", token, signal=stimulus.name)


_TOLD = {"timer": "timer_fired", "message": "message_received", "signal": "signal_received"}


def _trigger(run: Run, stimulus: Trigger) -> None:
    token = _waiting(run, stimulus.token, "timer", "message", "signal", "conditional")
    if _kind(token) in _TOLD:
        run.tell(_TOLD[_kind(token)], token)
    run.push(("fire", token, dict(stimulus.data)))


def _complete_service(run: Run, stimulus: CompleteService) -> None:
    token = _waiting(run, stimulus.token, "service")
    run.close(token)
    if "listens" in token.info and listening.is_denial(token, stimulus.data):
        listening.refuse(run, token, ServiceError("", str(stimulus.data.get("deniedReason") or "")))
    elif "listens" in token.info:
        event, index = token.info["listens"]
        run.push(("listen", token, event, index + 1, dict(stimulus.data)))
    elif adhoc.is_question(token):
        run.push(("answered", token, dict(stimulus.data)))
    else:
        run.push(("complete", token, dict(stimulus.data)))


def _keep_values(run: Run, stimulus: KeepValues) -> None:
    token = _waiting(run, stimulus.token, "service")
    token.local.update(stimulus.data)
    run.changed.update(stimulus.data)
    examine_conditions(run)


def _throw_error(run: Run, stimulus: ThrowError) -> None:
    token = _waiting(run, stimulus.token, "task", "service")
    if _kind(token) == "task" and find(run, token, "error", stimulus.code) is None:
        raise Uncaught(code=stimulus.code)
    run.close(token)
    if token.info.get("listens", [""])[0] in listening.OF_TASKS:
        listening.refuse(run, token, ServiceError(stimulus.code, stimulus.message, dict(stimulus.data)))
    else:
        run.push(("throw_error", token, stimulus.code, stimulus.message, dict(stimulus.data)))


def _throw_escalation(run: Run, stimulus: ThrowEscalation) -> None:
    token = _waiting(run, stimulus.token, "task", "service")
    run.push(("throw_escalation", token, stimulus.code, dict(stimulus.data), False))


def _change_data(run: Run, stimulus: ChangeData) -> None:
    run.write(run.tree.root, stimulus.data)
    examine_conditions(run)


def _enable(run: Run, stimulus: EnableActivity) -> None:
    for token in run.tree.tokens.values():
        if token.node.type != "adHocSubProcess" or token.kind != "act" or "open" not in token.info:
            continue
        if stimulus.token in (None, token.id) and adhoc.may_start(token, stimulus.element):
            adhoc.enable(run, token, stimulus.element)
            return
    raise NotOffered(element=stimulus.element)


def _retry(run: Run, stimulus: RetryIncident) -> None:
    token = run.tree.tokens.get(stimulus.token)
    if token is None or "incident" not in token.info:
        raise TokenGone(token=stimulus.token)
    name, *rest = token.info.pop("incident")
    if name not in OPERATIONS:
        raise SnapshotInvalid(element=token.node.id)
    run.resolved.append(token.id)
    if name == "throw_error" and "listens" in token.info:
        name, rest = "listen", [*token.info["listens"], {}]
    elif name == "throw_error" and adhoc.is_question(token):
        name, rest = "ask", []
    elif name == "throw_error" and token.node.type not in ("endEvent", "userTask"):
        name, rest = "perform", []
    run.push((name, token, *rest))


def _return_to(run: Run, stimulus: ReturnTo) -> None:
    token = _waiting(run, stimulus.token)
    scope, node = returning.withdraw(run, token, stimulus.element, stimulus.withdraw_others, stimulus.into_callers)
    enter(run, node, scope)


def _cancel(run: Run, stimulus: Cancel) -> None:
    root = run.tree.root
    run.clear(root)
    root.info.clear()
    run.ended = True
    run.events.append(
        Event(kind="ended", element=root.process.id, name=root.process.name, token=root.id, detail={"cancelled": True})
    )


_TAKERS: dict[type, Callable[[Run, Any], None]] = {
    Start: _start,
    CompleteTask: _complete_task,
    FireTimer: _fire_timer,
    ReceiveMessage: _receive_message,
    ReceiveSignal: _receive_signal,
    Trigger: _trigger,
    CompleteService: _complete_service,
    KeepValues: _keep_values,
    ThrowError: _throw_error,
    ThrowEscalation: _throw_escalation,
    ChangeData: _change_data,
    EnableActivity: _enable,
    RetryIncident: _retry,
    ReturnTo: _return_to,
    SkipElement: shifting.skip,
    MoveToken: shifting.move,
    Modify: modifying.modify,
    TakeBack: undoing.take_back,
    Cancel: _cancel,
}
