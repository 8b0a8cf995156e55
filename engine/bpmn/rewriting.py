"""Translates what surrounds the tasks of an imported model: flows, loops, calls, mappings, listeners, timers."""

from __future__ import annotations

import re

from lxml import etree

from engine import feel
from engine.bpmn import juel, translation
from engine.bpmn.callbacks import of_flow, set_variable, skip_expression
from engine.bpmn.coercion import Setting
from engine.bpmn.dialect import is_int32
from engine.bpmn.fields import BY_TAG
from engine.bpmn.imported import service_fields, service_task
from engine.bpmn.parameters import in_out, named, variable_name
from engine.bpmn.source import ZEEBE, child, local, text_of
from engine.bpmn.vendor import (
    Report,
    add,
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

_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


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
    if (not text and attribute(condition, "resource") is None) or (element.get("id"), place) in report.refused:
        return
    if language and "juel" not in language and "feel" not in language:
        found = translation.foreign_condition(text, report.setting(element)) if text else None
        if found is not None:
            condition.text = found
            condition.attrib.pop("language")
            report.translated(element, place, text, found)
            return
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
            item = named(activity, "elementVariable", item, report) if item else None
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
    if (index := attribute(element, "elementIndexVariable")) is not None:
        map_input(activity, "=loopCounter - 1", variable_name(index))
        report.translated(activity, "elementIndexVariable", index, "loopCounter - 1")
    for name in ("failedJobRetryTimeCycle", "collection"):
        for part in vendor_extensions(element, name):
            report.impossible(activity, name, shown_whole(part), "nothing here does the same")


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
    fields = [(_aggregated(activity, item, report), item) for item in vendor_children(found, "variable")]
    target = found.get("target")
    if not target or not fields or any(source is None for source, _item in fields):
        report.impossible(activity, "variableAggregation", shown_whole(found), "it names no variable")
        return
    several = ", ".join(
        f"{translation.quoted(item.get('target') or item.get('source') or '')}: {source}" for source, item in fields
    )
    output = f"={fields[0][0]}" if len(fields) == 1 else f"={{{several}}}"
    extend(element, "loopCharacteristics", outputCollection=variable_name(target), outputElement=output)
    report.translated(activity, "variableAggregation", target, output)
    if found.get("createOverviewVariable") == "true":
        why = "the results stand together when all items are done"
        report.impossible(activity, "createOverviewVariable", "true", why)


def _aggregated(activity: etree._Element, item: etree._Element, report: Report) -> str | None:
    text = item.get("sourceExpression")
    if text is None:
        return variable_name(item.get("source") or "") if item.get("source") else None
    value = report.value(activity, "variableAggregation", text)
    return None if value is None else value[1:] if value.startswith("=") else translation.quoted(value)


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
            everything[way] = in_out(element, item, way, report) or everything[way]
    extend(
        element,
        "calledElement",
        processId=target,
        bindingType=kind,
        versionTag=report.value(element, "calledElementVersionTag", attribute(element, "calledElementVersionTag")),
        propagateAllParentVariables=str(everything["in"]).lower(),
        propagateAllChildVariables=str(everything["out"]).lower(),
    )
    if attribute(element, "calledElementType") == "id":
        why = "a process is called by its key, not by the id of one deployment"
        report.impossible(element, "calledElementType", "id", why)
    if binding == "version":
        report.impossible(element, "calledElementVersion", attribute(element, "calledElementVersion") or "", BY_TAG)
    key = report.value(element, "businessKey", attribute(element, "businessKey"))
    if key is None and attribute(element, "inheritBusinessKey") == "true":
        key = "=businessKey"
        report.translated(element, "businessKey", "inherited", key)
    if key is not None:
        map_input(element, key, "businessKey")
    for name in ("variableMappingClass", "variableMappingDelegateExpression"):
        if (value := attribute(element, name)) is not None:
            report.impossible(element, name, value, "write input and output mappings")


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
            add(extend(element, "taskHeaders"), "header", key="retryBackoff", value=match[2])
            report.translated(element, "failedJobRetryTimeCycle", text, f"{match[1]} attempts, one each {match[2]}")
        else:
            report.impossible(element, "failedJobRetryTimeCycle", text, "only R<times>/<duration> is known here")
    job_priority(element, report, "" if task is not None else "there is no job here")


def job_priority(element: etree._Element, report: Report, why_not: str = "") -> None:
    """This will translate the priority of the jobs of a task, or of all jobs of a process."""
    for name in ("taskPriority", "jobPriority"):
        text = attribute(element, name)
        priority = None if why_not else report.value(element, name, text)
        if text is None or (priority is None and not why_not):
            continue
        if priority is None or not (priority.startswith("=") or is_int32(priority)):
            report.kept(element, name, text, why_not or "a priority is a whole number of 32 bits")
            continue
        extend(element, "jobPriorityDefinition", priority=priority)
        if priority == text:
            report.translated(element, name, text, "jobPriorityDefinition")


def timer(element: etree._Element, report: Report) -> None:
    """This will translate the expression of a timer."""
    above = element.getparent()
    for name in ("timeDate", "timeDuration", "timeCycle"):
        part = child(element, name)
        text = text_of(part)
        if part is None or not text or above is None:
            continue
        value = (
            report.value(above, "timer", text)
            if juel.is_juel(text)
            else _quartz(above, _until(above, part, text, report), report)
        )
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


def _quartz(event: etree._Element, text: str, report: Report) -> str:
    """A line of Quartz as a line of cron: there the days of the week count from 1, Sunday, here from 0."""
    fields = text.upper().split()
    if len(fields) not in (6, 7) or text.startswith(("R", "P")):
        return text
    if len(fields) == 7 and fields[6] not in ("*", "?"):
        report.impossible(event, "timer", text, "a line of cron has no year here")
    try:
        fields[5] = ",".join(_weekdays(part) for part in fields[5].split(","))
    except ValueError:
        return text
    found = " ".join("*" if field == "?" else field for field in fields[:6])
    if found != text:
        report.translated(event, "timer", text, found)
    return found


def _weekdays(part: str) -> str:
    match = re.fullmatch(r"(\w+?)(#\d|L)?(?:-(\w+))?(?:/(\d+))?", part)
    if part == "L" or match is None or not re.search(r"(^|-)\d", part):
        return "SAT" if part == "L" else part
    first, nth, last, step = _weekday(match[1]), match[2] or "", match[3], int(match[4] or 1)
    if nth or not (last or match[4]):
        return _DAYS[first] + nth
    end = _weekday(last) if last else 6
    span = range(first, end + 1 if end >= first else end + 8, step)
    return ",".join(_DAYS[day % 7] for day in span)


def _weekday(text: str) -> int:
    return _DAYS.index(text) if text in _DAYS else (int(text) - 1) % 7


def data_object(element: etree._Element, report: Report) -> None:
    """This will write the value that a data object of Flowable or Activiti begins with, unless the start gives one."""
    scope, text = element.getparent(), text_of(next(vendor_extensions(element, "value"), None))
    if scope is None or not text:
        return
    name = variable_name(element.get("name") or element.get("id") or "")
    kind = (element.get("itemSubjectRef") or "").rpartition(":")[2]
    is_plain = kind in ("int", "integer", "long", "double", "decimal", "boolean")
    try:
        value = translation.checked(text.lower()) if is_plain else translation.quoted(text)
    except Invalid:
        value = translation.quoted(text)
    if local(scope) == "process":
        set_variable(scope, "start", translation.Assignment(name, "=" + translation.or_else(name, value)))
    elif local(scope) == "subProcess":
        map_input(scope, f"={value}", name)
    report.translated(scope, "data object", f"{name} = {text}", value)


def signal_scope(element: etree._Element, report: Report) -> None:
    """This will tell that a signal goes to every case, whatever its scope was."""
    scope = attribute(element, "scope")
    if scope == "global":
        report.translated(element, "scope", scope, "as every signal")
    elif scope is not None:
        report.impossible(element, "scope", scope, "a signal goes to every case that waits for it")


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
            map_output(event, f"={source}", variable_name(target))
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
    service_fields(event, element, report)
    job_priority(event, report)
