"""What I am told: the list with its count in the top bar, and by which ways and when messages reach me."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext

from engine import BihuanError, Notice, feel, notices, preferences, queries
from web import current, errors
from web.addresses import here
from web.formatting import moment
from web.locale import gettext_verbatim, is_signed_in, sentence
from web.narrowing import Chip

blueprint = Blueprint("notices", __name__, url_prefix="/notices")

STATES = {"unread": True, "read": False}
MOMENTS = ("due", "from", "until")
KINDS = {
    "limit_near": lazy_gettext("A limit ends soon"),
    "limit_over": lazy_gettext("A limit is exceeded"),
    "told_of_limit": lazy_gettext("Limits of cases that I oversee"),
    "assigned": lazy_gettext("A task was assigned to me"),
    "returned": lazy_gettext("A task was returned to me"),
    "delegated": lazy_gettext("A task was delegated to me"),
    "transferred": lazy_gettext("A task was handed on to me"),
    "given_back": lazy_gettext("A delegated task comes back"),
    "called_back": lazy_gettext("A delegated task was called back"),
    "sign_asked": lazy_gettext("My signature is asked for"),
    "urged": lazy_gettext("A task of mine is urged"),
    "copied": lazy_gettext("A copy was sent to me"),
    "withdrawn": lazy_gettext("A task of mine was dropped"),
    "substitute": lazy_gettext("I act for somebody"),
    "left_alone": lazy_gettext("Who acts for somebody has left"),
    "incident": lazy_gettext("A case stands still (operators)"),
    "trial": lazy_gettext("Trial message"),
}
CHANNELS = {
    "mail": lazy_gettext("E-mail"),
    "sms": lazy_gettext("Text message"),
    "dingtalk": lazy_gettext("DingTalk"),
    "wecom": lazy_gettext("WeCom"),
    "feishu": lazy_gettext("Feishu"),
    "webhook": lazy_gettext("Other gateway"),
}
ADDRESSES = {
    "mail": lazy_gettext("Mail address"),
    "sms": lazy_gettext("Mobile number"),
    "dingtalk": lazy_gettext("Mobile number in DingTalk"),
    "wecom": lazy_gettext("Account in WeCom"),
    "feishu": lazy_gettext("Account in Feishu"),
    "webhook": lazy_gettext("Account there"),
}
MODES = {
    "now": lazy_gettext("at once"),
    "digest": lazy_gettext("once a day"),
    "none": lazy_gettext("not at all"),
}


@blueprint.get("/")
def index() -> str:
    """This will list what the person was told, unread on top."""
    state = request.args.get("state", "")
    page = current.read(queries.notices, unread=STATES.get(state), after=request.args.get("after"))
    words = (("", gettext("All")), ("unread", gettext("Unread")), ("read", gettext("Read")))
    chips = [
        Chip(here(state=name or None, after=None), title, unread() if name == "unread" else None, state == name)
        for name, title in words
    ]
    return render_template("notices/index.html", page=page, chips=chips, state=state, say=say, note_of=note_of)


def say(notice: Notice) -> str:
    """This will return a notice as a sentence in the reader's language."""
    template = notices.SENTENCES.get(notice.kind)
    if template is None:
        return notice.kind
    values = {name: _shown(name, value) for name, value in _detail(notice).items()}
    return gettext_verbatim(template).format_map(_Known(values))


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def _detail(notice: Notice) -> Mapping[str, Any]:
    found: Mapping[str, Any] = feel.loads(notice.detail)
    return found


def _shown(name: str, value: Any) -> str:
    return moment(datetime.fromisoformat(value)) if name in MOMENTS and isinstance(value, str) else str(value)


def note_of(notice: Notice) -> str:
    """This will return what somebody wrote along with it."""
    return str(_detail(notice).get("text", ""))


@blueprint.get("/<uuid:notice_id>")
def show(notice_id: UUID) -> ResponseReturnValue:
    """This will mark a notice as read and lead to what it is about."""
    return redirect(_place(current.engine().read_notice(notice_id, by=current.actor())), 303)


def _place(notice: Notice) -> str:
    if notice.kind in ("substitute", "left_alone"):
        return url_for("absences.index")
    if notice.task_id is not None and notice.kind not in ("withdrawn", "called_back"):
        return url_for("tasks.show", task_id=notice.task_id)
    if notice.case_id is not None:
        return url_for("cases.show", case_id=notice.case_id)
    return url_for("notices.index")


@blueprint.post("/<uuid:notice_id>/read")
def mark_read(notice_id: UUID) -> ResponseReturnValue:
    """This will mark a notice as read."""
    current.engine().read_notice(notice_id, by=current.actor())
    state = "unread" if request.form.get("next") == "unread" else None
    return redirect(url_for(".index", state=state), 303)


@blueprint.post("/read")
def mark_all_read() -> ResponseReturnValue:
    """This will mark all notices as read."""
    count = current.engine().read_notices(by=current.actor())
    flash(ngettext("%(num)d message marked as read.", "%(num)d messages marked as read.", count), "success")
    return redirect(url_for(".index"), 303)


@blueprint.get("/settings")
def wishes() -> str:
    """This will show by which ways and when messages reach the person."""
    return _settings(current.read(queries.preferences))


def _settings(wished: Any, fault: str = "") -> str:
    ways = current.engine().ways(by=current.actor())
    return render_template(
        "notices/settings.html",
        wished=wished,
        fault=fault,
        channels=[(name, CHANNELS[name], ADDRESSES[name], needs_address) for name, needs_address in ways.items()],
        kinds={kind: KINDS[kind] for kind in notices.KINDS if kind != "incident" or current.actor().is_admin},
        modes=MODES,
    )


@blueprint.post("/settings")
def wish() -> ResponseReturnValue:
    """This will keep by which ways and when messages reach the person; what was typed stays when it is wrong."""
    form, old = request.form, current.read(queries.preferences)
    addresses, choices = dict(old.addresses), {name: dict(chosen) for name, chosen in old.choices.items()}
    for channel in current.engine().ways(by=current.actor()):
        typed = form.get(f"address-{channel}", "").strip()
        addresses.pop(channel, None)
        if typed:
            addresses[channel] = typed
        chosen = {kind: form[f"{channel}-{kind}"] for kind in notices.KINDS if f"{channel}-{kind}" in form}
        choices[channel] = choices.get(channel, {}) | chosen
    values: dict[str, Any] = {"addresses": addresses, "choices": choices}
    for name in ("quiet_from", "quiet_until", "digest_at"):
        values[name] = form.get(name, "").strip()
    values["is_quiet_on_rest_days"] = form.get("rest_days") == "yes"
    values["urgent_passes"] = form.get("urgent") == "yes"
    try:
        current.engine().set_preferences(values, by=current.actor())
    except BihuanError as error:
        return _settings(preferences.Preferences(**values), sentence(error)), 422
    flash(gettext("Saved."), "success")
    return redirect(url_for(".wishes"), 303)


@blueprint.post("/settings/trial/<channel>")
def try_out(channel: str) -> ResponseReturnValue:
    """This will send a trial message by one way."""
    current.engine().send_trial(channel, by=current.actor())
    flash(gettext("A trial message is on its way; it arrives within a minute."), "success")
    return redirect(url_for(".wishes"), 303)


def unread() -> int:
    """This will count what the person has not read, up to 100."""
    if not is_signed_in() or errors.wants_json():
        return 0
    return int(current.framed("unread_notices"))


frame = {"unread_notices": queries.unread_notices}


@blueprint.app_context_processor
def bell() -> dict[str, Any]:
    """This will let every page show how much is unread."""
    return {"unread_notices": unread}
