"""`bihuan workdays`, `calendar` and `limit`: counting working days, publishing a year, why a limit ends on its day."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from engine import Engine, calendar_years, calendars, holiday_notices, queries
from web import wording
from web.commands import installation, terminal
from web.commands.terminal import MISUSED, N_, Failed, _, say, say_wrong, show_table
from web.config import PREFIX

WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
DAY = calendar_years.DAY


def _day(_context: click.Context, _parameter: click.Parameter, value: str) -> date:
    """Reads a day; what is none is refused with words that say how one is written."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(_("{value} is not a day; write it as 2027-01-01.", value=value)) from None


def in_force(database: str | None) -> calendars.Calendar:
    """This will return the calendar in force in a database; without one, the calendar that the program brings."""
    if database is not None:
        os.environ[PREFIX + "DATABASE_URL"] = database
    elif not _is_there(os.environ.get(PREFIX + "DATABASE_URL", "")):
        return calendars.SHIPPED
    try:
        return installation.open_engine().calendar
    except Failed:
        if database is not None:
            raise
        return calendars.SHIPPED


def _is_there(address: str) -> bool:
    """A file of SQLite that is not there yet is not made by asking for it."""
    try:
        url = make_url(address) if address else None
    except ArgumentError:
        return False
    return url is not None and (url.get_backend_name() != "sqlite" or Path(url.database or "").is_file())


@click.command(help=N_("Print the working day N working days after DATE (YYYY-MM-DD); a negative N counts back."),
               context_settings={"ignore_unknown_options": True})  # fmt: skip
@click.argument("date", callback=_day, metavar="DATE")
@click.argument("n", type=int)
@click.option("--explain", is_flag=True, help=N_("Print each day that is not counted and why, and make-up days."))
@click.option("--db", "database", metavar="URL", help=N_("Count by the calendar in force in this database."))
def workdays(date: date, n: int, explain: bool, database: str | None) -> None:
    """This will print the day, and with `explain` each day that was skipped or made up for and the calendars used."""
    calendar = in_force(database)
    end = calendar.workdays(date, n)
    if explain:
        # the day that one counts from does not count; with nothing to count it is the only one to speak of
        first, last = (date + DAY, end) if n > 0 else (end, date - DAY) if n < 0 else (date, date)
        if rows := list(_special(calendar, first, last)):
            show_table([_("Day"), _("Weekday"), _("What it is")], rows)
        for year in range(min(date, end).year, max(date, end).year + 1):
            say(_calendar(calendar.year(year)))
    say(end.isoformat())


def _calendar(year: calendar_years.Year) -> str:
    if year.is_provisional:
        return _("The calendar of {year} is provisional: its holidays are not published.", year=year.number)
    if year.version:
        return _("Calendar of {year}: version {version}.", year=year.number, version=year.version)
    return _("Calendar of {year}: as published by the State Council.", year=year.number)


def _special(calendar: calendars.Calendar, first: date, last: date) -> Iterator[tuple[str, str, str]]:
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        mark = calendar.year(day.year).marks.get(day)
        weekday = _(WEEKDAYS[day.weekday()])
        if mark is not None and not mark.is_rest:
            yield day.isoformat(), weekday, _("counted: working day (made up for a holiday)")
        elif mark is not None:
            yield day.isoformat(), weekday, _("not counted: holiday, {name}", name=mark.name)
        elif not calendar.is_workday(day):
            yield day.isoformat(), weekday, _("not counted: rest day (weekend)")


@click.group("calendar", help=N_("The working calendar: show a year, publish one."))
def group() -> None:
    """This will hold the commands for the calendar."""


@group.command(
    help=N_("Print what is special in a year, as JSON that `publish` reads. Example: bihuan calendar show 2027")
)
@click.argument("year", type=click.IntRange(1900, 2200))
@click.option("--db", "database", metavar="URL", help=N_("Count by the calendar in force in this database."))
def show(year: int, database: str | None) -> None:
    """This will print the year on standard output, and beside it where it comes from."""
    found = in_force(database).year(year)
    say(calendar_years.write_year(found))
    say_wrong(_calendar(found))


@group.command(
    help=N_(
        "Put a year in force: JSON as `show` prints it, or the text of a notice. "
        "Example: bihuan calendar publish n.txt --year 2027"
    )
)
@click.argument("file", type=FILE)
@click.option("--year", type=click.IntRange(1900, 2200), help=N_("Year of the notice; not needed for JSON."))
@click.option("--note", default="", help=N_("Why; kept with the version."))
@click.option("--dry-run", is_flag=True, help=N_("Only tell what would change."))
def publish(file: Path, year: int | None, note: str, dry_run: bool) -> None:
    """This will tell what changes, then publish the year."""
    text = terminal.read_text(file).decode("utf-8-sig", "replace")
    engine = installation.open_engine()
    found = _read(text, year, engine)
    foreseen = engine.foresee_year(found, by=installation.BY)
    for each in foreseen.days:
        say(f"{each.day}: {_mark(each.before)} → {_mark(each.after)}")
    say(_("{days} days change; {moved} running limits move.", days=len(foreseen.days), moved=foreseen.moved))
    if not dry_run:
        made = engine.publish_year(found, by=installation.BY, note=note)
        say(_("Calendar of {year}: version {version}.", year=made.number, version=made.version))


def _read(text: str, year: int | None, engine: Engine) -> calendar_years.Year:
    if text.lstrip().startswith("{"):
        return calendar_years.read_year(text)
    if year is None:
        raise Failed(_("Which year? Give --year."), exit_code=MISUSED)
    hours = engine.calendar.year(year).hours
    return calendar_years.Year(year, holiday_notices.read_notice(text, year), hours=hours)


def _mark(mark: Any) -> str:
    if mark is None:
        return _("as its weekday")
    return f"{_('rest day')} {mark.name}" if mark.is_rest else _("made up for")


@click.group(help=N_("Limits: list those that run, explain why one ends on its day."))
def limit() -> None:
    """This will hold the commands for limits."""


@limit.command("list", help=N_("List limits, the nearest first. Example: bihuan limit list --state exceeded"))
@click.option("--state", type=click.Choice(queries.LIMIT_FILTERS), default="running", show_default=True,
              help=N_("Only limits in this state."))  # fmt: skip
@click.option("--code", help=N_("Only this limit."))
@click.option(
    "--limit", "most", type=click.IntRange(1, 200), default=50, show_default=True, help=N_("At most so many.")
)
def listed(state: str, code: str | None, most: int) -> None:
    """This will print a line for each limit."""
    page = installation.open_engine().read(queries.limits, installation.BY, state=state, code=code, limit=most)
    rows = [(row.limit.id, row.case_number, row.limit.name, row.unit_name, _time(row.limit.due_at)) for row in page]
    show_table([_("Id"), _("Case"), _("Limit"), _("Unit"), _("Due on")], rows)


@limit.command(help=N_("Tell step by step why a limit ends on its day. Example: bihuan limit explain YH-2026-00001"))
@click.argument("case_or_id")
def explain(case_or_id: str) -> None:
    """This will explain one limit by its id, or all limits of a case by its number."""
    engine = installation.open_engine()
    for view in _views(engine, case_or_id):
        say(f"{view.limit.name}  {_time(view.limit.due_at)}", style="bold")
        say(view.definition.basis)
        for number, step in enumerate(view.reckoning.steps, 1):
            say(f"  {number}. {wording.said(step, _)}")


def _views(engine: Engine, case_or_id: str) -> list[queries.LimitView]:
    try:
        return [engine.read(queries.limit, installation.BY, UUID(case_or_id))]
    except ValueError:
        case_id = engine.read(queries.case_by_number, installation.BY, case_or_id)
        return engine.read(queries.limits_of_case, installation.BY, case_id)


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(calendars.CHINA):%Y-%m-%d %H:%M}" if at is not None else "-"
