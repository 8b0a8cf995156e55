"""For operators: which addresses are told what happens, what was sent to them, and how it was received."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext

from engine import EVENT_KINDS, BihuanError, queries
from web import current
from web.admin import guard
from web.locale import sentence

blueprint = Blueprint("webhooks", __name__, url_prefix="/admin/webhooks")
guard(blueprint)

KINDS = {
    "case.started": lazy_gettext("Case started"),
    "case.closed": lazy_gettext("Case ended"),
    "case.cancelled": lazy_gettext("Case cancelled"),
    "case.suspended": lazy_gettext("Case suspended"),
    "case.resumed": lazy_gettext("Case resumed"),
    "case.migrated": lazy_gettext("Case moved to another version"),
    "case.data_changed": lazy_gettext("Case data corrected"),
    "case.commented": lazy_gettext("Comment"),
    "incident.raised": lazy_gettext("A case stands still"),
    "incident.resolved": lazy_gettext("A case goes on after a repair"),
    "limit.started": lazy_gettext("A limit began"),
    "limit.exceeded": lazy_gettext("A limit is exceeded"),
    "task.opened": lazy_gettext("Task opened"),
    "task.claimed": lazy_gettext("Task claimed"),
    "task.released": lazy_gettext("Task given back to its queue"),
    "task.completed": lazy_gettext("Task done"),
    "task.withdrawn": lazy_gettext("Task dropped"),
    "task.delegated": lazy_gettext("Task delegated"),
    "task.resolved": lazy_gettext("Delegated task given back"),
    "task.transferred": lazy_gettext("Task handed on"),
    "task.requeued": lazy_gettext("Task sent to a queue by itself"),
    "task.submitted": lazy_gettext("Task submitted, waits for signatures"),
    "task.signs_added": lazy_gettext("Signatures asked for"),
    "task.returned": lazy_gettext("Task returned"),
    "task.taken_back": lazy_gettext("Task taken back"),
    "task.urged": lazy_gettext("Task urged"),
    "task.signed": lazy_gettext("Task signed"),
    "webhook.ping": lazy_gettext("Trial message"),
}
STATES = {
    "waiting": lazy_gettext("waiting"),
    "delivered": lazy_gettext("delivered"),
    "failed": lazy_gettext("failed"),
}


@blueprint.get("")
def index() -> str:
    """This will list the webhooks."""
    return render_template("webhooks/index.html", webhooks=current.read(queries.webhooks), apps=app_titles())


def app_titles() -> dict[str, str]:
    """This will return the process apps by name."""
    return {app.name: app.title for app in current.engine().apps}


@blueprint.get("/new")
def new() -> str:
    """This will show the form for a new webhook."""
    return _form({}, None)


def _form(typed: dict[str, Any], webhook: Any, fault: str = "") -> str:
    return render_template(
        "webhooks/form.html",
        typed=typed,
        webhook=webhook,
        fault=fault,
        kinds={kind: KINDS.get(kind, kind) for kind in EVENT_KINDS},
        apps=app_titles(),
        processes=[(each.process_id, each.name) for each in current.read(queries.definitions)],
    )


def _typed() -> dict[str, Any]:
    form = request.form
    return {
        "name": form.get("name", "").strip(),
        "url": form.get("url", "").strip(),
        "kinds": form.getlist("kinds"),
        "app": form.get("app", ""),
        "process_id": form.get("process_id", ""),
    }


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    """This will make a webhook and show its secret once; what was typed stays when something is wrong in it."""
    typed = _typed()
    try:
        made = current.engine().create_webhook(by=current.actor(), **typed)
    except BihuanError as error:
        return _form(typed, None, sentence(error)), 422
    return _page(made.id, secret=made.secret), 201


@blueprint.get("/<int:webhook_id>")
def show(webhook_id: int) -> str:
    """This will show a webhook and the messages that were sent to it."""
    return _page(webhook_id)


def _page(webhook_id: int, secret: str = "") -> str:
    state = request.args.get("state")
    return render_template(
        "webhooks/show.html",
        webhook=current.read(queries.webhook, webhook_id),
        secret=secret,
        page=current.read(
            queries.deliveries, webhook_id, state=state if state in STATES else None, after=request.args.get("after")
        ),
        state=state,
        kinds=KINDS,
        states=STATES,
        apps=app_titles(),
    )


@blueprint.get("/<int:webhook_id>/change")
def edit(webhook_id: int) -> str:
    """This will show the form with what the webhook is."""
    webhook = current.read(queries.webhook, webhook_id)
    names = ("name", "url", "kinds", "app", "process_id")
    return _form({name: getattr(webhook, name) for name in names}, webhook)


@blueprint.post("/<int:webhook_id>/change")
def change(webhook_id: int) -> ResponseReturnValue:
    """This will change a webhook; what was typed stays when something is wrong in it."""
    typed = _typed()
    try:
        current.engine().change_webhook(webhook_id, by=current.actor(), **typed)
    except BihuanError as error:
        return _form(typed, current.read(queries.webhook, webhook_id), sentence(error)), 422
    flash(gettext("The webhook is changed."), "success")
    return _back(webhook_id)


def _back(webhook_id: int) -> ResponseReturnValue:
    return redirect(url_for("webhooks.show", webhook_id=webhook_id), 303)


@blueprint.post("/<int:webhook_id>/switch")
def switch(webhook_id: int) -> ResponseReturnValue:
    """This will switch a webhook on or off."""
    is_active = request.form.get("on") == "yes"
    current.engine().change_webhook(webhook_id, is_active=is_active, by=current.actor())
    flash(gettext("The webhook is on again.") if is_active else gettext("The webhook is off."), "success")
    return _back(webhook_id)


@blueprint.post("/<int:webhook_id>/ping")
def ping(webhook_id: int) -> ResponseReturnValue:
    """This will send a trial message."""
    current.engine().ping_webhook(webhook_id, by=current.actor())
    flash(gettext("A trial message is on its way; how it is received appears below in a moment."), "success")
    return _back(webhook_id)


@blueprint.post("/<int:webhook_id>/delete")
def remove(webhook_id: int) -> ResponseReturnValue:
    """This will delete a webhook."""
    current.engine().remove_webhook(webhook_id, by=current.actor())
    flash(gettext("The webhook and its messages are deleted."), "success")
    return redirect(url_for("webhooks.index"), 303)


@blueprint.post("/<int:webhook_id>/again/<uuid:delivery_id>")
def send_again(webhook_id: int, delivery_id: UUID) -> ResponseReturnValue:
    """This will send a message once more."""
    current.engine().send_again(delivery_id, by=current.actor())
    flash(gettext("The message is sent again."), "success")
    return _back(webhook_id)


@blueprint.post("/<int:webhook_id>/again")
def send_failed_again(webhook_id: int) -> ResponseReturnValue:
    """This will send all messages that failed once more."""
    count = current.engine().send_failed_again(webhook_id, by=current.actor())
    flash(ngettext("%(num)d message is sent again.", "%(num)d messages are sent again.", count), "success")
    return _back(webhook_id)
