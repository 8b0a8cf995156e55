"""What an imported diagram needs of its app, and what became of the rest: the same words on pages and on the line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import Fault, FaultsFound, bpmn
from web import faults


def N_(message: str) -> str:
    """This will mark `message` for translation."""
    return message


KINDS = {
    "service": N_("service {name}"),
    "function": N_("FEEL function {name}"),
    "role": N_("role {name}"),
    "lane": N_("role {name}, as the lane is called"),
    "person": N_("person {name}"),
    "form": N_("form {name}"),
    "decision": N_("decision table {name}"),
    "process": N_("process {name}"),
    "variable": N_("variable {name}, which nothing here writes: at the start, or by a service"),
    "nobody": N_("somebody who does it: the diagram names nobody"),
}
_NEEDED = "a service "  # what is kept because of a service stands among what is needed
_BROUGHT = frozenset({"lane", "person", "variable", "nobody"})  # what else is missing is a fault of its element
MOST = 4  # places that one line names


@dataclass(frozen=True, slots=True)
class Told:
    """Notes of the same kind of thing: what they are about, at which elements, and why; `element` is the first."""

    what: list[str]
    places: list[str]
    element: str
    reason: str


def grouped(notes: Sequence[bpmn.Note]) -> list[Told]:
    """This will put notes together that say the same."""
    groups: dict[tuple[str, str], list[bpmn.Note]] = {}
    for note in notes:
        groups.setdefault((note.why or note.text, note.code if note.kind == "impossible" else ""), []).append(note)
    told = []
    for (why, _code), found in groups.items():
        about = (note.text.removesuffix(f" ({why})") if note.kind == "impossible" else note.code for note in found)
        places = dict.fromkeys(note.name or note.element for note in found)
        told.append(Told(list(dict.fromkeys(about)) if found[0].why else [], list(places), found[0].element, why))
    return told


def is_need(note: bpmn.Note) -> bool:
    """This will tell whether a note stands among what is needed: it was kept because of a service."""
    return note.why.startswith(_NEEDED)


def of_file(
    xml: str,
    notes: Sequence[bpmn.Note],
    checked: Collection[str | None],
    roles: Mapping[str, str],
    translate: Callable[[str], str],
    *,
    is_chinese: bool,
) -> list[dict[str, Any]]:
    """This will tell of a file that is opened what its app has to bring and what nothing here does, as faults are told.

    `checked` are the codes of what is told of it anyhow: services, forms or groups that are missing are faults of their
    elements, and so may be variables that nothing writes. `roles` are those of the app, by code, with their titles.
    """
    try:
        diagram = bpmn.parse(xml.encode())
    except FaultsFound:
        diagram = bpmn.Diagram({})  # what is needed is known when it can be read
    mark = "、" if is_chinese else ", "
    brought = _BROUGHT - ({"variable"} if "variable-unwritten" in checked else set())
    rows = [
        _row("need", None, _listed(need.places, mark), translate(KINDS[need.kind]).format(name=need.name))
        for need in bpmn.needs(diagram)
        if need.kind in brought and not (need.kind == "lane" and need.name in {*roles, *roles.values()})
    ]
    left = [note for note in (*notes, *diagram.notes) if note.kind != "translated" and not is_need(note)]
    for told in grouped(left):
        why = faults.reason(Fault(told.reason), translate, is_chinese=is_chinese)
        reason = ": ".join(filter(None, (_listed(told.what, mark), why)))
        rows.append(_row("warning", told.element, _listed(told.places, mark), reason))
    return rows


def _listed(names: Sequence[str], mark: str) -> str:
    shown = mark.join(" ".join(name.split()) for name in [name for name in names if name][:MOST])
    return f"{shown} … ({len(names)})" if len(names) > MOST else shown


def _row(level: str, element: str | None, name: str, reason: str) -> dict[str, Any]:
    nowhere = {"line": None, "field": None, "value": None}
    return {"element": element, "name": name, "reason": reason, "level": level, **nowhere}
