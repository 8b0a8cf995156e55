"""Tasks that change hands by themselves: whoever had them may have them no longer, so they wait in their queue again.

What that person had written goes along, as a draft of those who may do the task now.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import cases, drafts, queues
from engine.access import Actor, may_claim
from engine.db import table
from engine.directory import Directory
from engine.history import Entry
from engine.models import Incident, Person
from engine.opening import EMPTY_QUEUE
from engine.prepared import Change
from engine.queues import Route
from engine.tasks import TASKS, Held
from engine.turn import Turn

Data = dict[str, Any]
INCIDENTS = table(Incident)
MOST = 50  # members of a queue who get what somebody else had written


def may_keep(directory: Directory, row: Data, person_id: int) -> bool:
    """This will tell whether somebody who has a task, or gets it back, may have it still: their posts may have changed.

    Who claimed it belongs to its queue, unless they did so for somebody who is away; to whom it was given works in its
    unit or holds a role of it.
    """
    if person_id not in directory.officials:
        return False
    roles = [part for part in row["role"].split(",") if part and not part.startswith("@")]
    if not roles or any(member.id == person_id for member in directory.members(row["role"], row["unit_id"])):
        return True
    if row["is_claimed"] or row["on_behalf_id"] is not None:
        return row["on_behalf_id"] is not None
    posts = directory.posts.get(person_id, ())
    return any(held in roles or unit_id == row["unit_id"] for held, unit_id in posts)


def may_have_again(directory: Directory, actor: Actor, row: Data) -> bool:
    """This will tell whether a task that the actor has done may be theirs again."""
    free: Data = {name: row[name] for name in ("role", "unit_id", "process_id")}
    is_member = may_claim(actor, assignee_id=None, **free)
    return actor.person_id is not None and (is_member or may_keep(directory, row, actor.person_id))


def send(turn: Turn, held: Held, values: Data, told: Data, kind: str = "requeued") -> None:
    """This will send a task to the queue where its role is held now; is it held nowhere, that is an incident."""
    route = queues.again(turn, held.row["role"], held.row["unit_id"])
    if route.role:
        told = {**told, "to": f"{route.role}@{route.place.name if route.place else ''}"}
    store(turn, held, {**values, **_columns(route)}, told, route.problem, kind)


def hand_over(turn: Turn, held: Held, person_id: int | None, heirs: list[int] | None = None) -> None:
    """This will give what somebody had written to `heirs`, else to all of the queue: those who have written nothing."""
    if person_id is None:
        return
    if heirs is None:
        heirs = [member.id for member in turn.directory.members(held.row["role"], held.row["unit_id"])][:MOST]
    drafts.hand_over(turn, str(held.row["id"]), person_id, heirs)


def inherit(turn: Turn, task_id: UUID, role: str, unit_id: int | None) -> None:
    """This will give what the last who left an empty queue had written to those who belong to it now."""
    members = [member.id for member in turn.directory.members(role, unit_id)][:MOST]
    writer = drafts.last_writer(turn, str(task_id), members)
    if writer is not None:
        drafts.hand_over(turn, str(task_id), writer, members)


def _columns(route: Route) -> Data:
    place = route.place
    found: Data = {"queue_id": route.queue_id}
    if place is not None:
        found |= {"unit_id": place.id, "unit_path": place.path, "unit_name": place.name}
    return found


def store(turn: Turn, held: Held, values: Data, told: Data, problem: str | None = None, kind: str = "requeued") -> None:
    """This will write who has a task now, why, and an incident when nobody can take it."""
    row, running = held.row, held.running
    entry = Entry(kind=kind, element=row["element"], name=row["name"], task_id=row["id"], detail=told)
    cases.record(turn, running, [entry], [Change(update(TASKS).where(TASKS.c.id == row["id"]).values(**values))])
    if problem is not None and not is_raised(turn, row):
        args = (row["token"], row["element"], row["name"], problem, _named(turn, row))
        cases.raise_incident(turn, running, EMPTY_QUEUE, *args)
    row.update(values)


def is_raised(turn: Turn, row: Data) -> bool:
    """This will tell whether operators know already that nobody can take a task."""
    mine = (INCIDENTS.c.case_id == row["case_id"], INCIDENTS.c.token == row["token"])
    still = (INCIDENTS.c.kind == EMPTY_QUEUE, INCIDENTS.c.resolved_at.is_(None))
    return turn.session.scalar(select(INCIDENTS.c.id).where(*mine, *still).limit(1)) is not None


def _named(turn: Turn, row: Data) -> Data:
    """Whom the task is for, as an incident keeps it for the next try."""
    parts = [part for part in row["role"].split(",") if part]
    place = turn.directory.units.get(row["unit_id"] or 0)
    login = None if parts else next(iter(_login(turn, row["assignee_id"])), None)
    return {
        "lane": None,
        "assignee": login,
        "groups": [part for part in parts if not part.startswith("@")],
        "users": [part[1:] for part in parts if part.startswith("@")],
        "unit": place.code if place is not None else None,
    }


def _login(turn: Turn, person_id: int | None) -> Iterator[str]:
    if person_id is not None:
        yield from turn.session.scalars(select(Person.login).where(Person.id == person_id))
