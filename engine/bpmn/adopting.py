"""A file of another tool takes the place of a process: its own process is called as the one that it replaces."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.process import FLOW_NODES
from engine.bpmn.source import INTERCHANGE, bpmn, children
from engine.bpmn.vendor import Report

_NAMING = ("processRef", "calledElement", "bpmnElement")


def take_place(root: etree._Element, id: str, report: Report) -> None:
    """This will give the process of the file the id `id`, unless it has one of that id or nobody could say which.

    Of several it is the only one that is to be executed; what refers to it by its old id refers to it still.
    """
    processes = [
        item for item in children(root, "process") if next(item.iter(*map(bpmn, FLOW_NODES)), None) is not None
    ]
    taken = {item.get("id") for item in root.iter(etree.Element)}
    if len(processes) > 1:
        processes = [item for item in processes if item.get("isExecutable") == "true"]
    if not id or id in taken or len(processes) != 1:
        return
    before = str(processes[0].get("id"))
    processes[0].set("id", id)
    planes = f"{{{INTERCHANGE}}}BPMNPlane"
    for item in root.iter(bpmn("participant"), bpmn("callActivity"), planes):
        for name in _NAMING:
            if (item.get(name) or "").rpartition(":")[2] == before:
                item.set(name, id)
    report.translated(processes[0], "process id", before, id)
