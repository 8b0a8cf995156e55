"""Which queue a task enters, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import BindParameter, bindparam, select

from engine import prepared
from engine.bpmn.outcome import TaskOpened
from engine.db import table, upserting_on
from engine.directory import Directory, Official, Place
from engine.models import Queue
from engine.prepared import Prepared
from engine.turn import Turn

QUEUES = table(Queue)
LONGEST = 400  # characters of a queue's roles and logins
_NAMED: dict[str, BindParameter[Any]] = {"unit_id": bindparam("unit_id"), "role": bindparam("role")}
_QUEUE = Prepared(select(QUEUES.c.id).where(QUEUES.c.unit_id == _NAMED["unit_id"], QUEUES.c.role == _NAMED["role"]))
_MADE = Prepared(
    lambda backend: upserting_on(backend, Queue).values(_NAMED).on_conflict_do_nothing().returning(QUEUES.c.id)
)


class Route(Struct, frozen=True):
    """Where a task goes: to a person, to a queue, or both. `problem` says why nobody can take it."""

    assignee_id: int | None = None
    role: str = ""
    place: Place | None = None
    queue_id: int | None = None
    problem: str | None = None


def route(turn: Turn, *, opened: TaskOpened, unit_id: int | None, roles: Mapping[str, str]) -> Route:
    """This will find person or queue for a task of a case of the unit `unit_id`; `roles` are those of the app."""
    directory = turn.directory
    given, problem = _given_unit(directory, opened, unit_id)
    assignee = directory.logins.get(opened.assignee) if opened.assignee else None
    if opened.assignee and assignee is None:
        problem = f"there is no active person {opened.assignee}"
    wanted = _roles(opened, roles)
    members = [f"@{login}" for login in opened.users]
    if not wanted and not members:
        if assignee is None and problem is None:
            problem = "the diagram names nobody"
        return Route(assignee.id if assignee else None, "", given, None, problem if assignee is None else None)
    return _queued(turn, wanted, members, given, assignee, problem)


def again(turn: Turn, role: str, unit_id: int | None) -> Route:
    """This will find the queue for a task that is open already, as the directory stands now."""
    parts = [part for part in role.split(",") if part]
    wanted, members = ([part for part in parts if part.startswith("@") is named] for named in (False, True))
    place = turn.directory.units.get(unit_id) if unit_id is not None else None
    given = turn.directory.living(place) if place is not None else None
    if not parts:
        return Route(None, "", given, None, "who had it is no longer here")
    return _queued(turn, wanted, members, given, None, None)


def _queued(
    turn: Turn,
    wanted: list[str],
    members: list[str],
    given: Place | None,
    assignee: Official | None,
    problem: str | None,
) -> Route:
    directory = turn.directory
    role = ",".join([*wanted, *members])
    place = _holder(directory, wanted, given) if wanted else given or _root(directory)
    if place is None:
        place = given or _root(directory)
        if not any(member[1:] in directory.logins for member in members):
            where = f" at {place.name} or above it" if place else ""
            problem = problem or f"nobody holds {role}{where}"
    if place is None or len(role) > LONGEST:
        return Route(assignee.id if assignee else None, role[:LONGEST], place, None, problem or "there is no unit")
    # With a person or a queue that somebody watches, an unknown assignee or unit still needs an operator's eye.
    return Route(assignee.id if assignee else None, role, place, queue_id(turn, role, place.id), problem)


def _given_unit(directory: Directory, opened: TaskOpened, unit_id: int | None) -> tuple[Place | None, str | None]:
    of_case = directory.units.get(unit_id) if unit_id is not None else None
    of_case = directory.living(of_case) if of_case is not None else None
    if not opened.unit:
        return of_case, None
    place = directory.codes.get(opened.unit)
    return (directory.living(place), None) if place is not None else (of_case, f"there is no unit {opened.unit}")


def _roles(opened: TaskOpened, roles: Mapping[str, str]) -> list[str]:
    """The candidate groups; without any, the lane when it is called like one of the app's roles."""
    if opened.groups:
        return list(dict.fromkeys(opened.groups))
    if opened.users or opened.assignee or not opened.lane:
        return []
    return [code for code, title in roles.items() if opened.lane in (code, title)][:1]


def _holder(directory: Directory, wanted: list[str], given: Place | None) -> Place | None:
    if given is not None:
        return directory.find_holder(wanted, given)
    held = (place for place in directory.codes.values() if any((place.id, role) in directory.held for role in wanted))
    return next(held, None)


def _root(directory: Directory) -> Place | None:
    roots = directory.children.get(None, [])
    return roots[0] if roots else None


def queue_id(turn: Turn, role: str, unit_id: int) -> int:
    """This will return the queue of a role in a unit, made when it is needed for the first time."""
    place, wanted = (unit_id, role), {"unit_id": unit_id, "role": role}
    for known in (turn.library.queues, turn.queues):
        if place in known:
            return known[place]
    found = prepared.first(turn.session, _QUEUE, wanted) or prepared.first(turn.session, _MADE, wanted)
    found = found or prepared.first(turn.session, _QUEUE, wanted)  # somebody else made it meanwhile
    assert found is not None
    return turn.queues.setdefault(place, found[0])
