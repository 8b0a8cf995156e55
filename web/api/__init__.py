"""The JSON API: what the pages do, for scripts and other systems; described at /api/openapi.json and /api/docs."""

from __future__ import annotations

from threading import Lock
from typing import Any

from flask import Flask, Response, json, request
from flask_babel import gettext
from flask_login import current_user
from flask_smorest import Api  # type: ignore[import-untyped]

from web import bearer, current, errors
from web.accounts import limiter
from web.api import (
    attachments,
    audit,
    bodies,
    calendar,
    cases,
    definitions,
    documentation,
    jobs,
    limits,
    lists,
    messages,
    notices,
    once,
    operations,
    people,
    presence,
    problems,
    promises,
    tasks,
    trials,
    verbs,
    versions,
    webhooks,
)
from web.api.routes import Blueprint

DESCRIPTION = """
All that the pages of Bihuan do, as JSON. Who calls it is a person with roles, and may do what that person may do on
the pages.

Programs send `Authorization: Bearer` with a token that an operator made (`bihuan user token`); it acts for one account
and only within its scopes: `read` for every GET, for the rest the one that stands with each operation. One token may
send so many requests in a minute as the setting `BIHUAN_API_RATE` says; more are answered 429 with `Retry-After`.

Browsers sign in on the sign-in page: the session cookie identifies you; with every POST, PUT, PATCH and DELETE send the
header `X-CSRFToken` with the token that `GET /api/me` gives.

Ids are texts. Moments are ISO 8601 in UTC. Long lists come in pages: `next` of one is `after` of the following.

Errors are problem documents (RFC 9457): `code`, and `type` that leads to its meaning, are for programs and never
change; `detail` says in your language what is wrong, `errors` names the fields.

A POST with the header `Idempotency-Key` counts once: sent again within 24 hours it does nothing more and gets the same
answer, with the header `Idempotency-Replayed: true`. Answer and effect are stored in one transaction. Refusals are not
kept. The same key with another request is refused (422, `key-reused`); while the first request runs, the second waits,
at most 10 seconds, then it is told to come again (409, `still-running`).
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
    verbs.blueprint: "tasks",
    presence.blueprint: "tasks",
    notices.blueprint: "tasks",
    cases.blueprint: "cases",
    attachments.blueprint: "cases",
    jobs.blueprint: "jobs",
    messages.blueprint: "messages",
    definitions.blueprint: "diagrams",
    trials.blueprint: "diagrams",
    operations.blueprint: "operations",
    people.blueprint: "people",
    webhooks.blueprint: "webhooks",
    versions.blueprint: "versions",
    audit.blueprint: "audit",
    limits.blueprint: "cases",
    calendar.blueprint: "calendar",
}

TOLD = (jobs.blueprint, messages.blueprint)  # what they bring becomes data of cases


class JsonApi(Api):  # type: ignore[misc]
    """flask-smorest without its own error pages: all errors go through one table. Described when somebody asks."""

    def __init__(self, app: Flask, **options: Any) -> None:
        """This will serve an API on `app`."""
        self._untold: list[Any] = []  # groups as flask-smorest knows them
        self._telling = Lock()
        super().__init__(app, **options)

    def register_blueprint(self, blueprint: Blueprint) -> None:
        """This will serve a group of operations; describing them all would be half of the time that a start takes."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._untold.append(blueprint)

    def to_dict(self) -> dict[str, Any]:
        """This will return the description of all operations, as OpenAPI has it."""
        with self._telling:
            while self._untold:
                group = self._untold.pop(0)
                group.register_views_in_doc(self, self._app, self.spec, name=group.name, parameters=None)
                self.spec.tag({"name": group.name, "description": group.description})
            told: dict[str, Any] = self.spec.to_dict()
            return told

    def _openapi_json(self) -> Response:
        return Response(json.dumps(self.to_dict(), indent=2, sort_keys=False), mimetype="application/json")

    def _register_error_handlers(self) -> None:
        """This will register none."""


def require_sign_in() -> Any:
    """This will answer 401 to whoever is not signed in; a page to sign in would be no use to a script."""
    if current_user.is_authenticated:
        return None
    return bearer.refuse() if bearer.is_used() else errors.answer(401, "")


def require_json() -> Any:
    """This will answer 415 to a body of another type, which would be read as if nothing had been sent."""
    if request.content_length and not request.is_json and request.mimetype != "multipart/form-data":
        return errors.answer(415, gettext("Send JSON, with the header Content-Type: application/json."))
    return None


def _token_key() -> str:
    granted = bearer.grant()
    return f"token {granted.token_id}" if granted else ""


@limiter.shared_limit(
    lambda: current.settings().api_rate, scope="api", key_func=_token_key, exempt_when=lambda: not _token_key()
)
def count_request() -> None:
    """This will refuse the requests of a token that sends too many."""


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
    told = {blueprint.name: scope for blueprint, scope in SCOPES_NEEDED.items()}
    api = JsonApi(app, spec_kwargs={"extra_plugins": [promises.Promises(told)]})
    problems.prepare(app)
    for blueprint, scope in SCOPES_NEEDED.items():
        if not blueprint.before_request_funcs:
            blueprint.before_request(require_sign_in)
            bearer.limit(blueprint, scope)
            blueprint.before_request(count_request)
            blueprint.before_request(require_json)
            if blueprint in TOLD:
                bodies.limit(blueprint)
            problems.register(blueprint)
        api.register_blueprint(blueprint)
    once.register(app)
    app.extensions["openapi"] = api
    app.register_blueprint(documentation.blueprint)
