"""Whether the rules of limits fit what they name: elements of diagrams, roles of the app, processes to start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine import bpmn
from engine.apps import ProcessApp
from engine.errors import Fault
from engine.limit_definitions import CASE, START, LimitDefinition

Written = Mapping[str, Sequence[tuple[str, LimitDefinition]]]  # file -> (text, limit)
ELEMENT, ROLE, PROCESS = "limit-element", "role-unknown", "limit-process"


def faults(limits: Written, app: ProcessApp, processes: Mapping[str, bpmn.Process]) -> Iterator[Fault]:
    """This will find limits that name a process, elements or roles that are not there; `element` is the field."""
    for file, found in limits.items():
        for _text, limit in found:
            name = f"{file}: {limit.code}"
            process = processes.get(limit.process)
            if limit.scope == CASE and process is None:
                reason = f"the process {limit.process} does not exist"
                yield Fault(reason, name=name, element="process", code=PROCESS)
            for field, element in _elements(limit) if process is not None else ():
                if process is not None and element not in _ids(process):
                    reason = f"the process {limit.process} has no element {element}"
                    yield Fault(reason, name=name, element=field, code=ELEMENT)
            for field, role in _roles(limit):
                if role and role not in app.roles:
                    reason = f"the role {role} is not declared by the app"
                    yield Fault(reason, name=name, element=field, code=ROLE)


def warnings(limits: Written, processes: Iterable[str]) -> Iterator[Fault]:
    """This will find ladders that would start a process that is not there: then the history says so, nothing more."""
    known = frozenset(processes)
    for file, found in limits.items():
        for _text, limit in found:
            for number, rung in enumerate(limit.ladder):
                if rung.do == START and rung.name not in known:
                    reason = f"the process {rung.name} does not exist"
                    yield Fault(reason, name=f"{file}: {limit.code}", element=f"ladder.{number}.name", code=PROCESS)


def lost(
    in_force: Iterable[LimitDefinition], written: Written, processes: Mapping[str, bpmn.Process]
) -> Iterator[Fault]:
    """This will find limits in force that begin or end with elements that the diagrams to come no longer have."""
    renewed = {limit.code for found in written.values() for _text, limit in found}
    for limit in in_force:
        process = processes.get(limit.process)
        if process is None or limit.code in renewed:
            continue
        for _field, element in _elements(limit):
            if element not in _ids(process):
                reason = f"the limit {limit.name} ({limit.code}) names the element {element}, which is gone"
                yield Fault(reason, name=process.name or process.id, code=ELEMENT)


def _ids(process: bpmn.Process) -> frozenset[str]:
    return frozenset(node.id for node in process.walk())


def _elements(limit: LimitDefinition) -> Iterator[tuple[str, str]]:
    for kind in ("starts", "ends"):
        for number, moment in enumerate(getattr(limit, kind)):
            yield f"{kind}.{number}.element", moment.element


def _roles(limit: LimitDefinition) -> Iterator[tuple[str, str]]:
    for number, role in enumerate(limit.decided_by):
        yield f"decided_by.{number}", role
    for number, rung in enumerate(limit.ladder):
        yield f"ladder.{number}.role", rung.role
