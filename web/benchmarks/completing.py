"""How fast tasks are completed: alone or by many, in an empty database or a full one, after many rounds of rework."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import Case, Conflict, Engine, HistoryEvent, Task, history
from web.benchmarks import clients, copies, databases, floor, meters, report, world
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line

CASES_A_SECOND = 400  # more than any client can finish
BATCH = 25
WARM_UP = 3  # cases
CONTESTED = 20
REWORKED = 100  # completions measured before and after the rounds


class Miscounted(Exception):
    """Work was lost or doubled."""

    def __init__(self, told: int, done: int, written: int) -> None:
        """This will say what the clients were told, what the tables say and what the history says."""
        super().__init__(f"lost or doubled: clients count {told}, the tables {done}, the history {written}")


def measure(url: str | None, *, seconds: float, count: int, open_tasks: int, show: Show | None = None) -> list[Line]:
    """This will let `count` clients complete tasks while `open_tasks` others are open. Raises Miscounted."""
    with world.made(url) as (own, engine):
        if open_tasks:
            copies.crowd(engine, open_tasks, show)
        worked = (math.ceil(seconds * CASES_A_SECOND) + WARM_UP) * count
        copies.fill(engine, copies.originals(engine, steps=1, towns=5), worked, label=copies.WORK)
        before = engine.read(_completions)
        beside = floor.measure(engine, min(seconds, 2.0))
        found = report.line("complete", clients.run(engine, own, count, complete, seconds, worked, count))
        _check(engine, found, count, before)
        if count > 1:
            found.notes["contested"] = _race(own, engine, count)
        found.notes["open"] = engine.read(_open)
        found.statements, found.round_trips = _traffic(engine)
        return report.compare([found], beside)


def complete(engine: Engine, watch: Stopwatch, worked: int, of: int, number: int) -> Iterator[None]:
    """This will complete the tasks of every `of`-th case, all five of a case one after another."""
    worker = world.actor(engine, "worker")
    mine = [copies.case_id(copies.WORK, each) for each in range(number, worked, of)]
    for _ in walk(engine, mine[:WARM_UP], lambda task: engine.complete_task(task, by=worker, data=world.SENT)):
        continue
    yield
    for first in range(WARM_UP, len(mine), BATCH):
        done = lambda task: watch.time(engine.complete_task, task, by=worker, data=world.SENT)  # noqa: E731
        for _ in walk(engine, mine[first : first + BATCH], done):
            if watch.is_over and watch.samples:
                return


def walk(engine: Engine, cases: Sequence[UUID], complete: Callable[[UUID], object]) -> Iterator[None]:
    """This will complete what is open in `cases` again and again, until nothing is."""
    while tasks := engine.read(world.open_tasks, cases):
        for task in tasks:
            complete(task)
            yield


def _check(engine: Engine, found: Line, count: int, before: int) -> None:
    told = found.operations + WARM_UP * 5 * count
    written = engine.read(_completions) - before
    done = engine.read(_done)
    if not told == written == done:
        raise Miscounted(told, done, written)
    found.notes["checked"] = told


def _completions(session: Session) -> int:
    events = select(func.count()).select_from(HistoryEvent)
    return session.scalar(events.where(HistoryEvent.kind == "completed", HistoryEvent.task_id.is_not(None))) or 0


def _done(session: Session) -> int:
    low, high = copies.case_id(copies.WORK, 0), copies.case_id(copies.WORK + 1, 0)
    done = select(func.count()).select_from(Task).where(Task.state == "done", Task.case_id >= low, Task.case_id < high)
    return session.scalar(done) or 0


def _open(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Task).where(Task.state == "open")) or 0


def _race(url: str, engine: Engine, count: int) -> int:
    """All clients go for the same tasks: each is done once, the others are told so, no history is broken."""
    worker = world.actor(engine, "worker")
    cases = [
        engine.start_case(world.BENCH, world.SENT, by=worker, unit_code=world.town(0)).id for _ in range(CONTESTED)
    ]
    tasks = engine.read(world.open_tasks, cases)
    taken = clients.together(url, count, contest, 0.0, tasks)
    won = sum(len(client.samples) for client in taken)
    for case in cases:
        engine.read(history.verify, case)
    if won != len(tasks):
        raise Miscounted(won, len(tasks), len(tasks))
    return won


def contest(engine: Engine, watch: Stopwatch, tasks: Sequence[UUID], _number: int) -> Iterator[None]:
    """This will try to complete tasks that others try to complete too."""
    worker = world.actor(engine, "worker")
    yield
    for task in tasks:
        try:
            watch.time(engine.complete_task, task, by=worker, data=world.SENT)
        except Conflict:
            continue


def _traffic(engine: Engine) -> tuple[float, float]:
    worker = world.actor(engine, "worker")
    done = lambda task: engine.complete_task(task, by=worker, data=world.SENT)  # noqa: E731
    for _ in range(3):  # the first cases are for what is asked only once, at each step
        case = engine.start_case(world.BENCH, world.SENT, by=worker, unit_code=world.town(0))
        for _ in walk(engine, [case.id], done):
            continue
    case = engine.start_case(world.BENCH, world.SENT, by=worker, unit_code=world.town(0))
    return _traffic_of(engine, case.id)


def _traffic_of(engine: Engine, case: UUID) -> tuple[float, float]:
    worker = world.actor(engine, "worker")
    (task,) = engine.read(world.open_tasks, [case])
    with meters.traffic(engine.database) as found:
        engine.complete_task(task, by=worker, data=world.SENT)
    return found.statements, found.round_trips


def measure_rework(url: str | None, *, rounds: int, show: Show | None = None) -> list[Line]:
    """This will compare completions in a fresh case with those in one that has `rounds` of rework behind it."""
    with world.made(url) as (_own, engine):
        beside = floor.measure(engine, 1.0)
        fresh, old = (_start_rework(engine) for _ in range(2))
        with databases.hurrying(engine.database):
            for number in range(rounds):
                for _ in _round(engine, old, 1):
                    continue
                if show is not None:
                    show(number + 1, rounds)
        lines = []
        for name, case in (("complete, fresh", fresh), (f"complete, {rounds:,} rounds behind it", old)):
            found = report.line(name, [clients.alone(engine, rework, 0.0, case)])
            found.notes["snapshot"] = engine.read(_size, case)
            found.statements, found.round_trips = _traffic_of(engine, case)
            lines.append(found)
        return report.compare(lines, beside)


def _start_rework(engine: Engine) -> UUID:
    worker = world.actor(engine, "worker")
    return engine.start_case(world.REWORK, world.SENT, by=worker, unit_code=world.town(0)).id


def rework(engine: Engine, watch: Stopwatch, case: UUID) -> Iterator[None]:
    """This will complete the two tasks of the loop again and again."""
    for _ in _round(engine, case, 5):
        continue
    yield
    yield from _round(engine, case, REWORKED // 2, watch)


def _round(engine: Engine, case: UUID, times: int, watch: Stopwatch | None = None) -> Iterator[None]:
    worker = world.actor(engine, "worker")
    for _ in range(times * 2):
        (task,) = engine.read(world.open_tasks, [case])
        if watch is None:
            engine.complete_task(task, by=worker, data=world.SENT)
        else:
            watch.time(engine.complete_task, task, by=worker, data=world.SENT)
        yield


def _size(session: Session, case: UUID) -> int:
    return len(session.scalars(select(Case.snapshot).where(Case.id == case)).one())
