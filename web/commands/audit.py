"""`bihuan audit` and `bihuan doctor`: is the history what was written, does everything hold together."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from engine import ZONE, Unsound, Verdict, anchors, exports
from web.commands import installation, terminal
from web.commands.terminal import FAULTY, MISUSED, N_, Failed, _, message_of, say, say_wrong, show_table

MOST = 50  # findings that are told one by one


@click.group(help=N_("Prove that no history was changed: seal it daily, verify it, print and compare the seals."))
def audit() -> None:
    """This will gather the commands for auditors."""


@audit.command("anchor", help=N_("Seal what happened since the last anchor, and print the line to keep on paper."))
def make_anchor() -> None:
    """This will print the line of a new anchor; workers make one every day by themselves."""
    say(anchors.line(installation.open_engine().anchor(by=installation.BY)))


@audit.command("list", help=N_("List the anchors, the newest first; --lines prints them as lines to keep on paper."))
@click.option("--lines", is_flag=True, help=N_("Print the lines, the oldest first."))
@click.option("--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help=N_("How many."))
def list_anchors(lines: bool, limit: int) -> None:
    """This will print one anchor a line."""
    found = installation.open_engine().anchors(by=installation.BY, limit=limit)
    if lines:
        for anchor in reversed(found):
            say(anchors.line(anchor))
        return
    show_table(
        [_("Number"), _("Day"), _("Cases"), _("Events"), _("Digest")],
        [(row.number, row.made_at.astimezone(ZONE).date(), row.cases, row.events, row.digest) for row in found],
    )


@audit.command("verify", help=N_("Find every changed, removed or inserted event, case and anchor, and name it."))
@click.option("--case", "number", metavar="NUMBER", help=N_("Only the case with this number."))
@click.option("--anchor", "line", metavar="LINE", help=N_("Compare with the line of an anchor as it was printed."))
@click.option("--file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help=N_("Verify an exported history instead of the database."))  # fmt: skip
@click.option("--processes", type=click.IntRange(1, 64), help=N_("Processes that share the work (default: all cores)."))
def verify(number: str | None, line: str | None, file: Path | None, processes: int | None) -> None:
    """This will end with exit code 1 when anything is not what was written."""
    if file is not None:
        verify_file(file, line)
        return
    engine = installation.open_engine()
    started = time.monotonic()
    if number is not None:
        verdict = engine.verify_case(number, by=installation.BY)
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(_("Events"), total=None)
            verdict = engine.verify_histories(
                by=installation.BY,
                line=line or "",
                processes=processes,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    if not report(verdict, seconds=time.monotonic() - started):
        raise click.exceptions.Exit(FAULTY)


def report(verdict: Verdict, *, seconds: float | None = None) -> bool:
    """This will say what a verification found, and return whether everything is as it was written."""
    for error in verdict.broken_anchors:
        say_wrong(message_of(error))
    for each in verdict.breaks[:MOST]:
        say_wrong(message_of(each.error()))
    if len(verdict.breaks) > MOST:
        say_wrong(_("and {count} more", count=len(verdict.breaks) - MOST))
    say(
        _(
            "{events} events of {cases} cases, {deleted} deleted by rule, {anchors} anchors",
            events=verdict.events,
            cases=verdict.cases,
            deleted=verdict.deleted,
            anchors=verdict.anchors,
        )
        + (f" ({seconds:.1f} s)" if seconds is not None else "")
    )
    if verdict.is_whole:
        say(_("Everything is as it was written."), style="green")
    return verdict.is_whole


def verify_file(file: Path, line: str | None) -> None:
    """This will verify an exported history without any database, against a printed line where one is given."""
    try:
        document = json.loads(terminal.read_text(file).decode("utf-8"))
    except ValueError as error:
        raise Failed(_("“{file}” is not JSON: {reason}", file=file, reason=error), exit_code=MISUSED) from error
    count = exports.verify_document(document, anchors.read_line(line) if line else None)
    say(_("{events} events, {anchors} anchors", events=count, anchors=len(document["anchors"])))
    say(_("Everything is as it was written."), style="green")


@click.command(help=N_("Look whether cases, tasks, jobs, counts and files fit together, and tell what to do if not."))
@click.option("--case", "number", metavar="NUMBER", help=N_("Only the case with this number."))
@click.option("--files", is_flag=True, help=N_("Look for every attachment in the store, too."))
@click.option("--deep", is_flag=True, help=N_("Read every attachment and compare it with its checksum."))
@click.option("--recount", is_flag=True, help=N_("Correct the counts of boards first, where they are wrong."))
def doctor(number: str | None, files: bool, deep: bool, recount: bool) -> None:
    """This will end with exit code 1 when anything does not fit."""
    engine = installation.open_engine()
    if recount:
        say(_("{count} counts of boards were corrected.", count=engine.recount_boards(by=installation.BY)))
    found = engine.check_soundness(by=installation.BY, number=number, with_files=files or deep, is_deep=deep)
    if not report_soundness(found):
        raise click.exceptions.Exit(FAULTY)


def report_soundness(found: Sequence[Unsound]) -> bool:
    """This will say what does not fit together, and return whether everything does."""
    for finding in found[:MOST]:
        say_wrong(message_of(finding))
    if len(found) > MOST:
        say_wrong(_("and {count} more", count=len(found) - MOST))
    if not found:
        say(_("Everything fits together."), style="green")
    return not found
