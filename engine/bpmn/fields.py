"""Makes forms of form-js of the form keys, references and fields of Camunda 7, Flowable and Activiti."""

from __future__ import annotations

import json
import re

from lxml import etree

from engine.bpmn import juel, translation
from engine.bpmn.callbacks import set_variable
from engine.bpmn.parameters import variable_name
from engine.bpmn.source import local
from engine.bpmn.vendor import (
    Report,
    add,
    attribute,
    extend,
    form_of,
    holder,
    shown_whole,
    vendor_children,
    vendor_extensions,
)

BY_TAG = "versions are numbered anew here, and the newest counts: give that version a tag, and bind by it"
_CONSTRAINTS = {
    "required": "required",
    "min": "min",
    "max": "max",
    "minlength": "minLength",
    "maxlength": "maxLength",
}
_TYPES = {"string": "textfield", "long": "number", "int": "number", "integer": "number", "double": "number",
          "date": "datetime", "boolean": "checkbox", "enum": "select"}  # fmt: skip
_WHOLE = frozenset({"long", "int", "integer"})


def form(element: etree._Element, report: Report) -> None:
    """This will translate the form key, the form reference or the form fields of a user task or a start event."""
    key, reference = attribute(element, "formKey"), attribute(element, "formRef")
    if key is not None and _field_items(element) and not key.startswith("camunda-forms:"):
        report.kept(element, "formKey", key, "the form of the old program is not shown here")
        _fields(element, report)
    elif key is not None:
        _key(element, key, report)
    elif reference is not None and (value := report.value(element, "formRef", reference)) is not None:
        binding = attribute(element, "formRefBinding") or "latest"
        extend(element, "formDefinition", formId=value, bindingType=binding if binding == "deployment" else None)
        if binding == "version":
            report.impossible(element, "formRefVersion", attribute(element, "formRefVersion") or "", BY_TAG)
    else:
        _fields(element, report)


def _key(element: etree._Element, key: str, report: Report) -> None:
    """A form of the deployment is known by its id; pages of the old program are only named."""
    match = re.fullmatch(r"camunda-forms:(?:deployment|app):(?:.*/)?([^/]+?)(?:\.form)?", key)
    if match:
        extend(element, "formDefinition", formId=match[1])
        report.translated(element, "formKey", key, match[1])
    elif (value := report.value(element, "formKey", key)) is not None:
        extend(element, "formDefinition", externalReference=value)
        if key.startswith("embedded:"):
            report.kept(element, "formKey", key, "the form of the old program is not shown here")
        elif value == key:
            report.translated(element, "formKey", key, f"form {key}")


def _field_items(element: etree._Element) -> list[etree._Element]:
    data = next(vendor_extensions(element, "formData"), None)
    return [*vendor_children(data, "formField"), *vendor_extensions(element, "formProperty")]


def _fields(element: etree._Element, report: Report) -> None:
    data = next(vendor_extensions(element, "formData"), None)
    fields = _field_items(element)
    if data is not None and data.get("businessKey"):
        why = "a case gets its number by itself: write the variable businessKey"
        report.impossible(element, "businessKey of the form", str(data.get("businessKey")), why)
    if not fields:
        return
    id = form_of(element)
    components = [_component(element, item, report) for item in fields]
    schema = {"type": "default", "id": id, "schemaVersion": 19, "components": components}
    process = next((above for above in element.iterancestors() if local(above) == "process"), None)
    if process is not None:
        form = add(holder(process), "userTaskForm", id=id)
        form.text = json.dumps(schema, ensure_ascii=False)
        extend(element, "formDefinition", formKey=f"camunda-forms:bpmn:{id}")
        report.translated(element, "form fields", str(len(fields)), id)


def _component(element: etree._Element, item: etree._Element, report: Report) -> dict[str, object]:
    kind = item.get("type") or "string"
    type, name = _TYPES.get(kind, "textfield"), item.get("id") or ""
    label = item.get("label") or item.get("name") or name
    key = variable_name(item.get("variable") or name or label)
    component: dict[str, object] = {"type": type, "id": f"field_{key}", "key": key, "label": label}
    if kind not in _TYPES:
        report.kept(element, f"type of {name}", kind, "a field of text stands in its place")
    if kind in _WHOLE:
        component["decimalDigits"] = 0
    if type == "datetime":
        component |= {"subtype": "date", "dateLabel": label}
    if type == "select":
        component["values"] = [
            {"value": value.get("id") or "", "label": value.get("name") or value.get("id") or ""}
            for value in vendor_children(item, "value")
        ]
    _default(element, item, component, report)
    _validate(element, item, component, report)
    own = [
        each for part in vendor_children(item, "properties") for each in vendor_children(part, "property")
    ]  # fmt: skip
    if own:
        component["properties"] = {each.get("id") or each.get("name") or "": each.get("value") or "" for each in own}
    if item.get("datePattern"):
        report.kept(element, f"datePattern of {name}", str(item.get("datePattern")), "dates are shown alike everywhere")
    if item.get("readable") == "false":
        component["conditional"] = {"hide": "=true"}
    return component


def _default(
    element: etree._Element, item: etree._Element, component: dict[str, object], report: Report
) -> None:  # fmt: skip
    """A fixed default stands in the form; a computed one is written when the task begins, unless there is a value."""
    text = item.get("defaultValue") or item.get("default") or item.get("expression") or ""
    what, key = f"default of {item.get('id')}", str(component["key"])
    if text and item.get("expression") not in (None, text):
        report.impossible(element, f"expression of {item.get('id')}", str(item.get("expression")), "its default counts")
    if juel.is_juel(text):
        why = "a form has fixed defaults: write the variable before the task"
        if local(element) != "userTask":
            report.impossible(element, what, text, why)
        elif (value := report.value(element, what, text)) is not None:
            set_variable(element, "start", translation.Assignment(key, "=" + translation.or_else(key, value[1:])))
    elif text:
        found = _fixed(text, str(component["type"]))
        if found is None:
            report.impossible(element, what, text, "it is no value of this field")
        else:
            component["defaultValue"] = found


def _fixed(text: str, type: str) -> object:
    if type == "checkbox":
        return text.strip().lower() == "true"
    if type == "number":
        return _number(text)
    return text if type != "datetime" or re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def _number(text: str) -> int | float | None:
    if not re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text):
        return None
    return float(text) if "." in text else int(text)


def _validate(
    element: etree._Element, item: etree._Element, component: dict[str, object], report: Report
) -> None:  # fmt: skip
    rules: dict[str, object] = {"required": True} if item.get("required") == "true" else {}
    for constraint in vendor_children(next(vendor_children(item, "validation"), None), "constraint"):
        name, value = constraint.get("name") or "", constraint.get("config") or ""
        if name == "readonly":
            component["readonly"] = value != "false"
        elif name == "required":
            rules["required"] = value != "false"
        elif name in _CONSTRAINTS and (limit := _number(value)) is not None:
            rules[_CONSTRAINTS[name]] = limit
        else:
            told = shown_whole(constraint)
            report.impossible(element, f"validation of {item.get('id')}", told, "the form has no such rule")
    if item.get("writable") == "false":
        component["readonly"] = True
    if rules:
        component["validate"] = rules
