"""Cases: the list of those that somebody may see, and the file of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.interfaces import ORMOption

from engine import feel, history
from engine.access import Actor, NotYourCase, may_see_case
from engine.cases import CaseNotFound, had_task, has_copy
from engine.errors import Invalid
from engine.history import Event
from engine.models import (
    BEGUN,
    HELD,
    OPEN,
    Attachment,
    Case,
    CaseField,
    Definition,
    Incident,
    Job,
    Person,
    Reading,
    Subscription,
    Task,
)
from engine.queries import paging
from engine.queries.limit_states import has_limit
from engine.queries.paging import Page

Data = dict[str, Any]


class FilterInvalid(Invalid):
    """Cases cannot be searched by {name}: {value}."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """What the viewer marks: where tokens stand, what was done, which flows were taken, what failed."""

    open: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CaseView:
    """The file of a case. `forms` are schemas of its forms in order of use, `names` those of persons by id."""

    case: Case
    definition: Definition
    data: Data
    tasks: list[Task]
    history: list[Event]
    attachments: list[Attachment]
    incidents: list[Incident]
    jobs: list[Job]
    subscriptions: list[Subscription]
    offers: list[Data]
    forms: list[Data]
    names: dict[int, str]
    diagram: Diagram


def case(session: Session, actor: Actor, case_id: UUID) -> CaseView:
    """This will return the file of a case. Raises CaseNotFound, NotYourCase."""
    found = find_seen(session, actor, case_id, undefer(Case.data), undefer(Case.snapshot))
    tasks = list(session.scalars(select(Task).where(Task.case_id == case_id).order_by(Task.created_at, Task.id)))
    happened = history.read(session, case_id)
    attachments = _all(session, Attachment, case_id, Attachment.id)
    incidents = _all(session, Incident, case_id, Incident.id)
    jobs = _all(session, Job, case_id, Job.due_at)
    subscriptions = [row for row in _all(session, Subscription, case_id, Subscription.id) if row.kind != BEGUN]
    return CaseView(
        case=found,
        definition=session.get_one(Definition, found.definition_id),
        data=feel.loads(found.data),
        tasks=tasks,
        history=happened,
        attachments=[row for row in attachments if row.removed_at is None],
        incidents=incidents,
        jobs=jobs,
        subscriptions=subscriptions,
        offers=feel.loads(found.snapshot).get("offers", []),
        forms=_forms(session, found, tasks),
        names=_names(session, found, tasks, attachments),
        diagram=_diagram(tasks, happened, incidents, [*jobs, *subscriptions]),
    )


def find_seen(session: Session, actor: Actor, case_id: UUID, *options: ORMOption) -> Case:
    """This will return the row of a case that the actor may see. Raises CaseNotFound, NotYourCase."""
    found = session.get(Case, case_id, options=options)
    if found is None:
        raise CaseNotFound
    require_sight(session, actor, found)
    return found


def require_sight(session: Session, actor: Actor, found: Case) -> None:
    """This will refuse somebody who may not see a case. Raises NotYourCase."""
    seen = had_task(session, actor, found.id) or has_copy(session, actor, found.id)
    if not may_see_case(actor, unit_path=found.unit_path, started_by=found.started_by, had_task=seen):
        raise NotYourCase(unit=found.unit_name or found.number)


def _all(session: Session, model: Any, case_id: UUID, order: Any) -> list[Any]:
    return list(session.scalars(select(model).where(model.case_id == case_id).order_by(order)))


def _forms(session: Session, found: Case, tasks: Sequence[Task]) -> list[Data]:
    library = paging.library(session)
    catalog = library.catalog(session)
    ids = [task.resource_id for task in tasks if task.resource_id is not None]
    process = library.process(session, found.definition_id)
    for begin in process.starts:
        form = catalog.resource("form", begin.form_id, now=found.started_at) if begin.form_id else None
        if form is not None:
            ids.insert(0, form.id)
    return [dict(library.form(session, id).schema) for id in dict.fromkeys(ids)]


def _names(session: Session, found: Case, tasks: Sequence[Task], attachments: Sequence[Attachment]) -> dict[int, str]:
    ids = {found.started_by, *(row.uploaded_by for row in attachments)}
    ids |= {id for task in tasks for id in (task.assignee_id, task.completed_by, task.owner_id)}
    persons = select(Person.id, Person.name).where(Person.id.in_({id for id in ids if id is not None}))
    return {row.id: row.name for row in session.execute(persons)}


def _diagram(
    tasks: Sequence[Task],
    happened: Sequence[Event],
    incidents: Sequence[Incident],
    waiting: Sequence[Job | Subscription],
) -> Diagram:
    standing = [*(task.element for task in tasks if task.state in (OPEN, HELD)), *(row.element for row in waiting)]
    broken = [row.element for row in incidents if row.resolved_at is None]
    done = [event.element for event in happened if event.kind == "completed"]
    flows = [event.element for event in happened if event.kind == "flow_taken"]
    return Diagram(*(list(dict.fromkeys(elements)) for elements in (standing, done, flows, broken)))


def cases(
    session: Session,
    actor: Actor,
    *,
    q: str = "",
    state: str | None = None,
    process_id: str | None = None,
    unit_path: str | None = None,
    filters: Mapping[str, str] | None = None,
    limit_state: str | None = None,
    limit_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Case]:
    """This will list the cases that the actor may see, newest first; `filters` are values of searchable fields.

    `limit_state` (one of LIMIT_FILTERS) and `limit_code` leave those that have such a limit.
    """
    where = [_seen_by(actor), *paging.holds(q, Case.number, Case.title, Case.subject)]
    if state is not None:
        where.append(Case.state == state)
    if process_id is not None:
        where.append(Case.process_id == process_id)
    if unit_path is not None:
        where.append(paging.below(Case.unit_path, unit_path))
    if limit_state is not None or limit_code is not None:
        where.append(has_limit(limit_state, limit_code, paging.now(session)))
    for name, value in (filters or {}).items():
        found = select(CaseField.case_id).where(CaseField.case_id == Case.id, holding(session, name, value))
        where.append(found.exists())
    return paging.newest(session, select(Case).where(*where), select(Case.id), (Case.id,), (UUID,), after, limit)


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    scoped = paging.in_scopes(Case.unit_path, actor)
    if actor.is_admin or actor.person_id is None:
        return scoped
    handled = select(Task.id).where(
        Task.case_id == Case.id, or_(Task.completed_by == actor.person_id, Task.assignee_id == actor.person_id)
    )
    copied = select(Reading.id).where(Reading.case_id == Case.id, Reading.person_id == actor.person_id)
    return or_(scoped, Case.started_by == actor.person_id, handled.exists(), copied.exists())


def holding(session: Session, name: str, value: str) -> ColumnElement[bool]:
    """This will be true for searchable fields of this name and value: one place in an index. Raises FilterInvalid."""
    apps = paging.library(session).apps.values()
    kind = next((app.fields[name] for app in apps if name in app.fields), "")
    try:
        wanted = {"text": str, "number": Decimal, "day": date.fromisoformat}[kind](value)  # type: ignore[operator]
    except (KeyError, ValueError, InvalidOperation) as error:
        raise FilterInvalid(name=name, value=value) from error
    return and_(CaseField.name == name, getattr(CaseField, kind) == wanted)
