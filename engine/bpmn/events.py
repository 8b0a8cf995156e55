"""Reads what an event waits for or brings about."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from engine.bpmn import timers
from engine.bpmn.expressions import Place, Values
from engine.bpmn.process import EventDefinition, Node, Value
from engine.bpmn.source import child, extension, local, text_of, zeebe

Find = Callable[[str | None, str], etree._Element | None]

CATCHES = frozenset({"startEvent", "boundaryEvent", "intermediateCatchEvent"})
ALLOWED = {
    "startEvent": frozenset(["message", "signal", "timer", "conditional", "error", "escalation", "compensation"]),
    "boundaryEvent": frozenset(
        ["message", "signal", "timer", "conditional", "error", "escalation", "compensation", "cancel"]
    ),
    "intermediateCatchEvent": frozenset(["message", "signal", "timer", "conditional", "link"]),
    "intermediateThrowEvent": frozenset(["message", "signal", "escalation", "compensation", "link"]),
    "endEvent": frozenset(["message", "signal", "escalation", "compensation", "error", "cancel", "terminate"]),
}
CHANGES = frozenset({"create", "update"})
TIMERS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def event_of(node: Node, element: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition | None:
    """This will read the event definition at `element`, or the message of a send or receive task."""
    if node.type in ("sendTask", "receiveTask"):
        return _task_message(node, element, find, values, place)
    found = [item for item in element if local(item).endswith("EventDefinition")]
    found += [item for item in element if local(item) == "eventDefinitionRef"]
    if node.type not in ALLOWED:
        return None
    if not found:
        if node.type in ("boundaryEvent", "intermediateCatchEvent"):
            values.refuse(place, "definition-missing", type=node.type)
        return None
    if len(found) > 1:
        code = "parallel-definitions" if element.get("parallelMultiple") == "true" else "several-definitions"
        values.refuse(place, code, count=len(found))
        return None
    if local(found[0]) == "eventDefinitionRef":
        values.refuse(place, "reference-missing", kind="event definition", ref=text_of(found[0]))
        return None
    kind = local(found[0]).removesuffix("EventDefinition")
    kind = "compensation" if kind == "compensate" else kind
    if kind not in ALLOWED[node.type]:
        values.refuse(place, "definition-unsupported", type=node.type, kind=kind)
        return None
    event = _READERS[kind](node, found[0], find, values, place)
    event.id = found[0].get("id") or ""
    return event


def _task_message(
    node: Node, element: etree._Element, find: Find, values: Values, place: Place
) -> EventDefinition | None:
    if not element.get("messageRef"):
        if node.call is None and (values.strict or node.type == "sendTask"):
            values.refuse(place, "message-missing")
        return None
    return _message(node, element, find, values, place)


def _message(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
    event = EventDefinition("message")
    reference = item.get("messageRef")
    message = find(reference, "message")
    if message is None:
        if reference:
            values.refuse(place, "reference-missing", kind="message", ref=reference)
        elif node.call is None:
            values.refuse(place, "message-missing")
        return event
    event.message_id = reference
    event.name = values.read(message.get("name"), place, "message name")
    if event.name is None:
        values.refuse(place, "name-missing", kind="message")
    subscription = extension(message, zeebe("subscription"))
    if subscription is not None:
        event.correlation_key = values.require_feel(subscription.get("correlationKey"), place, "correlation key")
    return event


def _signal(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
    event = EventDefinition("signal")
    reference = item.get("signalRef")
    signal = find(reference, "signal")
    if signal is not None:
        event.name = values.read(signal.get("name") or signal.get("id"), place, "signal name")
    elif reference:
        values.refuse(place, "reference-missing", kind="signal", ref=reference)
    else:
        values.refuse(place, "signal-missing")
    return event


def _coded(kind: str, attribute: str, code: str) -> Callable[..., EventDefinition]:
    def read(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
        event = EventDefinition(kind)
        reference = item.get(attribute)
        defined = find(reference, kind)
        if defined is not None:
            # One without a code takes all, in Camunda 7 as here.
            event.code = values.read(defined.get(code), place, f"{kind} code")
            is_feel = event.code is not None and event.code.feel is not None
            if is_feel and values.strict and node.type in CATCHES:
                values.refuse(place, "catch-code", text=defined.get(code))
        elif reference and values.strict:
            values.refuse(place, "reference-missing", kind=kind, ref=reference)
        elif reference:
            # Camunda 7 and Activiti take a reference to nothing for the code itself.
            event.code = Value(reference)
        return event

    return read


def _timer(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
    event = EventDefinition("timer")
    given = [(kind, text_of(part)) for tag, kind in TIMERS.items() if (part := child(item, tag)) is not None]
    if len(given) != 1 or not given[0][1]:
        values.refuse(place, "timer-missing")
        return event
    event.timer, text = given[0]
    event.expression = values.read(text, place, "timer")
    if event.expression is not None and event.expression.feel is None and not text.startswith("="):
        try:
            timers.validate(event.timer, text)
        except timers.TimerInvalid as error:
            values.refuse(place, "timer-invalid", text=text, kind=event.timer, problem=error.message)
    return event


def _conditional(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
    event = EventDefinition("conditional")
    text = text_of(child(item, "condition"))
    if not text:
        values.refuse(place, "condition-missing")
    else:
        event.expression = values.require_feel(text, place, "condition")
    holder = extension(item, zeebe("conditionalFilter"))
    names = (holder.get("variableNames") or "").strip() if holder is not None else ""
    if names:
        event.variables = frozenset(name.strip() for name in names.split(","))
        if names.startswith("=") or "" in event.variables:
            values.refuse(place, "list-invalid", place="variable names", text=names)
    changes = (holder.get("variableEvents") or "").strip() if holder is not None else ""
    if changes:
        event.changes = frozenset(name.strip() for name in changes.split(","))
        if not event.changes <= CHANGES:
            values.refuse(place, "change-invalid", text=changes)
    return event


def _compensation(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
    event = EventDefinition("compensation", activity=item.get("activityRef"))
    event.waits = item.get("waitForCompletion") != "false"
    return event


def _link(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
    name = (item.get("name") or "").strip()
    if not name:
        values.refuse(place, "name-missing", kind="link")
    return EventDefinition("link", name=Value(name))


def _plain(kind: str) -> Callable[..., EventDefinition]:
    def read(node: Node, item: etree._Element, find: Find, values: Values, place: Place) -> EventDefinition:
        return EventDefinition(kind)

    return read


_READERS: dict[str, Callable[..., EventDefinition]] = {
    "message": _message,
    "signal": _signal,
    "error": _coded("error", "errorRef", "errorCode"),
    "escalation": _coded("escalation", "escalationRef", "escalationCode"),
    "timer": _timer,
    "conditional": _conditional,
    "compensation": _compensation,
    "link": _link,
    "cancel": _plain("cancel"),
    "terminate": _plain("terminate"),
}
