"""`bihuan version`: list, compare and put back versions of a process, move running cases from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click

from engine import Engine, FaultsFound, Plan, Selection, Step, queries
from web import version_words
from web.commands import installation
from web.commands.diagrams import show_faults
from web.commands.terminal import FAULTY, MISUSED, N_, Failed, _, say, say_wrong, show_table


@click.group(help=N_("Versions of a process: list, compare, put an earlier one back, move running cases."))
def version() -> None:
    """This will hold the commands for versions."""


def _versions(engine: Engine, process: str) -> list[Any]:
    listed: list[Any] = engine.read(queries.versions, installation.BY, process)
    return listed


def _find(rows: list[Any], number: int) -> Any:
    for row in rows:
        if row.version == number:
            return row
    known = ", ".join(str(row.version) for row in reversed(rows))
    raise Failed(_("There is no version {number}. There are: {known}", number=number, known=known), exit_code=MISUSED)


@version.command("list", help=N_("List the versions of a process with the cases that run on each."))
@click.argument("process")
def show(process: str) -> None:
    """This will print a line for each version, the one in force on top."""
    rows = [
        (row.version, _("in force") if row.is_in_force else "", f"{row.deployed_at:%Y-%m-%d %H:%M}Z",
         row.deployed_by or _("system"), row.running, row.restores or "", row.note)
        for row in _versions(installation.open_engine(), process)
    ]  # fmt: skip
    headings = ("Version", "In force", "Since", "By", "Running cases", "Restores", "Note")
    show_table([_(heading) for heading in headings], rows)


_OF_LIST = (N_("Version"), N_("In force"), N_("Since"), N_("By"), N_("Running cases"), N_("Restores"), N_("Note"))


@version.command(help=N_("Tell what differs between two versions of a process. Example: bihuan version compare p 1 2"))
@click.argument("process")
@click.argument("old", type=int)
@click.argument("new", type=int)
def compare(process: str, old: int, new: int) -> None:
    """This will print what was added, removed and changed."""
    engine = installation.open_engine()
    rows = _versions(engine, process)
    found = engine.compare_versions(_find(rows, old).id, _find(rows, new).id, by=installation.BY)
    _tell(found.diagram, found.resources)


def _tell(diagram: Any, resources: Sequence[Any]) -> None:
    for mark, elements in (("+", diagram.added), ("-", diagram.removed)):
        for element in elements:
            say(f"{mark} {version_words.kind(element.type, _)} {element.name or element.id} ({element.id})")
    for element in diagram.changed:
        say(f"± {element.name or element.id} ({element.id})")
        _tell_each(element.differences)
    _tell_each(diagram.process)
    for resource in resources:
        say(f"± {resource.key} {resource.name}: {resource.before or '-'} → {resource.after or '-'}")
        _tell_each(resource.differences)
    if diagram.is_empty and not resources:
        say(_("Nothing differs but where elements are drawn."))


def _tell_each(differences: Sequence[Any]) -> None:
    for each in differences:
        before, after = (version_words.value(text, _) for text in (each.before, each.after))
        say(f"    {version_words.aspect(each.what, _)}: {before} → {after}")


@version.command(help=N_("Put an earlier version back in force for new cases, with its forms and decisions."))
@click.argument("process")
@click.argument("number", type=int)
@click.option("--note", default="", help=N_("Why; kept with the version."))
@click.option("--dry-run", is_flag=True, help=N_("Only tell what would change."))
def rollback(process: str, number: int, note: str, dry_run: bool) -> None:
    """This will tell what changes, then put the version back."""
    engine = installation.open_engine()
    earlier = _find(_versions(engine, process), number)
    found = engine.preview_rollback(earlier.id, by=installation.BY)
    _tell(found.diagram, found.resources)
    for key, names in found.shared.items():
        say_wrong(_("“{key}” is used by {names} too.", key=key, names=", ".join(names)))
    try:
        if found.faults is not None:
            raise found.faults
        if dry_run:
            return
        made = engine.roll_back(earlier.id, by=installation.BY, note=note)
    except FaultsFound as faults:
        show_faults(earlier.file, faults.faults)
        raise Failed(
            _("Version {number} no longer passes the check; it is not put in force.", number=number)
        ) from faults
    say(_("“{name}” is in force as version {version}.", name=made.name, version=made.version))


@version.command(help=N_("Move running cases from one version to another. Example: bihuan version migrate p 1 2"))
@click.argument("process")
@click.argument("source", type=int)
@click.argument("target", type=int)
@click.option("--map", "pairs", multiple=True, metavar="OLD=NEW",
              help=N_("A step that has another id now; may be repeated."))  # fmt: skip
@click.option("--case", "numbers", multiple=True, metavar="NUMBER", help=N_("Only this case; may be repeated."))
@click.option("--unit", default="", metavar="CODE", help=N_("Only cases of this unit and those below it."))
@click.option("--element", default="", metavar="ID", help=N_("Only cases with an open task at this step."))
@click.option("--note", default="", help=N_("Why; kept with the migration."))
@click.option("--dry-run", is_flag=True, help=N_("Only tell what would happen."))
@click.option("--here", is_flag=True, help=N_("Move them now in this command instead of leaving them to the workers."))
def migrate(
    process: str,
    source: int,
    target: int,
    pairs: tuple[str, ...],
    numbers: tuple[str, ...],
    unit: str,
    element: str,
    note: str,
    dry_run: bool,
    here: bool,
) -> None:
    """This will tell what the plan means, then have the cases moved."""
    engine = installation.open_engine()
    rows = _versions(engine, process)
    plan = Plan(Step(_find(rows, source).id, _find(rows, target).id, dict(map(_pair, pairs))))
    selection = Selection(unit=unit, element=element, numbers=list(numbers))
    _tell_preview(engine.preview_migration(plan, selection, by=installation.BY))
    if dry_run:
        return
    ordered = engine.order_migration(plan, selection, by=installation.BY, note=note)
    if not here:
        say(_("The workers move {count} cases. Migration {id}", count=ordered.total, id=ordered.id))
        return
    _work_off(engine, ordered.id)


def _pair(text: str) -> tuple[str, str | None]:
    old, equals, new = text.partition("=")
    if not equals or not old:
        raise Failed(_("“{text}” does not read OLD=NEW.", text=text), exit_code=MISUSED)
    return old, new or None


def _tell_preview(found: Any) -> None:
    say(_("{movable} of {total} cases can move.", movable=found.movable, total=found.total))
    for each in found.shifts:
        say(f"    {each.before.id} → {each.after.id}: {each.count} {version_words.waits(each.waits, _)}")
    for mark, nodes in (("-", found.cancelled), ("+", found.opened)):
        for node, count in nodes:
            say(f"    {mark} {node.id}: {count}")
    for problem, count in found.reasons:
        say_wrong(f"    {problem.element} {problem.name}: {version_words.reason(problem, _)} ({count})")


def _work_off(engine: Engine, migration_id: UUID) -> None:
    while engine.read(queries.migration, installation.BY, migration_id).migration.state == "running":
        if not engine.run_due_jobs(worker="bihuan version migrate"):
            break
    found = engine.read(queries.migration, installation.BY, migration_id)
    say(_("{moved} moved, {refused} refused, {left} no longer there.", moved=found.moved, refused=found.refused,
          left=found.left))  # fmt: skip
    refused = engine.read(queries.migrated_cases, installation.BY, migration_id, state="refused").items
    for each in refused:
        say_wrong(f"{each.number}: " + "; ".join(version_words.reasons(each.reasons, _)))
    if found.refused:
        raise click.exceptions.Exit(FAULTY)
