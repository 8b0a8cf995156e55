"""How fast the ladders of limits are climbed that are all due on one morning, while an official works on."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Event, Thread
from typing import Any

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.orm import Session

from engine import SYSTEM, Engine, HistoryEvent, Job, Limit, Resource, Task, queries
from web.benchmarks import copies, floor, meters, report, world
from web.benchmarks.completing import Miscounted
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line, Taken

AT_ONCE = 200
BESIDE = 2000  # cases that the official works on meanwhile
NAP = 0.02  # seconds between two looks of the official


def measure(url: str | None, *, due: int, show: Show | None = None) -> list[Line]:
    """This will climb a rung for each of `due` limits with one worker. Raises Miscounted."""
    with world.made(url) as (_own, engine):
        cases = copies.originals(engine, steps=1, towns=5)
        tomorrow = engine.clock() + timedelta(days=1)
        copies.fill(engine, cases, BESIDE, label=copies.MASS, due_from=tomorrow)
        copies.fill(engine, cases, due, label=copies.WORK, due_from=tomorrow, show=show)
        morning = engine.clock() - timedelta(minutes=1)
        engine.write(SYSTEM, lambda turn: _limit(turn.session, morning))
        beside = floor.measure(engine, 1.0)
        drained, began = Event(), engine.clock()
        climbs = Stopwatch(0.0)
        worker = Thread(target=_drain, args=(engine, climbs, drained))
        worker.start()
        inbox, tasks = _work(engine, drained)
        worker.join()
        named = (("rung climbed", climbs), ("inbox meanwhile", inbox), ("completion meanwhile", tasks))
        lines = [report.line(name, [_taken(watch)]) for name, watch in named if watch.samples]
        climbed = engine.read(_climbed)
        if not lines[0].operations == len(climbed) == due:
            raise Miscounted(lines[0].operations, due, len(climbed))
        lines[0].notes |= _order(climbed, began)
        return report.compare(lines, beside)


def _limit(session: Session, morning: datetime) -> None:
    """A limit and its job for each copied task, all due in the same second; the copied timers go."""
    resource = _rule(session)
    low, high = copies.case_id(copies.WORK, 0), copies.case_id(copies.WORK + 1, 0)
    of = (Task.case_id >= low, Task.case_id < high, Task.state == "open")
    happened = f'[{{"kind": "started", "at": "{(morning - timedelta(days=3)).isoformat()}"}}]'
    fixed: dict[str, Any] = {
        "resource_id": resource, "code": "bench", "name": "Period of the benchmark", "element": "", "state": "running",
        "extensions": 0, "rung": 0, "happened": happened,
    }  # fmt: skip
    session.execute(delete(Job).where(Job.case_id >= low, Job.case_id < high))
    at = literal(morning, Limit.__table__.c.due_at.type)
    columns = [Task.case_id, Task.case_id, Task.token, Task.id, Task.unit_path, Task.region, at, at]
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
    rows = select(Task.case_id, Task.case_id, at, *(literal(value) for value in job.values())).where(*of)
    session.execute(insert(Job).from_select(["id", "case_id", "due_at", *job], rows))


def _rule(session: Session) -> int:
    """This will return the version of the rule that the limits follow."""
    return session.scalars(select(Resource.id).where(Resource.kind == "limit", Resource.key == "bench")).one()


def _drain(engine: Engine, watch: Stopwatch, drained: Event) -> None:
    watch.start()
    try:
        while watch.time_many(engine.run_due_jobs, AT_ONCE, "bench"):
            continue
    finally:
        watch.stop()
        drained.set()


def _work(engine: Engine, drained: Event) -> tuple[Stopwatch, Stopwatch]:
    """An official reads the inbox and completes a task, again and again."""
    inbox, tasks = Stopwatch(0.0), Stopwatch(0.0)
    official, worker = world.actor(engine, "official"), world.actor(engine, "worker")
    inbox.start()
    tasks.start()
    number = 0
    while not drained.is_set():
        inbox.time(engine.read, queries.inbox, official)
        if number < BESIDE:
            (task, *_more) = engine.read(world.open_tasks, [copies.case_id(copies.MASS, number)])
            tasks.time(engine.complete_task, task, by=worker, data=world.SENT)
            number += 1
        time.sleep(NAP)
    inbox.stop()
    tasks.stop()
    return inbox, tasks


def _taken(watch: Stopwatch) -> Taken:
    return Taken(watch.samples, watch.began, watch.ended, watch.busy, None, meters.memory())


def _climbed(session: Session) -> list[datetime]:
    low, high = copies.case_id(copies.WORK, 0), copies.case_id(copies.WORK + 1, 0)
    found = select(HistoryEvent.at).where(HistoryEvent.kind == "rung_climbed", HistoryEvent.case_id >= low)
    return list(session.scalars(found.where(HistoryEvent.case_id < high).order_by(HistoryEvent.case_id)))


def _order(climbed: list[datetime], began: datetime) -> dict[str, object]:
    early = sum(later < earlier for earlier, later in pairwise(climbed))
    return {"waited_longest": round((max(climbed) - began).total_seconds(), 2), "out_of_order": early}
