"""Events of several definitions: each definition gets an event of its own, so that they work as the standard says.

One that happens is enough for an event that waits; an event that throws brings all of them about (BPMN 2.0, 10.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

from lxml import etree

from engine.bpmn.source import bpmn, children, local
from engine.bpmn.vendor import Report

_FINAL = frozenset({"terminateEventDefinition", "errorEventDefinition", "cancelEventDefinition"})


def split(root: etree._Element, report: Report) -> None:
    """This will split them in place; events that wait for all of their definitions stay, and are refused."""
    for event in list(root.iter(*map(bpmn, _WAYS))):
        found = _definitions(event)
        scope = event.getparent()
        if len(found) < 2 or scope is None or event.get("parallelMultiple") == "true":
            continue
        if _WAYS[local(event)](event, scope, report):
            report.translated(event, "event definitions", str(len(found)), "an event for each")


def _definitions(event: etree._Element) -> list[etree._Element]:
    return [part for part in event if local(part).endswith("EventDefinition")]


def _beside(event: etree._Element, scope: etree._Element, report: Report) -> bool:
    """Boundary and start events: further ones with flows to where the first leads."""
    if local(event) == "startEvent" and local(scope) != "process":
        return False
    for other in _others(event, scope, report):
        for flow in _flows(scope, "sourceRef", event):
            _copy_flow(flow, "sourceRef", other, report)
    return True


def _either(event: etree._Element, scope: etree._Element, report: Report) -> bool:
    """A catch event: the first of several that happens, behind an event-based gateway."""
    into = _flows(scope, "targetRef", event)
    gateways = {item.get("id") for item in children(scope, "eventBasedGateway")}
    others = list(_others(event, scope, report))
    for other in others:
        for flow in _flows(scope, "sourceRef", event):
            _copy_flow(flow, "sourceRef", other, report)
    if into and all(flow.get("sourceRef") in gateways for flow in into):
        for flow in into:
            for other in others:
                _copy_flow(flow, "targetRef", other, report)
        return True
    gateway = etree.Element(bpmn("eventBasedGateway"), {"id": report.fresh(event, f"{event.get('id')}_either")})
    event.addprevious(gateway)
    _join_lane(event, gateway)
    _retarget(event, into, gateway)
    for each in (event, *others):
        _flow(scope, gateway, each, report)
    return True


def _all(event: etree._Element, scope: etree._Element, report: Report) -> bool:
    """An event that throws: one after the other, those that end something last."""
    definitions = _definitions(event)
    last = [item for item in definitions if local(item) in _FINAL] or definitions[-1:]
    if len(last) > 1:
        return False
    into, first = _flows(scope, "targetRef", event), None
    before: etree._Element | None = None
    for item in definitions:
        if item is last[0]:
            continue
        id = report.fresh(event, f"{event.get('id')}_throw")
        made = etree.Element(bpmn("intermediateThrowEvent"), {"id": id, "name": event.get("name") or ""})
        made.append(item)
        event.addprevious(made)
        _join_lane(event, made)
        if before is not None:
            _flow(scope, before, made, report)
        first, before = first if first is not None else made, made
    if first is not None and before is not None:
        _retarget(event, into, first)
        _flow(scope, before, event, report)
    return True


def _others(event: etree._Element, scope: etree._Element, report: Report) -> Iterator[etree._Element]:
    """An event like `event` for each of its definitions but the first, which stays."""
    at = event
    for item in _definitions(event)[1:]:
        event.remove(item)
        other = etree.Element(event.tag)
        for key, value in event.attrib.items():
            other.set(key, value)
        other.set("id", report.fresh(event, f"{event.get('id')}_or"))
        other.extend(deepcopy(part) for part in children(event, "documentation", "extensionElements"))
        other.append(item)
        at.addnext(other)
        _join_lane(event, other)
        at = other
        yield other


def _flows(scope: etree._Element, end: str, event: etree._Element) -> list[etree._Element]:
    return [flow for flow in children(scope, "sequenceFlow") if flow.get(end) == event.get("id")]


def _copy_flow(flow: etree._Element, end: str, node: etree._Element, report: Report) -> None:
    copy = deepcopy(flow)
    copy.set("id", report.fresh(flow, f"{flow.get('id')}_or"))
    copy.set(end, str(node.get("id")))
    flow.addnext(copy)


def _flow(scope: etree._Element, source: etree._Element, target: etree._Element, report: Report) -> None:
    ends = {"sourceRef": str(source.get("id")), "targetRef": str(target.get("id"))}
    etree.SubElement(scope, bpmn("sequenceFlow"), {"id": report.fresh(scope, f"{source.get('id')}_to"), **ends})


def _retarget(event: etree._Element, flows: list[etree._Element], node: etree._Element) -> None:
    for flow in flows:
        flow.set("targetRef", str(node.get("id")))
    for part in list(children(event, "incoming")):
        event.remove(part)


def _join_lane(event: etree._Element, other: etree._Element) -> None:
    for reference in list(event.getroottree().iter(bpmn("flowNodeRef"))):
        if (reference.text or "").strip() == event.get("id"):
            further = deepcopy(reference)
            further.text = other.get("id")
            reference.addnext(further)


_WAYS: dict[str, Callable[[etree._Element, etree._Element, Report], bool]] = {
    "startEvent": _beside,
    "boundaryEvent": _beside,
    "intermediateCatchEvent": _either,
    "intermediateThrowEvent": _all,
    "endEvent": _all,
}
