"""Reads the listeners of an element; one that could never be called is refused, not passed over."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.expressions import Place, Values
from engine.bpmn.process import ACTIVITIES, GATEWAYS, Listener, Node, Script
from engine.bpmn.source import bihuan, child, extension, local, zeebe

# A listener of this type calls nothing: it writes the variable `bihuan:variable` with the FEEL of `bihuan:value`.
SET = "bihuan:set"
OF_ELEMENTS = frozenset({"start", "end"})
# Camunda 8 has called them without -ing, too.
OLDER = {
    "create": "creating",
    "assignment": "assigning",
    "update": "updating",
    "complete": "completing",
    "cancel": "canceling",
}
OF_TASKS = {**{event: event for event in OLDER.values()}, **OLDER}
ONLY_TOLD = frozenset({"assigning", "updating", "canceling"})
# These end their path or jump away: nothing is left to come after.
ENDING = {"errorEventDefinition", "terminateEventDefinition", "cancelEventDefinition", "linkEventDefinition"}
OF_PROCESS = "a process can be listened to when it starts and when it ends"
NO_START = "the process has no start event"
NO_MOMENT = "of a task it is told that it opens, is assigned, updated, completed or canceled"
NOTHING_WRITTEN = "only services are told of this; a variable can be written when the task opens and when it is done"

OTHER = "an element can be listened to when it starts and when it ends"
LINKING = "it only says which activity undoes another"
HAPPENED = "it begins with what has already happened"
GATE = "a gateway does nothing that could end"
LAST = "nothing comes after it"
NO_TASK = "it is no user task"


def read(node: Node, element: etree._Element, values: Values, place: Place) -> list[Listener]:
    """This will read the execution listeners of an element, and the task listeners of a user task."""
    found = []
    for item in _items(element, "executionListener"):
        event = item.get("eventType") or ""
        problem = _problem(node, element, event)
        if problem:
            values.refuse(place, "listener-unsupported", event=event, type=node.type, problem=problem)
        else:
            found.extend(_listener(event, item, values, place))
    for item in _items(element, "taskListener"):
        event = item.get("eventType") or ""
        if node.type != "userTask":
            values.refuse(place, "listener-unsupported", event=event, type=node.type, problem=NO_TASK)
        elif event not in OF_TASKS:
            values.refuse(place, "listener-unsupported", event=event, type=node.type, problem=NO_MOMENT)
        elif OF_TASKS[event] in ONLY_TOLD and item.get("type") == SET:
            values.refuse(place, "listener-unsupported", event=event, type=node.type, problem=NOTHING_WRITTEN)
        else:
            found.extend(_listener(OF_TASKS[event], item, values, place))
    _refuse_twice(found, values, place)
    return found


def of_process(element: etree._Element, values: Values, place: Place) -> list[Listener]:
    """This will read the listeners of a process as a whole."""
    found = []
    for item in _items(element, "executionListener"):
        event = item.get("eventType") or ""
        if event in OF_ELEMENTS:
            found.extend(_listener(event, item, values, place))
        else:
            values.refuse(place, "listener-unsupported", event=event, type="process", problem=OF_PROCESS)
    _refuse_twice(found, values, place)
    return found


def _items(element: etree._Element, name: str) -> list[etree._Element]:
    holder = extension(element, zeebe(f"{name}s"))
    return holder.findall(zeebe(name)) if holder is not None else []


def headers_of(holder: etree._Element | None) -> dict[str, str]:
    """This will return the `zeebe:taskHeaders` inside `holder`; one without key or value is passed over."""
    if holder is None:
        return {}
    items = (item for headers in holder.findall(zeebe("taskHeaders")) for item in headers.findall(zeebe("header")))
    return {str(item.get("key")): str(item.get("value")) for item in items if item.get("key") and item.get("value")}


def _listener(event: str, item: etree._Element, values: Values, place: Place) -> list[Listener]:
    type = values.read(item.get("type"), place, "listener")
    if type is not None and type.text == SET:
        value = values.require_feel(item.get(bihuan("value")), place, "script")
        name = values.name(item.get(bihuan("variable")), place)
        if value is None or name is None:
            values.refuse(place, "script-missing" if value is None else "result-missing")
            return []
        return [Listener(event, type, script=Script(value, name))]
    if type is None:
        values.refuse(place, "service-type-missing")
        return []
    retries = values.read(item.get("retries"), place, "retries")
    if retries is not None and retries.feel is None and not retries.text.isdigit():
        values.refuse(place, "number-invalid", place="retries", text=retries.text, low=0, high=999_999_999)
    return [Listener(event, type, retries, headers=headers_of(item))]


def _problem(node: Node, element: etree._Element, event: str) -> str:
    """Why a listener is never called here; empty when it is."""
    definitions = {local(item) for item in element}
    if event not in OF_ELEMENTS:
        return OTHER
    if node.type == "boundaryEvent" and child(element, "compensateEventDefinition") is not None:
        return LINKING
    if event == "start" and (node.type in ("startEvent", "boundaryEvent") or node.by_event):
        return HAPPENED
    if event == "end" and node.type in GATEWAYS:
        return GATE
    throws = node.type in ("endEvent", "intermediateThrowEvent")
    if event == "end" and throws and definitions & ENDING:
        return LAST
    is_after_gate = any(_is_gate(item) for item in _sources(element)) if event == "start" else False
    return HAPPENED if is_after_gate else ""


def _sources(element: etree._Element) -> list[etree._Element]:
    if local(element) in ACTIVITIES - {"receiveTask"}:
        return []
    around = element.getparent()
    nodes = {item.get("id"): item for item in around} if around is not None else {}
    flows = [item for item in nodes.values() if local(item) == "sequenceFlow"]
    found = (nodes.get(flow.get("sourceRef")) for flow in flows if flow.get("targetRef") == element.get("id"))
    return [item for item in found if item is not None]


def _is_gate(element: etree._Element) -> bool:
    return local(element) == "eventBasedGateway"


def _refuse_twice(found: list[Listener], values: Values, place: Place) -> None:
    seen: set[tuple[str, str]] = set()
    for listener in found:
        key = (listener.event, listener.type.text)
        if key in seen and listener.script is None:
            values.refuse(place, "listener-twice", event=listener.event, type=listener.type.text)
        seen.add(key)
