"""For operators: the seals over all histories, the proof of one, and what goes to other programs."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import ZONE, BihuanError, Chosen, anchors
from web import admin, current
from web.api.audit import streamed
from web.locale import sentence

blueprint = Blueprint("audit", __name__, url_prefix="/admin/audit")
admin.guard(blueprint)


@blueprint.get("/")
def index() -> str:
    """This will show the anchors with their lines, and the proof of a case that is asked for."""
    number, fault, verdict = request.args.get("case", "").strip()[:64], "", None
    if number:
        try:
            verdict = current.engine().verify_case(number, by=current.actor())
        except BihuanError as error:
            fault = sentence(error)
    return render_template(
        "audit/index.html",
        anchors=[(anchor, anchors.line(anchor)) for anchor in current.engine().anchors(by=current.actor(), limit=60)],
        number=number,
        fault=fault,
        verdict=verdict,
        breaks=[sentence(each.error()) for each in verdict.breaks] if verdict else [],
    )


@blueprint.post("/anchors")
def make_anchor() -> ResponseReturnValue:
    """This will seal what happened since the last anchor."""
    anchor = current.engine().anchor(by=current.actor())
    flash(gettext("Anchor %(number)s is made; keep its line on paper.", number=anchor.number), "success")
    return redirect(url_for("audit.index"), 303)


@blueprint.get("/cases/<uuid:case_id>")
def history(case_id: UUID) -> Response:
    """This will give the history of a case as a file that proves itself."""
    document = current.engine().export_history(case_id, by=current.actor())
    response = Response(json.dumps(document, ensure_ascii=False, indent=1), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{case_id}.json"'
    return response


@blueprint.get("/log")
def log() -> Response:
    """This will give many histories as a log for process mining."""
    args = request.args
    chosen = Chosen(
        process_id=args.get("process") or None,
        since=_day(args.get("from")),
        until=_day(args.get("to")),
        has_names=args.get("names") == "yes",
    )
    return streamed(chosen, "ocel" if args.get("kind") == "ocel" else "xes")


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").replace(tzinfo=ZONE)
    except ValueError:
        return None
