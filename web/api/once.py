"""Requests that count once: a POST with the header `Idempotency-Key` does its work the first time, and after that only
answers as it did then.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, make_response, request
from flask_babel import gettext
from marshmallow import ValidationError

from engine import Answered, Asked
from web import current

HEADER = "Idempotency-Key"
REPEATED = "Idempotency-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Any text of your choice that is new for each request, such as a UUID: the same request sent again "
    "within 24 hours does nothing more and gets the same answer.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$", "maxLength": 200},
}


def register(app: Flask, prefix: str = "/api/") -> None:
    """This will let every POST below `prefix` be sent twice without harm."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(prefix) and "POST" in (rule.methods or ()):
            app.view_functions[rule.endpoint] = counted_once(app.view_functions[rule.endpoint])


def counted_once(view: Callable[..., Any]) -> Callable[..., Any]:
    """This will run `view` once for each key; without a key, each time."""

    @wraps(view)
    def run(**arguments: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST":
            return view(**arguments)
        if not KEY.fullmatch(key):
            raise ValidationError({HEADER: [gettext("1 to 200 ASCII characters without spaces are needed")]})
        person_id = current.actor().person_id
        assert person_id is not None
        answered = current.engine().once(Asked(person_id, key, fingerprint()), lambda: _answered(view, arguments))
        response = Response(answered.body, answered.status, content_type=answered.content_type or None)
        if not answered.body:
            response.headers.pop("Content-Type", None)
        if answered.is_repeated:
            response.headers[REPEATED] = "true"
        return response

    return run


def _answered(view: Callable[..., Any], arguments: dict[str, Any]) -> Answered:
    response = make_response(view(**arguments))
    return Answered(response.status_code, response.content_type or "", response.get_data(as_text=True))


def fingerprint() -> str:
    """This will return the SHA-256 over method, address and body; a form by its fields, for its boundary changes."""
    found = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype == "multipart/form-data":
        found.update(json.dumps(sorted(request.form.items(multi=True))).encode())
        for name, file in sorted(request.files.items(multi=True), key=lambda pair: pair[0]):
            digest = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]
            file.stream.seek(0)
            found.update(f"{name} {file.filename} {digest}\n".encode())
    else:
        found.update(request.get_data(cache=True))
    return found.hexdigest()
