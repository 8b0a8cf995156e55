"""Whether memory stays flat: web server and worker run as in production while officials work, minute for minute."""

from __future__ import annotations

import math
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import SYSTEM, Engine, history
from web.benchmarks import growth, meters, offices, servers, world
from web.benchmarks.browsers import Browser
from web.benchmarks.completing import Miscounted
from web.benchmarks.figures import percentile
from web.benchmarks.growth import Held
from web.benchmarks.officials import Chief, Official, Person, Program

MOST_OFFICIALS = 6
STOCK = 10  # cases that are open for each official from the beginning
PACE_OF_A_CHIEF = 5.0  # seconds
MINUTE = 60.0
LEAST_MOMENTS = 10  # of a short soak
WARM_UP = 10.0  # minutes, or a third of less: what is read once fills its places
LEAST_MINUTES = 30.0  # less says nothing about an hour
TOLERATED = 3.0  # MiB that each process may grow by in an hour: what an allocator scatters
SHOWN_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened since the moment before, `at` seconds after the beginning.

    Times are those in which pages complete tasks, in milliseconds.
    """

    at: float
    completed: int
    requests: int
    p50: float | None
    p95: float | None
    errors: int
    held: dict[str, Held]

    def as_json(self) -> dict[str, Any]:
        """This will return the moment for other programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a soak found. `growth` is in MiB an hour by kind of process and measure; `busy` in shares of one core.

    `is_flat` is None when it was too short to know.
    """

    minutes: float
    warm_up: float
    moments: list[Moment]
    requests: dict[str, dict[str, float]]
    growth: dict[str, dict[str, float]]
    busy: dict[str, float]
    events: dict[str, int]
    checked: int
    errors: list[str]
    is_flat: bool | None

    def as_json(self) -> dict[str, Any]:
        """This will return all of it for other programs."""
        return asdict(self)


def measure(url: str | None, *, minutes: float, rate: float, tell: Callable[[Moment], object]) -> Soaked:
    """This will let officials complete `rate` tasks a second for so many minutes, and `tell` each minute.

    Raises Miscounted, NotServing.
    """
    with world.made(url, offices.APP) as (own, engine), tempfile.TemporaryDirectory(prefix="bihuan-bench-") as files:
        password, officials = secrets.token_hex(16), min(MOST_OFFICIALS, math.ceil(rate))
        _prepare(engine, password, officials)
        with servers.running(own, Path(files)) as (port, roots):
            stopped = Event()
            persons = list(_persons(engine, port, password, officials, (officials + 1) / rate, stopped))
            moments = []
            with _working(persons, stopped):
                for moment in _watch(engine, persons, roots, minutes * MINUTE):
                    moments.append(moment)
                    tell(moment)
        return _sum_up(minutes, moments, persons, engine.read(_events))


def _prepare(engine: Engine, password: str, officials: int) -> None:
    engine.load_people([], offices.people(officials + 1))  # the last one is a program
    for login in (offices.CHIEF, *map(offices.login, range(officials))):
        engine.set_password(login, password)
    for number in range(officials + 1):
        by = world.actor(engine, offices.login(number))
        for _ in range(STOCK):
            engine.start_case(offices.PROCESS, world.SENT, by=by)


def _persons(engine: Engine, port: int, password: str, officials: int, pace: float, stopped: Event) -> Iterator[Person]:
    for number in range(officials):
        yield Official(offices.login(number), password, Browser(servers.HOST, port), pace, stopped)
    login, scopes = offices.login(officials), ("read", "cases", "tasks")
    _row, token = engine.create_token(login, name="soak", scopes=scopes, days=90, by=SYSTEM)
    yield Program(login, token, Browser(servers.HOST, port), pace, stopped)
    yield Chief(offices.CHIEF, password, Browser(servers.HOST, port), PACE_OF_A_CHIEF, stopped)


@contextmanager
def _working(persons: Sequence[Person], stopped: Event) -> Iterator[None]:
    try:
        for each in persons:
            each.start()
            time.sleep(min(1.0, each.pace / len(persons)))  # else all would come in the same moments for ever
        yield
    finally:
        stopped.set()
        for each in persons:
            if each.ident is not None:
                each.join()


def _watch(engine: Engine, persons: Sequence[Person], roots: dict[str, int], seconds: float) -> Iterator[Moment]:
    """Yields a moment every minute, or ten in all when there are fewer minutes."""
    pause, began = min(MINUTE, seconds / LEAST_MOMENTS), time.monotonic()
    seen, failed, done = 0, 0, 0
    timed = dict.fromkeys(persons, 0)
    for number in range(1, round(seconds / pause) + 1):
        time.sleep(max(0.0, began + number * pause - time.monotonic()))
        held = {kind: growth.held(growth.family(root)) for kind, root in roots.items()}
        if backends := meters.backends(engine.database):
            held["database"] = growth.held(backends)
        lately: list[float] = []
        for person in persons:
            times = person.browser.taken.get("complete", [])[timed[person] :]
            lately += times
            timed[person] += len(times)
        completed = sum(person.completed for person in persons)
        requests = sum(len(times) for person in persons for times in list(person.browser.taken.values()))
        errors = sum(len(person.errors) for person in persons)
        lately.sort()
        p50, p95 = ((percentile(lately, share) * 1e3 if lately else None) for share in (0.5, 0.95))
        at = time.monotonic() - began
        yield Moment(at, completed - done, requests - seen, p50, p95, errors - failed, held)
        seen, failed, done = requests, errors, completed


def _events(session: Session) -> dict[str, int]:
    """How often each kind of thing happened; what persons did with tasks stands apart from what elements did."""
    names = ("case_id", "seq", "kind", "task_id", "followed")
    rows = session.execute(select(*(history.EVENTS.c[name] for name in names)), execution_options={"yield_per": 2_000})
    happened = history.events(rows.mappings())
    return dict(Counter(f"task {event['kind']}" if event["task_id"] else event["kind"] for event in happened))


def _sum_up(minutes: float, moments: list[Moment], persons: Sequence[Person], events: dict[str, int]) -> Soaked:
    errors = [error for person in persons for error in person.errors]
    told, written = sum(person.completed for person in persons), events.get("task completed", 0)
    if not told <= written <= told + len(errors):  # one that got no answer may have been done
        raise Miscounted(told, written, written)
    warm_up = min(WARM_UP, minutes / 3)
    kept = [moment for moment in moments if moment.at >= warm_up * MINUTE]
    return Soaked(
        minutes=minutes,
        warm_up=warm_up,
        moments=moments,
        requests=_requests(persons, moments[-1].at),
        growth=growth_of(kept),
        busy=_busy(kept),
        events=events,
        checked=told,
        errors=errors[:SHOWN_ERRORS],
        is_flat=is_flat(kept) if minutes >= LEAST_MINUTES else None,
    )


def growth_of(moments: Sequence[Moment]) -> dict[str, dict[str, float]]:
    """This will tell by how many MiB each kind of process grows in an hour, by measure."""
    ats = [moment.at for moment in moments]
    grown = {}
    for kind in moments[-1].held:
        held = [moment.held[kind] for moment in moments]
        grown[kind] = {name: growth.slope(ats, [getattr(one, name) for one in held]) for name in ("rss", "pss", "own")}
    return grown


def is_flat(moments: Sequence[Moment]) -> bool:
    """This will tell whether web server and worker stay as they are."""
    grown, last = growth_of(moments), moments[-1].held
    return all(grown[kind]["rss"] <= TOLERATED * last[kind].processes for kind in ("web", "worker"))


def _busy(moments: Sequence[Moment]) -> dict[str, float]:
    first, last = moments[0], moments[-1]
    span = last.at - first.at
    return {kind: (last.held[kind].busy - first.held[kind].busy) / span if span else 0.0 for kind in last.held}


def _requests(persons: Sequence[Person], seconds: float) -> dict[str, dict[str, float]]:
    kinds: dict[str, list[float]] = {}
    for person in persons:
        for kind, times in person.browser.taken.items():
            kinds.setdefault(kind, []).extend(times)
    found = {}
    for kind, times in kinds.items():
        times.sort()
        p50, p95, p99 = (percentile(times, share) * 1e3 for share in (0.50, 0.95, 0.99))
        found[kind] = {"count": len(times), "rate": len(times) / seconds, "p50": p50, "p95": p95, "p99": p99}
    return found
