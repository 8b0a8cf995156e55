"""Errors of the API as problem documents (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import ValidationError
from werkzeug.exceptions import UnprocessableEntity

from engine import BihuanError, StillRunning
from web import errors, value_reasons
from web.api.routes import Blueprint
from web.locale import gettext_verbatim

CONTENT_TYPE = "application/problem+json"
TYPE = "/api/problems#"
# errors that are none of the engine, by their status
CODES = {
    400: "not-understood",
    401: "not-signed-in",
    403: "refused",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    422: "not-valid",
    429: "too-many-requests",
    500: "fault",
    503: "unavailable",
}
PAUSE = "5"  # seconds after which it is worth trying again


STILL_RUNNING = errors.code_of(StillRunning)


@dataclass(frozen=True)
class Kind:
    """A kind of problem: the code by which programs know it, its HTTP status, and what it says to people."""

    code: str
    status: int
    words: str


def of_arguments(error: UnprocessableEntity) -> ResponseReturnValue:
    """This will answer arguments that do not fit their schema: every field with what is wrong in it."""
    messages: dict[str, Any] = getattr(error, "data", {}).get("messages", {})
    return errors.answer(422, "", errors=_flat(messages))


def of_validation(error: ValidationError) -> ResponseReturnValue:
    """This will answer a value that a view itself refused."""
    return errors.answer(422, "", errors=_flat({"form": error.messages_dict}))


def of_depth(_error: RecursionError) -> ResponseReturnValue:
    """This will answer JSON that is nested beyond measure."""
    return errors.answer(422, gettext("The data is nested too deeply."))


def _flat(messages: dict[str, Any]) -> dict[str, list[str]]:
    flat: dict[str, list[str]] = {}
    for _location, fields in messages.items():
        found = fields if isinstance(fields, dict) else {"": fields}
        for name, faults in found.items():
            flat.update(_of_field(str(name), faults))
    return flat


def _of_field(name: str, faults: Any) -> dict[str, list[str]]:
    """What is wrong in a field; each place inside of it has a name of its own: days.0.first."""
    if isinstance(faults, dict):
        found: dict[str, list[str]] = {}
        for key, inner in faults.items():
            found.update(_of_field(name if key == "_schema" else f"{name}.{key}", inner))
        return found
    listed = faults if isinstance(faults, list) else [faults]
    return {name: [value_reasons.told(str(fault), gettext_verbatim) for fault in listed]}


def as_problem(response: Response) -> Response:
    """This will turn an error told as JSON into a problem document; other answers stay as they are."""
    if response.status_code < 400 or response.mimetype != "application/json" or not request.path.startswith("/api/"):
        return response
    body = response.get_json(silent=True)
    if not isinstance(body, dict):
        return response
    title, _advice = errors.WORDS.get(response.status_code, errors.WORDS[400])
    code = body.pop("code", None) or CODES.get(response.status_code, CODES[400])
    problem = {"type": TYPE + code, "code": code, "title": str(title), "status": response.status_code}
    # what happened is the detail; what to do about it has a name of its own
    advice = {"advice": body.pop("detail")} if body.get("detail") else {}
    problem |= {"detail": body.pop("message", None) or str(title)} | advice | body
    answer = make_response(jsonify(problem), response.status_code)
    answer.headers.extend((name, value) for name, value in response.headers if not name.startswith("Content-"))
    answer.mimetype = CONTENT_TYPE
    if response.status_code == 503 or code == STILL_RUNNING:
        answer.headers.setdefault("Retry-After", PAUSE)
    return answer


def kinds() -> list[Kind]:
    """This will list all kinds of problems by their codes."""
    found = {
        code: Kind(code, status, str(errors.WORDS.get(status, errors.WORDS[400])[0])) for status, code in CODES.items()
    }
    waiting = list(BihuanError.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        code = errors.code_of(kind)
        status = next((number for known, number in errors.STATUS.items() if issubclass(kind, known)), 500)
        found.setdefault(code, Kind(code, status, gettext_verbatim(" ".join((kind.__doc__ or "").split()))))
    return [found[code] for code in sorted(found)]


def prepare(app: Flask) -> None:
    """This will turn every error that `app` answers under /api into a problem document."""
    app.after_request(as_problem)


def register(blueprint: Blueprint) -> None:
    """This will let the views of `blueprint` answer errors as problem documents."""
    blueprint.register_error_handler(UnprocessableEntity, of_arguments)
    blueprint.register_error_handler(ValidationError, of_validation)
    blueprint.register_error_handler(RecursionError, of_depth)
