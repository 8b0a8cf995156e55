"""Where a rehearsal plays: a database in a temporary folder, the real engine on it, and a clock that is told to go."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Table, event, func, select, text
from sqlalchemy.orm import Session, undefer

from engine import feel
from engine.access import SYSTEM, Actor
from engine.apps import ProcessApp
from engine.db import table
from engine.models import (
    BEGUN,
    THEIRS,
    Attachment,
    Case,
    CaseField,
    Counter,
    HistoryEvent,
    Incident,
    Job,
    Limit,
    Message,
    Notice,
    Person,
    Subscription,
    Task,
)  # fmt: skip
from engine.people import PersonNotFound
from engine.rehearsals.script import Script
from engine.runtime import Engine
from engine.trials import MAX_FIRINGS, ScenarioInvalid, StepRefused
from engine.turn import Turn

Data = dict[str, Any]
WATCHED: tuple[Table, ...] = tuple(
    table(model)
    for model in (Case, CaseField, Task, Job, Limit, Notice, Subscription, Message, Incident, HistoryEvent, Counter)
)
WAITING = "waiting"
SIGN = "（会签）"  # behind the name of a task: somebody was asked to sign with it
WORLD = "demo"


@dataclass(slots=True)
class Clock:
    """A clock that stands where it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Stage:
    """One app on a database of its own. `prepared` is the file that every run begins with."""

    engine: Engine
    app: ProcessApp
    clock: Clock
    prepared: Path
    start_at: datetime
    actors: dict[str, Actor] = field(default_factory=dict)

    def reset(self) -> None:
        """This will forget all that was played: nothing has happened yet, and the clock stands at the start."""
        self.engine.close()
        current = self.prepared.with_name("current.sqlite")
        for leftover in (current, current.with_name("current.sqlite-wal"), current.with_name("current.sqlite-shm")):
            leftover.unlink(missing_ok=True)
        shutil.copy(self.prepared, current)
        self.engine.library.queues.clear()  # queues are made when a first task comes, and now none has come
        self.clock.now = self.start_at

    def actor(self, login: str | None) -> Actor:
        """This will return a person with the roles held; the engine itself without a login. Raises PersonNotFound."""
        if login is None:
            return SYSTEM
        if login not in self.actors:
            found = self.engine.read(lambda session: session.scalar(select(Person.id).where(Person.login == login)))
            if found is None:
                raise PersonNotFound(person=login)
            self.actors[login] = self.engine.actor(found)
        return self.actors[login]

    def cases(self) -> list[Case]:
        """This will return all cases, the first one begun first."""
        found = select(Case).options(undefer(Case.data)).order_by(Case.id)
        return self.engine.read(lambda session: list(session.scalars(found)))

    def tasks(self, *states: str) -> list[Task]:
        """This will return the tasks and signatures in one of these states, in order of creation."""
        found = select(Task).where(Task.state.in_(states)).order_by(Task.created_at, Task.id)
        return self.engine.read(lambda session: list(session.scalars(found)))

    def open_tasks(self) -> list[Task]:
        """This will return what waits for people, in order of creation."""
        return self.tasks("open")

    def awaited(self) -> list[str]:
        """This will return the elements of cases where a timer runs, or a message or signal is awaited."""
        timers = select(Job.element).where(Job.case_id.is_not(None), Job.kind == "timer")
        awaited = select(Subscription.element).where(Subscription.kind != BEGUN)
        return self.engine.read(lambda session: sorted([*session.scalars(timers), *session.scalars(awaited)]))

    def services(self) -> list[str]:
        """This will return the types of the services that wait for a program elsewhere."""
        found = select(Job.type).where(text(THEIRS))
        return self.engine.read(lambda session: sorted(filter(None, session.scalars(found))))

    def incidents(self) -> list[Incident]:
        """This will return what stands still and is not repaired."""
        found = select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.id)
        return self.engine.read(lambda session: list(session.scalars(found)))

    def limits(self, case_id: UUID) -> list[Limit]:
        """This will return the limits of a case, the first one begun first."""
        found = select(Limit).where(Limit.case_id == case_id).order_by(Limit.started_at, Limit.id)
        return self.engine.read(lambda session: list(session.scalars(found)))

    def notices(self, login: str) -> list[Notice]:
        """This will return what a person was told, in order."""
        person_id = self.actor(login).person_id
        found = select(Notice).where(Notice.person_id == person_id).order_by(Notice.made_at, Notice.id)
        return self.engine.read(lambda session: list(session.scalars(found)))

    def evaluated(self, value: Any, data: Mapping[str, Any]) -> Any:
        """This will return a value with its FEEL texts (`=today()`) evaluated over the data of a case."""
        environment = self.engine.look(self._environment)

        def walk(each: Any) -> Any:
            if isinstance(each, Mapping):
                return {name: walk(part) for name, part in each.items()}
            if isinstance(each, list):
                return [walk(part) for part in each]
            found = feel.literal_or_expression(each) if isinstance(each, str) else each
            if not isinstance(found, feel.Expression):
                return each
            result = found.explain(data, environment)
            if result.warnings:
                raise ScenarioInvalid(problem=f"{each}: {'; '.join(str(warning) for warning in result.warnings)}")
            return feel.to_json(result.value)

        return walk(value)

    def _environment(self, turn: Turn) -> feel.Environment:
        return feel.Environment(now=turn.now, functions=turn.library.functions(self.app, turn.directory, turn.calendar))

    def upload(self, file: Path, by: Actor, case_id: UUID | None = None) -> str:
        """This will attach a file of the scenario's folder and return its id. Raises StepRefused, FileRefused."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise StepRefused(reason=f"{file.name} cannot be read: {error.strerror}") from None
        return str(self.engine.attach(by=by, name=file.name, stream=BytesIO(content), case_id=case_id).id)

    def advance(self, goal: datetime) -> None:
        """This will move the clock to `goal` and let a worker do what becomes due on the way, the earliest first.

        Raises StepRefused when there is no end to it.
        """
        left = datetime.min.replace(tzinfo=UTC)  # what is due until then is not for workers of the engine
        done = 0
        while (due_at := self.engine.read(_next_due, left)) is not None and due_at <= goal:
            self.clock.now = max(self.clock.now, due_at)
            ran = self.engine.run_due_jobs()
            left, done = left if ran else self.clock.now, done + ran
            if done > MAX_FIRINGS:
                raise StepRefused(reason=f"more than {MAX_FIRINGS} jobs became due")
        self.clock.now = goal

    def prints(self) -> dict[str, str]:
        """This will return a digest of each table that a step may change."""
        return self.engine.read(_prints)


def task_names(tasks: Iterable[Task]) -> list[str]:
    """This will name tasks; a signature by its task and that it is one."""
    return sorted(task.name if task.kind == "task" else f"{task.name}{SIGN}" for task in tasks)


def _next_due(session: Session, left: datetime) -> datetime | None:
    return session.scalar(select(func.min(Job.due_at)).where(Job.state == WAITING, Job.due_at > left))


def _prints(session: Session) -> dict[str, str]:
    found = {}
    for each in WATCHED:
        digest = sha256()
        for row in session.execute(select(*each.c).order_by(*each.primary_key.columns)):
            digest.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
        found[each.name] = digest.hexdigest()
    bound = session.execute(select(Attachment.id, Attachment.case_id).where(Attachment.case_id.is_not(None)))
    found[Attachment.__tablename__] = repr(sorted(str(row) for row in bound))
    return found


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """One folder a process, deleted at its end."""
    return tempfile.TemporaryDirectory(prefix="bihuan-rehearsals-")


@cache
def _migrated() -> Path:
    """An empty database with all tables, made once a process."""
    file = Path(_folder().name) / "migrated.sqlite"
    engine = _open(file, (), Clock(datetime.now(UTC)))
    engine.migrate()
    _shut(engine)
    return file


def _open(file: Path, apps: tuple[ProcessApp, ...], clock: Clock) -> Engine:
    engine = Engine(f"sqlite:///{file}", apps=apps, files=file.parent / "files", clock=clock)
    # It is thrown away afterwards: there is nothing to save from a loss of power.
    event.listen(engine.database, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return engine


def _shut(engine: Engine) -> None:
    with engine.database.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.close()


_INHABITED: dict[str, Path] = {}
_STAGES: dict[tuple[tuple[int, ...], datetime, Path], Stage] = {}


def set_up(script: Script, app: ProcessApp, *beside: ProcessApp) -> Stage:
    """This will return a stage where the apps were deployed at the start and the people of the script have their roles.

    It is prepared once for all files that begin alike. Raises FaultsFound, ScenarioInvalid, UnitInvalid, PersonInvalid.
    """
    apps = (app, *beside)
    inhabited = _inhabited(*_inhabitants(script, apps))
    key = (
        tuple(map(id, apps)),
        script.start_at,
        inhabited,
    )  # the engine keeps its apps: no other gets these ids
    if key not in _STAGES:
        clock = Clock(script.start_at)
        prepared = _prepare(inhabited, apps, clock, lambda engine: [engine.deploy_app(each) for each in apps])
        engine = _open(prepared.with_name("current.sqlite"), apps, clock)
        _STAGES[key] = Stage(engine, app, clock, prepared, script.start_at)
    return _STAGES[key]


def _inhabited(units: list[Data], people: list[Data]) -> Path:
    """A database with these units and people, made once for all that have the same."""
    key = json.dumps([units, people], ensure_ascii=False, default=str)
    if key not in _INHABITED:
        clock = Clock(datetime.now(UTC))
        _INHABITED[key] = _prepare(_migrated(), (), clock, lambda engine: engine.load_people(units, people))
    return _INHABITED[key]


def _prepare(template: Path, apps: tuple[ProcessApp, ...], clock: Clock, change: Callable[[Engine], object]) -> Path:
    """A copy of a database with a change."""
    file = Path(shutil.copy(template, Path(tempfile.mkdtemp(dir=_folder().name)) / "prepared.sqlite"))
    engine = _open(file, apps, clock)
    try:
        change(engine)
    finally:
        _shut(engine)
    return file


def _inhabitants(script: Script, apps: tuple[ProcessApp, ...]) -> tuple[list[Data], list[Data]]:
    units: list[Data] = []
    people: list[Data] = []
    if script.world:
        world = next((app.people for app in apps if app.people is not None), None)
        if script.world != WORLD or world is None:
            raise ScenarioInvalid(problem=f"the app {apps[0].name} has no world {script.world}")
        units, people = ([dict(row) for row in rows] for rows in world())
    return [*units, *script.units], [*people, *script.people]
