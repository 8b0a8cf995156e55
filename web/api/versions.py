"""Versions as JSON: list, compare, roll back, move running cases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext
from marshmallow import Schema, fields, validate

from engine import MayNotMigrate, Plan, Selection, Step, queries
from web import current, version_words
from web.api.routes import Blueprint
from web.api.schemas import DefinitionSummary, FaultShown, Id, list_of, moment, page_of, text
from web.studio import shown_fault

blueprint = Blueprint("api-versions", __name__, url_prefix="/api", description="Versions")


class VersionShown(DefinitionSummary):
    """One version of a process and what runs on it."""

    note = text("What was changed and why.")
    deployed_by = text("Who put it in force; empty: the system.")
    restores = fields.Integer(allow_none=True, metadata={"description": "The earlier version that it restores."})
    running = fields.Integer(metadata={"description": "Cases that run on it."})
    is_in_force = fields.Boolean(metadata={"description": "New cases run on it."})


class DifferenceShown(Schema):
    """One thing that is not as it was."""

    what = text("Code of what differs: `name`, `groups`, `timer`, `property:bihuan:limit`, …")
    title = fields.Function(lambda each: version_words.aspect(each.what, gettext), metadata={"type": "string"})
    before = text("How it was; empty: nothing.")
    after = text("How it is.")


class ElementShown(Schema):
    """An element or flow that was added, removed or changed."""

    id = text("Its id in the diagram.")
    type = text("BPMN's name of its kind.")
    name = text("Its name.")
    differences = fields.List(fields.Nested(DifferenceShown))


class DiagramChanges(Schema):
    """What differs between two diagrams."""

    added = fields.List(fields.Nested(ElementShown))
    removed = fields.List(fields.Nested(ElementShown))
    changed = fields.List(fields.Nested(ElementShown))
    process = fields.List(fields.Nested(DifferenceShown))


class ResourceChanges(Schema):
    """A form or decision that differs."""

    kind = text("`form` or `decision`.")
    key = text("Its id.")
    name = text("Its title.")
    before = fields.Integer(allow_none=True, metadata={"description": "Its version before; null: there was none."})
    after = fields.Integer(allow_none=True, metadata={"description": "Its version after."})
    differences = fields.List(fields.Nested(DifferenceShown))


class ComparisonShown(Schema):
    """What differs between two versions."""

    diagram = fields.Nested(DiagramChanges)
    resources = fields.List(fields.Nested(ResourceChanges))


class Compared(Schema):
    """Which versions to compare."""

    old = fields.Integer(required=True, metadata={"description": "Id of the earlier definition."})
    new = fields.Integer(required=True, metadata={"description": "Id of the later definition."})


class RollbackShown(ComparisonShown):
    """What a rollback changes."""

    shared = fields.Dict(metadata={"description": "Other processes that use a restored form or decision, by its key."})
    faults = fields.List(fields.Nested(FaultShown), metadata={"description": "Why it would be refused."})


class Noted(Schema):
    """Why something is done."""

    note = text("Why.", load_default="", validate=validate.Length(max=2000))


class StepAsked(Schema):
    """One process goes from one definition to another."""

    source = fields.Integer(required=True, metadata={"description": "Id of the definition on which cases run."})
    target = fields.Integer(required=True, metadata={"description": "Id of the definition to which they go."})
    elements = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        load_default=dict,
        metadata={"description": "Element of the source: element of the target, or null for none; else the same id."},
    )


class SelectionAsked(Schema):
    """Which running cases; without anything, all of the version."""

    unit = text("Code of a unit: its cases and those of units below it.", load_default="")
    element = text("Only cases with an open task at this element.", load_default="")
    q = text("Only cases whose number or title holds this.", load_default="", validate=validate.Length(max=200))
    numbers = fields.List(fields.String(), load_default=list, validate=validate.Length(max=10_000))


class MigrationAsked(Noted):
    """A plan of migration."""

    own = fields.Nested(StepAsked, required=True)
    called = fields.List(fields.Nested(StepAsked), load_default=list)
    selection = fields.Nested(SelectionAsked, load_default=lambda: SelectionAsked().load({}))


class CaseMigrationAsked(Noted):
    """A plan for one case."""

    own = fields.Nested(StepAsked, required=True)
    called = fields.List(fields.Nested(StepAsked), load_default=list)


class ProblemShown(Schema):
    """Why something cannot move."""

    code = text("`unmapped`, `kind-differs`, `event-differs`, `loop-differs`, `scope-differs`, …")
    element = text("Element at which it stands.")
    name = text("Name of the element.")
    reason = fields.Function(lambda each: version_words.reason(each, gettext), metadata={"type": "string"})


class Counted(Schema):
    """How often."""

    element = text("Element.")
    name = text("Its name.")
    count = fields.Integer()


class ShiftShown(Counted):
    """So many stand at an element and will stand at another."""

    to = text("Element of the target.")
    waits = text("What for: task, service, timer, message, signal, conditional, adHoc, join, halted.")


class ReasonShown(ProblemShown):
    """A reason and how many cases it concerns."""

    count = fields.Integer()


class CaseLooked(Schema):
    """What a plan means for one case."""

    id = Id()
    number = text("Number of the case.")
    title = text("Title of the case.")
    problems = fields.List(fields.Nested(ProblemShown))


class PreviewShown(Schema):
    """What a plan means for the cases chosen."""

    total = fields.Integer(metadata={"description": "Cases chosen."})
    movable = fields.Integer(metadata={"description": "Cases that can move."})
    shifts = fields.List(fields.Nested(ShiftShown))
    cancelled = fields.List(fields.Nested(Counted))
    opened = fields.List(fields.Nested(Counted))
    reasons = fields.List(fields.Nested(ReasonShown))
    refused = fields.List(fields.Nested(CaseLooked), metadata={"description": "Up to 200 cases that cannot move."})


class MigrationShown(Schema):
    """A migration and how far it has come."""

    id = Id()
    process_id = text("The process.")
    source = fields.Integer(metadata={"description": "Version from which the cases go."})
    target = fields.Integer(metadata={"description": "Version to which they go."})
    state = text("`running`, `stopped` or `finished`.")
    note = text("Why it was ordered.")
    actor = text("Who ordered it.")
    ordered_at = moment("When it was ordered.")
    ended_at = moment("When it finished or was stopped.", allow_none=True)
    total = fields.Integer()
    waiting = fields.Integer()
    moved = fields.Integer()
    refused = fields.Integer()
    left = fields.Integer(metadata={"description": "Cases that had ended or were on another version."})


class MovedCaseShown(Schema):
    """What became of one case."""

    id = Id()
    number = text("Number of the case.")
    title = text("Title of the case.")
    state = text("`waiting`, `moved`, `refused` or `left`.")
    reasons = fields.List(fields.Nested(ProblemShown))
    at = moment("When.", allow_none=True)


class MovedAsked(Schema):
    """Which cases of a migration."""

    state = text("Only these.", load_default=None,
                 validate=validate.OneOf(["waiting", "moved", "refused", "left"]))  # fmt: skip
    after = text("The `next` of the page before this one.", load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class Resumed(Schema):
    """How a migration goes on."""

    refused = fields.Boolean(load_default=False, metadata={"description": "Try the refused cases again."})


@blueprint.get("/processes/<process_id>/versions")
@blueprint.response(200, list_of(VersionShown))
def index(process_id: str) -> Any:
    """List the versions of a process with the cases that run on each, the one in force first"""
    return {"items": current.read(queries.versions, process_id)}


@blueprint.get("/versions/compare")
@blueprint.arguments(Compared, location="query")
@blueprint.response(200, ComparisonShown)
def compare(asked: dict[str, Any]) -> Any:
    """Tell what differs between two versions of a process, its forms and decisions included"""
    return current.engine().compare_versions(asked["old"], asked["new"], by=current.actor())


@blueprint.get("/definitions/<int:definition_id>/rollback")
@blueprint.response(200, RollbackShown)
def preview_rollback(definition_id: int) -> Any:
    """Tell what putting an earlier version back in force would change"""
    found = current.engine().preview_rollback(definition_id, by=current.actor())
    faults = [shown_fault(fault) for fault in found.faults.faults] if found.faults is not None else []
    return {"diagram": found.diagram, "resources": found.resources, "shared": found.shared, "faults": faults}


@blueprint.post("/definitions/<int:definition_id>/rollback")
@blueprint.arguments(Noted)
@blueprint.response(201, DefinitionSummary)
def roll_back(asked: dict[str, Any], definition_id: int) -> Any:
    """Put an earlier version back in force for new cases, with its forms and decisions

    It becomes a new version with the same content. Running cases stay on theirs. Needs the role `process_designer`.
    """
    return current.engine().roll_back(definition_id, by=current.actor(), note=asked["note"])


def _plan(asked: dict[str, Any]) -> Plan:
    return Plan(Step(**asked["own"]), [Step(**step) for step in asked["called"]])


def _preview(found: Any) -> dict[str, Any]:
    def counted(pairs: Any) -> list[dict[str, Any]]:
        return [{"element": node.id, "name": node.name, "count": count} for node, count in pairs]

    shifts = [
        {"element": each.before.id, "name": each.before.name, "to": each.after.id, "waits": each.waits,
         "count": each.count} for each in found.shifts
    ]  # fmt: skip
    reasons = [_Reason(problem, count) for problem, count in found.reasons]
    return {
        "total": found.total,
        "movable": found.movable,
        "shifts": shifts,
        "cancelled": counted(found.cancelled),
        "opened": counted(found.opened),
        "reasons": reasons,
        "refused": found.refused,
    }


class _Reason:
    """A problem with a count, as the schema reads it."""

    def __init__(self, problem: Any, count: int) -> None:
        self.code, self.element, self.name, self.detail = problem.code, problem.element, problem.name, problem.detail
        self.count = count


@blueprint.post("/migrations/preview")
@blueprint.arguments(MigrationAsked)
@blueprint.response(200, PreviewShown)
def preview(asked: dict[str, Any]) -> Any:
    """Tell what a plan of migration means for every case chosen, and change nothing

    Only operators may ask.
    """
    selection = Selection(**asked["selection"])
    return _preview(current.engine().preview_migration(_plan(asked), selection, by=current.actor()))


@blueprint.post("/migrations")
@blueprint.arguments(MigrationAsked)
@blueprint.response(202, MigrationShown)
def order(asked: dict[str, Any]) -> Any:
    """Have the workers move running cases to another version, each whole or not at all

    Only operators may.
    """
    selection = Selection(**asked["selection"])
    made = current.engine().order_migration(_plan(asked), selection, by=current.actor(), note=asked["note"])
    return _shown(current.read(queries.migration, made.id))


@blueprint.get("/migrations")
@blueprint.response(200, list_of(MigrationShown))
def migrations() -> Any:
    """List migrations, the newest first"""
    return {"items": [_shown(each) for each in current.read(queries.migrations)]}


@blueprint.get("/migrations/<uuid:migration_id>")
@blueprint.response(200, MigrationShown)
def migration(migration_id: UUID) -> Any:
    """Tell how far a migration has come"""
    return _shown(current.read(queries.migration, migration_id))


@blueprint.get("/migrations/<uuid:migration_id>/cases")
@blueprint.arguments(MovedAsked, location="query")
@blueprint.response(200, page_of(MovedCaseShown))
def migrated_cases(asked: dict[str, Any], migration_id: UUID) -> Any:
    """List what became of the cases of a migration, with the reasons of those that were refused"""
    return current.read(queries.migrated_cases, migration_id, **asked)


@blueprint.post("/migrations/<uuid:migration_id>/stop")
@blueprint.response(200, MigrationShown)
def stop(migration_id: UUID) -> Any:
    """Leave the cases that still wait on their version"""
    current.engine().stop_migration(migration_id, by=current.actor())
    return _shown(current.read(queries.migration, migration_id))


@blueprint.post("/migrations/<uuid:migration_id>/resume")
@blueprint.arguments(Resumed)
@blueprint.response(200, MigrationShown)
def resume(asked: dict[str, Any], migration_id: UUID) -> Any:
    """Let a stopped migration go on, or have the refused cases tried again"""
    current.engine().resume_migration(migration_id, by=current.actor(), refused=asked["refused"])
    return _shown(current.read(queries.migration, migration_id))


@blueprint.post("/cases/<uuid:case_id>/migrate")
@blueprint.arguments(CaseMigrationAsked)
@blueprint.response(200, PreviewShown)
def migrate_case(asked: dict[str, Any], case_id: UUID) -> Any:
    """Move one case to another version at once

    Answers 409 when it cannot move; nothing has changed then. Only operators may.
    """
    engine, by = current.engine(), current.actor()
    found = engine.preview_case_migration(case_id, _plan(asked), by=by)
    if not found.movable:
        raise MayNotMigrate([problem for problem, _count in found.reasons])
    engine.migrate_case(case_id, _plan(asked), by=by, note=asked["note"])
    return _preview(found)


def _shown(found: Any) -> dict[str, Any]:
    row = found.migration
    of_row = ("id", "process_id", "state", "note", "actor", "ordered_at", "ended_at", "total")
    counts = ("source", "target", "waiting", "moved", "refused", "left")
    return {name: getattr(row, name) for name in of_row} | {name: getattr(found, name) for name in counts}
