"""Plans of migrations: which version moves to which, which element stands for which, which cases, and what it means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from engine import bpmn, cases
from engine.access import require_operator
from engine.bpmn import Leg, Problem
from engine.bpmn.process import Node
from engine.case_migration import Legs
from engine.case_migration import preview as preview_case
from engine.cases import CASES
from engine.catalog import Listed
from engine.db import table
from engine.definitions import DefinitionNotFound
from engine.errors import BihuanError, Invalid
from engine.models import OPEN, SUSPENDED, Task
from engine.people import UnitNotFound
from engine.turn import Turn

Data = dict[str, Any]
TASKS = table(Task)
AT_ONCE = 200  # cases read together
MOST_SHOWN = 200  # cases that a preview names


class PlanInvalid(Invalid):
    """A plan of migration is not possible."""


class SameVersion(PlanInvalid):
    """The cases run on this version already."""


class OtherApp(PlanInvalid):
    """{target} belongs to another process app than {source}."""


class ElementUnknown(PlanInvalid):
    """{process} has no element {element}."""


class ElementUnfit(PlanInvalid):
    """{element} cannot become {target}: they are not of the same kind."""


class NothingChosen(PlanInvalid):
    """No running case of this version fits the selection."""


@dataclass(frozen=True, slots=True)
class Step:
    """One process of the cases goes from the definition `source` to `target`.

    Every element goes to the one of the same id and kind; `elements` names others by id, or None for none.
    """

    source: int
    target: int
    elements: Mapping[str, str | None] = field(default_factory=dict)

    def as_json(self) -> Data:
        """This will return what the table keeps."""
        return {"source": self.source, "target": self.target, "elements": dict(self.elements)}


@dataclass(frozen=True, slots=True)
class Plan:
    """The cases' own process, and `called` processes inside them that move too; others stay on their versions."""

    own: Step
    called: Sequence[Step] = ()

    def as_json(self) -> Data:
        """This will return what the table keeps."""
        return {"own": self.own.as_json(), "called": [step.as_json() for step in self.called]}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Plan:
        """This will read what the table keeps."""
        return cls(Step(**kept["own"]), [Step(**step) for step in kept.get("called", ())])


@dataclass(frozen=True, slots=True)
class Selection:
    """Which running cases of the version; all of them when nothing is said.

    Those of a unit and below it, with an open task at `element`, whose number or title holds `q`, with these `numbers`.
    """

    unit: str = ""
    element: str = ""
    q: str = ""
    numbers: Sequence[str] = ()

    def as_json(self) -> Data:
        """This will return what was asked for."""
        asked = {"unit": self.unit, "element": self.element, "q": self.q, "numbers": list(self.numbers)}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A plan with everything that it names: `legs` are by the key of a definition, "" being the case's own."""

    source: Listed
    target: Listed
    legs: Legs


@dataclass(frozen=True, slots=True)
class Looked:
    """What a plan means for one case: nothing is in the way when `problems` is empty."""

    id: UUID
    number: str
    title: str
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """So many tokens stand at `before` and will stand at `after`; `waits` tells what for."""

    before: Node
    after: Node
    waits: str
    count: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan means for the cases chosen: counted, and case by case up to MOST_SHOWN of each kind."""

    source: Listed
    target: Listed
    total: int
    movable: int
    shifts: list[Shift]
    cancelled: list[tuple[Node, int]]
    opened: list[tuple[Node, int]]
    reasons: list[tuple[Problem, int]]
    moved: list[Looked]
    refused: list[Looked]


def resolve(turn: Turn, plan: Plan) -> Resolved:
    """This will look up what a plan names. Raises PlanInvalid, DefinitionNotFound."""
    source, target = (_listed(turn, id) for id in (plan.own.source, plan.own.target))
    if source.id == target.id and not plan.called:
        raise SameVersion
    if source.app != target.app:
        raise OtherApp(source=source.name, target=target.name)
    own = _leg(turn, plan.own, "")
    legs = {str(source.id): _leg(turn, plan.own, str(target.id)), "": own}
    for step in plan.called:
        legs[str(step.source)] = _leg(turn, step, str(step.target))
    return Resolved(source, target, legs)


def _listed(turn: Turn, definition_id: int) -> Listed:
    found = turn.catalog.definitions.get(definition_id)
    if found is None:
        raise DefinitionNotFound(definition=definition_id)
    return found


def _leg(turn: Turn, step: Step, key: str) -> Leg:
    source, target = (turn.library.process(turn.session, _listed(turn, id).id) for id in (step.source, step.target))
    for old, new in step.elements.items():
        if old not in source.nodes:
            raise ElementUnknown(process=source.name, element=old)
        if new and new not in target.nodes:
            raise ElementUnknown(process=target.name, element=new)
        if new and bpmn.differs(source.nodes[old], target.nodes[new]) is not None:
            raise ElementUnfit(element=old, target=new)
    return Leg(source, target, key, dict(step.elements))


def chosen(turn: Turn, source: Listed, selection: Selection) -> Select[Any]:
    """This will select the running cases of a version that are asked for, oldest first. Raises UnitNotFound."""
    where: list[ColumnElement[bool]] = [CASES.c.definition_id == source.id, CASES.c.process_id == source.key]
    where.append(CASES.c.state.in_((OPEN, SUSPENDED)))
    if selection.unit:
        place = turn.directory.codes.get(selection.unit)
        if place is None:
            raise UnitNotFound(code=selection.unit)
        where += [CASES.c.unit_path >= place.path, CASES.c.unit_path < place.path[:-1] + "0"]
    if selection.element:
        here = select(TASKS.c.id).where(
            TASKS.c.case_id == CASES.c.id, TASKS.c.element == selection.element, TASKS.c.state == OPEN
        )
        where.append(here.exists())
    if selection.q:
        q = selection.q.strip()
        where.append(CASES.c.number.icontains(q, autoescape=True) | CASES.c.title.icontains(q, autoescape=True))
    if selection.numbers:
        where.append(CASES.c.number.in_(list(selection.numbers)))
    return select(CASES.c.id, CASES.c.number, CASES.c.title).where(*where).order_by(CASES.c.id)


def preview(turn: Turn, plan: Plan, selection: Selection) -> Preview:
    """This will tell what a plan means for every case chosen, and change nothing. Raises OperatorsOnly, PlanInvalid."""
    require_operator(turn.by)
    resolved = resolve(turn, plan)
    tally = _Tally()
    for running in _all(turn, chosen(turn, resolved.source, selection)):
        tally.add(turn, running, resolved)
    return tally.result(resolved)


def preview_one(turn: Turn, case_id: UUID, plan: Plan) -> Preview:
    """This will tell what a plan means for one case, whatever its version. Raises OperatorsOnly, CaseNotFound."""
    require_operator(turn.by)
    running = cases.load(turn, case_id)
    resolved = resolve(turn, plan)
    tally = _Tally()
    tally.add(turn, running, resolved)
    return tally.result(resolved)


def _all(turn: Turn, which: Select[Any]) -> Iterator[cases.Running]:
    ids = [row.id for row in turn.session.execute(which)]
    for first in range(0, len(ids), AT_ONCE):
        some = select(*cases.COLUMNS).where(CASES.c.id.in_(ids[first : first + AT_ONCE])).order_by(CASES.c.id)
        for row in turn.session.execute(some).all():
            yield cases.restore(turn, row)


class _Tally:
    """Counts what a plan means, case by case."""

    def __init__(self) -> None:
        self.total = self.movable = 0
        self.shifts: Counter[tuple[str, str, str]] = Counter()
        self.nodes: dict[str, tuple[Node, Node]] = {}
        self.gone: Counter[str] = Counter()
        self.new: Counter[str] = Counter()
        self.reasons: Counter[Problem] = Counter()
        self.moved: list[Looked] = []
        self.refused: list[Looked] = []

    def add(self, turn: Turn, running: cases.Running, resolved: Resolved) -> None:
        """This will look at one case more."""
        self.total += 1
        row = running.row
        try:
            report, _ = preview_case(turn, running, resolved.legs, resolved.target)
        except BihuanError as error:
            report = bpmn.Report([Problem("failed", detail=error.message)])
        if report.problems:
            self.reasons.update(set(report.problems))
            if len(self.refused) < MOST_SHOWN:
                self.refused.append(Looked(row["id"], row["number"], row["title"], report.problems))
            return
        self.movable += 1
        if len(self.moved) < MOST_SHOWN:
            self.moved.append(Looked(row["id"], row["number"], row["title"]))
        for moved in report.moved:
            if moved.waits != "scope":
                key = f"{moved.key} {moved.before.id} {moved.after.id}"
                self.nodes[key] = (moved.before, moved.after)
                self.shifts[key, moved.waits, moved.before.id] += 1
        for counter, nodes in ((self.gone, report.cancelled), (self.new, report.opened)):
            for node in nodes:
                self.nodes[node.id] = (node, node)
                counter[node.id] += 1

    def result(self, resolved: Resolved) -> Preview:
        """This will return the counts, the most frequent first."""
        shifts = [Shift(*self.nodes[key], waits, count) for (key, waits, _), count in self.shifts.most_common()]
        gone, new = (
            [(self.nodes[id][0], count) for id, count in counter.most_common()] for counter in (self.gone, self.new)
        )
        return Preview(
            source=resolved.source,
            target=resolved.target,
            total=self.total,
            movable=self.movable,
            shifts=shifts,
            cancelled=gone,
            opened=new,
            reasons=self.reasons.most_common(),
            moved=self.moved,
            refused=self.refused,
        )
