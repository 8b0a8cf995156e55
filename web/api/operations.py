"""What operators do, as JSON: incidents, repairs of one case, actions on many, and what was deleted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, post_load, validate

from engine import Activation, IncidentNotFound, queries, reasons
from web import current
from web.api.routes import Blueprint
from web.api.schemas import CaseSummary, Document, Id, Paging, list_of, moment, page_of, text
from web.operations import unit_path

blueprint = Blueprint("api-operations", __name__, url_prefix="/api/operations", description="Operations")

REASON = text("Why; it stands in the history of the case.", required=True, validate=validate.Length(1, 1000))
DATA = fields.Dict(keys=fields.String(), load_default=dict, metadata={"description": "Variables to write."})
INCIDENT_KIND = (
    "`failed`: an expression or rule; `job`: a service or timer; `empty-queue`: nobody holds the role; `copy`: a copy "
    "could not be sent; `limit`: a limit is not in force, or its last day cannot be found."
)
VERBS = ("retry", "suspend", "resume", "cancel", "delete", "hold", "release")


class IncidentsAsked(Paging):
    """Which open incidents."""

    kind = text("Only of this kind.", load_default=None, validate=validate.OneOf(queries.INCIDENT_KINDS))
    app = text("Only of this process app.", load_default=None)
    process_id = text("Only of this process.", load_default=None)
    element = text("Only at this element.", load_default=None)
    code = text("Only with this kind of reason.", load_default=None)
    unit = text("Only of this unit (its code) and those below it.", load_default=None)
    since = moment("Only raised since then.", load_default=None)


class Incident(Schema):
    """Why a case stands still."""

    id = Id()
    kind = text(INCIDENT_KIND)
    case_id = Id()
    case_number = text("Number of the case.")
    process_id = text("Process of the case.")
    token = fields.Integer(allow_none=True, metadata={"description": "What to pass over or to move."})
    element = text("Element of the diagram.")
    name = text("Its name.")
    code = text("What reasons of one kind share; empty for what nobody knows.")
    reason = text("What went wrong, in English.")
    reason_zh = fields.Function(
        lambda row: reasons.say(row.reason), metadata={"description": "What went wrong, in Chinese.", "type": "string"}
    )
    service = text("Type of the service that was called.")
    attempts = fields.Integer()
    detail = Document(metadata={"description": "The expression, its place, and the values that it saw."})
    stack = text("Where the service failed, its end.")
    raised_at = moment("Since when.")
    resolved_at = moment("Until when.", allow_none=True)


class IncidentGroup(Schema):
    """How many incidents of one kind stand at one element."""

    process_id = text("Process.")
    element = text("Element of the diagram.")
    name = text("Its name.")
    code = text("Kind of the reason.")
    reason = text("One of the reasons, as an example.")
    count = fields.Integer()
    oldest_at = moment("When the first one was raised.")


class Standing(Schema):
    """A place where a case stands."""

    token = fields.Integer()
    element = text("Element of the diagram.")
    name = text("Its name.")
    type = text("Its type.")
    depth = fields.Integer()
    state = text("`failed`, `waits`, `joined` or `holds`.")
    may_skip = fields.Boolean()
    targets = fields.Function(
        lambda row: [node.id for node in row.targets],
        metadata={"type": "array", "items": {"type": "string"}, "description": "Where it could go on."},
    )


class Effect(Schema):
    """One thing that a step would do."""

    kind = text("`task`, `job`, `subscription`, `wait` or `incident`.")
    element = text("Element of the diagram.")
    name = text("Its name.")
    detail = text("More of it.")


class Changed(Schema):
    """A variable before and after."""

    name = text("Its name.")
    old = Document()
    new = Document()
    is_new = fields.Boolean()


class Preview(Schema):
    """What a step would do."""

    withdrawn = fields.List(fields.Nested(Effect))
    opened = fields.List(fields.Nested(Effect))
    failed = fields.List(fields.Nested(Effect))
    sent = fields.List(fields.String())
    changed = fields.List(fields.Nested(Changed))
    starving = fields.List(fields.String(), metadata={"description": "Joins that might wait for ever."})
    is_end = fields.Boolean(metadata={"description": "The case would end."})


class Why(Schema):
    """Why an operator does something."""

    reason = REASON


class Retried(Schema):
    """A retry, perhaps with corrected data."""

    reason = text("Why; needed with data.", load_default="", validate=validate.Length(max=1000))
    data = DATA


class Correction(Why):
    """Variables to correct."""

    data = fields.Dict(keys=fields.String(), required=True, metadata={"description": "Variables to write."})


class Shift(Why):
    """A token to pass over, or to move when there is an element."""

    token = fields.Integer(required=True)
    element = text("Where the case goes on; without it the element is passed over.", load_default=None)
    data = DATA


class Begun(Schema):
    """An element that is to begin."""

    element = text("Element of the diagram.", required=True)
    data = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String()),
        load_default=dict,
        metadata={
            "description": "Variables by scope: the id of a process or subprocess around it, empty for the case."
        },
    )
    within = fields.Integer(
        load_default=None,
        allow_none=True,
        metadata={"description": "A token in the subprocess or called process that is meant, when several are open."},
    )

    @post_load
    def make(self, sent: dict[str, Any], **_more: Any) -> Activation:
        """This will be what the engine takes."""
        return Activation(**sent)


class Modification(Schema):
    """Elements that begin, then tokens that are ended."""

    activate = fields.List(fields.Nested(Begun), load_default=list, validate=validate.Length(max=100))
    terminate = fields.List(
        fields.Integer(), load_default=list, validate=validate.Length(max=1000), metadata={"description": "Tokens."}
    )


class Modified(Modification, Why):
    """A modification, and why."""


class Action(Schema):
    """What is done to many incidents or cases."""

    verb = text("What to do.", required=True, validate=validate.OneOf(VERBS))
    ids = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(1, 10_000),
        metadata={"description": "Incidents for `retry`, else cases."},
    )
    reason = REASON


class ActionShown(Schema):
    """How far an action is."""

    id = Id()
    verb = text("What is done.")
    actor = text("Who began it.")
    reason = text("Why.")
    begun_at = moment("When it began.")
    finished_at = moment("When it was finished.", allow_none=True)
    total = fields.Integer()
    done = fields.Integer()
    refused = fields.Integer()


class DeletedCase(Schema):
    """What stays of a deleted case."""

    id = Id()
    number = text("Its number.")
    title = text("Its title.")
    process_id = text("Its process.")
    history_seq = fields.Integer(metadata={"description": "Events that its history had."})
    history_hash = text("Digest of the last one, which covers all before it.")
    closed_at = moment("When it ended.")
    deleted_at = moment("When it was deleted.")
    rule = text("By which rule; empty: by hand.")
    reason = text("Why.")


@blueprint.get("/incidents")
@blueprint.arguments(IncidentsAsked, location="query")
@blueprint.response(200, page_of(Incident))
def incidents(asked: dict[str, Any]) -> Any:
    """List what stands still, the oldest first"""
    after, limit = asked.pop("after"), asked.pop("limit")
    return current.read(queries.incident_page, _filter(asked), after=after, limit=limit)


def _filter(asked: dict[str, Any]) -> queries.IncidentFilter:
    return queries.IncidentFilter(unit_path=unit_path(asked.pop("unit")), **asked)


@blueprint.get("/incident-groups")
@blueprint.arguments(IncidentsAsked, location="query")
@blueprint.response(200, list_of(IncidentGroup))
def groups(asked: dict[str, Any]) -> Any:
    """Count what stands still by process, element and kind of reason"""
    limit = asked.pop("limit")
    asked.pop("after")
    return {"items": current.read(queries.incident_groups, _filter(asked), limit=limit)}


@blueprint.get("/incidents/<uuid:incident_id>")
@blueprint.response(200, Incident)
def incident(incident_id: UUID) -> Any:
    """Show one incident, also a repaired one"""
    found = current.read(queries.incident, incident_id)
    if found is None:
        raise IncidentNotFound
    return found


@blueprint.post("/incidents/<uuid:incident_id>/retry")
@blueprint.arguments(Retried)
@blueprint.response(200, CaseSummary)
def retry(sent: dict[str, Any], incident_id: UUID) -> Any:
    """Try again what failed, with corrected data when some are given"""
    return current.engine().retry_incident(incident_id, by=current.actor(), **sent)


@blueprint.post("/jobs/<uuid:job_id>/retry")
@blueprint.response(200, CaseSummary)
def retry_job(job_id: UUID) -> Any:
    """Try a failed job again"""
    return current.engine().retry_job(job_id, by=current.actor())


@blueprint.get("/cases/<uuid:case_id>/standing")
@blueprint.response(200, list_of(Standing))
def standing(case_id: UUID) -> Any:
    """List where a case stands and what can be done there"""
    return {"items": current.read(queries.repair, case_id).standing}


@blueprint.post("/cases/<uuid:case_id>/data/preview")
@blueprint.arguments(Correction)
@blueprint.response(200, Preview)
def preview_data(sent: dict[str, Any], case_id: UUID) -> Any:
    """Tell what a correction of the case data would do"""
    return current.engine().preview_data(case_id, sent["data"], by=current.actor())


@blueprint.post("/cases/<uuid:case_id>/data")
@blueprint.arguments(Correction)
@blueprint.response(200, CaseSummary)
def change_data(sent: dict[str, Any], case_id: UUID) -> Any:
    """Correct case data"""
    return current.engine().change_data(case_id, sent["data"], by=current.actor(), reason=sent["reason"])


@blueprint.post("/cases/<uuid:case_id>/shift/preview")
@blueprint.arguments(Shift)
@blueprint.response(200, Preview)
def preview_shift(sent: dict[str, Any], case_id: UUID) -> Any:
    """Tell what passing over or moving a token would do"""
    engine, by, token, data = current.engine(), current.actor(), sent["token"], sent["data"]
    if sent["element"]:
        return engine.preview_move(case_id, token, sent["element"], data, by=by)
    return engine.preview_skip(case_id, token, data, by=by)


@blueprint.post("/cases/<uuid:case_id>/shift")
@blueprint.arguments(Shift)
@blueprint.response(200, CaseSummary)
def shift(sent: dict[str, Any], case_id: UUID) -> Any:
    """Pass over an element that fails or waits, or move its token to another element"""
    engine, by, token, data = current.engine(), current.actor(), sent["token"], sent["data"]
    if sent["element"]:
        return engine.move_token(case_id, token, sent["element"], data, by=by, reason=sent["reason"])
    return engine.skip_element(case_id, token, data, by=by, reason=sent["reason"])


@blueprint.post("/cases/<uuid:case_id>/modify/preview")
@blueprint.arguments(Modification)
@blueprint.response(200, Preview)
def preview_modify(sent: dict[str, Any], case_id: UUID) -> Any:
    """Tell what beginning elements and ending tokens would do"""
    return current.engine().preview_modify(case_id, by=current.actor(), **sent)


@blueprint.post("/cases/<uuid:case_id>/modify")
@blueprint.arguments(Modified)
@blueprint.response(200, CaseSummary)
def modify(sent: dict[str, Any], case_id: UUID) -> Any:
    """Begin elements, with variables, then end tokens: all or nothing"""
    return current.engine().modify_case(case_id, by=current.actor(), **sent)


@blueprint.post("/cases/<uuid:case_id>/<any(suspend, resume, cancel, hold, release):verb>")
@blueprint.arguments(Why)
@blueprint.response(200, CaseSummary)
def act(sent: dict[str, Any], case_id: UUID, verb: str) -> Any:
    """Suspend, resume or cancel a case, hold it from deletion, or end the hold"""
    engine = current.engine()
    does = {
        "suspend": engine.suspend_case,
        "resume": engine.resume_case,
        "cancel": engine.cancel_case,
        "hold": engine.hold_case,
        "release": engine.release_case,
    }
    return does[verb](case_id, by=current.actor(), reason=sent["reason"])


@blueprint.delete("/cases/<uuid:case_id>")
@blueprint.arguments(Why)
@blueprint.response(204)
def delete(sent: dict[str, Any], case_id: UUID) -> Any:
    """Delete an ended case for good; a record of it stays"""
    current.engine().delete_case(case_id, by=current.actor(), reason=sent["reason"])


@blueprint.post("/actions")
@blueprint.arguments(Action)
@blueprint.response(202, ActionShown)
def begin(sent: dict[str, Any]) -> Any:
    """Begin to do something to many incidents or cases

    A worker does it one by one; ask for the action to see how far it is.
    """
    id = current.engine().begin_action(sent["verb"], sent["ids"], by=current.actor(), reason=sent["reason"])
    return _action(id)


def _action(id: UUID) -> Any:
    shown, _items = current.read(queries.action, id)
    return shown


@blueprint.get("/actions/<uuid:action_id>")
@blueprint.response(200, ActionShown)
def action(action_id: UUID) -> Any:
    """Show how far an action is"""
    return _action(action_id)


@blueprint.get("/cases")
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, page_of(CaseSummary))
def cases(asked: dict[str, Any]) -> Any:
    """Search all cases by number or title"""
    found = queries.CaseFilter(q=asked["q"])
    return current.read(queries.operated_cases, found, after=asked["after"], limit=asked["limit"])


@blueprint.get("/deleted-cases")
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, page_of(DeletedCase))
def deleted(asked: dict[str, Any]) -> Any:
    """List what stays of deleted cases, those deleted last first"""
    return current.read(queries.deleted_cases, **asked)
