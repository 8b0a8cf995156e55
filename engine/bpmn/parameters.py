"""Translates what goes in and out of an element of an imported model: parameters, and the variables of calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from engine.bpmn import juel, translation
from engine.bpmn.expressions import KEYWORDS
from engine.bpmn.source import bihuan, local, text_of
from engine.bpmn.vendor import (
    Report,
    map_input,
    map_output,
    shown_whole,
    vendor_children,
    vendor_extensions,
    vendor_name,
)
from engine.errors import Invalid

_SCRIPTS = "scripts are not run"


def variable_name(name: str) -> str:
    """This will return the name that a variable of another engine has here: FEEL reads `a-b` as a difference."""
    found = re.sub(r"[^\w.]", "_", name.strip())
    if not found or found[0].isdigit() or found[0] == "." or found in KEYWORDS:
        return f"_{found}"
    return found


def named(element: etree._Element, what: str, name: str, report: Report) -> str:
    """This will return the name of a variable as it is written here, and note when that is another."""
    found = variable_name(name)
    if found != name:
        report.translated(element, what, name, found)
    return found


def input_output(element: etree._Element, report: Report) -> None:
    """This will translate input and output parameters, also those of a connector and of a thrown message."""
    own = list(vendor_extensions(element, "inputOutput"))
    holders = [*own]
    for above in (*vendor_extensions(element, "connector"), *_thrown(element)):
        holders.extend(vendor_children(above, "inputOutput"))
    for holder in holders:
        for name, write in (("inputParameter", map_input), ("outputParameter", map_output)):
            for item in vendor_children(holder, name):
                source, target = _parameter(element, item, report), item.get("name")
                if source is not None and target:
                    needs = name == "outputParameter" and not source.startswith("=")
                    target = named(element, "parameter", target, report)
                    write(element, "=" + translation.quoted(source) if needs else source, target)
                    if name == "outputParameter" and holder in own and local(element) != "callActivity":
                        element.set(bihuan("results"), "all")


def _thrown(element: etree._Element) -> Iterator[etree._Element]:
    """The extension elements of the message that an event throws."""
    for item in element:
        if local(item) == "messageEventDefinition":
            yield from (part for part in item if local(part) == "extensionElements")


def _parameter(element: etree._Element, item: etree._Element, report: Report) -> str | None:
    """The value of a parameter; None when it has no translation: it is told then, and not set."""
    what, text = f"parameter {item.get('name')}", text_of(item)
    inside = next((part for part in item if isinstance(part.tag, str)), None)
    if inside is not None:
        value = _value(element, inside, what, report)
        return None if value is None else f"={value}"
    return report.value(element, what, text) if text else "=null"


def _value(element: etree._Element, part: etree._Element, what: str, report: Report) -> str | None:
    """The FEEL of a list, a map, a script or a text, however deep they stand in one another."""
    kind = vendor_name(part.tag) or etree.QName(part).localname
    items = [each for each in part if isinstance(each.tag, str)]
    if kind == "list":
        return "[" + ", ".join(_value(element, each, what, report) or "null" for each in items) + "]"
    if kind == "map":
        written = (
            f"{translation.quoted(each.get('key') or '')}: {_value(element, each, what, report) or 'null'}"
            for each in items
        )
        return "{" + ", ".join(written) + "}"
    if kind == "script":
        return _script(element, part, what, report)
    if items:
        return _value(element, items[0], what, report)
    text = text_of(part)
    value = report.value(element, what, text) if text else "=null"
    return value if value is None else value[1:] if value.startswith("=") else translation.quoted(value)


def _script(element: etree._Element, part: etree._Element, what: str, report: Report) -> str | None:
    language = (part.get("scriptFormat") or "").lower()
    text = text_of(part)
    if language in ("juel", "feel") and text:
        value = report.value(element, what, text) if juel.is_juel(text) else f"={text}"
        try:
            return None if value is None else translation.checked(value.removeprefix("="))
        except Invalid:
            pass
    report.impossible(element, what, shown_whole(part), _SCRIPTS)
    return None


def in_out(element: etree._Element, item: etree._Element, way: str, report: Report) -> bool:
    """This will translate what goes into a called process or comes out of it; true when that is every variable."""
    if item.get("variables") == "all":
        # Only what is local to the call goes in without propagation, and stays for its output mappings coming out.
        is_local = item.get("local") == "true"
        old, new = ("all local variables", "no propagation") if is_local else ("all variables", "propagation")
        report.translated(element, way, old, new)
        return not is_local
    if item.get("businessKey") is not None:
        value = report.value(element, "businessKey", item.get("businessKey"))
        if value is not None:
            map_input(element, value, "businessKey")
        return False
    source, target = item.get("source"), item.get("target") or item.get("source")
    text = item.get("sourceExpression") or (source if source and juel.is_juel(source) else None)
    value = report.value(element, way, text) if text is not None else f"={variable_name(source)}" if source else None
    if value is None or not target:
        return False
    target = variable_name(target)
    if way == "in":
        map_input(element, value, target)
    else:
        map_output(element, value if value.startswith("=") else "=" + translation.quoted(value), target)
    report.translated(element, way, text or str(source), target)
    return False


def payload(element: etree._Element, report: Report) -> None:
    """This will have a thrown signal carry what is named: the input mappings of its event."""
    event = element.getparent()
    for item in vendor_extensions(element, "in"):
        if event is None:
            continue
        if item.get("variables") == "all":
            report.impossible(event, "in", "all variables", "name the variables that the signal carries")
        else:
            in_out(event, item, "in", report)


def worker_parameters(element: etree._Element, report: Report) -> None:
    """This will map what Flowable sends to an external worker, and what it takes from its answer."""
    for name, write in (("externalWorkerInParameter", map_input), ("externalWorkerOutParameter", map_output)):
        for item in vendor_extensions(element, name):
            text, target = item.get("sourceExpression"), item.get("target")
            source = f"={variable_name(item.get('source') or '')}" if item.get("source") else None
            value = report.value(element, name, text) if text else source
            if value is not None and target:
                is_text = not value.startswith("=")
                write(element, "=" + translation.quoted(value) if is_text else value, variable_name(target))
                report.translated(element, name, text or str(item.get("source")), target)
