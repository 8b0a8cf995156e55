"""What waits for somebody: their own tasks and those of their queues, each read by one index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, and_, case, func, literal, or_, select, text, union_all
from sqlalchemy.orm import Session, defer

from engine.access import Actor, Standin, belongs
from engine.models import Case, CaseField, Queue, Task, Unit
from engine.models.people import PERSONS
from engine.queries import paging
from engine.queries.cases import holding
from engine.queries.paging import OPEN_TASK, Page

SORTS: dict[str, tuple[Any, bool]] = {  # name -> (column, is falling)
    "due": (Task.order_at, False),
    "-due": (Task.order_at, True),
    "created": (Task.created_at, False),
    "-created": (Task.created_at, True),
    "new": (Task.created_at, True),
    "priority": (Task.priority, True),
    "urged": (Task.urged_count, True),
}


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How much waits in a queue; numbers go up to 1001."""

    queue_id: int
    role: str
    unit_name: str
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much waits for somebody; numbers go up to 1001 a queue. `acting` are tasks of people who are away."""

    all: int
    mine: int
    overdue: int
    soon: int
    queues: list[QueueCount]
    acting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Which tasks of an inbox are asked for; `fields` are values of searchable fields of their cases.

    `step` is the name or the id of an element, `created_until` is not included.
    """

    process_id: str | None = None
    step: str | None = None
    unit_path: str | None = None
    urged: bool | None = None
    priority_from: int | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    fields: Mapping[str, str] | None = None

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """This will return what is true for those tasks. Raises FilterInvalid."""
        found: list[ColumnElement[bool]] = []
        if self.process_id is not None:
            found.append(Task.process_id == self.process_id)
        if self.step is not None:
            found.append(or_(Task.element == self.step, Task.name == self.step))
        if self.unit_path is not None:
            found.append(paging.below(Task.unit_path, self.unit_path))
        if self.urged is not None:
            found.append(Task.urged_count > 0 if self.urged else Task.urged_count == 0)
        if self.priority_from is not None:
            found.append(Task.priority >= self.priority_from)
        if self.created_from is not None:
            found.append(Task.created_at >= self.created_from)
        if self.created_until is not None:
            found.append(Task.created_at < self.created_until)
        for name, value in (self.fields or {}).items():
            found.append(Task.case_id.in_(select(CaseField.case_id).where(holding(session, name, value))))
        return found


@dataclass(frozen=True, slots=True)
class _Queue:
    """A queue of the actor, or of those for whom the actor acts, perhaps with only some of its `processes`."""

    id: int
    role: str
    unit_name: str
    processes: tuple[str, ...] = ()

    @property
    def tasks(self) -> ColumnElement[bool]:
        free = and_(Task.queue_id == self.id, Task.assignee_id.is_(None), OPEN_TASK)
        return and_(free, Task.process_id.in_(self.processes)) if self.processes else free


def _queues(session: Session, actor: Actor) -> list[_Queue]:
    """The queues that the actor belongs to, by role in the unit or by name, also in the place of who is away."""
    units = {membership.unit_id for membership in actor.memberships}
    units.update(unit_id for standin in actor.stands_for for _role, unit_id in standin.queues)
    where: list[ColumnElement[bool]] = [text(PERSONS)]  # type: ignore[list-item]
    if units:
        where.append(Queue.unit_id.in_(units))
    rows = select(Queue.id, Queue.role, Queue.unit_id, Unit.name).join(Unit, Unit.id == Queue.unit_id)
    found = []
    for row in session.execute(rows.where(or_(*where)).order_by(Queue.id)):
        processes = _processes(actor, row.role, row.unit_id)
        if processes is not None:
            found.append(_Queue(row.id, row.role, row.name, processes))
    return found


def _processes(actor: Actor, role: str, unit_id: int) -> tuple[str, ...] | None:
    """The processes whose tasks in a queue are the actor's (empty: all of them); None: the queue is not."""
    if belongs(actor, role, unit_id):
        return ()
    asked: dict[str, Any] = {"assignee_id": None, "role": role, "unit_id": unit_id}
    covering = {each.process_id for each in actor.stands_for if each.covers(**asked, process_id=each.process_id)}
    if not covering:
        return None
    return () if None in covering else tuple(sorted(filter(None, covering)))


def _mine(actor: Actor) -> ColumnElement[bool]:
    return and_(Task.assignee_id == actor.person_id, OPEN_TASK)


def _acting(actor: Actor) -> Iterator[ColumnElement[bool]]:
    """The tasks of each person who is away, narrowed as their absences say."""
    away: dict[int, list[Standin]] = {}
    for standin in actor.stands_for:
        for person_id in standin.persons - {actor.person_id}:
            away.setdefault(person_id, []).append(standin)
    for person_id, standins in sorted(away.items()):
        theirs = and_(Task.assignee_id == person_id, OPEN_TASK)
        narrowed = [_narrowed(standin) for standin in standins]
        yield theirs if not all(narrowed) else and_(theirs, or_(*(and_(*each) for each in narrowed)))


def _narrowed(standin: Standin) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if standin.process_id is not None:
        where.append(Task.process_id == standin.process_id)
    if standin.unit_id is not None:
        where.append(Task.unit_id == standin.unit_id)
    if standin.role is not None:
        where.append(literal(",").concat(Task.role).concat(",").contains(f",{standin.role},", autoescape=True))
    return where


def _branches(session: Session, actor: Actor, show: str, queue_id: int | None) -> list[ColumnElement[bool]]:
    """One for each place where tasks of the actor wait, so that each is read by its index."""
    if actor.person_id is None:
        return []
    branches = []
    if show in ("all", "mine") and queue_id is None:
        branches.append(_mine(actor))
    if show in ("all", "acting") and queue_id is None:
        branches += _acting(actor)
    if show in ("all", "queue"):
        branches += [queue.tasks for queue in _queues(session, actor) if queue_id in (None, queue.id)]
    return branches


def inbox(
    session: Session,
    /,
    actor: Actor,
    *,
    show: str = "all",
    queue_id: int | None = None,
    due: str | None = None,
    q: str = "",
    sort: str = "due",
    after: str | None = None,
    limit: int = 50,
    soon_days: int = 3,
    **narrowed: Any,
) -> Page[Task]:
    """This will list the tasks that wait for the actor: `mine`, free ones of their queues (`queue`), or `all`.

    `acting` lists those of people who are away and for whom the actor acts; their queues are among the actor's.
    `narrowed` are the fields of Narrowed: process_id, step, unit_path, urged, priority_from, created_from,
    created_until, fields. Raises FilterInvalid, CursorInvalid.
    """
    limit = paging.limited(limit)
    column, is_falling = SORTS.get(sort, SORTS["due"])
    only = [
        *paging.holds(q, Task.case_number, Task.case_title, Task.case_subject),
        *paging.due_range(session, paging.now(session), due, soon_days),
        *Narrowed(**narrowed).conditions(session),
    ]
    branches = [and_(branch, *only) for branch in _branches(session, actor, show, queue_id)]
    if not branches:
        return Page([], None, 0, False)
    kinds = (int if isinstance(column.type, Integer) else datetime, UUID)
    beyond = [paging.beyond((column, Task.id), after, kinds, is_falling=is_falling)] if after else []
    tasks = _first(session, [and_(branch, *beyond) for branch in branches], column, is_falling, limit + 1)
    counted = paging.count(session, *(select(Task.id).where(branch) for branch in branches))
    return paging.cut(tasks, limit, lambda task: (getattr(task, column.key), task.id), counted)


def _first(
    session: Session, branches: Sequence[ColumnElement[bool]], column: Any, is_falling: bool, limit: int
) -> list[Task]:
    """The first tasks of all branches: each is read by its index only so far as it can matter, then they are merged."""
    order = (column.desc(), Task.id.desc()) if is_falling else (column, Task.id)
    heads = [select(column.label("at"), Task.id).where(branch).order_by(*order).limit(limit) for branch in branches]
    parts = [select(head.subquery()) for head in heads]
    merged = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    keys = (merged.c.at.desc(), merged.c.id.desc()) if is_falling else (merged.c.at, merged.c.id)
    first = select(merged.c.id).order_by(*keys).limit(limit)
    found = select(Task).where(Task.id.in_(first)).options(defer(Task.detail)).order_by(*order)
    return list(session.scalars(found))


def inbox_counts(session: Session, actor: Actor, *, soon_days: int = 3) -> Counts:
    """This will count what waits for the actor, in all and by queue."""
    if actor.person_id is None:
        return Counts(0, 0, 0, 0, [])
    moment = paging.now(session)
    queues = _queues(session, actor)
    branches = [(0, _mine(actor)), *((queue.id, queue.tasks) for queue in queues)]
    branches += [(-number, theirs) for number, theirs in enumerate(_acting(actor), 1)]
    until = paging.soon_until(session, moment, soon_days)
    rows = [_counting(id, branch, moment, until) for id, branch in branches]
    found = {row.queue: row for row in session.execute(union_all(*rows) if len(rows) > 1 else rows[0])}
    return Counts(
        all=sum(row.open for row in found.values()),
        mine=found[0].open,
        overdue=sum(row.overdue for row in found.values()),
        soon=sum(row.soon for row in found.values()),
        queues=[
            QueueCount(each.id, each.role, each.unit_name, found[each.id].open, found[each.id].overdue)
            for each in queues
        ],
        acting=sum(row.open for id, row in found.items() if id < 0),
    )


def _counting(id: int, branch: ColumnElement[bool], moment: datetime, until: datetime) -> Select[Any]:
    """What waits in one place. What is overdue stands first in its index, then what is due soon: one look counts both.

    Only where it does not reach as far as that, what is due soon is counted by a second one.
    """
    first = select(Task.order_at).where(branch).order_by(Task.order_at).limit(paging.MOST + 1).subquery()
    overdue = func.count().filter(first.c.order_at < moment)
    soon = case(
        (
            or_(func.count() <= paging.MOST, func.max(first.c.order_at) >= until),
            func.count().filter(first.c.order_at >= moment, first.c.order_at < until),
        ),
        else_=_capped(branch, Task.order_at >= moment, Task.order_at < until),
    )
    numbers = (func.count().label("open"), overdue.label("overdue"), soon.label("soon"))
    return select(literal(id).label("queue"), *numbers).select_from(first)


def _capped(*where: ColumnElement[bool]) -> Any:
    inner = select(Task.id).where(*where).limit(paging.MOST + 1).subquery()
    return select(func.count()).select_from(inner).scalar_subquery()


def done(session: Session, actor: Actor, *, q: str = "", after: str | None = None, limit: int = 50) -> Page[Task]:
    """This will list what the actor has done, newest first."""
    key = (Task.completed_at, Task.id)
    mine = select(Task).where(
        Task.completed_by == actor.person_id, *paging.holds(q, Task.case_number, Task.case_title, Task.case_subject)
    )
    return paging.newest(
        session, mine.options(defer(Task.detail)), select(Task.id), key, (datetime, UUID), after, limit
    )


def started(session: Session, actor: Actor, *, q: str = "", after: str | None = None, limit: int = 50) -> Page[Case]:
    """This will list the cases that the actor has started, newest first."""
    mine = select(Case).where(
        Case.started_by == actor.person_id, *paging.holds(q, Case.number, Case.title, Case.subject)
    )
    return paging.newest(session, mine, select(Case.id), (Case.id,), (UUID,), after, limit)
