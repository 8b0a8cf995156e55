"""What operators watch: incidents and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import feel
from engine.access import Actor, require_operator
from engine.models import Case, Incident, Job
from engine.queries import paging
from engine.queries.paging import Page

LONGEST_LIST = 500


@dataclass(frozen=True, slots=True)
class IncidentShown:
    """An incident with the case that stands still."""

    id: UUID
    kind: str
    case_id: UUID
    case_number: str
    case_title: str
    element: str
    name: str
    reason: str
    detail: dict[str, Any]
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class JobShown:
    """A job that waits or failed, with its case if it has one."""

    id: UUID
    kind: str
    state: str
    case_id: UUID | None
    case_number: str
    element: str
    due_at: datetime
    attempts: int
    retries: int
    error: str


def incidents(session: Session, actor: Actor) -> list[IncidentShown]:
    """This will list the open incidents, the oldest first, for operators. Raises OperatorsOnly."""
    require_operator(actor)
    rows = select(Incident, Case.number, Case.title).join(Case, Case.id == Incident.case_id)
    rows = rows.where(Incident.resolved_at.is_(None)).order_by(Incident.id).limit(LONGEST_LIST)
    return [
        IncidentShown(
            row.id,
            row.kind,
            row.case_id,
            number,
            title,
            row.element,
            row.name,
            row.reason,
            feel.loads(row.detail),
            row.raised_at,
        )
        for row, number, title in session.execute(rows)
    ]


def jobs(session: Session, actor: Actor, *, after: str | None = None, limit: int = 50) -> Page[JobShown]:
    """This will list what waits to run and what failed, the earliest first, for operators. Raises OperatorsOnly."""
    require_operator(actor)
    limit = paging.limited(limit)
    key = (Job.due_at, Job.id)
    beyond = [paging.beyond(key, after, (datetime, UUID), is_falling=False)] if after else []
    rows = select(Job, Case.number).outerjoin(Case, Case.id == Job.case_id).where(*beyond).order_by(*key)
    found = [
        JobShown(
            row.id,
            row.kind,
            row.state,
            row.case_id,
            number or "",
            row.element,
            row.due_at,
            row.attempts,
            row.retries,
            row.error,
        )
        for row, number in session.execute(rows.limit(limit + 1))
    ]
    return paging.cut(found, limit, lambda job: (job.due_at, job.id), paging.count(session, select(Job.id)))
