"""Which message an event means that names none: the one of the message flow that leads to it or from it."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.source import bpmn, child, local
from engine.bpmn.vendor import Report, vendor_name

_THROWS = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})


def choose_messages(root: etree._Element, report: Report) -> None:
    """This will choose a message for each event and task that has exactly one message flow and names none."""
    flows = list(root.iter(bpmn("messageFlow")))
    for item in root.iter(*map(bpmn, ("messageEventDefinition", "sendTask", "receiveTask"))):
        event = item.getparent() if local(item) == "messageEventDefinition" else item
        if event is None or item.get("messageRef") or item.get("operationRef") or has_implementation(item):
            continue
        end = "sourceRef" if local(event) in _THROWS else "targetRef"
        own = [flow for flow in flows if flow.get(end) == event.get("id")]
        if len(own) == 1:
            message = _message(root, own[0], report)
            item.set("messageRef", str(message.get("id")))
            report.translated(event, "message", "none", f"{message.get('name') or message.get('id')}, by its flow")


def has_implementation(item: etree._Element) -> bool:
    """This will tell whether an old engine's attributes or elements say what is done."""
    holder = child(item, "extensionElements")
    return any(vendor_name(key) for key in item.attrib) or any(
        vendor_name(part.tag) for part in (holder if holder is not None else ())
    )


def _message(root: etree._Element, flow: etree._Element, report: Report) -> etree._Element:
    """The message that goes along `flow`; made when the flow names none."""
    found = next((each for each in root.iter(bpmn("message")) if each.get("id") == flow.get("messageRef")), None)
    if found is None:
        id = report.fresh(root, f"{flow.get('id')}_message")
        name = " ".join((flow.get("name") or "").split()) or str(flow.get("id"))
        found = etree.Element(bpmn("message"), {"id": id, "name": name})
        root.insert(0, found)
        flow.set("messageRef", id)
    return found
