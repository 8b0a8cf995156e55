"""What services say afterwards of a task that was given to somebody, changed or withdrawn.

They may correct the task while it is open. They may deny the change while nothing else has happened to it: then the
task is as it was before, and the history says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from engine import cases, feel, prepared, task_listeners
from engine.db import table
from engine.history import Entry
from engine.models import CANCELLED, CLOSED, STANDING, Job
from engine.prepared import Change
from engine.task_listeners import CANCELING, DENIED, MOMENTS, WHY, About
from engine.tasks import TASKS
from engine.turn import Turn

Data = dict[str, Any]
JOBS = table(Job)


def hear(turn: Turn, job_id: UUID, case_id: UUID, told: Data, answer: Mapping[str, Any]) -> None:
    """This will do what a listener answers, once: correct its task, or undo what it denies.

    Raises CorrectionInvalid, ListenerFailed.
    """
    running = cases.load(turn, case_id)
    gone = Change(delete(JOBS).where(JOBS.c.id == job_id))
    row = _standing(turn, UUID(told["task"]))
    if row is None or told["event"] == CANCELING or running.row["state"] in (CLOSED, CANCELLED):
        prepared.send(turn.session, [gone])
        return
    kind, detail = "task_corrected", {"action": told["action"]}
    if answer.get(DENIED) is True:
        is_as_left = all(_text(row[name]) == value for name, value in told["after"].items())
        values = _read(told["before"]) if is_as_left else {}
        kind, detail = "change_denied", {**detail, "text": str(answer.get(WHY) or "")[:2000], "undone": is_as_left}
    else:
        about = About.of(row, feel.loads(row["detail"]), running)
        values = task_listeners.corrected(turn, about, row, answer)
    changes = [gone, *([Change(update(TASKS).where(TASKS.c.id == row["id"]).values(**values))] if values else [])]
    if not values and kind == "task_corrected":
        prepared.send(turn.session, [gone])
        return
    entry = Entry(kind=kind, element=row["element"], name=row["name"], task_id=row["id"], detail=detail)
    cases.record(turn, running, [entry], changes)


def _standing(turn: Turn, task_id: UUID) -> Data | None:
    found = select(TASKS).where(TASKS.c.id == task_id, TASKS.c.state.in_(STANDING))
    row = turn.session.execute(found).mappings().first()
    return None if row is None else dict(row)


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(values: Data) -> Data:
    moments = {name: datetime.fromisoformat(values[name]) for name in MOMENTS if values.get(name) is not None}
    return {**values, **moments}
