"""The working calendar as JSON: a year, what publishing one would change, publishing it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from marshmallow import Schema, ValidationError, fields, validate

from engine import calendar_years, holiday_notices
from web import current
from web.api.routes import Blueprint
from web.api.schemas import text

blueprint = Blueprint("api-calendar", __name__, url_prefix="/api/calendar", description="Calendar")

FIRST, LAST = 1900, 2200  # years that are kept
DAYS: dict[str, Any] = {"keys": fields.Date(), "values": fields.String(validate=validate.Length(1, 20))}


class YearShown(Schema):
    """A year of the calendar in force."""

    number = fields.Integer()
    version = fields.Integer(metadata={"description": "Version published here; 0: as the program knows it."})
    is_provisional = fields.Boolean(metadata={"description": "Its holidays are not published."})
    rest = fields.Function(lambda year: _days(year, True), metadata={"type": "object", "description": "Holidays."})
    work = fields.Function(lambda year: _days(year, False), metadata={"type": "object", "description": "Make-up days."})
    hours = fields.Function(
        lambda year: " ".join(map(str, year.hours)), metadata={"type": "string", "description": "Office hours."}
    )
    workdays = fields.Function(
        lambda year: len(year.workdays), metadata={"type": "integer", "description": "How many working days it has."}
    )


def _days(year: calendar_years.Year, is_rest: bool) -> dict[str, str]:
    return {day.isoformat(): mark.name for day, mark in sorted(year.marks.items()) if mark.is_rest == is_rest}


class YearGiven(Schema):
    """A year to publish: its days, or the text of a notice that names them."""

    rest = fields.Dict(**DAYS, load_default=dict, metadata={"description": "Holidays by day, as `2027-01-01`: `元旦`."})
    work = fields.List(fields.Date(), load_default=list, metadata={"description": "Make-up days."})
    notice = text("Lines of the notice; instead of the days.", load_default="", validate=validate.Length(max=20_000))
    hours = text("Office hours; as before without them.", load_default="", validate=validate.Length(max=200))
    note = text("Kept with the version.", load_default="", validate=validate.Length(max=2000))
    is_trial = fields.Boolean(load_default=False, metadata={"description": "Only tell what would change."})


class Published(Schema):
    """What publishing changed, or would change."""

    version = fields.Integer(metadata={"description": "The version now in force."})
    days = fields.List(fields.Date(), metadata={"description": "Days that differ."})
    moved = fields.Integer(metadata={"description": "Running limits that move."})
    is_capped = fields.Boolean(metadata={"description": "There are more running limits than were looked at."})


@blueprint.get("/<int:number>")
@blueprint.response(200, YearShown)
def show(number: int) -> Any:
    """Show a year of the calendar in force"""
    _check(number)
    return current.calendar().year(number)


@blueprint.post("/<int:number>")
@blueprint.arguments(YearGiven)
@blueprint.response(200, Published)
def publish(asked: dict[str, Any], number: int) -> Any:
    """Publish a year, or tell what that would change

    Running limits follow with the next jobs.
    """
    _check(number)
    before = current.calendar().year(number)
    hours = calendar_years.read_hours(asked["hours"], year=number) if asked["hours"] else before.hours
    marks = {day: calendar_years.Mark(True, name) for day, name in asked["rest"].items()}
    marks |= {day: calendar_years.Mark(False, calendar_years.MAKE_UP) for day in asked["work"]}
    if asked["notice"]:
        marks = holiday_notices.read_notice(asked["notice"], number)
    year = calendar_years.Year(number, marks, hours=hours)
    foreseen = current.engine().foresee_year(year, by=current.actor())
    version = before.version
    if not asked["is_trial"]:
        version = current.engine().publish_year(year, by=current.actor(), note=asked["note"]).version
    days = [each.day for each in foreseen.days]
    return {"version": version, "days": days, "moved": foreseen.moved, "is_capped": foreseen.is_capped}


def _check(number: int) -> None:
    if not FIRST <= number <= LAST:
        words = gettext("A year from %(first)s to %(last)s.", first=FIRST, last=LAST)
        raise ValidationError({"number": [words]})
