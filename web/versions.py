"""Versions of a process: list, compare, put an earlier one back, move running cases and watch how far that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import BihuanError, MayNotMigrate, Plan, Selection, Step, access, bpmn, queries
from web import current, version_words
from web.locale import sentence
from web.studio import shown_fault

blueprint = Blueprint("versions", __name__, url_prefix="/versions")

NOBODY = "-"  # in a choice: this element has no counterpart
STATES = ("refused", "moved", "left", "waiting")


@blueprint.before_request
def guard() -> None:
    """This will refuse whoever is neither designer nor operator, before any page of this module."""
    access.require_designer(current.actor())


@blueprint.context_processor
def words() -> dict[str, Any]:
    """This will give the templates the words of this module."""
    return {
        "aspect": lambda what: version_words.aspect(what, gettext),
        "written": lambda text: version_words.value(text, gettext),
        "kind": lambda type: version_words.kind(type, gettext),
        "waits": lambda code: version_words.waits(code, gettext),
        "reason": lambda problem: version_words.reason(problem, gettext),
        "reasons": lambda problems: version_words.reasons(problems, gettext),
    }


def is_operator() -> bool:
    """This will tell whether the person may move cases."""
    return current.actor().is_admin


def versions_of(definition_id: int) -> list[Any]:
    """This will list the versions of the process of which `definition_id` is one, the newest on top."""
    found = current.read(queries.definition, definition_id)
    listed: list[Any] = current.read(queries.versions, found.process_id)
    return listed


def _chosen(name: str, rows: list[Any], other: int) -> Any:
    asked = request.args.get(name, type=int)
    return next((row for row in rows if row.id == asked), rows[min(other, len(rows) - 1)])


@blueprint.get("/<process_id>")
def index(process_id: str) -> str:
    """This will list the versions of a process, with what runs on each, and its migrations."""
    rows = current.read(queries.versions, process_id)
    migrations = current.read(queries.migrations, process_id) if is_operator() else []
    return render_template(
        "versions/index.html", rows=rows, newest=rows[0], migrations=migrations, is_operator=is_operator()
    )


@blueprint.get("/compare")
def compare() -> str:
    """This will tell what differs between two versions, in words and side by side."""
    old, new = request.args.get("old", type=int), request.args.get("new", type=int)
    if old is None or new is None:
        abort(404)
    found = current.engine().compare_versions(old, new, by=current.actor())
    return render_template("versions/compare.html", found=found, marks=marks(found.diagram), rows=versions_of(new))


def marks(differences: Any) -> dict[str, list[str]]:
    """This will tell the diagrams which elements to mark."""
    return {name: [element.id for element in getattr(differences, name)] for name in ("added", "removed", "changed")}


@blueprint.get("/<int:definition_id>/rollback")
def rollback(definition_id: int) -> str:
    """This will tell what putting an earlier version back changes."""
    found = current.engine().preview_rollback(definition_id, by=current.actor())
    faults = [shown_fault(fault) for fault in found.faults.faults] if found.faults is not None else []
    rows = versions_of(definition_id)
    return render_template("versions/rollback.html", found=found, rows=rows, marks=marks(found.diagram), faults=faults)


@blueprint.post("/<int:definition_id>/rollback")
def roll_back(definition_id: int) -> ResponseReturnValue:
    """This will put an earlier version back in force."""
    note = request.form.get("note", "").strip()[:2000]
    made = current.engine().roll_back(definition_id, by=current.actor(), note=note)
    flash(gettext("Version %(number)s is in force; it has the content of version %(earlier)s.",
                  number=made.version, earlier=made.restores), "success")  # fmt: skip
    return redirect(url_for("versions.index", process_id=made.process_id), 303)


def plan_of(sent: Mapping[str, str]) -> Plan:
    """This will read a plan: `source`, `target`, `map.<element>`, `called.<definition>`. Raises what `int` raises."""
    elements = {
        name.removeprefix("map."): None if value == NOBODY else value
        for name, value in sent.items()
        if name.startswith("map.") and value
    }
    called = [
        Step(int(name.removeprefix("called.")), int(value))
        for name, value in sent.items()
        if name.startswith("called.") and value
    ]
    return Plan(Step(int(sent["source"]), int(sent["target"]), elements), called)


def selection_of(sent: Mapping[str, str]) -> Selection:
    """This will read which cases are meant: `unit`, `element`, `q`, `numbers` (by space, comma or line)."""
    numbers = sent.get("numbers", "").replace(",", " ").replace("，", " ").split()
    given = {name: sent.get(name, "").strip()[:100] for name in ("unit", "element", "q")}
    return Selection(**given, numbers=numbers)


def processes(source: int, target: int) -> tuple[bpmn.Process, bpmn.Process]:
    """This will read the diagrams of both versions."""
    old, new = (
        bpmn.parse(current.read(queries.diagram, row.id).encode()).processes[row.process_id]
        for row in (current.read(queries.definition, id) for id in (source, target))
    )
    return old, new


def choices(old: bpmn.Process, new: bpmn.Process) -> Iterator[tuple[bpmn.Node, list[bpmn.Node], str]]:
    """This will go through the elements where somebody can wait, with those that could stand for each.

    The last part is the id of the one that does so without being told, or empty.
    """
    for node in old.walk():
        if not (node.is_activity or node.event is not None or node.type.endswith("Gateway")):
            continue
        fitting = [each for each in new.walk() if bpmn.differs(node, each) is None]
        same = next((each.id for each in fitting if each.id == node.id), "")
        yield node, fitting, same


@blueprint.get("/<int:source>/migrate")
def migrate(source: int) -> str:
    """This will show the plan of a migration, and once it was looked at, what it means for every case."""
    access.require_operator(current.actor())
    rows = versions_of(source)
    target = _chosen("target", rows, 0)
    old, new = processes(source, target.id)
    sent = {**request.args.to_dict(), "source": str(source), "target": str(target.id)}
    preview, fault = None, ""
    if "look" in request.args:
        try:
            preview = current.engine().preview_migration(plan_of(sent), selection_of(sent), by=current.actor())
        except BihuanError as error:
            fault = sentence(error)
    return render_template(
        "versions/migrate.html", **_shown(rows, source, target, old, new), sent=sent, preview=preview, fault=fault
    )


def _shown(rows: list[Any], source: int, target: Any, old: bpmn.Process, new: bpmn.Process) -> dict[str, Any]:
    """What the pages of a plan show: the versions, and the elements that somebody may have to name."""
    listed = list(choices(old, new))
    return {
        "rows": rows,
        "source": next(row for row in rows if row.id == source),
        "target": target,
        "open_choices": [choice for choice in listed if not choice[2]],
        "sure_choices": [choice for choice in listed if choice[2]],
        "steps": [node for node in old.walk() if node.type == "userTask"],
        "units": current.read(queries.units),
        "called": list(_called(old)),
    }


def _called(process: bpmn.Process) -> Iterator[tuple[Any, list[Any]]]:
    """The earlier versions of the processes that are called, each with those to which it can move."""
    for process_id in process.called_processes:
        if process_id.startswith("="):
            continue
        rows = [row for row in current.read(queries.definitions) if row.process_id == process_id]
        yield from ((row, rows) for row in rows[1:])


@blueprint.post("/<int:source>/migrate")
def order(source: int) -> ResponseReturnValue:
    """This will have the cases moved by the workers."""
    sent = {**request.form.to_dict(), "source": str(source)}
    note = request.form.get("note", "").strip()[:2000]
    made = current.engine().order_migration(plan_of(sent), selection_of(sent), by=current.actor(), note=note)
    return redirect(url_for("versions.migration", migration_id=made.id), 303)


@blueprint.get("/migrations/<uuid:migration_id>")
def migration(migration_id: UUID) -> str:
    """This will tell how far a migration is, and what became of every case."""
    found = current.read(queries.migration, migration_id)
    default = "refused" if found.refused else "moved"
    state = request.args["state"] if request.args.get("state") in STATES else default
    page = current.read(queries.migrated_cases, migration_id, state=state, after=request.args.get("after"))
    is_part = bool(request.headers.get("HX-Request"))
    template = "versions/progress.html" if is_part else "versions/migration.html"
    return render_template(template, found=found, state=state, states=STATES, page=page)


@blueprint.post("/migrations/<uuid:migration_id>/<any(stop, resume, again):verb>")
def steer(migration_id: UUID, verb: str) -> ResponseReturnValue:
    """This will stop a migration, let it go on, or have what was refused tried again."""
    engine, by = current.engine(), current.actor()
    if verb == "stop":
        engine.stop_migration(migration_id, by=by)
    else:
        engine.resume_migration(migration_id, by=by, refused=verb == "again")
    return redirect(url_for("versions.migration", migration_id=migration_id), 303)


@blueprint.get("/cases/<uuid:case_id>")
def case(case_id: UUID) -> str:
    """This will show what moving one case to another version means."""
    access.require_operator(current.actor())
    found = current.read(queries.case, case_id).case
    rows = versions_of(found.definition_id)
    target = _chosen("target", [row for row in rows if row.id != found.definition_id] or rows, 0)
    old, new = processes(found.definition_id, target.id)
    sent = {**request.args.to_dict(), "source": str(found.definition_id), "target": str(target.id)}
    preview, fault = None, ""
    try:
        preview = current.engine().preview_case_migration(case_id, plan_of(sent), by=current.actor())
    except BihuanError as error:
        fault = sentence(error)
    shown = _shown(rows, found.definition_id, target, old, new)
    return render_template("versions/case.html", case=found, **shown, sent=sent, preview=preview, fault=fault)


@blueprint.post("/cases/<uuid:case_id>")
def move_case(case_id: UUID) -> ResponseReturnValue:
    """This will move one case to another version at once."""
    sent = request.form.to_dict()
    note = sent.get("note", "").strip()[:2000]
    try:
        current.engine().migrate_case(case_id, plan_of(sent), by=current.actor(), note=note)
    except MayNotMigrate as refused:
        flash(gettext("; ").join(version_words.reasons(refused.problems, gettext)), "danger")
        plan: dict[str, Any] = {
            name: value for name, value in sent.items() if name == "target" or name.startswith("map.")
        }
        return redirect(url_for("versions.case", case_id=case_id, **plan), 303)
    flash(gettext("The case runs on the other version now."), "success")
    return redirect(url_for("cases.show", case_id=case_id), 303)
