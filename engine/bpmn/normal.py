"""Makes legal but unusual XML usual before it is parsed: every element gets an id, every reference its plain target."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from engine.bpmn import juel
from engine.bpmn.faults import DiagramFault, fault
from engine.bpmn.process import FLOW_NODES
from engine.bpmn.source import INTERCHANGE, XSI, bpmn, children, line_of, local, text_of

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
        "dataObjectRef",
        "dataStoreRef",
    ]
)
TEXT_REFERENCES = frozenset({"flowNodeRef", "incoming", "outgoing", "resourceRef", "eventDefinitionRef"})
# The schema lets these stand for any of their kind, which xsi:type then names.
ABSTRACT = frozenset({"rootElement", "flowElement", "eventDefinition", "loopCharacteristics", "artifact"})
CONDITIONS = frozenset({"conditionExpression", "condition", "completionCondition", "loopCondition"})


def normalise(root: etree._Element, keep_drawing: bool = False) -> list[DiagramFault]:
    """This will change `root` in place: ids added, prefixed references resolved, the drawing removed unless kept.

    It returns the ids that are used twice; a reference to nothing is left for the checks to refuse by name.
    """
    for drawing in list(root):
        if not keep_drawing and isinstance(drawing.tag, str) and drawing.tag.startswith(f"{{{INTERCHANGE}}}"):
            root.remove(drawing)
    for element in root.iter(*map(bpmn, ABSTRACT)):
        _named_by_type(element)
    _share(root)
    _declare_feel(root)
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
    _bring_home(root)
    return faults


def _bring_home(root: etree._Element) -> None:
    """A flow that a tool wrote into another process than both of its ends goes to theirs."""
    processes = list(children(root, "process"))
    homes: dict[str | None, etree._Element] = {}
    for process in processes:
        for item in process.iter(*map(bpmn, FLOW_NODES)):
            homes.setdefault(item.get("id"), process)
    for process in processes:
        for flow in list(process.iter(bpmn("sequenceFlow"))):
            home = homes.get(flow.get("sourceRef"))
            if home is not None and home is not process and homes.get(flow.get("targetRef")) is home:
                home.append(flow)


def _named_by_type(element: etree._Element) -> None:
    """`<flowElement xsi:type="tUserTask">` is a user task."""
    name = (element.get(f"{{{XSI}}}type") or "").strip().rpartition(":")[2]
    if name[:1] == "t" and name[1:2].isupper():
        element.tag = bpmn(name[1].lower() + name[2:])
        del element.attrib[f"{{{XSI}}}type"]


def _share(root: etree._Element) -> None:
    """An event definition that stands for itself is written into every event that refers to it."""
    shared = {item.get("id") or "": item for item in root if local(item).endswith("EventDefinition")}
    for item in list(root.iter(bpmn("eventDefinitionRef"))):
        reference, event = text_of(item), item.getparent()
        found = shared.get(reference, shared.get(reference.rpartition(":")[2]))
        if found is None or event is None:
            continue
        copy = deepcopy(found)
        del copy.attrib["id"]
        copy.tail = item.tail
        event.replace(item, copy)
    for item in shared.values():
        root.remove(item)


def _declare_feel(root: etree._Element) -> None:
    """A condition whose language is FEEL is FEEL without the `=` that the dialect writes before it.

    What says nothing at all is taken away: tools write `<loopCardinality/>` where nothing was entered.
    """
    for element in list(root.iter(bpmn("loopCardinality"))):
        above = element.getparent()
        if above is not None and not text_of(element):
            above.remove(element)
    usual = (root.get("expressionLanguage") or "").lower()
    for element in root.iter(*map(bpmn, CONDITIONS)):
        text = text_of(element)
        if "feel" in (element.get("language") or usual).lower() and text and text[0] != "=" and not juel.is_juel(text):
            element.text = f"={text}"


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
