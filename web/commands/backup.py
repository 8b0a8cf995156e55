"""`bihuan backup` and `bihuan restore`: one file with everything, and everything from one file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from web.commands import installation
from web.commands.audit import report, report_soundness
from web.commands.terminal import FAULTY, N_, _, say, say_wrong

STEPS = {"check": N_("Checking the backup"), "tables": N_("Tables (rows)"), "files": N_("Attachments (files)")}


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """This will show on the error channel how far each step is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown: dict[str, object] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in shown:
                shown[step] = bar.add_task(_(STEPS[step]), total=total)
            bar.update(shown[step], completed=done, total=total)  # type: ignore[arg-type]

        yield show


@click.command(
    help=N_("Write database and attachments into one file, while everybody works on. Restore: bihuan restore")
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """This will print what the backup holds; a file whose bytes are gone already is named, with exit code 1."""
    started = time.monotonic()
    engine = installation.open_engine()
    with progress() as show:
        manifest = engine.back_up(file, by=installation.BY, progress=show)
    say(
        _(
            "{file}: {rows} rows, {files} attachments, {megabytes} MB, in {seconds} s",
            file=file,
            rows=manifest.rows,
            files=len(manifest.files),
            megabytes=f"{file.stat().st_size / 1e6:.1f}",
            seconds=f"{time.monotonic() - started:.1f}",
        )
    )
    say(_("It holds personal data and password hashes: keep it where only operators read."))
    for sha256 in manifest.missing:
        say_wrong(_("An attachment has no file any more: {sha256}", sha256=sha256))
    if manifest.missing:
        raise click.exceptions.Exit(FAULTY)


@click.command(help=N_("Fill an empty database and the folder of attachments from a backup, then verify all of it."))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--db", "database_url", metavar="URL", help=N_("Database to fill (default: that of the settings)."))
@click.option("--files", type=click.Path(path_type=Path, file_okay=False), help=N_("Folder for the attachments."))
@click.option("--force", is_flag=True, help=N_("Replace what the database holds; nothing of it remains."))
def restore(file: Path, database_url: str | None, files: Path | None, force: bool) -> None:
    """This will restore in one transaction, then look at every history, case and file."""
    chosen = installation.settings()
    chosen = replace(chosen, database_url=database_url or chosen.database_url, files=files or chosen.files)
    engine = installation.open_engine(chosen, is_fresh=True)
    with progress() as show:
        manifest = engine.restore(file, by=installation.BY, is_forced=force, progress=show)
    say(
        _(
            "Restored as of {moment}: {rows} rows, {files} attachments",
            moment=manifest.made_at,
            rows=manifest.rows,
            files=len(manifest.files),
        )
    )
    is_whole = report(engine.verify_histories(by=installation.BY))
    is_sound = report_soundness(engine.check_soundness(by=installation.BY, with_files=True, is_deep=True))
    if not (is_whole and is_sound):
        raise click.exceptions.Exit(FAULTY)
