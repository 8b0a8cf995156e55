"""Other diagrams than the benchmark's own: an app's, with the app's own demo as the load, or any that stands alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import Case, Engine, HistoryEvent, Job, ProcessApp, Task, load_apps
from web.benchmarks import clients, copies, floor, guests, meters, replays, report, timers, world
from web.benchmarks.completing import Miscounted
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line, Taken
from web.benchmarks.walkers import MOST_STEPS, Walker

BATCH = 25
WARM_UP = 5
SPARE = 1.3
ORIGINALS = 5
Data = Mapping[str, Any]


class NoTimer(Exception):
    """A case of this process waits for no timer when it has started."""


@dataclass(frozen=True, slots=True)
class Load:
    """A diagram, what goes along with its forms, by how many it is used, and how many of its tasks are open beside."""

    file: Path
    data: Data
    clients: int = 1
    open_tasks: int = 0


def measure(url: str | None, load: Load, *, seconds: float, show: Show | None = None) -> list[Line]:
    """This will let clients complete tasks in a process. Raises NoProcess, NothingToDo, NothingToRepeat,
    Miscounted.
    """
    for app in load_apps():
        if app.folder.resolve() == load.file.resolve().parent and app.demo is not None:
            return _measure_demo(url, app, load, seconds, show)
    with _inhabited(url, load) as (own, walker, notes):
        engine, seconds_before = walker.engine, walker.walk_one()
        _crowd(walker, load.open_tasks, show)
        beside = floor.measure(engine, min(seconds, 2.0))
        asked = (complete, seconds, walker.process, load.data, seconds_before)
        taken = clients.run(engine, own, load.clients, *asked, opening=partial(_opened, load.file))
        found = report.line(f"complete, {load.file.stem}", taken)
        _check(engine, found)
        (step, *_others) = walker.tasks(walker.start(1))
        with meters.traffic(engine.database) as seen:
            walker.complete(step)
        return report.compare([_told(found, seen, notes)], beside)


def measure_starts(url: str | None, load: Load, *, seconds: float, show: Show | None = None) -> list[Line]:
    """This will let clients start cases of a process. Raises NoProcess, Miscounted."""
    with _inhabited(url, load) as (own, walker, notes):
        engine = walker.engine
        _crowd(walker, load.open_tasks, show)
        before = engine.read(_started)
        beside = floor.measure(engine, min(seconds, 2.0))
        asked = (start, seconds, walker.process, load.data)
        taken = clients.run(engine, own, load.clients, *asked, opening=partial(_opened, load.file))
        found = report.line(f"start, {load.file.stem}", taken)
        told, there = found.operations + WARM_UP * load.clients, engine.read(_started) - before
        if told != there:
            raise Miscounted(told, there, there)
        found.notes["checked"] = told
        with meters.traffic(engine.database) as seen:
            walker.start(1)
        return report.compare([_told(found, seen, notes)], beside)


def measure_timers(
    url: str | None, load: Load, *, due: int, show: Show | None = None, progress: Show | None = None
) -> list[Line]:
    """This will let workers fire timers for which cases wait that have just started. Raises NoTimer, Miscounted."""
    with _inhabited(url, load) as (own, walker, notes):
        cases = walker.start(ORIGINALS)
        wait = select(func.count()).select_from(Job).where(Job.case_id.in_(cases), Job.kind == "timer")
        each = (walker.engine.read(lambda session: session.scalar(wait)) or 0) // ORIGINALS
        if not each:
            raise NoTimer(NoTimer.__doc__)
        drain = timers.Drain(own, walker.engine, cases, partial(_opened, load.file))
        found, *others = drain.run(load.clients, math.ceil(due / each), show, progress)
        found.name = f"timer fired, {load.file.stem}"
        found.notes |= notes
        return [found, *others]


def _told(found: Line, seen: meters.Traffic, notes: dict[str, object]) -> Line:
    found.statements, found.round_trips = seen.statements, seen.round_trips
    found.notes |= notes
    return found


def _measure_demo(url: str | None, app: ProcessApp, load: Load, seconds: float, show: Show | None) -> list[Line]:
    with world.made(url, app, world.APP, kind=replays.Recorder) as (own, recorder):
        assert isinstance(recorder, replays.Recorder)
        app.demo(recorder, progress=lambda done, total, _what: show(done, total) if show is not None else None)
        tales = replays.told(recorder)
        if load.open_tasks:
            copies.crowd(recorder, load.open_tasks, show)
        opening = partial(replays.opened, app.name)
        turns = Stopwatch(0.0) if load.clients == 1 else None
        with opening(own) as engine:
            beside = floor.measure(engine, min(seconds, 2.0))
            asked = (seconds * (1 if turns is None else 2), tales, turns)
            taken = clients.run(engine, own, load.clients, replays.complete, *asked, opening=opening)
            found = report.line(f"complete, demo of {app.name}", [_without_starts(each) for each in taken])
            _check(engine, found)
            seen = replays.traffic(engine, tales)
        found.statements = mean(each.statements for each in seen)
        found.round_trips = mean(each.round_trips for each in seen)
        found.notes |= {"open": load.open_tasks} if load.open_tasks else {}
        return report.compare([found, *_in_turns(found, taken[0], turns)], beside)


def _in_turns(found: Line, taken: Taken, turns: Stopwatch | None) -> list[Line]:
    """The line of the benchmark's own process, measured in turns with `found`, which is told how they compare."""
    if turns is None or not turns.samples:
        return []
    own = replace(taken, samples=turns.samples, busy=turns.busy)
    line = report.line("complete, bench.bpmn in turns", [_without_starts(own)])
    found.notes["times_bench"] = round(line.rate / found.rate, 2)
    found.notes["times_bench_p50"] = round(found.p50 / line.p50, 2)
    found.notes["times_bench_cpu"] = round(found.cpu / line.cpu, 2)
    return [line]


def _without_starts(taken: Taken) -> Taken:
    """Cases are started between the completions: that is neither counted nor lasts any time."""
    return replace(taken, began=0.0, ended=sum(taken.samples), database_busy=None)


def _opened(file: Path, url: str) -> AbstractContextManager[Engine]:
    return world.opened(url, guests.app_of(file))


@contextmanager
def _inhabited(url: str | None, load: Load) -> Iterator[tuple[str, Walker, dict[str, object]]]:
    """Makes a database for a diagram, with somebody who holds all its roles, and tells its stand-ins."""
    with guests.invited(load.file) as guest, world.made(url, guest.app) as (own, engine):
        roles = [(role, world.COUNTY) for role in guest.app.roles]
        engine.load_people([], [{"login": "worker", "name": "Worker", "roles": roles}])
        notes: dict[str, object] = {"open": load.open_tasks} if load.open_tasks else {}
        notes |= {"stand_ins": ", ".join(guest.stand_ins)} if guest.stand_ins else {}
        yield own, Walker(engine, guest.app.process, load.data), notes


def _crowd(walker: Walker, open_tasks: int, show: Show | None) -> None:
    """Copies cases that have just started until so many of their tasks are open. Raises NothingToDo."""
    if open_tasks:
        cases = walker.start(min(ORIGINALS, open_tasks))
        each = walker.open_in(cases) / len(cases)
        copies.fill(walker.engine, cases, math.ceil(open_tasks / each), show=show)


def complete(
    engine: Engine, watch: Stopwatch, process: str, data: Data, expected: float, _number: int
) -> Iterator[None]:
    """This will complete the tasks of cases that were started before the clock runs; more only when they run out.

    A case is expected to take so many seconds.
    """
    walker = Walker(engine, process, data)
    walker.walk_one()
    cases = walker.start(math.ceil(watch.limit / min(expected, walker.walk_one()) * SPARE))
    yield
    while not watch.is_over or not watch.samples:
        batch, cases = cases[:BATCH], cases[BATCH:]
        batch = batch or walker.start(BATCH)
        for _ in range(MOST_STEPS):
            steps = walker.tasks(batch)
            for step in steps:
                walker.complete(step, watch)
                if watch.is_over:
                    return
            if not steps:
                break


def start(engine: Engine, watch: Stopwatch, process: str, data: Data, _number: int) -> Iterator[None]:
    """This will start cases."""
    walker = Walker(engine, process, data)
    walker.start(WARM_UP)
    yield
    while not watch.is_over or not watch.samples:
        watch.time(walker.start_one)


def _check(engine: Engine, found: Line) -> None:
    done, written = engine.read(_done), engine.read(_written)
    if not found.operations <= done == written:
        raise Miscounted(found.operations, done, written)
    found.notes["checked"] = done


def _started(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Case)) or 0


def _done(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Task).where(Task.state == "done")) or 0


def _written(session: Session) -> int:
    events = select(func.count()).select_from(HistoryEvent)
    return session.scalar(events.where(HistoryEvent.kind == "completed", HistoryEvent.task_id.is_not(None))) or 0
