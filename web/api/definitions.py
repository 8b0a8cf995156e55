"""Deployed processes as JSON: list, read, check, put in force."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from engine import access
from web import current, studio
from web.api import schemas
from web.api.routes import Blueprint

blueprint = Blueprint("api-definitions", __name__, url_prefix="/api", description="Diagrams")


@blueprint.get("/definitions")
@blueprint.response(200, schemas.list_of(schemas.DefinitionSummary))
def index() -> Any:
    """List the deployed processes with all their versions"""
    return {"items": studio.definitions()}


@blueprint.get("/definitions/<int:definition_id>/xml")
@blueprint.response(200, content_type="application/xml")
def xml(definition_id: int) -> Response:
    """Read the diagram of a version as it was deployed"""
    response = make_response(studio.diagram(definition_id))
    response.mimetype = "application/xml"
    return response


@blueprint.post("/definitions/check")
@blueprint.arguments(schemas.Diagram)
@blueprint.response(200, schemas.Checked)
def check(submitted: dict[str, Any]) -> Any:
    """Check a diagram without putting it in force: all faults in one answer"""
    access.require_designer(current.actor())
    return {"faults": studio.faults_of(submitted["xml"])}


@blueprint.post("/definitions/<process_id>")
@blueprint.arguments(schemas.Redeployment)
@blueprint.response(201, schemas.DefinitionSummary)
def deploy(submitted: dict[str, Any], process_id: str) -> Any:
    """Put a changed diagram in force as a new version

    Running cases stay on theirs. Answers 422 with `faults` when it does not pass the check.
    """
    access.require_designer(current.actor())
    return current.engine().deploy_diagram(process_id, submitted["xml"], by=current.actor(), note=submitted["note"])
