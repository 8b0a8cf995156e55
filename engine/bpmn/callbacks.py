"""Translates the listeners of Camunda 7, Flowable and Activiti into those of the dialect, scripts and timers."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn import juel, translation
from engine.bpmn.coercion import Setting
from engine.bpmn.listeners import ONLY_TOLD, headers_of
from engine.bpmn.process import ACTIVITIES, GATEWAYS
from engine.bpmn.source import bihuan, bpmn, child, extensions, local, text_of, zeebe
from engine.bpmn.translation import unquoted
from engine.bpmn.vendor import (
    Report,
    add,
    extend,
    map_input,
    shown_whole,
    vendor_children,
    vendor_extensions,
    vendor_name,
    vendor_of,
)
from engine.errors import Invalid

OF_TASKS = {
    "create": ["creating"],
    "assignment": ["assigning"],
    "update": ["updating"],
    "complete": ["completing"],
    "delete": ["canceling"],
    "all": ["creating", "assigning", "completing", "canceling"],
}
# An end of these comes when nothing is left to do, a start of those when it has already happened.
_SCOPES = frozenset(
    {"subProcess", "transaction", "adHocSubProcess", "callActivity"}
)  # they have variables of their own
_WITHOUT_END = {"errorEventDefinition", "terminateEventDefinition", "cancelEventDefinition", "linkEventDefinition"}


def listeners(element: etree._Element, report: Report) -> None:
    """This will translate the listeners of an activity, an event or a gateway; those that set a variable do so here."""
    found = list(vendor_extensions(element, "executionListener"))
    _prepare(element, [item for item in found if (item.get("event") or "start") == "start"], report)
    for item in found:
        event = item.get("event") or "start"
        if event not in ("start", "end"):
            report.impossible(element, "executionListener", shown(item), f"{event} listeners are not run here")
        elif child(element, "compensateEventDefinition") is not None and local(element) == "boundaryEvent":
            report.impossible(element, "executionListener", shown(item), "the event only names the handler")
        else:
            _listen(element, item, _possible(element, event), report)
    for item in list(vendor_extensions(element, "taskListener")):
        _task_listener(element, item, report)


def of_process(element: etree._Element, report: Report) -> None:
    """This will translate the listeners of a process."""
    for item in vendor_extensions(element, "executionListener"):
        event = item.get("event") or "start"
        if event == "end" or (event == "start" and child(element, "startEvent") is not None):
            _listen(element, item, event, report)
        else:
            report.impossible(element, "executionListener", shown(item), f"nothing here tells of {event}")


def of_flow(element: etree._Element, report: Report) -> None:
    """This will put a task with the listener into a flow that is listened to."""
    found = list(vendor_extensions(element, "executionListener"))
    scope, target = element.getparent(), element.get("targetRef") or ""
    if not found or scope is None:
        return
    id = report.fresh(element, f"{element.get('id')}_taken")
    task = etree.Element(bpmn("task"), {"id": id, "name": element.get("name") or ""})
    scope.insert(scope.index(element), task)
    element.set("targetRef", str(task.get("id")))
    further = etree.Element(bpmn("sequenceFlow"), {"id": report.fresh(element, f"{element.get('id')}_on")})
    further.set("sourceRef", str(task.get("id")))
    further.set("targetRef", target)
    scope.insert(scope.index(element) + 1, further)
    for item in found:
        _listen(task, item, "start", report)


def _prepare(element: etree._Element, found: list[etree._Element], report: Report) -> None:
    """Flowable and Activiti call the listeners of the start once before the items are counted: they may say how many.

    That is done by a task before a multi-instance activity; then they are called for each item, as there.
    """
    scope, id = element.getparent(), str(element.get("id"))
    early = [item for item in found if vendor_of(item.tag) != "camunda"]
    is_entered = "true" not in (element.get("isForCompensation"), element.get("triggeredByEvent"))
    if not early or scope is None or child(element, "multiInstanceLoopCharacteristics") is None:
        return
    if not is_entered or local(scope) == "adHocSubProcess" or local(element) == "receiveTask":
        return  # nothing may stand before these
    task = etree.Element(bpmn("task"), {"id": report.fresh(element, f"{id}_before"), "name": element.get("name") or ""})
    for flow in scope:
        if local(flow) == "sequenceFlow" and flow.get("targetRef") == id:
            flow.set("targetRef", str(task.get("id")))
    scope.insert(scope.index(element), task)
    further = etree.Element(bpmn("sequenceFlow"), {"id": report.fresh(element, f"{id}_begin")})
    further.set("sourceRef", str(task.get("id")))
    further.set("targetRef", id)
    scope.insert(scope.index(element), further)
    for item in early:
        _listen(task, item, "start", report)


def _possible(element: etree._Element, event: str) -> str:
    kind = local(element)
    if event == "start" and (kind in ("startEvent", "boundaryEvent") or element.get("triggeredByEvent") == "true"):
        return "end"
    is_last = kind in ("endEvent", "intermediateThrowEvent") and {local(item) for item in element} & _WITHOUT_END
    return "start" if event == "end" and (kind in GATEWAYS or is_last) else event


def _listen(element: etree._Element, item: etree._Element, event: str, report: Report) -> None:
    found, type = _done(item, report.setting(element)), type_of(item)
    if isinstance(found, list):
        for each in found:
            if each.is_local and event == "start" and local(element) in _SCOPES:
                map_input(element, each.value, each.name)
            else:
                set_variable(element, event, each)
        report.translated(element, "executionListener", shown(item), f"{event}: {_told(found)}")
    elif isinstance(found, str):
        report.kept(element, "executionListener", shown(item), "its value is not used")
    elif type is not None:
        _add(element, "executionListener", event, type, item, found, report)
    else:
        report.impossible(element, "executionListener", shown(item), "scripts are not run")


def set_variable(element: etree._Element, event: str, assignment: translation.Assignment) -> None:
    """This will write a variable when `element` starts or ends; a mapping would keep back what a task submits."""
    holder = extend(element, "executionListeners")
    made = add(holder, "executionListener", eventType=event, type="bihuan:set")
    made.set(bihuan("variable"), assignment.name)
    made.set(bihuan("value"), assignment.value)


def _add(
    element: etree._Element, name: str, event: str, type: str, item: etree._Element, found: object, report: Report
) -> None:
    """One listener of an event calls a service once; what it is given by the model are its headers."""
    given = _given(item, found)
    holder = extend(element, f"{name}s")
    known = next((each for each in holder if (each.get("eventType"), each.get("type")) == (event, type)), None)
    if known is not None:
        if given != headers_of(known):
            report.impossible(element, name, shown(item), f"the service {type} is called once, with other values")
        return
    made = add(holder, name, eventType=event, type=type)
    if given:
        headers = add(made, "taskHeaders")
        for key, value in given.items():
            add(headers, "header", key=key, value=value)
    report.kept(element, name, shown(item), f"a service {type} is needed")


def _given(item: etree._Element, found: object) -> dict[str, str]:
    """Fields and arguments of a listener; FEEL among them is not computed: the service is told all data anyway."""
    given = {}
    for part in vendor_children(item, "field"):
        inside = [shown_whole(each) for each in part if vendor_name(each.tag) in ("string", "expression")]
        given[part.get("name") or ""] = part.get("stringValue") or part.get("expression") or "".join(inside)
    if isinstance(found, translation.Service):
        given |= {f"arg{n}": text for n, text in enumerate(found.arguments, 1) if text}
    return {key: unquoted(value) for key, value in given.items() if key and value}


def _task_listener(element: etree._Element, item: etree._Element, report: Report) -> None:
    event, type = item.get("event") or "create", type_of(item)
    found = _done(item, report.setting(element))
    if event == "timeout":
        _timeout(element, item, type, report)
    elif event not in OF_TASKS:
        report.impossible(element, "taskListener", shown(item), f"there is no event {event}")
    elif isinstance(found, list) and ONLY_TOLD.issuperset(OF_TASKS[event]):
        report.impossible(element, "taskListener", shown(item), "no variable is written when a task is changed")
    elif isinstance(found, list):
        for there in (each for each in OF_TASKS[event] if each not in ONLY_TOLD):
            for assignment in found:
                set_variable(element, "start" if there == "creating" else "end", assignment)
        report.translated(element, "taskListener", shown(item), f"{event}: {_told(found)}")
    elif isinstance(found, str):
        report.kept(element, "taskListener", shown(item), "its value is not used")
    elif type is None:
        report.impossible(element, "taskListener", shown(item), "scripts are not run")
    else:
        for there in OF_TASKS[event]:
            _add(element, "taskListener", there, type, item, found, report)


def _timeout(element: etree._Element, item: etree._Element, type: str | None, report: Report) -> None:
    """A listener that a timer wakes is a boundary event beside the task, and a service behind it."""
    timer = next((part for part in item if local(part) == "timerEventDefinition"), None)
    scope = element.getparent()
    if timer is None or type is None or scope is None:
        report.impossible(element, "taskListener", shown(item), "it needs a timer and a class, not a script")
        return
    id = report.fresh(element, f"{element.get('id')}_timeout")
    event = etree.SubElement(scope, bpmn("boundaryEvent"), {"id": id, "attachedToRef": str(element.get("id"))})
    event.set("cancelActivity", "false")
    event.append(timer)
    called = report.fresh(element, f"{id}_call")
    task = etree.SubElement(scope, bpmn("serviceTask"), {"id": called, "name": type})
    extend(task, "taskDefinition", type=type)
    flow = {"id": report.fresh(element, f"{id}_flow"), "sourceRef": id, "targetRef": called}
    etree.SubElement(scope, bpmn("sequenceFlow"), flow)
    report.kept(element, "taskListener", shown(item), f"a timer beside the task calls it; a service {type} is needed")


def type_of(item: etree._Element) -> str | None:
    """This will return the type of the service that does what a listener does, or None for a script."""
    named = item.get("class") or item.get("delegateExpression") or item.get("expression")
    if named is None:
        return None
    bean = re.search(r"[\w.]+", named.replace("${", "").replace("#{", ""))
    found = bean[0] if bean else named
    return found.rsplit(".", 1)[-1] if item.get("class") else found


def is_called(item: etree._Element, report: Report) -> bool:
    """This will tell whether a listener calls something, and is no mere value or setting of variables."""
    return not isinstance(_done(item, report.setting(item)), list | str)


def shown(item: etree._Element) -> str:
    """This will describe a listener for the report."""
    what = item.get("class") or item.get("delegateExpression") or item.get("expression")
    scripts = [text_of(part) or part.get("resource") or "" for part in vendor_children(item, "script")]
    when = " ".join(filter(None, (item.get("event"), item.get("onTransaction"))))
    return f"{when} {what or ''.join(scripts) or vendor_name(item.tag)}".strip()[:200]


def _done(item: etree._Element, setting: Setting) -> object:
    """What a listener does by its expression or its script: a list when it only sets variables."""
    text = item.get("expression")
    if text is None:
        scripts = [text_of(part) for part in vendor_children(item, "script")]
        return translation.assigned(scripts[0]) or None if scripts else None
    try:
        found = translation.translate_statement(text, setting)
    except Invalid:
        return None
    return [found] if isinstance(found, translation.Assignment) else found


def _told(found: list[translation.Assignment]) -> str:
    return ", ".join(f"{each.name} {each.value}" for each in found)


def skip_expression(element: etree._Element, report: Report) -> None:
    """This will keep the condition under which an activity is skipped; Flowable asks for it only when told to."""
    for prefix, name in (("_ACTIVITI", "activiti"), ("_FLOWABLE", "flowable")):
        text = element.get(f"{{http://{name}.org/bpmn}}skipExpression")
        if text is None:
            continue
        is_skipped = local(element) in ACTIVITIES and juel.is_juel(text)
        value = report.value(element, "skipExpression", text) if is_skipped else None
        if not is_skipped:
            report.impossible(element, "skipExpression", text, "only activities are skipped, by an expression")
        elif value is None:
            continue
        else:
            switch = f"{prefix}_SKIP_EXPRESSION_ENABLED"
            element.set(bihuan("skip"), f"=if {switch} = true then ({value[1:]}) else false")


def exceptions(element: etree._Element, report: Report) -> None:
    """This will tell the service which error stands for which exception: it says so itself, there are none here."""
    for item in vendor_extensions(element, "mapException"):
        code, named = item.get("errorCode") or "", text_of(item).rsplit(".", 1)[-1] or "any exception"
        tasks = extensions(element, zeebe("taskDefinition"))
        if tasks and code:
            headers = extend(element, "taskHeaders")
            add(headers, "header", key=f"error for {named}", value=code)
            report.kept(
                element, "mapException", f"{named}: {code}", f"the service itself has to throw the error {code}"
            )
        else:
            report.impossible(element, "mapException", f"{named}: {code}", "there is no service that could throw it")
