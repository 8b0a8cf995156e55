"""Turns the specs of one process into nodes and flows: what each element of BPMN itself says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from lxml import etree

from engine import feel
from engine.bpmn import dialect, listeners
from engine.bpmn.events import event_of
from engine.bpmn.expressions import Place, Values, place_of
from engine.bpmn.parser import ProcessSpec, Spec
from engine.bpmn.process import SCOPES, Content, Flow, Listener, Loop, Node, Process, Value, is_choice
from engine.bpmn.source import bpmn, child, extension, extensions, line_of, local, text_of, zeebe
from engine.bpmn.titles import ends_of
from engine.errors import BihuanError

DIRECTION_FREE = frozenset({"association", "textAnnotation", "group"})


@dataclass(slots=True)
class Definitions:
    """Messages, signals, errors and escalations of the file, by id."""

    elements: dict[str, etree._Element] = field(default_factory=dict)

    @classmethod
    def of(cls, root: etree._Element) -> Definitions:
        """This will collect them from the top of the document."""
        found = {
            str(item.get("id")): item for item in root.iter(*map(bpmn, ("message", "signal", "error", "escalation")))
        }
        return cls(found)

    def find(self, reference: str | None, kind: str) -> etree._Element | None:
        """This will return the element that `reference` names when it is a `kind`."""
        found = self.elements.get(reference or "")
        return found if found is not None and local(found) == kind else None


def build(spec: ProcessSpec, definitions: Definitions, values: Values) -> Process:
    """This will make the process of `spec`; faults go to `values`."""
    element = spec.element
    tag = extension(element, zeebe("versionTag"))
    process = Process(
        id=spec.id,
        name=element.get("name") or spec.id,
        version_tag=tag.get("value") if tag is not None else None,
        is_executable=element.get("isExecutable") != "false",
        documentation=text_of(child(element, "documentation")),
        properties=dialect.properties_of(element),
        lanes=[lane.get("name") or str(lane.get("id")) for lane in element.iter(bpmn("lane"))],
    )
    for form in extensions(element, zeebe("userTaskForm")):
        process.forms[form.get("id") or ""] = text_of(form)
        if not text_of(form):
            values.refuse(place_of(element), "form-empty", id=form.get("id") or "")
    process.is_native = values.strict
    process.strict = process.properties.get("bihuan:uncaughtErrors") != "end"
    for index, node_spec in enumerate(spec.nodes.values()):
        process.nodes[node_spec.id] = _node(node_spec, index, definitions, values)
    _inherit_lanes(process)
    _connect(process, element, values)
    _arrange(process, values)
    if not process.is_native:
        process.content.initial = _initial(process.content)
    _handlers(process, element)
    _name_starts(process, values)
    _listen(process, listeners.of_process(element, values, place_of(element)), values, place_of(element))
    process.uses = values.uses
    return process


def _node(spec: Spec, index: int, definitions: Definitions, values: Values) -> Node:
    element = spec.element
    place = place_of(element)
    parent = element.getparent()
    node = Node(
        id=spec.id,
        type=local(element),
        scope=str(parent.get("id")) if parent is not None else "",
        name=" ".join((element.get("name") or "").split()),
        lane=spec.lane,
        documentation=spec.documentation,
        line=line_of(element) or 0,
        index=index,
        default=element.get("default"),
        attached_to=element.get("attachedToRef"),
        by_event=element.get("triggeredByEvent") == "true",
        is_compensation=element.get("isForCompensation") == "true",
    )
    interrupts = element.get("cancelActivity") if node.type == "boundaryEvent" else element.get("isInterrupting")
    node.interrupting = interrupts != "false"
    if node.type in SCOPES:
        node.content = Content()
    _refuse_variants(element, values, place)
    dialect.extend(node, element, values, place)
    node.loop = _loop(element, values, place) if node.is_activity else None
    node.event = event_of(node, element, definitions.find, values, place)
    if not values.strict and node.event is not None and node.event.kind in ("error", "cancel"):
        node.interrupting = True
    return node


def _refuse_variants(element: etree._Element, values: Values, place: Place) -> None:
    """Attributes that make another element of this one, which nothing here executes."""
    kind = local(element)
    if element.get("eventGatewayType") == "Parallel":
        values.refuse(place, "element-unsupported", type=f"{kind} (parallel)")
    if element.get("instantiate") == "true":
        values.refuse(place, "element-unsupported", type=f"{kind} (instantiate)")
    multi = child(element, "multiInstanceLoopCharacteristics")
    if multi is not None and child(multi, "complexBehaviorDefinition") is not None:
        values.refuse(place, "element-unsupported", type="complexBehaviorDefinition")


def _loop(element: etree._Element, values: Values, place: Place) -> Loop | None:
    standard = child(element, "standardLoopCharacteristics")
    if standard is not None:
        condition = values.require_feel(text_of(child(standard, "loopCondition")), place, "loop condition")
        maximum = standard.get("loopMaximum")
        if condition is None and maximum is None:
            values.refuse(place, "loop-condition")
        if maximum is not None and not maximum.strip().isdigit():
            values.refuse(place, "number-invalid", place="loop maximum", text=maximum, low=0, high=999_999)
            maximum = None
        return Loop(
            sequential=True,
            repeat_while=condition,
            maximum=int(maximum) if maximum is not None else None,
            test_before=standard.get("testBefore") == "true",
        )
    multi = child(element, "multiInstanceLoopCharacteristics")
    return _multi(multi, values, place) if multi is not None else None


def _multi(multi: etree._Element, values: Values, place: Place) -> Loop:
    loop = Loop(sequential=multi.get("isSequential") == "true")
    cardinality = text_of(child(multi, "loopCardinality"))
    loop.cardinality = values.read(cardinality, place, "loop cardinality")
    if loop.cardinality is not None and loop.cardinality.feel is None and not cardinality.isdigit():
        values.refuse(place, "number-invalid", place="loop cardinality", text=cardinality, low=0, high=999_999)
    loop.completion = values.require_feel(text_of(child(multi, "completionCondition")), place, "completion condition")
    holder = extension(multi, zeebe("loopCharacteristics"))
    if holder is not None:
        loop.collection = values.require_feel(holder.get("inputCollection"), place, "input collection")
        loop.element = values.name(holder.get("inputElement"), place)
        loop.output_collection = values.name(holder.get("outputCollection"), place)
        loop.output_element = values.require_feel(holder.get("outputElement"), place, "output element")
    if loop.collection is None and loop.cardinality is None:
        values.refuse(place, "loop-missing")
    if (loop.output_collection is None) != (loop.output_element is None):
        values.refuse(place, "loop-output")
    return loop


def _inherit_lanes(process: Process) -> None:
    for node in process.nodes.values():
        around = process.nodes.get(node.scope)
        if node.lane is None and around is not None:
            node.lane = around.lane


def _connect(process: Process, element: etree._Element, values: Values) -> None:
    for index, item in enumerate(element.iter(bpmn("sequenceFlow"))):
        flow = Flow(
            id=str(item.get("id")),
            source=item.get("sourceRef") or "",
            target=item.get("targetRef") or "",
            name=item.get("name") or "",
            index=index,
        )
        place = place_of(item, ends_of(process, flow))
        process.flows[flow.id] = flow
        condition = child(item, "conditionExpression")
        if condition is not None and text_of(condition):
            flow.condition = values.require_feel(text_of(condition), place, "condition")
        source, target = process.nodes.get(flow.source), process.nodes.get(flow.target)
        if source is None:
            values.refuse(place, "flow-end-missing", end="source", ref=flow.source)
        if target is None:
            values.refuse(place, "flow-end-missing", end="target", ref=flow.target)
        if source is not None and target is not None:
            source.outgoing.append(flow)
            target.incoming.append(flow)
            if source.scope != target.scope:
                values.refuse(place, "flow-crosses-scope")


def _arrange(process: Process, values: Values) -> None:
    for node in process.nodes.values():
        content = process.inside(node.scope)
        content.nodes.append(node)
        if node.type == "startEvent":
            content.starts.append(node)
        elif node.by_event:
            content.event_subprocesses.append(node)
        elif node.type == "boundaryEvent" and node.attached_to in process.nodes:
            process.nodes[node.attached_to].boundaries.append(node)
        elif node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link":
            link = node.event.name.text if node.event.name else ""
            if link in content.links:
                values.refuse(Place(node.id, node.name, node.line), "link-duplicate", link=link)
            content.links[link] = node
    for node in process.nodes.values():
        if node.ad_hoc is not None and node.content is not None:
            node.ad_hoc.choices = [_choice(inner) for inner in node.content.nodes if is_choice(inner)]


def _choice(node: Node) -> dict[str, object]:
    """One of Camunda 8's `adHocSubProcessElements`."""
    told = {"elementId": node.id, "elementName": node.name, "documentation": node.documentation}
    return {**told, "properties": dict(node.properties)}


def _listen(process: Process, found: list[Listener], values: Values, place: Place) -> None:
    """Has start events tell what listens to the start of the process, and its closing what listens to its end."""
    at_start = [replace(listener, event="end") for listener in found if listener.event == "start"]
    at_end = [listener for listener in found if listener.event == "end"]
    if at_start and not process.content.starts:
        values.refuse(place, "listener-unsupported", event="start", type="process", problem=listeners.NO_START)
    for node in process.content.starts:
        node.listeners = [*at_start, *node.listeners]
    if at_end:
        process.closing = Node(process.id, "process", process.id, process.name, listeners=at_end)


def _name_starts(process: Process, values: Values) -> None:
    """What starts a case is known before there is any data: the names of its message or signal are found once."""
    for node in process.content.starts:
        event = node.event
        if event is None or event.kind not in ("message", "signal") or event.name is None or event.name.feel is None:
            continue
        found = None
        with suppress(BihuanError):
            found = event.name.feel.evaluate({}, feel.Environment(now=datetime.now(UTC)))
        if isinstance(found, str) and found:
            event.name = Value(found)
        else:
            place = Place(node.id, node.name, node.line)
            values.refuse(place, "start-name", kind=event.kind, text=event.name.text)


def _initial(content: Content) -> Node | None:
    """Camunda 7 starts a process plainly at its timer start event, or at its only start event of whatever kind."""
    timers = [node for node in content.starts if node.event is not None and node.event.kind == "timer"]
    if len(timers) == 1:
        return timers[0]
    return content.starts[0] if len(content.starts) == 1 else None


def _handlers(process: Process, element: etree._Element) -> None:
    for item in element.iter(bpmn("association")):
        source = process.nodes.get(item.get("sourceRef") or "")
        target = process.nodes.get(item.get("targetRef") or "")
        if source is None or target is None:
            continue
        if _is_compensation(source):
            source.handler = target.id
        elif _is_compensation(target):
            target.handler = source.id


def _is_compensation(node: Node) -> bool:
    return node.type == "boundaryEvent" and node.event is not None and node.event.kind == "compensation"


def standing(element: etree._Element) -> dict[str, etree._Element]:
    """This will return what must not be lost, by id: flow nodes, flows and unknown activities."""
    ignored = {"dataObject", "dataObjectReference", "dataStoreReference", "laneSet", "property", *DIRECTION_FREE}
    found: dict[str, etree._Element] = {}
    for scope in element.iter(*map(bpmn, ("process", *SCOPES))):
        for item in scope:
            name = local(item)
            if name and item.get("id") and name not in ignored and name not in _PARTS:
                found[str(item.get("id"))] = item
    return found


_PARTS = frozenset(
    [
        "documentation",
        "extensionElements",
        "incoming",
        "outgoing",
        "ioSpecification",
        "dataInputAssociation",
        "dataOutputAssociation",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "completionCondition",
        "auditing",
        "monitoring",
        "supports",
        "correlationSubscription",
        "resourceRole",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "categoryValueRef",
        "artifact",
    ]
)


def definitions_in(element: etree._Element) -> list[etree._Element]:
    """This will return the event definitions written directly at an event."""
    return [item for item in element if local(item).endswith("EventDefinition")]
