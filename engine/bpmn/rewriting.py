"""Translates what surrounds the tasks of an imported model: flows, loops, calls, mappings, listeners, timers."""

from __future__ import annotations

import re

from lxml import etree

from engine import feel
from engine.bpmn import juel, translation
from engine.bpmn.callbacks import of_flow, skip_expression
from engine.bpmn.coercion import Setting
from engine.bpmn.imported import BY_TAG, service_task
from engine.bpmn.source import ZEEBE, child, text_of
from engine.bpmn.vendor import (
    Report,
    attribute,
    extend,
    map_input,
    map_output,
    shown_whole,
    vendor_children,
    vendor_extensions,
    vendor_name,
)
from engine.errors import Invalid


def sequence_flow(element: etree._Element, report: Report) -> None:
    """This will translate the condition of a flow."""
    condition = child(element, "conditionExpression")
    if condition is not None:
        _condition(element, condition, report, "condition")
    of_flow(element, report)
    skip_expression(element, report)


def _condition(element: etree._Element, condition: etree._Element, report: Report, place: str) -> None:
    text = text_of(condition)
    language = (condition.get("language") or "").lower()
    if not text and attribute(condition, "resource") is None:
        return
    if language and "juel" not in language and "feel" not in language:
        report.refuse(element, place, text, f"it is written in {language}")
        return
    try:
        found = _condition_text(text, "feel" in language, report.setting(element))
    except Invalid as error:
        report.refuse(element, place, text or str(attribute(condition, "resource")), error.message)
        return
    condition.text = found
    if found != text:
        for part in list(condition):
            condition.remove(part)
        report.translated(element, place, text, found)


def _condition_text(text: str, is_feel: bool, setting: Setting) -> str:
    if juel.is_juel(text) and not is_feel:
        return translation.translate(text, setting, is_condition=True)
    if text.startswith("="):
        return text
    try:
        feel.parse(text)
    except feel.FeelSyntaxError as error:
        raise translation.Untranslatable(problem=str(error)) from None
    return "=" + text


def conditional_event(element: etree._Element, report: Report) -> None:
    """This will translate the condition of an event."""
    condition = child(element, "condition")
    above = element.getparent()
    if condition is not None:
        _condition(above if above is not None else element, condition, report, "condition")
    names = attribute(element, "variableName")
    if names:
        extend(element, "conditionalFilter", variableNames=names)
    changes = [name.strip() for name in (attribute(element, "variableEvents") or "").split(",") if name.strip()]
    kept = [name for name in changes if name != "delete"]
    if kept:
        extend(element, "conditionalFilter", variableEvents=",".join(kept))
    if kept != changes and above is not None:
        report.impossible(above, "variableEvents", "delete", "variables are not deleted here")


def multi_instance(element: etree._Element, report: Report) -> None:
    """This will translate the collection or the number, the completion condition and the results."""
    activity = element.getparent()
    if activity is None:
        return
    collection = attribute(element, "collection") or text_of(child(element, "loopDataInputRef")) or None
    item = attribute(element, "elementVariable") or _item_name(child(element, "inputDataItem"))
    cardinality = child(element, "loopCardinality")
    if collection is not None:
        try:
            found = _limited(translation.variable(collection, report.setting(activity)), cardinality, activity, report)
            extend(element, "loopCharacteristics", inputCollection=found, inputElement=item)
            report.translated(activity, "collection", collection, f"{found} {item or ''}".strip())
        except Invalid as error:
            report.refuse(activity, "collection", collection, error.message)
    elif cardinality is not None and (source := _counted("i", cardinality, activity, report)) is not None:
        extend(element, "loopCharacteristics", inputCollection=source)
    completion = child(element, "completionCondition")
    if completion is not None:
        _condition(activity, completion, report, "completion condition")
    _aggregation(element, activity, report)


def _limited(collection: str, cardinality: etree._Element | None, activity: etree._Element, report: Report) -> str:
    """With a number beside the collection, so many of its items are done."""
    if cardinality is None or not text_of(cardinality):
        return collection
    return _counted(f"({collection[1:]})[i]", cardinality, activity, report) or collection


def _counted(each: str, cardinality: etree._Element, activity: etree._Element, report: Report) -> str | None:
    """The FEEL of a list as long as `cardinality` says; None when that cannot be translated."""
    count = report.value(activity, "loopCardinality", text_of(cardinality))
    if count is None:
        report.refuse(activity, "loopCardinality", text_of(cardinality), "it cannot be translated")
        return None
    number, above = count.removeprefix("="), cardinality.getparent()
    if above is not None:
        above.remove(cardinality)
    if number.isdigit() and number != "0":
        return f"=for i in 1..{number} return {each}"
    return f"=if ({number}) < 1 then [] else for i in 1..({number}) return {each}"


def _item_name(element: etree._Element | None) -> str | None:
    return element.get("name") or element.get("id") if element is not None else None


def _aggregation(element: etree._Element, activity: etree._Element, report: Report) -> None:
    found = next(vendor_extensions(element, "variableAggregation"), None)
    if found is None:
        return
    fields = [
        (item.get("source"), item.get("target") or item.get("source")) for item in vendor_children(found, "variable")
    ]
    if not found.get("target") or not fields:
        report.impossible(activity, "variableAggregation", found.get("target") or "", "it names no variable")
        return
    single = f"={fields[0][0]}"
    several = "={" + ", ".join(f'"{target}": {source}' for source, target in fields) + "}"
    output = single if len(fields) == 1 else several
    extend(element, "loopCharacteristics", outputCollection=found.get("target"), outputElement=output)
    report.translated(activity, "variableAggregation", str(found.get("target")), output)


def loop_condition(element: etree._Element, report: Report) -> None:
    """This will translate the condition of a standard loop."""
    condition, activity = child(element, "loopCondition"), element.getparent()
    if condition is not None and activity is not None:
        _condition(activity, condition, report, "loop condition")


def ad_hoc(element: etree._Element, report: Report) -> None:
    """This will translate the completion condition of an ad-hoc subprocess."""
    completion = child(element, "completionCondition")
    if completion is not None:
        _condition(element, completion, report, "completion condition")


def call_activity(element: etree._Element, report: Report) -> None:
    """This will translate what is called, its version, and what goes in and out."""
    target = report.value(element, "calledElement", element.get("calledElement"))
    if attribute(element, "caseRef") is not None:
        report.refuse(element, "caseRef", str(attribute(element, "caseRef")), "CMMN is not executed")
    if target is None:
        return
    binding = attribute(element, "calledElementBinding") or "latest"
    same = attribute(element, "sameDeployment") == "true"
    kind = "deployment" if same or binding == "deployment" else "versionTag" if binding == "versionTag" else None
    everything = {"in": attribute(element, "inheritVariables") == "true", "out": False}
    for way in ("in", "out"):
        for item in vendor_extensions(element, way):
            everything[way] = _in_out(element, item, way, report) or everything[way]
    extend(
        element,
        "calledElement",
        processId=target,
        bindingType=kind,
        versionTag=report.value(element, "calledElementVersionTag", attribute(element, "calledElementVersionTag")),
        propagateAllParentVariables=str(everything["in"]).lower(),
        propagateAllChildVariables=str(everything["out"]).lower(),
    )
    if binding == "version":
        report.impossible(element, "calledElementVersion", attribute(element, "calledElementVersion") or "", BY_TAG)
    key = report.value(element, "businessKey", attribute(element, "businessKey"))
    if key is None and attribute(element, "inheritBusinessKey") == "true":
        key = "=businessKey"
    if key is not None:
        map_input(element, key, "businessKey")
        report.translated(element, "businessKey", attribute(element, "businessKey") or "inherited", key)
    for name in ("variableMappingClass", "variableMappingDelegateExpression"):
        if (value := attribute(element, name)) is not None:
            report.impossible(element, name, value, "write input and output mappings")


def _in_out(element: etree._Element, item: etree._Element, way: str, report: Report) -> bool:
    if item.get("variables") == "all":
        # Only what is local to the call goes in without propagation, and stays for its output mappings coming out.
        if item.get("local") == "true":
            report.translated(element, way, "all local variables", "no propagation")
        return item.get("local") != "true"
    if item.get("businessKey") is not None:
        value = report.value(element, "businessKey", item.get("businessKey"))
        if value is not None:
            map_input(element, value, "businessKey")
        return False
    source, target = item.get("source"), item.get("target") or item.get("source")
    text = item.get("sourceExpression") or (source if source and juel.is_juel(source) else None)
    value = report.value(element, way, text) if text is not None else f"={source}" if source else None
    if value is None or not target:
        return False
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
        if event is not None and _in_out(event, item, "in", report):
            report.impossible(event, "in", "all variables", "name the variables that the signal carries")


def input_output(element: etree._Element, report: Report) -> None:
    """This will translate input and output parameters."""
    connected = (
        part for item in vendor_extensions(element, "connector") for part in vendor_children(item, "inputOutput")
    )
    for holder_ in (*vendor_extensions(element, "inputOutput"), *connected):
        for name, write in (("inputParameter", map_input), ("outputParameter", map_output)):
            for item in vendor_children(holder_, name):
                source = _parameter(element, item, report)
                if source is not None and item.get("name"):
                    needs = name == "outputParameter" and not source.startswith("=")
                    write(element, "=" + translation.quoted(source) if needs else source, str(item.get("name")))


def _parameter(element: etree._Element, item: etree._Element, report: Report) -> str | None:
    for part in item:
        kind = vendor_name(part.tag) or etree.QName(part).localname
        if kind == "list":
            return "=[" + ", ".join(_member(element, value, report) for value in part) + "]"
        if kind == "map":
            entries = (
                f"{translation.quoted(value.get('key') or '')}: {_member(element, value, report)}" for value in part
            )
            return "={" + ", ".join(entries) + "}"
        if kind == "script":
            report.impossible(element, f"parameter {item.get('name')}", shown_whole(part), "scripts are not run")
            return None
    return report.value(element, f"parameter {item.get('name')}", text_of(item)) or text_of(item)


def _member(element: etree._Element, item: etree._Element, report: Report) -> str:
    value = report.value(element, "parameter", text_of(item)) or ""
    return value[1:] if value.startswith("=") else translation.quoted(value)


def retries(element: etree._Element, report: Report) -> None:
    """This will translate the number of retries and the priority of a job."""
    definition = child(element, "extensionElements")
    task = definition.find(f"{{{ZEEBE}}}taskDefinition") if definition is not None else None
    for item in vendor_extensions(element, "failedJobRetryTimeCycle"):
        text = text_of(item)
        match = re.fullmatch(r"R(\d+)/(P.*)", text)
        if task is None:
            report.kept(element, "failedJobRetryTimeCycle", text, "there is no job here")
        elif match:
            task.set("retries", match[1])
            report.kept(element, "retryBackoff", match[2], "waiting time between retries")
        else:
            report.impossible(element, "failedJobRetryTimeCycle", text, "only R<times>/<duration> is known here")
    for name in ("taskPriority", "jobPriority"):
        priority = report.value(element, name, attribute(element, name))
        if priority is None:
            continue
        if task is not None and (priority.startswith("=") or re.fullmatch(r"-?\d{1,9}", priority)):
            extend(element, "jobPriorityDefinition", priority=priority)
            report.translated(element, name, priority, "jobPriorityDefinition")
        else:
            report.kept(element, name, priority, "there is no job here")


def timer(element: etree._Element, report: Report) -> None:
    """This will translate the expression of a timer."""
    above = element.getparent()
    for name in ("timeDate", "timeDuration", "timeCycle"):
        part = child(element, name)
        text = text_of(part)
        if part is None or not text or above is None:
            continue
        value = report.value(above, "timer", text) if juel.is_juel(text) else _quartz(_until(above, part, text, report))
        if value is None:
            report.refuse(above, "timer", text, "it cannot be translated")
        else:
            part.text = value


def _until(event: etree._Element, part: etree._Element, text: str, report: Report) -> str:
    """A cycle ends at the date that Activiti names beside it."""
    end = attribute(part, "endDate")
    if end is None:
        return text
    if re.fullmatch(r"R\d*/P[^/]*", text) and not juel.is_juel(end):
        report.translated(event, "endDate", end, f"{text}/{end}")
        return f"{text}/{end}"
    report.impossible(event, "endDate", end, "only a cycle R/<duration> ends at a date")
    return text


def _quartz(text: str) -> str:
    fields = text.split()
    if len(fields) in (6, 7) and not text.startswith(("R", "P")):
        return " ".join("*" if field == "?" else field for field in fields[:6])
    return text


def named_value(element: etree._Element, report: Report) -> None:
    """This will translate the name of a message or signal."""
    name = element.get("name")
    if name and juel.is_juel(name):
        value = report.value(element, "name", name)
        if value is not None:
            element.set("name", value)


def error_variables(element: etree._Element, report: Report) -> None:
    """This will translate the variables that receive code and message."""
    for name, source in (
        ("errorCodeVariable", "errorCode"),
        ("errorMessageVariable", "errorMessage"),
        ("escalationCodeVariable", "escalationCode"),
    ):
        target = attribute(element, name)
        event = element.getparent()
        if target is not None and event is not None:
            map_output(event, f"={source}", target)
            report.translated(event, name, target, source)


def thrown_message(element: etree._Element, report: Report) -> None:
    """This will translate the implementation of a thrown message."""
    event = element.getparent()
    names = ("class", "delegateExpression", "expression", "type")
    if event is None or not any(attribute(element, name) for name in names):
        return
    for key in list(element.attrib):
        if vendor_name(key):
            event.set(str(key), str(element.get(key)))
    service_task(event, report)
