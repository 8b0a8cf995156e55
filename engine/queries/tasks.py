"""One task with all that its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine import feel
from engine.access import Actor, NotYourCase, NotYours, may_claim, may_complete
from engine.models import OPEN, Case, Draft, Person, Task
from engine.queries import paging
from engine.queries.cases import require_sight
from engine.tasks import TaskNotFound

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task, its case, the data it sees, its form (None: only a button), and what the actor may do with it.

    `assignee` and `completed_by` are names; `properties` and `documentation` those of the diagram's element.
    """

    task: Task
    case: Case
    data: Data
    form: Data | None
    draft: Data | None
    may: frozenset[str]
    properties: dict[str, str]
    documentation: str
    assignee: str
    completed_by: str


def task(session: Session, actor: Actor, task_id: UUID) -> TaskView:
    """This will return a task for somebody who may do it or see its case. Raises TaskNotFound, NotYours."""
    found = session.get(Task, task_id)
    if found is None:
        raise TaskNotFound
    case = session.get_one(Case, found.case_id, options=[undefer(Case.data)])
    may = _verbs(actor, found)
    if not may:
        _require_sight(session, actor, found, case)
    detail = feel.loads(found.detail)
    form = paging.library(session).form(session, found.resource_id) if found.resource_id is not None else None
    return TaskView(
        task=found,
        case=case,
        data={**feel.loads(case.data), **detail["local"]},
        form=dict(form.schema) if form is not None else None,
        draft=draft(session, actor, str(task_id)),
        may=may,
        properties=detail["properties"],
        documentation=_documentation(session, found),
        assignee=_name(session, found.assignee_id),
        completed_by=_name(session, found.completed_by),
    )


def _documentation(session: Session, found: Task) -> str:
    node = paging.library(session).process(session, found.definition_id).nodes.get(found.element)
    return node.documentation if node is not None else ""


def _verbs(actor: Actor, found: Task) -> frozenset[str]:
    if found.state != OPEN:
        return frozenset()
    queue: Data = {name: getattr(found, name) for name in ("assignee_id", "role", "unit_id", "process_id")}
    verbs = {
        "claim": may_claim(actor, **queue),
        "complete": may_complete(actor, **queue),
        "release": found.is_claimed and found.queue_id is not None and found.assignee_id == actor.person_id,
    }
    return frozenset(verb for verb, is_allowed in verbs.items() if is_allowed)


def _require_sight(session: Session, actor: Actor, found: Task, case: Case) -> None:
    try:
        require_sight(session, actor, case)
    except NotYourCase as error:
        titles = paging.library(session).app(case.app).roles
        roles = "、".join(titles.get(part, part) for part in found.role.split(",") if part)
        raise NotYours(needed=f"{roles}@{found.unit_name}" if roles else found.name) from error


def _name(session: Session, person_id: int | None) -> str:
    if person_id is None:
        return ""
    return session.scalar(select(Person.name).where(Person.id == person_id)) or ""


def draft(session: Session, actor: Actor, key: str) -> Data | None:
    """This will return what the actor typed under a task's id or a process id and has not sent."""
    text = session.scalar(select(Draft.data).where(Draft.person_id == actor.person_id, Draft.key == key))
    return None if text is None else feel.loads(text)


def draft_saved_at(session: Session, actor: Actor, key: str) -> datetime | None:
    """This will return when the actor's draft was last kept."""
    return session.scalar(select(Draft.saved_at).where(Draft.person_id == actor.person_id, Draft.key == key))
