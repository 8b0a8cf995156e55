"""Finds everything that is wrong or doubtful with diagrams, decisions and forms before they are put in force."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine import bpmn, dmn, feel, forms, limit_checks, limit_definitions, rules
from engine.apps import ProcessApp
from engine.bpmn import timers
from engine.catalog import Catalog
from engine.errors import BihuanError, Fault, FaultsFound
from engine.limit_definitions import LimitDefinition

PROVIDED = frozenset({"initiator", "loopCounter", "outcome", "adHocSubProcessElements"})
COUNTERS = re.compile(r"(numberOf|nrOf)\w*(Instances|Iterations)?")


@dataclass(frozen=True, slots=True)
class Checked:
    """Faults that stop a deployment, and warnings that do not."""

    faults: list[Fault]
    warnings: list[Fault]


@dataclass(slots=True)
class Package:
    """Everything that is to be deployed together, parsed as far as it could be."""

    diagrams: dict[str, tuple[str, bpmn.Diagram]] = field(default_factory=dict)  # file -> (XML, parsed)
    decisions: dict[str, tuple[str, dmn.Model]] = field(default_factory=dict)
    forms: dict[str, tuple[str, forms.Form]] = field(default_factory=dict)
    limits: dict[str, list[tuple[str, LimitDefinition]]] = field(default_factory=dict)  # file -> (text, limit)
    faults: list[Fault] = field(default_factory=list)
    refused: list[bpmn.Process] = field(default_factory=list)  # what was understood of diagrams with faults

    @property
    def processes(self) -> Iterator[tuple[str, bpmn.Process]]:
        """This will go through all processes with the file they stand in."""
        for file, (_xml, diagram) in self.diagrams.items():
            for process in diagram.processes.values():
                yield file, process

    def add_diagram(self, file: str, xml: str) -> None:
        """This will read a diagram; its faults are kept."""
        xml = bpmn.undeclared(xml)
        with _Gathering(self.faults, file):
            try:
                self.diagrams[file] = (xml, bpmn.parse(xml.encode()))
            except bpmn.DiagramRefused as refused:
                self.refused.extend(refused.diagram.processes.values())
                raise
            for process in self.diagrams[file][1].processes.values():
                for id, text in process.forms.items():
                    self._add_embedded(f"{file}#{id}", id, text)

    def _add_embedded(self, file: str, id: str, text: str) -> None:
        """A form that stands inside a diagram is put in force like one in a file, under the id of its element."""
        with suppress(ValueError):
            schema = json.loads(text)
            if isinstance(schema, dict):
                text = json.dumps({**schema, "id": id}, ensure_ascii=False)
        self.add_form(file, text)

    def add_decision(self, file: str, xml: str) -> None:
        """This will read a decision file; its faults are kept."""
        xml = bpmn.undeclared(xml)
        with _Gathering(self.faults, file):
            self.decisions[file] = (xml, dmn.parse(xml.encode()))

    def add_form(self, file: str, text: str) -> None:
        """This will read a form; its faults are kept."""
        with _Gathering(self.faults, file):
            try:
                schema = json.loads(text)
            except ValueError as error:
                raise FaultsFound([Fault(f"not JSON: {error}", code="form-json")]) from error
            self.forms[file] = (text, forms.parse(schema))

    def add_limits(self, file: str, text: str) -> None:
        """This will read a file of limits; its faults are kept."""
        with _Gathering(self.faults, file):
            self.limits[file] = limit_definitions.read_file(text)


class _Gathering:
    def __init__(self, faults: list[Fault], file: str) -> None:
        self.faults, self.file = faults, file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: object, trace: object) -> bool:
        if isinstance(problem, FaultsFound):
            self.faults.extend(fault if fault.element else _in_file(fault, self.file) for fault in problem.faults)
        elif isinstance(problem, BihuanError):
            self.faults.append(_in_file(Fault(problem.message), self.file))
        return isinstance(problem, BihuanError)


def _in_file(fault: Fault, file: str) -> Fault:
    return fault if fault.name else replace(fault, name=file)


def read_folder(app: ProcessApp) -> Package:
    """This will read the diagrams, decisions, forms and limits of an app's folder."""
    package = Package()
    for path in app.files("*.bpmn"):
        package.add_diagram(_name(app, path), bpmn.decoded(path.read_bytes()))
    for path in app.files("*.dmn", "decisions/*.dmn"):
        package.add_decision(_name(app, path), bpmn.decoded(path.read_bytes()))
    for path in app.files("forms/*.json", "forms/*.form"):
        package.add_form(_name(app, path), path.read_text(encoding="utf-8"))
    for path in app.files("limits.yaml"):
        package.add_limits(_name(app, path), path.read_text(encoding="utf-8"))
    return package


def _name(app: ProcessApp, path: Path) -> str:
    return path.relative_to(app.folder).as_posix()


def checksum(content: str) -> str:
    """This will return the SHA-256 that tells whether a file changed."""
    return hashlib.sha256(content.encode()).hexdigest()


def check(
    package: Package,
    app: ProcessApp,
    catalog: Catalog,
    deployed: Iterable[forms.Form],
    limits: Iterable[LimitDefinition] = (),
    processes: Mapping[str, bpmn.Process] = MappingProxyType({}),
    functions: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
) -> Checked:
    """This will find every fault and warning of a package, seen together with what is deployed.

    `deployed` are the forms of the app, `limits` those that are in force, `processes` those that its limits name,
    `functions` those that FEEL may call beside its own.
    """
    faults, warnings = list(package.faults), list[Fault]()
    known = _Known.of(package, catalog)
    faults.extend(_double(package))
    known_processes = {**processes, **dict(_by_id(package)), **{process.id: process for process in package.refused}}
    faults.extend(limit_checks.faults(package.limits, app, known_processes))
    warnings.extend(limit_checks.warnings(package.limits, known.processes))
    warnings.extend(limit_checks.lost(limits, package.limits, dict(_by_id(package))))
    every = [*deployed, *(form for _text, form in package.forms.values())]
    filled = frozenset().union(*(form.names for form in every))
    choices = {form.id for form in every if form.outcomes}
    for _file, process in package.processes:
        faults.extend(_missing(process, app, known))
        faults.extend(_missing_functions(process, functions))
        faults.extend(_unknown_timers(process, functions))
        faults.extend(_missing_limits(process, known))
        faults.extend(_rule_faults(process, choices))
        warnings.extend(_unwritten(process, app, filled))
    told = {fault.element for fault in package.faults}
    for process in package.refused:
        further = [*_missing(process, app, known), *_missing_functions(process, functions)]
        further += [*_unknown_timers(process, functions), *_missing_limits(process, known)]
        faults.extend(fault for fault in further if fault.element not in told)
    for _xml, diagram in package.diagrams.values():
        for note in diagram.notes:
            if note.kind == "impossible":
                warnings.append(Fault(note.text, element=note.element, name=note.name, line=note.line, code="imported"))
    return Checked(faults, warnings)


def _by_id(package: Package) -> Iterator[tuple[str, bpmn.Process]]:
    return ((process.id, process) for _file, process in package.processes)


@dataclass(frozen=True, slots=True)
class _Known:
    """Ids that a diagram may refer to."""

    forms: frozenset[str]
    decisions: frozenset[str]
    processes: frozenset[str]
    limits: frozenset[str]

    @classmethod
    def of(cls, package: Package, catalog: Catalog) -> _Known:
        deployed: defaultdict[str, set[str]] = defaultdict(set)
        for kind, key in catalog.resources:
            deployed[kind].add(key)
        decisions = {id for _xml, model in package.decisions.values() for id in model.decisions}
        return cls(
            forms=frozenset(deployed["form"] | {form.id for _text, form in package.forms.values()}),
            decisions=frozenset(deployed["decision"] | decisions),
            processes=frozenset(catalog.processes)
            | {process.id for process in (*package.refused, *dict(_by_id(package)).values())},
            limits=frozenset(
                deployed["limit"] | {limit.code for found in package.limits.values() for _text, limit in found}
            ),
        )


def _double(package: Package) -> Iterator[Fault]:
    named = [
        *((process.id, file) for file, process in package.processes),
        *((form.id, file) for file, (_text, form) in package.forms.items()),
    ]
    seen: dict[str, str] = {}
    for id, file in named:
        if id in seen and seen[id] != file:
            yield Fault(f"the id {id} is used in {seen[id]} too", name=file, code="id-twice")
        seen[id] = file


def _missing(process: bpmn.Process, app: ProcessApp, known: _Known) -> Iterator[Fault]:
    for node in process.walk():
        form_id = node.form.form_id.text if node.form and node.form.form_id else None
        if form_id and not form_id.startswith("=") and form_id not in known.forms:
            yield _at(node, "form-missing", f"the form {form_id} does not exist")
        yield from (_at(node, code, reason) for code, reason in _calls(node, app, known))
        groups = node.assignment.groups.text if node.assignment and node.assignment.groups else ""
        for role in () if groups.startswith("=") else filter(None, map(str.strip, groups.split(","))):
            if role not in app.roles:
                yield _at(node, "role-unknown", f"the role {role} is not declared by the app")
    for node in process.listened():
        for listener in node.listeners:
            if listener.script is not None or listener.type.text.startswith("="):
                continue
            if not app.knows_service(listener.type.text):
                yield _at(node, "service-missing", f"the service {listener.type.text} is not registered")


def _missing_functions(process: bpmn.Process, functions: Collection[str]) -> Iterator[Fault]:
    """FEEL that calls what nobody knows gives null: a condition or an assignee that nobody means."""
    for use in process.uses:
        for name in sorted(use.expression.functions.difference(functions)):
            reason = f"the function {name} is not registered"
            yield Fault(reason, element=use.element, name=use.name, code="function-missing")


def _unknown_timers(process: bpmn.Process, functions: Mapping[str, Callable[..., Any]]) -> Iterator[Fault]:
    """A timer that begins cases is reckoned when its diagram is put in force: it sees no data."""
    now = datetime.now(UTC)
    for start in process.starts:
        value = start.event.expression if start.event is not None and start.kind == "timer" else None
        if value is None or value.feel is None or start.event is None or start.event.timer is None:
            continue
        try:
            timers.schedule(start.event.timer, value.feel.evaluate({}, feel.Environment(now, functions)), now)
        except BihuanError:
            node = process.nodes[start.element]
            yield _at(node, "start-timer", f"without a case the timer says nothing: {value.text}")


def _missing_limits(process: bpmn.Process, known: _Known) -> Iterator[Fault]:
    for node in process.walk():
        code = node.properties.get("bihuan:limit") or node.properties.get("limit")
        if code and node.type == "userTask" and code not in known.limits:
            yield _at(node, "limit-missing", f"the limit {code} does not exist")


def _rule_faults(process: bpmn.Process, choices: Collection[str]) -> Iterator[Fault]:
    for node in process.walk():
        form_id = node.form.form_id.text if node.form and node.form.form_id else None
        for code, reason in (*rules.faults(node, outcomes=form_id in choices), *rules.return_faults(process, node)):
            yield _at(node, code, reason)


def _at(node: bpmn.Node, code: str, reason: str) -> Fault:
    return Fault(reason, element=node.id, name=node.name or node.id, line=node.line or None, code=code)


def _calls(node: bpmn.Node, app: ProcessApp, known: _Known) -> Iterator[tuple[str, str]]:
    if node.call is None or node.call.target.text.startswith("="):
        return
    target = node.call.target.text
    if node.call.what == "process" and target not in known.processes:
        yield "process-missing", f"the process {target} does not exist"
    elif node.call.what == "decision" and target not in known.decisions:
        yield "decision-missing", f"the decision {target} does not exist"
    elif node.call.what == "service" and not app.knows_service(target):
        yield "service-missing", f"the service {target} is not registered"


def _unwritten(process: bpmn.Process, app: ProcessApp, filled: frozenset[str]) -> Iterator[Fault]:
    """Variables that an expression reads and nothing in sight writes: perhaps misspelt."""
    if _takes_anything(process):
        return
    written = PROVIDED | filled | set(app.functions) | _written(process)
    for use in process.uses:
        for name in sorted(use.expression.names - written):
            if not COUNTERS.fullmatch(name):
                reason = f"nothing writes the variable {name}, which {use.place} reads: {use.expression.text}"
                yield Fault(reason, element=use.element, name=use.name, code="variable-unwritten")


def _takes_anything(process: bpmn.Process) -> bool:
    """A service, a listener, a message or another process may bring any variable."""
    if any(start.kind in ("message", "signal") for start in process.starts):
        return True
    if any(listener.script is None for node in process.listened() for listener in node.listeners):
        return True
    for node in process.walk():
        if node.call is not None and node.call.what in ("service", "process") and not node.outputs:
            return True
        if node.event is not None and node.event.kind in ("message", "signal", "error", "escalation"):
            return True
    return False


def _written(process: bpmn.Process) -> set[str]:
    paths: list[str | None] = []
    for node in process.walk():
        paths.extend(mapping.target for mapping in (*node.inputs, *node.outputs))
        paths.append(node.call.result if node.call else None)
        paths.append(node.script.result if node.script else None)
        paths.append(node.properties.get("bihuan:initiator"))
        if node.loop is not None:
            paths.extend((node.loop.element, node.loop.output_collection))
        if node.ad_hoc is not None:
            paths.append(node.ad_hoc.output_collection)
        paths.append(node.properties.get("bihuan:outcome", node.properties.get("outcome")))
    every = [listener for node in process.listened() for listener in node.listeners]
    paths.extend(listener.script.result for listener in every if listener.script is not None)
    return {path.split(".")[0] for path in paths if path}
