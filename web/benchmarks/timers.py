"""How fast timers fire that are due at once, and whether the oldest fire first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine import SYSTEM, Engine, HistoryEvent, Job
from web.benchmarks import clients, copies, floor, meters, report, world
from web.benchmarks.completing import Miscounted
from web.benchmarks.copies import Show
from web.benchmarks.figures import percentile
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line

AT_ONCE = 1_000
WARM_UP = 20
TRACED = 20


def measure(
    url: str | None, *, count: int, due: int, show: Show | None = None, progress: Show | None = None
) -> list[Line]:
    """This will let `count` workers fire `due` timers. Raises Miscounted."""
    with world.made(url) as (own, engine):
        return Drain(own, engine, copies.originals(engine, steps=1, towns=5)).run(count, due, show, progress)


@dataclass(frozen=True, slots=True)
class Drain:
    """Copies of cases that wait for timers, and workers that fire all of them; other jobs of theirs are left out."""

    url: str
    engine: Engine
    cases: Sequence[UUID]
    opening: clients.Opening = world.opened

    def run(self, count: int, copied: int, show: Show | None, progress: Show | None) -> list[Line]:
        """This will fire the timers of so many copies, with `count` workers. Raises Miscounted."""
        engine = self.engine
        self._fill(TRACED + WARM_UP, copies.MASS, None)
        engine.run_due_jobs(WARM_UP)
        with meters.traffic(engine.database) as seen:
            traced = engine.run_due_jobs(TRACED)
        while engine.run_due_jobs(AT_ONCE):
            continue
        began = self._fill(copied, copies.WORK, show)
        due = engine.read(_waiting)
        beside = floor.measure(engine, 1.0)
        if count == 1:
            taken = [clients.alone(engine, fire, 0.0, 0, lambda done: progress(done, due) if progress else None)]
        else:
            taken = clients.together(self.url, count, fire, 0.0, opening=self.opening)
        found = report.line("timer fired", taken)
        fired = engine.read(_fired)
        if not found.operations == len(fired) == due:
            raise Miscounted(found.operations, due, len(fired))
        found.notes |= _lateness(fired, began)
        found.statements, found.round_trips = seen.statements / traced, seen.round_trips / traced
        return report.compare([found], beside)

    def _fill(self, copied: int, label: int, show: Show | None) -> datetime:
        """Timers due one second after another, the last of them a minute ago; tells when all were there."""
        first = self.engine.clock() - timedelta(seconds=copied + 60)
        within = timedelta(seconds=copied + 1)
        copies.fill(self.engine, self.cases, copied, label=label, due_from=first, within=within, scatter=1, show=show)
        self.engine.write(SYSTEM, lambda turn: _leave_timers(turn.session, label))
        return self.engine.clock()


def _leave_timers(session: Session, label: int) -> None:
    low, high = copies.case_id(label, 0), copies.case_id(label + 1, 0)
    session.execute(delete(Job).where(Job.case_id >= low, Job.case_id < high, Job.kind != "timer"))


def _waiting(session: Session) -> int:
    low, high = copies.case_id(copies.WORK, 0), copies.case_id(copies.WORK + 1, 0)
    return session.scalar(select(func.count()).select_from(Job).where(Job.case_id >= low, Job.case_id < high)) or 0


def fire(engine: Engine, watch: Stopwatch, number: int, tell: Callable[[int], object] | None = None) -> Iterator[None]:
    """This will run what is due until nothing is, and tell how much was."""
    engine.is_current()
    yield
    while watch.time_many(engine.run_due_jobs, AT_ONCE, f"bench {number}"):
        if tell is not None:
            tell(len(watch.samples))


def _fired(session: Session) -> list[datetime]:
    """When each timer fired, in the order in which they were due."""
    low, high = copies.case_id(copies.WORK, 0), copies.case_id(copies.WORK + 1, 0)
    events = select(HistoryEvent.at).where(HistoryEvent.kind == "timer_fired", HistoryEvent.case_id >= low)
    return list(session.scalars(events.where(HistoryEvent.case_id < high).order_by(HistoryEvent.case_id)))


def _lateness(fired: Sequence[datetime], began: datetime) -> dict[str, object]:
    """Seconds that the timers waited for a worker, and how many fired before one that had been due earlier."""
    latest, early = fired[0], 0
    for at in fired:
        early += at < latest
        latest = max(latest, at)
    return {**lateness(fired, began), "out_of_order": early}


def lateness(done: Sequence[datetime], began: datetime) -> dict[str, object]:
    """This will tell how many seconds after `began`, when all of it was due, things were done."""
    waited = sorted((at - began).total_seconds() for at in done)
    return {
        "lateness_p50": round(percentile(waited, 0.5), 2),
        "lateness_p95": round(percentile(waited, 0.95), 2),
        "lateness_max": round(waited[-1], 2),
    }
