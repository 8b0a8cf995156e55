"""Process design: deployed diagrams in the modeler, checked and put in force; decisions and forms to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import Actor, Case, Checked, Fault, FaultsFound, Invalid, access, bpmn, queries
from web import current, faults, needs, panel, security, sheets
from web.navigation import Entry

blueprint = Blueprint("studio", __name__, url_prefix="/studio")


class DiagramMissing(Invalid):
    """The request holds no diagram."""


def is_designer(actor: Actor) -> bool:
    """This will tell whether the actor may change diagrams."""
    return actor.is_admin or access.DESIGNER in actor.roles


@blueprint.before_request
def guard() -> None:
    """This will refuse whoever is not a designer, before any page of this module."""
    access.require_designer(current.actor())


def language() -> str:
    """This will return zh or en, as the page speaks."""
    return "zh" if str(get_locale() or "zh").startswith("zh") else "en"


def shown_fault(fault: Fault, level: str = "error") -> dict[str, Any]:
    """This will describe a fault as the modeler and the API show it, in the reader's language."""
    field, value = panel.field_of(fault)
    return {
        "element": fault.element,
        "name": fault.name,
        "reason": faults.reason(fault, gettext, is_chinese=language() == "zh"),
        "line": fault.line,
        "level": level,
        "field": field,
        "value": value,
    }


def faults_of(xml: str, process_id: str = "") -> list[dict[str, Any]]:
    """This will tell everything that is wrong, or worth a look, in a diagram, which may replace `process_id`."""
    return shown_faults(current.engine().check_diagram(xml, process_id))


def shown_faults(checked: Checked) -> list[dict[str, Any]]:
    """This will describe what a check found, what stops a deployment first."""
    faults = [shown_fault(fault) for fault in checked.faults]
    return faults + [shown_fault(fault, "warning") for fault in checked.warnings]


@dataclass(frozen=True)
class Listed:
    """A deployed version and how many cases run on it."""

    row: Any
    running: int

    def __getattr__(self, name: str) -> Any:
        """This will answer for the version: a list shows both as one."""
        return getattr(self.row, name)


def running_cases(session: Session, actor: Actor) -> dict[int, int]:
    """This will count the cases that have not ended, by the definition on which they run."""
    counted = select(Case.definition_id, func.count()).where(Case.state.in_(("open", "suspended")))
    return {row[0]: row[1] for row in session.execute(counted.group_by(Case.definition_id))}


def definitions() -> list[Listed]:
    """This will list all deployed versions of all processes, the newest of each on top."""
    running = current.read(running_cases)
    return [Listed(row, running.get(row.id, 0)) for row in current.read(queries.definitions)]


def versions_of(definition_id: int) -> list[Listed]:
    """This will list the versions of the process of which `definition_id` is one, the newest on top."""
    process_id = current.read(queries.definition, definition_id).process_id
    return [row for row in definitions() if row.process_id == process_id]


def diagram(definition_id: int) -> str:
    """This will return the XML of a version as it was deployed."""
    xml: str = current.read(queries.diagram, definition_id)
    return xml


@blueprint.get("/")
def index() -> str:
    """This will list diagrams, decisions and forms with their versions."""
    processes: dict[str, list[Any]] = {}
    for row in definitions():
        processes.setdefault(row.process_id, []).append(row)
    resources = current.read(queries.resources)
    return render_template(
        "studio/index.html",
        processes=list(processes.values()),
        resources=(
            (gettext("Decision tables"), [row for row in resources if row.kind == "decision"]),
            (gettext("Forms"), [row for row in resources if row.kind == "form"]),
        ),
    )


@blueprint.get("/definitions/<int:definition_id>")
@security.allow_inline_styles
def edit(definition_id: int) -> str:
    """This will open a version in the modeler."""
    versions = versions_of(definition_id)
    definition = next(row for row in versions if row.id == definition_id)
    return render_template(
        "studio/edit.html",
        definition=definition,
        versions=versions,
        newest=versions[0],
        before=next((row for row in versions if row.version < definition.version), None),
        left_behind=[row for row in versions[1:] if row.running],
        is_new="deployed" in request.args,
        is_operator=current.actor().is_admin,
        choices=panel.choices(definition.app, definition.process_id),
    )


@blueprint.get("/definitions/<int:definition_id>/xml")
def xml(definition_id: int) -> Response:
    """This will give the diagram of a version."""
    process_id = current.read(queries.definition, definition_id).process_id
    return Response(bpmn.shown(diagram(definition_id).encode(), process_id), mimetype="application/xml")


@blueprint.post("/definitions/<int:definition_id>/opened")
def opened(definition_id: int) -> ResponseReturnValue:
    """This will make the file that is sent a diagram that the modeler can go on with, whichever tool wrote it.

    It tells what is wrong with it, what its app has to bring, and what nothing here does.
    """
    definition = current.read(queries.definition, definition_id)
    process_id = definition.process_id
    try:
        xml, notes = bpmn.adopted(request.get_data(), process_id)
    except FaultsFound as found:
        shown = [shown_fault(fault) for fault in found.faults]
        return jsonify(message=" ".join(fault["reason"] for fault in shown), faults=[]), 422
    checked = current.engine().check_diagram(xml, process_id)
    codes = {fault.code for fault in (*checked.faults, *checked.warnings)}
    return jsonify(
        xml=xml,
        translated=sum(note.kind == "translated" for note in notes),
        faults=shown_faults(checked),
        told=needs.of_file(
            xml, notes, codes, current.engine().app(definition.app).roles, gettext, is_chinese=language() == "zh"
        ),
    )


@blueprint.post("/definitions/<int:definition_id>/check")
def check(definition_id: int) -> ResponseReturnValue:
    """This will check the changed diagram: all faults, each with its element."""
    return jsonify(faults=faults_of(_sent()["xml"], current.read(queries.definition, definition_id).process_id))


@blueprint.post("/definitions/<int:definition_id>/deploy")
def deploy(definition_id: int) -> ResponseReturnValue:
    """This will put the changed diagram in force as a new version, or answer all its faults."""
    sent = _sent()
    process_id = versions_of(definition_id)[0].process_id
    try:
        definition = current.engine().deploy_diagram(
            process_id, sent["xml"], by=current.actor(), note=str(sent.get("note") or "")
        )
    except FaultsFound as found:
        shown = [shown_fault(fault) for fault in found.faults]
        return jsonify(message=gettext("The diagram is not put in force: it has faults."), faults=shown), 422
    return jsonify(
        message=gettext(
            "Version %(number)s is in force. Cases that run stay on their version.", number=definition.version
        ),
        location=url_for("studio.edit", definition_id=definition.id, deployed=1),
    )


def _sent() -> dict[str, Any]:
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict) or not isinstance(sent.get("xml"), str):
        raise DiagramMissing
    return sent


@blueprint.get("/resources/<int:resource_id>")
def resource(resource_id: int) -> str:
    """This will show a decision table or a form as a table."""
    found = current.read(queries.resource, resource_id)
    if found.kind == "form":
        return render_template(
            "studio/form.html",
            resource=found,
            fields=sheets.form_fields(found.content),
            outcomes=sheets.form_outcomes(found.content),
        )
    return render_template("studio/decision.html", resource=found, decisions=sheets.decisions(found.content))


navigation = (
    Entry(
        "studio.index",
        lazy_gettext("Process design"),
        "sitemap",
        visible=is_designer,
        within=("studio.", "versions."),
    ),
)
