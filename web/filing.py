"""The file of a case as one page shows it, on the case page and beside the form of a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import lazy_gettext

from engine import Incident, Task, forms, queries
from web import chronicle, current, dossier
from web.formatting import distance, role_title, task_outcome


@dataclass(frozen=True)
class TaskRow:
    """A task in the list of a case: its address when the reader may open it, and who has or did it."""

    task: Task
    address: str
    who: str
    outcome: str
    whom: str = ""


@dataclass(frozen=True)
class IncidentShown:
    """Why a case stands still; `reason` is the technical one, for operators; with `goes_on` not the case."""

    name: str
    words: str
    reason: str
    raised_at: datetime
    goes_on: bool = False


INCIDENTS = {
    "failed": lazy_gettext("an automatic step failed"),
    "job": lazy_gettext("a call to another system failed"),
    "empty-queue": lazy_gettext("nobody holds the role that must do this"),
    "copy": lazy_gettext("a copy could not be sent; the case itself goes on"),
    "limit": lazy_gettext("a limit is not watched as it should be; the case itself goes on"),
}


def file_of(view: queries.CaseView) -> dict[str, Any]:
    """This will return what the templates of a case's file show."""
    files = dossier.files_of(view.attachments, view.names)
    day = view.case.started_at.astimezone(current.settings().zone).date()
    known = dossier.Known({file.id: file for file in files}, titles(day))
    pressed = _pressed(view)
    opinions = [each.path for schema in view.forms for each in forms.parse(schema).fields if each.type == "textarea"]
    events = chronicle.lines(view.history, pressed, list(dict.fromkeys(opinions)))
    return {
        "case": view.case,
        "groups": dossier.groups_of(view.data, view.forms, known),
        "attachments": files,
        "diagram": diagram_state(view),
        "events": events,
        "previous": next((line for line in events if line.kind in ("completed", "sent_back")), None),
        "incidents": [_incident(row) for row in view.incidents if row.resolved_at is None],
        "tasks": list(_tasks(view, pressed)),
        "starter": view.names.get(view.case.started_by or 0, ""),
        "ending": _ending(view),
        "may_comment": view.case.state == "open",
        "may_attach": view.case.state == "open",
    }


def titles(day: date) -> Callable[[str, str], str]:
    """This will return what finds the title of a register's entry in force on `day`; an unknown code stays alone."""

    @cache
    def find(register: str, code: str) -> str:
        rows = current.read(queries.register, register, q=code, on=day, limit=20)
        return next((f"{row.title} {code}" for row in rows if row.code == code), code)

    return find


def _pressed(view: queries.CaseView) -> dict[UUID, str]:
    """The words of the button that ended each task: one outcome has other words in another form."""
    labels = {(form.id, each.value): each.label for form in map(forms.parse, view.forms) for each in form.outcomes}
    return {
        task.id: labels.get((task.form_id or "", task.outcome)) or task_outcome(task.outcome)
        for task in view.tasks
        if task.outcome
    }


def _tasks(view: queries.CaseView, pressed: Mapping[UUID, str]) -> Iterator[TaskRow]:
    for task in view.tasks:
        is_mine = task.completed_by is not None and task.completed_by == current.actor().person_id
        is_shown = task.state in ("open", "held", "planned") or (is_mine and task.state == "done")
        address = url_for("tasks.show", task_id=task.id) if is_shown else ""
        who = view.names.get(task.completed_by or task.assignee_id or 0, "")
        whom = who or f"{task.unit_name} {role_title(task.role)}"
        yield TaskRow(task, address, who, pressed.get(task.id, ""), whom)


def _ending(view: queries.CaseView) -> str:
    """How the case ended: the name of the end event that it reached."""
    names = (event.name for event in view.history if event.element == view.case.end_element)
    return next(filter(None, names), "")


def _incident(row: Incident) -> IncidentShown:
    words = str(INCIDENTS.get(row.kind, INCIDENTS["failed"]))
    reason, goes_on = row.reason if current.actor().is_admin else "", row.kind in chronicle.GOES_ON
    return IncidentShown(row.name or row.element, words, reason, row.raised_at, goes_on)


def diagram_state(view: queries.CaseView) -> dict[str, Any]:
    """This will return which elements are done, open and overdue, and what is written beside the open ones."""
    now = datetime.now(UTC)
    labels: dict[str, str] = {}
    overdue = []
    for task in view.tasks:
        if task.state == "open":
            who = view.names.get(task.assignee_id or 0) or task.unit_name
            labels[task.element] = " ".join(filter(None, [who, distance(task.due_at, now).words]))
            if task.due_at and task.due_at < now:
                overdue.append(task.element)
    return {
        "done": [element for element in view.diagram.done if element not in view.diagram.open],
        "open": view.diagram.open,
        "overdue": overdue,
        "flows": view.diagram.flows,
        "incidents": view.diagram.incidents,
        "labels": labels,
    }
