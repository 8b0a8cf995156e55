"""One case on a stage as scenarios speak of it: its tasks, queues, limits, files and history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select

from engine import feel, history, models, moments
from engine.history import Event
from engine.models import CANCELLED, CLOSED, Attachment, Case, Person, Task, Unit
from engine.rehearsals.stage import Stage, task_names
from engine.scenarios import StepFailed
from engine.yaml_lines import Step

Data = dict[str, Any]
OF_CASE = "case"
TOLD = ("outcome", "text", "reason", "file", "message")


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that runs from one moment to another."""

    begins_at: datetime
    due_at: datetime | None


class View:
    """What an `expect` looks at."""

    def __init__(self, stage: Stage, step: Step) -> None:
        """This will look at the case that `step` is about."""
        self.stage, self.step = stage, step

    @cached_property
    def case(self) -> Case:
        """This will return the case. Raises StepFailed when there is none."""
        return chosen(self.stage, self.step)

    @cached_property
    def units(self) -> list[Unit]:
        """This will return all units."""
        return self.stage.engine.read(lambda session: list(session.scalars(select(Unit))))

    def place(self, said: str) -> int | None:
        """This will return the id of a unit by code or name."""
        return next((unit.id for unit in self.units if said in (unit.code, unit.name)), None)

    def named(self, name: str) -> list[Task]:
        """This will return the open tasks with this name or element."""
        return [task for task in self.stage.open_tasks() if task.kind == "task" and name in (task.name, task.element)]

    def queue(self, task: Task) -> str:
        """This will say where a task waits: role@unit in the words of the app, or @login."""
        if task.queue_id is None and task.assignee_id is not None:
            login = select(Person.login).where(Person.id == task.assignee_id)
            return f"@{self.stage.engine.read(lambda session: session.scalar(login))}"
        titles = self.stage.app.roles
        return "、".join(titles.get(role, role) for role in task.role.split(",")) + f"@{task.unit_name}"

    def queue_key(self, said: str) -> tuple[list[str], str]:
        """This will return codes for names, so that `监管执法人员@某局` and `inspector@YJ` are the same."""
        roles, _, unit = said.rpartition("@")
        codes = {title: role for role, title in self.stage.app.roles.items()}
        parts = (part.strip() for part in roles.replace("、", ",").split(","))
        return sorted(codes.get(part, part) for part in parts), str(self.place(unit) or unit)

    def limits(self, name: str) -> list[Limit]:
        """This will return what runs under a name: the case's own limit (`case`), limits, or that of open tasks."""
        if name == OF_CASE:
            return [Limit(self.case.started_at, self.case.due_at)]
        if found := self.running(name):
            return [Limit(found[-1].started_at, found[-1].due_at)]
        return [Limit(task.created_at, task.due_at) for task in self.named(name)]

    def running(self, name: str) -> list[models.Limit]:
        """This will return the limits of the case with this code or name, the last one begun last."""
        return [limit for limit in self.stage.limits(self.case.id) if name in (limit.code, limit.name)]

    def told(self, notice: models.Notice) -> str:
        """This will return a notice as a line: when, its kind, and what it names."""
        detail: Mapping[str, Any] = feel.loads(notice.detail)
        return " ".join([moments.shown(notice.made_at), notice.kind, *map(str, detail.values())])

    def attachments(self) -> list[Attachment]:
        """This will return the files of the case that were not removed."""
        found = select(Attachment).where(Attachment.case_id == self.case.id, Attachment.removed_at.is_(None))
        return self.stage.engine.read(lambda session: list(session.scalars(found)))

    def history(self) -> list[str]:
        """This will return a line for each event: moment, kind, who, where, and what was said."""
        return [" ".join(_told(event)) for event in self.stage.engine.read(history.read, self.case.id)]


def _told(event: Event) -> Iterator[str]:
    yield from (moments.shown(event.at), event.kind, event.actor)
    yield from filter(None, (event.element, event.name))
    detail: Mapping[str, Any] = feel.loads(event.detail)
    yield from (str(detail[name]) for name in TOLD if detail.get(name) is not None)


def document(case: Case) -> Data:
    """This will return the data of a case."""
    found: Data = feel.loads(case.data)
    return found


def chosen(stage: Stage, step: Step) -> Case:
    """This will return the case that a step is about: the first one, or the one that `case` numbers."""
    cases = stage.cases()
    number: int = step.values.get("case", 1)
    if not 1 <= number <= len(cases):
        raise StepFailed(f"there is no case {number}; {len(cases)} were started")
    return cases[number - 1]


def standing(stage: Stage) -> str:
    """This will say what is open."""
    tasks = task_names(stage.open_tasks())
    ended = [case.end_element or case.state for case in stage.cases() if case.state in (CLOSED, CANCELLED)]
    also = f", ended at {', '.join(ended)}" if ended else ""
    return f"open tasks {tasks}, waiting {stage.awaited()}{also}, the clock stands at {moments.shown(stage.clock.now)}"
