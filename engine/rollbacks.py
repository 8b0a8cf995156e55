"""An earlier version is put back in force with its forms and decisions; the new version says what it restores."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from engine import deployments, version_changes
from engine.access import require_designer
from engine.bpmn import Differences
from engine.catalog import Listed
from engine.checks import Package
from engine.errors import Conflict, FaultsFound
from engine.models import Definition, Resource
from engine.turn import Turn
from engine.version_changes import FORM, ResourceChange


class NothingToRollBack(Conflict):
    """Version {version} is in force already, with its forms and decisions."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """What putting the version `target` back changes against `current`, which is in force now.

    `shared` names the processes that use a restored form or decision too, by its key. `faults` would refuse it.
    """

    current: Listed
    target: Listed
    diagram: Differences
    resources: list[ResourceChange]
    shared: dict[str, list[str]]
    faults: FaultsFound | None


def preview(turn: Turn, definition_id: int) -> Rollback:
    """This will tell what a rollback changes. Raises DefinitionNotFound, NothingToRollBack."""
    target = version_changes.find(turn, definition_id)
    current = turn.catalog.processes[target.key][-1]
    restored = _restored(turn, target)
    if target.id == current.id or (target.checksum == current.checksum and not restored):
        raise NothingToRollBack(version=target.version)
    compared = version_changes.compare(turn, current.id, target.id)
    changes = [
        version_changes.resource_change(turn, kind, key, turn.catalog.resources[kind, key][-1], listed)
        for (kind, key), listed in restored.items()
    ]
    checked = deployments.examine(turn, _package(turn, target, restored), turn.library.app(target.app))
    faults = FaultsFound(checked.faults) if checked.faults else None
    shared = {key: names for kind, key in restored if (names := _others(turn, target, kind, key))}
    return Rollback(current, target, compared.diagram, changes, shared, faults)


def roll_back(turn: Turn, definition_id: int, *, note: str) -> Definition:
    """This will put an earlier version back. Raises DesignersOnly, NothingToRollBack, FaultsFound."""
    require_designer(turn.by)
    found = preview(turn, definition_id)
    if found.faults is not None:
        raise found.faults
    target = found.target
    package = _package(turn, target, _restored(turn, target))
    deployments.restore(turn, package, turn.library.app(target.app), target, note=note)
    newest = select(Definition).where(Definition.process_id == target.key).order_by(Definition.version.desc())
    return turn.session.scalars(newest.limit(1)).one()


def _restored(turn: Turn, target: Listed) -> dict[tuple[str, str], Listed]:
    """The forms and decisions of a version that are not now as they last were with it."""
    process = turn.library.process(turn.session, target.id)
    last = version_changes.last_deployment(turn, target)
    found = {}
    for kind, key in version_changes.used(turn, target, process):
        then = version_changes.as_of(turn, kind, key, last)
        if then is not None and then.checksum != turn.catalog.resources[kind, key][-1].checksum:
            found[kind, key] = then
    return found


def _package(turn: Turn, target: Listed, restored: dict[tuple[str, str], Listed]) -> Package:
    package = Package()
    row = turn.session.execute(select(Definition.file, Definition.diagram).where(Definition.id == target.id)).one()
    package.add_diagram(row.file, row.diagram)
    for (kind, _key), listed in restored.items():
        resource = turn.session.execute(select(Resource.file, Resource.content).where(Resource.id == listed.id)).one()
        if kind == FORM:
            package.add_form(resource.file, resource.content)
        else:
            package.add_decision(resource.file, resource.content)
    return package


def _others(turn: Turn, target: Listed, kind: str, key: str) -> list[str]:
    names = []
    for process_id, versions in turn.catalog.processes.items():
        newest = versions[-1]
        if process_id == target.key or newest.app != target.app:
            continue
        if (kind, key) in version_changes.used(turn, newest, turn.library.process(turn.session, newest.id)):
            names.append(newest.name)
    return names
