"""Multi-instance as the standard writes it: data inputs and outputs are the collections, data items their members."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.expressions import is_target
from engine.bpmn.source import bpmn, child, children, text_of
from engine.bpmn.vendor import Report, extend

_DATA = ("dataObject", "dataObjectReference", "dataStoreReference", "dataInput", "dataOutput", "property")
_THROWN = ("noneBehaviorEventRef", "oneBehaviorEventRef")


def itemise(root: etree._Element, report: Report) -> None:
    """This will name the variables that stand for them, in place and before the attributes of the old engines are read.

    What has no element of its own in the file is the name of a variable, as Activiti and Flowable mean it.
    """
    for loop in root.iter(bpmn("standardLoopCharacteristics")):
        activity = loop.getparent()
        if activity is not None and (loop.get("loopMaximum") or "").strip() == "0":
            del loop.attrib["loopMaximum"]  # tools write it where nothing was entered
            report.translated(activity, "loop maximum", "0", "none")
    loops = list(root.iter(bpmn("multiInstanceLoopCharacteristics")))
    data = {str(item.get("id")): item for item in root.iter(*map(bpmn, _DATA))} if loops else {}
    for loop in loops:
        activity = loop.getparent()
        if activity is None:
            continue
        given = child(loop, "loopDataInputRef")
        if given is not None and text_of(given):
            given.text = _variable(activity, text_of(given), ("dataInputAssociation", "targetRef", "sourceRef"), data)
        for item in children(loop, "inputDataItem", "outputDataItem"):
            item.set("name", _named((item.get("name") or item.get("id") or "").replace(".", " ")))
        _collect(loop, activity, data, report)
        for item in children(loop, *_THROWN):
            report.told(activity, "not-executable", f"A {etree.QName(item).localname} is not executed.")


def _collect(loop: etree._Element, activity: etree._Element, data: dict[str, etree._Element], report: Report) -> None:
    reference, item = text_of(child(loop, "loopDataOutputRef")), child(loop, "outputDataItem")
    if not reference:
        return
    if item is None:
        report.told(activity, "collection", "What the instances give is not collected: an outputDataItem is missing.")
        return
    name = _variable(activity, reference, ("dataOutputAssociation", "sourceRef", "targetRef"), data)
    extend(loop, "loopCharacteristics", outputCollection=name, outputElement=f"={item.get('name')}")
    report.translated(activity, "output collection", reference, f"{name} of {item.get('name')}")


def _variable(
    activity: etree._Element, reference: str, ways: tuple[str, str, str], data: dict[str, etree._Element]
) -> str:
    """The data object behind a data input or output, or itself, by its name."""
    id = reference if reference in data else reference.rpartition(":")[2]
    if id not in data:
        return reference
    association, near, far = ways
    for each in children(activity, association):
        if any(text_of(end) == id for end in children(each, near)):
            id = next((text_of(end) for end in children(each, far) if text_of(end) in data), id)
            break
    return _named(data[id].get("name") or id)


def _named(name: str) -> str:
    """A name of BPMN as one of a variable: officials and tools write several words."""
    return name if is_target(name) else re.sub(r"\W+", "_", name).strip("_")
