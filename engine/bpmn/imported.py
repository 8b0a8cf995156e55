"""Translates the tasks of Camunda 7, Flowable and Activiti to the dialect, in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml import etree

from engine.bpmn import juel, timers, translation
from engine.bpmn.callbacks import is_called, set_variable, type_of
from engine.bpmn.fields import BY_TAG, form
from engine.bpmn.parameters import named, variable_name, worker_parameters
from engine.bpmn.source import bpmn, child, children, local, text_of
from engine.bpmn.vendor import (
    Report,
    add,
    attribute,
    extend,
    map_input,
    map_output,
    resource_of,
    vendor_children,
    vendor_extensions,
    vendor_name,
)  # fmt: skip
from engine.errors import Invalid

# When a listener is called before it matters who does a task.
_EARLY = frozenset({None, "create", "all"})
_WORDED = re.compile(r"[(（【\[]?\s*[#$]\{[^}]*\}\s*[\]】）)]?")
_AROUND = " :：-–—,，、/"


def user_task(element: etree._Element, report: Report) -> None:
    """This will translate people, dates, priority and form of a user task."""
    extend(element, "userTask")
    people = {
        "assignee": report.value(element, "assignee", attribute(element, "assignee")),
        "candidateGroups": _members(element, report, "candidateGroups"),
        "candidateUsers": _members(element, report, "candidateUsers"),
    }
    _standard_people(element, people, report)
    _said_when_created(element, people, report)
    if not any(people.values()):
        people = _answered(element, report)
    if any(people.values()):
        extend(element, "assignmentDefinition", **people)
    for name in ("dueDate", "followUpDate"):
        _date(element, name, report)
    priority = report.value(element, "priority", attribute(element, "priority"))
    if priority is not None and (priority.startswith("=") or (priority.isdigit() and int(priority) <= 100)):
        extend(element, "priorityDefinition", priority=priority)
    elif priority is not None:
        report.kept(element, "priority", priority, "priorities are 0 to 100")
    form(element, report)
    if (owner := attribute(element, "owner")) is not None:
        report.kept(element, "owner", owner, "tasks have no owner")


def _date(element: etree._Element, name: str, report: Report) -> None:
    text = (attribute(element, name) or "").strip()
    if re.fullmatch(r"P[\dYMDTHSW.]+", text):
        extend(element, "taskSchedule", **{name: f'=now() + duration("{text}")'})
        report.translated(element, name, text, "now() + duration")
    elif (value := report.value(element, name, text)) is not None:
        try:
            if not value.startswith("="):
                timers.instant(value)
        except timers.TimerInvalid as error:
            report.impossible(element, name, text, error.message)
        else:
            extend(element, "taskSchedule", **{name: value})


def _said_when_created(element: etree._Element, people: dict[str, str | None], report: Report) -> None:
    """What a listener says of its new task by an expression, the task says by itself: who does it, by when."""
    for item in list(vendor_extensions(element, "taskListener")):
        text = item.get("expression") or ""
        if (item.get("event") or "create") != "create" or not juel.is_juel(text):
            continue
        try:
            method, value = translation.translate_setter(text, report.setting(element))
        except Invalid:
            continue
        people_of = {"setAssignee": "assignee", "addCandidateGroup": "candidateGroups", "addCandidateUser": ""}
        others = {"setDueDate": ("taskSchedule", "dueDate"), "setFollowUpDate": ("taskSchedule", "followUpDate")}
        others["setPriority"] = ("priorityDefinition", "priority")
        if method in others:
            name, key = others[method]
            extend(element, name, **{key: value})
        elif (key := people_of.get(method, "none") or "candidateUsers") == "none" or people[key]:
            continue
        else:
            people[key] = value if key == "assignee" else f"=[{value[1:]}]"
        report.translated(element, "taskListener", text, f"{method}: {value}")
        above = item.getparent()
        if above is not None:
            above.remove(item)


def plain_name(element: etree._Element, report: Report) -> None:
    """This will call a task the same in every case: people never read `${...}` in their list."""
    name = element.get("name") or ""
    if juel.is_juel(name):
        element.set("name", " ".join(_WORDED.sub(" ", name).split()).strip(_AROUND) or name)
        report.impossible(element, "name", name, "a task has the same name in every case")


def _answered(element: etree._Element, report: Report) -> dict[str, str | None]:
    """Where a listener of the old engine said who does a task, the service that stands for it answers the same."""
    early = (item for item in vendor_extensions(element, "taskListener") if item.get("event") in _EARLY)
    named = [type_of(item) for item in early if is_called(item, report)]
    services = [type for type in named if type is not None]
    if not services:
        return {}
    names = ("assignee", "candidateUsers", "candidateGroups")
    for name in names:
        map_input(element, "=null", name)  # of this task alone: what an earlier one was told stays there
    report.kept(element, "assignment", f"by the service {services[0]}", "its service may answer who does the task")
    return {name: f"={name}" for name in names}


def _members(element: etree._Element, report: Report, what: str) -> str | None:
    text = attribute(element, what)
    if text is None or not text.strip():
        return None
    parts = [part.strip() for part in re.split(r",(?![^{]*\})", text) if part.strip()]
    if not juel.is_juel(text):
        return ",".join(parts)
    values = [value for part in parts if (value := report.value(element, what, part)) is not None]
    written = [_names(value[1:]) if value.startswith("=") else translation.quoted(value) for value in values]
    if len(written) < 2:
        return f"={written[0]}" if written else None
    return "=flatten([" + ", ".join(written) + "])"


def _names(found: str) -> str:
    """A variable may hold one name, names joined by commas, or a list of names."""
    is_variable = re.fullmatch(r"[^\W\d][\w.]*", found) is not None
    return f'if {found} instance of string then split({found}, ",") else {found}' if is_variable else found


def _standard_people(element: etree._Element, people: dict[str, str | None], report: Report) -> None:
    for item in children(element, "humanPerformer", "performer"):
        people["assignee"] = people["assignee"] or report.value(element, local(item), resource_of(item))
    for item in children(element, "potentialOwner"):
        for part in re.split(r",(?![^{]*\})(?![^(]*\))", resource_of(item)):
            match = re.fullmatch(r"\s*(?:(user|group)\s*\((.*)\)|([^()]+|[$#]\{.*\}))\s*", part)
            if match is None:
                if part.strip():
                    report.impossible(element, "potentialOwner", part, "it is neither user(...) nor group(...)")
                continue
            key = "candidateUsers" if match[1] == "user" else "candidateGroups"
            for name in re.split(r",(?![^{]*\})", match[2] or match[3] or ""):
                _candidate(element, people, key, name.strip(), report)


def _candidate(element: etree._Element, people: dict[str, str | None], key: str, name: str, report: Report) -> None:
    known, value = people[key], report.value(element, "potentialOwner", name)
    if value is None or known is None:
        people[key] = value or known
    elif value.startswith("=") or known.startswith("="):
        known = known[1:] if known.startswith("=") else f'split({translation.quoted(known)}, ",")'
        value = value[1:] if value.startswith("=") else translation.quoted(value)
        people[key] = f"=flatten([{known}, {value}])"
    else:
        people[key] = f"{known},{value}"


def service_task(element: etree._Element, report: Report) -> None:
    """This will translate the implementation of a service, send, rule or script task, or of a throwing message."""
    result = attribute(element, "resultVariable") or attribute(element, "resultVariableName")
    kind, topic = attribute(element, "type"), attribute(element, "topic")
    named = attribute(element, "class") or _bean(element, attribute(element, "delegateExpression"), report)
    expression = attribute(element, "expression")
    if kind in ("external", "external-worker") and topic:
        found = report.value(element, "topic", topic) or topic
        extend(element, "taskDefinition", type=found)
        report.translated(element, "topic", topic, f"service {found}")
    elif kind == "dmn" and _decision(element, report):
        return
    elif kind in ("shell", "case", "event-registry", "send-event"):
        report.refuse(element, "type", kind, "there is no such task here")
    elif kind is not None:
        _type(element, report, kind, kind)
    elif named is not None:
        _type(element, report, named.rsplit(".", 1)[-1], named)
    elif expression is not None:
        _expression(element, report, expression, result)
        return
    elif (connector := text_of(next(_connected(element, "connectorId"), None))) != "":
        _type(element, report, connector, connector)
    else:
        return
    if result is not None:
        map_output(element, "=result", variable_name(result))
        report.translated(element, "resultVariable", result, "output mapping")
    service_fields(element, element, report)
    worker_parameters(element, report)


def _connected(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The parts of a connector called `name`."""
    return (part for item in vendor_extensions(element, "connector") for part in vendor_children(item, name))


def _bean(element: etree._Element, text: str | None, report: Report) -> str | None:
    """The bean that an expression names; one that is computed has a service of the name of what computes it."""
    match = re.fullmatch(r"\s*[$#]\{\s*([\w.]+)\s*\}\s*", text or "")
    if match or text is None:
        return match[1] if match else None
    found = "_".join(re.findall(r"\w+", text)) or "service"
    report.impossible(element, "delegateExpression", text, "which service is called cannot be computed")
    return found


def _decision(element: etree._Element, report: Report) -> bool:
    """A service task of Flowable that calls a decision; every output of it was a variable there."""
    fields = {
        item.get("name") or "": item.get("stringValue") or "".join(text_of(part) for part in item)
        for item in vendor_extensions(element, "field")
    }
    key = fields.get("decisionTableReferenceKey") or fields.get("decisionServiceReferenceKey") or ""
    decision = report.value(element, "decision", key)
    if decision is None:
        return False
    name = f"{element.get('id')}Result"
    element.tag = bpmn("businessRuleTask")
    extend(element, "calledDecision", decisionId=decision, resultVariable=name)
    report.kept(element, "decision", key, f"its outputs are entries of the variable {name}, or its only one is {name}")
    for other, value in fields.items():
        if not other.endswith("ReferenceKey"):
            report.impossible(element, f"field {other}", value, "nothing here does the same")
    return True


def _type(element: etree._Element, report: Report, type: str, old: str) -> None:
    extend(element, "taskDefinition", type=type)
    report.kept(element, "implementation", old, f"a service {type} is needed")


def _expression(element: etree._Element, report: Report, text: str, result: str | None) -> None:
    try:
        found = translation.translate_statement(text, report.setting(element))
    except Invalid as error:
        _type(element, report, re.sub(r"[^\w.]+", "_", text).strip("_") or "expression", text)
        report.impossible(element, "expression", text, error.message)
        return
    if isinstance(found, translation.Service):
        _type(element, report, found.type, text)
        for index, argument in enumerate(found.arguments, 1):
            if argument:
                map_input(element, argument, f"arg{index}")
        if result is not None:
            map_output(element, "=result", result)
    elif isinstance(found, translation.Assignment):
        _as_script(element, found.value, found.name)
        report.translated(element, "expression", text, f"script {found.name} = {found.value[1:]}")
    elif result is not None:
        _as_script(element, found, variable_name(result))
        report.translated(element, "expression", text, f"script {result} {found}")
    else:
        element.tag = bpmn("task")
        report.kept(element, "expression", text, "its value is not used")


def _as_script(element: etree._Element, expression: str, result: str) -> None:
    if local(element) != "sendTask":
        element.tag = bpmn("scriptTask")
        extend(element, "script", expression=expression, resultVariable=result)
        return
    element.tag = bpmn("task")
    map_output(element, expression, result)


def service_fields(element: etree._Element, holder: etree._Element, report: Report) -> None:
    """This will map the fields that stand at `holder` into the service of `element`."""
    for item in vendor_extensions(holder, "field"):
        name = item.get("name") or ""
        text = item.get("stringValue") or item.get("expression")
        for part in item:
            if vendor_name(part.tag) in ("string", "expression"):
                text = text_of(part)
        value = report.value(element, f"field {name}", text)
        if value is not None and name:
            map_input(element, value, named(element, "field", name, report))


def script_task(element: etree._Element, report: Report) -> None:
    """This will translate a script: FEEL and JUEL become FEEL, any other language a service of its own."""
    language = (element.get("scriptFormat") or "").lower()
    body = text_of(child(element, "script"))
    result = attribute(element, "resultVariable")
    if language in ("feel", "juel") and result is not None and body:
        text = body if juel.is_juel(body) else f"${{{body}}}"  # that engine writes the braces itself
        value = body if language == "feel" else report.value(element, "script", text)
        if value is not None:
            extend(element, "script", expression=value if value.startswith("=") else f"={value}", resultVariable=result)
            return
    if result is None and (written := translation.assigned(body)):
        for each in written[:-1]:
            set_variable(element, "start", each)
        extend(element, "script", expression=written[-1].value, resultVariable=written[-1].name)
        told = ", ".join(f"{each.name} {each.value}" for each in written)
        report.translated(element, "script", body, f"script {told}")
        return
    type = f"script-{language}" if language else "script"
    extend(element, "taskDefinition", type=type)
    headers = extend(element, "taskHeaders")
    add(headers, "header", key="language", value=language)
    add(headers, "header", key="script", value=body)
    if result is not None:
        map_output(element, "=result", result)
    resource = attribute(element, "resource") or ""
    report.impossible(element, "script", (body or resource)[:200], f"a service {type} is needed")


def rule_task(element: etree._Element, report: Report) -> None:
    """This will translate a called decision, or the implementation of a rule task as of a service task."""
    decision = report.value(element, "decisionRef", attribute(element, "decisionRef"))
    if decision is None:
        service_task(element, report)
        return
    result = attribute(element, "resultVariable")
    # Output parameters know it as decisionResult there.
    is_read = any("decisionResult" in (item.text or "") for item in element.iter(etree.Element))
    name = variable_name(result) if result else "decisionResult" if is_read else f"{element.get('id')}Result"
    binding = attribute(element, "decisionRefBinding") or "latest"
    tag = report.value(element, "decisionRefVersionTag", attribute(element, "decisionRefVersionTag"))
    kind = {"deployment": "deployment", "versionTag": "versionTag"}.get(binding)
    extend(element, "calledDecision", decisionId=decision, resultVariable=name, bindingType=kind, versionTag=tag)
    report.translated(element, "decisionRef", decision, name)
    if binding == "version":
        report.impossible(element, "decisionRefVersion", attribute(element, "decisionRefVersion") or "", BY_TAG)
    _shape(element, name, result is not None, report)


def _shape(element: etree._Element, name: str, is_used: bool, report: Report) -> None:
    """One value and a list of them are the same here; rows of named outputs lose their names when there is one."""
    shape = attribute(element, "mapDecisionResult")
    if shape in ("singleEntry", "collectEntries"):
        report.translated(element, "mapDecisionResult", shape, name)
    elif is_used:
        if shape != "singleResult":
            rows = f"=if {name} = null then [] else if {name} instance of list<Any> then {name} else [{name}]"
            map_output(element, rows, name)
        why = "a table of one output gives its value, not a row with its name"
        report.kept(element, "mapDecisionResult", shape or "resultList", why)
    elif shape is not None:
        report.kept(element, "mapDecisionResult", shape, "nothing here reads the result")


TASKS: dict[str, Callable[[etree._Element, Report], None]] = {
    "userTask": user_task,
    "serviceTask": service_task,
    "sendTask": service_task,
    "businessRuleTask": rule_task,
    "scriptTask": script_task,
}
