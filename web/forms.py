"""What a page hands to the form bundle, and what the bundle sends back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext

from engine import forms
from web.dossier import File


@dataclass(frozen=True)
class Button:
    """A button below a form: `value` is the outcome it sends, None when the form knows no outcomes."""

    label: str
    value: str | None = None
    is_main: bool = True
    is_danger: bool = False
    validates: bool = True


def buttons(schema: Mapping[str, Any] | None) -> list[Button]:
    """This will return the buttons of a form: its outcomes, the main one first; without any, one that submits."""
    outcomes = forms.parse(schema).outcomes if schema else ()
    if not outcomes:
        return [Button(gettext("Submit"))]
    main = next((each for each in outcomes if each.is_main or each.style == "primary"), outcomes[0])
    return [
        Button(each.label, each.value, each is main, each.style == "danger", each.validates)
        for each in sorted(outcomes, key=lambda each: each is not main)
    ]


def filled(schema: Mapping[str, Any] | None, data: Mapping[str, Any], files: Sequence[File]) -> dict[str, Any]:
    """This will return the data as the bundle wants them: a stored file is an id, the bundle shows its name."""
    known = {file.id: file.as_json() for file in files}
    result = dict(data)
    if schema:
        _expand(result, forms.parse(schema).fields, known)
    return result


def _expand(data: dict[str, Any], fields: Iterable[forms.FormField], known: Mapping[str, dict[str, Any]]) -> None:
    for each in fields:
        *way, last = each.path.split(".")
        holder: Any = data
        for name in way:
            holder[name] = dict(holder[name]) if isinstance(holder.get(name), Mapping) else {}
            holder = holder[name]
        content = holder.get(last)
        if each.type == "filepicker" and content:
            ids = content if isinstance(content, list) else [content]
            found = [item if isinstance(item, Mapping) else known.get(str(item)) for item in ids]
            holder[last] = [item for item in found if item]
        elif each.fields and isinstance(content, list):
            rows = [dict(row) for row in content if isinstance(row, Mapping)]
            for row in rows:
                _expand(row, each.fields, known)
            holder[last] = rows


def sent() -> tuple[dict[str, Any], str | None]:
    """This will return what the bundle sent: the values by field, and the outcome of the pressed button."""
    body = request.get_json(silent=True)
    body = body if isinstance(body, dict) else {}
    data, outcome = body.get("data"), body.get("outcome")
    return data if isinstance(data, dict) else {}, str(outcome) if outcome is not None else None
