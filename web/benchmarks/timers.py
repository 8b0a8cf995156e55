"""How fast timers fire that are due at once, and whether the oldest fire first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

AT_ONCE = 200
WARM_UP = 20
TRACED = 20


def measure(url: str | None, *, count: int, due: int, show: Show | None = None) -> list[Line]:
    """This will let `count` workers fire `due` timers. Raises Miscounted."""
    with world.made(url) as (own, engine):
        cases = copies.originals(engine, steps=1, towns=5)
        _fill(engine, cases, TRACED + WARM_UP, copies.MASS, None)
        engine.run_due_jobs(WARM_UP)
        with meters.traffic(engine.database) as seen:
            engine.run_due_jobs(TRACED)
        began = _fill(engine, cases, due, copies.WORK, show)
        beside = floor.measure(engine, 1.0)
        found = report.line("timer fired", clients.run(engine, own, count, fire, 0.0))
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


def fire(engine: Engine, watch: Stopwatch, number: int) -> Iterator[None]:
    """This will run what is due until nothing is."""
    engine.is_current()
    yield
    while watch.time_many(engine.run_due_jobs, AT_ONCE, f"bench {number}"):
        continue


def _fired(session: Session) -> list[datetime]:
    """When each timer fired, in the order in which they were due."""
    low, high = copies.case_id(copies.WORK, 0), copies.case_id(copies.WORK + 1, 0)
    events = select(HistoryEvent.at).where(HistoryEvent.kind == "timer_fired", HistoryEvent.case_id >= low)
    return list(session.scalars(events.where(HistoryEvent.case_id < high).order_by(HistoryEvent.case_id)))


def _lateness(fired: Sequence[datetime], began: datetime) -> dict[str, object]:
    """Seconds that the timers waited for a worker, and how many fired before one that had been due earlier."""
    waited = sorted((at - began).total_seconds() for at in fired)
    latest, early = fired[0], 0
    for at in fired:
        early += at < latest
        latest = max(latest, at)
    return {
        "waited_p50": round(percentile(waited, 0.5), 2),
        "waited_p95": round(percentile(waited, 0.95), 2),
        "waited_longest": round(waited[-1], 2),
        "out_of_order": early,
    }
