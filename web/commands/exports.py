"""`bihuan export`: a history that proves itself, and logs for process mining."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click

from engine import ZONE, Chosen
from web.commands import installation
from web.commands.terminal import N_, Failed, _, say_wrong

OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=N_("File to write (default: the terminal).")
)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group(help=N_("Write histories for other programs: JSON that proves itself, XES and OCEL for process mining."))
def export() -> None:
    """This will gather the exports."""


@export.command("history", help=N_("Write the history of one case with its hashes; verify: bihuan audit verify --file"))
@click.argument("number")
@OUTPUT
def export_history(number: str, output: Path | None) -> None:
    """This will write one JSON document."""
    engine = installation.open_engine()
    case_id = engine.find_case(number, by=installation.BY)
    document = engine.export_history(case_id, by=installation.BY)
    write([json.dumps(document, ensure_ascii=False, indent=1), "\n"], output)


@export.command("log", help=N_("Write the histories of many cases as a log: xes (IEEE 1849) or ocel (OCEL 2.0 JSON)."))
@click.argument("kind", type=click.Choice(["xes", "ocel"]))
@click.option("--process", "process_id", metavar="ID", help=N_("Only cases of this process."))
@click.option("--from", "first", type=DAY, help=N_("Only cases started on this day or later."))
@click.option("--to", "last", type=DAY, help=N_("Only cases started before this day."))
@click.option("--without-names", is_flag=True, help=N_("Write numbers instead of the names of persons; no titles."))
@OUTPUT
def export_log(
    kind: str, process_id: str | None, first: datetime | None, last: datetime | None, without_names: bool,
    output: Path | None,
) -> None:  # fmt: skip
    """This will stream the log: it may be larger than the memory."""
    chosen = Chosen(
        process_id=process_id,
        since=first.replace(tzinfo=ZONE) if first else None,
        until=last.replace(tzinfo=ZONE) if last else None,
        has_names=not without_names,
    )
    write(installation.open_engine().export_log(chosen, by=installation.BY, is_ocel=kind == "ocel"), output)


def write(parts: Iterable[str], output: Path | None) -> None:
    """This will write a text part by part, to the terminal or to a file that is whole or not there."""
    if output is None:
        for part in parts:
            sys.stdout.write(part)
        return
    half = output.with_name(f".{output.name}.part")
    try:
        with half.open("w", encoding="utf-8") as file:
            file.writelines(parts)
        half.replace(output)
    except OSError as error:
        raise Failed(_("“{path}” cannot be written: {reason}", path=output, reason=error.strerror or error)) from error
    finally:
        half.unlink(missing_ok=True)
    say_wrong(_("{file}: written", file=output))
