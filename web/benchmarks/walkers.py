"""Somebody who can take any process from its start to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import Actor, Case, Engine, NotYours, Task, queries
from web.benchmarks import papers, world
from web.benchmarks.meters import Stopwatch

MOST_STEPS = 100  # a case of a loop is left after so many
Data = Mapping[str, Any]
Step = tuple[UUID, int, str]  # a task, its version of a process, its element


class NothingToDo(Exception):
    """A case of this process opens no task that anybody could do."""


class NobodysTask(Exception):
    """The task “{task}” names no candidate group, or somebody who is not here: nobody can do it."""

    def __init__(self, task: str) -> None:
        """This will name the task."""
        super().__init__(task)
        self.task = task


@dataclass(slots=True)
class Walker:
    """Somebody who starts cases of one process and completes whatever task is open in them."""

    engine: Engine
    process: str
    data: Data
    worker: Actor = field(init=False)
    papers: dict[tuple[int, str], tuple[Data, str | None]] = field(default_factory=dict)
    given: Data = field(init=False)

    def __post_init__(self) -> None:
        """This will sign in and fill in the form that starts a case."""
        self.worker = world.actor(self.engine, "worker")
        form = self.engine.read(queries.start, self.worker, self.process).form
        self.given, _outcome = papers.fill(form, self.data)

    def start(self, count: int) -> list[UUID]:
        """This will start cases."""
        return [self.start_one().id for _ in range(count)]

    def start_one(self) -> Case:
        """This will start a case."""
        return self.engine.start_case(self.process, self.given, by=self.worker, unit_code=world.COUNTY)

    def tasks(self, cases: Sequence[UUID]) -> list[Step]:
        """This will return the open tasks of some cases."""
        found = select(Task.id, Task.definition_id, Task.element).where(Task.case_id.in_(cases), Task.state == "open")
        found = found.order_by(Task.case_id, Task.token)
        return self.engine.read(
            lambda session: [(row.id, row.definition_id, row.element) for row in session.execute(found)]
        )

    def open_in(self, cases: Sequence[UUID]) -> int:
        """This will return how many tasks are open in some cases. Raises NothingToDo when there are none."""
        found = len(self.tasks(cases))
        if not found:
            raise NothingToDo(NothingToDo.__doc__)
        return found

    def complete(self, step: Step, watch: Stopwatch | None = None) -> None:
        """This will complete a task; only that is timed, not what is looked up to fill in its form the first time."""
        task, definition, element = step
        paper = self.papers.get((definition, element))
        if paper is None:
            form = self.engine.read(queries.task, self.worker, task).form
            paper = self.papers[definition, element] = papers.fill(form, self.data)
        data, outcome = paper
        if watch is None:
            self.engine.complete_task(task, by=self.worker, data=data, outcome=outcome)
        else:
            watch.time(self.engine.complete_task, task, by=self.worker, data=data, outcome=outcome)

    def walk_one(self) -> float:
        """This will walk one case to its end, or MOST_STEPS, and return how many seconds that took.

        Raises NothingToDo, NobodysTask.
        """
        began, steps = time.perf_counter(), 0
        cases = self.start(1)
        while (open_tasks := self.tasks(cases)) and steps < MOST_STEPS:
            for each in open_tasks:
                try:
                    self.complete(each)
                except NotYours:
                    raise NobodysTask(each[2]) from None
                steps += 1
        if not steps:
            raise NothingToDo(NothingToDo.__doc__)
        return time.perf_counter() - began
