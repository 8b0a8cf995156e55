"""Cases: the list, the file of one, and starting a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext

from engine import bpmn, queries
from web import current, filing, forms
from web.addresses import here, safe
from web.api import schemas
from web.formatting import case_state
from web.inbox import may_start
from web.limit_words import STATES as STATES_OF_LIMITS
from web.narrowing import Chip
from web.navigation import Entry

blueprint = Blueprint("cases", __name__, url_prefix="/cases")

STATES = ("open", "suspended", "closed", "cancelled")
LIMIT_CHIPS = ("exceeded", "paused")  # states of limits that one looks for
NOT_FILTERS = {"q", "state", "process", "after", "sort", "limit_state", "limit_code"}


@blueprint.get("/")
def index() -> str:
    """This will list the cases that the person may see, newest first."""
    asked = _asked()
    page = current.read(queries.cases, **asked, after=request.args.get("after"))
    return render_template(
        "cases/index.html",
        page=page,
        q=asked["q"],
        chips=list(_chips(asked)),
        filters=list(_filters()),
        is_filtered=any(name != "after" for name in request.args),
    )


def _asked() -> dict[str, Any]:
    args = request.args
    return {
        "q": args.get("q", "").strip()[:100],
        "state": args["state"] if args.get("state") in STATES else None,
        "process_id": args.get("process") or None,
        "limit_state": args["limit_state"] if args.get("limit_state") in queries.LIMIT_FILTERS else None,
        "limit_code": args.get("limit_code") or None,
        "filters": {name: value for name, value in args.items() if name not in NOT_FILTERS and value},
    }


def _chips(asked: dict[str, Any]) -> Iterator[Chip]:
    yield Chip(here(state=None, after=None), gettext("All"), is_current=asked["state"] is None)
    for state in STATES:
        yield Chip(here(state=state, after=None), case_state(state), is_current=asked["state"] == state)
    for state in LIMIT_CHIPS:
        is_current = asked["limit_state"] == state
        title = gettext("limit: %(state)s", state=STATES_OF_LIMITS[state])
        yield Chip(here(limit_state=None if is_current else state, after=None), title, is_current=is_current)


def _filters() -> Iterator[Chip]:
    if code := request.args.get("limit_code"):
        name = current.read(queries.limit_names).get(code, code)
        yield Chip(here(limit_code=None, after=None), name, is_current=True)
    for name, value in request.args.items():
        if name not in NOT_FILTERS and value:
            yield Chip(here(**{name: None, "after": None}), f"{name}: {value}", is_current=True)


@blueprint.get("/<uuid:case_id>")
def show(case_id: UUID) -> str:
    """This will show the file of a case: who has it now, who got copies, and whether the person may urge."""
    file = filing.file_of(current.read(queries.case, case_id))
    copies, me = current.read(queries.case_readings, case_id), current.actor().person_id
    return render_template(
        "cases/show.html",
        **file,
        urgeable=current.read(queries.urgeable, case_id),
        may_copy=current.read(queries.may_copy, case_id),
        copies=copies,
        unread=[row for row, _name in copies if row.person_id == me and row.read_at is None],
    )


@blueprint.get("/<uuid:case_id>/export.json")
def export(case_id: UUID) -> Response:
    """This will give the case as JSON to whoever may read it: data, tasks, files and what happened.

    Network addresses are left out: the history that proves itself has them, for operators.
    """
    view = current.read(queries.case, case_id)
    history = schemas.HistoryEntry(many=True).dump(view.history)
    response = jsonify({**schemas.CaseShown().dump(view), "history": history})
    response.headers.set("Content-Disposition", "attachment", filename=f"{view.case.number}.json")
    return response


@blueprint.get("/<uuid:case_id>/diagram")
def diagram(case_id: UUID) -> Response:
    """This will give the diagram by which the case runs."""
    view = current.read(queries.case, case_id)
    xml: str = current.read(queries.diagram, view.case.definition_id)
    return Response(bpmn.shown(xml.encode(), view.case.process_id), mimetype="application/xml")


@blueprint.post("/<uuid:case_id>/comments")
def comment(case_id: UUID) -> ResponseReturnValue:
    """This will add a comment to the history of a case."""
    words = request.form.get("text", "").strip()
    if words:
        current.engine().comment(case_id, by=current.actor(), text=words)
    return redirect(safe(request.form.get("next"), url_for("cases.show", case_id=case_id)), 303)


@blueprint.get("/start")
def start() -> ResponseReturnValue:
    """This will show the processes of which the person may start a case; one alone opens at once."""
    processes = current.read(queries.startable)
    if len(processes) == 1:
        return redirect(url_for("cases.start_form", process_id=processes[0].process_id))
    return render_template("cases/start.html", processes=processes)


@blueprint.get("/start/<process_id>")
def start_form(process_id: str) -> str:
    """This will show the form that starts a case."""
    view = current.read(queries.start, process_id)
    return render_template(
        "cases/start_form.html",
        process=view,
        schema=view.form,
        data=forms.filled(view.form, view.draft or {}, []),
        draft_at=current.read(queries.draft_saved_at, process_id),
        buttons=forms.buttons(view.form),
    )


@blueprint.post("/start/<process_id>")
def begin(process_id: str) -> ResponseReturnValue:
    """This will start a case with what was filled in."""
    data, _ = forms.sent()
    case = current.engine().start_case(process_id, data, by=current.actor(), locale=str(get_locale()))
    flash(gettext("Started: %(number)s %(title)s", number=case.number, title=case.title), "success")
    return jsonify(location=url_for("cases.show", case_id=case.id))


@blueprint.put("/start/<process_id>/draft")
def save_draft(process_id: str) -> ResponseReturnValue:
    """This will keep what was typed so far, for the person alone."""
    current.engine().save_draft(process_id, by=current.actor(), data=forms.sent()[0])
    return jsonify(saved=True)


navigation = [
    Entry(
        "cases.start",
        lazy_gettext("New case"),
        "plus",
        visible=lambda actor: may_start(),
        phone=lazy_gettext("New case"),
        within=("cases.start_form",),
    ),
    Entry("cases.index", lazy_gettext("Cases"), "folder", phone=lazy_gettext("Look up"), within=("cases.show",)),
]
