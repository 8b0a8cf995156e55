"""People, units and roles as JSON, for operators."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from engine import access, queries
from web import current
from web.api.routes import Blueprint
from web.api.schemas import list_of, text

blueprint = Blueprint("api-people", __name__, url_prefix="/api", description="People, units and roles")

CODE = validate.Length(1, 64)


class HeldRole(Schema):
    """A role that somebody holds in a unit."""

    role = text("Role.")
    unit_code = text("Code of the unit.")
    unit_name = text("Name of the unit.")


class PersonShown(Schema):
    """An account."""

    login = text("Sign-in name.")
    name = text("Name.")
    post = text("Post.")
    is_admin = fields.Boolean(metadata={"description": "May operate the installation."})
    is_active = fields.Boolean(metadata={"description": "May sign in."})
    roles = fields.List(fields.Nested(HeldRole))


class PeopleAsked(Schema):
    """Which accounts are asked for."""

    q = text("Words that name or sign-in name must hold.", load_default="", validate=validate.Length(max=100))


class RoleGiven(Schema):
    """A role in a unit."""

    role = text("Code of the role.", required=True, validate=CODE)
    unit = text("Code of the unit.", required=True, validate=CODE)


class Activity(Schema):
    """Whether somebody may sign in."""

    is_active = fields.Boolean(required=True)


class UnitShown(Schema):
    """An org unit."""

    code = text("Its code.")
    name = text("Its name.")
    kind = text("`province`, `city`, `county`, `town`, `grid`, `department` or `enterprise`.")
    is_active = fields.Boolean(metadata={"description": "It exists still."})


@blueprint.get("/people")
@blueprint.arguments(PeopleAsked, location="query")
@blueprint.response(200, list_of(PersonShown))
def index(asked: dict[str, Any]) -> Any:
    """List the accounts with their roles"""
    access.require_operator(current.actor())
    return {"items": current.read(queries.people, **asked)}


@blueprint.get("/people/<login>")
@blueprint.response(200, PersonShown)
def show(login: str) -> Any:
    """Show an account"""
    access.require_operator(current.actor())
    return current.read(queries.account, login)


@blueprint.put("/people/<login>/activity")
@blueprint.arguments(Activity)
@blueprint.response(204)
def set_active(sent: dict[str, Any], login: str) -> Any:
    """Let somebody sign in, or no longer"""
    current.engine().set_active(login, sent["is_active"], by=current.actor())


@blueprint.post("/people/<login>/roles")
@blueprint.arguments(RoleGiven)
@blueprint.response(204)
def give_role(sent: dict[str, Any], login: str) -> Any:
    """Let somebody hold a role in a unit

    Who holds it already keeps it.
    """
    current.engine().give_role(login, sent["role"], sent["unit"], by=current.actor())


@blueprint.delete("/people/<login>/roles/<role>/<unit>")
@blueprint.response(204)
def take_role(login: str, role: str, unit: str) -> Any:
    """Let somebody no longer hold a role in a unit"""
    current.engine().take_role(login, role, unit, by=current.actor())


@blueprint.get("/units")
@blueprint.response(200, list_of(UnitShown))
def units() -> Any:
    """List the org units"""
    access.require_operator(current.actor())
    return {"items": current.read(queries.units)}
