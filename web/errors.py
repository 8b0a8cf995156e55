"""The one table from kinds of errors to HTTP statuses, and the pages and JSON that tell people what went wrong."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from flask import Flask, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, refresh
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine import BihuanError, Conflict, Invalid, NotFound, Refused, Unavailable
from web.locale import sentence

log = logging.getLogger(__name__)

STATUS: dict[type[BihuanError], int] = {NotFound: 404, Refused: 403, Conflict: 409, Invalid: 422, Unavailable: 503}

# status -> what happened, what to do
WORDS: dict[int, tuple[Any, Any]] = {
    400: (
        lazy_gettext("The request could not be understood"),
        lazy_gettext("Go back, load the page anew and try again."),
    ),
    401: (lazy_gettext("You are not signed in"), lazy_gettext("Sign in and try again.")),
    403: (
        lazy_gettext("You may not do this"),
        lazy_gettext("If this is your work, ask your administrator for the role named above."),
    ),
    404: (
        lazy_gettext("There is no such page"),
        lazy_gettext("The address may be wrong, or what you look for was removed. Search for it by its number."),
    ),
    405: (lazy_gettext("This cannot be done here"), lazy_gettext("Go back and use the buttons of the page.")),
    409: (
        lazy_gettext("Somebody else was faster"),
        lazy_gettext("Load the page anew to see how it stands now."),
    ),
    413: (
        lazy_gettext("The file is too large"),
        lazy_gettext("Files may have up to %(limit)s MB. Choose a smaller one or compress the photo."),
    ),
    422: (lazy_gettext("Something is not filled in correctly"), lazy_gettext("Go back and correct what is named.")),
    429: (lazy_gettext("Too many attempts"), lazy_gettext("Wait a minute and try again.")),
    500: (
        lazy_gettext("Something went wrong on the server"),
        lazy_gettext("Nothing was saved. Try again; if it happens again, tell the operator the number of this error."),
    ),
    503: (
        lazy_gettext("The server cannot do this at the moment"),
        lazy_gettext("Try again in a minute; if it stays so, tell the operator."),
    ),
}


def status_of(error: BihuanError) -> int:
    """This will return the HTTP status of an error of the engine, by its kind."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def code_of(kind: type[BihuanError]) -> str:
    """This will return the name of a kind of error as programs know it: TaskTaken is `task-taken`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind.__name__).lower()


def wants_json() -> bool:
    """This will tell whether the caller is a script that reads JSON, not a person who reads a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    accepted = request.accept_mimetypes
    return bool(accepted) and accepted["application/json"] > accepted["text/html"]


def answer(status: int, fact: str, *, number: str = "", **more: Any) -> ResponseReturnValue:
    """This will answer with `status` and the `fact` that explains it, as a page, a part of a page or JSON."""
    title, advice = WORDS.get(status, WORDS[400 if status < 500 else 500])
    advice = str(advice)
    if status == 413:
        advice = gettext(
            "Files may have up to %(limit)s MB. Choose a smaller one or compress the photo.", limit=_upload_limit()
        )
    if wants_json():
        body = {"message": fact or str(title), "detail": advice} | more | ({"number": number} if number else {})
        return make_response(jsonify(body), status)
    template = "errors/part.html" if request.headers.get("HX-Request") else "errors/page.html"
    page = render_template(
        template, status=status, title=str(title), fact=fact, advice=advice, number=number, errors=more.get("errors")
    )
    response = make_response(page, status)
    if request.headers.get("HX-Request"):
        # a message over the page: inside it, it would push away the row that is pressed next
        response.headers["HX-Retarget"] = "#flashes"
        response.headers["HX-Reswap"] = "beforeend"
    return response


def _upload_limit() -> int:
    from web import current

    return current.settings().upload_megabytes


def of_engine(error: Exception) -> ResponseReturnValue:
    """This will answer an error of the engine."""
    assert isinstance(error, BihuanError)
    more: dict[str, Any] = {"code": code_of(type(error))} if wants_json() else {}
    if (errors := getattr(error, "errors", None)) is not None:
        more["errors"] = errors
    if faults := getattr(error, "faults", None):
        more["faults"] = [
            {"reason": fault.reason, "element": fault.element, "name": fault.name, "line": fault.line}
            for fault in faults
        ]
    status = status_of(error)
    if status == 503:
        ask_nothing(error)
    return of_fault(error) if status == 500 else answer(status, sentence(error), **more)


def of_http(error: Exception) -> ResponseReturnValue:
    """This will answer an HTTP error that Flask or an extension raised."""
    assert isinstance(error, HTTPException)
    if error.response is not None:
        return error.get_response()
    if isinstance(error, CSRFError):
        return answer(400, gettext("This page was open for too long: it is no longer valid."))
    try:
        return answer(error.code or 500, "")
    except Unavailable as away:  # the page asks who is signed in
        return of_engine(away)


def ask_nothing(error: Exception) -> None:
    """This will let the page of an error ask the database for nothing, not even who is signed in: it may be that."""
    if isinstance(error, Unavailable):
        log.error("%s at %s %s", error.__cause__ or error, request.method, request.path)
    g.fault, g._login_user = g.get("fault", ""), AnonymousUserMixin()
    refresh()
    g.pop("catalog", None)


def of_fault(error: Exception) -> ResponseReturnValue:
    """This will log a fault of ours under a number and tell the person the number, and nothing else."""
    number = secrets.token_hex(4).upper()
    log.error("error %s at %s %s", number, request.method, request.path, exc_info=error)
    g.fault = number
    ask_nothing(error)
    return answer(500, "", number=number)


def register(app: Flask) -> None:
    """This will answer all errors of `app` by the table."""
    app.register_error_handler(BihuanError, of_engine)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_fault)
