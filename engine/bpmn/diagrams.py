"""`parse`: from bytes to processes, with nothing lost: what is not understood is refused, all faults in one answer."""

from __future__ import annotations

from lxml import etree

from engine.bpmn import elements
from engine.bpmn.checks import check, lint
from engine.bpmn.convert import translate
from engine.bpmn.expressions import Values, place_of
from engine.bpmn.faults import DiagramFault, fault
from engine.bpmn.normal import normalise
from engine.bpmn.parser import ProcessSpec, specs_of
from engine.bpmn.process import ACTIVITIES, Diagram, Note, Process
from engine.bpmn.source import Deadline, bihuan, bpmn, is_native, line_of, local, read
from engine.errors import FaultsFound


def parse(xml: bytes) -> Diagram:
    """This will read every process of a file, or raise FaultsFound with all faults at once.

    Models of Camunda 7, Flowable and Activiti are translated first; the notes tell what became of their attributes.
    """
    deadline = Deadline()
    root = read(xml)
    native = is_native(root)
    diagram = Diagram({})
    faults = normalise(root)
    if faults:
        raise FaultsFound(list(faults))
    if not native:
        report = translate(root)
        diagram.notes = report.notes
        faults.extend(report.faults)
    diagram.notes.extend(_beside(root))
    specs = specs_of(root, deadline)
    definitions = elements.Definitions.of(root)
    for spec in specs:
        values = Values(deadline=deadline, strict=native and root.get(bihuan("imported")) != "true")
        process = elements.build(spec, definitions, values)
        found = list(values.faults)
        told = {problem.element for problem in found}
        found.extend(problem for problem in _lost(spec, process) if problem.element not in told)
        found = found or check(process)
        if found and _is_drawing(spec, specs):
            diagram.notes.append(_drawing(process, found))
            continue
        faults.extend(found)
        diagram.notes.extend(lint(process))
        if process.nodes:
            diagram.processes[process.id] = process
    if not diagram.processes and not faults:
        faults.append(fault("no-process"))
    if faults:
        raise FaultsFound(list(faults))
    return diagram


_BESIDE: tuple[str, ...] = (
    "choreography",
    "globalChoreographyTask",
    "conversation",
    "subConversation",
    "callConversation",
)
_BESIDE += ("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask")
_BESIDE += ("correlationProperty", "correlationKey")


def _beside(root: etree._Element) -> list[Note]:
    """What stands in the file and is not executed: beside its processes, and quantities of tokens."""
    found = [_note(item, f"A {local(item)} is not executed.") for item in root.iter(*map(bpmn, _BESIDE))]
    for item in root.iter(*map(bpmn, ACTIVITIES)):
        for name in ("startQuantity", "completionQuantity"):
            if (item.get(name) or "1").strip() != "1":
                text = f"{name} {item.get(name)} is not executed: every token counts for itself."
                found.append(_note(item, text))
    return found


def _note(item: etree._Element, text: str) -> Note:
    return Note(item.get("id") or "", item.get("name") or "", "kept", "not-executable", text, line_of(item))


def _is_drawing(spec: ProcessSpec, specs: list[ProcessSpec]) -> bool:
    """A pool that is not executable may be drawn beside one that is, to show with whom it talks."""
    return spec.element.get("isExecutable") == "false" and any(
        other.nodes and other.element.get("isExecutable") != "false" for other in specs
    )


def _drawing(process: Process, found: list[DiagramFault]) -> Note:
    reasons = "; ".join(str(problem) for problem in found)
    return Note(process.id, process.name, "kept", "not-executable", f"This process is only drawn: {reasons}")


def _lost(spec: ProcessSpec, process: Process) -> list[DiagramFault]:
    """What stands in the XML and not in the parsed process."""
    found = []
    for id, element in elements.standing(spec.element).items():
        place = place_of(element)
        known = process.nodes.get(id) or process.flows.get(id)
        if known is None:
            code = "element-lost" if local(element) == "sequenceFlow" else "element-unsupported"
            found.append(fault(code, id, place.name, place.line, type=local(element)))
    connected = {(id, target) for id, node in spec.nodes.items() for target in node.outputs}
    for flow in process.flows.values():
        if flow.source in spec.nodes and flow.target in process.nodes and (flow.source, flow.target) not in connected:
            found.append(fault("element-lost", flow.id, flow.name, None, type="sequenceFlow"))
    found.extend(_stores(spec))
    for id, node_spec in spec.nodes.items():
        if elements.definitions_in(node_spec.element) and process.nodes[id].event is None:
            place = place_of(node_spec.element)
            found.append(fault("element-lost", id, place.name, place.line, type="eventDefinition"))
    return found


def _stores(spec: ProcessSpec) -> list[DiagramFault]:
    """Data stores that a node reads or writes: nothing here would do it."""
    stores = {str(item.get("id")) for item in spec.element.iter(bpmn("dataStoreReference"))}
    found = []
    for item in spec.element.iter(bpmn("dataInputAssociation"), bpmn("dataOutputAssociation")):
        for reference in item.iter(bpmn("sourceRef"), bpmn("targetRef")):
            above = item.getparent()
            if (reference.text or "").strip() in stores and above is not None:
                place = place_of(above)
                found.append(fault("data-store", place.id, place.name, place.line, ref=reference.text))
    return found
