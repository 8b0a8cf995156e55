"""What the command line says of an imported model: what remains to be done, then what became of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine import Fault, bpmn
from web.commands.terminal import N_, _, reason_of, say
from web.needs import KINDS, MOST, Told, grouped, is_need

WHY = (
    N_("no engine reads it, only programs of your own"),
    N_("nothing here does the same"),
    N_("scripts are not run"),
    N_("who may start is a matter of rights"),
    N_("no variable is written when a task is changed"),
    N_("the hit policy decides the form of the result"),
    N_("waiting time between retries"),
    N_("a form was made for what conditions ask"),
    N_("the form of the old program is not shown here"),
    N_("tasks have no owner"),
    N_("its value is not used"),
    N_("a task has the same name in every case"),
    N_("its service may answer who does the task"),
    N_("priorities are 0 to 100"),
    N_("there is no job here"),
    N_("versions are numbered anew here, and the newest counts: give that version a tag, and bind by it"),
    N_("the form has no such rule"),
    N_("there is no service that could throw it"),
    N_("it goes out as a message of this name, without correlation key"),
    N_("it comes as a message of this name"),
)  # named here so that the catalog keeps them


def show(file: object, notes: Sequence[bpmn.Note], needs: Iterable[bpmn.Need], *, each: bool = False) -> None:
    """This will print the report of one model; with `each` every translation of every element, too."""
    lines = [f"  {_needed(need)}" for need in needs]
    if lines:
        say(_("{file}: before cases can run, its process app needs", file=file), style="bold")
        for line in lines:
            say(line)
    for kind, title in (("impossible", N_("what cannot be translated")), ("kept", N_("kept aside, to be looked at"))):
        of_kind = [note for note in notes if note.kind == kind]
        found = grouped([note for note in of_kind if kind == "impossible" or not is_need(note)])
        if found:
            say(_("{file}: {title}", file=file, title=_(title)), style="bold")
        for told in found:
            say(f"  {_line(told)}")
    translated = [note for note in notes if note.kind == "translated"]
    if each and translated:
        say(_("{file}: {title}", file=file, title=_("translated")), style="bold")
        for note in translated:
            say(f"  {note.name or note.element}: {note.text}")
    elif translated:
        say(_("{file}: {count} translated; --each prints them", file=file, count=len(translated)))


def _needed(need: bpmn.Need) -> str:
    return f"{_(KINDS[need.kind], name=need.name)}: {_places(need.places)}"


def _line(told: Told) -> str:
    what = f"{_listed(told.what)}: " if told.what else ""
    return f"{what}{_places(told.places)}: {reason_of(Fault(told.reason))}"


def _places(names: Sequence[str]) -> str:
    return _listed([name for name in names if name] or ["-"])


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(" ".join(name.split()) for name in names[:MOST])
    return f"{shown}, … ({len(names)})" if len(names) > MOST else shown
