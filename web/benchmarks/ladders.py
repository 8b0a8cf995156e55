"""How fast the ladders of limits are climbed that are all due on one morning, while an official works on.

The worker is a process of its own, as in an office; the official's pages are asked before it begins and beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from threading import Thread
from typing import Any

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from engine import SYSTEM, Engine, HistoryEvent, Job, Limit, Resource, Task, queries
from web.benchmarks import clients, copies, floor, meters, report, world
from web.benchmarks.clients import ClientFailed
from web.benchmarks.completing import Miscounted
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line, Taken
from web.benchmarks.timers import lateness

AT_ONCE = 1_000
MORNING = timedelta(hours=1)  # in which the limits were due
BESIDE = 3000  # cases that the official works on meanwhile
QUIET = 2.0  # seconds of the official's work before
NAP = 0.02  # seconds between two looks of the official
LOOK = 2.0  # seconds between two looks at how far the worker is


def measure(url: str | None, *, due: int, show: Show | None = None, progress: Show | None = None) -> list[Line]:
    """This will climb a rung for each of `due` limits with one worker. Raises Miscounted, ClientFailed."""
    with world.made(url) as (own, engine):
        cases = copies.originals(engine, steps=1, towns=5)
        tomorrow = engine.clock() + timedelta(days=1)
        copies.fill(engine, cases, BESIDE, label=copies.MASS, due_from=tomorrow)
        first = engine.clock() - MORNING - timedelta(minutes=2)
        copies.fill(engine, cases, due, label=copies.WORK, due_from=first, within=MORNING, show=show)
        engine.write(SYSTEM, lambda turn: _limit(turn.session, first - timedelta(days=3)))
        beside = floor.measure(engine, 1.0)
        office = Office(engine, due, progress)
        before = office.work(QUIET)
        worker = Worker(own)
        worker.start()
        meanwhile = office.work(None, worker)
        named = zip(("inbox before", "completion before"), before, strict=True)
        beside_it = zip(("inbox meanwhile", "completion meanwhile"), meanwhile, strict=True)
        lines = [report.line("rung climbed", worker.result())]
        lines += [report.line(name, [_taken(watch)]) for name, watch in (*named, *beside_it) if watch.samples]
        climbed = engine.read(_climbed)
        if not lines[0].operations == len(climbed) == due:
            raise Miscounted(lines[0].operations, due, len(climbed))
        began = min(at for _due, at in climbed)
        lines[0].notes |= {**lateness([at for _due, at in climbed], began), "out_of_order": _early(climbed)}
        return report.compare(lines, beside)


class Worker(Thread):
    """Waits for the process that climbs."""

    def __init__(self, url: str) -> None:
        """This will climb in the database at `url`."""
        super().__init__(name="climbing", daemon=True)
        self.url, self.taken = url, list[Taken]()
        self.problem: Exception | None = None

    def run(self) -> None:
        """This will return when nothing is due any more."""
        try:
            self.taken = clients.together(self.url, 1, climb, 0.0)
        except Exception as problem:  # noqa: BLE001  told by `result`, in the thread that asks
            self.problem = problem

    def result(self) -> list[Taken]:
        """This will return what the climbing cost. Raises ClientFailed."""
        self.join()
        if self.problem is not None:
            raise ClientFailed(str(self.problem)) from self.problem
        return self.taken


def climb(engine: Engine, watch: Stopwatch, number: int) -> Iterator[None]:
    """This will climb what is due until nothing is."""
    engine.is_current()
    yield
    while watch.time_many(engine.run_due_jobs, AT_ONCE, f"bench {number}"):
        continue


class Office:
    """An official who reads the inbox and completes a task, again and again."""

    def __init__(self, engine: Engine, due: int, progress: Show | None) -> None:
        """This will tell `progress` how many of the `due` limits have climbed."""
        self.engine, self.due, self.progress = engine, due, progress
        self.official, self.worker = world.actor(engine, "official"), world.actor(engine, "worker")
        self.number = 0

    def work(self, seconds: float | None, beside: Thread | None = None) -> tuple[Stopwatch, Stopwatch]:
        """This will work for so many seconds, or as long as the thread runs."""
        inbox, tasks = Stopwatch(seconds or 0.0), Stopwatch(seconds or 0.0)
        inbox.start()
        tasks.start()
        looked = time.monotonic()
        while beside.is_alive() if beside is not None else not inbox.is_over:
            inbox.time(self.engine.read, queries.inbox, self.official)
            if self.number < BESIDE:
                (task, *_more) = self.engine.read(world.open_tasks, [copies.case_id(copies.MASS, self.number)])
                tasks.time(self.engine.complete_task, task, by=self.worker, data=world.SENT)
                self.number += 1
            if self.progress is not None and time.monotonic() - looked > LOOK:
                self.progress(self.due - self.engine.read(_left), self.due)
                looked = time.monotonic()
            time.sleep(NAP)
        inbox.stop()
        tasks.stop()
        return inbox, tasks


def _limit(session: Session, started_at: datetime) -> None:
    """A limit and its job for each copied task, due when the task is; the copied timers go."""
    resource = _rule(session)
    low, high = copies.case_id(copies.WORK, 0), copies.case_id(copies.WORK + 1, 0)
    of = (Task.case_id >= low, Task.case_id < high, Task.state == "open")
    happened = f'[{{"kind": "started", "at": "{started_at.isoformat()}"}}]'
    fixed: dict[str, Any] = {
        "resource_id": resource, "code": "bench", "name": "Period of the benchmark", "element": "", "state": "running",
        "extensions": 0, "climbed": 0, "happened": happened,
    }  # fmt: skip
    session.execute(delete(Job).where(Job.case_id >= low, Job.case_id < high))
    at = literal(started_at, Limit.__table__.c.due_at.type)
    columns = [Task.case_id, Task.case_id, Task.token, Task.id, Task.unit_path, Task.region, at, Task.due_at]
    names = ["id", "case_id", "token", "task_id", "unit_path", "region", "started_at", "due_at"]
    rows = select(*columns, *(literal(value) for value in fixed.values())).where(*of)
    session.execute(insert(Limit).from_select([*names, *fixed], rows))
    job = {
        "kind": "limit",
        "state": "waiting",
        "element": "",
        "attempts": 0,
        "retries": 3,
        "payload": "{}",
        "error": "",
    }
    rows = select(Task.case_id, Task.case_id, Task.due_at, *(literal(value) for value in job.values())).where(*of)
    session.execute(insert(Job).from_select(["id", "case_id", "due_at", *job], rows))


def _rule(session: Session) -> int:
    """This will return the version of the rule that the limits follow."""
    return session.scalars(select(Resource.id).where(Resource.kind == "limit", Resource.key == "bench")).one()


def _taken(watch: Stopwatch) -> Taken:
    return Taken(watch.samples, watch.began, watch.ended, watch.busy, None, meters.memory())


def _left(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Job).where(Job.kind == "limit")) or 0


def _climbed(session: Session) -> list[tuple[datetime, datetime]]:
    """When each limit was due and when its rung was climbed, those first that were due first."""
    found = select(Limit.due_at, HistoryEvent.at).join(HistoryEvent, HistoryEvent.case_id == Limit.case_id)
    found = found.where(HistoryEvent.kind == "rung_climbed").order_by(Limit.due_at)
    return [(due, at) for due, at in session.execute(found) if due is not None]


def _early(climbed: Sequence[tuple[datetime, datetime]]) -> int:
    """How many rungs were climbed before one whose limit had been due earlier."""
    early, latest = 0, climbed[0][1]
    for _due, found in groupby(climbed, lambda pair: pair[0]):
        moments = [at for _, at in found]
        early += sum(at < latest for at in moments)
        latest = max(latest, *moments)
    return early
