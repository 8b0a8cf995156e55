"""Imports models of Camunda 7, Flowable and Activiti: their attributes and expressions become the dialect and FEEL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from lxml import etree

from engine.bpmn import drawing
from engine.bpmn.adopting import take_place
from engine.bpmn.callbacks import exceptions, listeners, of_process, skip_expression
from engine.bpmn.faults import fault
from engine.bpmn.fields import form
from engine.bpmn.imported import TASKS, plain_name
from engine.bpmn.normal import normalise
from engine.bpmn.parameters import input_output, payload
from engine.bpmn.process import ACTIVITIES, FLOW_NODES, Note
from engine.bpmn.questions import ask
from engine.bpmn.registry import named_by_expression, registered_event, sent_event, terminate
from engine.bpmn.rewriting import (
    ad_hoc,
    call_activity,
    conditional_event,
    data_object,
    error_variables,
    job_priority,
    loop_condition,
    multi_instance,
    named_value,
    retries,
    sequence_flow,
    signal_scope,
    thrown_message,
    timer,
)
from engine.bpmn.source import BIHUAN, ZEEBE, bihuan, bpmn, is_native, line_of, local, read
from engine.bpmn.standard import plainly
from engine.bpmn.vendor import (
    WITH_PROPERTIES,
    Report,
    add,
    attribute,
    extend,
    shown_whole,
    vendor_children,
    vendor_name,
)  # fmt: skip
from engine.bpmn.vocabulary import ATTRIBUTES, CHANGING, ELEMENTS, KNOWN, OF_JOBS, OWN, why_not
from engine.errors import FaultsFound


def convert(xml: bytes) -> tuple[bytes, list[Note]]:
    """This will return a model in the dialect, and notes of what was translated, kept aside or impossible.

    Raises FaultsFound when the file cannot be read or something without which it cannot run has no translation.
    """
    root = read(xml)
    faults = normalise(root, keep_drawing=True)
    report = translate(root)
    if faults or report.faults:
        raise FaultsFound([*faults, *report.faults])
    # What the old engines allow (a message without key, say) stays allowed in what came from them.
    root.set(bihuan("imported"), "true")
    drawing.draw(root)
    return _written(root), report.notes


@lru_cache(maxsize=32)
def shown(xml: bytes, process: str = "") -> bytes:
    """This will return a deployed model as people are to see it: every node that runs stands in its drawing.

    A model of an older engine is shown as it was translated; one whose drawing is whole stays as it is, and so does one
    that would not be put in force any more. Of several drawings that of `process` comes first: modelers show the first.
    """
    root, found = read(xml), xml
    if is_native(root):
        normalise(root, keep_drawing=True)
        if drawing.draw(root):
            found = _written(root)
    else:
        with suppress(FaultsFound):
            found = convert(xml)[0]
        root = read(found)
    return _written(root) if drawing.put_first(root, process) else found


def adopted(xml: bytes, process: str = "") -> tuple[str, list[Note]]:
    """This will return a file of any tool as a designer goes on with it: translated as far as can be, and drawn whole.

    It takes the place of `process`, whose drawing comes first when there are several. What has no translation stands
    there as it was and is a matter of the check. Raises FaultsFound when the file cannot be read or holds no process.
    """
    root = read(xml)
    normalise(root, keep_drawing=True)
    if next(root.iter(bpmn("process")), None) is None:
        raise FaultsFound([fault("no-process")])
    placing = Report()
    take_place(root, process, placing)
    notes = placing.notes
    if not is_native(root):
        notes = [*notes, *translate(root).notes]
        root.set(bihuan("imported"), "true")
    drawing.draw(root)
    drawing.put_first(root, process)
    return _written(root).decode(), notes


def _written(root: etree._Element) -> bytes:
    etree.cleanup_namespaces(
        root,
        top_nsmap={"zeebe": ZEEBE, "bihuan": BIHUAN, **drawing.NAMESPACES},
        keep_ns_prefixes=["xsi", "bpmn", "bpmndi", "dc", "di"],
    )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def translate(root: etree._Element) -> Report:
    """This will translate a document in place."""
    report = Report()
    plainly(root, report)
    for task in root.iter(bpmn("userTask")):
        plain_name(task, report)
    for process in root.iter(bpmn("process")):
        ask(process, report)
    for element in list(root.iter(etree.Element)):
        name = local(element)
        if not name:
            continue
        for rule in _RULES.get(name, ()):
            rule(element, report)
        if name in ACTIVITIES or name.endswith(("Event", "Gateway")):
            input_output(element, report)
            listeners(element, report)
            retries(element, report)
            exceptions(element, report)
        if name in ACTIVITIES:
            skip_expression(element, report)
        if name in FLOW_NODES:
            registered_event(element, report)
    _define_errors(root, report)
    _drop(root, report)
    return report


def _process(element: etree._Element, report: Report) -> None:
    tag = attribute(element, "versionTag")
    if tag is not None:
        extend(element, "versionTag", value=tag)
        report.translated(element, "versionTag", tag, tag)
    for name in ("candidateStarterGroups", "candidateStarterUsers"):
        value = attribute(element, name)
        if value is not None:
            report.kept(element, name, value, "who may start is a matter of rights")
    # An error that nobody catches ends its path in Camunda 7; here it would be an incident.
    add(extend(element, "properties"), "property", name="bihuan:uncaughtErrors", value="end")
    of_process(element, report)
    job_priority(element, report)


def _define_errors(root: etree._Element, report: Report) -> None:
    known = {str(item.get("id")) for item in root.iter(bpmn("error"), bpmn("escalation"))}
    for kind in ("error", "escalation"):
        for item in list(root.iter(bpmn(f"{kind}EventDefinition"))):
            reference = (item.get(f"{kind}Ref") or "").strip()
            plain = reference.split(":", 1)[-1]
            if reference and reference not in known and plain not in known:
                code = {"error": "errorCode", "escalation": "escalationCode"}[kind]
                made = etree.Element(bpmn(kind), {"id": plain, "name": plain, code: plain})
                root.insert(0, made)
                known.add(plain)
                above = item.getparent()
                report.translated(above if above is not None else item, f"{kind}Ref", reference, f"{kind} {plain}")


def _drop(root: etree._Element, report: Report) -> None:
    """Nothing of a vendor stays; what no rule has read is kept as a property and told."""
    jobs = 0
    for element in list(root.iter(etree.Element)):
        kind, home = local(element), _home(element)
        for key in list(element.attrib):
            name = vendor_name(key)
            if name and name in OF_JOBS:
                jobs += 1
                add(extend(home, "properties"), "property", name=f"c7:{name}", value=str(element.get(key)))
            elif name and kind and kind not in ATTRIBUTES.get(name, ()):
                tell = report.impossible if name in CHANGING else report.kept
                tell(home, name, str(element.get(key)), why_not(name))
            if name:
                del element.attrib[key]
        if kind == "extensionElements":
            _drop_extensions(element, report)
    if jobs:
        text = f"{jobs} attributes about jobs stand aside: every wait is saved"
        report.notes.append(Note("", "", "translated", "async", text, line_of(root)))


def _home(element: etree._Element) -> etree._Element:
    """Where the properties of an element stand: the definition of an event has none, its event has."""
    around = (above for above in element.iterancestors() if local(above) in WITH_PROPERTIES)
    return element if local(element) in WITH_PROPERTIES else next(around, element)


def _drop_extensions(element: etree._Element, report: Report) -> None:
    above = element.getparent()
    for item in list(element):
        name = vendor_name(item.tag)
        if name:
            element.remove(item)
            if above is not None and name == "properties":
                for each in vendor_children(item, "property"):
                    report.kept(_home(above), each.get("name") or name, each.get("value") or "", OWN)
            elif above is not None and local(above) not in ELEMENTS.get(name, ()):
                tell = report.impossible if name in KNOWN else report.kept
                tell(_home(above), name, shown_whole(item)[:200], why_not(name))
    if len(element) == 0 and above is not None:
        above.remove(element)


def _initiator(element: etree._Element, report: Report) -> None:
    name = attribute(element, "initiator")
    if name is not None:
        properties = extend(element, "properties")
        add(properties, "property", name="bihuan:initiator", value=name)
        report.translated(element, "initiator", name, "property bihuan:initiator")


Rule = Callable[[etree._Element, Report], None]
_RULES: dict[str, tuple[Rule, ...]] = {
    **{name: (rule,) for name, rule in TASKS.items()},
    "process": (_process,),
    "sequenceFlow": (sequence_flow,),
    "startEvent": (form, _initiator),
    "callActivity": (call_activity,),
    "adHocSubProcess": (ad_hoc,),
    "multiInstanceLoopCharacteristics": (multi_instance,),
    "standardLoopCharacteristics": (loop_condition,),
    "timerEventDefinition": (timer,),
    "conditionalEventDefinition": (conditional_event,),
    "errorEventDefinition": (error_variables,),
    "escalationEventDefinition": (error_variables,),
    "serviceTask": (sent_event,),
    "terminateEventDefinition": (terminate,),
    "messageEventDefinition": (named_by_expression, thrown_message),
    "signalEventDefinition": (named_by_expression, payload),
    "message": (named_value,),
    "signal": (named_value, signal_scope),
    "dataObject": (data_object,),
}
