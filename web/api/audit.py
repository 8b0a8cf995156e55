"""Anchors, proofs of histories and logs for process mining as JSON and XML, for operators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, stream_with_context
from marshmallow import Schema, fields

from engine import Anchor, Chosen, anchors
from web import current
from web.api import schemas
from web.api.routes import Blueprint

blueprint = Blueprint("api-audit", __name__, url_prefix="/api/audit", description="Audit")

KINDS = {"xes": "application/xml", "ocel": "application/json"}


class AnchorShown(Schema):
    """A seal over all histories that grew since the one before."""

    number = fields.Integer(metadata={"description": "Its number, from 1 without gaps."})
    made_at = schemas.moment("When it was made.")
    cases = fields.Integer(metadata={"description": "Cases that it covers."})
    events = fields.Integer(metadata={"description": "Events of these cases."})
    digest = schemas.text("SHA-256 over it and the digest of the anchor before.")
    line = schemas.text("The line to keep on paper.")


class BreakShown(Schema):
    """A place where a history is not what was written."""

    number = schemas.text("Number of the case.")
    seq = fields.Integer(metadata={"description": "The first event that is not what was written."})
    reason = schemas.text("What is wrong with it.")


class CaseVerdict(Schema):
    """What the verification of a case found."""

    is_whole = fields.Boolean(metadata={"description": "Everything is as it was written."})
    events = fields.Integer(metadata={"description": "Events that were verified."})
    breaks = fields.List(fields.Nested(BreakShown))


class LogAsked(Schema):
    """Which histories a log holds."""

    process_id = fields.String(load_default=None, metadata={"description": "Only cases of this process."})
    since = schemas.Moment(load_default=None, metadata={"description": "Only cases started then or later."})
    until = schemas.Moment(load_default=None, metadata={"description": "Only cases started before."})
    names = fields.Boolean(load_default=True, metadata={"description": "With the names of persons, and titles."})


def shown(anchor: Anchor) -> dict[str, Any]:
    """This will return an anchor with its line."""
    names = ("number", "made_at", "cases", "events", "digest")
    return {**{name: getattr(anchor, name) for name in names}, "line": anchors.line(anchor)}


@blueprint.get("/anchors")
@blueprint.response(200, schemas.list_of(AnchorShown))
def index() -> Any:
    """List the anchors, the newest first

    Operators only. Keep the lines where nobody who writes into the database can change them.
    """
    return {"items": [shown(anchor) for anchor in current.engine().anchors(by=current.actor())]}


@blueprint.post("/anchors")
@blueprint.response(201, AnchorShown)
def make() -> Any:
    """Seal what happened since the last anchor

    Workers do so once a day by themselves.
    """
    return shown(current.engine().anchor(by=current.actor()))


@blueprint.get("/cases/<uuid:case_id>")
@blueprint.response(200)
def history(case_id: UUID) -> Any:
    """Show the history of a case as a document that proves itself

    Operators only. `bihuan audit verify --file` verifies it, and so can anybody by the rule in docs/audit.md.
    """
    return current.engine().export_history(case_id, by=current.actor())


@blueprint.get("/verdicts/<path:number>")
@blueprint.response(200, CaseVerdict)
def verdict(number: str) -> Any:
    """Verify the history of the case with this number

    Operators only. All histories are verified on the server: `bihuan audit verify`.
    """
    return current.engine().verify_case(number, by=current.actor())


@blueprint.get("/logs/<any(xes, ocel):kind>")
@blueprint.arguments(LogAsked, location="query")
@blueprint.response(200)
def log(asked: dict[str, Any], kind: str) -> Any:
    """Show many histories as a log for process mining

    XES (IEEE 1849-2016) or OCEL 2.0 JSON, streamed. Operators only.
    """
    chosen = Chosen(asked["process_id"], asked["since"], asked["until"], asked["names"])
    return streamed(chosen, kind)


def streamed(chosen: Chosen, kind: str) -> Response:
    """This will answer with a log, part by part, as a file."""
    parts: Iterator[str] = current.engine().export_log(chosen, by=current.actor(), is_ocel=kind == "ocel")
    response = Response(stream_with_context(parts), mimetype=KINDS[kind])
    ending = "xes" if kind == "xes" else "jsonocel"
    response.headers["Content-Disposition"] = f'attachment; filename="bihuan-{datetime.now():%Y%m%d}.{ending}"'
    return response
