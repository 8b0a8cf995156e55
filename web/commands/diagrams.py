"""`bihuan deploy`, `check`, `convert` and `scenario`: what process designers do without a browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from engine import Engine, Fault, FaultsFound, bpmn, dmn, rehearsals
from web.commands import installation, reports, terminal
from web.commands.terminal import FAULTY, MISUSED, N_, Failed, _, reason_of, say, say_wrong

DECISIONS = (".dmn",)
DIAGRAMS = (".bpmn", ".xml")
FILE = click.Path(path_type=Path, exists=True)


def models(paths: Iterable[Path]) -> Iterator[Path]:
    """This will go through the files, and through the diagrams and decisions of the folders, in order."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix in (".bpmn", *DECISIONS))
        else:
            yield path


def read(file: Path) -> tuple[Sequence[Fault], bpmn.Diagram | None]:
    """This will return everything that is wrong in the file, and what was read of a diagram."""
    content = terminal.read_text(file)
    try:
        if file.suffix in DECISIONS:
            dmn.parse(content)
            return (), None
        return (), bpmn.parse(content)
    except FaultsFound as found:
        return found.faults, None


def is_native(diagram: bpmn.Diagram) -> bool:
    """This will tell whether a diagram is written in our dialect: who wrote it knows what its app brings."""
    return all(process.is_native for process in diagram.processes.values())


def show_faults(file: Path | str, faults: Sequence[Fault]) -> None:
    """This will print every fault with the element it concerns, the line first so that editors can jump there."""
    for fault in faults:
        place = f"{file}:{fault.line}" if fault.line else str(file)
        element = " ".join(part for part in (fault.name and f"“{fault.name}”", fault.element) if part)
        say_wrong(": ".join(part for part in (place, element, reason_of(fault)) if part))


@click.command(help=N_("Check diagrams and decisions without putting them in force; all faults, with their elements."))
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--each", is_flag=True, help=N_("Print every translation of every element, too."))
def check(files: tuple[Path, ...], each: bool) -> None:
    """This will print all faults of all files and end with exit code 1 when there are any."""
    checked = faulty = 0
    for file in models(files):
        faults, diagram = read(file)
        checked += 1
        if faults:
            faulty += 1
            show_faults(file, faults)
        else:
            say(_("{file}: no faults", file=file))
        if diagram is not None and (diagram.notes or not is_native(diagram)):
            reports.show(file, diagram.notes, bpmn.needs(diagram), each=each)
    if not checked:
        raise Failed(_("There is no diagram and no decision in what you named."), exit_code=MISUSED)
    if faulty:
        raise Failed(_("{faulty} of {checked} files have faults.", faulty=faulty, checked=checked))


@click.command(
    help=N_("Put process apps in force (all without a name), or one changed diagram. Running cases stay on theirs.")
)
@click.argument("what", required=False, metavar="[APP|FILE]")
@click.option("--note", default="", help=N_("What was changed and why; kept with the version."))
def deploy(what: str | None, note: str) -> None:
    """This will deploy and say which versions are new."""
    engine = installation.open_engine()
    if what is not None and Path(what).is_file():
        deploy_file(engine, Path(what), note)
        return
    for app in [installation.process_app(what)] if what else installation.process_apps():
        try:
            deployed = engine.deploy_app(app, by=installation.BY)
        except FaultsFound as found:
            show_faults(app.folder.name, found.faults)
            raise Failed(_("“{app}” is not put in force; what was in force before stays so.", app=app.title)) from found
        say(_("{app} put in force", app=app.title) if deployed else _("{app} unchanged", app=app.title))


def deploy_file(engine: Engine, file: Path, note: str) -> None:
    """This will put a new version of each process in force that the file holds and that is already deployed."""
    xml = bpmn.decoded(terminal.read_text(file))
    try:
        for process_id in bpmn.parse(xml.encode()).processes:
            definition = engine.deploy_diagram(process_id, xml, by=installation.BY, note=note)
            say(_("“{name}” is in force as version {version}.", name=definition.name, version=definition.version))
    except FaultsFound as found:
        show_faults(file, found.faults)
        raise Failed(_("The diagram is not put in force; what was in force before stays so.")) from found


@click.command(help=N_("Translate a model of Camunda 7, Flowable or Activiti, and report what became of each element."))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help=N_("File to write the translated model to."))  # fmt: skip
@click.option("--each", is_flag=True, help=N_("Print every translation of every element, too."))
def convert(file: Path, output: Path, each: bool) -> None:
    """This will write the translated model and print what was translated, kept aside or is impossible."""
    try:
        xml, notes = bpmn.convert(terminal.read_text(file))
    except FaultsFound as found:
        show_faults(file, found.faults)
        raise Failed(_("“{file}” cannot be translated; nothing was written.", file=file)) from found
    try:
        output.write_bytes(xml)
    except OSError as error:
        raise Failed(_("“{path}” cannot be written: {reason}", path=output, reason=error.strerror or error)) from error
    diagram = bpmn.parse(xml)
    reports.show(file, [*notes, *diagram.notes], bpmn.needs(diagram), each=each)
    say(_("{file}: written", file=output))


@click.command(
    help=N_("Run scenario files of diagrams and process apps on a virtual clock; a line each, then how many passed.")
)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
def scenario(files: tuple[Path, ...]) -> None:
    """This will run the files, and those in folders, and end with exit code 1 unless all pass."""
    paths = [path for file in files for path in (sorted(file.rglob("*.yaml")) if file.is_dir() else [file])]
    outcomes = []
    for line, has_passed in rehearsals.report(paths, {app.name: app for app in installation.process_apps()}):
        say(line)
        outcomes.append(has_passed)
    if not paths or not all(outcomes):
        raise click.exceptions.Exit(FAULTY)
