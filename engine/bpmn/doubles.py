"""Ids that several elements have and references by qualified names: a modeler drops what they draw."""

from __future__ import annotations

from lxml import etree

from engine.bpmn.normal import NAMED, UNIQUE
from engine.bpmn.process import SCOPES
from engine.bpmn.source import INTERCHANGE, MODEL, bpmn, local

_NAMESPACES = (f"{{{MODEL}}}", f"{{{INTERCHANGE}}}")
_SHOWN = SCOPES | {"process", "collaboration"}


def tell_apart(root: etree._Element) -> bool:
    """This will give each element of a model and its drawing an id of its own, and tell whether one had none.

    What others refer to keeps its id; two nodes, flows or messages of one id are a matter of the check.
    """
    elements = [item for item in root.iter(etree.Element) if item.get("id") and item.tag.startswith(_NAMESPACES)]
    taken = {item.get("id") for item in elements}
    seen: set[str] = set()
    has_changed = False
    for element in sorted(elements, key=_rank):
        id = str(element.get("id"))
        if id in seen and local(element) not in UNIQUE:
            id = _free(id, taken)
            element.set("id", id)
            taken.add(id)
            has_changed = True
        seen.add(id)
    return has_changed


def aim(root: etree._Element) -> bool:
    """This will make a drawing refer to plain ids, and a plane that shows nothing to what it is of, and tell whether.

    That is the first collaboration, or the first process.
    """
    known = {str(item.get("id")): item for item in root.iter(etree.Element) if item.tag.startswith(_NAMESPACES[0])}
    whole = next(root.iter(bpmn("collaboration")), None)
    whole = whole if whole is not None else next(root.iter(bpmn("process")), None)
    has_changed = False
    for item in root.iter(f"{_NAMESPACES[1]}*"):
        written = item.get("bpmnElement")
        id = (written or "").strip()
        id = id if id in known else id.split(":", 1)[-1]
        if (
            item.tag.endswith("}BPMNPlane")
            and whole is not None
            and (id not in known or local(known[id]) not in _SHOWN)
        ):
            id = str(whole.get("id"))
        if id != written and id in known:
            item.set("bpmnElement", id)
            has_changed = True
    return has_changed


def _rank(element: etree._Element) -> int:
    kind = local(element)
    return 0 if kind in UNIQUE else 1 if kind in NAMED else 2 if kind else 3


def _free(id: str, taken: set[str | None]) -> str:
    count = 2
    while f"{id}_{count}" in taken:
        count += 1
    return f"{id}_{count}"
