"""The JSON API: what the pages do, for scripts and other systems; described at /api/openapi.json and /api/docs."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_login import current_user
from flask_smorest import Api  # type: ignore[import-untyped]

from web import bearer, errors
from web.api import (
    attachments,
    cases,
    definitions,
    documentation,
    jobs,
    lists,
    messages,
    problems,
    tasks,
    trials,
    versions,
)
from web.api.routes import Blueprint

DESCRIPTION = """
All that the pages of Bihuan do, as JSON. Who calls it is a person with roles, and may do what that person may do on
the pages.

Programs send `Authorization: Bearer` with a token that an operator made (`bihuan user token`); it acts for one account
and only within its scopes: `read` for every GET; `cases`, `tasks`, `jobs`, `messages`, `diagrams` for the rest.

Browsers sign in on the sign-in page: the session cookie identifies you; with every POST, PUT, PATCH and DELETE send the
header `X-CSRFToken` with the token that `GET /api/me` gives.

Ids are texts. Moments are ISO 8601 in UTC. Errors are problem documents (RFC 9457): `detail` says in your language what
is wrong, `errors` names the fields.
"""

SECURITY: dict[str, Any] = {
    "session": {"type": "apiKey", "in": "cookie", "name": "bihuan", "description": "The session cookie of the pages."},
    "token": {"type": "http", "scheme": "bearer", "description": "A token made by `bihuan user token`."},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken", "description": "The token from /api/me."},
}


# what a token needs to change anything by these views; to read, all need `read`
SCOPES_NEEDED: dict[Blueprint, str] = {
    lists.blueprint: "read",
    tasks.blueprint: "tasks",
    cases.blueprint: "cases",
    attachments.blueprint: "cases",
    jobs.blueprint: "jobs",
    messages.blueprint: "messages",
    definitions.blueprint: "diagrams",
    trials.blueprint: "diagrams",
    versions.blueprint: "versions",
}


class JsonApi(Api):  # type: ignore[misc]
    """flask-smorest without its own error pages: all errors go through one table."""

    def _register_error_handlers(self) -> None:
        """This will register none."""


def require_sign_in() -> Any:
    """This will answer 401 to whoever is not signed in; a page to sign in would be no use to a script."""
    if current_user.is_authenticated:
        return None
    return bearer.refuse() if bearer.is_used() else errors.answer(401, "")


def register(app: Flask) -> None:
    """This will serve the API under /api."""
    app.config.update(
        API_TITLE="Bihuan 闭环",
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION.strip()},
            "components": {"securitySchemes": SECURITY},
            "security": [{"token": []}, {"session": [], "csrf": []}],
        },
    )
    api = JsonApi(app)
    problems.prepare(app)
    for blueprint, scope in SCOPES_NEEDED.items():
        if not blueprint.before_request_funcs:
            blueprint.before_request(require_sign_in)
            bearer.limit(blueprint, scope)
            problems.register(blueprint)
        api.register_blueprint(blueprint)
    app.extensions["openapi"] = api.spec
    app.register_blueprint(documentation.blueprint)
