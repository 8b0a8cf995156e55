"""Translates the tasks of Camunda 7, Flowable and Activiti to the dialect, in place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from lxml import etree

from engine.bpmn import juel, translation
from engine.bpmn.callbacks import type_of
from engine.bpmn.source import bpmn, child, children, local, text_of
from engine.bpmn.vendor import (
    Report,
    add,
    attribute,
    extend,
    form_of,
    holder,
    map_input,
    map_output,
    vendor_children,
    vendor_extensions,
    vendor_name,
)  # fmt: skip
from engine.errors import Invalid

CONSTRAINTS = frozenset({"required", "readonly", "min", "max", "minlength", "maxlength"})
BY_TAG = "versions are numbered anew here, and the newest counts: give that version a tag, and bind by it"
FIELD_TYPES = {"string": "textfield", "long": "number", "int": "number", "integer": "number", "double": "number",
               "date": "datetime", "boolean": "checkbox", "enum": "select"}  # fmt: skip
_WORDED = re.compile(r"[(（【\[]?\s*[#$]\{[^}]*\}\s*[\]】）)]?")
_AROUND = " :：-–—,，、/"


def user_task(element: etree._Element, report: Report) -> None:
    """This will translate people, dates, priority and form of a user task."""
    extend(element, "userTask")
    _plain_name(element, report)
    people = {
        "assignee": report.value(element, "assignee", attribute(element, "assignee")),
        "candidateGroups": _members(element, report, "candidateGroups"),
        "candidateUsers": _members(element, report, "candidateUsers"),
    }
    _standard_people(element, people, report)
    if not any(people.values()):
        people = _answered(element, report)
    if any(people.values()):
        extend(element, "assignmentDefinition", **people)
    for name in ("dueDate", "followUpDate"):
        text = attribute(element, name)
        if text is not None and re.fullmatch(r"P[\dYMDTHSW.]+", text):
            extend(element, "taskSchedule", **{name: f'=now() + duration("{text}")'})
            report.translated(element, name, text, "now() + duration")
        elif (value := report.value(element, name, text)) is not None:
            extend(element, "taskSchedule", **{name: value})
    priority = report.value(element, "priority", attribute(element, "priority"))
    if priority is not None and (priority.startswith("=") or (priority.isdigit() and int(priority) <= 100)):
        extend(element, "priorityDefinition", priority=priority)
    elif priority is not None:
        report.kept(element, "priority", priority, "priorities are 0 to 100")
    form(element, report)
    if (owner := attribute(element, "owner")) is not None:
        report.kept(element, "owner", owner, "tasks have no owner")


def _plain_name(element: etree._Element, report: Report) -> None:
    """A task is called the same in every case: people never read `${...}` in their list."""
    name = element.get("name") or ""
    if juel.is_juel(name):
        element.set("name", " ".join(_WORDED.sub(" ", name).split()).strip(_AROUND) or name)
        report.impossible(element, "name", name, "a task has the same name in every case")


def _answered(element: etree._Element, report: Report) -> dict[str, str | None]:
    """Where a listener of the old engine said who does a task, the service that stands for it answers the same."""
    named = [type_of(item) for item in vendor_extensions(element, "taskListener") if item.get("event") != "complete"]
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
    values = [report.value(element, what, part) for part in parts]
    if len(values) == 1 and values[0] is not None:
        # A variable may hold one name, names joined by commas, or a list of names.
        found = values[0][1:]
        return (
            f'=if {found} instance of string then split({found}, ",") else {found}'
            if found.isidentifier()
            else f"={found}"
        )
    written = [
        value[1:] if value.startswith("=") else translation.quoted(value) for value in values if value is not None
    ]
    return "=flatten([" + ", ".join(written) + "])"


def _standard_people(element: etree._Element, people: dict[str, str | None], report: Report) -> None:
    for item in children(element, "humanPerformer", "performer"):
        people["assignee"] = people["assignee"] or report.value(element, local(item), _resource(item))
    for item in children(element, "potentialOwner"):
        for part in re.split(r",(?![^{]*\})(?![^(]*\))", _resource(item)):
            match = re.fullmatch(r"\s*(?:(user|group)\s*\((.*)\)|([^()]+|[$#]\{.*\}))\s*", part)
            if match is None:
                if part.strip():
                    report.impossible(element, "potentialOwner", part, "it is neither user(...) nor group(...)")
                continue
            key = "candidateUsers" if match[1] == "user" else "candidateGroups"
            for name in re.split(r",(?![^{]*\})", match[2] or match[3] or ""):
                _candidate(element, people, key, name.strip(), report)


def _resource(item: etree._Element) -> str:
    """Who a standard performer is: what its expression says, or the name of the resource that it refers to."""
    reference = text_of(child(item, "resourceRef"))
    if not reference:
        return text_of(item)
    found = next((each for each in item.getroottree().iter(bpmn("resource")) if each.get("id") == reference), None)
    return (found.get("name") or reference if found is not None else reference).replace(",", " ")


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


def form(element: etree._Element, report: Report) -> None:
    """This will translate the form key, the form reference or the form fields of a user task or a start event."""
    key, reference = attribute(element, "formKey"), attribute(element, "formRef")
    if key is not None:
        match = re.fullmatch(r"camunda-forms:(?:deployment|app):(?:.*/)?([^/]+?)(?:\.form)?", key)
        value = report.value(element, "formKey", key)
        if match:
            extend(element, "formDefinition", formId=match[1])
        elif value is not None:
            extend(element, "formDefinition", externalReference=value)
        report.translated(element, "formKey", key, match[1] if match else str(value))
    elif reference is not None and (value := report.value(element, "formRef", reference)) is not None:
        binding = attribute(element, "formRefBinding") or "latest"
        extend(element, "formDefinition", formId=value, bindingType=binding if binding == "deployment" else None)
        if binding == "version":
            report.impossible(element, "formRefVersion", attribute(element, "formRefVersion") or "", BY_TAG)
    else:
        _form_fields(element, report)


def _form_fields(element: etree._Element, report: Report) -> None:
    data = next(vendor_extensions(element, "formData"), None)
    fields = [*vendor_children(data, "formField"), *vendor_extensions(element, "formProperty")]
    if not fields:
        return
    id = form_of(element)
    schema = {"type": "default", "id": id, "schemaVersion": 19, "components": [_component(item) for item in fields]}
    _tell_fields(element, fields, report)
    process = next((above for above in element.iterancestors() if local(above) == "process"), None)
    if process is not None:
        form = add(holder(process), "userTaskForm", id=id)
        form.text = json.dumps(schema, ensure_ascii=False)
        extend(element, "formDefinition", formKey=f"camunda-forms:bpmn:{id}")
        report.translated(element, "form fields", str(len(fields)), id)


def _tell_fields(element: etree._Element, fields: list[etree._Element], report: Report) -> None:
    """What a field has and its form cannot have."""
    for item in fields:
        default = item.get("defaultValue") or item.get("default") or item.get("expression") or ""
        if juel.is_juel(default):
            why = "a form has fixed defaults: write the variable before the task"
            report.impossible(element, f"default of {item.get('id')}", default, why)
        for constraint in vendor_children(next(vendor_children(item, "validation"), None), "constraint"):
            if constraint.get("name") not in CONSTRAINTS:
                told = f"{constraint.get('name')} {constraint.get('config') or ''}".strip()
                report.impossible(element, f"validation of {item.get('id')}", told, "the form has no such rule")


def _component(item: etree._Element) -> dict[str, object]:
    type = FIELD_TYPES.get(item.get("type") or "string", "textfield")
    label = item.get("label") or item.get("name") or item.get("id") or ""
    component: dict[str, object] = {
        "type": type,
        "key": item.get("variable") or item.get("id") or label,
        "label": label,
    }
    component["id"] = f"field_{component['key']}"
    if item.get("type") in ("long", "int", "integer"):
        component["decimalDigits"] = 0
    default = item.get("defaultValue") or item.get("default")
    if default and not juel.is_juel(default):
        component["defaultValue"] = default == "true" if type == "checkbox" else default
    if type == "select":
        component["values"] = [
            {"value": value.get("id") or "", "label": value.get("name") or value.get("id") or ""}
            for value in vendor_children(item, "value")
        ]
    rules: dict[str, object] = {"required": True} if item.get("required") == "true" else {}
    names = {"required": "required", "min": "min", "max": "max", "minlength": "minLength", "maxlength": "maxLength"}
    for constraint in vendor_children(next(vendor_children(item, "validation"), None), "constraint"):
        name, value = constraint.get("name") or "", constraint.get("config") or ""
        if name == "required":
            rules["required"] = value != "false"
        elif name in names and value.lstrip("-").isdigit():
            rules[names[name]] = int(value)
        component["readonly"] = component.get("readonly") or name == "readonly"
    if item.get("writable") == "false":
        component["readonly"] = True
    if rules:
        component["validate"] = rules
    return component


def service_task(element: etree._Element, report: Report) -> None:
    """This will translate the implementation of a service, send, rule or script task, or of a throwing message."""
    result = attribute(element, "resultVariable") or attribute(element, "resultVariableName")
    kind, topic = attribute(element, "type"), attribute(element, "topic")
    named = attribute(element, "class") or _bean(attribute(element, "delegateExpression"))
    expression = attribute(element, "expression")
    if kind in ("external", "external-worker") and topic:
        _type(element, report, report.value(element, "topic", topic) or topic, f"{kind}/{topic}")
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
        map_output(element, "=result", result)
        report.translated(element, "resultVariable", result, "output mapping")
    _fields(element, report)


def _connected(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The parts of a connector called `name`."""
    return (part for item in vendor_extensions(element, "connector") for part in vendor_children(item, name))


def _bean(text: str | None) -> str | None:
    match = re.fullmatch(r"\s*[$#]\{\s*([\w.]+)\s*\}\s*", text or "")
    return match[1] if match else text


def _type(element: etree._Element, report: Report, type: str, old: str) -> None:
    extend(element, "taskDefinition", type=type)
    if type != old:
        report.kept(element, "implementation", old, f"a service {type} is needed")
    else:
        report.translated(element, "implementation", old, f"service {type}")


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
        _as_script(element, found, result)
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


def _fields(element: etree._Element, report: Report) -> None:
    for item in vendor_extensions(element, "field"):
        name = item.get("name") or ""
        text = item.get("stringValue") or item.get("expression")
        for part in item:
            if vendor_name(part.tag) in ("string", "expression"):
                text = text_of(part)
        value = report.value(element, f"field {name}", text)
        target = re.sub(r"\W", "_", name)
        if value is not None and target and not target[0].isdigit():
            map_input(element, value, target)


def script_task(element: etree._Element, report: Report) -> None:
    """This will translate a script: FEEL and JUEL become FEEL, any other language a service of its own."""
    language = (element.get("scriptFormat") or "").lower()
    body = text_of(child(element, "script"))
    result = attribute(element, "resultVariable")
    if language in ("feel", "juel") and result is not None:
        value = body if language == "feel" else report.value(element, "script", body)
        if value is not None:
            extend(element, "script", expression=value if value.startswith("=") else f"={value}", resultVariable=result)
            return
    if result is None and (written := _assigned(body)) is not None:
        extend(element, "script", expression=written.value, resultVariable=written.name)
        report.translated(element, "script", body, f"script {written.name} {written.value}")
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


def _assigned(body: str) -> translation.Assignment | None:
    """What a script of one line does that only sets a variable: the same in every language."""
    text = body.strip().rstrip(";").strip()
    text = text if juel.is_juel(text) else f"${{{text}}}"
    if "\n" in text or ";" in text:
        return None
    try:
        found = translation.translate_statement(text)
    except Invalid:
        return None
    return found if isinstance(found, translation.Assignment) else None


def rule_task(element: etree._Element, report: Report) -> None:
    """This will translate a called decision, or the implementation of a rule task as of a service task."""
    decision = report.value(element, "decisionRef", attribute(element, "decisionRef"))
    if decision is None:
        service_task(element, report)
        return
    result = attribute(element, "resultVariable")
    name = result or f"{element.get('id')}Result"
    binding = attribute(element, "decisionRefBinding") or "latest"
    tag = report.value(element, "decisionRefVersionTag", attribute(element, "decisionRefVersionTag"))
    kind = {"deployment": "deployment", "versionTag": "versionTag"}.get(binding)
    extend(element, "calledDecision", decisionId=decision, resultVariable=name, bindingType=kind, versionTag=tag)
    report.translated(element, "decisionRef", decision, name)
    if binding == "version":
        report.impossible(element, "decisionRefVersion", attribute(element, "decisionRefVersion") or "", BY_TAG)
    shape = attribute(element, "mapDecisionResult")
    if shape is not None:
        report.kept(element, "mapDecisionResult", shape, "the hit policy decides the form of the result")
        wrapped = {"resultList": f"=if {name} instance of list<Any> then {name} else [{name}]"}.get(shape)
        if wrapped is not None and result is not None:
            map_output(element, wrapped, result)


TASKS: dict[str, Callable[[etree._Element, Report], None]] = {
    "userTask": user_task,
    "serviceTask": service_task,
    "sendTask": service_task,
    "businessRuleTask": rule_task,
    "scriptTask": script_task,
}
