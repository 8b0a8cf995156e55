"""Looking up people, queues, units and steps by words, for the search fields of dialogs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from engine import queries
from web import current
from web.formatting import role_title

blueprint = Blueprint("colleagues", __name__, url_prefix="/find")

STEPS = 20  # of a search; one more word finds the others


@blueprint.get("/people")
def people() -> ResponseReturnValue:
    """This will list who may be chosen: for a task whom it may be given to, else people in line with the person."""
    task, case = request.args.get("task", type=UUID), request.args.get("case", type=UUID)
    if task is not None:
        found = current.read(queries.targets, task, q=_words())
    else:
        found = current.read(queries.colleagues, q=_words(), case_id=case, queues="queues" in request.args)
    return jsonify(items=[_shown(each) for each in found])


@blueprint.get("/queues")
def queues() -> ResponseReturnValue:
    """This will list the queues of units that the person leads."""
    return jsonify(items=[_shown(each) for each in current.read(queries.led_queues, q=_words())])


@blueprint.get("/units")
def units() -> ResponseReturnValue:
    """This will list units that the person oversees."""
    found = current.read(queries.find_units, q=_words())
    return jsonify(items=[{"value": each.code, "name": each.name, "detail": each.code} for each in found])


@blueprint.get("/steps")
def steps() -> ResponseReturnValue:
    """This will list the steps that people do, with their processes."""
    words, found = _words().lower().split(), []
    for process in current.read(queries.processes):
        for step in process.steps:
            if all(word in f"{step} {process.name}".lower() for word in words):
                found.append({"value": step, "name": step, "detail": process.name})
    return jsonify(items=found[:STEPS])


def _words() -> str:
    return request.args.get("q", "")[:100]


def _shown(each: queries.Colleague) -> dict[str, Any]:
    if each.is_queue:
        detail = ngettext("everybody there: %(num)d person", "everybody there: %(num)d people", each.people)
        role, unit = each.posts[0]
        return {"value": each.value, "name": f"{unit} {role_title(role)}", "detail": detail}
    posts = gettext(", ").join(f"{unit} {role_title(role)}" for role, unit in each.posts[:2]) or each.value
    away = gettext("away at the moment") if each.is_away else ""
    return {"value": each.value, "name": each.name, "detail": " · ".join(filter(None, (posts, away)))}
