"""Translates events of Flowable's event registry, and expressions in place of the names of messages and signals."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.imported import service_task
from engine.bpmn.source import bpmn, local, text_of
from engine.bpmn.translation import quoted
from engine.bpmn.vendor import Report, add, attribute, extend, map_input, map_output, vendor_extensions

SENDS = frozenset({"serviceTask", "sendTask"})
CATCHES = frozenset({"startEvent", "boundaryEvent", "intermediateCatchEvent", "receiveTask"})


def registered_event(element: etree._Element, report: Report) -> None:
    """This will make a message of an event of Flowable's registry that `element` waits for."""
    kind = next(vendor_extensions(element, "eventType"), None)
    has_definition = any(local(item).endswith("EventDefinition") for item in element) or element.get("messageRef")
    if kind is None or has_definition or local(element) in SENDS:
        return
    if local(element) not in CATCHES:
        report.impossible(element, "eventType", text_of(kind), f"a {local(element)} waits for no event")
        return
    keys = [
        value
        for item in vendor_extensions(element, "eventCorrelationParameter")
        if (value := report.value(element, "eventCorrelationParameter", item.get("value"))) is not None
    ]
    reference = _message(element, text_of(kind), _key(keys))
    if local(element) == "receiveTask":
        element.set("messageRef", reference)
    else:
        etree.SubElement(element, bpmn("messageEventDefinition"), {"messageRef": reference})
    for item in vendor_extensions(element, "eventOutParameter"):
        source, target = item.get("source"), item.get("target")
        if source and target:
            map_output(element, f"={source}", target)
    keyless = "it comes as a message of this name; without a key any case that waits takes it"
    why = "it comes as a message of this name" if keys else keyless
    report.kept(element, "eventType", text_of(kind), why)


def sent_event(element: etree._Element, report: Report) -> None:
    """This will make a sent message of a task that sends an event of Flowable's registry."""
    kind = next(vendor_extensions(element, "eventType"), None)
    if attribute(element, "type") != "send-event" or kind is None:
        service_task(element, report)
        return
    answer = next(vendor_extensions(element, "triggerEventType"), None)
    element.tag = bpmn("sendTask")
    element.set("messageRef", _message(element, text_of(kind), None))
    for item in vendor_extensions(element, "eventInParameter"):
        text, target = item.get("sourceExpression") or item.get("source"), item.get("target")
        value = report.value(element, "eventInParameter", text)
        if value is not None and target:
            is_name = value == text and re.fullmatch(r"[^\W\d]\w*", value)
            map_input(element, f"={value}" if is_name else value, target)
    report.kept(element, "eventType", text_of(kind), "it goes out as a message of this name, without correlation key")
    if answer is not None:
        report.impossible(element, "triggerEventType", text_of(answer), "draw a receive task for the answer")


def _key(keys: list[str]) -> str | None:
    parts = [f"string({key[1:]})" if key.startswith("=") else quoted(key) for key in keys]
    return "=" + ' + "|" + '.join(parts) if parts else None


def _message(element: etree._Element, name: str, key: str | None) -> str:
    """The message called `name` with this key, made at the top of the file when there is none."""
    root = element.getroottree().getroot()
    id = re.sub(r"\W", "_", f"event_{name}_{key or ''}").strip("_")
    if root.find(f"{bpmn('message')}[@id='{id}']") is None:
        made = etree.Element(bpmn("message"), {"id": id, "name": name})
        root.insert(0, made)
        if key is not None:
            extend(made, "subscription", correlationKey=key)
    return id


def named_by_expression(element: etree._Element, report: Report) -> None:
    """This will make a message or a signal whose name is FEEL of `messageExpression` or `signalExpression`."""
    kind = local(element).removesuffix("EventDefinition")
    text, event = attribute(element, f"{kind}Expression"), element.getparent()
    if text is None or element.get(f"{kind}Ref") or event is None:
        return
    value = report.value(event, f"{kind}Expression", text)
    if value is not None:
        id = report.fresh(element, f"{event.get('id')}_{kind}")
        element.getroottree().getroot().insert(0, etree.Element(bpmn(kind), {"id": id, "name": value}))
        element.set(f"{kind}Ref", id)


def terminate(element: etree._Element, report: Report) -> None:
    """This will keep that an end event ends the whole case, or its whole multi-instance activity."""
    event = element.getparent()
    for name, meaning in (("terminateAll", "case"), ("terminateMultiInstance", "multiInstance")):
        if attribute(element, name) == "true" and event is not None:
            add(extend(event, "properties"), "property", name="bihuan:terminates", value=meaning)
            report.translated(event, name, "true", f"property bihuan:terminates {meaning}")
