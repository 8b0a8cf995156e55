"""What is overdue or soon will be, by unit and step, for those who oversee others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, defer

from engine.access import Actor
from engine.models import Task
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
    where = [OPEN_TASK, paging.in_scopes(Task.unit_path, actor)]
    return [*where, paging.below(Task.unit_path, unit_path)] if unit_path else where


def board(
    session: Session, actor: Actor, *, unit_path: str | None = None, now: datetime | None = None, soon_days: int = 3
) -> Board:
    """This will count open tasks by unit and step; soon means within `soon_days` working days."""
    moment = now or paging.now(session)
    overdue, soon = (paging.due_range(moment, due, soon_days) for due in ("overdue", "soon"))
    numbers: list[Any] = [func.count(), func.count().filter(*overdue), func.count().filter(*soon)]
    cells = select(Task.unit_id, Task.unit_path, Task.unit_name, Task.name, *numbers).where(*_seen(actor, unit_path))
    cells = cells.group_by(Task.unit_id, Task.unit_path, Task.unit_name, Task.name).order_by(Task.unit_path, Task.name)
    known = paging.library(session).directories.current(session).units
    found = []
    for unit_id, path, name, step, is_open, late, near in session.execute(cells):
        place = known.get(unit_id)
        code = place.code if place is not None else ""
        found.append(BoardCell(unit_id, code, path, place.name if place else name, step, late, near, is_open))
    sums = (sum(getattr(cell, number) for cell in found) for number in ("overdue", "soon", "open"))
    return Board(found, *sums)


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
    where = [*_seen(actor, unit_path), *paging.due_range(now or paging.now(session), due, soon_days)]
    if step is not None:
        where.append(Task.name == step)
    beyond = [paging.beyond(TASK_KEY, after, TASK_KINDS, is_falling=False)] if after else []
    tasks = select(Task).where(*where, *beyond).order_by(*TASK_KEY).limit(limit + 1).options(defer(Task.detail))
    counted = paging.count(session, select(Task.id).where(*where))
    return paging.cut(list(session.scalars(tasks)), limit, lambda task: (task.order_at, task.id), counted)
