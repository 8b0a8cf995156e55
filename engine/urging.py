"""Who waits asks that a task be done soon: not too often, and never for what they could do themselves."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update

from engine import cases, notices, rules, tasks
from engine.access import NotYours, may_complete, may_urge
from engine.db import table
from engine.errors import Conflict, Invalid, Refused
from engine.history import Entry
from engine.models import OPEN, Task, Urge, new_id
from engine.prepared import Change
from engine.tasks import TASKS, Held
from engine.turn import Turn

URGES = table(Urge)
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
    pause = rules.number(held.detail["properties"], rules.URGE_PAUSE)
    if row["urged_at"] is not None and turn.now < row["urged_at"] + timedelta(minutes=pause):
        raise UrgedTooSoon(at=tasks.shown(row["urged_at"]), minutes=pause)
    most = rules.number(held.detail["properties"], rules.URGE_MOST)
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
        *notices.tell_others(turn, notices.holders(turn, row), notices.URGED, held.running.row, row, text),
    ]
    detail = {"text": text, "count": values["urged_count"]}
    entry = Entry(kind="urged", element=row["element"], name=row["name"], task_id=task_id, detail=detail)
    cases.record(turn, held.running, [entry], changes)
    return tasks.as_task(held)


def _require_right(turn: Turn, held: Held) -> None:
    by, row, running = turn.by, held.row, held.running
    queue = {name: row[name] for name in cases.OF_QUEUE}
    asked_by = row["owner_id"] or held.detail.get("sign", {}).get("asked_by")
    if by.person_id is not None and by.person_id == asked_by != row["assignee_id"]:
        return
    if may_complete(by, **queue) or may_complete(by, **{**queue, "assignee_id": None}):
        raise OwnTask
    whose = {"unit_path": row["unit_path"], "started_by": running.row["started_by"]}
    if by.person_id is None or may_urge(by, **queue, **whose, did_step=False):
        return
    if not cases.did_step(turn.session, by, running.id):
        raise MayNotUrge
