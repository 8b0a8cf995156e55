"""What another version of a process has added, removed and changed, element by element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.bpmn.process import Assignment, Call, EventDefinition, Flow, Form, Listener, Loop, Node, Process, Value
from engine.bpmn.process import Mapping as IoMapping
from engine.bpmn.titles import ends_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was. `what` is one of ASPECTS, or property: and a name; empty text is nothing."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Element:
    """An element or flow that differs: `type` is that of BPMN, `differences` are empty when it was added or removed."""

    id: str
    type: str
    name: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Differences:
    """All that differs between two versions of a process, in document order; `process` tells of the process itself."""

    added: list[Element] = field(default_factory=list)
    removed: list[Element] = field(default_factory=list)
    changed: list[Element] = field(default_factory=list)
    process: list[Difference] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """This will tell whether both versions say the same."""
        return not (self.added or self.removed or self.changed or self.process)


ASPECTS = (
    "name", "kind", "place", "attached", "lane", "documentation", "default", "interrupting", "compensation", "event",
    "message", "signal", "error", "escalation", "correlation", "timer", "condition", "undoes", "loop",
    "loop-collection", "loop-item", "loop-count", "loop-result", "loop-completion", "assignee", "groups", "users",
    "unit", "due", "follow-up", "priority", "form", "called-process", "decision", "service", "binding", "result",
    "effective-on", "retries", "headers", "script", "inputs", "outputs", "listeners", "ad-hoc",
    "source", "target", "version-tag",
)  # fmt: skip


REFERENCES = frozenset({"place", "attached", "default", "undoes", "source", "target"})


def differences(old: Process, new: Process) -> Differences:
    """This will compare two versions of a process; where elements are drawn makes no difference."""
    found = Differences(process=_between(_process(old), _process(new), old, new))
    befores: dict[str, Node | Flow] = {**old.nodes, **old.flows}
    afters: dict[str, Node | Flow] = {**new.nodes, **new.flows}
    for id in befores:
        if id not in afters:
            found.removed.append(_element(old, id))
        elif told := _between(_facts(old, id), _facts(new, id), old, new):
            found.changed.append(replace(_element(new, id), differences=tuple(told)))
    found.added.extend(_element(new, id) for id in afters if id not in befores)
    return found


def _type(process: Process, id: str) -> str:
    return process.nodes[id].type if id in process.nodes else "sequenceFlow"


def _element(process: Process, id: str) -> Element:
    name = process.nodes[id].name if id in process.nodes else process.flows[id].name
    return Element(id, _type(process, id), name or _ends(process, id))


def _ends(process: Process, id: str) -> str:
    flow = process.flows.get(id)
    return ends_of(process, flow) if flow is not None else ""


def _between(before: Mapping[str, str], after: Mapping[str, str], old: Process, new: Process) -> list[Difference]:
    """References are compared by id, and told by the names of what they lead to."""
    names = [*before, *(name for name in after if name not in before)]
    found = []
    for name in names:
        one, other = before.get(name, ""), after.get(name, "")
        if one == other:
            continue
        if name in REFERENCES:
            names_are_same = _named(old, one) == _named(new, other)
            one, other = (_named(process, id, with_id=names_are_same) for process, id in ((old, one), (new, other)))
        found.append(Difference(name, one, other))
    return found


def _process(process: Process) -> dict[str, str]:
    facts = {"name": process.name, "version-tag": process.version_tag or "", "documentation": process.documentation}
    return facts | {f"property:{name}": value for name, value in process.properties.items()}


def _facts(process: Process, id: str) -> dict[str, str]:
    flow = process.flows.get(id)
    if flow is None:
        return {name: value for name, value in _node(process, process.nodes[id]) if value}
    ends = {"source": flow.source, "target": flow.target}
    return {"name": flow.name, "condition": _written(flow.condition), **ends}


def _named(process: Process, id: str, *, with_id: bool = False) -> str:
    node = process.nodes.get(id)
    name = node.name if node is not None else _ends(process, id)
    return f"{name} ({id})" if name and with_id else name or id


def _node(process: Process, node: Node) -> Iterator[tuple[str, str]]:
    yield "name", node.name
    yield "kind", node.type
    yield "place", node.scope if node.scope in process.nodes else ""
    yield "attached", node.attached_to or ""
    yield "lane", node.lane or ""
    yield "documentation", node.documentation
    yield "default", node.default or ""
    if node.type in ("boundaryEvent", "startEvent") and node.event is not None:
        yield "interrupting", "yes" if node.interrupting else "no"
    yield "compensation", "yes" if node.is_compensation else ""
    if node.event is not None:
        yield from _event(node.event)
    if node.loop is not None:
        yield from _loop(node.loop)
    if node.assignment is not None:
        yield from _assignment(node.assignment)
    if node.form is not None:
        yield "form", _form(node.form)
    if node.call is not None:
        yield from _call(node.call)
    if node.script is not None:
        yield "script", " → ".join(filter(None, (_written(node.script.expression), node.script.result)))
    yield "inputs", _mappings(node.inputs)
    yield "outputs", _mappings(node.outputs)
    yield "listeners", "\n".join(f"{each.event}: {_written(each.type)}{_headers(each)}" for each in node.listeners)
    if node.call is None:
        yield "headers", "\n".join(f"{name}: {value}" for name, value in node.headers.items())
    if node.ad_hoc is not None:
        told = (_written(node.ad_hoc.completion), _written(node.ad_hoc.active), node.ad_hoc.output_collection)
        yield "ad-hoc", "\n".join(filter(None, told))
    for name, value in node.properties.items():
        yield f"property:{name}", value


def _headers(listener: Listener) -> str:
    return "".join(f" {name}={value}" for name, value in listener.headers.items())


def _written(value: Value | None) -> str:
    if value is None:
        return ""
    return f"={value.feel.text.strip()}" if value.feel is not None else value.text


def _mappings(mappings: list[IoMapping]) -> str:
    return "\n".join(f"{each.target}: {_written(each.source)}" for each in mappings)


def _event(event: EventDefinition) -> Iterator[tuple[str, str]]:
    yield "event", event.kind
    if event.kind in ("message", "signal"):
        yield event.kind, _written(event.name)
    elif event.kind in ("error", "escalation"):
        yield event.kind, _written(event.code)
    elif event.kind == "timer":
        yield "timer", " ".join(filter(None, (event.timer, _written(event.expression))))
    elif event.kind == "conditional":
        yield "condition", _written(event.expression)
    elif event.kind == "compensation":
        yield "undoes", event.activity or ""
    yield "correlation", _written(event.correlation_key)


def _loop(loop: Loop) -> Iterator[tuple[str, str]]:
    yield "loop", "sequential" if loop.sequential else "parallel"
    yield "loop-collection", _written(loop.collection)
    yield "loop-item", loop.element or ""
    yield "loop-count", _written(loop.cardinality) or str(loop.maximum or "")
    yield "loop-result", " ← ".join(filter(None, (loop.output_collection, _written(loop.output_element))))
    yield "loop-completion", _written(loop.completion) or _written(loop.repeat_while)


def _assignment(given: Assignment) -> Iterator[tuple[str, str]]:
    yield "assignee", _written(given.assignee)
    yield "groups", _written(given.groups)
    yield "users", _written(given.users)
    yield "unit", _written(given.unit)
    yield "due", _written(given.due)
    yield "follow-up", _written(given.follow_up)
    yield "priority", _written(given.priority)


def _form(form: Form) -> str:
    return " ".join(filter(None, (_written(form.form_id) or _written(form.external), form.version_tag)))


def _call(call: Call) -> Iterator[tuple[str, str]]:
    yield {"process": "called-process", "decision": "decision"}.get(call.what, "service"), _written(call.target)
    yield "binding", " ".join(filter(None, (call.binding if call.binding != "latest" else "", call.version_tag)))
    yield "result", call.result or ""
    yield "effective-on", _written(call.effective_on)
    yield "retries", _written(call.retries)
    yield "priority", _written(call.priority)
    yield "headers", "\n".join(f"{name}: {value}" for name, value in call.headers.items())
