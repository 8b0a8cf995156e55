"""For operators: what stands still, what waits to run, and what is done to many cases at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext

from engine import BihuanError, feel, queries, reasons
from web import current
from web.addresses import here, safe
from web.admin import guard
from web.formatting import case_state
from web.locale import gettext_verbatim, sentence
from web.narrowing import Chip

blueprint = Blueprint("operations", __name__, url_prefix="/admin")
guard(blueprint)

INCIDENT_KINDS = {
    "failed": lazy_gettext("expression or rule"),
    "job": lazy_gettext("service"),
    "empty-queue": lazy_gettext("nobody in the queue"),
    "copy": lazy_gettext("copy to read"),
    "limit": lazy_gettext("limit not watched"),
}
JOB_KINDS = {
    "timer": lazy_gettext("timer"),
    "service": lazy_gettext("service call"),
    "start": lazy_gettext("start of a case"),
    "external": lazy_gettext("service call of another system"),
    "migration": lazy_gettext("move of running cases"),
    "limit": lazy_gettext("ladder of a limit"),
    "recalculate": lazy_gettext("limits reckoned anew"),
}
JOB_STATES = {
    "waiting": lazy_gettext("waiting"),
    "failed": lazy_gettext("failed"),
    "suspended": lazy_gettext("suspended"),
}
CASE_STATES = ("open", "suspended", "closed", "cancelled")
VERBS = {
    "retry": lazy_gettext("Try again"),
    "suspend": lazy_gettext("Suspend"),
    "resume": lazy_gettext("Resume"),
    "cancel": lazy_gettext("Cancel"),
    "delete": lazy_gettext("Delete"),
    "hold": lazy_gettext("Hold"),
    "release": lazy_gettext("End the hold"),
    "retention": lazy_gettext("Set a rule of retention"),
    "retention-dropped": lazy_gettext("Drop a rule of retention"),
    "cleanup": lazy_gettext("Clean-up"),
    "recount": lazy_gettext("Boards counted anew"),
}
CASE_VERBS = ("suspend", "resume", "cancel", "hold", "release", "delete")
SINCE = {"1": lazy_gettext("last hour"), "24": lazy_gettext("last day"), "168": lazy_gettext("last week")}
AT_ONCE = 2.0  # seconds of work before the page shows how far it is


def is_chinese() -> bool:
    """This will tell whether the page is Chinese."""
    return str(get_locale()).startswith("zh")


@blueprint.app_template_filter("reason")
def say(text: str) -> str:
    """This will tell why a case stands still, in the language of the page, roles by their titles."""
    if not is_chinese():
        return text
    said = reasons.say(text)
    if reasons.code_of(text) not in ("nobody", "nobody-there"):
        return said
    titles = {code: title for app in current.engine().apps for code, title in app.roles.items()}
    return re.sub(r"[a-z][a-z0-9_]*", lambda word: titles.get(word[0], word[0]), said)


@blueprint.app_template_filter("written")
def written(value: Any) -> str:
    """This will write a value as operators type it: JSON, each character as it is."""
    return feel.dumps(value)


@blueprint.app_template_filter("refusal")
def refusal(error: dict[str, Any]) -> str:
    """This will tell why something was refused, from the record of an action."""
    if is_chinese() and error.get("chinese"):
        return str(error["chinese"])
    details = {name: gettext_verbatim(value) if isinstance(value, str) else value
               for name, value in (error.get("details") or {}).items()}  # fmt: skip
    try:
        return gettext_verbatim(error.get("template", "")).format_map(details)
    except KeyError:
        return str(error.get("template", ""))


def asked_incidents() -> queries.IncidentFilter:
    """This will return the filter that the address asks for."""
    args = request.args
    hours = args.get("since", "")
    return queries.IncidentFilter(
        kind=args["kind"] if args.get("kind") in INCIDENT_KINDS else None,
        app=args.get("app") or None,
        process_id=args.get("process") or None,
        element=args.get("element") or None,
        code=args.get("code") or None,
        reason=args.get("reason") or None,
        unit_path=unit_path(args.get("unit")),
        since=datetime.now(UTC) - timedelta(hours=int(hours)) if hours in SINCE else None,
        q=args.get("q", "").strip()[:100],
    )


def unit_path(code: str | None) -> str | None:
    """This will return the path of a unit's code; None without one or when nobody knows it."""
    if not code:
        return None
    return next((unit.path for unit in current.read(queries.units) if unit.code == code), None)


@blueprint.get("/incidents")
def incidents() -> str:
    """This will list the cases that stand still, counted by place and reason above."""
    asked = asked_incidents()
    return render_template(
        "admin/incidents.html",
        page=current.read(queries.incident_page, asked, after=request.args.get("after")),
        groups=current.read(queries.incident_groups, asked, limit=12),
        chips=list(_incident_chips()),
        filters=list(_taken()),
        kinds=INCIDENT_KINDS,
        processes=process_names(),
        units=current.read(queries.units),
        is_filtered=any(name != "after" for name in request.args),
    )


def _incident_chips() -> Iterator[Chip]:
    args = request.args
    yield Chip(here(kind=None, after=None), gettext("All"), is_current=not args.get("kind"))
    for kind, title in INCIDENT_KINDS.items():
        yield Chip(here(kind=kind, after=None), str(title), is_current=args.get("kind") == kind)
    for hours, title in SINCE.items():
        is_current = args.get("since") == hours
        yield Chip(here(since=None if is_current else hours, after=None), str(title), is_current=is_current)


def _taken() -> Iterator[Chip]:
    """The filters that a click on a count has set, to be taken away again."""
    names = process_names()
    for name in ("process", "element", "code", "reason", "app"):
        value = request.args.get(name)
        if value:
            title = names.get(value, value) if name == "process" else say(value) if name == "reason" else value
            if name != "code":
                yield Chip(here(**{name: None, "code": None, "after": None}), title, is_current=True)


def process_names() -> dict[str, str]:
    """This will return the names of the processes by id."""
    return {each.process_id: each.name for each in current.read(queries.definitions)}


@blueprint.post("/incidents/<uuid:incident_id>/retry")
def retry(incident_id: UUID) -> ResponseReturnValue:
    """This will try again what failed; it may fail again, with a new incident."""
    current.engine().retry_incident(incident_id, by=current.actor())
    flash(gettext("It was tried again; what still fails stands in this list."), "success")
    return redirect(safe(request.form.get("next"), url_for("operations.incidents")), 303)


@blueprint.post("/incidents/retry")
def retry_many() -> ResponseReturnValue:
    """This will begin to try again the chosen incidents, or all that the filter of the address shows."""
    ids = current.read(queries.incident_ids, asked_incidents()) if request.form.get("all") == "yes" else chosen()
    return begin("retry", ids, back_to("operations.incidents"))


def chosen() -> list[UUID]:
    """This will return the rows that are ticked."""
    return [id for id in (request.form.getlist("id", type=UUID)) if id]


def back_to(endpoint: str) -> str:
    """This will return the address of a list with the filters of this address."""
    asked: dict[str, Any] = request.args.to_dict()
    return url_for(endpoint, **asked)


def begin(verb: str, ids: list[UUID], back: str) -> ResponseReturnValue:
    """This will begin an action and lead to the page that shows how far it is; a refusal leads `back`."""
    chosen_by = {name: value for name, value in request.args.items() if name != "after"}
    try:
        id = current.engine().begin_action(
            verb, ids, by=current.actor(), reason=request.form.get("reason", ""), chosen_by=chosen_by
        )
    except BihuanError as error:
        flash(sentence(error), "danger")
        return redirect(back, 303)
    current.engine().go_on_with(id, by=current.actor(), seconds=AT_ONCE)
    return redirect(url_for("operations.action", action_id=id), 303)


@blueprint.get("/jobs")
def jobs() -> str:
    """This will list what waits to run, the earliest on top."""
    state = request.args["state"] if request.args.get("state") in JOB_STATES else None
    page = current.read(queries.jobs, state=state, after=request.args.get("after"))
    chips = [Chip(here(state=None, after=None), gettext("All"), is_current=state is None)]
    chips += [Chip(here(state=name, after=None), str(title), is_current=state == name)
              for name, title in JOB_STATES.items()]  # fmt: skip
    return render_template(
        "admin/jobs.html", page=page, at=datetime.now(UTC), kinds=JOB_KINDS, states=JOB_STATES, chips=chips
    )


@blueprint.post("/jobs/<uuid:job_id>/retry")
def retry_job(job_id: UUID) -> ResponseReturnValue:
    """This will try a failed job again."""
    current.engine().retry_job(job_id, by=current.actor())
    flash(gettext("The job will be tried again at once."), "success")
    return redirect(url_for("operations.jobs", state="failed"), 303)


def asked_cases() -> queries.CaseFilter:
    """This will return the filter that the address asks for."""
    args = request.args
    return queries.CaseFilter(
        process_id=args.get("process") or None,
        definition_id=args.get("definition", type=int),
        state=args["state"] if args.get("state") in CASE_STATES else None,
        unit_path=unit_path(args.get("unit")),
        q=args.get("q", "").strip()[:100],
    )


@blueprint.get("/cases")
def cases() -> str:
    """This will list cases to choose from, newest first."""
    args = request.args
    chips = [Chip(here(state=None, after=None), gettext("All"), is_current=not args.get("state"))]
    chips += [
        Chip(here(state=state, after=None), case_state(state), is_current=args.get("state") == state)
        for state in CASE_STATES
    ]
    return render_template(
        "admin/cases.html",
        page=current.read(queries.operated_cases, asked_cases(), after=args.get("after")),
        chips=chips,
        processes=process_names(),
        units=current.read(queries.units),
        verbs={verb: VERBS[verb] for verb in CASE_VERBS},
    )


@blueprint.post("/cases/many")
def do_many() -> ResponseReturnValue:
    """This will begin to do something to the chosen cases, or to all that the filter of the address shows."""
    verb = request.form.get("verb", "")
    ids = current.read(queries.operated_case_ids, asked_cases()) if request.form.get("all") == "yes" else chosen()
    return begin(verb if verb in CASE_VERBS else "", ids, back_to("operations.cases"))


@blueprint.get("/actions")
def actions() -> str:
    """This will list what operators did to many cases and to the rules, newest first."""
    page = current.read(queries.actions, after=request.args.get("after"))
    return render_template("admin/actions.html", page=page, verbs=VERBS)


@blueprint.get("/actions/<uuid:action_id>")
def action(action_id: UUID) -> str:
    """This will show how far an action is and what became of each case."""
    state = request.args.get("state") or None
    shown, page = current.read(queries.action, action_id, state=state, after=request.args.get("after"))
    chips = [Chip(here(state=None, after=None), gettext("All"), is_current=state is None)]
    counts = (("done", shown.done), ("refused", shown.refused), ("waiting", shown.total - shown.done - shown.refused))
    words = item_states()
    chips += [
        Chip(here(state=name, after=None), f"{words[name]} {count}", is_current=state == name)
        for name, count in counts
        if count or state == name
    ]
    return render_template("admin/action.html", action=shown, page=page, verbs=VERBS, states=words, chips=chips)


def item_states() -> dict[str, str]:
    """This will name what can become of one case of an action."""
    return {"done": gettext("carried out"), "refused": gettext("turned down"), "waiting": gettext("waiting")}


@blueprint.post("/actions/<uuid:action_id>/continued")
def go_on(action_id: UUID) -> ResponseReturnValue:
    """This will do the next part of an action; workers do it too."""
    current.engine().go_on_with(action_id, by=current.actor(), seconds=AT_ONCE)
    return redirect(url_for("operations.action", action_id=action_id), 303)
