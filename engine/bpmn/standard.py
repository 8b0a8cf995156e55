"""What BPMN says of a model that no engine's attributes explain: calls, events, messages, operations and XPath."""

from __future__ import annotations

from lxml import etree

from engine.bpmn import juel, xpath
from engine.bpmn.collaborations import choose_messages, has_implementation
from engine.bpmn.normal import CONDITIONS
from engine.bpmn.reused import reuse
from engine.bpmn.source import bpmn, text_of
from engine.bpmn.splitting import split
from engine.bpmn.vendor import Report, extend
from engine.errors import Invalid


def plainly(root: etree._Element, report: Report) -> None:
    """This will write the dialect for it, in place and before the attributes of the old engines are read."""
    reuse(root, report)
    split(root, report)
    choose_messages(root, report)
    meant = {item.get("messageRef") for item in root.iter(etree.Element)}
    for message in root.iter(bpmn("message")):
        if not message.get("name") and message.get("id") in meant:
            message.set("name", str(message.get("id")))
            report.translated(message, "message name", "none", str(message.get("id")))
    for task in root.iter(bpmn("serviceTask"), bpmn("sendTask"), bpmn("businessRuleTask")):
        _operation(task, report)
    for condition in root.iter(*map(bpmn, CONDITIONS)):
        _condition(condition, report)


def _operation(task: etree._Element, report: Report) -> None:
    """The operation of an interface is the standard's own name of a service."""
    reference = (task.get("operationRef") or "").strip()
    if not reference or task.get("messageRef") or has_implementation(task):
        return
    for item in task.getroottree().iter(bpmn("operation")):
        if item.get("id") in (reference, reference.rpartition(":")[2]):
            name = " ".join((item.get("name") or "").split()) or reference
            extend(task, "taskDefinition", type=name)
            report.kept(task, "operationRef", reference, f"a service {name} is needed")
            return


def _condition(condition: etree._Element, report: Report) -> None:
    text, above = text_of(condition), condition.getparent()
    language = (condition.get("language") or "").lower()
    if above is None or not text or juel.is_juel(text) or not ("xpath" in language or xpath.is_standard(text)):
        if "xpath" in language:  # a tool's usual language, which it writes beside expressions of the engine's own, too
            del condition.attrib["language"]
        return
    event = above.getparent() if above.tag == bpmn("conditionalEventDefinition") else above
    place = event if event is not None else above
    condition.attrib.pop("language", "")
    for part in list(condition):
        condition.remove(part)
    try:
        condition.text = xpath.translate(text)
    except Invalid as error:
        condition.text = None  # told here, once
        report.refuse(place, "condition", text, error.message)
    else:
        report.translated(place, "condition", text, condition.text)
