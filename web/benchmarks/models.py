"""Other diagrams than the benchmark's own: an app's, with the app's own demo as the load, or any that stands alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from engine import SYSTEM, Case, Engine, ProcessApp, load_apps
from web.benchmarks import clients, completing, floor, report, world
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line, Taken

BATCH = 25
GROUPS = re.compile(r'candidateGroups="([^"=]+)"')
PROCESS = re.compile(r'<(?:\w+:)?process\b[^>]*\bid="([^"]+)"')


class NoProcess(Exception):
    """The file holds no process."""


class TimedEngine(Engine):
    """An engine that times the completions that somebody else makes through it."""

    watch: Stopwatch

    def complete_task(self, task_id: UUID, **kwargs: Any) -> Case:
        """This will finish a task and keep how long that took."""
        return self.watch.time(super().complete_task, task_id, **kwargs)


def measure(url: str | None, file: Path, *, seconds: float, show: Show | None = None) -> list[Line]:
    """This will measure completions in the process of `file`."""
    for app in load_apps():
        if app.folder.resolve() == file.resolve().parent and app.demo is not None:
            return _measure_demo(url, app, show)
    return _measure_walk(url, _alone(file), seconds)


def _measure_demo(url: str | None, app: ProcessApp, show: Show | None) -> list[Line]:
    with world.made(url, app, TimedEngine) as (_own, engine):
        assert isinstance(engine, TimedEngine)
        beside = floor.measure(engine, 1.0)
        watch = engine.watch = Stopwatch(0.0)
        app.demo(engine, progress=lambda done, total, _what: show(done, total) if show is not None else None)
        taken = Taken(watch.samples, 0.0, sum(watch.samples), watch.busy, None, 0.0)
        return report.compare([report.line(f"complete, demo of {app.name}", [taken])], beside)


def _alone(file: Path) -> ProcessApp:
    """An app of a diagram's folder, whose roles are the candidate groups that it names."""
    xml = file.read_text(encoding="utf-8")
    found = PROCESS.search(xml)
    if found is None:
        raise NoProcess(NoProcess.__doc__)
    roles = {role.strip() for groups in GROUPS.findall(xml) for role in groups.split(",")}
    return ProcessApp(
        name="model",
        title=file.stem,
        folder=file.resolve().parent,
        process=found[1],
        roles={role: role for role in sorted(roles)},
        starters={found[1]: ("*",)},
    )


def _measure_walk(url: str | None, app: ProcessApp, seconds: float) -> list[Line]:
    with world.made(url, app) as (_own, engine):
        worker = {"login": "worker", "name": "Worker", "roles": [(role, world.COUNTY) for role in app.roles]}
        engine.load_people([], [worker])
        beside = floor.measure(engine, min(seconds, 2.0))
        found = report.line(f"complete, {app.title}", [clients.alone(engine, walk, seconds, app.process)])
        return report.compare([found], beside)


def walk(engine: Engine, watch: Stopwatch, process: str) -> Iterator[None]:
    """This will start cases and complete whatever task is open in them."""
    worker = world.actor(engine, "worker")
    is_warm = False
    while not is_warm or not watch.is_over:
        cases = [
            engine.start_case(process, world.SENT, by=SYSTEM, unit_code=world.COUNTY).id
            for _ in range(BATCH if is_warm else 2)
        ]
        one = lambda task: watch.time(engine.complete_task, task, by=worker, data=world.SENT)  # noqa: E731
        for _ in completing.walk(engine, cases, one):
            if is_warm and watch.is_over:
                return
        if not is_warm:
            watch.samples.clear()
            is_warm = True
            yield
