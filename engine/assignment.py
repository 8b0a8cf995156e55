"""Giving a task to somebody else: delegated it comes back, transferred it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update

from engine import cases, drafts, notices, prepared, queues, requeuing, task_listeners, tasks
from engine.access import may_resolve, standin_for
from engine.directory import Official
from engine.errors import Conflict, Invalid, Refused
from engine.models import OPEN, STANDING, Task
from engine.prepared import Change
from engine.tasks import DONE_BY, FOUR_EYES, TASKS, Held
from engine.turn import Turn

Data = dict[str, Any]
TRANSFER, NEVER = "bihuan:transfer", "none"


class TargetUnfit(Invalid):
    """{person} cannot have this task."""


class TargetUnknown(TargetUnfit):
    """There is no active person {person}."""


class TargetSame(TargetUnfit):
    """{person} has this task already."""


class TargetElsewhere(TargetUnfit):
    """{person} holds no role of this task and works in another unit."""


class TargetBarred(TargetUnfit):
    """Four eyes: {person} did “{element}” in this case, so somebody else must do this task."""


class TargetAsked(TargetUnfit):
    """{person} is asked to sign this task; take the signature away first."""


class MayNotTransfer(Refused):
    """This task may not be given away for good."""


class NotDelegated(Conflict):
    """This task was not delegated to you."""


class NoteMissing(Invalid):
    """Please say why."""


def find_target(turn: Turn, login: str) -> Official:
    """This will find an active person by login. Raises TargetUnknown."""
    found = turn.directory.logins.get(login)
    if found is None:
        raise TargetUnknown(person=login)
    return found


def holds_role(turn: Turn, held: Held, target: Official) -> tuple[str, int] | None:
    """This will return the post in which a person could do the task: in its own unit, else anywhere."""
    parts = [part for part in held.row["role"].split(",") if part]
    posts = [post for post in turn.directory.posts.get(target.id, ()) if post[0] in parts]
    return next((post for post in posts if post[1] == held.row["unit_id"]), posts[0] if posts else None)


def require_fit(turn: Turn, held: Held, target: Official) -> None:
    """This will refuse to give a task to somebody who has nothing to do with it. Raises TargetUnfit."""
    if target.id in (turn.by.person_id, held.row["assignee_id"]):
        raise TargetSame(person=target.name)
    if held.row["signs"] and target.id in turn.session.scalars(_signers(held.row)).all():
        raise TargetAsked(person=target.name)
    near = {held.row["unit_id"], *(membership.unit_id for membership in turn.by.memberships)}
    works = any(unit_id in near for _role, unit_id in turn.directory.posts.get(target.id, ()))
    named = f"@{target.login}" in held.row["role"].split(",")
    if not (works or named or holds_role(turn, held, target)):
        raise TargetElsewhere(person=target.name)
    for element in (held.property(FOUR_EYES) or "").replace(",", " ").split():
        asked = {"case": held.row["case_id"], "element": element, "person": target.id, "other": target.id}
        found = prepared.first(turn.session, DONE_BY, asked)
        if found is not None:
            raise TargetBarred(person=target.name, element=found[0])


def _signers(main: Data) -> Select[Any]:
    mine = (TASKS.c.case_id == main["case_id"], TASKS.c.token == main["token"])
    return select(TASKS.c.assignee_id).where(*mine, TASKS.c.sign > 0, TASKS.c.state.in_(STANDING))


def delegate(turn: Turn, task_id: UUID, login: str, *, note: str = "") -> Task:
    """This will let somebody else work on a task and answer. Raises TargetUnfit, Delegated, NotYours, TaskTaken."""
    held = tasks.load(turn, task_id)
    tasks.require_handler(turn, held)
    tasks.require_other_eyes(turn, held)
    target = find_target(turn, login)
    require_fit(turn, held, target)
    is_claimed = held.row["is_claimed"] or held.row["assignee_id"] is None
    values = {"assignee_id": target.id, "owner_id": turn.by.person_id, "is_claimed": is_claimed}
    return change(turn, held, "delegated", values, {"to": target.name, **_noted(note)})


def resolve(turn: Turn, task_id: UUID, *, note: str, data: Mapping[str, Any] | None = None) -> Task:
    """This will give a delegated task back to who delegated it, with `data` as their draft.

    The delegate does so with a note; who delegated it may call it back; so may those who stand in for them. Is that
    one gone, or may have the task no longer, it waits in its queue, with `data` as draft of everybody there. Raises
    NotDelegated, NoteMissing.
    """
    held = tasks.load(turn, task_id)
    row, me = held.row, turn.by.person_id
    queue: Data = {name: row[name] for name in ("assignee_id", "role", "unit_id", "process_id")}
    if not may_resolve(turn.by, **queue, state=OPEN, owner_id=row["owner_id"]):
        raise NotDelegated
    standin = standin_for(turn.by, **queue) if me != row["owner_id"] else None
    is_recalled = me != row["assignee_id"] and standin is None
    if not is_recalled and not note.strip():
        raise NoteMissing
    if data and not is_recalled:
        drafts.keep(turn, str(task_id), dict(data), row["owner_id"])
    told: Data = {"to": tasks.name_of(turn, row["owner_id"]), **_noted(note)}
    if standin is not None:
        told["on_behalf"] = standin.name
    if data and not is_recalled:
        told["data"] = dict(data)
    kind = "called_back" if is_recalled else "given_back"
    if not requeuing.may_keep(turn.directory, row, row["owner_id"]):
        owner = row["owner_id"]
        values = {"assignee_id": None, "is_claimed": False, "owner_id": None, "on_behalf_id": None}
        requeuing.send(turn, held, values, told, kind)
        requeuing.hand_over(turn, held, owner)
        return tasks.as_task(held)
    return change(turn, held, kind, {"assignee_id": row["owner_id"], "owner_id": None}, told)


def transfer(turn: Turn, task_id: UUID, login: str, *, note: str = "") -> Task:
    """This will give a task to somebody else for good. Raises MayNotTransfer, TargetUnfit, Delegated, NotYours."""
    held = tasks.load(turn, task_id)
    tasks.require_handler(turn, held)
    if held.property(TRANSFER) == NEVER:
        raise MayNotTransfer
    target = find_target(turn, login)
    require_fit(turn, held, target)
    # Taken from no queue: it cannot be released to the queue of those who gave it away.
    values = {"assignee_id": target.id, "is_claimed": False, "on_behalf_id": None, **_moved(turn, held, target)}
    return change(turn, held, "transferred", values, {"to": target.name, **_noted(note)})


def _moved(turn: Turn, held: Held, target: Official) -> Data:
    """The unit where the new handler holds a role of the task, when that is another one: its board counts the task."""
    post = holds_role(turn, held, target)
    if post is None or post[1] == held.row["unit_id"]:
        return {}
    place = turn.directory.units[post[1]]
    queue_id = queues.queue_id(turn, held.row["role"], place.id)
    return {"unit_id": place.id, "unit_path": place.path, "unit_name": place.name, "queue_id": queue_id}


def change(turn: Turn, held: Held, kind: str, values: Data, told: Data) -> Task:
    """This will write who has a task now, and the line of the history that says so."""
    about = task_listeners.About.of(held.row, held.detail, held.running)
    values, heard = task_listeners.ask(turn, about, task_listeners.ASSIGNING, kind, values)
    statement = update(TASKS).where(TASKS.c.id == held.row["id"], TASKS.c.state == OPEN).values(**values)
    whom = held.row["assignee_id"] if kind == notices.CALLED_BACK else values["assignee_id"]
    held.row.update(values)
    told_of = notices.tell_others(turn, [whom], kind, held.running.row, held.row, told.get("text", ""))
    cases.record(turn, held.running, [tasks.entry(held, kind, told)], [Change(statement), *told_of, *heard])
    return tasks.as_task(held)


def _noted(note: str) -> Data:
    return {"text": note.strip()} if note.strip() else {}
