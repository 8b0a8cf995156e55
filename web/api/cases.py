"""Cases as JSON: search, show, start, comment, history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from engine import queries
from web import current
from web.api import schemas
from web.api.routes import Blueprint

blueprint = Blueprint("api-cases", __name__, url_prefix="/api", description="Cases")


@blueprint.get("/cases")
@blueprint.arguments(schemas.CasesAsked, location="query")
@blueprint.response(200, schemas.page_of(schemas.CaseSummary))
def index(asked: dict[str, Any]) -> Any:
    """List the cases that I may see, newest first"""
    return current.read(queries.cases, **asked)


@blueprint.post("/cases")
@blueprint.arguments(schemas.CaseStart)
@blueprint.response(201, schemas.CaseSummary)
def start(asked: dict[str, Any]) -> Any:
    """Start a case

    Answers 422 with `errors` by field when the start form is not filled in correctly.
    """
    return current.engine().start_case(asked.pop("process_id"), asked.pop("data"), by=current.actor(), **asked)


@blueprint.get("/startable")
@blueprint.response(200, schemas.list_of(schemas.Startable))
def startable() -> Any:
    """List the processes of which I may start a case"""
    return {"items": current.read(queries.startable)}


@blueprint.get("/cases/<uuid:case_id>")
@blueprint.response(200, schemas.CaseShown)
def show(case_id: UUID) -> Any:
    """Show a case with its data, tasks and files"""
    return current.read(queries.case, case_id)


@blueprint.get("/cases/<uuid:case_id>/history")
@blueprint.response(200, schemas.list_of(schemas.HistoryEntry))
def history(case_id: UUID) -> Any:
    """List what happened in a case, from the beginning"""
    return {"items": current.read(queries.case, case_id).history}


@blueprint.post("/cases/<uuid:case_id>/comments")
@blueprint.arguments(schemas.Comment)
@blueprint.response(204)
def comment(submitted: dict[str, Any], case_id: UUID) -> Any:
    """Add a comment to a case"""
    current.engine().comment(case_id, by=current.actor(), text=submitted["text"])
