"""Copies of cases to read: those sent to me, with receipts, and sending some."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext

from engine import queries
from web import current
from web.addresses import here
from web.dialogs import answered, back, text, ticked
from web.narrowing import Chip
from web.navigation import Entry

blueprint = Blueprint("readings", __name__)

STATES = {"unread": True, "read": False}


@blueprint.get("/readings")
def index() -> str:
    """This will list the copies sent to the person, unread ones on top."""
    state = request.args.get("state", "")
    page = current.read(queries.readings, unread=STATES.get(state), after=request.args.get("after"))
    words = (("", gettext("All")), ("unread", gettext("Unread")), ("read", gettext("Read")))
    chips = [
        Chip(here(state=name or None, after=None), title, waiting() if name == "unread" else None, state == name)
        for name, title in words
    ]
    return render_template("readings/index.html", page=page, chips=chips, state=state)


@blueprint.post("/readings/<uuid:reading_id>/read")
def mark_read(reading_id: UUID) -> ResponseReturnValue:
    """This will give the receipt of a copy."""
    current.engine().mark_read(reading_id, by=current.actor())
    return answered(back(url_for("readings.index")), gettext("Marked as read; who sent it sees that."))


@blueprint.post("/readings/read")
def mark_all_read() -> ResponseReturnValue:
    """This will give the receipts of the copies that were ticked, or of all that stand on the first page."""
    ids = ticked()
    if request.form.get("all"):
        ids = [row.id for row in current.read(queries.readings, unread=True, limit=200).items]
    done = current.engine().mark_all_read(ids, by=current.actor())
    count = sum(each.is_done for each in done)
    words = ngettext("%(num)d copy marked as read.", "%(num)d copies marked as read.", count)
    return answered(url_for("readings.index"), words)


@blueprint.post("/cases/<uuid:case_id>/copies")
def send(case_id: UUID) -> ResponseReturnValue:
    """This will send copies of a case."""
    task_id = request.form.get("task", type=UUID)
    made = current.engine().copy_case(
        case_id, request.form.getlist("to"), by=current.actor(), note=text("note"), task_id=task_id
    )
    home = back(url_for("cases.show", case_id=case_id))
    if not made:
        return answered(home, gettext("They all have an unread copy already; none was sent."), "info")
    return answered(home, ngettext("%(num)d copy sent.", "%(num)d copies sent.", len(made)))


def waiting() -> int:
    """This will count the copies that the person has not read; asked once a request."""
    return int(current.framed("unread_copies"))


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    """This will let the tabs of one's work tell how many copies are unread."""
    return {"unread_copies": waiting}


frame = {"unread_copies": queries.unread_count}
navigation = [Entry("readings.index", lazy_gettext("To read"), "mail", count=waiting)]
