"""For operators: what the calendar asks for, and which worker processes there are."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import calendar_jobs, workers
from web import current
from web.admin import guard

blueprint = Blueprint("schedule", __name__, url_prefix="/admin/schedule")
guard(blueprint)


@blueprint.get("")
def index() -> str:
    """This will list calendar jobs with their last and next run, and the worker processes of the last day."""
    return render_template(
        "admin/schedule.html",
        jobs=current.read(calendar_jobs.schedule),
        workers=current.engine().read(workers.seen),
        gone_before=datetime.now(UTC) - workers.GONE,
    )


@blueprint.post("/<name>")
def run(name: str) -> ResponseReturnValue:
    """This will run a calendar job now."""
    done = calendar_jobs.run_now(current.engine(), name, by=current.actor())
    if done.error:
        flash(gettext("It failed: %(reason)s", reason=done.error.strip().rpartition("\n")[2]), "danger")
    else:
        flash(gettext("It ran."), "success")
    return redirect(url_for("schedule.index"))
