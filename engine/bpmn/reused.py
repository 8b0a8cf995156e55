"""Calls of global tasks: a task that stands for itself is done where it is called."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from engine.bpmn.source import bpmn, child, local
from engine.bpmn.vendor import Report, holder

TASKS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
_COPIED = frozenset({"resourceRole", "performer", "humanPerformer", "potentialOwner", "script"})
_OWN = frozenset({"id", "name", "calledElement"})


def reuse(root: etree._Element, report: Report) -> None:
    """This will make each call of a global task of the file that task, and take away the tasks that are called."""
    known = {item.get("id") or "": item for item in root if local(item) in TASKS}
    called = []
    for call in list(root.iter(bpmn("callActivity"))):
        reference = (call.get("calledElement") or "").strip()
        found = known.get(reference, known.get(reference.rpartition(":")[2]))
        if found is None:
            continue
        called.append(found)
        type = TASKS[local(found)]
        report.translated(call, "calledElement", reference, f"a {type} in its place")
        call.tag = bpmn(type)
        del call.attrib["calledElement"]
        _take(call, found)
    for item in called:
        if item.getparent() is not None:
            root.remove(item)


def _take(call: etree._Element, task: etree._Element) -> None:
    for key, value in task.attrib.items():
        if key not in _OWN and key not in call.attrib:
            call.set(key, value)
    if not call.get("name") and task.get("name"):
        call.set("name", str(task.get("name")))
    for part in task:
        if local(part) in _COPIED:
            call.append(deepcopy(part))
    extensions = child(task, "extensionElements")
    for part in extensions if extensions is not None else ():
        holder(call).append(deepcopy(part))
