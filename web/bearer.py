"""Programs that sign in with a token: `Authorization: Bearer …`, under /api and nowhere else."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, g, make_response, request
from flask_babel import gettext

from engine import Grant, Refused
from web import current, errors

SCHEME = "bearer "
READING = ("GET", "HEAD", "OPTIONS")


class ScopeMissing(Refused):
    """This token may not be used for this: it lacks the scope {scope}."""


def is_used() -> bool:
    """This will tell whether the request comes with a token; then its cookies count for nothing."""
    given = request.headers.get("Authorization", "")
    return request.path.startswith("/api/") and given.lower().startswith(SCHEME)


def grant() -> Grant | None:
    """This will return what the token of the request grants, None without a valid one; read once a request."""
    if "grant" not in g:
        token = request.headers.get("Authorization", "")[len(SCHEME) :].strip()
        g.grant = current.engine().check_token(token) if is_used() else None
    return cast("Grant | None", g.grant)


def refuse() -> Response:
    """This will answer 401 to a program whose token is void."""
    response = make_response(errors.answer(401, gettext("The token is unknown, expired or revoked.")))
    response.headers["WWW-Authenticate"] = 'Bearer realm="bihuan", error="invalid_token"'
    return response


def limit(blueprint: Blueprint, scope: str) -> None:
    """This will let tokens do what `blueprint` does only with `scope`, and read it only with `read`."""

    def require_scope() -> None:
        granted = grant()
        needed = "read" if request.method in READING else scope
        if granted is not None and needed not in granted.scopes:
            raise ScopeMissing(scope=needed)

    blueprint.before_request(require_scope)
