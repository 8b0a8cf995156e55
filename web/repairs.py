"""For operators: one case as it stands, and what can be done to it; what reaches far is shown before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import Activation, BihuanError, NotFound, feel, queries, repairs
from web import current
from web.admin import guard
from web.locale import sentence
from web.operations import INCIDENT_KINDS, JOB_KINDS, JOB_STATES, VERBS

blueprint = Blueprint("repairs", __name__, url_prefix="/admin/cases")
guard(blueprint)

STANDING = {
    "failed": lazy_gettext("failed"),
    "waits": lazy_gettext("waiting"),
    "joined": lazy_gettext("waits for other branches"),
    "holds": lazy_gettext("work goes on inside"),
}
EFFECTS = {
    "task": lazy_gettext("task"),
    "job": lazy_gettext("timer or service call"),
    "subscription": lazy_gettext("wait for a message"),
    "wait": lazy_gettext("wait"),
    "incident": lazy_gettext("incident"),
}
DONE = {
    "suspend": lazy_gettext("The case is suspended: nothing happens to it until it is resumed."),
    "resume": lazy_gettext("The case goes on; its timers have the time left that they had."),
    "cancel": lazy_gettext("The case is cancelled; its open tasks are withdrawn."),
    "hold": lazy_gettext("The case is held: nobody can delete it."),
    "release": lazy_gettext("The hold is ended."),
    "delete": lazy_gettext("The case is deleted; its number, title and the digest of its history are kept."),
}


@blueprint.get("/<uuid:case_id>")
def show(case_id: UUID) -> str:
    """This will show where a case stands and what an operator can do to it."""
    return _page(case_id, {})


def _page(case_id: UUID, typed: dict[str, Any]) -> str:
    return render_template(
        "admin/case.html",
        view=current.read(queries.repair, case_id),
        typed=typed,
        kinds=INCIDENT_KINDS,
        job_kinds=JOB_KINDS,
        job_states=JOB_STATES,
        states=STANDING,
    )


@blueprint.post("/<uuid:case_id>/<any(suspend, resume, cancel, hold, release, delete):verb>")
def act(case_id: UUID, verb: str) -> ResponseReturnValue:
    """This will do something to the whole case, with a reason."""
    engine = current.engine()
    does: dict[str, Callable[..., object]] = {
        "suspend": engine.suspend_case,
        "resume": engine.resume_case,
        "cancel": engine.cancel_case,
        "hold": engine.hold_case,
        "release": engine.release_case,
        "delete": engine.delete_case,
    }
    try:
        does[verb](case_id, by=current.actor(), reason=request.form.get("reason", ""))
    except NotFound:
        raise
    except BihuanError as error:
        flash(sentence(error), "danger")
        return redirect(url_for("repairs.show", case_id=case_id), 303)
    flash(str(DONE[verb]), "success")
    home = url_for("operations.cases") if verb == "delete" else url_for("repairs.show", case_id=case_id)
    return redirect(home, 303)


@blueprint.post("/<uuid:case_id>/data")
def change_data(case_id: UUID) -> ResponseReturnValue:
    """This will show what a correction changes, old beside new, and make it when that is confirmed."""
    engine, by = current.engine(), current.actor()

    def correct(data: dict[str, Any], reason: str) -> None:
        if incident := request.form.get("incident", type=UUID):
            engine.retry_incident(incident, by=by, reason=reason, data=data)
        else:
            engine.change_data(case_id, data, by=by, reason=reason)

    def read() -> dict[str, Any]:
        return _typed_data(case_id)

    return _carefully(case_id, "data", read, lambda data: engine.preview_data(case_id, data, by=by), correct)


def _typed_data(case_id: UUID) -> dict[str, Any]:
    """The variables whose value was changed, and a new one."""
    known = current.read(queries.repair, case_id).data
    form = request.form
    names, texts = form.getlist("name"), form.getlist("value")
    found: dict[str, Any] = {}
    for name, text in zip(names, texts, strict=False):
        name = name.strip()
        if not name:
            continue
        text = text.replace("\r\n", "\n")
        as_json = form.get(f"json:{name}") == "yes"
        value = repairs.typed(name, known.get(name), text, as_json=as_json)
        if name not in known or known[name] != value:
            found[name] = value
    if not found:
        raise repairs.ValueRefused(name=gettext("Case data"), reason=gettext("nothing was changed"))
    return found


@blueprint.post("/<uuid:case_id>/shift")
def shift(case_id: UUID) -> ResponseReturnValue:
    """This will show what passing over or moving a token brings about, and do it when that is confirmed."""
    engine, by, form = current.engine(), current.actor(), request.form
    token, element = form.get("token", default=-1, type=int), form.get("element", "")

    def preview(data: dict[str, Any]) -> Any:
        if element:
            return engine.preview_move(case_id, token, element, data, by=by)
        return engine.preview_skip(case_id, token, data, by=by)

    def do(data: dict[str, Any], reason: str) -> None:
        if element:
            engine.move_token(case_id, token, element, data, by=by, reason=reason)
        else:
            engine.skip_element(case_id, token, data, by=by, reason=reason)

    return _carefully(case_id, "move" if element else "skip", _extra_data, preview, do)


@blueprint.post("/<uuid:case_id>/modify")
def modify(case_id: UUID) -> ResponseReturnValue:
    """This will show what beginning and ending steps brings about, and do it when that is confirmed."""
    engine, by, form = current.engine(), current.actor(), request.form
    ended = form.getlist("end", type=int)

    def begun(data: dict[str, Any]) -> list[Activation]:
        return [Activation(element, {"": data} if data else {}) for element in form.getlist("begin")]

    def preview(data: dict[str, Any]) -> Any:
        if not form.getlist("begin") and not ended:
            raise repairs.ValueRefused(name=gettext("Steps"), reason=gettext("nothing was changed"))
        return engine.preview_modify(case_id, begun(data), ended, by=by)

    def do(data: dict[str, Any], reason: str) -> None:
        engine.modify_case(case_id, begun(data), ended, by=by, reason=reason)

    return _carefully(case_id, "modify", _extra_data, preview, do)


def _extra_data() -> dict[str, Any]:
    text = request.form.get("data", "").strip()
    if not text:
        return {}
    found = repairs.typed(gettext("Data"), {}, text)
    return dict(found)


def _carefully(
    case_id: UUID,
    what: str,
    read: Callable[[], dict[str, Any]],
    preview: Callable[[dict[str, Any]], Any],
    do: Callable[[dict[str, Any], str], None],
) -> ResponseReturnValue:
    """Shows what would happen; done is what was shown, and only when the case has not moved since."""
    reason = request.form.get("reason", "")
    view = current.read(queries.repair, case_id)
    try:
        data = read()
        if request.form.get("confirmed") == str(view.case.version):
            do(data, reason)
            flash(_told(what), "success")
            return redirect(url_for("repairs.show", case_id=case_id), 303)
        found = preview(data)
        if not reason.strip():
            raise repairs.ValueRefused(name=gettext("Reason"), reason=gettext("say why"))
    except NotFound:
        raise
    except BihuanError as error:
        flash(sentence(error), "danger")
        typed = request.form.to_dict() | {name: request.form.getlist(name) for name in ("begin", "end")}
        return _page(case_id, typed), 422
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "confirmed")]
    is_moved = bool(request.form.get("confirmed"))
    return render_template(
        "admin/preview.html",
        view=view,
        preview=found,
        what=what,
        sent=sent,
        reason=reason,
        effects=EFFECTS,
        is_moved=is_moved,
        token=next((each for each in view.standing if str(each.token) == request.form.get("token")), None),
        target=_target(view, request.form.get("element", "")),
    )


def _target(view: Any, element: str) -> str:
    names = {node.id: node.name for each in view.standing for node in each.targets}
    return str(names.get(element) or element)


def _told(what: str) -> str:
    words = {
        "data": gettext("The case data are corrected."),
        "move": gettext("The case goes on there."),
        "modify": gettext("The steps are begun and ended."),
        "skip": gettext("The step is passed over."),
    }
    return str(words[what])


@blueprint.app_template_filter("as_typed")
def as_typed(value: Any) -> str:
    """This will write a value as an operator would type it: text as it is, everything else as JSON."""
    return str(value) if isinstance(value, str) else feel.dumps(value)


@blueprint.app_template_global("verb_title")
def verb_title(verb: str) -> str:
    """This will name what can be done to a case."""
    return str(VERBS[verb])
