"""Deployed processes, forms and decisions, read once each; and what a stepping case may ask of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from threading import Lock
from typing import Any, Generic, TypeVar

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import bpmn, catalog, dmn, feel, forms, limit_definitions
from engine.apps import AppNotFound, ProcessApp
from engine.calendar_years import read_year
from engine.calendars import Calendar
from engine.catalog import CALENDAR, LIMIT, Catalog, LimitStarts, Listed
from engine.directory import Directories, Directory
from engine.errors import NotFound
from engine.limit_definitions import LimitDefinition
from engine.lives import Lives
from engine.models import Definition, Resource

Data = dict[str, Any]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
KEPT = 512


class DefinitionNotFound(NotFound):
    """There is no definition {definition}."""


class ProcessNotFound(NotFound):
    """No process {process} is deployed."""


class FormNotFound(NotFound):
    """No form {form} is deployed."""


class Kept(Generic[K, V]):
    """The `size` values used last, and at most as many that were used before them; safe for threads.

    A value is made outside of the lock, and found again without it.
    """

    def __init__(self, size: int = KEPT) -> None:
        """This will start empty."""
        self._size, self._lock = size, Lock()
        self._values: dict[K, V] = {}
        self._before: dict[K, V] = {}  # what was used before those, and will be forgotten with the next generation

    def find(self, key: K, make: Callable[[], V]) -> V:
        """This will return the value of `key`, made when it is not here."""
        try:
            return self._values[key]
        except KeyError:
            pass
        before = self._before
        value = before[key] if key in before else make()
        with self._lock:
            if len(self._values) >= self._size:
                self._before, self._values = self._values, {}
            self._values[key] = value
        return value


class Library:
    """Everything that is parsed from the database and never changes under its id, for all threads of one engine."""

    def __init__(self, apps: Iterable[ProcessApp]) -> None:
        """This will serve the processes of these apps."""
        self.apps = {app.name: app for app in apps}
        self.directories = Directories()
        self.lives = Lives()
        self._catalog: Catalog | None = None
        self._processes: Kept[int, bpmn.Process] = Kept()
        self._forms: Kept[int, forms.Form] = Kept()
        self._models: Kept[str, dmn.Model] = Kept()
        self.queues: dict[tuple[int, str], int] = {}  # (unit, role) -> id, committed
        self._limits: Kept[int, LimitDefinition] = Kept()
        self._functions: Kept[tuple[str, int, Calendar], Mapping[str, Callable[..., Any]]] = Kept(64)

    def app(self, name: str) -> ProcessApp:
        """This will return an app by name. Raises AppNotFound."""
        if name not in self.apps:
            raise AppNotFound(app=name)
        return self.apps[name]

    def is_external(self, app: ProcessApp, type: str) -> bool:
        """This will tell whether a program elsewhere does the service `type` for a case of `app`; its own word counts.

        The apps of the processes that it calls are asked next. What nobody knows is not external: it shall fail.
        """
        if app.knows_service(type):
            return type in app.externals
        others = [other for other in self.apps.values() if other.knows_service(type)]
        return bool(others) and all(type in other.externals for other in others)

    def catalog(self, session: Session, version: int | None = None) -> Catalog:
        """This will return what is deployed as of `version` (asked from the database when None)."""
        wanted = session.scalar(select(catalog.stamp())) if version is None else version
        kept = self._catalog
        if kept is None or kept.version != (wanted or 0):
            kept = self._catalog = catalog.read_catalog(session)
        return kept

    def process(self, session: Session, definition_id: int) -> bpmn.Process:
        """This will return a parsed process. Raises DefinitionNotFound."""
        return self._processes.find(definition_id, lambda: _read_process(session, definition_id))

    def form(self, session: Session, resource_id: int) -> forms.Form:
        """This will return a parsed form. Raises FormNotFound."""
        return self._forms.find(resource_id, lambda: forms.parse(feel.loads(_content(session, resource_id))))

    def model(self, session: Session, listed: Listed) -> dmn.Model:
        """This will return a parsed decision file."""
        return self._models.find(listed.checksum, lambda: dmn.parse(_content(session, listed.id).encode()))

    def limit(self, session: Session, resource_id: int) -> LimitDefinition:
        """This will return one version of a limit."""
        return self._limits.find(
            resource_id, lambda: limit_definitions.read(yaml.safe_load(_content(session, resource_id)))
        )

    def limit_starts(self, session: Session, catalog: Catalog) -> LimitStarts:
        """This will tell which limits may start at an event: (process, element, entered or completed) -> codes."""
        if catalog.limit_starts is None:
            newest = (self.limit(session, versions[-1].id) for versions in catalog.of_kind(LIMIT))
            catalog.limit_starts = limit_definitions.starting_events(newest)
        return catalog.limit_starts

    def calendar(self, session: Session, catalog: Catalog) -> Calendar:
        """This will return the calendar with the newest version of every year that was published here."""
        if catalog.calendar is None:
            newest = [versions[-1] for versions in catalog.of_kind(CALENDAR)]
            years = {
                int(each.key): replace(read_year(_content(session, each.id)), version=each.version) for each in newest
            }
            catalog.calendar = Calendar(years)
        return catalog.calendar

    def functions(self, app: ProcessApp, directory: Directory, calendar: Calendar) -> Mapping[str, Callable[..., Any]]:
        """This will return the functions that FEEL of `app` may call: calendars, directory, and the app's own."""
        return self._functions.find(
            (app.name, directory.version, calendar),
            lambda: {**calendar.functions(), **directory.functions(), **app.functions},
        )


def _read_process(session: Session, definition_id: int) -> bpmn.Process:
    found = session.execute(
        select(Definition.diagram, Definition.process_id).where(Definition.id == definition_id)
    ).first()
    if found is None:
        raise DefinitionNotFound(definition=definition_id)
    return bpmn.parse(found.diagram.encode()).processes[found.process_id]


def _content(session: Session, resource_id: int) -> str:
    content = session.scalar(select(Resource.content).where(Resource.id == resource_id))
    if content is None:
        raise FormNotFound(form=resource_id)
    return content


@dataclass(slots=True)
class Surroundings:
    """What the case of one app may ask while it steps: the Host of `engine.bpmn`.

    `circle` names the messages that go round when this step must not send any more.
    """

    session: Session
    library: Library
    catalog: Catalog
    directory: Directory
    app: ProcessApp
    definition_id: int
    served: list[str] = field(default_factory=list)  # services that were called inside the step
    circle: str = ""
    _functions: Mapping[str, Callable[..., Any]] | None = None
    _environment: feel.Environment | None = None

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """This will return the FEEL functions of calendar, directory and app."""
        if self._functions is None:
            calendar = self.library.calendar(self.session, self.catalog)
            self._functions = self.library.functions(self.app, self.directory, calendar)
        return self._functions

    def called(self, process_id: str, binding: str, version_tag: str | None, caller_key: str) -> bpmn.Called:
        """This will find a process to call. Raises LookupError."""
        found = self.catalog.process(process_id, binding=binding, tag=version_tag, caller=self._caller(caller_key))
        if found is None:
            raise LookupError(process_id)
        return bpmn.Called(str(found.id), self.library.process(self.session, found.id))

    def definition(self, key: str) -> bpmn.Process:
        """This will return the definition that a snapshot names."""
        return self.library.process(self.session, int(key))

    def decide(
        self,
        decision_id: str,
        binding: str,
        version_tag: str | None,
        caller_key: str,
        data: Data,
        now: datetime,
        on: date | None = None,
    ) -> bpmn.Decided:
        """This will evaluate the decision in force `on` a day. Raises LookupError, DecisionFailed."""
        caller = self._caller(caller_key)
        found = self.catalog.resource(
            "decision", decision_id, now=now, on=on, binding=binding, tag=version_tag, caller=caller
        )
        if found is None:
            raise LookupError(decision_id)
        model = self.library.model(self.session, found)
        result = dmn.evaluate(model, decision_id, data, self.environment(now))
        result.log["version"] = found.version
        return bpmn.Decided(result.value, result.log)

    def service(self, type: str) -> Callable[[Data, Mapping[str, str]], Data] | None:
        """This will return the function to call inside the step, or None when `type` is a job (or not registered)."""
        registered = self.app.services.get(type)
        if registered is None or registered.is_job:
            return None
        function = registered.function
        self.served.append(type)
        return lambda data, headers: function(data, headers) or {}

    def environment(self, now: datetime) -> feel.Environment:
        """This will return the world in which FEEL of this case is evaluated."""
        found = self._environment
        if found is None or found.now is not now:
            found = self._environment = feel.Environment(now=now, functions=self.functions)
        return found

    def _caller(self, key: str) -> Listed | None:
        return self.catalog.definitions.get(int(key) if key else self.definition_id)
