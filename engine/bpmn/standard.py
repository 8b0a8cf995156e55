"""What BPMN says of a model that no engine's attributes explain: calls, events, messages, operations and XPath."""

from __future__ import annotations

import html
import re
from collections import Counter

from lxml import etree

from engine.bpmn import juel, xpath
from engine.bpmn.collaborations import choose_messages, has_implementation, name_messages
from engine.bpmn.items import itemise
from engine.bpmn.normal import CONDITIONS
from engine.bpmn.process import ACTIVITIES
from engine.bpmn.reused import reuse
from engine.bpmn.source import XSI, bpmn, children, local, text_of
from engine.bpmn.splitting import split
from engine.bpmn.vendor import Report, extend, resource_of
from engine.errors import Invalid


def plainly(root: etree._Element, report: Report) -> None:
    """This will write the dialect for it, in place and before the attributes of the old engines are read."""
    reuse(root, report)
    split(root, report)
    itemise(root, report)
    _links(root, report)
    _name_processes(root, report)
    choose_messages(root, report)
    name_messages(root, report)
    _document(root)
    for task in root.iter(bpmn("serviceTask"), bpmn("sendTask"), bpmn("businessRuleTask")):
        _operation(task, report)
    for activity in root.iter(*map(bpmn, ACTIVITIES)):
        _people(activity, report)
    _empty_conditions(root, report)
    for condition in root.iter(*map(bpmn, CONDITIONS)):
        _condition(condition, report)


def _name_processes(root: etree._Element, report: Report) -> None:
    """Modelers that draw pools name those and not what happens in them."""
    for process in children(root, "process"):
        if (process.get("name") or "").strip():
            continue
        pools = [item for item in root.iter(bpmn("participant")) if item.get("processRef") == process.get("id")]
        name = " ".join((pools[0].get("name") or "").split()) if len(pools) == 1 else ""
        if name:
            process.set("name", name)
            report.translated(process, "process name", "none", name)


def _links(root: etree._Element, report: Report) -> None:
    """A link without name is called as its event; one that says where it leads to has the name that stands there."""
    links = {str(item.get("id")): item for item in root.iter(bpmn("linkEventDefinition"))}
    for item in links.values():
        event = item.getparent()
        name = " ".join((event.get("name") or "").split()) if event is not None else ""
        if event is not None and name and not item.get("name"):
            item.set("name", name)
            report.translated(event, "link name", "none", name)
    for id, item in links.items():
        pairs = [(id, text_of(end)) for end in children(item, "target")]
        pairs += [(text_of(end), id) for end in children(item, "source")]
        for source, target in pairs:
            thrown, caught = (links.get(each.rpartition(":")[2]) for each in (source, target))
            if thrown is not None and caught is not None and caught.get("name"):
                thrown.set("name", str(caught.get("name")))


def _document(root: etree._Element) -> None:
    """What is written about an element is read as plain text, all of it, though tools write HTML, or several texts."""
    for element in list(root.iter(etree.Element)):
        found = list(children(element, "documentation"))
        if len(found) < 2 and not any("html" in (item.get("textFormat") or "") for item in found):
            continue
        found[0].text = "\n\n".join(filter(None, map(_plain, found)))
        for part in [*found[0], *found[1:]]:
            (element if part in found else found[0]).remove(part)
        found[0].attrib.pop("textFormat", "")


def _plain(item: etree._Element) -> str:
    if "html" not in (item.get("textFormat") or ""):
        return text_of(item)
    broken = re.sub(r"<(?:br|/p|/div|/li|/tr|/h\d)\b[^>]*>", "\n", text_of(item), flags=re.IGNORECASE)
    lines = html.unescape(re.sub(r"<[^>]*>", "", broken)).splitlines()
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _people(activity: etree._Element, report: Report) -> None:
    """Only what a person does is given to somebody, and a mere role does not say to whom."""
    names = ["resourceRole"]
    if local(activity) != "userTask":
        names += ["performer", "humanPerformer", "potentialOwner"]
    for item in children(activity, *names):
        who = resource_of(item)
        report.told(activity, "people", f"Nobody reads the {local(item)} {who}: name candidate groups or an assignee.")


def _empty_conditions(root: etree._Element, report: Report) -> None:
    """A flow that is drawn with a condition and has none is taken whatever the others decide."""
    flows = list(root.iter(bpmn("sequenceFlow")))
    leaving = Counter(flow.get("sourceRef") for flow in flows)
    decided = {item.get("id") for item in root.iter(bpmn("exclusiveGateway"))}  # asked for their conditions
    usual = {item.get("default") for item in root.iter(etree.Element)}
    for flow in flows:
        written = list(children(flow, "conditionExpression"))
        is_empty = written and not any(text_of(item) or set(item.attrib) - _OWN for item in written)
        source = flow.get("sourceRef")
        if is_empty and leaving[source] > 1 and source not in decided and flow.get("id") not in usual:
            report.told(flow, "condition", "Its condition is empty: this flow is always taken.")


_OWN = frozenset({"id", "language", f"{{{XSI}}}type"})


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
        condition.text = text
        report.refuse(place, "condition", text, error.message)
    else:
        report.translated(place, "condition", text, condition.text)
