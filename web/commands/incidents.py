"""`bihuan incident` and `bihuan job`: what stands still, what waits to run, and trying it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import click

from engine import ZONE, Engine, IncidentNotFound, calendar_jobs, queries, reasons
from web.commands import installation
from web.commands.terminal import FAULTY, MISUSED, N_, Failed, _, is_chinese, message_of_record, say, show_table

KINDS = click.Choice(queries.INCIDENT_KINDS)


def at(moment: datetime | None) -> str:
    """This will write a moment on the officials' clock."""
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}" if moment else ""


def reason_of(text: str) -> str:
    """This will tell why a case stands still in the reader's language."""
    return reasons.say(text, "zh" if is_chinese() else "en")


@click.group(help=N_("See what stands still and why, and try it again."))
def incident() -> None:
    """This will gather the commands about incidents."""


def _filters(command: Any) -> Any:
    options = (
        click.option("--kind", type=KINDS, help=N_("Only of this kind.")),
        click.option("--process", "process_id", help=N_("Only cases of this process.")),
        click.option("--element", help=N_("Only at this element of the diagram.")),
        click.option("--unit", help=N_("Only cases of this unit (its code) and those below it.")),
        click.option("--hours", type=click.IntRange(1), help=N_("Only raised in the last so many hours.")),
    )
    for option in reversed(options):
        command = option(command)
    return command


def asked(engine: Engine, unit: str | None, hours: int | None, **exact: Any) -> queries.IncidentFilter:
    """This will return the filter that the options ask for."""
    since = datetime.now(UTC) - timedelta(hours=hours) if hours else None
    return queries.IncidentFilter(unit_path=path_of(engine, unit), since=since, **exact)


def path_of(engine: Engine, code: str | None) -> str | None:
    """This will return the path of a unit, or end the command when there is none."""
    if code is None:
        return None
    for unit in engine.read(queries.units, installation.BY):
        if unit.code == code:
            return str(unit.path)
    raise Failed(_("There is no unit “{code}”.", code=code), exit_code=MISUSED)


@incident.command("list", help=N_("List what stands still, the oldest first."))
@_filters
@click.option("--count", "is_counting", is_flag=True, help=N_("Count by process, element and reason instead."))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help=N_("Lines to print."))
def list_(is_counting: bool, limit: int, unit: str | None, hours: int | None, **exact: Any) -> None:
    """This will print one incident, or one kind of them, a line."""
    engine = installation.open_engine()
    wanted = asked(engine, unit, hours, **exact)
    if is_counting:
        groups = engine.read(queries.incident_groups, installation.BY, wanted, limit=limit)
        headings = [_("Count"), _("Process"), _("Element"), _("Since"), _("Reason")]
        rows = [(row.count, row.process_id, row.element, at(row.oldest_at), reason_of(row.reason)) for row in groups]
        show_table(headings, rows)
        return
    page = engine.read(queries.incident_page, installation.BY, wanted, limit=limit)
    show_table(
        [_("Incident"), _("Case"), _("Element"), _("Since"), _("Reason")],
        [(row.id, row.case_number, row.element, at(row.raised_at), reason_of(row.reason)) for row in page],
    )
    if page.next:
        say(_("There are {count} in all; --count counts them by reason.", count=page.total))


@incident.command("show", help=N_("Print all that is known of one incident."))
@click.argument("incident_id", type=click.UUID)
def show(incident_id: UUID) -> None:
    """This will print the incident, the values that it saw, and where a service failed."""
    row = installation.open_engine().read(queries.incident, installation.BY, incident_id)
    if row is None:
        raise IncidentNotFound
    say(f"{row.case_number} {row.case_title}")
    say(f"{row.name or row.element} ({row.element}): {reason_of(row.reason)}", "red")
    say(_("since {time}, attempts: {count}", time=at(row.raised_at), count=row.attempts))
    for name, value in row.detail.items():
        if value not in (None, "", [], {}):
            say(f"  {name}: {value}")
    if row.stack:
        say(row.stack)
    if row.resolved_at:
        say(_("Repaired {time}.", time=at(row.resolved_at)))


@incident.command("retry", help=N_("Try again: the incidents named, or all that the filters choose."))
@click.argument("ids", type=click.UUID, nargs=-1)
@_filters
@click.option("--all", "is_all", is_flag=True, help=N_("All that the filters choose."))
@click.option("--reason", default="", help=N_("Why; it stands in the history of each case."))
def retry(ids: tuple[UUID, ...], is_all: bool, reason: str, unit: str | None, hours: int | None, **exact: Any) -> None:
    """This will try each again and print what was refused."""
    engine = installation.open_engine()
    if bool(ids) == is_all:
        raise Failed(_("Name incidents, or give --all with filters."), exit_code=MISUSED)
    chosen = list(ids) or engine.read(queries.incident_ids, installation.BY, asked(engine, unit, hours, **exact))
    if not chosen:
        say(_("Nothing stands still there."))
        return
    run_action(engine, "retry", chosen, reason or _("tried again by the command line"))


def run_action(engine: Engine, verb: str, ids: list[UUID], reason: str) -> None:
    """This will do something to many, printing how far it is, and fail when something was refused."""
    id = engine.begin_action(verb, ids, by=installation.BY, reason=reason)
    while engine.go_on_with(id, by=installation.BY, seconds=5):
        action, _page = engine.read(queries.action, installation.BY, id)
        say(_("{done} of {total}", done=action.done + action.refused, total=action.total))
        if action.finished_at:
            break
    action, refused = engine.read(queries.action, installation.BY, id, state="refused")
    for item in refused:
        say(f"{item.number}: {message_of_record(item.error)}", "red")
    if action.refused:
        raise Failed(_("{count} of {total} were refused.", count=action.refused, total=action.total), exit_code=FAULTY)


@click.group(help=N_("See what waits to run and what failed, and try it again."))
def job() -> None:
    """This will gather the commands about jobs."""


@job.command("list", help=N_("List what waits to run and what failed, the earliest first."))
@click.option("--state", type=click.Choice(["waiting", "failed", "suspended"]), help=N_("Only in this state."))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help=N_("Lines to print."))
def list_jobs(state: str | None, limit: int) -> None:
    """This will print one job a line."""
    page = installation.open_engine().read(queries.jobs, installation.BY, state=state, limit=limit)
    show_table(
        [_("Job"), _("Kind"), _("State"), _("Case"), _("Element"), _("Due"), _("Attempts"), _("Error")],
        [
            (row.id, row.kind, row.state, row.case_number, row.element, at(row.due_at), row.attempts,
             reason_of(row.error))
            for row in page
        ],
    )  # fmt: skip


@job.command("schedule", help=N_("List what the calendar asks for: last run, how long it took, next run, error."))
def show_schedule() -> None:
    """This will print one calendar job a line, the next one first."""
    found = installation.open_engine().read(calendar_jobs.schedule, installation.BY)
    show_table(
        [_("Job"), _("What it does"), _("Last run"), _("Seconds"), _("Result"), _("Next run"), _("Error")],
        [
            (each.name, _(each.title), at(each.last.begun_at) if each.last else "",
             "" if each.took is None else f"{each.took:.1f}", each.last.result if each.last else "", at(each.next_at),
             each.last.error.strip().rpartition("\n")[2] if each.last else "")
            for each in found
        ],
    )  # fmt: skip


@job.command("run", help=N_("Run a calendar job now, whenever it ran last."))
@click.argument("name", type=click.Choice(sorted(calendar_jobs.JOBS)))
def run_calendar_job(name: str) -> None:
    """This will run it in this process and fail when it failed."""
    done = calendar_jobs.run_now(installation.open_engine(), name, by=installation.BY)
    if done.error:
        raise Failed(done.error.strip().rpartition("\n")[2], exit_code=FAULTY)
    say(_("Done: {result}", result=done.result or "-"))


@job.command("retry", help=N_("Try a failed job again."))
@click.argument("job_id", type=click.UUID)
def retry_job(job_id: UUID) -> None:
    """This will let the job run again at once."""
    case = installation.open_engine().retry_job(job_id, by=installation.BY)
    say(_("The job of case {number} will be tried again.", number=case.number))
