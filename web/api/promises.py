"""What every operation of the API promises beside its own words: its scope, its refusals, that it may be sent twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import BasePlugin
from marshmallow import Schema, fields

from web.api import once
from web.api.schemas import text

PROBLEM = "Problem"
CONTENT_TYPE = "application/problem+json"
OF_ALL = (400, 401, 403, 404, 422, 429, 503)
OF_CHANGES = (409, 413, 415)
NO_CSRF = ("get", "head", "options")
METHODS = ("get", "put", "post", "delete", "patch")


class FaultTold(Schema):
    """One thing that is wrong in what was sent."""

    reason = text("What is wrong.")
    element = text("Id of the element.", allow_none=True)
    name = text("Name of the element.", allow_none=True)
    line = fields.Integer(allow_none=True)


class Problem(Schema):
    """What went wrong, as RFC 9457 has it."""

    type = text("Address of the kind of problem: what programs tell problems apart by.", required=True)
    code = text("The same in one word, such as `task-taken`: it does not change with the language.", required=True)
    title = text("What kind of thing went wrong, for people.", required=True)
    status = fields.Integer(required=True, metadata={"description": "HTTP status."})
    detail = text("What went wrong, for people, in their language.", required=True)
    advice = text("What to do about it.")
    errors = fields.Dict(
        keys=fields.String(), values=fields.Raw(), metadata={"description": "What is wrong, by field."}
    )
    faults = fields.List(fields.Nested(FaultTold), metadata={"description": "What is wrong in a diagram."})
    number = text("Number under which operators find the fault in the log.")


class Promises(BasePlugin):
    """Adds to each operation what holds for all of them, when it is described."""

    def __init__(self, scopes: Mapping[str, str]) -> None:
        """This will tell scopes by the name of the group of operations."""
        super().__init__()
        self.scopes, self.spec = scopes, None

    def init_spec(self, spec: Any) -> None:
        """This will describe the answers that all operations share."""
        super().init_spec(spec)
        spec.components.schema(PROBLEM, schema=Problem)
        reference = {"$ref": f"#/components/schemas/{PROBLEM}"}
        for status in (*OF_ALL, *OF_CHANGES):
            described = {"description": PHRASES[status], "content": {CONTENT_TYPE: {"schema": reference}}}
            if status in (429, 503) or status == 409:
                described["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
            spec.components.response(f"{PROBLEM}{status}", described)

    def operation_helper(self, path: str | None = None, operations: Any = None, **_more: Any) -> None:
        """This will add scope, refusals and the key of requests that count once."""
        for method, told in (operations or {}).items():
            if method not in METHODS:
                continue
            scope = "read" if method == "get" else self.scopes.get((told.get("tags") or [""])[0], "read")
            told["x-scope"] = scope
            told["description"] = "\n\n".join(filter(None, [told.get("description"), f"Scope: `{scope}`."]))
            told["security"] = [{"token": []}, {"session": []} if method in NO_CSRF else {"session": [], "csrf": []}]
            answers = told.setdefault("responses", {})
            for name in ("422", 422, "default"):
                answers.pop(name, None)
            for status in (*OF_ALL, *(() if method == "get" else OF_CHANGES)):
                answers[str(status)] = {"$ref": f"#/components/responses/{PROBLEM}{status}"}
            if method == "post":
                told.setdefault("parameters", []).append(dict(once.PARAMETER))


PHRASES = {
    400: "The request could not be understood.",
    401: "Nobody is signed in, or the token is void.",
    403: "The account may not do this, or the token lacks the scope.",
    404: "There is no such thing.",
    409: "Things have changed meanwhile: `detail` says who did what.",
    413: "What was sent is too large.",
    415: "What was sent is of a type that is not taken.",
    422: "What was sent is not filled in correctly: `errors` names the fields.",
    429: "Too many requests; wait as long as `Retry-After` says.",
    503: "This cannot be done at the moment; nothing was changed.",
}
