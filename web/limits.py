"""Limits: the ledger, one limit with the reasons for its day, and stopping, resuming and extending it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from openpyxl import Workbook

from engine import BihuanError, Term, queries
from web import current, limit_words, supervise
from web.addresses import here, safe
from web.formatting import moment
from web.limit_words import LimitShown, length, shown, standing
from web.locale import sentence
from web.narrowing import Chip
from web.navigation import Entry

blueprint = Blueprint("limits", __name__, url_prefix="/limits")

VERBS = {
    "pause": lazy_gettext("Stop the clock"),
    "resume": lazy_gettext("Let the clock go on"),
    "extend": lazy_gettext("Extend"),
}
DONE = {
    "pause": lazy_gettext("The clock of “%(name)s” is stopped."),
    "resume": lazy_gettext("The clock of “%(name)s” goes on."),
    "extend": lazy_gettext("“%(name)s” is extended."),
}
MOST_EXPORTED = 20_000  # rows: what a spreadsheet program still opens at once
AT_ONCE = 200  # rows of one question
MOST_FILES = 10


@dataclass(frozen=True)
class Foreseen:
    """What a step would make of a limit: when it is due then, or what a stopped clock would have left; the reasons."""

    due: str
    left: str
    steps: list[str]


@blueprint.app_context_processor
def given() -> dict[str, Any]:
    """This will let the file of a case ask for the limits of the case."""
    return {"limits_of": limits_of, "limit_verbs": VERBS}


def limits_of(case_id: UUID) -> list[LimitShown]:
    """This will return the limits of a case in words, those that run first."""
    return [shown(view) for view in current.read(queries.limits_of_case, case_id)]


@blueprint.get("/<uuid:limit_id>")
def show(limit_id: UUID) -> str:
    """This will show a limit: its rule, each step towards its day, what was done to it."""
    view = current.read(queries.limit, limit_id)
    case = current.read(queries.case, view.limit.case_id).case
    years = [current.read(queries.year_versions, number)[0] for number in sorted(view.reckoning.years)]
    return render_template(
        "limits/show.html", each=shown(view), case=case, rung=limit_words.rung, term=limit_words.term, years=years
    )


@blueprint.get("/<uuid:limit_id>/<any(pause, resume, extend):verb>")
def ask(limit_id: UUID, verb: str) -> ResponseReturnValue:
    """This will show what stopping or resuming would do, and ask what an extension needs to know."""
    view = current.read(queries.limit, limit_id)
    if verb == "extend":
        return _page(view, verb, {"unit": view.definition.term.unit})
    try:
        return _page(view, verb, {}, foreseen=_foresee(limit_id, verb))
    except BihuanError as error:
        return _page(view, verb, {}, fault=sentence(error))


@blueprint.post("/<uuid:limit_id>/<any(pause, resume, extend):verb>")
def decide(limit_id: UUID, verb: str) -> ResponseReturnValue:
    """This will stop, resume or extend a limit; an extension only when its new day was seen before."""
    view = current.read(queries.limit, limit_id)
    typed = {name: value.strip() for name, value in request.form.items()}
    try:
        foreseen = _foresee(limit_id, verb, **(_extension(typed) if verb == "extend" else {}))
        if verb == "extend" and typed.get("seen") != foreseen.due:
            return _page(view, verb, typed, foreseen=foreseen)
        _do(limit_id, verb, typed)
    except BihuanError as error:
        return _page(view, verb, typed, fault=sentence(error)), 422
    flash(str(DONE[verb]) % {"name": view.limit.name}, "success")
    return redirect(_back(view), 303)


def _do(limit_id: UUID, verb: str, typed: dict[str, str]) -> None:
    engine, by = current.engine(), current.actor()
    if verb == "resume":
        engine.resume_limit(limit_id, by=by, note=typed.get("note", ""))
    elif verb == "extend":
        reason, decision = typed.get("reason", ""), typed.get("decision", "")
        engine.extend_limit(limit_id, by=by, reason=reason, decision=decision, **_extension(typed))
    else:
        files = [file for file in request.files.getlist("evidence") if file.filename][:MOST_FILES]
        kept = [engine.attach(by=by, name=file.filename or "", stream=file.stream).id for file in files]
        told = {"ground": typed.get("ground", ""), "approver": typed.get("approver", "")}
        engine.pause_limit(limit_id, by=by, evidence=kept, **told)


def _extension(typed: dict[str, str]) -> dict[str, Any]:
    """By how long, or to which day. Raises TermInvalid."""
    last, amount = _day(typed.get("last")), typed.get("amount", "")
    term = last if typed.get("by") == "day" else Term.read(f"{amount} {typed.get('unit')}") if amount else None
    return {"term": term, "asked_on": _day(typed.get("asked_on"))}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _foresee(limit_id: UUID, verb: str, **asked: Any) -> Foreseen:
    found = current.engine().foresee_limit(limit_id, verb, by=current.actor(), **asked)
    left = length(found.left, found.unit) if found.left is not None else ""
    return Foreseen(moment(found.due_at), left, [sentence(step) for step in found.steps])


def _page(
    view: queries.LimitView, verb: str, typed: dict[str, str], *, foreseen: Foreseen | None = None, fault: str = ""
) -> str:
    return render_template(
        "limits/decide.html",
        each=shown(view),
        verb=verb,
        title=VERBS[verb],
        typed=typed,
        foreseen=foreseen,
        fault=fault,
        units={unit: str(name).format(amount="").strip() for unit, name in limit_words.LENGTHS.items()},
        back=_back(view),
        today=datetime.now(current.settings().zone).date(),
    )


def _back(view: queries.LimitView) -> str:
    home = url_for("cases.show", case_id=view.limit.case_id)
    return safe(request.values.get("next"), home).partition("#")[0] + "#limits"


@blueprint.get("/")
def index() -> str:
    """This will list the limits of the units that the person oversees: the ledger."""
    asked = _asked()
    page = current.read(queries.limits, **asked, after=request.args.get("after"))
    names = current.read(queries.limit_names)
    return render_template(
        "limits/index.html",
        page=page,
        standing=lambda row: standing(row.limit, row.left, row.unit),
        state=limit_words.state_of,
        states=limit_words.STATES,
        chips=list(_chips(asked["state"])),
        filters=list(_filters(asked, names)),
        names=names,
        code=asked["code"],
    )


def _asked() -> dict[str, Any]:
    args = request.args
    code = args.get("unit")
    unit = next((unit for unit in supervise.units() if unit.code == code), None) if code else None
    if code and unit is None:
        abort(404)
    return {
        "state": args["state"] if args.get("state") in queries.LIMIT_FILTERS else "running",
        "code": args.get("code") or None,
        "unit_path": unit.path if unit else None,
    }


def _chips(current_state: str) -> Iterator[Chip]:
    for state in queries.LIMIT_FILTERS:
        yield Chip(here(state=state, after=None), str(limit_words.STATES[state]), is_current=state == current_state)


def _filters(asked: dict[str, Any], names: dict[str, str]) -> Iterator[Chip]:
    if asked["unit_path"]:
        unit = next(unit for unit in supervise.units() if unit.path == asked["unit_path"])
        yield Chip(here(unit=None, after=None), unit.name)
    if asked["code"]:
        yield Chip(here(code=None, after=None), names.get(asked["code"], asked["code"]))


HEADINGS = (
    lazy_gettext("Number"),
    lazy_gettext("Case"),
    lazy_gettext("Unit"),
    lazy_gettext("Limit"),
    lazy_gettext("Legal basis"),
    lazy_gettext("Began"),
    lazy_gettext("Due on"),
    lazy_gettext("Ended"),
    lazy_gettext("Extensions"),
    lazy_gettext("State"),
)


@blueprint.get("/ledger.xlsx")
def export() -> Response:
    """This will give the ledger, as filtered, as a spreadsheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(gettext("Ledger of limits"))
    sheet.append([str(heading) for heading in HEADINGS])
    for row in _all_rows():
        sheet.append(row)
    written = BytesIO()
    book.save(written)
    written.seek(0)
    name = f"{gettext('Ledger of limits')}-{datetime.now(current.settings().zone):%Y%m%d}.xlsx"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(written, mimetype=kind, as_attachment=True, download_name=name)


def _all_rows() -> Iterator[list[Any]]:
    asked, after, count = _asked(), None, 0
    while count < MOST_EXPORTED:
        page = current.read(queries.limits, **asked, after=after, limit=AT_ONCE)
        for row in page.items:
            limit = row.limit
            times = [moment(at) for at in (limit.started_at, limit.due_at, limit.ended_at)]
            words = standing(limit, row.left, row.unit)[1]
            told = [row.case_number, row.case_title, row.unit_name, limit.name, row.basis]
            # a text that begins like a formula is one to a spreadsheet program
            yield [*(f"'{text}" if text[:1] in "=+-@" and text else text for text in told), *times, limit.extensions,
                   words]  # fmt: skip
        count += len(page.items)
        after = page.next
        if after is None:
            return
    yield [gettext("Only the first %(count)s limits stand here; narrow the list for the others.", count=count)]


navigation = (
    Entry("limits.index", lazy_gettext("Ledger of limits"), "clock", visible=supervise.is_supervising,
          within=("limits.",)),
)  # fmt: skip
