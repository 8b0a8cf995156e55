"""Who waits asks that a task be done soon: not too often, and never for what they could do themselves."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update

from engine import cases, tasks
from engine.access import NotYours, is_in_scope, may_complete
from engine.db import table
from engine.errors import Conflict, Invalid, Refused
from engine.history import Entry
from engine.models import DONE, OPEN, Task, Urge, new_id
from engine.prepared import Change
from engine.tasks import TASKS, Held
from engine.turn import Turn

URGES = table(Urge)
PAUSE, MOST = "bihuan:urgePause", "bihuan:urgeMost"
URGE_PAUSE = 10  # minutes between two urges of one task
URGE_MOST = 3  # of one person on one task
LONGEST = 500


class MayNotUrge(Refused):
    """Only who started the case, who did a task of it, and who oversees its unit may urge."""


class OwnTask(NotYours):
    """This task waits for you yourself."""


class UrgedTooSoon(Conflict):
    """This task was urged at {at}; again after {minutes} minutes."""


class UrgedTooOften(Conflict):
    """You have urged this task {times} times; more is not possible."""


class UrgeInvalid(Invalid):
    """What you write with it has up to {limit} characters."""


def urge(turn: Turn, task_id: UUID, text: str) -> Task:
    """This will urge an open task: shown in the inbox of who has it, and told in the history.

    Raises MayNotUrge, OwnTask, UrgedTooSoon, UrgedTooOften, UrgeInvalid.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise UrgeInvalid(limit=LONGEST)
    held = tasks.load(turn, task_id)
    row = held.row
    _require_right(turn, held)
    pause = _number(held, PAUSE, URGE_PAUSE)
    if row["urged_at"] is not None and turn.now < row["urged_at"] + timedelta(minutes=pause):
        raise UrgedTooSoon(at=tasks.shown(row["urged_at"]), minutes=pause)
    most = _number(held, MOST, URGE_MOST)
    mine = select(func.count()).select_from(URGES)
    mine = mine.where(URGES.c.task_id == task_id, URGES.c.urged_by == turn.by.person_id)
    if (turn.session.scalar(mine) or 0) >= most:
        raise UrgedTooOften(times=most)
    values = {"urged_at": turn.now, "urged_count": row["urged_count"] + 1}
    row.update(values)
    urged = {"urged_by": turn.by.person_id, "urged_at": turn.now, "text": text}
    changes = [
        Change(update(TASKS).where(TASKS.c.id == task_id, TASKS.c.state == OPEN).values(**values)),
        Change(insert(URGES).values(id=new_id(), task_id=task_id, case_id=held.running.id, **urged)),
    ]
    detail = {"text": text, "count": values["urged_count"]}
    entry = Entry(kind="urged", element=row["element"], name=row["name"], task_id=task_id, detail=detail)
    cases.record(turn, held.running, [entry], changes)
    return tasks.as_task(held)


def _number(held: Held, name: str, default: int) -> int:
    text = held.property(name) or ""
    return int(text) if text.isdigit() else default


def _require_right(turn: Turn, held: Held) -> None:
    by, row = turn.by, held.row
    queue = {name: row[name] for name in cases.OF_QUEUE}
    if may_complete(by, **queue) or may_complete(by, **{**queue, "assignee_id": None}):
        raise OwnTask
    if by.person_id is None or by.is_admin or held.running.row["started_by"] == by.person_id:
        return
    did = or_(TASKS.c.completed_by == by.person_id, TASKS.c.on_behalf_id == by.person_id)
    earlier = select(TASKS.c.id).where(TASKS.c.case_id == held.running.id, TASKS.c.state == DONE, did)
    if not is_in_scope(by, row["unit_path"]) and turn.session.scalar(earlier.limit(1)) is None:
        raise MayNotUrge
