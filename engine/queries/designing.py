"""What a designer of an app's diagrams may name: limits, and the forms, decisions and processes in force."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.access import Actor
from engine.catalog import DECISION, FORM, LIMIT
from engine.limit_definitions import LimitDefinition
from engine.queries import paging


@dataclass(frozen=True, slots=True)
class Named:
    """Something deployed: its key and title; `outcomes` are the buttons of a form, as (value, label)."""

    key: str
    title: str
    outcomes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Offered:
    """The newest version of everything that a diagram of one app may refer to, each by key."""

    limits: list[LimitDefinition]
    forms: list[Named]
    decisions: list[Named]
    processes: list[Named]


def offered(session: Session, actor: Actor, app: str) -> Offered:
    """This will list what diagrams of `app` may name; decisions and called processes may be those of another app."""
    library = paging.library(session)
    catalog = library.catalog(session)
    newest = {kind: [versions[-1] for versions in catalog.of_kind(kind)] for kind in (LIMIT, FORM, DECISION)}
    forms = [library.form(session, row.id) for row in newest[FORM] if row.app == app]
    decisions = [(row.key, library.model(session, row).decisions[row.key].name) for row in newest[DECISION]]
    processes = [versions[-1] for versions in catalog.processes.values()]
    return Offered(
        limits=[library.limit(session, row.id) for row in newest[LIMIT]],
        forms=[
            Named(
                form.id,
                str(form.schema.get("title") or form.id),
                tuple((each.value, each.label) for each in form.outcomes),
            )
            for form in forms
        ],
        decisions=[Named(key, name or key) for key, name in decisions],
        processes=[Named(row.key, row.name or row.key) for row in processes],
    )


def elements(session: Session, actor: Actor, process_id: str) -> list[Named]:
    """This will list what a limit of a case may begin or end with: the elements of a process that have a name."""
    library = paging.library(session)
    listed = library.catalog(session).process(process_id)
    if listed is None:
        return []
    nodes = library.process(session, listed.id).walk()
    return [Named(node.id, node.name) for node in nodes if node.name]
