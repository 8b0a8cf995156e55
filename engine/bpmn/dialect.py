"""Reads the `zeebe:` elements of Camunda 8 and the few `bihuan:` attributes that the dialect lacks."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn import listeners as listening
from engine.bpmn import timers
from engine.bpmn.expressions import Place, Values
from engine.bpmn.process import AdHoc, Assignment, Call, Form, Mapping, Node, Script, Value
from engine.bpmn.source import BIHUAN, bihuan, child, extension, local, text_of, zeebe

BINDINGS = frozenset({"latest", "deployment", "versionTag"})
EMBEDDED = "camunda-forms:bpmn:"


def extend(node: Node, element: etree._Element, values: Values, place: Place) -> None:
    """This will read everything of the dialect that stands at `element` into `node`."""
    node.properties = properties_of(element)
    node.headers = listening.headers_of(child(element, "extensionElements"))
    node.inputs, node.outputs = mappings(element, values, place)
    node.skip = values.require_feel(element.get(bihuan("skip")), place, "skip condition")
    node.listeners = listening.read(node, element, values, place)
    if node.type == "userTask":
        node.assignment = _assignment(element, values, place)
    if node.type in ("userTask", "startEvent"):
        node.form = _form(element, values, place)
    node.call = _service(element, values, place)
    reader = _BY_TYPE.get(node.type)
    if reader is not None:
        reader(node, element, values, place)


def properties_of(element: etree._Element) -> dict[str, str]:
    """This will return the `zeebe:properties` of `element` and its `bihuan:` attributes."""
    found: dict[str, str] = {}
    holder = extension(element, zeebe("properties"))
    if holder is not None:
        for item in holder.findall(zeebe("property")):
            found[item.get("name") or ""] = item.get("value") or ""
    prefix = f"{{{BIHUAN}}}"
    for name, value in element.attrib.items():
        if str(name).startswith(prefix):
            found["bihuan:" + str(name)[len(prefix) :]] = str(value)
    return found


def mappings(element: etree._Element, values: Values, place: Place) -> tuple[list[Mapping], list[Mapping]]:
    """This will read the inputs and outputs of `zeebe:ioMapping`."""
    holder = extension(element, zeebe("ioMapping"))
    if holder is None:
        return [], []
    return (
        [found for item in holder.findall(zeebe("input")) if (found := _mapping(item, values, place, "input"))],
        [found for item in holder.findall(zeebe("output")) if (found := _mapping(item, values, place, "output"))],
    )


def _mapping(item: etree._Element, values: Values, place: Place, what: str) -> Mapping | None:
    target = values.name(item.get("target"), place)
    text = item.get("source")
    if target is None:
        values.refuse(place, "mapping-target", text="")
        return None
    if what == "output":
        source = values.require_feel(text, place, what)
    else:
        source = values.read("=null" if text is None else text, place, what) or Value("")
    if source is None:
        values.refuse(place, "mapping-source", text=target)
        return None
    return Mapping(source, target)


def _assignment(element: etree._Element, values: Values, place: Place) -> Assignment:
    found = Assignment(unit=values.read(element.get(bihuan("unit")), place, "unit"))
    people = extension(element, zeebe("assignmentDefinition"))
    if people is not None:
        found.assignee = values.read(people.get("assignee"), place, "assignee")
        found.groups = _members(people.get("candidateGroups"), values, place, "groups")
        found.users = _members(people.get("candidateUsers"), values, place, "users")
    schedule = extension(element, zeebe("taskSchedule"))
    if schedule is not None:
        found.due = _moment(schedule.get("dueDate"), values, place, "due date")
        found.follow_up = _moment(schedule.get("followUpDate"), values, place, "follow-up date")
    priority = extension(element, zeebe("priorityDefinition"))
    if priority is not None:
        found.priority = values.read(priority.get("priority"), place, "priority")
        if found.priority is not None and found.priority.feel is None:
            _number(found.priority.text, values, place, "priority", 100)
    return found


def _moment(text: str | None, values: Values, place: Place, what: str) -> Value | None:
    value = values.read(text, place, what)
    if value is not None and value.feel is None and not value.text.startswith("=") and values.strict:
        try:
            timers.instant(value.text)
        except timers.TimerInvalid as error:
            values.refuse(place, "timer-invalid", text=value.text, kind=what, problem=error.message)
    return value


def _number(text: str, values: Values, place: Place, what: str, high: int) -> None:
    if not re.fullmatch(r"\d{1,9}", text) or int(text) > high:
        values.refuse(place, "number-invalid", place=what, text=text, low=0, high=high)


def _members(text: str | None, values: Values, place: Place, what: str) -> Value | None:
    value = values.read(text, place, what)
    if value is not None and value.feel is None and not all(part.strip() for part in value.text.split(",")):
        values.refuse(place, "list-invalid", place=what, text=value.text)
    return value


def _form(element: etree._Element, values: Values, place: Place) -> Form | None:
    holder = extension(element, zeebe("formDefinition"))
    if holder is None:
        return None
    key = (holder.get("formKey") or "").strip()
    embedded = key.removeprefix(EMBEDDED) if key.startswith(EMBEDDED) else None
    given = [text for text in (holder.get("formId"), holder.get("externalReference"), key) if (text or "").strip()]
    if len(given) != 1 and values.strict:
        values.refuse(place, "form-choice")
    elif values.strict and holder.get("externalReference") and holder.get("bindingType"):
        values.refuse(place, "form-binding", text=holder.get("bindingType"))
    return Form(
        form_id=values.read(holder.get("formId") or embedded, place, "form"),
        external=values.read(holder.get("externalReference") or ("" if embedded else key), place, "form"),
        binding=_binding(holder, values, place),
        version_tag=holder.get("versionTag"),
    )


def _binding(holder: etree._Element, values: Values, place: Place) -> str:
    binding = holder.get("bindingType") or "latest"
    if binding not in BINDINGS:
        values.refuse(place, "binding-invalid", text=binding)
    if binding == "versionTag" and not (holder.get("versionTag") or "").strip() and values.strict:
        values.refuse(place, "tag-missing")
    return binding


def _service(element: etree._Element, values: Values, place: Place) -> Call | None:
    holder = extension(element, zeebe("taskDefinition"))
    if holder is None:
        return None
    type = values.read(holder.get("type"), place, "service")
    if type is None:
        values.refuse(place, "service-type-missing")
        return None
    retries = values.read(holder.get("retries"), place, "retries")
    if retries is not None and retries.feel is None:
        _number(retries.text, values, place, "retries", 999_999_999)
    headers = listening.headers_of(child(element, "extensionElements"))
    return Call("service", type, retries=retries, priority=_job_priority(element, values, place), headers=headers)


def _job_priority(element: etree._Element, values: Values, place: Place) -> Value | None:
    """The priority of the task's jobs, else of all jobs of the process."""
    process = next((above for above in element.iterancestors() if local(above) == "process"), element)
    for holder in (element, process):
        found = extension(holder, zeebe("jobPriorityDefinition"))
        if found is not None:
            value = values.read(found.get("priority"), place, "priority")
            if value is not None and value.feel is None and not is_int32(value.text):
                values.refuse(place, "number-invalid", place="priority", text=value.text, low=-(2**31), high=2**31 - 1)
            return value
    return None


def is_int32(text: str) -> bool:
    """This will tell whether `text` is a whole number of 32 bits."""
    return bool(re.fullmatch(r"-?\d{1,10}", text)) and -(2**31) <= int(text) < 2**31


def _script(node: Node, element: etree._Element, values: Values, place: Place) -> None:
    holder = extension(element, zeebe("script"))
    if holder is None:
        if node.call is None:
            values.refuse(place, "script-missing")
        return
    node.call = None
    result = values.name(holder.get("resultVariable"), place)
    if result is None and values.strict:
        values.refuse(place, "result-missing")
    expression = values.require_feel(holder.get("expression"), place, "script")
    if expression is None:
        values.refuse(place, "script-missing")
    else:
        node.script = Script(expression, result)


def _decision(node: Node, element: etree._Element, values: Values, place: Place) -> None:
    holder = extension(element, zeebe("calledDecision"))
    if holder is None:
        if node.call is None:
            values.refuse(place, "decision-missing")
        return
    target = values.read(holder.get("decisionId"), place, "decision")
    result = values.name(holder.get("resultVariable"), place)
    if result is None:
        values.refuse(place, "result-missing")
    if target is None:
        values.refuse(place, "decision-missing")
    else:
        binding, tag = _binding(holder, values, place), holder.get("versionTag")
        day = values.read(element.get(bihuan("effectiveOn")), place, "effective day")
        node.call = Call("decision", target, binding, tag, result=result, effective_on=day)
        node.call.tag = _tag(tag, values, place)


def _tag(text: str | None, values: Values, place: Place) -> Value | None:
    """A version tag that FEEL finds, None when it is text."""
    return values.require_feel(text, place, "version tag") if (text or "").strip().startswith("=") else None


def _called(node: Node, element: etree._Element, values: Values, place: Place) -> None:
    holder = extension(element, zeebe("calledElement"))
    text = holder.get("processId") if holder is not None else element.get("calledElement")
    target = values.read(text, place, "called process")
    if target is None:
        values.refuse(place, "called-missing")
        return
    node.call = Call("process", target)
    if holder is not None:
        node.call.binding, node.call.version_tag = _binding(holder, values, place), holder.get("versionTag")
        node.call.tag = _tag(node.call.version_tag, values, place)
        node.call.parent_variables = holder.get("propagateAllParentVariables") != "false"
        children = holder.get("propagateAllChildVariables")
        node.call.child_variables = None if children is None else children != "false"


def _ad_hoc(node: Node, element: etree._Element, values: Values, place: Place) -> None:
    condition = child(element, "completionCondition")
    node.ad_hoc = AdHoc(cancel_remaining=element.get("cancelRemainingInstances") != "false")
    if condition is not None:
        node.ad_hoc.completion = values.require_feel(text_of(condition), place, "completion condition")
    holder = extension(element, zeebe("adHoc"))
    if holder is not None:
        node.ad_hoc.active = values.require_feel(holder.get("activeElementsCollection"), place, "active elements")
        node.ad_hoc.output_collection = values.name(holder.get("outputCollection"), place)
        node.ad_hoc.output_element = values.require_feel(holder.get("outputElement"), place, "output element")
        if (node.ad_hoc.output_collection is None) != (node.ad_hoc.output_element is None):
            values.refuse(place, "loop-output")
    node.ad_hoc.sequential = element.get("ordering") == "Sequential"
    if node.call is not None:
        given = {
            "completionCondition": condition is not None,
            "cancelRemainingInstances": not node.ad_hoc.cancel_remaining,
            "activeElementsCollection": node.ad_hoc.active is not None,
        }
        for name, is_given in given.items():
            if is_given:
                values.refuse(place, "ad-hoc-decided", what=name)


def _required_service(node: Node, element: etree._Element, values: Values, place: Place) -> None:
    linked = extension(element, zeebe("linkedResources"))
    for item in linked if linked is not None else ():
        if not all((item.get(name) or "").strip() for name in ("resourceId", "resourceType", "linkName")):
            values.refuse(place, "resource-incomplete")
        _binding(item, values, place)
    if node.call is None:
        values.refuse(place, "service-type-missing")


_BY_TYPE = {
    "serviceTask": _required_service,
    "scriptTask": _script,
    "businessRuleTask": _decision,
    "callActivity": _called,
    "adHocSubProcess": _ad_hoc,
}
