"""For operators: messages on their way out of the house, those that were given up, and their texts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext

from engine import BihuanError, queries, wordings
from web import current
from web.addresses import here
from web.admin import guard
from web.locale import sentence
from web.narrowing import Chip
from web.notices import CHANNELS, KINDS

blueprint = Blueprint("messages", __name__, url_prefix="/admin/messages")
guard(blueprint)

STATES = {
    "waiting": lazy_gettext("waiting"),
    "sent": lazy_gettext("sent"),
    "failed": lazy_gettext("failed"),
    "dropped": lazy_gettext("dropped: the account is disabled"),
}
MANY = {"bundle": lazy_gettext("Several messages in one"), "digest": lazy_gettext("Daily digest")}


@blueprint.get("")
def index() -> str:
    """This will list messages, the newest first."""
    state = request.args.get("state", "")
    page = current.read(queries.sendings, state=state if state in STATES else None, after=request.args.get("after"))
    failed = current.read(queries.failed_sendings)
    chips = [Chip(here(state=None, after=None), gettext("All"), None, state not in STATES)]
    chips += [
        Chip(here(state=name, after=None), str(title), failed if name == "failed" else None, state == name)
        for name, title in STATES.items()
    ]
    return render_template(
        "messages/index.html", page=page, chips=chips, states=STATES, kinds=KINDS, channels=CHANNELS, failed=failed,
        configured=current.engine().channels.names,
    )  # fmt: skip


@blueprint.post("/again")
def send_again() -> ResponseReturnValue:
    """This will send one message that was given up once more, or all of them."""
    batch = request.form.get("batch", type=UUID)
    count = current.engine().send_messages_again(batch, by=current.actor())
    flash(ngettext("%(num)d message is sent again.", "%(num)d messages are sent again.", count), "success")
    return redirect(url_for(".index"), 303)


@blueprint.get("/texts")
def texts() -> str:
    """This will list the texts of messages."""
    return render_template(
        "messages/texts.html", texts=current.read(queries.wordings), kinds={**KINDS, **MANY}, languages=languages()
    )


def languages() -> dict[str, str]:
    """This will name the languages of messages, each in itself."""
    return {"zh": "中文", "en": "English"}


@blueprint.get("/texts/<kind>/<language>")
def text(kind: str, language: str) -> str:
    """This will show a text, what it looks like with an example, and its versions."""
    versions = current.read(queries.wording_versions, kind, language)
    return _text(versions, versions[0].subject, versions[0].body)


def _text(versions: Any, subject: str, body: str, fault: str = "") -> str:
    newest = versions[0]
    preview = None if fault else wordings.Text(newest.kind, newest.language, subject, body).fill(wordings.EXAMPLE)
    return render_template(
        "messages/text.html",
        text=newest,
        versions=versions,
        subject=subject,
        body=body,
        fault=fault,
        preview=preview,
        places=wordings.PLACES[newest.kind],
        title={**KINDS, **MANY}[newest.kind],
        languages=languages(),
    )


@blueprint.post("/texts/<kind>/<language>")
def change(kind: str, language: str) -> ResponseReturnValue:
    """This will show what a text would look like, or put it in force; what was typed stays when it is wrong."""
    versions = current.read(queries.wording_versions, kind, language)
    subject, body = request.form.get("subject", ""), request.form.get("body", "").replace("\r\n", "\n")
    try:
        if request.form.get("do") == "preview":
            wordings.check(kind, subject, body)
            return _text(versions, subject, body)
        current.engine().change_wording(kind, language, subject=subject, body=body, by=current.actor())
    except BihuanError as error:
        return _text(versions, subject, body, sentence(error)), 422
    flash(gettext("The text is in force."), "success")
    return redirect(url_for(".text", kind=kind, language=language), 303)


@blueprint.post("/texts/<kind>/<language>/reset")
def reset(kind: str, language: str) -> ResponseReturnValue:
    """This will put the text that came with the program in force."""
    current.engine().reset_wording(kind, language, by=current.actor())
    flash(gettext("The text that came with the program is in force."), "success")
    return redirect(url_for(".text", kind=kind, language=language), 303)
