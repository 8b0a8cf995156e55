"""What a dialog of a page gets as an answer: where to go on, with a message to read there."""

from __future__ import annotations

from uuid import UUID

from flask import flash, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from web import errors
from web.addresses import safe


def answered(location: str, words: str, level: str = "success") -> ResponseReturnValue:
    """This will tell `words` on the page at `location`, which the dialog opens next.

    A refusal needs nothing here: errors of the engine are answered as JSON, which the dialog shows.
    """
    flash(words, level)
    if errors.wants_json():
        return jsonify(location=location)
    return redirect(location, 303)


def text(name: str) -> str:
    """This will return what was typed under `name`, without blanks around it."""
    return request.form.get(name, "").strip()


def back(home: str) -> str:
    """This will return the page that the dialog stands on, when the form names it, else `home`."""
    return safe(request.form.get("next"), home)


def ticked() -> list[UUID]:
    """This will return the ids of the rows that were ticked; what is no id is left out."""
    return [id for id in map(_id, request.form.getlist("ids")) if id is not None]


def _id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
