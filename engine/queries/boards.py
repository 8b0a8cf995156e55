"""What is overdue or soon will be, by unit and step, for those who oversee others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from engine.access import Actor
from engine.catalog import ZONE
from engine.models import BoardChange, BoardCount, Task
from engine.queries import paging
from engine.queries.paging import OPEN_TASK, TASK_KEY, TASK_KINDS, Page


@dataclass(frozen=True, slots=True)
class BoardCell:
    """How many tasks of one step stand in one unit; `open` counts those overdue and soon due too."""

    unit_id: int | None
    unit_code: str
    unit_path: str
    unit_name: str
    step: str
    overdue: int
    soon: int
    open: int


@dataclass(frozen=True, slots=True)
class Board:
    """All cells, and their sums."""

    cells: list[BoardCell]
    overdue: int
    soon: int
    open: int


def _seen(actor: Actor, unit_path: str | None) -> list[ColumnElement[bool]]:
    return [OPEN_TASK, *_within(Task.unit_path, actor, unit_path)]


def board(
    session: Session, actor: Actor, *, unit_path: str | None = None, now: datetime | None = None, soon_days: int = 3
) -> Board:
    """This will count open tasks by unit and step; soon means within `soon_days` working days.

    Whole days come from the counts that the database keeps; only the tasks of the day that `now` cuts in two are read.
    """
    moment = now or paging.now(session)
    today = moment.astimezone(ZONE).date()
    until = paging.soon_until(session, moment, soon_days).astimezone(ZONE).date()
    parts = [
        _of_days(BoardCount, BoardCount.open, today, until).where(*_within(BoardCount.unit_path, actor, unit_path)),
        _of_days(BoardChange, BoardChange.change, today, until).where(
            *_within(BoardChange.unit_path, actor, unit_path)
        ),
        _late_today(moment, today).where(*_within(Task.unit_path, actor, unit_path)),
    ]
    each = union_all(*parts).subquery()
    key = (each.c.unit_id, each.c.unit_path, each.c.step)
    numbers = [func.sum(each.c[name]) for name in ("late", "near", "open")]
    cells = select(*key, *numbers).group_by(*key).having(numbers[-1] > 0).order_by(each.c.unit_path, each.c.step)
    known = paging.library(session).directories.current(session).units
    found = []
    for unit_id, path, step, late, near, is_open in session.execute(cells):
        place = known.get(unit_id)
        code, name = (place.code, place.name) if place is not None else ("", "")
        found.append(BoardCell(unit_id or None, code, path, name, step, int(late), int(near), int(is_open)))
    sums = (sum(getattr(cell, number) for cell in found) for number in ("overdue", "soon", "open"))
    return Board(found, *sums)


def _of_days(kept: Any, count: Any, today: date, until: date) -> Select[Any]:
    late = case((kept.day < today, count), else_=0).label("late")
    near = case((and_(kept.day >= today, kept.day < until), count), else_=0).label("near")
    columns: list[Any] = [kept.unit_id, kept.unit_path, kept.step, late, near, count.label("open")]
    return select(*columns)


def _late_today(moment: datetime, today: date) -> Select[Any]:
    """Today's tasks that are overdue already: as whole days they were counted as due soon."""
    midnight = datetime(today.year, today.month, today.day, tzinfo=ZONE)
    key = (func.coalesce(Task.unit_id, 0), Task.unit_path, Task.name)
    numbers = (func.count().label("late"), (-func.count()).label("near"), literal(0).label("open"))
    columns: list[Any] = [*key, *numbers]
    return select(*columns).where(OPEN_TASK, Task.order_at >= midnight, Task.order_at < moment).group_by(*key)


def _within(column: InstrumentedAttribute[str], actor: Actor, unit_path: str | None) -> list[ColumnElement[bool]]:
    where = [paging.in_scopes(column, actor)]
    return [*where, paging.below(column, unit_path)] if unit_path else where


def board_tasks(
    session: Session,
    actor: Actor,
    *,
    unit_path: str | None = None,
    step: str | None = None,
    due: str | None = None,
    now: datetime | None = None,
    soon_days: int = 3,
    after: str | None = None,
    limit: int = 50,
) -> Page[Task]:
    """This will list the tasks behind a number of the board, the most urgent first."""
    limit = paging.limited(limit)
    where = [*_seen(actor, unit_path), *paging.due_range(session, now or paging.now(session), due, soon_days)]
    if step is not None:
        where.append(Task.name == step)
    beyond = [paging.beyond(TASK_KEY, after, TASK_KINDS, is_falling=False)] if after else []
    tasks = select(Task).where(*where, *beyond).order_by(*TASK_KEY).limit(limit + 1).options(defer(Task.detail))
    counted = paging.count(session, select(Task.id).where(*where))
    return paging.cut(list(session.scalars(tasks)), limit, lambda task: (task.order_at, task.id), counted)
