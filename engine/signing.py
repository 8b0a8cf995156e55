"""Signatures that are added to a task: asked for before it goes on, beside it, or after it was submitted.

A signature is a row of its own below the task's token. It gives an opinion and decides nothing: the task's person reads
it, the case goes on when the task is submitted and nobody is left to sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from engine import cases, feel, notices, readings, task_listeners, tasks
from engine.access import NotYours, may_complete
from engine.assignment import NoteMissing, TargetSame, TargetUnfit, find_target
from engine.bpmn.stimuli import CompleteTask
from engine.directory import Official
from engine.errors import Conflict, Invalid, Refused
from engine.history import Entry
from engine.models import DONE, HELD, OPEN, PLANNED, STANDING, WITHDRAWN, Case, Task, new_id
from engine.prepared import Change
from engine.task_listeners import ASSIGNING, About
from engine.tasks import TASKS, Held
from engine.turn import LostRace, Turn
from engine.writing import inserting

Data = dict[str, Any]
BEFORE, PARALLEL, AFTER = "before", "parallel", "after"
WHEN = (BEFORE, PARALLEL, AFTER)
MOST = 50  # signatures that one task waits for
AGREED, DISAGREED, REMOVED = "agreed", "disagreed", "removed"


class NotSign(Conflict):
    """This is no signature that was asked for."""


class OwnRequest(Refused):
    """You have the task that this signature is asked for, or asked for it, so you cannot give it for somebody else."""


class WhenUnknown(Invalid):
    """A signature is asked for before, parallel or after, not {when}."""


class TooManySigns(Invalid):
    """A task waits for at most {limit} signatures."""


class AlreadyAsked(TargetUnfit):
    """{person} has been asked for a signature already."""


def add(turn: Turn, task_id: UUID, logins: Sequence[str], *, when: str, note: str = "") -> list[Task]:
    """This will ask others to sign: `before` the task goes on, `parallel` to it, or `after` it was submitted.

    Raises WhenUnknown, TargetUnfit, AlreadyAsked, TooManySigns, TaskHeld (it was submitted), Delegated, NotYours.
    """
    if when not in WHEN:
        raise WhenUnknown(when=when)
    held = tasks.load(turn, task_id, (OPEN, HELD))
    tasks.require_handler(turn, held)
    tasks.require_other_eyes(turn, held)
    if "submitted" in held.detail:
        raise tasks.TaskHeld
    asked = _asked(turn, held)
    targets = [_target(turn, login, asked, held.row["assignee_id"]) for login in dict.fromkeys(logins)]
    if not targets or held.row["signs"] + len(targets) > MOST:
        raise TooManySigns(limit=MOST)
    last = turn.session.scalar(select(func.max(TASKS.c.sign)).where(*_of_token(held.row))) or 0
    rows = [_row(turn, held, target, last + n, when, note) for n, target in enumerate(targets, 1)]
    row = held.row
    values: Data = {"signs": row["signs"] + len(rows)}
    if when == BEFORE:
        values["state"] = HELD
    taken, heard = _take(turn, held)
    values |= taken
    told = {"to": "、".join(target.name for target in targets), "when": when, **({"text": note} if note else {})}
    changes = [Change(update(TASKS).where(TASKS.c.id == row["id"]).values(**values)), *inserting(Task, rows), *heard]
    for each in rows if when != AFTER else ():
        changes += notices.tell_others(turn, [each["assignee_id"]], notices.SIGN_ASKED, held.running.row, each, note)
    cases.record(turn, held.running, [tasks.entry(held, "signs_added", told)], changes)
    return [Task(**each) for each in rows]


def _take(turn: Turn, held: Held) -> tuple[Data, list[Change]]:
    """Who asks for signatures of a free task takes it, if its listeners let them."""
    if held.row["assignee_id"] is not None:
        return {}, []
    about = About.of(held.row, held.detail, held.running)
    return task_listeners.ask(turn, about, ASSIGNING, "claimed", {"assignee_id": turn.by.person_id, "is_claimed": True})


def _of_token(row: Data) -> tuple[Any, ...]:
    return TASKS.c.case_id == row["case_id"], TASKS.c.token == row["token"]


def _standing(turn: Turn, main: Data) -> list[Data]:
    """The signatures that a task still waits for."""
    found = select(TASKS).where(*_of_token(main), TASKS.c.sign > 0, TASKS.c.state.in_(STANDING))
    return [dict(row) for row in turn.session.execute(found).mappings()]


def _asked(turn: Turn, held: Held) -> set[int]:
    return {row["assignee_id"] for row in _standing(turn, held.row)}


def _target(turn: Turn, login: str, asked: set[int], handler_id: int | None) -> Official:
    target = find_target(turn, login)
    if target.id in (turn.by.person_id, handler_id):
        raise TargetSame(person=target.name)
    if target.id in asked:
        raise AlreadyAsked(person=target.name)
    return target


def _row(turn: Turn, held: Held, target: Official, number: int, when: str, note: str) -> Data:
    """A signature shows what its task shows, and stands on the board of the unit where its person works."""
    main, detail = held.row, held.detail
    asked = {"when": when, "note": note, "asked_by": turn.by.person_id, "asked_at": turn.now.isoformat()}
    place = turn.directory.units.get(target.unit_id) if target.unit_id is not None else None
    where: Data = {"unit_id": place.id, "unit_path": place.path, "unit_name": place.name} if place else {}
    return {
        **main,
        **where,
        "id": new_id(),
        "parent_id": main["id"],
        "sign": number,
        "signs": 0,
        "state": PLANNED if when == AFTER else OPEN,
        "role": "",
        "queue_id": None,
        "assignee_id": target.id,
        "on_behalf_id": None,
        "owner_id": None,
        "is_claimed": False,
        "form_id": None,
        "resource_id": None,
        "urged_at": None,
        "urged_count": 0,
        "created_at": turn.now,
        "detail": feel.dumps({"local": detail["local"], "properties": {}, "lane": None, "sign": asked}),
    }


def sign(turn: Turn, task_id: UUID, *, text: str, agrees: bool) -> Case:
    """This will give the opinion that was asked for. Raises NotSign, NotYours, OwnRequest, SignDone, SignPlanned.

    Who disagrees says why. The opinion decides nothing; when nobody is left to sign a submitted task goes on.
    """
    held = tasks.load(turn, task_id)
    row = held.row
    if row["parent_id"] is None:
        raise NotSign
    if not may_complete(turn.by, **{name: row[name] for name in ("assignee_id", "role", "unit_id", "process_id")}):
        raise NotYours(needed=tasks.name_of(turn, row["assignee_id"]))
    if row["assignee_id"] != turn.by.person_id and turn.by.person_id in _askers(turn, held):
        raise OwnRequest
    if not agrees and not text.strip():
        raise NoteMissing
    on_behalf = tasks.absent(turn, held)
    outcome = AGREED if agrees else DISAGREED
    detail = {**held.detail, "opinion": {"text": text.strip(), "agrees": agrees}}
    values = {
        "state": DONE,
        "completed_at": turn.now,
        "completed_by": turn.by.person_id,
        "assignee_id": turn.by.person_id,
        "on_behalf_id": on_behalf,
        "outcome": outcome,
        "detail": feel.dumps(detail),
    }
    told: Data = {"text": text.strip(), "agrees": agrees}
    if on_behalf is not None:
        told["on_behalf"] = tasks.name_of(turn, on_behalf)
    _take_away(turn, held, values, tasks.entry(held, "signed", told))
    return held.running.as_case()


def remove(turn: Turn, task_id: UUID, *, reason: str) -> Case:
    """This will take back that somebody was asked to sign. Raises NotSign, NotYours, SignDone, NoteMissing.

    The task's person may, and who asked. When nobody is left to sign the task goes on.
    """
    held = tasks.load(turn, task_id, (OPEN, PLANNED))
    if held.row["parent_id"] is None:
        raise NotSign
    main = _main(turn, held)
    if turn.by.person_id is None or turn.by.person_id not in (main["assignee_id"], held.detail["sign"]["asked_by"]):
        raise NotYours(needed=tasks.name_of(turn, main["assignee_id"]))
    if not reason.strip():
        raise NoteMissing
    told = {"to": tasks.name_of(turn, held.row["assignee_id"]), "text": reason.strip()}
    values = {"state": WITHDRAWN, "completed_at": turn.now, "outcome": REMOVED}
    _take_away(turn, held, values, tasks.entry(held, "sign_removed", told))
    return held.running.as_case()


def lose(turn: Turn, held: Held, told: Data) -> None:
    """This will take back a signature of somebody who has left; its task goes on when nobody else is asked."""
    values = {"state": WITHDRAWN, "completed_at": turn.now, "outcome": REMOVED}
    _take_away(turn, held, values, tasks.entry(held, "sign_removed", told))


def _askers(turn: Turn, held: Held) -> tuple[int | None, ...]:
    return _main(turn, held)["assignee_id"], held.detail["sign"]["asked_by"]


def _main(turn: Turn, held: Held) -> Data:
    found = turn.session.execute(select(TASKS).where(TASKS.c.id == held.row["parent_id"])).mappings().one()
    return dict(found)


def _take_away(turn: Turn, held: Held, values: Data, entry: Entry) -> None:
    """Ends one signature, and lets its task go on when that waited for nobody else."""
    main = _main(turn, held)
    if str(main["token"]) not in held.running.waiting:
        raise LostRace
    rest = [row for row in _standing(turn, main) if row["id"] != held.row["id"]]
    mine = update(TASKS).where(TASKS.c.id == held.row["id"], TASKS.c.state.in_(STANDING)).values(**values)
    submitted = feel.loads(main["detail"]).get("submitted")
    if submitted is not None and not rest:
        _finish(turn, held, main, submitted, entry, Change(mine))
        return
    left: Data = {"signs": len(rest)}
    if main["state"] == HELD and submitted is None and not any(_is_before(row) for row in rest):
        left["state"] = OPEN
    changes = [Change(mine), Change(update(TASKS).where(TASKS.c.id == main["id"]).values(**left))]
    cases.record(turn, held.running, [entry], changes)


def _is_before(row: Data) -> bool:
    return bool(feel.loads(row["detail"])["sign"]["when"] == BEFORE)


def _finish(turn: Turn, held: Held, main: Data, submitted: Data, entry: Entry, signed: Change) -> None:
    """All have signed: the task is done with what it was submitted with, by who submitted it, at that moment."""
    running, told = held.running, dict(submitted["told"])
    done = {
        "state": DONE,
        "signs": 0,
        "completed_at": datetime.fromisoformat(submitted["at"]),
        "completed_by": submitted["by"],
        "on_behalf_id": submitted["for"],
        "outcome": told.get("outcome", "")[:64] or None,
    }
    finished = Change(update(TASKS).where(TASKS.c.id == main["id"], TASKS.c.state == HELD).values(**done))
    del running.waiting[str(main["token"])]
    told |= {"task": main["id"], "submitted_by": tasks.name_of(turn, submitted["by"])}
    stimulus = CompleteTask(main["token"], submitted["data"])
    cases.advance(turn, running, stimulus, before=[entry], also=[signed, finished], told={main["token"]: told})
    readings.copy_after(turn, running, main, Held(main, running, False).property(readings.CC))
