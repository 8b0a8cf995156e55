"""What the people of an app's demo did, done again in copies of its cases: the app's own work as a steady load."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import BihuanError, Case, Engine, Task, load_apps
from web.benchmarks import meters, world
from web.benchmarks.meters import Stopwatch, Traffic

WARM_UP = 2  # copies of each case
BATCH = 20  # copies of a case that go side by side, each step in all of them before the next one
BESIDE = 24  # cases of the benchmark's own process after each of them: about as many completions
SEED = 20_261_122  # of the order of the cases: whenever the time is up, all kinds have had their share
Tale = Sequence["Deed"]


class NothingToRepeat(Exception):
    """The demo of this app starts no case and completes no task that could be done again."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody of the demo did: starting a case, or (with an element) completing a task of it."""

    at: datetime
    element: str
    role: str
    args: tuple[Any, ...]
    options: Mapping[str, Any]


class Recorder(Engine):
    """An engine that keeps what is done through it, case by case."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """This will open an engine that has not seen anything yet."""
        super().__init__(*args, **options)
        self.tales: defaultdict[UUID, list[Deed]] = defaultdict(list)

    def start_case(self, *args: Any, **options: Any) -> Case:
        """This will start a case and keep how."""
        case = super().start_case(*args, **options)
        self.tales[case.id].append(Deed(self.clock(), "", "", args, options))
        return case

    def complete_task(self, task_id: UUID, **options: Any) -> Case:
        """This will finish a task and keep how."""
        element, role = self.read(_place_of, task_id)
        case = super().complete_task(task_id, **options)
        self.tales[case.id].append(Deed(self.clock(), element, role, (), options))
        return case


class Clock(threading.local):
    """A clock that each client sets for itself; until then it tells the real time."""

    at: datetime | None = None

    def __call__(self) -> datetime:
        """This will return the moment that is played."""
        return self.at or datetime.now(UTC)


def told(engine: Recorder) -> list[Tale]:
    """This will return what was done in each case that somebody started. Raises NothingToRepeat."""
    found: list[Tale] = [tale for tale in engine.tales.values() if not tale[0].element and len(tale) > 1]
    if not found:
        raise NothingToRepeat(NothingToRepeat.__doc__)
    random.Random(SEED).shuffle(found)
    return found


@contextmanager
def opened(app: str, url: str) -> Iterator[Engine]:
    """This will open an engine that serves an app by its name, in another process."""
    with world.opened(url, next(each for each in load_apps() if each.name == app), world.APP) as engine:
        engine.clock = Clock()
        yield engine


def complete(
    engine: Engine, watch: Stopwatch, tales: Sequence[Tale], beside: Stopwatch | None, number: int
) -> Iterator[None]:
    """This will complete the tasks of copies that were started before; only completing them is timed.

    `engine` has a `Clock`. The first time through is not measured: then what is asked, compiled and prepared only once
    lies behind it. With `beside`, cases of the benchmark's own process take turns with them and are timed by that: a
    machine that is faster now than in a minute is so for both.
    """
    for tale in tales:
        for _ in _follow(engine, tale, _started(engine, tale, WARM_UP, f"{number}-warm"), Stopwatch(0.0)):
            continue
    if beside is not None:
        _complete_own(engine, Stopwatch(0.0))
    yield
    turn = 0
    while not watch.is_over or not watch.samples:
        for tale in tales:
            turn += 1
            for _ in _follow(engine, tale, _started(engine, tale, BATCH, f"{number}-{turn}"), watch):
                if watch.is_over:
                    return
            if beside is not None:
                _complete_own(engine, beside)


def _complete_own(engine: Engine, watch: Stopwatch) -> None:
    """Cases of the benchmark's own process, from their start to their end: each step in all before the next one."""
    assert isinstance(engine.clock, Clock)
    engine.clock.at, worker = None, world.actor(engine, "worker")
    cases = [
        engine.start_case(world.BENCH, world.SENT, by=worker, unit_code=world.town(number)).id
        for number in range(BESIDE)
    ]
    while tasks := engine.read(world.open_tasks, cases):
        for task in tasks:
            watch.time(engine.complete_task, task, by=worker, data=world.SENT)


def traffic(engine: Engine, tales: Sequence[Tale]) -> list[Traffic]:
    """This will do everything once more, and return what passed over the wire for each completion."""
    found: list[Traffic] = []
    for tale in tales:
        for _ in _follow(engine, tale, _started(engine, tale, 1, "traffic"), Stopwatch(0.0), found):
            continue
    return found


def _started(engine: Engine, tale: Tale, count: int, label: str) -> list[UUID]:
    first = tale[0]
    _set(engine, first)
    options = dict(first.options)
    origin = options.pop("origin", None) or "replay"
    return [engine.start_case(*first.args, **options, origin=f"{origin}:{label}-{copy}").id for copy in range(count)]


def _follow(
    engine: Engine, tale: Tale, cases: Sequence[UUID], watch: Stopwatch, seen: list[Traffic] | None = None
) -> Iterator[None]:
    for deed in tale[1:]:
        for task in engine.read(_open, cases, deed):
            _set(engine, deed)
            with nullcontext() if seen is None else meters.traffic(engine.database) as passed:
                try:
                    watch.time(engine.complete_task, task, **deed.options)
                except BihuanError:
                    continue  # what others did on the way, or a timer, had taken the case another way
            if seen is not None and passed is not None:
                seen.append(passed)
            yield


def _set(engine: Engine, deed: Deed) -> None:
    assert isinstance(engine.clock, Clock)
    engine.clock.at = deed.at


def _place_of(session: Session, task: UUID) -> tuple[str, str]:
    element, role = session.execute(select(Task.element, Task.role).where(Task.id == task)).one()
    return element, role


def _open(session: Session, cases: Sequence[UUID], deed: Deed) -> list[UUID]:
    """The first task of each case that somebody may do as the deed was done."""
    fitting = (Task.case_id.in_(cases), Task.state == "open", Task.element == deed.element, Task.role == deed.role)
    found = session.execute(select(Task.case_id, Task.id).where(*fitting).order_by(Task.token.desc()))
    return list({row.case_id: row.id for row in found}.values())
