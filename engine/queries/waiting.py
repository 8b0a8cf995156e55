"""Where tasks wait for somebody: in queues and with persons, each of which is read by an index of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from engine import prepared
from engine.access import Actor, Standin, belongs
from engine.db import is_postgresql, table
from engine.models import Queue, Task, Unit
from engine.models.people import PERSONS
from engine.prepared import Prepared

TASKS = table(Task)
QUEUE, PERSON = 0, 1
LOOKED = 10_000  # tasks that are looked through for what no index finds, in all places together
LOOKED_LEAST = 200  # in each place

Columns = Any  # of the table, or of a part of it that was cut out
Condition = Callable[[Columns], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Spot:
    """A queue that the actor is of, or a person whose tasks the actor may do; `only` when not all of its tasks are."""

    kind: int
    id: int
    role: str = ""
    unit_name: str = ""
    only: Condition | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """What a question to a place is made with: `here` is true for tasks that wait there, before `only`."""

    kind: int
    here: ColumnElement[bool]
    only: Condition | None = None


Ask = Callable[[Waits], Select[Any]]


def _in_queue(id: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(TASKS.c.queue_id == id, TASKS.c.assignee_id.is_(None), IS_OPEN)


def _with_person(id: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(TASKS.c.assignee_id == id, IS_OPEN)


IS_OPEN = TASKS.c.state == literal_column("'open'")  # written out: only so the partial indexes are used
WAITING = {QUEUE: _in_queue, PERSON: _with_person}


def spots(
    session: Session, actor: Actor, show: str = "all", queue_id: int | None = None, unit_path: str | None = None
) -> list[Spot]:
    """This will list the places where tasks of the actor wait: `mine`, `acting`, of the `queue`s, or `all`.

    `unit_path` leaves the queues of a unit and those below it.
    """
    if actor.person_id is None:
        return []
    found: list[Spot] = []
    if show in ("all", "mine") and queue_id is None:
        found.append(Spot(PERSON, actor.person_id))
    if show in ("all", "acting") and queue_id is None:
        found += _acting(actor)
    if show in ("all", "queue"):
        found += (spot for spot in _queues(session, actor, unit_path) if queue_id in (None, spot.id))
    return found


def _queues(session: Session, actor: Actor, unit_path: str | None) -> Iterator[Spot]:
    """The queues that the actor belongs to, by role in the unit or by name, also in the place of who is away."""
    for row in _rows(session, actor):
        processes = _processes(actor, row.role, row.unit_id)
        if processes is not None and row.path.startswith(unit_path or ""):
            yield Spot(QUEUE, row.id, row.role, row.name, _of_processes(processes) if processes else None)


def _rows(session: Session, actor: Actor) -> Sequence[_Queue]:
    """The queues that may be the actor's; a session that reads asks once."""
    kept: Sequence[_Queue]
    whose, kept = session.info.get("queues", (None, ()))
    if whose is actor:
        return kept
    units = {membership.unit_id for membership in actor.memberships}
    units.update(unit_id for standin in actor.stands_for for _role, unit_id in standin.queues)
    if is_postgresql(session):
        [answers] = prepared.rows(session, (QUEUES_OF, {"units": sorted(units)}))
        found = [_Queue(*row) for row in answers]
    else:
        found = [_Queue(*row) for row in session.execute(_queues_of(Queue.unit_id.in_(units)))]
    session.info["queues"] = (actor, found)
    return found


class _Queue(NamedTuple):
    id: int
    role: str
    unit_id: int
    name: str
    path: str


def _queues_of(is_unit: ColumnElement[bool]) -> Any:
    """The queues of some units, and those that name persons."""
    rows = select(Queue.id, Queue.role, Queue.unit_id, Unit.name, Unit.path).join(Unit, Unit.id == Queue.unit_id)
    return rows.where(or_(literal_column(f"queues.{PERSONS}", Boolean), is_unit)).order_by(Queue.id)


QUEUES_OF = Prepared(_queues_of(Queue.unit_id == func.any(bindparam("units", type_=ARRAY(Integer)))))


def _of_processes(processes: tuple[str, ...]) -> Condition:
    return lambda c: c.process_id.in_(processes)


def _processes(actor: Actor, role: str, unit_id: int) -> tuple[str, ...] | None:
    """The processes whose tasks in a queue are the actor's (empty: all of them); None: the queue is not."""
    if belongs(actor, role, unit_id):
        return ()
    asked: dict[str, Any] = {"assignee_id": None, "role": role, "unit_id": unit_id}
    covering = {each.process_id for each in actor.stands_for if each.covers(**asked, process_id=each.process_id)}
    if not covering:
        return None
    return () if None in covering else tuple(sorted(filter(None, covering)))


def _acting(actor: Actor) -> Iterator[Spot]:
    """The people who are away and for whom the actor acts, narrowed as their absences say."""
    away: dict[int, list[Standin]] = {}
    for standin in actor.stands_for:
        for person_id in standin.persons - {actor.person_id}:
            away.setdefault(person_id, []).append(standin)
    for person_id, standins in sorted(away.items()):
        is_narrowed = all(each.process_id or each.unit_id or each.role for each in standins)
        yield Spot(PERSON, person_id, only=_of_standins(standins) if is_narrowed else None)


def _of_standins(standins: Sequence[Standin]) -> Condition:
    return lambda c: or_(*(and_(true(), *_narrowed(standin, c)) for standin in standins))


def _narrowed(standin: Standin, c: Columns) -> Iterator[ColumnElement[bool]]:
    if standin.process_id is not None:
        yield c.process_id == standin.process_id
    if standin.unit_id is not None:
        yield c.unit_id == standin.unit_id
    if standin.role is not None:
        yield literal(",").concat(c.role).concat(",").contains(f",{standin.role},", autoescape=True)


def each(backend: str, spots: Iterable[Spot], ask: Ask) -> list[Select[Any]]:
    """This will ask `ask` of each place; the answers begin with the place's kind and id, and are to be united.

    PostgreSQL is given all whole places as two lists (see `parameters`), so that the text is always the same and needs
    no planning again; SQLite knows no LATERAL: there each place is a part of its own.
    """
    parts: list[Select[Any]] = []
    alone = list(spots)
    if backend == "postgresql":
        parts = [_all_of(kind, name, ask) for kind, name in ((QUEUE, "queues"), (PERSON, "persons"))]
        alone = [spot for spot in alone if spot.only is not None]
    for spot in alone:
        asked = ask(Waits(spot.kind, WAITING[spot.kind](literal(spot.id)), spot.only)).subquery()
        parts.append(select(literal(spot.kind).label("kind"), literal(spot.id).label("place"), *asked.c))
    return parts


def _all_of(kind: int, name: str, ask: Ask) -> Select[Any]:
    given = func.unnest(bindparam(name, type_=ARRAY(Integer))).table_valued(column("place", Integer))
    given = given.render_derived(name=name)
    # by its name: deeper selects must not take it for a table of theirs
    place = literal_column(f"{name}.place", Integer)
    asked = ask(Waits(kind, WAITING[kind](place))).lateral()
    number = literal_column(str(kind), Integer).label("kind")
    return select(number, given.c.place, *asked.c).join_from(given, asked, true())


def parameters(spots: Iterable[Spot]) -> Mapping[str, list[int]]:
    """This will return the whole places as PostgreSQL is given them."""
    found: dict[str, list[int]] = {"queues": [], "persons": []}
    for spot in spots:
        if spot.only is None:
            found["queues" if spot.kind == QUEUE else "persons"].append(spot.id)
    return found


def written_out(session: Session, spots: Sequence[Spot]) -> tuple[Spot, ...]:
    """This will return the places that a prepared statement has in its text: in SQLite all of them."""
    return () if is_postgresql(session) else tuple(spots)


def reach(spots: Sequence[Spot]) -> int:
    """This will return how many tasks of each place are looked through for what no index finds."""
    return max(LOOKED_LEAST, LOOKED // max(1, len(spots)))
