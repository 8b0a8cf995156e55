"""Headers that keep a page from running what it should not: a strict content security policy and its companions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request

from web import current

F = TypeVar("F", bound=Callable[..., Any])

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}


def allow_inline_styles(view: F) -> F:
    """This will loosen the policy for a view whose editor (CodeMirror) writes style elements."""
    view.inline_styles = True  # type: ignore[attr-defined]
    return view


def policy() -> str:
    """This will return the content security policy of this request's view."""
    view = current_app.view_functions.get(request.endpoint or "")
    rules = dict(POLICY)
    if getattr(view, "inline_styles", False):
        rules["style-src"] = "'self' 'unsafe-inline'"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def protect(response: Response) -> Response:
    """This will set the headers on `response`; a page is asked for anew, a file in `static` may be kept."""
    response.headers.setdefault("Content-Security-Policy", policy())
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current.settings().https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static":
        # not no-store: a browser that goes back shall find the list where it was left
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def register(app: Flask) -> None:
    """This will protect every answer of `app`."""
    app.after_request(protect)
