"""The rules of limits: a list, the versions of one with what they changed, a new version after a check and a trial."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import BihuanError, FaultsFound, Sentence, Term, access, limit_definitions, queries
from web import current, limit_words
from web.faults import reason
from web.formatting import moment, role_title
from web.locale import gettext_verbatim, sentence

blueprint = Blueprint("limit_rules", __name__, url_prefix="/studio/limits")

FIELDS = {
    "code": lazy_gettext("code"),
    "name": lazy_gettext("name"),
    "basis": lazy_gettext("legal basis"),
    "term": lazy_gettext("term"),
    "scope": lazy_gettext("runs on"),
    "process": lazy_gettext("process"),
    "starts": lazy_gettext("begins with"),
    "ends": lazy_gettext("ends with"),
    "until": lazy_gettext("last day named by"),
    "note": lazy_gettext("note"),
    "pausable": lazy_gettext("clock may be stopped"),
    "extensions": lazy_gettext("extensions allowed"),
    "ask_before": lazy_gettext("to be asked for before"),
    "decided_by": lazy_gettext("decided by"),
    "ladder": lazy_gettext("what follows"),
    "effective_from": lazy_gettext("in force from"),
    "effective_to": lazy_gettext("in force until"),
}
SCOPES = {"task": lazy_gettext("a task"), "case": lazy_gettext("a case")}


@blueprint.before_request
def guard() -> None:
    """This will refuse whoever is neither designer nor operator, before any page of this module."""
    access.require_designer(current.actor())


@blueprint.context_processor
def words() -> dict[str, Any]:
    """This will give the templates the words of this module."""
    return {
        "written": written,
        "fields": FIELDS,
        "rung": limit_words.rung,
        "term": limit_words.term,
        "apps": {app.name: app.title for app in current.engine().apps},
    }


def written(field: str, value: Any) -> str:
    """This will write the value of a field of a rule."""
    if field == "scope":
        return str(SCOPES.get(value, value))
    if field == "decided_by":
        return role_title(",".join(value)) if value else gettext_verbatim("none")
    if isinstance(value, Term):
        return limit_words.term(value)
    if isinstance(value, bool):
        return gettext_verbatim("yes" if value else "no")
    if isinstance(value, tuple):
        return "\n".join(map(_part, value)) or gettext_verbatim("none")
    return str(value) if value not in (None, "") else gettext_verbatim("none")


def _part(value: Any) -> str:
    if isinstance(value, limit_definitions.Rung):
        return limit_words.rung(value)
    return f"{value.element} {gettext_verbatim(value.event)}"


@blueprint.get("/")
def index() -> str:
    """This will list the rules of all apps, as they are in force."""
    return render_template("limits/rules.html", rules=current.read(queries.limit_rules))


@blueprint.get("/<code>")
def show(code: str) -> str:
    """This will show a rule with its versions, and the form for a new one."""
    return _page(code, {})


@blueprint.post("/<code>")
def change(code: str) -> ResponseReturnValue:
    """This will try a rule for a day, or put it in force as a new version."""
    typed = {name: value for name, value in request.form.items() if name != "csrf_token"}
    content = typed.get("content", "").replace("\r\n", "\n")
    newest = current.read(queries.limit_rule, code)[0]
    try:
        if typed.get("step") == "try":
            day = _day(typed.get("day", ""))
            found = current.engine().try_limit(content, day, by=current.actor())
            return _page(code, typed, tried=(moment(found.due_at), [sentence(step) for step in found.steps]))
        made = current.engine().deploy_limit(newest.app, content, by=current.actor(), note=typed.get("note", "")[:2000])
    except FaultsFound as error:
        faults = [_fault(fault) for fault in error.faults]
        return _page(code, typed, fault=sentence(error), faults=faults), 422
    except BihuanError as error:
        return _page(code, typed, fault=sentence(error)), 422
    flash(gettext("Version %(version)s is in force for limits that begin from now on.", version=made.version),
          "success")  # fmt: skip
    return redirect(url_for("limit_rules.show", code=made.key), 303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.now(current.settings().zone).date()


def _fault(fault: Any) -> str:
    field = str(fault.element or "").partition(".")[0]
    where = str(FIELDS.get(field, fault.element or fault.name or ""))
    words = reason(fault, gettext_verbatim, is_chinese=True)
    return sentence(Sentence("{field}: {reason}", {"field": where, "reason": words}))


def _page(code: str, typed: dict[str, Any], *, tried: Any = None, fault: str = "", faults: Any = ()) -> str:
    versions = current.read(queries.limit_rule, code)
    return render_template(
        "limits/rule.html",
        versions=versions,
        newest=versions[0],
        typed={"content": versions[0].content, "day": str(_day("")), **typed},
        tried=tried,
        fault=fault,
        faults=faults,
    )
