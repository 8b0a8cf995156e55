"""Puts diagrams, decisions and forms in force: what changed gets a new version, running cases stay on theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from engine import bpmn, checks, forms, jobs, registers
from engine.access import require_designer
from engine.apps import ProcessApp
from engine.catalog import DECISION, FORM, LIMIT, Listed
from engine.checks import Checked, Package, checksum
from engine.db import table
from engine.definitions import ProcessNotFound
from engine.errors import Fault, FaultsFound
from engine.limit_definitions import LimitDefinition
from engine.models import Definition, Deployment, Job, Resource, Start
from engine.turn import Turn

Data = dict[str, Any]
STARTED_BY = ("message", "signal", "timer")
# which files of a package get a new version: content never deployed before, every diagram, what is not in force now
UNSEEN, ALWAYS, OTHER = "unseen", "always", "other"


def deploy_app(turn: Turn, app: ProcessApp) -> Deployment | None:
    """This will deploy what changed in an app's folder and load its registers; None when no file changed.

    A file whose content was deployed before makes no new version, so that what a designer changed later stays in force.
    Raises FaultsFound with all faults of all files.
    """
    package = checks.read_folder(app)
    _refuse_faults(examine(turn, package, app))
    registers.load_files(turn.session, app)
    return _deploy(turn, package, app, note="", rule=UNSEEN)


def deploy_diagram(turn: Turn, process_id: str, xml: str, *, note: str) -> Definition:
    """This will put a new version of one process in force. Raises DesignersOnly, ProcessNotFound, FaultsFound."""
    require_designer(turn.by)
    listed = turn.catalog.process(process_id)
    if listed is None:
        raise ProcessNotFound(process=process_id)
    app = turn.library.app(listed.app)
    package = Package()
    before = turn.session.scalars(select(Definition.file).where(Definition.id == listed.id)).one()
    package.add_diagram(before, xml)
    checked = examine(turn, package, app)
    _refuse_faults(_replacing(checked, package, process_id))
    _deploy(turn, package, app, note=note, rule=ALWAYS)
    newest = select(Definition).where(Definition.process_id == process_id).order_by(Definition.version.desc())
    return turn.session.scalars(newest.limit(1)).one()


def put_in_force(turn: Turn, package: Package, app: ProcessApp, *, note: str) -> Deployment | None:
    """This will put what differs from what is in force now in force; None when nothing does. Raises FaultsFound."""
    _refuse_faults(examine(turn, package, app))
    return _deploy(turn, package, app, note=note, rule=OTHER)


def restore(turn: Turn, package: Package, app: ProcessApp, target: Listed, *, note: str) -> Deployment | None:
    """This will put what a package holds back in force, as new versions; that of `target` tells what it restores."""
    deployment = _deploy(turn, package, app, note=note, rule=OTHER)
    if deployment is not None:
        of_target = (Definition.deployment_id == deployment.id, Definition.process_id == target.key)
        turn.session.execute(update(Definition).where(*of_target).values(restores=target.version))
    return deployment


def check_diagram(turn: Turn, xml: str, process_id: str = "") -> Checked:
    """This will find all faults and warnings of a diagram, as its app, or that of `process_id`, would deploy it."""
    package = Package()
    package.add_diagram("diagram", xml)
    ids = [process_id] if process_id else [process.id for _file, process in package.processes]
    listed = next(filter(None, map(turn.catalog.process, ids)), None)
    if listed is None:
        return Checked(list(package.faults), [])
    return _replacing(examine(turn, package, turn.library.app(listed.app)), package, process_id)


def _replacing(checked: Checked, package: Package, process_id: str) -> Checked:
    """What replaces a process needs its id."""
    ids = [process.id for _file, process in package.processes]
    if not process_id or not ids or process_id in ids:
        return checked
    fault = Fault(f"the process id must stay {process_id}", element=ids[0], code="process-id-changed")
    return replace(checked, faults=[*checked.faults, fault])


def examine(turn: Turn, package: Package, app: ProcessApp) -> Checked:
    """This will check a package against what is deployed."""
    limits = [limit for found in package.limits.values() for _text, limit in found]
    named = {limit.process for limit in limits}
    processes = {
        id: turn.library.process(turn.session, listed.id)
        for id in sorted(named)
        if (listed := turn.catalog.process(id)) is not None
    }
    in_force = _deployed_limits(turn) if package.diagrams else ()
    functions = turn.library.functions(app, turn.directory, turn.calendar)
    return checks.check(package, app, turn.catalog, _deployed_forms(turn, app), in_force, processes, functions)


def _deployed_limits(turn: Turn) -> Iterator[LimitDefinition]:
    for versions in turn.catalog.of_kind(LIMIT):
        listed = turn.catalog.resource(LIMIT, versions[0].key, now=turn.now)
        if listed is not None:
            yield turn.library.limit(turn.session, listed.id)


def _deployed_forms(turn: Turn, app: ProcessApp) -> Iterator[forms.Form]:
    for (kind, _key), versions in turn.catalog.resources.items():
        if kind == FORM and versions[-1].app == app.name:
            yield turn.library.form(turn.session, versions[-1].id)


def _refuse_faults(checked: Checked) -> None:
    if checked.faults:
        raise FaultsFound(checked.faults)


def _deploy(turn: Turn, package: Package, app: ProcessApp, *, note: str, rule: str) -> Deployment | None:
    is_new = "is_other" if rule == OTHER else "is_unseen"
    processes = [row for row in _processes(turn, package, app) if rule == ALWAYS or row[is_new]]
    resources = [row for row in _resources(turn, package, app) if row[is_new]]
    if not processes and not resources:
        return None
    deployment = Deployment(app=app.name, note=note, deployed_at=turn.now, deployed_by=turn.by.person_id)
    turn.session.add(deployment)
    turn.session.flush()
    for row in (*processes, *resources):
        del row["is_unseen"], row["is_other"]
        row["deployment_id"] = deployment.id
    if resources:
        turn.session.execute(insert(table(Resource)), resources)
    made = [(_insert(turn.session, row), row["process_id"]) for row in processes]
    turn.refresh()
    for definition_id, process_id in made:
        _arm_starts(turn, definition_id, process_id)
    return deployment


def _insert(session: Session, row: Data) -> int:
    definition_id: int = session.execute(insert(table(Definition)).values(row).returning(Definition.id)).scalar_one()
    return definition_id


def _processes(turn: Turn, package: Package, app: ProcessApp) -> Iterator[Data]:
    for file, process in package.processes:
        xml = package.diagrams[file][0]
        versions = turn.catalog.processes.get(process.id, [])
        yield {
            **_versioned(versions, checksum(xml)),
            "app": app.name,
            "process_id": process.id,
            "name": process.name or process.id,
            "version_tag": process.version_tag,
            "file": file,
            "diagram": xml,
        }


def _resources(turn: Turn, package: Package, app: ProcessApp) -> Iterator[Data]:
    found: list[tuple[str, str, str, str, str | None, date | None, date | None]] = []
    for file, (text, form) in package.forms.items():
        found.append((FORM, form.id, file, text, form.schema.get("versionTag"), None, None))
    for file, (text, model) in package.decisions.items():
        for id in model.decisions:
            found.append((DECISION, id, file, text, model.version, model.effective_from, model.effective_to))
    for file, limits in package.limits.items():
        for text, limit in limits:
            found.append((LIMIT, limit.code, file, text, None, limit.effective_from, limit.effective_to))
    for kind, key, file, content, tag, effective_from, effective_to in found:
        versions = turn.catalog.resources.get((kind, key), [])
        yield {
            **_versioned(versions, checksum(content)),
            "app": app.name,
            "kind": kind,
            "key": key,
            "version_tag": tag,
            "effective_from": effective_from,
            "effective_to": effective_to,
            "file": file,
            "content": content,
        }


def _versioned(versions: list[Listed], sha256: str) -> Data:
    version = versions[-1].version + 1 if versions else 1
    return {
        "version": version,
        "checksum": sha256,
        "is_unseen": all(row.checksum != sha256 for row in versions),
        "is_other": not versions or versions[-1].checksum != sha256,
    }


def _arm_starts(turn: Turn, definition_id: int, process_id: str) -> None:
    """Messages, signals and timers start cases of the newest version only: those of older ones are taken away."""
    starts, all_jobs = table(Start), table(Job)
    versions = select(Definition.id).where(Definition.process_id == process_id)
    turn.session.execute(delete(starts).where(starts.c.process_id == process_id))
    turn.session.execute(delete(all_jobs).where(all_jobs.c.kind == jobs.START, all_jobs.c.definition_id.in_(versions)))
    process: bpmn.Process = turn.library.process(turn.session, definition_id)
    for start in process.starts:
        if start.kind not in STARTED_BY:
            continue
        row = {
            "definition_id": definition_id,
            "process_id": process_id,
            "element": start.element,
            "kind": start.kind,
            "name": start.message or "",
        }
        turn.session.execute(insert(starts), [row])
        if start.kind == "timer":
            jobs.arm_start(turn, definition_id, start)
