"""What handlers do with a task besides finishing it: delegate, transfer, sign, return, take back, urge."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from engine import queries
from web import current
from web.dialogs import answered, back, text

blueprint = Blueprint("assignments", __name__, url_prefix="/tasks")


def _page(task_id: UUID) -> str:
    return url_for("tasks.show", task_id=task_id)


def _inbox() -> str:
    return url_for("inbox.index")


@blueprint.post("/<uuid:task_id>/delegate")
def delegate(task_id: UUID) -> ResponseReturnValue:
    """This will let somebody else work on the task and give it back."""
    task = current.engine().delegate_task(task_id, text("login"), by=current.actor(), note=text("note"))
    return answered(_inbox(), gettext("Delegated: %(name)s. It comes back to you.", name=task.name))


@blueprint.post("/<uuid:task_id>/resolve")
def resolve(task_id: UUID) -> ResponseReturnValue:
    """This will give a delegated task back with what the delegate filled in, or call it back."""
    view = current.read(queries.task, task_id)
    is_recalled = view.task.owner_id == current.actor().person_id
    data = None if is_recalled else _filled()
    current.engine().resolve_task(task_id, by=current.actor(), note=text("note"), data=data)
    if is_recalled:
        return answered(_page(task_id), gettext("The task is yours again."))
    return answered(_inbox(), gettext("Done and given back to %(name)s.", name=view.owner))


def _filled() -> dict[str, Any] | None:
    """What stands in the form of the page; it is not checked: the owner submits it."""
    try:
        data = json.loads(request.form.get("data") or "null")
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


@blueprint.post("/<uuid:task_id>/transfer")
def transfer(task_id: UUID) -> ResponseReturnValue:
    """This will give the task to somebody else for good."""
    task = current.engine().transfer_task(task_id, text("login"), by=current.actor(), note=text("note"))
    return answered(_inbox(), gettext("Transferred: %(name)s.", name=task.name))


@blueprint.post("/<uuid:task_id>/signs")
def add_signs(task_id: UUID) -> ResponseReturnValue:
    """This will ask others to sign."""
    signs = current.engine().add_signs(
        task_id,
        request.form.getlist("login"),
        by=current.actor(),
        when=request.form.get("when", ""),
        note=text("note"),
    )
    words = ngettext("%(num)d signature asked for.", "%(num)d signatures asked for.", len(signs))
    return answered(_page(task_id), words)


@blueprint.post("/<uuid:task_id>/sign")
def sign(task_id: UUID) -> ResponseReturnValue:
    """This will give the opinion that was asked for."""
    agrees = request.form.get("agrees") == "yes"
    case = current.engine().sign_task(task_id, by=current.actor(), text=text("text"), agrees=agrees)
    return answered(_inbox(), gettext("Signed: %(number)s %(title)s", number=case.number, title=case.title))


@blueprint.post("/<uuid:task_id>/remove")
def remove_sign(task_id: UUID) -> ResponseReturnValue:
    """This will no longer ask for a signature."""
    current.engine().remove_sign(task_id, by=current.actor(), reason=text("reason"))
    return answered(back(_inbox()), gettext("The signature is no longer asked for."))


@blueprint.post("/<uuid:task_id>/return")
def give_back(task_id: UUID) -> ResponseReturnValue:
    """This will give the case back to an earlier step."""
    case = current.engine().return_task(
        task_id, request.form.get("element", ""), by=current.actor(), reason=text("reason")
    )
    return answered(_inbox(), gettext("Returned: %(number)s %(title)s", number=case.number, title=case.title))


@blueprint.post("/<uuid:task_id>/withdraw")
def take_back(task_id: UUID) -> ResponseReturnValue:
    """This will take a task back that the person has done; what was submitted stands in its form again."""
    current.engine().withdraw_task(task_id, by=current.actor(), reason=text("reason"))
    return answered(_page(task_id), gettext("Taken back: what you had submitted stands in the form again."))


@blueprint.post("/<uuid:task_id>/urge")
def urge(task_id: UUID) -> ResponseReturnValue:
    """This will ask that the task be done soon."""
    task = current.engine().urge_task(task_id, by=current.actor(), text=text("text"))
    home = url_for("cases.show", case_id=task.case_id)
    return answered(back(home), gettext("Urged: %(name)s", name=task.name))
