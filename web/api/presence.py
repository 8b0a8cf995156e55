"""Copies to read, absences with substitutes and kept filters as JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from engine import queries
from web import current
from web.api.routes import Blueprint
from web.api.schemas import Document, Id, list_of, moment, page_of, text
from web.api.verbs import Became, Many, became

blueprint = Blueprint("api-presence", __name__, url_prefix="/api", description="Copies, absences and filters")

LARGEST_ID = 2**31 - 1
SHORT = validate.Length(max=200)


class ReadingsAsked(Schema):
    """Which copies are asked for."""

    unread = fields.Boolean(
        load_default=None, metadata={"description": "Only unread ones, or only read ones; without it, both."}
    )
    after = text("The `next` of the page before this one.", load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ReadingShown(Schema):
    """A copy of a case that was sent to me."""

    id = Id()
    case_id = Id()
    task_id = Id(allow_none=True)
    case_number = text("Number of the case.")
    case_title = text("Title of the case.")
    sender = text("Who sent it.")
    note = text("What was written with it.")
    sent_at = moment("When it was sent.")
    read_at = moment("When I read it.", allow_none=True)


class Copies(Schema):
    """To whom copies of a case go."""

    to = fields.List(
        fields.String(validate=validate.Length(1, 200)),
        required=True,
        validate=validate.Length(1, 100),
        metadata={"description": "Sign-in names, or queues as role@unit code."},
    )
    note = text("What they have to know.", load_default="", validate=validate.Length(max=2000))
    task_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "The task it is about."})


class AbsencesAsked(Schema):
    """Which absences are asked for."""

    past = fields.Boolean(load_default=False, metadata={"description": "Those that are over, too."})


class AbsenceWished(Schema):
    """Who acts for whom, when, and for which tasks."""

    from_at = moment("From when.", required=True)
    until_at = moment("Until when.", required=True)
    person = text("Who is away; me without it.", load_default=None, allow_none=True, validate=SHORT)
    substitute = text("Who acts meanwhile.", load_default=None, allow_none=True, validate=SHORT)
    queue = text("Or a group, as role@unit code.", load_default=None, allow_none=True, validate=SHORT)
    substitute_queue = text("The group that acts for it.", load_default=None, allow_none=True, validate=SHORT)
    role = text("Only tasks of this role.", load_default=None, allow_none=True, validate=SHORT)
    unit = text("Only tasks of the unit with this code.", load_default=None, allow_none=True, validate=SHORT)
    process_id = text("Only tasks of this process.", load_default=None, allow_none=True, validate=SHORT)
    note = text("What others have to know.", load_default="", validate=validate.Length(max=500))


class AbsenceMade(Schema):
    """The absence that was set."""

    id = Id(attribute="absence.id")
    left_alone = fields.List(
        fields.String(), metadata={"description": "People for whom nobody acts now: their substitute is away."}
    )


class AbsenceShown(Schema):
    """An absence, with names."""

    id = Id()
    person = text("Who is away.")
    substitute = text("Who acts.")
    role = text("Only tasks of this role.", allow_none=True)
    unit = text("Only tasks of this unit.", allow_none=True)
    substitute_role = text("Role of the group that acts.", allow_none=True)
    process_id = text("Only tasks of this process.", allow_none=True)
    from_at = moment("From when.")
    until_at = moment("Until when.")
    note = text("What others have to know.")
    is_in_force = fields.Boolean()
    is_group = fields.Boolean()
    ended_at = moment("When it was ended before its time.", allow_none=True)


class FiltersAsked(Schema):
    """The filters of which list are asked for."""

    list = text("The list.", load_default="inbox", validate=validate.Length(max=16))


class FilterWished(FiltersAsked):
    """A question to a list, to be kept under a name."""

    name = text("Its name.", required=True, validate=validate.Length(1, 100))
    asked = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "The arguments of the list, as its address has them."},
    )
    unit = text("Shared with all who hold a role in the unit with this code.", load_default=None, allow_none=True,
                validate=SHORT)  # fmt: skip


class FilterShown(Schema):
    """A kept filter."""

    id = Id()
    list = text("The list.")
    name = text("Its name.")
    asked = Document(metadata={"description": "The arguments of the list."})
    owner = text("Who keeps it.")
    unit = text("The unit with which it is shared.", allow_none=True)
    is_mine = fields.Boolean(metadata={"description": "I may write over or remove it."})


class FilterMade(Schema):
    """The filter that was kept."""

    id = Id()
    name = text("Its name.")


@blueprint.get("/readings")
@blueprint.arguments(ReadingsAsked, location="query")
@blueprint.response(200, page_of(ReadingShown))
def readings(asked: dict[str, Any]) -> Any:
    """List the copies that were sent to me, unread ones first"""
    return current.read(queries.readings, **asked)


@blueprint.post("/readings/<uuid:reading_id>/read")
@blueprint.response(200, ReadingShown)
def mark_read(reading_id: UUID) -> Any:
    """Give the receipt of a copy

    A second time changes nothing.
    """
    return current.engine().mark_read(reading_id, by=current.actor())


@blueprint.post("/readings/read")
@blueprint.arguments(Many)
@blueprint.response(200, list_of(Became))
def mark_all_read(sent: dict[str, Any]) -> Any:
    """Give the receipts of several copies"""
    return became(current.engine().mark_all_read(sent["ids"], by=current.actor()))


@blueprint.post("/cases/<uuid:case_id>/copies")
@blueprint.arguments(Copies)
@blueprint.response(201, list_of(ReadingShown))
def copy(sent: dict[str, Any], case_id: UUID) -> Any:
    """Send copies of a case to people and queues, who may then read it

    Who has an unread copy gets no second one.
    """
    made = current.engine().copy_case(
        case_id, sent["to"], by=current.actor(), note=sent["note"], task_id=sent["task_id"]
    )
    return {"items": made}


@blueprint.get("/absences")
@blueprint.arguments(AbsencesAsked, location="query")
@blueprint.response(200, list_of(AbsenceShown))
def absences(asked: dict[str, Any]) -> Any:
    """List my absences and those in which I act for others; for operators all"""
    return {"items": current.read(queries.absences, **asked)}


@blueprint.post("/absences")
@blueprint.arguments(AbsenceWished)
@blueprint.response(201, AbsenceMade)
def set_absence(sent: dict[str, Any]) -> Any:
    """Let somebody act for me, or as an operator for others, between two moments"""
    return current.engine().set_absence(by=current.actor(), **sent)


@blueprint.post("/absences/<int:absence_id>/end")
@blueprint.response(204)
def end_absence(absence_id: int) -> Any:
    """End an absence now, or call it off"""
    current.engine().end_absence(absence_id, by=current.actor())


@blueprint.get("/filters")
@blueprint.arguments(FiltersAsked, location="query")
@blueprint.response(200, list_of(FilterShown))
def filters(asked: dict[str, Any]) -> Any:
    """List the filters that I kept and those that are shared with me"""
    return {"items": current.read(queries.kept_filters, **asked)}


@blueprint.post("/filters")
@blueprint.arguments(FilterWished)
@blueprint.response(201, FilterMade)
def save_filter(sent: dict[str, Any]) -> Any:
    """Keep a question to a list under a name

    My filter of this name is written over.
    """
    return current.engine().save_filter(
        sent["name"], sent["asked"], by=current.actor(), list=sent["list"], unit=sent["unit"]
    )


@blueprint.delete("/filters/<int:filter_id>")
@blueprint.response(204)
def remove_filter(filter_id: int) -> Any:
    """Forget a filter of mine"""
    current.engine().remove_filter(filter_id, by=current.actor())
