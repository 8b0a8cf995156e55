"""The rules of limits: a list, the versions of one with what they changed, a new version after a check and a trial."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import BihuanError, FaultsFound, Term, access, feel, limit_definitions, queries
from web import current, limit_forms, limit_words
from web.deeds import DEEDS
from web.faults import reason
from web.formatting import role_title
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


@blueprint.get("/new")
def new() -> str:
    """This will show an empty form for a rule of one app."""
    return _page(Draft.fresh(_app(request.args.get("app"))))


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    """This will show what a new rule would do, or put it in force."""
    return _answer(Draft.posted(_app(request.args.get("app")), None))


@blueprint.get("/<code>")
def show(code: str) -> str:
    """This will show a rule as a form, with its versions and what differs between any two of them."""
    versions = current.read(queries.limit_rule, code)
    return _page(Draft(versions[0].app, code, limit_forms.shown(versions[0].definition), versions[0].content))


@blueprint.post("/<code>")
def change(code: str) -> ResponseReturnValue:
    """This will add or take away a row, show what a new version would do, or put it in force."""
    return _answer(Draft.posted(current.read(queries.limit_rule, code)[0].app, code))


@dataclass(frozen=True)
class Draft:
    """A rule as it is being written: in the fields of the form (`typed`), or by experts as YAML (`is_text`)."""

    app: str
    code: str | None
    typed: dict[str, Any]
    content: str
    is_text: bool = False

    @classmethod
    def fresh(cls, app: str) -> Draft:
        """This will begin a rule of an app."""
        blank = dict.fromkeys((*limit_forms.TEXTS, *limit_forms.LATER), "")
        return cls(app, None, {**blank, **limit_forms.FRESH, "pausable": False, "decided_by": []}, "")

    @classmethod
    def posted(cls, app: str, code: str | None) -> Draft:
        """This will read what was sent."""
        form = request.form
        if "content" in form:
            content = form["content"].replace("\r\n", "\n")
            fallback = cls.fresh(app).typed
            with suppress(BihuanError):
                fallback = limit_forms.shown(limit_definitions.read(_entry(content)))
            return cls(app, code, fallback, content, is_text=True)
        typed = limit_forms.edited(limit_forms.typed(form), form.get("step", ""))
        if code is not None:
            typed["code"] = code
        return cls(app, code, typed, limit_definitions.written(limit_forms.entry(typed)))


def _answer(draft: Draft) -> ResponseReturnValue:
    step, day = request.form.get("step", "preview"), _day(request.form.get("day", ""))
    if step not in ("preview", "deploy"):
        return _page(draft)
    engine, by = current.engine(), current.actor()
    try:
        foreseen = engine.foresee_rule(draft.app, draft.content, day, by=by)
        if step == "preview":
            return _page(draft, foreseen=foreseen)
        made = engine.deploy_limit(draft.app, draft.content, by=by, note=request.form.get("note_of_version", "")[:2000])
    except FaultsFound as error:
        return _page(draft, fault=sentence(error), faults=list(map(_fault, error.faults))), 422
    except BihuanError as error:
        return _page(draft, fault=sentence(error)), 422
    flash(gettext("Version %(version)s is in force for limits that begin from now on.", version=made.version),
          "success")  # fmt: skip
    return redirect(url_for("limit_rules.show", code=made.key), 303)


def _entry(content: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(content)
    except yaml.YAMLError:
        found = None
    return found if isinstance(found, dict) else {}


def _app(name: str | None) -> str:
    names = [app.name for app in current.engine().apps]
    return name if name in names else names[0]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.now(current.settings().zone).date()


def _fault(fault: Any) -> FaultShown:
    """A fault with the field of the form that it is about."""
    path = str(fault.element or "")
    first, _, rest = path.partition(".")
    where = str(FIELDS.get(first, fault.name or ""))
    number = rest.partition(".")[0]
    if number.isdecimal() and first != "decided_by":
        where = gettext("%(field)s, row %(number)s", field=where, number=int(number) + 1)
    words = reason(fault, gettext_verbatim, is_chinese=True)
    if first == "until" and (said := _not_feel(request.form.get("until", ""))):
        words = said
    return FaultShown(limit_forms.place(path), where, words)


def _not_feel(text: str) -> str:
    try:
        feel.parse(text.removeprefix("=").strip())
    except BihuanError as error:
        return sentence(error)
    return ""


@dataclass(frozen=True)
class FaultShown:
    """A fault: `place` names the field of the form, `where` says its name, `words` what is wrong."""

    place: str
    where: str
    words: str


def _page(draft: Draft, *, foreseen: Any = None, fault: str = "", faults: Sequence[FaultShown] = ()) -> str:
    versions = current.read(queries.limit_rule, draft.code) if draft.code is not None else []
    app = next(app for app in current.engine().apps if app.name == draft.app)
    offered = current.read(queries.offered, draft.app)
    return render_template(
        "limits/rule.html",
        draft=draft,
        typed=draft.typed,
        versions=versions,
        newest=versions[0] if versions else None,
        compared=_compared(versions),
        app=app,
        processes=offered.processes,
        elements=current.read(queries.elements, draft.typed["process"] or app.process),
        units={unit: str(name).format(amount="").strip() for unit, name in limit_words.LENGTHS.items()},
        deeds={name: str(words).partition("{")[0].strip(" “") for name, words in DEEDS.items()},
        day=str(_day(request.form.get("day", ""))),
        why=request.form.get("note_of_version", ""),
        foreseen=foreseen,
        steps_of=lambda found: [sentence(step) for step in found.steps],
        fault=fault,
        faults=faults,
        errors={each.place: each.words for each in faults},
    )


def _compared(versions: Sequence[Any]) -> Any:
    """The two versions that were chosen to compare, and what differs between them."""
    numbers = [request.args.get(name, type=int) for name in ("from", "to")]
    found = [each for number in numbers for each in versions if each.version == number]
    if len(found) < 2:
        return None
    old, new = found
    return old.version, new.version, limit_definitions.differences(old.definition, new.definition)
