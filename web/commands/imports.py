"""`bihuan import`: cases from a spreadsheet; rows that cannot be taken go into a report file with their reasons."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from engine import SYSTEM, Actor, Engine, imports, queries
from web.commands import installation
from web.commands.terminal import MISUSED, N_, Failed, _, say, say_wrong


@click.command(
    "import", help=N_("Start a case for every row of a .csv or .xlsx file; twice the same file: nothing twice.")
)
@click.argument("app", metavar="APP")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--by", "login", metavar="LOGIN", help=N_("Account that starts the cases; without it the system does."))
@click.option("--unit", "unit_code", metavar="CODE", help=N_("Unit of the cases where the rows do not name one."))
def import_(app: str, file: Path, login: str | None, unit_code: str | None) -> None:
    """This will show a progress bar, then how many rows became cases, were known, or stand in the report file."""
    engine = installation.open_engine()
    found = installation.process_app(app)
    by = _actor(engine, login) if login else SYSTEM
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(file.name, total=None)

        def show(progress: imports.Progress) -> None:
            bar.update(task, completed=progress.read, total=progress.total)

        result = imports.import_file(engine, found, file, by=by, unit_code=unit_code, progress=show)
    say(
        _(
            "{read} rows read: {imported} cases started, {known} imported before, {refused} refused",
            read=result.read,
            imported=result.imported,
            known=result.known,
            refused=result.refused,
        )
    )
    if result.report is not None:
        say_wrong(_("The refused rows stand in {report}, with column and reason.", report=result.report))
        raise click.exceptions.Exit(1)


def _actor(engine: Engine, login: str) -> Actor:
    for person in engine.read(queries.accounts):
        if person.login == login:
            return engine.actor(person.id)
    raise Failed(_("There is no account “{login}”.", login=login), exit_code=MISUSED)
