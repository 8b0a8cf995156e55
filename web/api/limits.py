"""Limits as JSON: those of a case with the reasons for their days, the ledger, stopping, resuming, extending."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from uuid import UUID

from flask_babel import gettext
from marshmallow import Schema, ValidationError, fields, validate

from engine import Term, UnitNotFound, queries
from web import current, limit_words
from web.api.routes import Blueprint
from web.api.schemas import Id, list_of, moment, page_of, text
from web.locale import sentence

blueprint = Blueprint("api-limits", __name__, url_prefix="/api", description="Limits")

STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


class LimitsAsked(Schema):
    """Which limits of the units that I oversee."""

    state = text(
        "Only in this state; `running` without it, all of them when a case is named.",
        load_default=None,
        validate=validate.OneOf(queries.LIMIT_FILTERS),
    )
    case = fields.UUID(load_default=None, metadata={"description": "Only of this case (its id)."})
    code = text("Only with this code.", load_default=None, validate=validate.Length(max=64))
    unit = text("Only of this unit (its code) and those below it.", load_default=None)
    after = text("The `next` of the page before this one.", load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200), metadata={"description": "Entries."})


class LimitSummary(Schema):
    """A limit as a list shows it."""

    id = Id(attribute="limit.id")
    case_id = Id(attribute="limit.case_id")
    task_id = Id(attribute="limit.task_id", allow_none=True)
    case_number = text("Number of the case.")
    unit_name = text("Unit of the case.")
    code = text("Code of its rule.", attribute="limit.code")
    name = text("Its name.", attribute="limit.name")
    basis = text("Legal basis.")
    state = text("`running`, `paused`, `met` or `void`.", attribute="limit.state")
    started_at = moment("When it began.", attribute="limit.started_at")
    due_at = moment("When it is due; none while its clock stands.", attribute="limit.due_at", allow_none=True)
    ended_at = moment("When it ended.", attribute="limit.ended_at", allow_none=True)
    exceeded_at = moment("The due time that passed before.", attribute="limit.exceeded_at", allow_none=True)
    extensions = fields.Integer(attribute="limit.extensions", metadata={"description": "How often it was extended."})


class Happening(Schema):
    """What its due time is reckoned from: started, paused, resumed, extended, fixed."""

    kind = text("`started`, `paused`, `resumed`, `extended` or `fixed`.")
    at = moment("When.")
    term = text("By how long it was extended: `10 workdays`.", allow_none=True)
    last = fields.Date(allow_none=True, metadata={"description": "The day that was named."})


class LimitShown(LimitSummary):
    """A limit with each step towards its due time."""

    case_number = unit_name = None  # type: ignore[assignment]  # who asks for one limit knows its case
    basis = text("Legal basis.", attribute="definition.basis")
    term = fields.Function(lambda view: str(view.definition.term), metadata={"type": "string"})
    version = fields.Integer(metadata={"description": "Version of its rule."})
    may = fields.Function(
        lambda view: sorted(view.may),
        metadata={**STRINGS, "description": "`pause`, `resume`, `extend`: what I may do."},
    )
    left = fields.Function(lambda view: _left(view), metadata={"type": "string", "description": "Left when stopped."})
    years = fields.Function(
        lambda view: sorted(view.reckoning.years),
        metadata={"type": "array", "items": {"type": "integer"}, "description": "Years of the calendar counted by."},
    )
    happened = fields.Function(
        lambda view: Happening(many=True).dump(_happened(view)),
        metadata={"type": "array", "items": {"type": "object"}, "description": "What it is reckoned from."},
    )
    explanation = fields.Function(
        lambda view: limit_words.shown(view).steps,
        metadata={**STRINGS, "description": "Each step towards the due time, in the language of the request."},
    )


def _left(view: queries.LimitView) -> str:
    left = view.reckoning.left
    return limit_words.length(left, view.reckoning.unit) if left is not None else ""


def _happened(view: queries.LimitView) -> list[dict[str, Any]]:
    return [
        {
            "kind": type(each).__name__.lower(),
            "at": each.at,
            "term": str(each.term) if hasattr(each, "term") else None,
            "last": getattr(each, "last", None),
        }
        for each in view.happened
    ]


class Stopping(Schema):
    """On which legal ground a clock is stopped, who approved it, and the files that prove it."""

    ground = text("Legal ground.", required=True, validate=validate.Length(1, 2000))
    approver = text("Who approved it.", required=True, validate=validate.Length(1, 200))
    evidence = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "Ids of attachments."},
    )


class GoingOn(Schema):
    """What is said when a clock goes on."""

    note = text("A note.", load_default="", validate=validate.Length(max=2000))


class Foreseeing(Schema):
    """By how long a limit is extended (`term`), or to which day (`until`)."""

    term = text("A whole number and a unit: `10 workdays`.", load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True, metadata={"description": "The day that a decision names."})
    asked_on = fields.Date(load_default=None, allow_none=True, metadata={"description": "Day of the request."})


class Extending(Foreseeing):
    """An extension with its reason."""

    reason = text("The reason.", required=True, validate=validate.Length(1, 2000))
    decision = text("Number of the decision.", load_default="", validate=validate.Length(max=200))


class Foreseen(Schema):
    """When a limit would be due."""

    due_at = moment("When it would be due.", allow_none=True)
    explanation = fields.List(fields.String(), metadata={"description": "Each step towards it."})


@blueprint.get("/limits")
@blueprint.arguments(LimitsAsked, location="query")
@blueprint.response(200, page_of(LimitSummary))
def index(asked: dict[str, Any]) -> Any:
    """List the limits of the units that I oversee

    Those that run come with the nearest due time first, others with the newest first.
    """
    unit, case_id, state = asked.pop("unit"), asked.pop("case"), asked.pop("state")
    place = current.read(queries.unit, unit) if unit else None
    if unit and place is None:
        raise UnitNotFound(code=unit)
    path = place.path if place else None
    state = state or (None if case_id else "running")
    return current.read(queries.limits, **asked, state=state, case_id=case_id, unit_path=path)


@blueprint.get("/cases/<uuid:case_id>/limits")
@blueprint.response(200, list_of(LimitShown))
def of_case(case_id: UUID) -> Any:
    """List the limits of a case, those that run first"""
    return {"items": current.read(queries.limits_of_case, case_id)}


@blueprint.get("/limits/<uuid:limit_id>")
@blueprint.response(200, LimitShown)
def show(limit_id: UUID) -> Any:
    """Show a limit and explain its due time"""
    return current.read(queries.limit, limit_id)


@blueprint.post("/limits/<uuid:limit_id>/pause")
@blueprint.arguments(Stopping)
@blueprint.response(200, LimitShown)
def pause(asked: dict[str, Any], limit_id: UUID) -> Any:
    """Stop the clock of a limit on a legal ground"""
    current.engine().pause_limit(limit_id, by=current.actor(), **asked)
    return current.read(queries.limit, limit_id)


@blueprint.post("/limits/<uuid:limit_id>/resume")
@blueprint.arguments(GoingOn)
@blueprint.response(200, LimitShown)
def resume(asked: dict[str, Any], limit_id: UUID) -> Any:
    """Let a stopped clock go on with what was left"""
    current.engine().resume_limit(limit_id, by=current.actor(), **asked)
    return current.read(queries.limit, limit_id)


@blueprint.post("/limits/<uuid:limit_id>/extend")
@blueprint.arguments(Extending)
@blueprint.response(200, LimitShown)
def extend(asked: dict[str, Any], limit_id: UUID) -> Any:
    """Extend a limit by a term, or to the day that a decision names"""
    term = _term(asked.pop("term"), asked.pop("until"))
    if term is None:
        raise ValidationError({"term": [gettext("Say by how long, or to which day.")]})
    current.engine().extend_limit(limit_id, term, by=current.actor(), **asked)
    return current.read(queries.limit, limit_id)


@blueprint.get("/limits/<uuid:limit_id>/extension")
@blueprint.arguments(Foreseeing, location="query")
@blueprint.response(200, Foreseen)
def foresee(asked: dict[str, Any], limit_id: UUID) -> Any:
    """Tell when a limit would be due if it were extended; nothing changes"""
    term = _term(asked["term"], asked["until"])
    found = current.engine().foresee_limit(
        limit_id, "extend", by=current.actor(), term=term, asked_on=asked["asked_on"]
    )
    due_at = found.due_at.astimezone(UTC) if found.due_at is not None else None
    return {"due_at": due_at, "explanation": [sentence(step) for step in found.steps]}


def _term(term: str | None, until: date | None) -> Term | date | None:
    """What was given. Raises TermInvalid."""
    return Term.read(term) if term else until
