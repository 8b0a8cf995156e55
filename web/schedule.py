"""For operators: what the calendar asks for, and which worker processes there are."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import calendar_jobs, workers
from web import current
from web.admin import guard

blueprint = Blueprint("schedule", __name__, url_prefix="/admin/schedule")
guard(blueprint)

RESULTS = (
    (r"(?P<cases>\d+) cases, (?P<files>\d+) files", lazy_gettext("%(cases)s cases, %(files)s files")),
    (r"no\. (?P<number>\d+)", lazy_gettext("number %(number)s")),
)


@blueprint.get("")
def index() -> str:
    """This will list calendar jobs with their last and next run, and the worker processes of the last day."""
    return render_template(
        "admin/schedule.html",
        jobs=current.read(calendar_jobs.schedule),
        workers=current.engine().read(workers.seen),
        words=_words,
        gone_before=datetime.now(UTC) - workers.GONE,
    )


def _words(result: str) -> str:
    """What a run brought about, in the language of the page: a number stays a number."""
    for pattern, sentence in RESULTS:
        if found := re.fullmatch(pattern, result):
            return str(sentence) % found.groupdict()
    return result


@blueprint.post("/<name>")
def run(name: str) -> ResponseReturnValue:
    """This will run a calendar job now."""
    done = calendar_jobs.run_now(current.engine(), name, by=current.actor())
    if done.error:
        flash(gettext("It failed: %(reason)s", reason=done.error.strip().rpartition("\n")[2]), "danger")
    else:
        flash(gettext("It ran."), "success")
    return redirect(url_for("schedule.index"))
