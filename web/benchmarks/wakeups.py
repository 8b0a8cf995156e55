"""How soon a worker runs a job that another process lets be due: PostgreSQL calls it, on SQLite it looks by itself."""

from __future__ import annotations

import multiprocessing
import time
from datetime import datetime, timedelta
from multiprocessing.synchronize import Event
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import Engine, HistoryEvent, Job, Worker
from web.benchmarks import copies, floor, meters, report, world
from web.benchmarks.clients import ClientFailed
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line, Taken

WARM_UP = 5
SELDOM = 60.0  # seconds between two looks of a worker that is called
OFTEN = 1.0  # of one that is not
PATIENCE = 30.0  # seconds
NAP = 0.002


def measure(url: str | None, *, count: int, progress: Show | None = None) -> list[Line]:
    """This will let `count` timers be due, each when the one before has fired. Raises ClientFailed."""
    with world.made(url) as (own, engine):
        tomorrow = engine.clock() + timedelta(days=1)
        cases = copies.originals(engine, steps=1, towns=5)
        copies.fill(engine, cases, count + WARM_UP, label=copies.WORK, due_from=tomorrow)
        beside = floor.measure(engine, 1.0)
        spawning = multiprocessing.get_context("spawn")
        ready, done = spawning.Event(), spawning.Event()
        worker = spawning.Process(target=_work, args=(own, ready, done), daemon=True)
        worker.start()
        try:
            if not ready.wait(PATIENCE):
                raise ClientFailed("the worker does not listen")
            watch = _wake_often(engine, count, progress)
        finally:
            done.set()
            worker.join(PATIENCE)
        taken = Taken(watch.samples, watch.began, watch.ended, watch.busy, None, meters.memory())
        return report.compare([report.line("worker woken", [taken])], beside)


def _work(url: str, ready: Event, done: Event) -> None:
    with world.opened(url) as engine:
        is_called = engine.database.dialect.name == "postgresql"
        worker = Worker(engine, every=SELDOM if is_called else OFTEN, name="bench", threads=1)
        worker.start()
        while is_called and not worker.wakeups.is_listening:
            time.sleep(NAP)
        ready.set()
        done.wait()
        worker.stop()


def _wake_often(engine: Engine, count: int, progress: Show | None) -> Stopwatch:
    watch = Stopwatch(0.0)
    for number in range(count + WARM_UP):
        if number == WARM_UP:
            watch.start()
        case = copies.case_id(copies.WORK, number)
        busy, began = time.thread_time(), engine.clock()
        with engine.database.connect().execution_options(writes=True) as connection:
            connection.execute(update(Job).where(Job.case_id == case).values(due_at=began))
            connection.commit()
        watch.busy += time.thread_time() - busy
        waited = (_fired(engine, case) - began).total_seconds()
        if number >= WARM_UP:
            watch.samples.append(waited)
            if progress is not None:
                progress(number - WARM_UP, count)
    watch.stop()
    return watch


def _fired(engine: Engine, case: UUID) -> datetime:
    """When the timer of a case began to fire, as soon as it has. Raises ClientFailed."""
    end = time.monotonic() + PATIENCE

    def found(session: Session) -> datetime | None:
        events = select(HistoryEvent.at).where(HistoryEvent.case_id == case, HistoryEvent.kind == "timer_fired")
        return session.scalars(events).first()

    while time.monotonic() < end:
        if (at := engine.read(found)) is not None:
            return at
        time.sleep(NAP)
    raise ClientFailed("a timer that is due does not fire")
