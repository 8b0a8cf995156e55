"""How fast timers fire that are due at once, and whether the oldest fire first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import Engine, HistoryEvent
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
        cases = copies.originals(engine, steps=1, towns=5)
        _fill(engine, cases, TRACED + WARM_UP, copies.MASS, None)
        engine.run_due_jobs(WARM_UP)
        with meters.traffic(engine.database) as seen:
            engine.run_due_jobs(TRACED)
        began = _fill(engine, cases, due, copies.WORK, show)
        beside = floor.measure(engine, 1.0)
        if count == 1:
            taken = [clients.alone(engine, fire, 0.0, 0, lambda done: progress(done, due) if progress else None)]
        else:
            taken = clients.together(own, count, fire, 0.0)
        found = report.line("timer fired", taken)
        fired = engine.read(_fired)
        if not found.operations == len(fired) == due:
            raise Miscounted(found.operations, due, len(fired))
        found.notes |= _lateness(fired, began)
        found.statements, found.round_trips = seen.statements / TRACED, seen.round_trips / TRACED
        return report.compare([found], beside)


def _fill(engine: Engine, cases: Sequence[UUID], due: int, label: int, show: Show | None) -> datetime:
    """Timers due one second after another, the last of them a minute ago; tells when all were there."""
    first = engine.clock() - timedelta(seconds=due + 60)
    copies.fill(
        engine, cases, due, label=label, due_from=first, within=timedelta(seconds=due + 1), scatter=1, show=show
    )
    return engine.clock()


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
