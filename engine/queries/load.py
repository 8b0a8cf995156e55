"""How much waits, how late it is and what went wrong, in figures: for monitors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select, text
from sqlalchemy.orm import Session

from engine import lateness
from engine.access import Actor, require_operator
from engine.lateness import Ran
from engine.models import (
    LIMIT_IS,
    OURS,
    PAUSED,
    RUNNING,
    CalendarRun,
    Incident,
    Job,
    Limit,
    WebhookDelivery,
    WorkerProcess,
)
from engine.queries.sendings import outbox_state

LATE = (1, 5, 30, 60, 300, 3600)  # seconds
ALIVE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Load:
    """What waits at one moment. `late` counts the due jobs by seconds: how many wait no longer than each of `LATE`.

    `queued` tells how many are due by kind, `ran` what workers have done since the installation began.
    """

    jobs: dict[tuple[str, str], int]
    queued: dict[str, int]
    ran: dict[str, Ran]
    due: int
    late: dict[int, int]
    oldest: float
    incidents: dict[str, int]
    limits: dict[str, int]
    deliveries: int
    outbox: dict[str, int]
    workers: dict[str, int]
    calendar_failures: int


def load(session: Session, actor: Actor) -> Load:
    """This will count what waits. Raises OperatorsOnly."""
    require_operator(actor)
    now: datetime = session.info["now"]
    queued, late, oldest = _due(session, now)
    jobs = select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)
    incidents = select(Incident.kind, func.count()).where(Incident.resolved_at.is_(None)).group_by(Incident.kind)
    waiting = select(func.count()).where(WebhookDelivery.state == "waiting")
    alive = select(WorkerProcess.is_active, func.count()).where(WorkerProcess.seen_at > now - ALIVE)
    workers = {bool(is_active): count for is_active, count in session.execute(alive.group_by(WorkerProcess.is_active))}
    outbox = outbox_state(session, actor)
    return Load(
        jobs={(kind, state): count for kind, state, count in session.execute(jobs)},
        queued=queued,
        ran=lateness.read(session),
        due=sum(queued.values()),
        late=late,
        oldest=oldest,
        incidents={str(kind): count for kind, count in session.execute(incidents)},
        limits=_limits(session, now),
        deliveries=session.scalar(waiting) or 0,
        outbox={"unrouted": outbox.unrouted, "waiting": outbox.waiting, "failed": outbox.failed},
        workers={"active": workers.get(True, 0), "standby": workers.get(False, 0)},
        calendar_failures=_failures(session, now),
    )


def _due(session: Session, now: datetime) -> tuple[dict[str, int], dict[int, int], float]:
    counts = [func.count(case((Job.due_at > now - timedelta(seconds=seconds), 1))) for seconds in LATE]
    nobody = or_(Job.leased_until.is_(None), Job.leased_until < now)
    found = select(Job.kind, func.count(), func.min(Job.due_at), *counts).where(text(OURS), Job.due_at <= now, nobody)
    rows: list[Sequence[Any]] = [tuple(row) for row in session.execute(found.group_by(Job.kind))]
    late = {seconds: sum(row[place] for row in rows) for place, seconds in enumerate(LATE, 3)}
    oldest = max(((now - row[2]).total_seconds() for row in rows), default=0.0)
    return {str(row[0]): row[1] for row in rows}, late, oldest


def _limits(session: Session, now: datetime) -> dict[str, int]:
    over = func.count(case((Limit.due_at < now, 1)))
    running, exceeded = session.execute(select(func.count(), over).where(LIMIT_IS[RUNNING])).one()
    paused = session.scalar(select(func.count()).where(LIMIT_IS[PAUSED]))
    return {"running": running, "exceeded": exceeded, "paused": paused or 0}


def _failures(session: Session, now: datetime) -> int:
    recent = (CalendarRun.error != "", CalendarRun.begun_at > now - timedelta(days=1))
    return session.scalar(select(func.count()).select_from(CalendarRun).where(*recent)) or 0
