"""A page that shows the OpenAPI description readably; made on the server, so it needs no script of anybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from web.api import problems, promises

blueprint = Blueprint("api-pages", __name__, url_prefix="/api")

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Member:
    """One parameter of an operation, or one member of a JSON object."""

    name: str
    kind: str
    description: str = ""
    where: str = ""
    is_required: bool = False
    schema: str | None = None


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    method: str
    address: str
    summary: str
    description: str
    parameters: list[Member] = field(default_factory=list)
    body: Member | None = None
    answers: list[Member] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """This will return the part of the address after # that leads to the operation."""
        words = [part.strip("{}") for part in self.address.split("/") if part]
        return "-".join([self.method, *words])


def resolved(spec: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """This will follow a `$ref` inside the description."""
    target: Any = part
    while "$ref" in target:
        place = target["$ref"].removeprefix("#/").split("/")
        target = spec
        for step in place:
            target = target[step]
    return dict(target)


def kind_of(schema: dict[str, Any]) -> tuple[str, str | None]:
    """This will say in words what a schema takes, and the name of the schema to read further, if there is one."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return name, name
    for part in schema.get("allOf", ()):
        return kind_of(part)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"] if value is not None), None
    kind = schema.get("type", "any JSON")
    kinds = [each for each in kind if each != "null"] if isinstance(kind, list) else [kind]
    if kinds == ["array"]:
        word, name = kind_of(schema.get("items", {}))
        return f"list of {word}", name
    if schema.get("format"):
        return str(schema["format"]), None
    return " | ".join(kinds), None


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, list[Operation]]]:
    """This will give the operations of the description under the title of their group."""
    groups: dict[str, list[Operation]] = {}
    titles = {tag["name"]: tag.get("description") or tag["name"] for tag in spec.get("tags", ())}
    for address, methods in spec["paths"].items():
        shared = methods.get("parameters", [])
        for method in METHODS:
            if method in methods:
                told = methods[method]
                title = titles[told["tags"][0]]
                groups.setdefault(title, []).append(_operation(spec, method, address, told, shared))
    yield from groups.items()


def _operation(
    spec: dict[str, Any], method: str, address: str, told: dict[str, Any], shared: list[dict[str, Any]]
) -> Operation:
    parameters = [_parameter(resolved(spec, part)) for part in [*shared, *told.get("parameters", [])]]
    body = resolved(spec, told["requestBody"]) if "requestBody" in told else None
    answers = [_answer(status, resolved(spec, part)) for status, part in sorted(told["responses"].items())]
    return Operation(
        method=method,
        address=address,
        summary=told.get("summary", ""),
        description=told.get("description", ""),
        parameters=parameters,
        body=_content(body) if body else None,
        answers=[answer for answer in answers if answer.schema != promises.PROBLEM],
    )


def _parameter(part: dict[str, Any]) -> Member:
    schema = part.get("schema", {})
    kind, _name = kind_of(schema)
    description = part.get("description") or schema.get("description", "")
    if schema.get("default") not in (None, "", [], {}):
        description = f"{description} (default: {schema['default']})"
    return Member(part["name"], kind, description, part["in"], part.get("required", False))


def _content(part: dict[str, Any]) -> Member:
    for media, content in part.get("content", {}).items():
        kind, name = kind_of(content.get("schema", {}))
        return Member(media, kind if name else "", part.get("description", ""), schema=name)
    return Member("", "", part.get("description", ""))


def _answer(status: str, part: dict[str, Any]) -> Member:
    content = _content(part)
    return Member(str(status), content.kind, part.get("description", ""), content.name, schema=content.schema)


def schemas(spec: dict[str, Any]) -> Iterator[tuple[str, str, list[Member]]]:
    """This will give each schema's name, description and members."""
    for name, schema in sorted(spec.get("components", {}).get("schemas", {}).items()):
        if name in ("Error", "PaginationMetadata"):
            continue
        required = schema.get("required", ())
        members = []
        for member, part in schema.get("properties", {}).items():
            kind, target = kind_of(part)
            members.append(Member(member, kind, part.get("description", ""), "", member in required, target))
        yield name, schema.get("description", ""), members


@blueprint.get("/problems")
def kinds() -> ResponseReturnValue:
    """This will list all kinds of problems, where the `type` of each leads to, for people who are signed in."""
    if not current_user.is_authenticated:
        return redirect(url_for("accounts.sign_in", next=request.path))
    return render_template("api/problems.html", kinds=problems.kinds())


@blueprint.get("/docs")
def docs() -> ResponseReturnValue:
    """This will show the whole API on one page, to people who are signed in."""
    if not current_user.is_authenticated:
        return redirect(url_for("accounts.sign_in", next=request.path))
    spec: dict[str, Any] = current_app.extensions["openapi"].to_dict()
    return render_template("api/docs.html", spec=spec, groups=list(operations(spec)), schemas=list(schemas(spec)))
