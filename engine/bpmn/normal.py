"""Makes legal but unusual XML usual before it is parsed: every element gets an id, every reference its plain target."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.faults import DiagramFault, fault
from engine.bpmn.process import FLOW_NODES
from engine.bpmn.source import INTERCHANGE, line_of, local

DEFINED = frozenset({"message", "signal", "error", "escalation"})
EVENT_DEFINITIONS = frozenset(
    f"{kind}EventDefinition"
    for kind in [
        "message",
        "signal",
        "timer",
        "error",
        "escalation",
        "conditional",
        "compensate",
        "cancel",
        "link",
        "terminate",
    ]
)
NAMED = (
    FLOW_NODES
    | DEFINED
    | EVENT_DEFINITIONS
    | {"process", "sequenceFlow", "lane", "laneSet", "association", "participant", "collaboration", "complexGateway"}
    | {
        "resource",
        "textAnnotation",
        "dataObject",
        "dataObjectReference",
        "dataStore",
        "dataStoreReference",
        "messageFlow",
    }
)
UNIQUE = FLOW_NODES | DEFINED | {"process", "sequenceFlow", "complexGateway"}
REFERENCES = frozenset(
    [
        "messageRef",
        "signalRef",
        "errorRef",
        "escalationRef",
        "sourceRef",
        "targetRef",
        "attachedToRef",
        "default",
        "activityRef",
        "processRef",
        "calledElement",
    ]
)
TEXT_REFERENCES = frozenset({"flowNodeRef", "incoming", "outgoing", "resourceRef"})


def normalise(root: etree._Element, keep_drawing: bool = False) -> list[DiagramFault]:
    """This will change `root` in place: ids added, prefixed references resolved, the drawing removed unless kept.

    It returns the ids that are used twice; a reference to nothing is left for the checks to refuse by name.
    """
    for drawing in list(root):
        if not keep_drawing and isinstance(drawing.tag, str) and drawing.tag.startswith(f"{{{INTERCHANGE}}}"):
            root.remove(drawing)
    faults: list[DiagramFault] = []
    seen: set[str] = set()
    unnamed: list[etree._Element] = []
    for element in root.iter(etree.Element):
        kind = local(element)
        if kind not in NAMED:
            continue
        id = (element.get("id") or "").strip()
        if not id:
            unnamed.append(element)
        elif id in seen and kind in UNIQUE:
            faults.append(fault("duplicate-id", id, element.get("name"), line_of(element), id=id))
        else:
            element.set("id", id)
            seen.add(id)
    _name(unnamed, seen)
    _resolve(root, seen)
    return faults


def _name(unnamed: list[etree._Element], seen: set[str]) -> None:
    count = 0
    for element in unnamed:
        count += 1
        while f"{local(element)}_{count}" in seen:
            count += 1
        element.set("id", f"{local(element)}_{count}")
        seen.add(f"{local(element)}_{count}")


def _resolve(root: etree._Element, seen: set[str]) -> None:
    for element in root.iter(etree.Element):
        kind = local(element)
        if not kind:
            continue
        for name in REFERENCES & set(map(str, element.attrib)):
            element.set(name, _plain(str(element.get(name)), seen))
        if kind in TEXT_REFERENCES and element.text:
            element.text = _plain(element.text, seen)


def _plain(reference: str, seen: set[str]) -> str:
    reference = reference.strip()
    if reference not in seen and ":" in reference:
        unprefixed = reference.split(":", 1)[1]
        return unprefixed if unprefixed in seen else reference
    return reference
