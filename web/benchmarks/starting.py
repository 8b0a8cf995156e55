"""How fast cases are started."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import Case, Engine
from web.benchmarks import clients, copies, floor, meters, report, world
from web.benchmarks.completing import Miscounted
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line

WARM_UP = 15


def measure(url: str | None, *, seconds: float, count: int, open_tasks: int, show: Show | None = None) -> list[Line]:
    """This will let `count` clients start cases while `open_tasks` tasks are open. Raises Miscounted."""
    with world.made(url) as (own, engine):
        if open_tasks:
            copies.crowd(engine, open_tasks, show)
        before = engine.read(_count)
        beside = floor.measure(engine, min(seconds, 2.0))
        found = report.line("start", clients.run(engine, own, count, start, seconds))
        told, there = found.operations + WARM_UP * count, engine.read(_count) - before
        if told != there:
            raise Miscounted(told, there, there)
        found.notes["checked"] = told
        worker = world.actor(engine, "worker")
        with meters.traffic(engine.database) as seen:
            engine.start_case(world.BENCH, world.SENT, by=worker, unit_code=world.town(0))
        found.statements, found.round_trips = seen.statements, seen.round_trips
        return report.compare([found], beside)


def start(engine: Engine, watch: Stopwatch, number: int) -> Iterator[None]:
    """This will start cases, each in another town."""
    worker = world.actor(engine, "worker")
    for each in range(WARM_UP):
        engine.start_case(world.BENCH, world.SENT, by=worker, unit_code=world.town(each % world.TOWNS))
    yield
    while not watch.is_over or not watch.samples:
        place = world.town((number * 7 + len(watch.samples)) % world.TOWNS)
        watch.time(engine.start_case, world.BENCH, world.SENT, by=worker, unit_code=place)


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Case)) or 0
