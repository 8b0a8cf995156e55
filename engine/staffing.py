"""Open tasks and cases follow changes of people and units: roles given and taken, accounts disabled, units moved.

A change is written down with what changed, and followed at once, a hundred rows in a transaction. A change stays
written down for a minute: what others opened at the same moment, with the directory as it was, is then looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, delete, insert, literal_column, or_, select, update

from engine import absences, cases, incidents, requeuing, signing, tasks, writing
from engine.cases import CASES
from engine.db import table
from engine.directory import Directory, read_directory
from engine.errors import BihuanError
from engine.history import Entry
from engine.incidents import INCIDENTS
from engine.models import HELD, OPEN, PLANNED, SUSPENDED, Queue, RegisterEntry, StaffChange
from engine.opening import EMPTY_QUEUE
from engine.requeuing import may_keep
from engine.summary import set_place
from engine.tasks import TASKS, Held
from engine.turn import LostRace, Turn

CHANGES, QUEUES = table(StaffChange), table(Queue)
BATCH = 100  # cases that one transaction changes
ROWS = 2_000  # rows whose copies one transaction brings up to date
KEPT = timedelta(minutes=1)
LEFT, EMPTIED, CAME, UNIT, CLOSED = "left", "emptied", "came", "unit", "closed"
IS_OPEN = TASKS.c.state == literal_column("'open'")  # written out: only so the partial indexes are used
Place = UUID | None  # after which row to go on; None: from the beginning, or nothing is left


def change(turn: Turn, operation: Callable[[Turn], Any]) -> tuple[Any, list[int]]:
    """This will run what changes people or units, and write down what open tasks and cases have to follow."""
    before = turn.directory
    result = operation(turn)
    rows = [
        {"person_id": None, "unit_id": None, "role": None, "old_path": None, **found}
        for found in compare(before, read_directory(turn.session))
    ]
    made = {"made_at": turn.now, "made_by": turn.by.label[:200]}
    ids = [turn.session.scalar(insert(CHANGES).values(**row, **made).returning(CHANGES.c.id)) for row in rows]
    return result, [id for id in ids if id is not None]


def compare(old: Directory, new: Directory) -> Iterator[dict[str, Any]]:
    """This will tell what of `old` has changed in `new` that open tasks or cases have to follow."""
    for unit_id, place in new.units.items():
        was = old.units.get(unit_id)
        if was is not None and (was.path, was.name) != (place.path, place.name):
            yield {"kind": UNIT, "unit_id": unit_id, "old_path": was.path, "reason": "unit_changed"}
    for unit_id, place in new.units.items():
        was = old.units.get(unit_id)
        if was is not None and was.is_active and not place.is_active:
            yield {"kind": CLOSED, "unit_id": unit_id, "old_path": was.path, "reason": "unit_closed"}
    for person_id in old.officials:
        if person_id not in new.officials:
            yield {"kind": LEFT, "person_id": person_id, "reason": "disabled"}
            continue
        for role, unit_id in sorted(set(old.posts.get(person_id, ())) - set(new.posts.get(person_id, ()))):
            yield {"kind": LEFT, "person_id": person_id, "role": role, "unit_id": unit_id, "reason": "role_taken"}
    for unit_id, role in old.held.keys() - new.held.keys():
        yield {"kind": EMPTIED, "role": role, "unit_id": unit_id, "reason": "queue_emptied"}
    if new.held.keys() - old.held.keys() or new.logins.keys() - old.logins.keys():
        yield {"kind": CAME, "reason": "queue_filled"}


def pending(turn: Turn) -> list[int]:
    """This will list the changes that are to be looked at again, the oldest first."""
    return list(turn.session.scalars(select(CHANGES.c.id).where(CHANGES.c.made_at <= turn.now - KEPT).order_by("id")))


def follow(turn: Turn, change_id: int, after: Place) -> tuple[int, Place]:
    """This will let some rows follow a change; returns how many, and after which to go on (None: all are done)."""
    found = turn.session.execute(select(CHANGES).where(CHANGES.c.id == change_id)).mappings().first()
    if found is None:
        return 0, None
    change = dict(found)
    count, place = _FOLLOW[change["kind"]](turn, change, after)
    if place is None and turn.now >= change["made_at"] + KEPT:
        turn.session.execute(delete(CHANGES).where(CHANGES.c.id == change_id))
    return count, place


def _ids(turn: Turn, after: Place, id: Any, *where: ColumnElement[bool]) -> list[UUID]:
    beyond = [id > after] if after is not None else []
    return list(turn.session.scalars(select(id).where(*where, *beyond).order_by(id).limit(BATCH)))


def _each(turn: Turn, ids: list[UUID], act: Callable[[Turn, UUID], bool]) -> tuple[int, Place]:
    """What was done or closed meanwhile stays as it is; a lost race is run again."""
    count = 0
    for id in ids:
        try:
            count += act(turn, id)
        except LostRace:
            raise
        except BihuanError:
            continue
    return count, ids[-1] if len(ids) == BATCH else None


def _left(turn: Turn, change: dict[str, Any], after: Place) -> tuple[int, Place]:
    """Tasks of a person who lost a role, or everything: what they may no longer do goes back to its queue.

    Also those that wait for signatures, and signatures that were asked for. Of who is gone, absences end as well.
    """
    person_id, role = change["person_id"], change["role"]
    if after is None and person_id not in turn.directory.officials:
        absences.forget(turn, person_id)
    states = or_(IS_OPEN, TASKS.c.state.in_((HELD, PLANNED)))
    ids = _ids(turn, after, TASKS.c.id, TASKS.c.assignee_id == person_id, states)

    def act(turn: Turn, id: UUID) -> bool:
        held = tasks.load(turn, id, (OPEN, HELD, PLANNED), even_suspended=True)
        if _is_entitled(turn.directory, held.row, person_id, role) or "submitted" in held.detail:
            return False
        _give_back(turn, held, change)
        return True

    return _each(turn, ids, act)


def _is_entitled(directory: Directory, row: dict[str, Any], person_id: int, role: str | None) -> bool:
    """Whether a task may stay with somebody who has lost `role` (None: who has perhaps lost everything)."""
    if row["assignee_id"] != person_id:
        return True
    if person_id not in directory.officials:
        return False
    if role is None or role not in row["role"].split(",") or row["parent_id"] is not None:
        return True
    return may_keep(directory, row, person_id)


def _give_back(turn: Turn, held: Held, change: dict[str, Any]) -> None:
    row, directory, had = held.row, turn.directory, held.row["assignee_id"]
    told = {"reason": change["reason"], "from": tasks.name_of(turn, had), "by": change["made_by"]}
    owner = directory.officials.get(row["owner_id"]) if row["owner_id"] != had else None
    if owner is not None and may_keep(directory, row, owner.id):
        values = {"assignee_id": owner.id, "owner_id": None, "on_behalf_id": None}
        requeuing.store(turn, held, values, {**told, "to": owner.name})
        requeuing.hand_over(turn, held, had, [owner.id])
        return
    if row["parent_id"] is not None:
        signing.lose(turn, held, {**told, "to": told["from"]})
        return
    values = {"assignee_id": None, "is_claimed": False, "owner_id": None, "on_behalf_id": None}
    requeuing.send(turn, held, values, told)
    requeuing.hand_over(turn, held, had)


def _emptied(turn: Turn, change: dict[str, Any], after: Place) -> tuple[int, Place]:
    """Tasks that wait in a queue which nobody belongs to any more."""
    rows = turn.session.execute(select(QUEUES.c.id, QUEUES.c.role).where(QUEUES.c.unit_id == change["unit_id"]))
    empty = [
        row.id
        for row in rows
        if change["role"] in row.role.split(",") and not turn.directory.members(row.role, change["unit_id"])
    ]
    ids = _ids(turn, after, TASKS.c.id, TASKS.c.queue_id.in_(empty), TASKS.c.assignee_id.is_(None), IS_OPEN)

    def act(turn: Turn, id: UUID) -> bool:
        held = tasks.load(turn, id, even_suspended=True)
        row = held.row
        if row["assignee_id"] is not None or (row["queue_id"] in empty and requeuing.is_raised(turn, row)):
            return False
        requeuing.send(turn, held, {}, {"reason": change["reason"], "by": change["made_by"]})
        return True

    return _each(turn, ids, act)


def _came(turn: Turn, change: dict[str, Any], after: Place) -> tuple[int, Place]:
    """Incidents of queues that nobody belonged to: those where somebody does now are resolved."""
    still = (INCIDENTS.c.kind == EMPTY_QUEUE, INCIDENTS.c.resolved_at.is_(None))
    ids = _ids(turn, after, INCIDENTS.c.id, *still)

    def act(turn: Turn, id: UUID) -> bool:
        incidents.retry(turn, id)
        return True

    return _each(turn, ids, act)


def _unit(turn: Turn, change: dict[str, Any], after: Place) -> tuple[int, Place]:
    """The copies of a unit's path and name, in cases, open tasks and registers; a case that steps meanwhile is asked
    to step again (its version), so that it writes no old path."""
    place = turn.directory.units.get(change["unit_id"])
    if place is None:
        return 0, None
    count = 0
    shown = {"unit_path": place.path, "unit_name": place.name}
    for target, id, values in (
        (CASES, CASES.c.id, {**shown, "version": CASES.c.version + 1}),
        (TASKS, TASKS.c.id, shown),
        (table(RegisterEntry), table(RegisterEntry).c.id, {"unit_path": place.path}),
    ):
        mine = [target.c.unit_path.in_({change["old_path"], place.path}), _differs(target, values)]
        if target is not table(RegisterEntry):
            mine.append(target.c.unit_id == place.id)
        if target is TASKS:
            mine.append(IS_OPEN)
        some = select(id).where(*mine).order_by(id).limit(ROWS - count).with_for_update()
        ids = list(turn.session.scalars(some)) if count < ROWS else []
        changed = cast("CursorResult[Any]", turn.session.execute(update(target).where(id.in_(ids)).values(**values)))
        count += changed.rowcount
    return count, UUID(int=0) if count >= ROWS else None


def _differs(target: Any, values: dict[str, Any]) -> ColumnElement[bool]:
    return or_(*(target.c[name] != value for name, value in values.items() if name != "version"))


def _closed(turn: Turn, change: dict[str, Any], after: Place) -> tuple[int, Place]:
    """Open cases of a closed unit belong to the one that took it over (its parent), and its tasks wait there."""
    place = turn.directory.units.get(change["unit_id"])
    if place is None or place.is_active:
        return 0, None
    of_unit = (TASKS.c.unit_path.in_({place.path, change["old_path"]}), TASKS.c.unit_id == place.id, IS_OPEN)
    ids = _ids(turn, None, CASES.c.id, *_of_unit(CASES, place.id, {place.path, change["old_path"]}))
    if ids:
        count, _ = _each(turn, ids, lambda turn, id: _move_case(turn, id, change))
        if count:
            return count, UUID(int=0)
    ids = _ids(turn, after, TASKS.c.id, *of_unit)

    def act(turn: Turn, id: UUID) -> bool:
        held = tasks.load(turn, id, even_suspended=True)
        requeuing.send(turn, held, {}, {"reason": change["reason"], "by": change["made_by"]})
        return True

    return _each(turn, ids, act)


def _of_unit(target: Any, unit_id: int, paths: set[str]) -> tuple[ColumnElement[bool], ...]:
    return target.c.unit_path.in_(paths), target.c.unit_id == unit_id, target.c.state.in_((OPEN, SUSPENDED))


def _move_case(turn: Turn, case_id: UUID, change: dict[str, Any]) -> bool:
    running = cases.load(turn, case_id)
    directory, row = turn.directory, running.row
    place = directory.units.get(row["unit_id"])
    successor = directory.living(place) if place is not None else None
    if successor is None or successor.id == row["unit_id"]:
        return False
    told = {"from": row["unit_name"], "to": successor.name, "reason": change["reason"], "by": change["made_by"]}
    set_place(row, successor)
    copied = writing.copies(running.stored, row)
    cases.record(turn, running, [Entry(kind="unit_changed", detail=told)], copied)
    return True


_FOLLOW: dict[str, Callable[[Turn, dict[str, Any], Place], tuple[int, Place]]] = {
    LEFT: _left,
    EMPTIED: _emptied,
    CAME: _came,
    UNIT: _unit,
    CLOSED: _closed,
}
