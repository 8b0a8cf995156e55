"""The working calendar: its years and their versions, months to look at, and publishing a year after a preview."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import BihuanError, calendar_years, holiday_notices, queries, reckoning
from engine import calendars as workdays
from web import current
from web.admin import guard
from web.locale import sentence

blueprint = Blueprint("calendar", __name__, url_prefix="/admin/calendar")
guard(blueprint)

YEARS = range(2004, 2100)
WEEKDAYS = tuple(map(lazy_gettext, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
Mark = calendar_years.Mark
Year = calendar_years.Year
ROWS = 10  # of holidays in the form; more appear as they fill


@dataclass(frozen=True)
class Day:
    """A day of a month: `kind` is work, rest, holiday or made-up."""

    day: date
    kind: str
    name: str
    is_changed: bool


class FieldWrong(calendar_years.YearInvalid):
    """{what} “{value}” is not filled in correctly: {reason}."""


@blueprint.app_template_filter("year_state")
def state(year: Year) -> str:
    """This will name where a year comes from: published here, by the State Council, or provisional."""
    if year.is_provisional:
        return str(gettext("provisional"))
    return str(gettext("version %(number)s", number=year.version) if year.version else gettext("State Council"))


@blueprint.app_template_filter("day_mark")
def mark_words(mark: Any) -> str:
    """This will name what is special about a day."""
    if mark is None:
        return str(gettext("as its weekday"))
    return f"{gettext('rest day')} {mark.name}" if mark.is_rest else str(gettext("made up for"))


def month_table(year: Year, number: int, changed: set[date]) -> Iterator[list[Day | None]]:
    """This will give the weeks of a month; days outside of it are None."""
    for week in months.Calendar().monthdatescalendar(year.number, number):
        yield [_day(year, day, changed) if day.month == number else None for day in week]


def _day(year: Year, day: date, changed: set[date]) -> Day:
    mark = year.marks.get(day)
    if mark is not None:
        return Day(day, "holiday" if mark.is_rest else "made-up", mark.name if mark.is_rest else "班", day in changed)
    return Day(day, "rest" if year.is_rest(day) else "work", "", day in changed)


@blueprint.get("/")
def index() -> str:
    """This will list the years with version and state."""
    return render_template("calendar/index.html", years=current.read(queries.calendar_years))


@blueprint.get("/<int:number>")
def show(number: int) -> ResponseReturnValue:
    """This will show a year, or an earlier version of it, with its months and what differs from version to version."""
    if number not in YEARS:
        return redirect(url_for("calendar.index"))
    return _page(number, {})


@blueprint.post("/<int:number>")
def change(number: int) -> ResponseReturnValue:
    """This will show what publishing the year would change, or publish it."""
    typed: dict[str, Any] = {name: value.strip() for name, value in request.form.items()}
    typed["rows"] = list(zip(*(request.form.getlist(name) for name in ("name", "first", "last")), strict=False))
    try:
        if typed.get("step") == "read":
            marks = holiday_notices.read_notice(typed.get("notice", ""), number)
            typed |= _typed(Year(number, marks, hours=_hours(typed, number)))
            return _page(number, typed)
        year = _year(number, typed)
        foreseen = current.engine().foresee_year(year, by=current.actor())
        if typed.get("step") != "publish":
            return _page(number, typed, foreseen=foreseen)
        made = current.engine().publish_year(year, by=current.actor(), note=typed.get("note", ""))
    except BihuanError as error:
        return _page(number, typed, fault=sentence(error)), 422
    flash(gettext("Version %(version)s of %(year)s is in force; running limits follow.",
                  version=made.version, year=number), "success")  # fmt: skip
    return redirect(url_for("calendar.show", number=number), 303)


def _page(number: int, typed: dict[str, Any], *, foreseen: Any = None, fault: str = "") -> str:
    versions = current.read(queries.year_versions, number)
    asked = request.args.get("version", type=int)
    chosen = next((each for each in versions if each.year.version == asked), versions[0])
    changed = {each.day for each in foreseen.days} if foreseen else set()
    drawn = _year(number, typed) if foreseen else chosen.year
    told = {each.year.version: calendar_years.differences(before.year, each.year)
            for each, before in pairwise(versions)}  # fmt: skip
    return render_template(
        "calendar/year.html",
        number=number,
        year=drawn,
        chosen=chosen,
        versions=versions,
        told=told,
        months=[(month, list(month_table(drawn, month, changed))) for month in range(1, 13)],
        weekdays=WEEKDAYS,
        typed={**_typed(chosen.year), **typed},
        foreseen=foreseen,
        fault=fault,
        limits=YEARS,
    )


def _typed(year: Year) -> dict[str, Any]:
    """What the form shows of a year: holidays in rows, make-up days, office hours."""
    first, last = date(year.number, 1, 1), date(year.number, 12, 31)
    days = list(reckoning.spans(workdays.Calendar({year.number: year}), first, last))
    rows = [(each.name, each.first.isoformat(), each.last.isoformat()) for each in days if each.is_rest and each.name]
    made_up = sorted(day for day, mark in year.marks.items() if not mark.is_rest)
    return {
        "rows": [*rows, *[("", "", "")] * max(2, ROWS - len(rows))],
        "made_up": " ".join(day.isoformat() for day in made_up),
        "hours": " ".join(map(str, year.hours)),
    }


def _hours(typed: dict[str, Any], number: int) -> Any:
    return calendar_years.read_hours(typed.get("hours", ""), year=number)


def _year(number: int, typed: dict[str, Any]) -> Year:
    """The year as it was typed. Raises YearInvalid, naming the field."""
    marks = dict(_holidays(typed["rows"]))
    for text in typed.get("made_up", "").replace("、", " ").replace(",", " ").split():
        marks[_date(text, gettext("Make-up days"))] = Mark(False, calendar_years.MAKE_UP)
    return replace(Year(number, marks), hours=_hours(typed, number))


def _holidays(rows: Sequence[tuple[str, str, str]]) -> Iterator[tuple[date, Mark]]:
    for place, (name, begins, ends) in enumerate(rows, 1):
        name, begins, ends = name.strip(), begins.strip(), ends.strip()
        if not (name or begins or ends):
            continue
        where = gettext("Holiday %(row)s", row=place)
        if not name:
            raise FieldWrong(what=where, value=begins, reason=gettext("it has no name"))
        first = _date(begins, where)
        last = _date(ends, where) if ends else first
        if not 0 <= (last - first).days < 60:
            raise FieldWrong(what=where, value=name, reason=gettext("it ends before it begins"))
        for offset in range((last - first).days + 1):
            yield first + calendar_years.DAY * offset, Mark(True, name[:20])


def _date(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FieldWrong(what=what, value=text, reason=gettext("a day is written as 2027-01-01")) from None
