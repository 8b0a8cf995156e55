"""What operators watch: incidents and jobs, what was done to many cases, and how long cases are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from engine import feel, reasons
from engine.access import Actor, require_operator
from engine.models import Case, Incident, Job
from engine.queries import paging
from engine.queries.paging import Page

LONGEST_LIST = 500
MOST_IDS = 50_000
INCIDENT_KINDS = ("failed", "job", "empty-queue", "copy", "limit")


@dataclass(frozen=True, slots=True)
class IncidentShown:
    """An incident with the case that stands still.

    `reason` is English; `say` tells it in a language. `expression`, `place` and `values` are what failed, where in the
    element it stands, and what it saw; `service` is what was called, `stack` where that failed.
    """

    id: UUID
    kind: str
    case_id: UUID
    case_number: str
    case_title: str
    unit_name: str
    process_id: str
    token: int | None
    element: str
    name: str
    code: str
    reason: str
    detail: dict[str, Any]
    stack: str
    raised_at: datetime
    resolved_at: datetime | None

    def say(self, language: str) -> str:
        """This will tell the reason in `zh` or `en`."""
        return reasons.say(self.reason, language)

    @property
    def service(self) -> str:
        """This will return the type of the service that failed; empty when none did."""
        return str(self.detail.get("type") or self.detail.get("service") or "")

    @property
    def attempts(self) -> int:
        """This will return how often it was tried."""
        return int(self.detail.get("attempts") or 1)


@dataclass(frozen=True, slots=True)
class IncidentGroup:
    """How many incidents of one kind of reason stand at one element; `reason` is one of them, as an example."""

    process_id: str
    element: str
    name: str
    code: str
    reason: str
    count: int
    oldest_at: datetime

    def say(self, language: str) -> str:
        """This will tell the example in `zh` or `en`."""
        return reasons.say(self.reason, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents: `since` is when they were raised, `unit_path` takes what lies below it along."""

    kind: str | None = None
    app: str | None = None
    process_id: str | None = None
    element: str | None = None
    code: str | None = None
    reason: str | None = None
    case_id: UUID | None = None
    unit_path: str | None = None
    since: datetime | None = None
    q: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """This will be true for the open incidents asked for."""
        where: list[ColumnElement[bool]] = [Incident.resolved_at.is_(None)]
        exact: Sequence[tuple[Any, Any]] = (
            (Incident.kind, self.kind),
            (Incident.element, self.element),
            (Incident.code, self.code),
            (Incident.reason, self.reason),
            (Incident.case_id, self.case_id),
            (Case.app, self.app),
            (Case.process_id, self.process_id),
        )
        where += [column == value for column, value in exact if value is not None]
        if self.unit_path is not None:
            where.append(paging.below(Case.unit_path, self.unit_path))
        if self.since is not None:
            where.append(Incident.raised_at >= self.since)
        return where + paging.holds(self.q, Case.number, Case.title, Incident.name, Incident.reason)


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
    type: str | None = None
    leased_until: datetime | None = None
    leased_by: str | None = None


def _shown(row: Any) -> IncidentShown:
    found, number, title, unit_name, process_id = row
    return IncidentShown(
        id=found.id,
        kind=found.kind,
        case_id=found.case_id,
        case_number=number,
        case_title=title,
        unit_name=unit_name,
        process_id=process_id,
        token=found.token,
        element=found.element,
        name=found.name,
        code=found.code or reasons.code_of(found.reason),
        reason=found.reason,
        detail=feel.loads(found.detail),
        stack=found.stack,
        raised_at=found.raised_at,
        resolved_at=found.resolved_at,
    )


def _incidents() -> Any:
    shown = (Incident, Case.number, Case.title, Case.unit_name, Case.process_id)
    return select(*shown).join(Case, Case.id == Incident.case_id)


def incidents(session: Session, actor: Actor) -> list[IncidentShown]:
    """This will list the open incidents, the oldest first, for operators. Raises OperatorsOnly."""
    require_operator(actor)
    rows = _incidents().where(Incident.resolved_at.is_(None)).order_by(Incident.id).limit(LONGEST_LIST)
    return [_shown(row) for row in session.execute(rows)]


def incident(session: Session, actor: Actor, incident_id: UUID) -> IncidentShown | None:
    """This will return one incident, also a resolved one; None when there is none. Raises OperatorsOnly."""
    require_operator(actor)
    row = session.execute(_incidents().where(Incident.id == incident_id)).first()
    return None if row is None else _shown(row)


def incident_page(
    session: Session,
    actor: Actor,
    asked: IncidentFilter | None = None,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Page[IncidentShown]:
    """This will list the open incidents asked for, the oldest first, page by page. Raises OperatorsOnly."""
    require_operator(actor)
    limit = paging.limited(limit)
    where = (asked or IncidentFilter()).conditions()
    beyond = [paging.beyond((Incident.id,), after, (UUID,), is_falling=False)] if after else []
    rows = session.execute(_incidents().where(*where, *beyond).order_by(Incident.id).limit(limit + 1))
    counted = select(Incident.id).join(Case, Case.id == Incident.case_id).where(*where)
    return paging.cut([_shown(row) for row in rows], limit, lambda row: (row.id,), paging.count(session, counted))


def incident_ids(session: Session, actor: Actor, asked: IncidentFilter) -> list[UUID]:
    """This will return the ids of the open incidents asked for, the oldest first. Raises OperatorsOnly."""
    require_operator(actor)
    rows = select(Incident.id).join(Case, Case.id == Incident.case_id).where(*asked.conditions())
    return list(session.scalars(rows.order_by(Incident.id).limit(MOST_IDS)))


def incident_count(session: Session, actor: Actor) -> int:
    """This will count the open incidents, up to a thousand. Raises OperatorsOnly."""
    require_operator(actor)
    return paging.count(session, select(Incident.id).where(Incident.resolved_at.is_(None)))[0]


def incident_groups(
    session: Session, actor: Actor, asked: IncidentFilter | None = None, *, limit: int = 50
) -> list[IncidentGroup]:
    """This will count the open incidents by process, element and kind of reason, most first. Raises OperatorsOnly."""
    require_operator(actor)
    own = case((Incident.code == "", Incident.reason), else_="")
    key = (Case.process_id, Incident.element, Incident.code, own)
    shown = (
        Case.process_id,
        Incident.element,
        func.max(Incident.name),
        Incident.code,
        func.min(Incident.reason),
        func.count(),
        func.min(Incident.raised_at, type_=Incident.raised_at.type),
    )
    rows = select(*shown).join(Case, Case.id == Incident.case_id).where(*(asked or IncidentFilter()).conditions())
    rows = rows.group_by(*key).order_by(func.count().desc(), Case.process_id, Incident.element).limit(limit)
    return [IncidentGroup(*row) for row in session.execute(rows)]


def jobs(
    session: Session,
    actor: Actor,
    *,
    state: str | None = None,
    kind: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[JobShown]:
    """This will list what waits to run and what failed, the earliest first, for operators. Raises OperatorsOnly."""
    require_operator(actor)
    limit = paging.limited(limit)
    key = (Job.due_at, Job.id)
    where = [column == value for column, value in ((Job.state, state), (Job.kind, kind)) if value is not None]
    beyond = [paging.beyond(key, after, (datetime, UUID), is_falling=False)] if after else []
    rows = select(Job, Case.number).outerjoin(Case, Case.id == Job.case_id).where(*where, *beyond).order_by(*key)
    names = ("id", "kind", "state", "case_id", "element", "due_at", "attempts", "retries", "error")
    found = [
        JobShown(
            **{name: getattr(row, name) for name in names},
            case_number=number or "",
            type=row.type,
            leased_until=row.leased_until,
            leased_by=row.leased_by,
        )
        for row, number in session.execute(rows.limit(limit + 1))
    ]
    counted = paging.count(session, select(Job.id).where(*where))
    return paging.cut(found, limit, lambda job: (job.due_at, job.id), counted)
