"""Who is away and who acts meanwhile: my own, those in which I act, and for operators those of everybody."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from engine import queries
from web import current, errors
from web.dialogs import answered
from web.formatting import local, role_title
from web.inbox import process_names

blueprint = Blueprint("absences", __name__, url_prefix="/absences")


@blueprint.get("/")
def index() -> str:
    """This will list absences, those in force and to come, with those that are over when they are asked for.

    Operators see those of everybody, or of the one person whose login is given.
    """
    actor, past = current.actor(), request.args.get("past") == "yes"
    listed = current.read(queries.absences, past=past)
    person = _person()
    if person is not None:
        listed = [each for each in listed if each.person_id == person.id]
    now = datetime.now(UTC)
    return render_template(
        "absences/index.html",
        absences=listed,
        past=past,
        person=person,
        mine=actor.person_id,
        processes=process_names(),
        posts=_posts(person),
        leads=person is None and bool(current.read(queries.led_units)),
        now=now,
        today=local(now).date(),
        second=timedelta(seconds=1),
    )


def _person() -> Any:
    """The account that an operator looks at; None: one's own. Raises OperatorsOnly."""
    login = request.values.get("person")
    if not login or login == current.actor().login:
        return None
    return current.read(queries.account, login)


def _posts(person: Any) -> list[tuple[str, str]]:
    """The posts that an absence may be narrowed to, as role@unit and in words."""
    if person is not None:
        return [(f"{held.role}@{held.unit_code}", f"{held.unit_name} {role_title(held.role)}") for held in person.roles]
    own = current.read(queries.account, current_user.person.login)
    return [(f"{held.role}@{held.unit_code}", f"{held.unit_name} {role_title(held.role)}") for held in own.roles]


@blueprint.post("/")
def arrange() -> ResponseReturnValue:
    """This will let somebody act for the person, for whom an operator names, or a group for a group that one leads."""
    person = _person()
    from_at, until_at = _moment("from_day", time()), _moment("until_day", time(), days=1)
    if from_at is None or until_at is None:
        return errors.answer(422, gettext("Say from which day and until which day."))
    role, _, unit = request.form.get("post", "").partition("@")
    made = current.engine().set_absence(
        by=current.actor(),
        person=person.login if person is not None else None,
        substitute=request.form.get("substitute"),
        queue=request.form.get("queue"),
        substitute_queue=request.form.get("substitute_queue"),
        from_at=from_at,
        until_at=until_at,
        role=role or None,
        unit=unit or None,
        process_id=request.form.get("process") or None,
        note=request.form.get("note", ""),
    )
    if made.left_alone:
        names = gettext(", ").join(made.left_alone)
        flash(gettext("Nobody acts for %(names)s in this time: their substitute is away.", names=names), "warning")
    return answered(_home(), gettext("The absence is set."))


def _moment(name: str, at: time, days: int = 0) -> datetime | None:
    """The beginning of a day on the clock of the pages, or of the day after it: the last day counts in full."""
    try:
        day = date.fromisoformat(request.form.get(name, "")) + timedelta(days=days)
        return datetime.combine(day, at, current.settings().zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@blueprint.post("/<int:absence_id>/end")
def end(absence_id: int) -> ResponseReturnValue:
    """This will end an absence now, or call it off."""
    current.engine().end_absence(absence_id, by=current.actor())
    return answered(_home(), gettext("The absence has ended."))


def _home() -> str:
    person = request.form.get("person")
    return url_for("absences.index", person=person or None)
