"""Copies to read, absences, kept filters, and for whom somebody acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import feel
from engine.access import Actor, Standin, standin_for
from engine.models import Absence, KeptFilter, Person, Reading, Task, Unit
from engine.queries import paging
from engine.queries.cases import find_seen
from engine.queries.lookup import led_units
from engine.queries.paging import Page
from engine.queries.unread import count as count_unread
from engine.queries.unread import listed as unread_rows


@dataclass(frozen=True, slots=True)
class AbsenceShown:
    """An absence with the names of who is away and who acts; of a group that of its unit, with its role beside it."""

    id: int
    person: str
    substitute: str
    role: str | None
    unit: str | None
    substitute_role: str | None
    process_id: str | None
    from_at: datetime
    until_at: datetime
    note: str
    is_in_force: bool
    is_group: bool
    ended_at: datetime | None
    person_id: int | None = None
    may_end: bool = False


@dataclass(frozen=True, slots=True)
class FilterShown:
    """A kept filter; `is_mine`: the actor may write over or remove it; `unit` names whom it is shared with."""

    id: int
    list: str
    name: str
    asked: dict[str, Any]
    owner: str
    unit: str | None
    is_mine: bool


def standin_of(actor: Actor, task: Task) -> Standin | None:
    """This will tell for whom the actor would do a task of a list: what is marked 代 there."""
    return standin_for(
        actor, assignee_id=task.assignee_id, role=task.role, unit_id=task.unit_id, process_id=task.process_id
    )


def readings(
    session: Session, actor: Actor, *, unread: bool | None = None, after: str | None = None, limit: int = 50
) -> Page[Reading]:
    """This will list the copies sent to the actor, unread ones first and the newest of each first.

    `unread` lists only those that were not read, or only those that were.
    """
    return unread_rows(session, Reading, actor, unread=unread, after=after, limit=limit)


def unread_count(session: Session, actor: Actor) -> int:
    """This will count the copies that the actor has not read, up to 1001."""
    return count_unread(session, Reading, actor, most=paging.MOST)


def case_readings(session: Session, actor: Actor, case_id: UUID) -> list[tuple[Reading, str]]:
    """This will list the copies of a case with the names of their readers: the receipts. Raises NotYourCase."""
    find_seen(session, actor, case_id)
    rows = select(Reading, Person.name).join(Person, Person.id == Reading.person_id)
    return [(row, name) for row, name in session.execute(rows.where(Reading.case_id == case_id).order_by(Reading.id))]


def absences(session: Session, actor: Actor, *, past: bool = False) -> list[AbsenceShown]:
    """This will list absences of the actor, those in which they act for others and those of groups that they lead.

    Operators see all. Those over are listed when `past` is asked for.
    """
    moment = paging.now(session)
    rows = select(Absence).order_by(Absence.from_at.desc(), Absence.id.desc())
    if not past:
        rows = rows.where(Absence.ended_at.is_(None), Absence.until_at > moment)
    if not actor.is_admin and actor.person_id is not None:
        concerned = [Absence.person_id == actor.person_id, Absence.substitute_id == actor.person_id]
        for held in actor.memberships:
            concerned.append(
                (Absence.role == held.role) & (Absence.unit_id == held.unit_id) & Absence.person_id.is_(None)
            )
            concerned.append((Absence.substitute_role == held.role) & (Absence.substitute_unit_id == held.unit_id))
        concerned.append(Absence.person_id.is_(None) & Absence.unit_id.in_(led_units(session, actor)))
        rows = rows.where(or_(*concerned))
    found = list(session.scalars(rows.limit(paging.MOST)))
    persons = _names(session, Person, {id for row in found for id in (row.person_id, row.substitute_id)})
    units = _names(session, Unit, {id for row in found for id in (row.unit_id, row.substitute_unit_id)})
    led = led_units(session, actor)
    return [_shown(row, persons, units, moment, _may_end(actor, row, moment, led)) for row in found]


def _may_end(actor: Actor, row: Absence, moment: datetime, led: set[int]) -> bool:
    if row.ended_at is not None or row.until_at <= moment:
        return False
    is_own = row.person_id is not None and row.person_id == actor.person_id
    return actor.is_admin or is_own or (row.person_id is None and row.unit_id in led)


def _names(session: Session, model: Any, ids: set[int | None]) -> dict[int | None, str]:
    return {row.id: row.name for row in session.execute(select(model.id, model.name).where(model.id.in_(ids - {None})))}


def _shown(
    row: Absence, persons: dict[int | None, str], units: dict[int | None, str], moment: datetime, may_end: bool
) -> AbsenceShown:
    is_group = row.person_id is None
    return AbsenceShown(
        id=row.id,
        person=units.get(row.unit_id, "") if is_group else persons.get(row.person_id, ""),
        substitute=units.get(row.substitute_unit_id, "") if is_group else persons.get(row.substitute_id, ""),
        role=row.role,
        unit=units.get(row.unit_id),
        substitute_role=row.substitute_role,
        process_id=row.process_id,
        from_at=row.from_at,
        until_at=row.until_at,
        note=row.note,
        is_in_force=row.ended_at is None and row.from_at <= moment < row.until_at,
        is_group=is_group,
        ended_at=row.ended_at,
        person_id=row.person_id,
        may_end=may_end,
    )


def kept_filters(session: Session, actor: Actor, *, list: str = "inbox") -> list[FilterShown]:
    """This will list the filters that the actor keeps for a list, and those that colleagues share with a unit."""
    units = {held.unit_id for held in actor.memberships}
    mine = KeptFilter.person_id == actor.person_id
    rows = select(KeptFilter, Person.name, Unit.name).join(Person, Person.id == KeptFilter.person_id)
    rows = rows.outerjoin(Unit, Unit.id == KeptFilter.unit_id)
    rows = rows.where(KeptFilter.list == list, or_(mine, KeptFilter.unit_id.in_(units)))
    return [
        FilterShown(row.id, row.list, row.name, feel.loads(row.asked), owner, unit, row.person_id == actor.person_id)
        for row, owner, unit in session.execute(rows.order_by(KeptFilter.name, KeptFilter.id))
    ]
