"""`parse`: from bytes to processes, with nothing lost: what is not understood is refused, all faults in one answer."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn import elements
from engine.bpmn.checks import check, lint
from engine.bpmn.collaborations import only_drawn
from engine.bpmn.convert import translate
from engine.bpmn.doubts import doubts
from engine.bpmn.expressions import Values, place_of
from engine.bpmn.faults import DiagramFault, fault
from engine.bpmn.normal import normalise
from engine.bpmn.parser import ProcessSpec, specs_of
from engine.bpmn.process import ACTIVITIES, Diagram, Note, Process
from engine.bpmn.source import (
    Deadline,
    bihuan,
    bpmn,
    children,
    extension,
    is_native,
    line_of,
    local,
    read,
    text_of,
    zeebe,
)
from engine.errors import FaultsFound


class DiagramRefused(FaultsFound):
    """{count} faults were found."""

    def __init__(self, faults: list[DiagramFault], diagram: Diagram) -> None:
        """This will carry what was understood of the file, for what else there is to tell of it."""
        self.diagram = diagram
        super().__init__(list(faults))


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
    foreign: list[DiagramFault] = []
    if not native:
        report = translate(root)
        diagram.notes = report.notes
        foreign = report.faults
    else:
        diagram.notes.extend(_owners(root))
    diagram.notes.extend(_beside(root))
    specs = specs_of(root, deadline)
    definitions = elements.Definitions.of(root)
    for spec in specs:
        values = Values(deadline=deadline, strict=native and root.get(bihuan("imported")) != "true")
        process = elements.build(spec, definitions, values)
        inside = {str(item.get("id")) for item in spec.element.iter(etree.Element)}
        own = [problem for problem in foreign if problem.element in inside]
        foreign = [problem for problem in foreign if problem.element not in inside]
        found = _found(spec, process, values, own)
        if found and _is_drawing(spec, specs):
            diagram.notes.append(_drawing(process, found))
            continue
        faults.extend(found)
        if not process.nodes:
            diagram.notes.append(_note(spec.element, "Nothing stands in this process: it is only drawn."))
            continue
        diagram.notes.extend([*lint(process), *doubts(process)])
        diagram.processes[process.id] = process
    diagram.notes.extend(only_drawn(root, diagram))
    faults = [*foreign, *faults] or ([] if diagram.processes else [fault("no-process")])
    if faults:
        raise DiagramRefused(list(faults), diagram)
    return diagram


# What is said of a value that was not translated, after it was said that it cannot be.
_AGAIN = frozenset({"condition-static", "condition-missing", "expression-required", "timer-invalid"})


def _found(spec: ProcessSpec, process: Process, values: Values, foreign: list[DiagramFault]) -> list[DiagramFault]:
    """All that is wrong in one process, each thing once: what follows only from something told is not told."""
    untranslated = {problem.element for problem in foreign}
    found = [*foreign]
    found.extend(each for each in values.faults if each.element not in untranslated or each.code not in _AGAIN)
    found.extend(_doubled(spec) if values.strict else ())
    told = {each.element for each in found}
    found.extend(each for each in [*_lost(spec, process), *_computed(spec)] if each.element not in told)
    if process.nodes:
        found.extend(check(process, frozenset(each.element or "" for each in found)))
    return found


_BESIDE: tuple[str, ...] = (
    "choreography",
    "globalChoreographyTask",
    "conversation",
    "subConversation",
    "callConversation",
)
_BESIDE += ("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask")
_BESIDE += ("correlationProperty", "correlationKey", "correlationSubscription")


def _beside(root: etree._Element) -> list[Note]:
    """What stands in the file and is not executed: beside its processes, and quantities of tokens."""
    found = [_note(item, f"A {local(item)} is not executed.") for item in root.iter(*map(bpmn, _BESIDE))]
    for item in root.iter(*map(bpmn, ACTIVITIES)):
        for name in ("startQuantity", "completionQuantity"):
            if (item.get(name) or "1").strip() != "1":
                text = f"{name} {item.get(name)} is not executed: every token counts for itself."
                found.append(_note(item, text))
    found.extend(_data(root))
    return found


def _owners(root: etree._Element) -> Iterator[Note]:
    """Who does a task by BPMN itself, where the dialect says nothing: what is imported has been translated before."""
    for task in root.iter(bpmn("userTask")):
        if extension(task, zeebe("assignmentDefinition")) is not None:
            continue
        for item in children(task, "potentialOwner", "humanPerformer", "performer"):
            text = f"Nobody reads the {local(item)} {text_of(item)}: name candidate groups or an assignee."
            yield _kept(task, "people", text)


def _note(item: etree._Element, text: str) -> Note:
    return _kept(item, "not-executable", text)


def _kept(item: etree._Element, code: str, text: str) -> Note:
    return Note(item.get("id") or "", " ".join((item.get("name") or "").split()), "kept", code, text, line_of(item))


def _is_drawing(spec: ProcessSpec, specs: list[ProcessSpec]) -> bool:
    """A pool that is not executable may be drawn beside one that is, to show with whom it talks."""
    return spec.element.get("isExecutable") == "false" and any(_is_meant(other) for other in specs)


def _is_meant(spec: ProcessSpec) -> bool:
    """Whether a process is to run; tools keep what stands outside of all pools in one that nothing leads through."""
    if spec.element.get("isExecutable") is None:
        return any(node.outputs or local(node.element) == "startEvent" for node in spec.nodes.values())
    return bool(spec.nodes) and spec.element.get("isExecutable") != "false"


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
    for id, node_spec in spec.nodes.items():
        if elements.definitions_in(node_spec.element) and process.nodes[id].event is None:
            place = place_of(node_spec.element)
            found.append(fault("element-lost", id, place.name, place.line, type="eventDefinition"))
    return found


_SINGLE = frozenset(
    [
        "adHoc",
        "assignmentDefinition",
        "calledDecision",
        "calledElement",
        "formDefinition",
        "ioMapping",
        "jobPriorityDefinition",
        "priorityDefinition",
        "script",
        "taskDefinition",
        "taskSchedule",
        "versionTag",
    ]
)


def _doubled(spec: ProcessSpec) -> Iterator[DiagramFault]:
    """What stands twice where one is read: the other would be lost."""
    for element in (spec.element, *elements.standing(spec.element).values()):
        within = [item for holder in children(element, "extensionElements") for item in holder.iterchildren(zeebe("*"))]
        found = [name for item in within if (name := etree.QName(item).localname) in _SINGLE]
        found += ["extensionElements"] * len(list(children(element, "extensionElements")))
        found += ["conditionExpression"] * len(list(children(element, "conditionExpression")))
        found += ["loopCharacteristics" for item in element.iterchildren(bpmn("*")) if "LoopChar" in local(item)]
        place = place_of(element)
        for what in dict.fromkeys(name for name in found if found.count(name) > 1):
            yield fault("stands-twice", place.id, place.name, place.line, what=what)


def _associations(root: etree._Element) -> Iterator[tuple[etree._Element, str, bool]]:
    """Every data association with the data store that it leads to or from, and whether it computes something."""
    named = root.iter(bpmn("dataStoreReference"))
    stores = {str(item.get("id")): " ".join((item.get("name") or "").split()) for item in named}
    for item in root.iter(bpmn("dataInputAssociation"), bpmn("dataOutputAssociation")):
        ends = (text_of(part) for part in item if local(part) in ("sourceRef", "targetRef"))
        store = next((stores[end] or end for end in ends if end in stores), "")
        above = item.getparent()
        computes = any(local(part) in ("assignment", "transformation") for part in item)
        yield item if above is None else above, store, computes


def _computed(spec: ProcessSpec) -> list[DiagramFault]:
    """What would be computed on the way to a data store or from it: nothing here would do it."""
    found = []
    for element, store, computes in _associations(spec.element):
        if store and computes:
            place = place_of(element)
            found.append(fault("data-store", place.id, place.name, place.line, ref=store))
    return found


def _data(root: etree._Element) -> Iterator[Note]:
    """Data stores are drawn, as are data objects: the data of a case are one document."""
    for element, store, computes in _associations(root):
        if store:
            text = f"The data store {store} is only drawn: nothing is read from it or written to it."
            yield _kept(element, "data-store", text)
        elif computes:
            text = "What a data association computes is not executed: write an input or output mapping."
            yield _kept(element, "data-association", text)
