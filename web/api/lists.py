"""Who I am, registers and the supervisor's board as JSON."""

from __future__ import annotations

from typing import Any

from flask_wtf.csrf import generate_csrf

from engine import queries
from web import bearer, current, supervise
from web.api import schemas
from web.api.routes import Blueprint

blueprint = Blueprint("api-lists", __name__, url_prefix="/api", description="Me, registers and the board")


@blueprint.get("/me")
@blueprint.response(200, schemas.Me)
def me() -> Any:
    """Show who is signed in, with roles and the CSRF token"""
    actor, granted = current.actor(), bearer.grant()
    return {
        "login": actor.login,
        "name": actor.name,
        "is_admin": actor.is_admin,
        "memberships": actor.memberships,
        "csrf_token": "" if granted else generate_csrf(),
        "scopes": sorted(granted.scopes) if granted else None,
    }


@blueprint.get("/registers/<register>/entries")
@blueprint.arguments(schemas.RegisterAsked, location="query")
@blueprint.response(200, schemas.list_of(schemas.RegisterRow))
def entries(asked: dict[str, Any], register: str) -> Any:
    """Search a register

    Entries in force on a day whose code, title or detail holds the words asked for.
    """
    return {"items": current.read(queries.register, register, **asked)}


@blueprint.get("/board")
@blueprint.arguments(schemas.BoardAsked, location="query")
@blueprint.response(200, schemas.list_of(schemas.BoardCell))
def board(asked: dict[str, Any]) -> Any:
    """Count open, soon due and overdue tasks by unit and step

    Only units in which, or above which, I hold a role.
    """
    return {"items": supervise.board(asked["unit"]).cells}
