"""A decision model: decisions, inputs, business knowledge, services, and the version it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from engine.errors import Fault
from engine.feel.environment import Frame
from engine.feel.types import ANY, FeelType

from .itemtypes import ItemTypes

if TYPE_CHECKING:
    from .tables import Table

Logic = Callable[[Frame], Any]
Key = tuple[str, str]  # namespace and id


@dataclass(slots=True)
class InputData:
    """A value that comes from outside."""

    key: Key
    id: str
    name: str
    type: FeelType = ANY


@dataclass(slots=True)
class Decision:
    """A decision: its logic, and what it requires. `table` is set if the logic is one decision table."""

    key: Key
    id: str
    name: str
    variable: str
    type: FeelType = ANY
    logic: Logic | None = None
    table: Table | None = None
    requires: list[Key] = field(default_factory=list)
    free: frozenset[str] = frozenset()  # names that its expressions use and the model does not declare
    question: str = ""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Knowledge:
    """Business knowledge: a function with its own requirements."""

    key: Key
    id: str
    name: str
    parameters: list[tuple[str, FeelType]] = field(default_factory=list)
    logic: Logic | None = None
    type: FeelType = ANY
    requires: list[Key] = field(default_factory=list)


@dataclass(slots=True)
class Service:
    """A decision service: a function that makes the output decisions from inputs and input decisions."""

    key: Key
    id: str
    name: str
    type: FeelType = ANY
    outputs: list[Key] = field(default_factory=list)
    encapsulated: list[Key] = field(default_factory=list)
    input_decisions: list[Key] = field(default_factory=list)
    input_data: list[Key] = field(default_factory=list)


Part = InputData | Decision | Knowledge | Service
Need = tuple[Part, str, tuple[str, ...]]  # what is needed, under which name, inside of which imports


@dataclass(slots=True)
class Model:
    """A DMN file that was read and compiled; it is not changed afterwards and may be used by many threads.

    `version` is the version tag, `effective_from` and `effective_to` the first and last day on which it is in force,
    all three from the extension properties `version` (or the version tag), `effectiveFrom`, `effectiveTo`.
    """

    id: str
    name: str
    namespace: str
    dmn_version: str
    version: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    properties: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, InputData] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    knowledge: dict[str, Knowledge] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)  # name -> namespace
    seen: dict[str, dict[str, str]] = field(default_factory=dict)  # namespace -> its imports by name
    parts: dict[Key, Part] = field(default_factory=dict)  # those of imported models too
    faults: list[Fault] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    types: ItemTypes = field(init=False, repr=False)
    _needs: dict[tuple[type, Key], tuple[Need, ...]] = field(default_factory=dict, repr=False)

    def needs(self, part: Decision | Knowledge) -> tuple[Need, ...]:
        """This will return what a part requires, as far as it is there."""
        found = self._needs.get((type(part), part.key))
        if found is None:
            needed = [(key, self.parts[key]) for key in part.requires if key in self.parts]
            found = self._needs[type(part), part.key] = tuple(
                (each, each.variable if isinstance(each, Decision) else each.name, self._prefixes(key[0], part.key[0]))
                for key, each in needed
            )
        return found

    def _prefixes(self, namespace: str, own: str) -> tuple[str, ...]:
        """The names under which a model sees the parts of another; an import without a name shows them as its own."""
        seen = self.seen.get(own, {}) if namespace != own else {}
        return tuple(name for name, space in seen.items() if space == namespace and name)

    def required_inputs(self, id_or_name: str) -> set[str]:
        """This will return the names of the values that a decision needs from outside, its requirements' included.

        Tables drawn without input data elements use variables directly: their names are among them.
        """
        found: set[str] = set()
        first = self.find(id_or_name)
        waiting: list[Part] = [first] if first is not None else []
        seen: set[Key] = set()
        while waiting:
            part: Part = waiting.pop()
            if part.key in seen:
                continue
            seen.add(part.key)
            if isinstance(part, InputData):
                found.add(part.name)
            elif isinstance(part, Service):
                waiting += [self.parts[key] for key in (*part.input_data, *part.input_decisions) if key in self.parts]
            else:
                waiting += [self.parts[key] for key in part.requires if key in self.parts]
                found |= part.free if isinstance(part, Decision) else set()
        return found

    def find(self, id_or_name: str) -> Decision | Service | Knowledge | None:
        """This will find a decision, service or business knowledge by id, or by name."""
        for group in (self.decisions, self.services, self.knowledge):
            if id_or_name in group:
                return group[id_or_name]
        for group in (self.decisions, self.services, self.knowledge):
            for part in group.values():
                if part.name == id_or_name:
                    return part
        return None
