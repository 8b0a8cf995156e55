"""Forms for what an imported model's conditions ask and no form of the model fills in: its own program had asked it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn import juel
from engine.bpmn.coercion import EITHER
from engine.bpmn.juel import Binary, Call, Literal, Name, Tree, Unary
from engine.bpmn.source import bpmn, child, local, text_of
from engine.bpmn.vendor import Report, add, attribute, extend, form_of, holder, vendor_extensions, vendor_name
from engine.errors import Invalid

BOOLEAN, NUMBER, CHOICE, TEXT = "checkbox", "number", "select", "textfield"
# Between a step and what is asked behind it. What a machine does may write any variable: it is asked for its answer.
_PASSED = frozenset({"task", "manualTask", "intermediateCatchEvent", "intermediateThrowEvent"}) | {
    "exclusiveGateway",
    "inclusiveGateway",
    "parallelGateway",
    "eventBasedGateway",
}
_PROVIDED = re.compile(r"initiator|loopCounter|nrOf\w+|numberOf\w+|businessKey")
# Who began the case is known from its start.
_STARTER = re.compile(r"\w*(init|appl|start|creat|submit|request|employee)\w*", re.IGNORECASE)

_SET = re.compile(r"setVariable(?:Local)?\(\s*['\"](\w+)['\"]")
_WRITING = ("resultVariable", "resultVariableName", "elementVariable", "initiator")
_TARGETS = frozenset({"out", "outputParameter", "variableAggregation", "eventOutParameter"})
_ASKING = frozenset({"formField", "formProperty", "formData"})
_FLIPPED = {"true": "false", "false": "true"}
_WORDS, _OTHER = {"true": "是", "false": "否"}, "其他"


@dataclass(slots=True)
class Question:
    """A variable that conditions look at: as what, and with which values under which titles."""

    kinds: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """This will return the type of its field, empty when conditions take it for different things."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 else ""

    @property
    def is_decision(self) -> bool:
        """This will tell whether it is one of a few answers: people choose a button."""
        return self.kind in (BOOLEAN, CHOICE)

    def add(self, kind: str, value: str, title: str) -> None:
        """This will note that a condition takes the variable for a `kind`, and wants `value` for what is `title`d."""
        self.kinds.add(kind)
        if value and (title or not self.values.get(value)):
            self.values[value] = title

    def choices(self) -> list[tuple[str, str]]:
        """This will return the answers with what people read."""
        if self.kind == BOOLEAN:
            return [(value, self.values.get(value) or _WORDS[value]) for value in ("true", "false")]
        return [(value, title or value) for value, title in self.values.items()]


def ask(process: etree._Element, report: Report) -> None:
    """This will give forms to the steps of a process before what their conditions ask; all that is as it was drawn.

    A start is not changed: without a form it takes whatever a program gives it.
    """
    told = _Asked(process)
    wanted: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for name, question in told.questions.items():
        for step, is_alone in told.steps_for(name).items() if question.kind else ():
            if question.kind != NUMBER or not _may_count(told.nodes[step]):
                wanted[step][name] = is_alone
    for element in process.iter(bpmn("userTask")):
        asked = wanted.get(str(element.get("id")))
        if asked and _is_free(element):
            _write(process, element, asked, told.questions, report)


class _Asked:
    """What the conditions of one process ask, and behind which steps."""

    def __init__(self, process: etree._Element) -> None:
        self.process = process
        self.nodes = {str(item.get("id")): item for item in process.iter(etree.Element) if local(item)}
        self.into: defaultdict[str, list[str]] = defaultdict(list)
        self.written = set(_written(process))
        self.questions: dict[str, Question] = {}
        self.places: defaultdict[str, list[str]] = defaultdict(list)
        flows = list(process.iter(bpmn("sequenceFlow")))
        for flow in flows:
            source, title = str(flow.get("sourceRef")), (flow.get("name") or "").strip()
            self.into[str(flow.get("targetRef"))].append(source)
            self._look(text_of(child(flow, "conditionExpression")), source, title)
        for flow in flows:
            if not text_of(child(flow, "conditionExpression")):
                self._else(str(flow.get("sourceRef")), (flow.get("name") or "").strip() or _OTHER)

        for task in process.iter(bpmn("userTask")):
            self._next(task)

    def _next(self, task: etree._Element) -> None:
        """Who does the next step was chosen in the step before it; of several a program gives a list."""
        match = re.fullmatch(r"\s*[$#]\{\s*(\w+)\s*\}\s*", attribute(task, "assignee") or "")
        if match is not None and match[1] not in self.written and not _STARTER.fullmatch(match[1]):
            self.questions.setdefault(match[1], Question()).kinds.add(TEXT)
            self.places[match[1]].extend(self.into[str(task.get("id"))])

    def _look(self, text: str, place: str, title: str) -> None:
        if not juel.is_juel(text):
            return
        try:
            found = list(_truth(juel.parse(text), "true"))
        except Invalid:
            return
        for name, kind, value in found:
            if name in self.written or _PROVIDED.fullmatch(name):
                continue
            self.questions.setdefault(name, Question()).add(kind, value, title if len(found) == 1 else "")
            self.places[name].append(place)

    def _else(self, place: str, title: str) -> None:
        """Where one value is asked for, the way without a condition is the other choice."""
        for name, question in self.questions.items():
            if place in self.places[name] and question.is_decision and len(question.values) == 1:
                (known,) = question.values
                question.add(question.kind, _FLIPPED.get(known, title) if question.kind == BOOLEAN else title, title)

    def steps_for(self, name: str) -> dict[str, bool]:
        """This will return the user tasks before all that asks for a variable, and whether one alone has to answer."""
        found: dict[str, bool] = {}
        for place in dict.fromkeys(self.places[name]):
            before = list(dict.fromkeys(self._before(place, set())))
            for step in before:
                found[step] = found.get(step, True) and len(before) == 1
        return found

    def _before(self, id: str, seen: set[str]) -> Iterator[str]:
        node = self.nodes.get(id)
        if node is None or id in seen:
            return
        seen.add(id)
        scope = node.getparent()
        if local(node) == "userTask":
            yield id
        elif local(node) in _PASSED:
            for source in self.into[id]:
                yield from self._before(source, seen)
        elif local(node) == "startEvent" and scope is not None and local(scope) == "subProcess":
            for source in self.into[str(scope.get("id"))]:
                yield from self._before(source, seen)


def _may_count(element: etree._Element) -> bool:
    """A service that is called when a step is done may count, as votes are counted."""
    listeners = [*vendor_extensions(element, "taskListener"), *vendor_extensions(element, "executionListener")]
    return any(item.get("event") in ("complete", "end", "all") for item in listeners)


def _is_free(element: etree._Element) -> bool:
    """A form that the model brings along is not changed."""
    if attribute(element, "formRef") or (attribute(element, "formKey") or "").startswith("camunda-forms:"):
        return False
    inside = child(element, "extensionElements")
    return inside is None or not any(vendor_name(item.tag) in _ASKING for item in inside)


def _written(process: etree._Element) -> Iterator[str]:
    for item in process.iter(etree.Element):
        for name in _WRITING:
            if (value := attribute(item, name)) is not None:
                yield value
        if vendor_name(item.tag) in _TARGETS:
            yield item.get("target") or item.get("name") or ""
        elif vendor_name(item.tag) in ("formField", "formProperty"):
            yield item.get("variable") or item.get("id") or ""
        for text in (item.text or "", *map(str, item.attrib.values())):
            yield from _SET.findall(text)


def _truth(tree: Tree, wanted: str) -> Iterator[tuple[str, str, str]]:
    """Variables with what a condition takes them for, and the value that it wants: `wanted` of what is a truth."""
    match tree:
        case Name():
            yield tree.id, BOOLEAN, wanted
        case Unary(operator="!"):
            yield from _truth(tree.operand, _FLIPPED[wanted])
        case Binary(operator="&&" | "||"):
            yield from _truth(tree.left, wanted)
            yield from _truth(tree.right, wanted)
        case Binary(left=Name() as name, right=Literal() as literal):
            yield from _compared(name, literal, wanted if tree.operator == "==" else _FLIPPED[wanted])
        case Binary(left=Literal() as literal, right=Name() as name):
            yield from _compared(name, literal, wanted if tree.operator == "==" else _FLIPPED[wanted])
        case Call(of=Name() as name, method="equals", arguments=(Literal() as literal,)):
            yield from _compared(name, literal, wanted)
        case Call(of=Literal() as literal, method="equals", arguments=(Name() as name,)):
            yield from _compared(name, literal, wanted)


def _compared(name: Name, literal: Literal, wanted: str) -> Iterator[tuple[str, str, str]]:
    if literal.is_number:
        yield name.id, NUMBER, ""
    elif isinstance(literal.value, bool) or literal.value in _FLIPPED:
        is_true = str(literal.value).lower() == "true"
        yield name.id, BOOLEAN, wanted if is_true else _FLIPPED[wanted]
    elif literal.value:
        yield name.id, CHOICE, str(literal.value)


def _write(
    process: etree._Element,
    element: etree._Element,
    asked: dict[str, bool],
    questions: dict[str, Question],
    report: Report,
) -> None:
    """The one answer that a step has to give is given by its buttons, what else is asked by fields."""
    id = form_of(element)
    decisions = [name for name in asked if questions[name].is_decision]
    decided = decisions[0] if len(decisions) == 1 and asked[decisions[0]] else None
    fields = [_component(name, questions[name], is_alone) for name, is_alone in asked.items() if name != decided]
    schema: dict[str, object] = {"type": "default", "id": id, "schemaVersion": 19, "components": fields}
    if decided is not None:
        choices = questions[decided].choices()
        schema["outcomes"] = [{"value": value, "label": label} for value, label in choices]
        add(extend(element, "properties"), "property", name="bihuan:outcome", value=decided)
    for name in asked:
        if questions[name].kind == BOOLEAN:
            report.kinds_in(process)[name] = EITHER
    add(holder(process), "userTaskForm", id=id).text = json.dumps(schema, ensure_ascii=False)
    extend(element, "formDefinition", formKey=f"camunda-forms:bpmn:{id}")
    for key in [key for key in element.attrib if vendor_name(key) == "formKey"]:
        report.kept(element, "formKey", str(element.attrib.pop(key)), "the form of the old program is not shown here")
    report.asked(element, ", ".join(asked))


def _component(name: str, question: Question, is_alone: bool) -> dict[str, object]:
    found: dict[str, object] = {"type": question.kind, "id": f"field_{name}", "key": name, "label": name}
    if question.kind == CHOICE:
        found["values"] = [{"value": value, "label": label} for value, label in question.choices()]
    if question.kind in (NUMBER, CHOICE) and is_alone:
        found["validate"] = {"required": True}
    return found
