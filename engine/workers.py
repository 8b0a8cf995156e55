"""Which worker processes there are. Of those on one SQLite database one works and the others stand by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from engine.db import is_postgresql, table, upserting
from engine.models import WorkerProcess
from engine.turn import Turn

WORKERS = table(WorkerProcess)
GONE = timedelta(seconds=30)  # without a sign of life
FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Presence:
    """How a worker process tells of itself."""

    name: str
    host: str
    pid: int
    threads: int


def report(turn: Turn, mine: Presence) -> str | None:
    """This will say that a worker is there; the name of another one when that works and this has to stand by."""
    other = None if is_postgresql(turn.session) else turn.session.scalar(_working(turn, mine.name))
    values = {
        "host": mine.host[:255],
        "pid": mine.pid,
        "threads": mine.threads,
        "is_active": other is None,
        "seen_at": turn.now,
    }
    row = upserting(turn.session, WorkerProcess).values(name=mine.name, started_at=turn.now, **values)
    turn.session.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
    turn.session.execute(delete(WORKERS).where(WORKERS.c.seen_at < turn.now - FORGOTTEN))
    return other


def _working(turn: Turn, name: str) -> Select[str]:
    there = (WORKERS.c.is_active, WORKERS.c.name != name, WORKERS.c.seen_at > turn.now - GONE)
    return select(WORKERS.c.name).where(*there).limit(1)


def leave(turn: Turn, name: str) -> None:
    """This will say that a worker is gone, so that another one need not wait for its silence."""
    turn.session.execute(delete(WORKERS).where(WORKERS.c.name == name))


def seen(session: Session) -> list[WorkerProcess]:
    """This will return the worker processes of the last day, the newest sign of life first."""
    return list(session.scalars(select(WorkerProcess).order_by(WorkerProcess.seen_at.desc(), WorkerProcess.name)))
