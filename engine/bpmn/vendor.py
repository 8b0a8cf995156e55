"""Access to the attributes of Camunda 7, Flowable and Activiti, and the report of what became of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from engine.bpmn import translation
from engine.bpmn.coercion import Setting
from engine.bpmn.faults import DiagramFault, fault
from engine.bpmn.process import FLOW_NODES, Note
from engine.bpmn.source import bpmn, child, line_of, local, text_of, zeebe
from engine.errors import Invalid

NAMESPACES = {
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://activiti.org/bpmn": "activiti",
    "http://flowable.org/bpmn": "flowable",
}


def attribute(element: etree._Element, name: str) -> str | None:
    """This will return a vendor's attribute, whichever vendor's it is."""
    for namespace in NAMESPACES:
        found = element.get(f"{{{namespace}}}{name}")
        if found is not None:
            return found
    return None


def vendor_name(tag: object) -> str:
    """This will return the local name of a vendor's tag or attribute, or an empty string for anything else."""
    if isinstance(tag, str) and tag.startswith("{"):
        namespace, _, name = tag[1:].partition("}")
        if namespace in NAMESPACES:
            return name
    return ""


def vendor_of(tag: object) -> str:
    """This will return camunda, activiti or flowable, or an empty string for what is no vendor's."""
    return NAMESPACES.get(tag[1:].partition("}")[0], "") if isinstance(tag, str) else ""


def vendor_children(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """This will go through the vendor's children called `name`."""
    if element is not None:
        for item in element:
            if vendor_name(item.tag) == name:
                yield item


def shown_whole(item: etree._Element) -> str:
    """This will return all that is said in a vendor's element: texts and the values of attributes, inside too."""
    found = []
    for part in item.iter(etree.Element):
        found.extend([(part.text or "").strip(), *map(str, part.attrib.values())])
    return " ".join(text for text in found if text)


def vendor_extensions(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """This will go through the vendor's extension elements called `name`."""
    return vendor_children(child(element, "extensionElements"), name)


# What a field of a form fills in, by the type that it has in the old engines.
KINDS = {"string": "text", "enum": "text", "long": "number", "int": "number", "integer": "number", "double": "number"}
KINDS |= {"boolean": "boolean"}


def kinds_of(process: etree._Element) -> dict[str, str]:
    """This will return what the fields of the forms in a model fill into variables, where all agree."""
    found: dict[str, str] = {}
    for item in process.iter(etree.Element):
        if vendor_name(item.tag) not in ("formField", "formProperty"):
            continue
        name, kind = item.get("variable") or item.get("id") or "", KINDS.get(item.get("type") or "string", "")
        found[name] = kind if found.get(name, kind) == kind else ""
    return found


WITH_PROPERTIES = FLOW_NODES | {"process", "sequenceFlow", "message", "signal", "error", "escalation"}
# What stands before extensionElements in the schema of BPMN.
_FIRST = frozenset({bpmn("documentation")})


def holder(element: etree._Element) -> etree._Element:
    """This will return the extension elements of `element`, made when there are none."""
    found = child(element, "extensionElements")
    if found is None:
        found = etree.Element(bpmn("extensionElements"))
        at = sum(1 for item in element if item.tag in _FIRST)
        element.insert(at, found)
    return found


def form_of(element: etree._Element) -> str:
    """This will return the id of the form that is made for a step: models of an app often name their steps alike."""
    process = next(element.iterancestors(bpmn("process")), None)
    return "_".join([*([str(process.get("id"))] if process is not None else []), str(element.get("id")), "form"])


def extend(element: etree._Element, name: str, /, **attributes: str | None) -> etree._Element:
    """This will set attributes of the dialect's extension element `name`, made when there is none."""
    above = holder(element)
    found = above.find(zeebe(name))
    if found is None:
        found = etree.SubElement(above, zeebe(name))
    for key, value in attributes.items():
        if value is not None:
            found.set(key, value)
    return found


def add(above: etree._Element, name: str, /, **attributes: str) -> etree._Element:
    """This will append an element of the dialect."""
    found = etree.SubElement(above, zeebe(name))
    for key, value in attributes.items():
        found.set(key, value)
    return found


def map_input(element: etree._Element, source: str, target: str) -> None:
    """This will add an input mapping."""
    add(extend(element, "ioMapping"), "input", source=source, target=target)


def map_output(element: etree._Element, source: str, target: str) -> None:
    """This will add an output mapping."""
    add(extend(element, "ioMapping"), "output", source=source, target=target)


def resource_of(item: etree._Element) -> str:
    """This will return who a standard performer is: what its expression says, or the name of its resource."""
    reference = text_of(child(item, "resourceRef"))
    if not reference:
        written = text_of(item)
        return written[1:-1] if re.fullmatch(r"\"[^\"]*\"|'[^']*'", written) else written
    found = next((each for each in item.getroottree().iter(bpmn("resource")) if each.get("id") == reference), None)
    return (found.get("name") or reference if found is not None else reference).replace(",", " ")


@dataclass(slots=True)
class Report:
    """What was translated, what was kept aside, what cannot be."""

    notes: list[Note] = field(default_factory=list)
    faults: list[DiagramFault] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    kinds: dict[str, dict[str, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)

    def name(self, element: etree._Element) -> str:
        """This will return what a reader knows an element by, in one line; a flow without name by what it connects."""
        name = " ".join((element.get("name") or "").split())
        if name or local(element) != "sequenceFlow":
            return name
        if not self.names:
            every = element.getroottree().iter(*map(bpmn, FLOW_NODES))
            self.names.update({str(item.get("id")): self.name(item) for item in every})
        ends = [element.get(end) or "" for end in ("sourceRef", "targetRef")]
        return " → ".join(self.names.get(end) or end for end in ends)

    def setting(self, element: etree._Element) -> Setting:
        """This will return what is known where an expression of `element` stands; a flow stands at its source."""
        id = str(element.get("sourceRef") or element.get("id") or "")
        return Setting(id, self.kinds_in(next(element.iterancestors(bpmn("process")), element)))

    def kinds_in(self, process: etree._Element) -> dict[str, str]:
        """This will return what forms of a process fill into its variables."""
        key = str(process.get("id"))
        if key not in self.kinds:
            self.kinds[key] = kinds_of(process)
        return self.kinds[key]

    def fresh(self, element: etree._Element, id: str) -> str:
        """This will return `id`, or one like it that nothing in the document of `element` has yet."""
        if not self.taken:
            self.taken.update(str(item.get("id")) for item in element.getroottree().iter(etree.Element))
        found, count = id, 1
        while found in self.taken:
            count += 1
            found = f"{id}_{count}"
        self.taken.add(found)
        return found

    def _note(self, element: etree._Element, kind: str, code: str, text: str, why: str = "") -> None:
        self.notes.append(Note(element.get("id") or "", self.name(element), kind, code, text, line_of(element), why))

    def translated(self, element: etree._Element, what: str, old: str, new: str) -> None:
        """This will note that `old` was replaced by `new`."""
        self._note(element, "translated", what, f"{what}: {old} -> {new}")

    def told(self, element: etree._Element, code: str, text: str) -> None:
        """This will note `text`: what nothing here does, or does otherwise than drawn."""
        self._note(element, "kept", code, text)

    def kept(self, element: etree._Element, what: str, value: str, why: str) -> None:
        """This will keep `value` as a property of the element, to be looked at by a person."""
        if local(element) in WITH_PROPERTIES:
            self._keep(element, what, value)
        self._note(element, "kept", what, f"{what}: {value} ({why})", why)

    def _keep(self, element: etree._Element, what: str, value: str) -> None:
        properties = extend(element, "properties")
        known = {str(item.get("name")): item.get("value") for item in properties}
        name, count = f"c7:{what}", 1
        while known.get(name, value) != value:
            count += 1
            name = f"c7:{what} {count}"
        if name not in known:
            add(properties, "property", name=name, value=value)

    def impossible(self, element: etree._Element, what: str, value: str, why: str) -> None:
        """This will keep `value` as a property and say that nothing here does the same."""
        self.kept(element, what, value, why)
        self.notes[-1] = replace(self.notes[-1], kind="impossible")

    def asked(self, element: etree._Element, names: str) -> None:
        """This will note that a form was made for variables that nothing in the model fills in."""
        text = f"a form was made that asks {names}: conditions look at it, and no form of the model fills it in"
        self._note(element, "kept", "form", text, "a form was made for what conditions ask")

    def refuse(self, element: etree._Element, place: str, text: str, problem: str) -> None:
        """This will refuse the diagram: the process cannot run without what stands here."""
        id, name, line = element.get("id") or "", self.name(element), line_of(element)
        self.refused.add((id, place))
        self.faults.append(fault("expression-foreign", id, name, line, place=place, text=text, problem=problem))
        self._note(element, "impossible", place, f"{place}: {text} ({problem})", problem)

    def value(self, element: etree._Element, what: str, text: str | None) -> str | None:
        """This will return the dialect's form of a vendor's value; one that cannot be translated is noted, and None."""
        if text is None or not text.strip():
            return None
        try:
            found = translation.translate(text.strip(), self.setting(element))
        except Invalid as error:
            self.impossible(element, what, text, error.message)
            return None
        if found != text:
            self.translated(element, what, text, found)
        return found
