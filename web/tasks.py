"""A task: what is asked, the form, the file; claim, release, complete."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from engine import TaskDone, TaskWithdrawn, queries
from web import current, filing, forms
from web.addresses import safe
from web.formatting import moment, role_title
from web.locale import sentence

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")

STANDING = ("open", "held", "planned")
# how a task changed hands: the last of these stands on top of its page, with what was said
HANDED = ("delegated", "given_back", "called_back", "transferred", "taken_back", "requeued")


@blueprint.get("/<uuid:task_id>")
def show(task_id: UUID) -> ResponseReturnValue:
    """This will show a task, or a signature, with the file of its case; one that is over says who ended it and when."""
    view = current.read(queries.task, task_id)
    if view.task.state not in STANDING:
        return _over(view)
    file = filing.file_of(current.read(queries.case, view.case.id))
    main = current.read(queries.task, view.main.id) if view.main is not None else view
    sent = (main.submitted or {}).get("data") or {}
    data = {**view.data, **sent, **(view.draft or {})}
    is_sign = view.task.kind == "sign"
    return render_template(
        "tasks/sign.html" if is_sign else "tasks/show.html",
        **file,
        task=view.task,
        view=view,
        assignee=view.assignee,
        documentation=view.documentation,
        may=view.may,
        also=view.also,
        schema=main.form,
        data=forms.filled(main.form, data, file["attachments"]),
        draft_at=current.read(queries.draft_saved_at, str(task_id)) if not is_sign else None,
        buttons=forms.buttons(main.form),
        is_delegate="resolve" in view.may and view.task.assignee_id == current.actor().person_id,
        mine=next((sign for sign in view.signs if sign.task_id == task_id), None),
        waits_for=[sign for sign in view.signs if sign.state in STANDING],
        urges=[event for event in file["events"] if event.kind == "urged" and event.task_id == task_id],
        handed=next((event for event in file["events"] if event.kind in HANDED and event.task_id == task_id), None),
        others=[row for row in file["tasks"] if row.task.state in STANDING and row.task.token != view.task.token],
        keeps_others=_property(view, "bihuan:returnOthers") == "keep",
        whom=_whom(view),
        outcomes={row.task.id: row.outcome for row in file["tasks"]},
        said={event.task_id: event.text for event in file["events"] if event.kind == "completed"},
    )


def _property(view: queries.TaskView, name: str) -> str:
    return view.properties.get(name, view.properties.get(name.removeprefix("bihuan:"), ""))


def _whom(view: queries.TaskView) -> str:
    """For whom a task waits, in a few words: the person, else the queue."""
    return view.assignee or " ".join(filter(None, (view.task.unit_name, role_title(view.task.role))))


def _over(view: queries.TaskView) -> str:
    at = moment(view.task.completed_at)
    fact = TaskDone(by=view.completed_by, at=at) if view.task.state == "done" else TaskWithdrawn(at=at)
    obstacle = None if "withdraw" in view.may else current.read(queries.obstacle, view.task.id)
    file = filing.file_of(current.read(queries.case, view.case.id))
    return render_template(
        "tasks/over.html",
        **file,
        task=view.task,
        outcomes={row.task.id: row.outcome for row in file["tasks"]},
        over=sentence(fact),
        may=view.may,
        obstacle=sentence(obstacle) if obstacle is not None else "",
    )


@blueprint.post("/<uuid:task_id>/claim")
def claim(task_id: UUID) -> ResponseReturnValue:
    """This will take the task from its queue for the person."""
    task = current.engine().claim_task(task_id, by=current.actor())
    if request.headers.get("HX-Request"):
        return render_template("inbox/claimed.html", task=task)
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
