"""A task: what is asked, the form, the file; claim, release, complete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from engine import queries
from web import current, dossier
from web.addresses import safe

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")


@blueprint.get("/<uuid:task_id>")
def show(task_id: UUID) -> ResponseReturnValue:
    """This will show a task with its form and the file of its case; a task that is over says who ended it and when."""
    view = current.read(queries.task, task_id)
    if view.task.state != "open":
        return render_template("tasks/over.html", view=view, **dossier.of_case(view.case.id))
    return render_template("tasks/show.html", **dossier.of_task(view))


@blueprint.post("/<uuid:task_id>/claim")
def claim(task_id: UUID) -> ResponseReturnValue:
    """This will take the task from its queue for the person."""
    task = current.engine().claim_task(task_id, by=current.actor())
    if request.headers.get("HX-Request"):
        return render_template("inbox/row.html", task=task)
    return redirect(safe(request.form.get("next"), url_for("tasks.show", task_id=task_id)), 303)


@blueprint.post("/<uuid:task_id>/release")
def release(task_id: UUID) -> ResponseReturnValue:
    """This will put the task back into its queue."""
    current.engine().release_task(task_id, by=current.actor())
    flash(gettext("The task is back in its queue."), "success")
    return redirect(url_for("inbox.index"), 303)


@blueprint.post("/<uuid:task_id>/complete")
def complete(task_id: UUID) -> ResponseReturnValue:
    """This will finish the task with what was filled in, and lead back to the inbox."""
    sent = sent_form()
    case = current.engine().complete_task(
        task_id, by=current.actor(), data=sent["data"], outcome=sent["outcome"], locale=str(get_locale())
    )
    flash(gettext("Submitted: %(number)s %(title)s", number=case.number, title=case.title), "success")
    return jsonify(location=url_for("inbox.index"))


@blueprint.put("/<uuid:task_id>/draft")
def save_draft(task_id: UUID) -> ResponseReturnValue:
    """This will keep what was typed so far, for the person alone."""
    current.engine().save_draft(str(task_id), by=current.actor(), data=sent_form()["data"])
    return jsonify(saved=True)


def sent_form() -> dict[str, Any]:
    """This will return what the form bundle sent: `data` by field, and the `outcome` of the pressed button."""
    body = request.get_json(silent=True)
    sent = body if isinstance(body, dict) else {}
    outcome = sent.get("outcome")
    return {"data": sent.get("data"), "outcome": str(outcome) if outcome is not None else None}
