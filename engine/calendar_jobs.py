"""What the calendar asks for: each job once in each of its periods, however many processes there are.

Whoever inserts the row of a period first runs the job. What nobody ran while all machines were off is caught up once.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from engine import due
from engine.access import SYSTEM, Actor, require_operator
from engine.catalog import ZONE
from engine.db import table, upserting
from engine.errors import NotFound
from engine.models import CalendarRun
from engine.runtime import Engine
from engine.sentences import N_
from engine.turn import Turn

log = logging.getLogger(__name__)
RUNS = table(CalendarRun)
LEASE = timedelta(minutes=2)
PAUSE = timedelta(minutes=5)  # after a failure, longer each time
ATTEMPTS = 3  # of one period
REMEMBERED = 30  # runs of each job
LONGEST_RESULT, LONGEST_ERROR = 200, 4_000  # characters
ShouldStop = Callable[[], bool]
Work = Callable[[Engine, ShouldStop], object]


class CalendarJobNotFound(NotFound):
    """There is no calendar job {name}."""


@dataclass(frozen=True, slots=True)
class CalendarJob:
    """Something to be done every day at a time of the officials' clock, or every so many minutes."""

    name: str
    title: str
    work: Work
    at: tuple[int, int] = (0, 0)
    every: timedelta = timedelta(days=1)

    def latest(self, now: datetime) -> datetime:
        """This will return when the period began in which `now` lies."""
        hour, minute = self.at
        midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight + timedelta(hours=hour, minutes=minute)
        return (start + (now - start) // self.every * self.every).astimezone(UTC)

    def following(self, now: datetime) -> datetime:
        """This will return when the next period begins."""
        return self.latest(now) + self.every


JOBS: dict[str, CalendarJob] = {}


def daily(name: str, title: str, at: str) -> Callable[[Work], Work]:
    """This will make a function a calendar job of every day at `at` (03:20), Asia/Shanghai."""
    hour, minute = at.split(":")
    return _register(name, title, (int(hour), int(minute)), timedelta(days=1))


def every_minutes(name: str, title: str, minutes: int) -> Callable[[Work], Work]:
    """This will make a function a calendar job of every so many minutes of the day."""
    return _register(name, title, (0, 0), timedelta(minutes=minutes))


def _register(name: str, title: str, at: tuple[int, int], every: timedelta) -> Callable[[Work], Work]:
    def register(work: Work) -> Work:
        JOBS[name] = CalendarJob(name, title, work, at, every)
        return work

    return register


@daily("clean-up", N_("Delete cases whose time is over"), "01:30")
def _clean_up(engine: Engine, should_stop: ShouldStop) -> object:
    done = engine.clean_up(should_stop=should_stop)
    return f"{done.cases} cases, {done.files} files"


@daily("messages", N_("Forget messages that nobody took"), "03:10")
def _forget_messages(engine: Engine, _should_stop: ShouldStop) -> object:
    return due.forget_expired(engine.write)


@daily("answers", N_("Forget kept answers and old deliveries"), "03:20")
def _forget_answers(engine: Engine, _should_stop: ShouldStop) -> object:
    return engine.forget_programs()


@daily("notices", N_("Forget old notices and sent messages"), "03:22")
def _forget_notices(engine: Engine, _should_stop: ShouldStop) -> object:
    return engine.forget_messages()


@daily("anchor", N_("Anchor the histories of the day"), "03:25")
def _anchor(engine: Engine, _should_stop: ShouldStop) -> object:
    made = engine.anchor_daily()
    return "" if made is None else f"no. {made.number}"


@daily("statistics", N_("Let the database count what it holds"), "03:40")
def _count(engine: Engine, _should_stop: ShouldStop) -> object:
    with engine.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if engine.database.dialect.name == "postgresql" else "PRAGMA optimize")
    return ""


@daily("old-runs", N_("Forget old runs of these jobs"), "03:50")
def _forget_runs(engine: Engine, _should_stop: ShouldStop) -> object:
    return engine.write(SYSTEM, _forget)


@every_minutes("staff-changes", N_("Let tasks follow changes of people and units"), 1)
def _follow(engine: Engine, _should_stop: ShouldStop) -> object:
    return engine.follow_changes()


def _forget(turn: Turn) -> int:
    place = func.row_number().over(partition_by=RUNS.c.name, order_by=RUNS.c.period.desc())
    ranked = select(RUNS.c.name, RUNS.c.period, place.label("place")).subquery()
    count = 0
    old = select(ranked.c.name, ranked.c.period).where(ranked.c.place > REMEMBERED)
    for name, period in turn.session.execute(old).all():
        turn.session.execute(delete(RUNS).where(RUNS.c.name == name, RUNS.c.period == period))
        count += 1
    return count


@dataclass(slots=True)
class Calendar:
    """The calendar jobs as one process sees them. `running` is what it runs now, for its heartbeat."""

    engine: Engine
    worker: str
    running: tuple[str, str] | None = None
    _known: dict[str, str] = field(default_factory=dict)

    def run_due(self, should_stop: ShouldStop) -> int:
        """This will run each job whose period nobody has taken yet, and return how many it ran."""
        count = 0
        for job in tuple(JOBS.values()):
            period = job.latest(self.engine.clock()).isoformat(timespec="minutes")
            if should_stop() or self._known.get(job.name) == period:
                continue
            taken = self.engine.write(SYSTEM, _claim, job.name, period, self.worker)
            if taken is None or taken:
                self._known[job.name] = period if taken is None else ""
            if taken:
                self.run(job, period, should_stop)
                count += 1
        return count

    def run(self, job: CalendarJob, period: str, should_stop: ShouldStop) -> str:
        """This will run a job whose period was taken and return its error, empty when it went well."""
        self.running, error, result = (job.name, period), "", ""
        try:
            found = job.work(self.engine, should_stop)
            result = "" if found is None else str(found)[:LONGEST_RESULT]
        except Exception as problem:
            log.exception("the calendar job %s failed", job.name)
            error = "".join(traceback.format_exception(problem))[-LONGEST_ERROR:]
        finally:
            self.running = None
        self.engine.write(SYSTEM, _end, job.name, period, self.worker, result, error)
        return error

    def keep(self) -> None:
        """This will extend the lease of what runs."""
        if (running := self.running) is not None:
            self.engine.write(SYSTEM, _keep, *running, self.worker)


def _mine(name: str, period: str, worker: str) -> Any:
    return (RUNS.c.name == name, RUNS.c.period == period, RUNS.c.worker == worker, RUNS.c.ended_at.is_(None))


def _claim(turn: Turn, name: str, period: str, worker: str) -> bool | None:
    """True: it is mine. None: it is done, or was tried often enough. False: another one runs it, or it waits."""
    row = {"name": name, "period": period, "worker": worker, "begun_at": turn.now, "leased_until": turn.now + LEASE}
    row |= {"ended_at": None, "attempts": 1, "result": "", "error": ""}
    mine = upserting(turn.session, CalendarRun).values(row).on_conflict_do_nothing().returning(RUNS.c.name)
    if turn.session.execute(mine).first() is not None:
        return True
    free = or_(RUNS.c.leased_until.is_(None), RUNS.c.leased_until < turn.now)
    left = (RUNS.c.name == name, RUNS.c.period == period, RUNS.c.ended_at.is_(None), RUNS.c.attempts < ATTEMPTS)
    again = {"worker": worker, "begun_at": turn.now, "leased_until": turn.now + LEASE, "attempts": RUNS.c.attempts + 1}
    if turn.session.execute(update(RUNS).where(*left, free).values(**again).returning(RUNS.c.name)).first():
        return True
    return False if turn.session.execute(select(RUNS.c.name).where(*left)).first() else None


def _keep(turn: Turn, name: str, period: str, worker: str) -> None:
    turn.session.execute(update(RUNS).where(*_mine(name, period, worker)).values(leased_until=turn.now + LEASE))


def _end(turn: Turn, name: str, period: str, worker: str, result: str, error: str) -> None:
    mine = _mine(name, period, worker)
    attempts = turn.session.scalar(select(RUNS.c.attempts).where(*mine))
    values: dict[str, Any] = {"result": result, "error": error, "ended_at": turn.now, "leased_until": None}
    if error and attempts is not None and attempts < ATTEMPTS:
        values |= {"ended_at": None, "leased_until": turn.now + PAUSE * attempts}
    turn.session.execute(update(RUNS).where(*mine).values(**values))


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A calendar job with its newest run and when it is next due."""

    name: str
    title: str
    next_at: datetime
    last: CalendarRun | None
    is_running: bool

    @property
    def took(self) -> float | None:
        """This will return the seconds that the newest run took; None while it runs."""
        if self.last is None or self.last.ended_at is None:
            return None
        return (self.last.ended_at - self.last.begun_at).total_seconds()


def schedule(session: Session, actor: Actor) -> list[Scheduled]:
    """This will list the calendar jobs, the next one first. Raises OperatorsOnly."""
    require_operator(actor)
    now: datetime = session.info["now"]
    newest = select(RUNS.c.name, func.max(RUNS.c.period).label("period")).group_by(RUNS.c.name).subquery()
    found = select(CalendarRun).join(newest, (RUNS.c.name == newest.c.name) & (RUNS.c.period == newest.c.period))
    last = {run.name: run for run in session.scalars(found)}
    return sorted((_shown(job, last.get(job.name), now) for job in JOBS.values()), key=lambda each: each.next_at)


def _shown(job: CalendarJob, last: CalendarRun | None, now: datetime) -> Scheduled:
    is_open = last is not None and last.ended_at is None and last.leased_until is not None
    is_waiting = is_open and last is not None and bool(last.error)
    next_at = job.following(now)
    if last is not None and is_waiting and last.leased_until is not None:
        next_at = last.leased_until
    elif last is None or last.period < job.latest(now).isoformat(timespec="minutes"):
        next_at = job.latest(now)
    return Scheduled(job.name, job.title, next_at, last, is_open and not is_waiting)


def run_now(engine: Engine, name: str, *, by: Actor) -> CalendarRun:
    """This will run a calendar job at once, besides its periods. Raises CalendarJobNotFound, OperatorsOnly."""
    require_operator(by)
    if name not in JOBS:
        raise CalendarJobNotFound(name=name)
    period, calendar = engine.clock().isoformat(timespec="seconds"), Calendar(engine, by.name[:64] or "operator")
    if engine.write(SYSTEM, _claim, name, period, calendar.worker):
        calendar.run(JOBS[name], period, lambda: False)
    return engine.read(lambda session: session.get_one(CalendarRun, (name, period)))
