"""A task: what is asked, the form, the file; claim, release, complete."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from engine import SignPlanned, TaskDone, TaskHeld, TaskWithdrawn, queries
from web import current, filing, forms
from web.addresses import safe
from web.formatting import moment
from web.locale import sentence

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")


@blueprint.get("/<uuid:task_id>")
def show(task_id: UUID) -> ResponseReturnValue:
    """This will show a task with its form and the file of its case; one that is over says who ended it and when."""
    view = current.read(queries.task, task_id)
    if view.task.state != "open":
        return _over(view)
    file = filing.file_of(current.read(queries.case, view.case.id))
    data = {**view.data, **(view.draft or {})}
    return render_template(
        "tasks/show.html",
        **file,
        task=view.task,
        assignee=view.assignee,
        documentation=view.documentation,
        may=view.may,
        schema=view.form,
        data=forms.filled(view.form, data, file["attachments"]),
        draft_at=current.read(queries.draft_saved_at, str(task_id)),
        buttons=forms.buttons(view.form),
    )


def _over(view: queries.TaskView) -> str:
    at = moment(view.task.completed_at)
    facts = {"done": TaskDone(by=view.completed_by, at=at), "held": TaskHeld(), "planned": SignPlanned()}
    fact = facts.get(view.task.state, TaskWithdrawn(at=at))
    return render_template("tasks/over.html", task=view.task, case=view.case, over=sentence(fact))


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
    data, outcome = forms.sent()
    case = current.engine().complete_task(
        task_id, by=current.actor(), data=data, outcome=outcome, locale=str(get_locale())
    )
    flash(gettext("Submitted: %(number)s %(title)s", number=case.number, title=case.title), "success")
    return jsonify(location=url_for("inbox.index"))


@blueprint.put("/<uuid:task_id>/draft")
def save_draft(task_id: UUID) -> ResponseReturnValue:
    """This will keep what was typed so far, for the person alone."""
    data, _ = forms.sent()
    current.engine().save_draft(str(task_id), by=current.actor(), data=data)
    return jsonify(saved=True)
