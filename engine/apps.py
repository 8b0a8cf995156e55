"""Process apps: what a folder of diagrams, decisions, forms and services tells the engine."""

from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from engine import feel
from engine.errors import Invalid, NotFound

Data = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
FIELD_KINDS = ("text", "number", "day")
NUMBER_FIELDS = {"region", "year", "seq", "process"}


class AppNotFound(NotFound):
    """There is no process app “{app}”."""


class AppInvalid(Invalid):
    """The process app “{app}” is not set up correctly: {reason}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """FEEL over case data, evaluated when what it reads has changed: what lists show of a case.

    `unit` gives the code of the unit that the case belongs to; `tone` red, orange, yellow or blue; `due` a date-time.
    """

    title: str | None = None
    subject: str | None = None
    badge: str | None = None
    tone: str | None = None
    unit: str | None = None
    due: str | None = None

    def expressions(self) -> Iterator[tuple[str, str]]:
        """This will go through the fields that are set."""
        for name in ("title", "subject", "badge", "tone", "unit", "due"):
            text = getattr(self, name)
            if text is not None:
                yield name, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """Of cases with the same `key` (FEEL over the start data) one at a time is open.

    `given` are FEEL texts by name: they are filled into the start data, in their order, before the key is computed.
    `unit` gives the code of the unit that the case belongs to from its first moment on, and is numbered in. A ladder
    that would start a case sends `message` with the key instead: it starts one, or joins the one that is open. A person
    who would start a second one is told which case is open.
    """

    message: str
    key: str
    given: Mapping[str, str] = field(default_factory=dict)
    unit: str = "=null"


@dataclass(frozen=True, slots=True)
class Service:
    """A function that service tasks call by `type`.

    Inside the step it is called as `function(data, headers)`. A job runs outside of every transaction, perhaps more
    than once, and is called as `function(data, headers, key)`: whoever sees the same `key` again has already done it.
    """

    type: str
    function: Callable[..., Data | None]
    is_job: bool = False


@dataclass(kw_only=True)
class ProcessApp:
    """A folder of diagrams, decisions, forms and the services they need; deleting the folder removes it.

    `people` returns units and persons, as `Engine.load_people` takes them: the world of the demo and of scenarios.
    Who holds a role of `leaders` in a unit arranges who acts for its groups, and for those of the units below.
    """

    name: str
    title: str
    folder: Path
    process: str
    number: str = "{process}-{year}-{seq:05}"
    summary: Summary = field(default_factory=Summary)
    fields: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    leaders: Sequence[str] = ()
    starters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    singles: Mapping[str, Single] = field(default_factory=dict)
    registers: Mapping[str, str] = field(default_factory=dict)
    importer: Any = None
    demo: Any = None
    people: Callable[[], tuple[Rows, Rows]] | None = None
    services: dict[str, Service] = field(default_factory=dict, init=False)
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict, init=False)
    externals: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        """This will refuse an app whose own words are wrong. Raises AppInvalid."""
        try:
            known = {name for _, name, _, _ in string.Formatter().parse(self.number) if name}
            if not known <= NUMBER_FIELDS or "seq" not in known:
                raise ValueError(f"number needs {{seq}} and may use {sorted(NUMBER_FIELDS)}")
            self.number.format(region="", year=2000, seq=1, process="")
            if unknown := set(self.leaders) - self.roles.keys():
                raise ValueError(f"leaders names {sorted(unknown)}, which roles does not")
            for kind in self.fields.values():
                if kind not in FIELD_KINDS:
                    raise ValueError(f"{kind} is not one of {FIELD_KINDS}")
            for _name, text in self.summary.expressions():
                feel.literal_or_expression(text)
            for single in self.singles.values():
                for text in (*single.given.values(), single.key, single.unit):
                    feel.literal_or_expression(text)
        except (ValueError, KeyError, IndexError, Invalid) as error:
            raise AppInvalid(app=self.name, reason=str(error)) from error

    def service(self, type: str, *, job: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """This will register a function as the service `type`; with `job` it runs outside of the transaction."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._refuse_both(type, type in self.externals)
            self.services[type] = Service(type, function, job)
            return function

        return register

    def external(self, type: str) -> None:
        """This will declare that a program elsewhere does the service `type`, fetching its jobs. Raises AppInvalid."""
        self._refuse_both(type, type in self.services)
        self.externals.add(type)

    def knows_service(self, type: str) -> bool:
        """This will tell whether a function is registered for the service `type`, or a program elsewhere does it."""
        return type in self.services or type in self.externals

    def _refuse_both(self, type: str, is_taken: bool) -> None:
        if is_taken:
            raise AppInvalid(app=self.name, reason=f"the service {type} is both registered and declared external")

    def function(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """This will register a function that the app's FEEL may call by `name` (spaces allowed)."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.functions[name] = function
            return function

        return register

    def files(self, *patterns: str) -> list[Path]:
        """This will list the app's files that match, in a stable order."""
        return sorted(path for pattern in patterns for path in self.folder.glob(pattern) if path.is_file())


def load_apps(package: str | ModuleType = "processes") -> list[ProcessApp]:
    """This will import every sub-package of `package` and return the `app` of each, by name. Raises AppInvalid."""
    parent = importlib.import_module(package) if isinstance(package, str) else package
    apps = []
    for info in sorted(pkgutil.iter_modules(parent.__path__), key=lambda info: info.name):
        if not info.ispkg:
            continue
        app = getattr(importlib.import_module(f"{parent.__name__}.{info.name}"), "app", None)
        if not isinstance(app, ProcessApp):
            raise AppInvalid(app=info.name, reason="its package has no ProcessApp named app")
        apps.append(app)
    return apps
