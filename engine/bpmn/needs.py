"""What a diagram needs of its app before its cases can run: services, functions, roles, people, forms, variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from engine.bpmn.process import Diagram, Node, Process, Value
from engine.bpmn.titles import title_of

SERVICE, FUNCTION, ROLE, PERSON, FORM, DECISION = "service", "function", "role", "person", "form", "decision"
PROCESS, VARIABLE, NOBODY, LANE = "process", "variable", "nobody", "lane"
_PROVIDED = re.compile(r"initiator|outcome|adHocSubProcessElements|businessKey|loopCounter|(numberOf|nrOf)\w*")
_OWN = frozenset(
    {"unit", "unit above", "person", "workdays", "workdays between", "add days", "end of day", "is workday"}
)
_OF_EVENTS = frozenset({"errorCode", "errorMessage", "escalationCode"})


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that the app has to bring, and where the diagram needs it.

    `nobody` are steps that name nobody, `lane` is a role that only the lane of steps names.
    """

    kind: str
    name: str
    places: tuple[str, ...]


def needs(diagram: Diagram) -> list[Need]:
    """This will return what the processes of a file need that the file does not bring along, each thing once."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for process in diagram.processes.values():
        for kind, name, place in _of(process, diagram):
            found.setdefault((kind, name), {})[place] = None
    order = [SERVICE, FUNCTION, ROLE, LANE, PERSON, FORM, DECISION, PROCESS, VARIABLE, NOBODY]
    ordered = sorted(found.items(), key=lambda item: order.index(item[0][0]))
    return [Need(kind, name, tuple(places)) for (kind, name), places in ordered]


def _of(process: Process, diagram: Diagram) -> Iterator[tuple[str, str, str]]:
    for node in process.listened():
        place = node.name or node.id
        yield from ((kind, name, place) for kind, name in _of_node(node, process, diagram))
        for listener in node.listeners:
            if listener.script is None and listener.type.feel is None:
                yield SERVICE, listener.type.text, place
    written = _written(process)
    for use in process.uses:
        flow = process.flows.get(use.element)
        place = title_of(process, flow) if flow is not None else use.name or use.element
        yield from ((FUNCTION, name, place) for name in sorted(use.expression.functions - _OWN))
        if use.place in ("input", "output", "script"):
            continue
        for name in sorted(use.expression.names - written):
            if not _PROVIDED.fullmatch(name):
                yield VARIABLE, name, place


def _of_node(node: Node, process: Process, diagram: Diagram) -> Iterator[tuple[str, str]]:
    if node.call is not None and node.call.target.feel is None:
        target = node.call.target.text
        if node.call.what == "service":
            yield SERVICE, target
        elif node.call.what == "decision":
            yield DECISION, target
        elif target not in diagram.processes:
            yield PROCESS, target
    if node.form is not None:
        for value in (node.form.form_id, node.form.external):
            if value is not None and value.feel is None and value.text and value.text not in process.forms:
                yield FORM, value.text
    if node.type == "userTask":
        yield from _people(node)


def _people(node: Node) -> Iterator[tuple[str, str]]:
    given = node.assignment
    if given is None or not (given.assignee or given.groups or given.users):
        yield (LANE, node.lane) if node.lane else (NOBODY, "")
    if given is not None:
        yield from ((ROLE, name) for name in _listed(given.groups))
        yield from ((PERSON, name) for name in [*_listed(given.assignee), *_listed(given.users)])


def _listed(value: Value | None) -> list[str]:
    if value is None or value.feel is not None:
        return []
    return [part.strip() for part in value.text.split(",") if part.strip()]


def _written(process: Process) -> set[str]:
    paths: list[str | None] = [*_OF_EVENTS]
    for node in process.listened():
        paths.extend(mapping.target for mapping in (*node.inputs, *node.outputs))
        paths.extend(listener.script.result for listener in node.listeners if listener.script is not None)
        paths.extend((node.call.result if node.call else None, node.script.result if node.script else None))
        paths.extend((node.properties.get("bihuan:initiator"), node.properties.get("bihuan:outcome")))
        if node.loop is not None:
            paths.extend((node.loop.element, node.loop.output_collection))
    for text in process.forms.values():
        with suppress(ValueError):
            components = json.loads(text).get("components") or []
            paths.extend(str(item.get("key")) for item in components if isinstance(item, dict))
    return {path.split(".")[0] for path in paths if path}
