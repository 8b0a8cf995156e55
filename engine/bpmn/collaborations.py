"""What message flows say: which message an event means that names none, and which of them are only drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.process import SCOPES, Diagram, Node, Note
from engine.bpmn.source import bpmn, child, line_of, local
from engine.bpmn.vendor import Report, vendor_name

_THROWS = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})
_CATCHES = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask"})
# What is called may send and receive, and so may what stands inside.
_WITHIN = SCOPES | {"callActivity"}
SILENT = "A message flow leads from this step, which sends no message: it is only drawn."
DEAF = "A message flow leads to this step, which waits for no message: it is only drawn."


def choose_messages(root: etree._Element, report: Report) -> None:
    """This will choose a message for each event and task that has exactly one message flow and names none."""
    flows = list(root.iter(bpmn("messageFlow")))
    names = {message.get("name") for message in root.iter(bpmn("message"))}
    for item in root.iter(*map(bpmn, ("messageEventDefinition", "sendTask", "receiveTask"))):
        event = item.getparent() if local(item) == "messageEventDefinition" else item
        if event is None or item.get("messageRef") or item.get("operationRef") or has_implementation(item):
            continue
        end = "sourceRef" if local(event) in _THROWS else "targetRef"
        own = [flow for flow in flows if flow.get(end) == event.get("id")]
        if len(own) == 1:
            message = _message(root, own[0], event, names, report)
            item.set("messageRef", str(message.get("id")))
            report.translated(event, "message", "none", f"{message.get('name') or message.get('id')}, by its flow")


def name_messages(root: etree._Element, report: Report) -> None:
    """This will name each message without name as its message flow is named, or an event that means it, or by its id.

    What has the same name would be the same message: a name that another message has is not taken.
    """
    meant: dict[str, list[etree._Element]] = defaultdict(list)
    for item in root.iter(*map(bpmn, ("messageFlow", "messageEventDefinition", "sendTask", "receiveTask"))):
        meant[item.get("messageRef") or ""].append(item)
    names = {message.get("name") for message in root.iter(bpmn("message"))}
    for message in root.iter(bpmn("message")):
        id = message.get("id") or ""
        if message.get("name") or id not in meant or not id:
            continue
        told = (_title(item) for item in sorted(meant[id], key=lambda item: local(item) != "messageFlow"))
        name = next((text for text in told if text and text not in names), id)
        names.add(name)
        message.set("name", name)
        report.translated(message, "message name", "none", name)


def only_drawn(root: etree._Element, diagram: Diagram) -> Iterator[Note]:
    """This will tell of each end of a message flow that neither sends nor waits for a message, each once."""
    nodes = {id: node for process in diagram.processes.values() for id, node in process.nodes.items()}
    told: dict[tuple[str, str], Note] = {}
    for flow in root.iter(bpmn("messageFlow")):
        source, target = (nodes.get(flow.get(end) or "") for end in ("sourceRef", "targetRef"))
        for node, text, types in ((source, SILENT, _THROWS), (target, DEAF, _CATCHES)):
            if node is not None and not _speaks(node, types):
                note = Note(node.id, node.name, "kept", "message-flow", text, line_of(flow))
                told.setdefault((node.id, text), note)
    return iter(told.values())


def _speaks(node: Node, types: frozenset[str]) -> bool:
    if node.type in _WITHIN or (node.call is not None and node.call.what == "service"):
        return True
    return node.type in types and node.event is not None and node.event.kind == "message"


def has_implementation(item: etree._Element) -> bool:
    """This will tell whether an old engine's attributes or elements say what is done."""
    holder = child(item, "extensionElements")
    return any(vendor_name(key) for key in item.attrib) or any(
        vendor_name(part.tag) for part in (holder if holder is not None else ())
    )


def _title(item: etree._Element) -> str:
    above = item.getparent()
    named = above if local(item) == "messageEventDefinition" and above is not None else item
    return " ".join((named.get("name") or "").split())


def _message(
    root: etree._Element, flow: etree._Element, event: etree._Element, names: set[str | None], report: Report
) -> etree._Element:
    """The message that goes along `flow`; made when the flow names none, with the name of its event at last."""
    found = next((each for each in root.iter(bpmn("message")) if each.get("id") == flow.get("messageRef")), None)
    if found is None:
        id = report.fresh(root, f"{flow.get('id')}_message")
        title = _title(event)
        name = _title(flow) or (title if title not in names else "") or str(flow.get("id"))
        names.add(name)
        found = etree.Element(bpmn("message"), {"id": id, "name": name})
        root.insert(0, found)
        flow.set("messageRef", id)
    return found
