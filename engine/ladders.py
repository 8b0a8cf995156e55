"""What follows when a limit comes near or is exceeded: its ladder is climbed rung by rung, each exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, select, update

from engine import cases, feel, notices, prepared, queues, rungs, singles, starting, task_listeners
from engine.batches import OF_TASK, Known
from engine.bpmn.outcome import MessageSent, TaskOpened
from engine.bpmn.stimuli import ThrowEscalation
from engine.calendars import CHINA
from engine.cases import Running
from engine.db import table
from engine.history import Entry
from engine.limit_definitions import (
    ESCALATION,
    MESSAGE,
    NOTIFY,
    RAISE,
    REASSIGN,
    REMIND,
    START,
    LimitDefinition,
    Rung,
)
from engine.models import OPEN, RUNNING, Job, Limit, Task
from engine.prepared import Change, Prepared
from engine.rungs import Standing
from engine.task_listeners import ASSIGNING, UPDATING, About
from engine.turn import Turn

Data = dict[str, Any]
LIMITS, JOBS, TASKS = table(Limit), table(Job), table(Task)
NAMES = tuple(column.name for column in LIMITS.c)
_QUESTION = Prepared(select(*LIMITS.c).where(LIMITS.c.id == bindparam("asked_limit", type_=LIMITS.c.id.type)))
_COUNT = Prepared(
    update(LIMITS)
    .where(LIMITS.c.id == bindparam("this_limit"))
    .values(climbed=bindparam("new_climbed"), exceeded_at=bindparam("new_exceeded_at", type_=LIMITS.c.exceeded_at.type))
)
_FREE: Data = {
    "due_at": bindparam("next_due_at", type_=JOBS.c.due_at.type),
    "attempts": 0,
    "leased_until": None,
    "leased_by": None,
    "error": "",
}
_REARM = Prepared(update(JOBS).where(JOBS.c.id == bindparam("next_rung")).values(**_FREE))
_LAST = Prepared(delete(JOBS).where(JOBS.c.id == bindparam("last_rung")))
# Nobody else sees what these rest upon: meanwhile the clock may go on again, with a new job under the same number.
_WAIT = Prepared(
    update(JOBS)
    .where(JOBS.c.id == bindparam("next_rung"), JOBS.c.leased_until.is_not(None))
    .where(
        exists().where(
            LIMITS.c.id == JOBS.c.id,
            LIMITS.c.climbed == bindparam("seen_climbed"),
            LIMITS.c.due_at == bindparam("seen_due_at", type_=LIMITS.c.due_at.type),
        )
    )
    .values(**_FREE)
)
_OVER = Prepared(
    delete(JOBS).where(
        JOBS.c.id == bindparam("over_limit"),
        ~exists().where(
            LIMITS.c.id == JOBS.c.id,
            LIMITS.c.state == RUNNING,
            LIMITS.c.due_at.is_not(None),
            LIMITS.c.climbed < bindparam("all_rungs"),  # a bit for each
        ),
    )
)
NO_LADDER = 2**31 - 1  # whatever is climbed: its limit runs
_RAISE = Prepared(
    update(TASKS).where(TASKS.c.id == bindparam("raised_task")).values(priority=bindparam("new_priority"))
)
MESSAGE_KEPT = 30 * 24 * 3600  # seconds that a message of a ladder waits for its receiver


@dataclass(slots=True)
class Climb:
    """One rung of one limit, about to be climbed; `changes` and `entries` are written with it."""

    turn: Turn
    running: Running
    limit: Data
    definition: LimitDefinition
    rung: Rung
    known: Known
    changes: list[Change] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def told(self) -> Data:
        """This will return what notices, messages and the history say of the limit."""
        due_at = self.limit["due_at"]
        return {"limit": self.definition.name, "code": self.definition.code, "due": due_at.isoformat()}

    def tasks(self) -> Sequence[Any]:
        """This will return the open tasks that the limit runs on: its own, or all of its case."""
        token = self.limit["token"]
        found: Sequence[Any] | None = self.known.tasks.get(self.running.id)
        if found is None:
            mine = (TASKS.c.case_id == self.running.id, TASKS.c.state == OPEN)
            found = self.turn.session.execute(select(*OF_TASK).where(*mine).order_by(TASKS.c.id)).mappings().all()
        return [task for task in found if token is None or task["token"] == token]


def climb(turn: Turn, job_id: UUID, case_id: UUID, known: Known | None = None) -> None:
    """This will climb the next rung of a limit of a case when it is due, and wait for the one after it.

    `known` is what was read of the case and the limit before.
    """
    known = known or Known()
    running = known.case(turn, case_id)  # before the limit's row: whoever changes that changes the case too
    limit = known.limits.pop(job_id, None) or _read(turn, job_id)
    if limit is None or limit["state"] != RUNNING or limit["due_at"] is None:
        prepared.send(turn.session, [Change(_OVER, {"over_limit": job_id, "all_rungs": NO_LADDER})])
        return
    definition = turn.library.limit(turn.session, limit["resource_id"])
    left = rungs.left(definition, limit["climbed"], limit["due_at"], turn.calendar)
    if not left:
        every = (1 << len(definition.ladder)) - 1
        prepared.send(turn.session, [Change(_OVER, {"over_limit": job_id, "all_rungs": every})])
        return
    if left[0].at > turn.now:
        seen = {"seen_climbed": limit["climbed"], "seen_due_at": limit["due_at"]}
        prepared.send(turn.session, [Change(_WAIT, {"next_rung": job_id, "next_due_at": left[0].at, **seen})])
        return
    rung = left[0].rung
    step = Climb(turn, running, limit, definition, rung, known)
    _count(step, left)
    detail = {**step.told, "action": rung.do, "role": rung.role, "name": rung.name, "rung": left[0].place + 1}
    step.entries.append(Entry(kind="rung_climbed", element=limit["element"], name=definition.name, detail=detail))
    _ACTIONS[rung.do](step)
    known.tasks.pop(case_id, None)  # the rung may have changed them


def _read(turn: Turn, limit_id: UUID) -> Data | None:
    row = prepared.first(turn.session, _QUESTION, {"asked_limit": limit_id})
    return None if row is None else dict(zip(NAMES, row, strict=True))


def _count(step: Climb, left: Sequence[Standing]) -> None:
    """The next rung waits; the first one after the due time says that the limit is exceeded."""
    limit, turn = step.limit, step.turn
    climbed = limit["climbed"] | 1 << left[0].place
    values: Data = {"this_limit": limit["id"], "new_climbed": climbed, "new_exceeded_at": limit["exceeded_at"]}
    if limit["due_at"] < turn.now and limit["exceeded_at"] is None:
        values["new_exceeded_at"] = limit["due_at"]
        exceeded = Entry(kind="limit_exceeded", element=limit["element"], name=step.definition.name, detail=step.told)
        step.entries.append(exceeded)
    step.changes.append(Change(_COUNT, values))
    if len(left) > 1:
        step.changes.append(Change(_REARM, {"next_rung": limit["id"], "next_due_at": left[1].at}))
    else:
        step.changes.append(Change(_LAST, {"last_rung": limit["id"]}))


def _write(step: Climb) -> None:
    cases.record(step.turn, step.running, step.entries, step.changes)


def _is_over(step: Climb) -> bool:
    return bool(step.limit["due_at"] < step.turn.now)


def _remind(step: Climb) -> None:
    """Whoever has the task is told; of a free one everybody in its queue."""
    directory = step.turn.directory
    kind = notices.LIMIT_OVER if _is_over(step) else notices.LIMIT_NEAR
    for task in step.tasks():
        persons = [task["assignee_id"]] if task["assignee_id"] is not None else []
        for role in task["role"].split(",") if not persons else ():
            if role.startswith("@"):
                official = directory.logins.get(role[1:])
                persons += [official.id] if official is not None else []
            else:
                persons += directory.held.get((task["unit_id"], role), [])
        told = {**step.told, "task": task["name"]}
        step.changes += notices.tell(step.turn, persons, kind, case=step.running.row, task_id=task["id"], detail=told)
    _write(step)


def _notify(step: Climb) -> None:
    """Those who hold the role nearest above the case's unit are told."""
    directory = step.turn.directory
    unit_id = step.running.row["unit_id"]
    place = directory.units.get(unit_id) if unit_id is not None else None
    holder = directory.find_holder([step.rung.role], place) if place is not None else None
    persons = directory.held[holder.id, step.rung.role] if holder is not None else []
    detail = {**step.told, "name": ", ".join(task["name"] for task in step.tasks()) or step.running.row["title"]}
    step.changes += notices.tell(step.turn, persons, notices.TOLD_OF_LIMIT, case=step.running.row, detail=detail)
    if not persons:
        missing = Entry(kind="rung_empty", name=step.definition.name, detail={"role": step.rung.role, **step.told})
        step.entries.append(missing)
    _write(step)


def _raise(step: Climb) -> None:
    for task in step.tasks():
        if task_listeners.may_listen(step.running.process, UPDATING):
            step.changes += _listened(step, task, UPDATING, {"priority": step.rung.priority})
        else:
            step.changes.append(Change(_RAISE, {"raised_task": task["id"], "new_priority": step.rung.priority}))
    _write(step)


def _listened(step: Climb, task: Any, event: str, values: Data) -> list[Change]:
    """A change that the listeners of a task may correct before it is written; they cannot deny what a rule demands."""
    row = dict(step.turn.session.execute(select(TASKS).where(TASKS.c.id == task["id"])).mappings().one())
    about = About.of(row, feel.loads(row["detail"]), step.running)
    told, jobs = task_listeners.hear(step.turn, about, event, step.rung.do, values)
    return [Change(update(TASKS).where(TASKS.c.id == task["id"]).values(**told)), *jobs]


def _reassign(step: Climb) -> None:
    """Open tasks of the limit go to the queue of another role, nearest above the case's unit."""
    for task in step.tasks():
        opened = TaskOpened(
            token=task["token"], element=task["element"], name=task["name"], process_key="", groups=(step.rung.role,)
        )
        unit_id = step.running.row["unit_id"]
        route = queues.route(step.turn, opened=opened, unit_id=unit_id, roles=step.running.app.roles)
        values: Data = {"assignee_id": None, "is_claimed": False, "role": route.role, "queue_id": route.queue_id}
        if route.place is not None:
            place = route.place
            values |= {"unit_id": place.id, "unit_path": place.path, "unit_name": place.name}
        if route.problem is None and task_listeners.may_listen(step.running.process, ASSIGNING):
            step.changes += _listened(step, task, ASSIGNING, values)
        elif route.problem is None:
            step.changes.append(Change(update(TASKS).where(TASKS.c.id == task["id"]).values(**values)))
        detail = {"role": step.rung.role, "problem": route.problem}
        step.entries.append(
            Entry(kind="reassigned", element=task["element"], name=task["name"], task_id=task["id"], detail=detail)
        )
    _write(step)


def _send(step: Climb) -> None:
    data = {"limit": step.told, "case": step.running.row["number"]}
    message = MessageSent(
        message=step.rung.name,
        correlation_key=step.running.row["number"],
        data=data,
        time_to_live=MESSAGE_KEPT,
    )
    _write(step)
    step.turn.sent.append(message)


def _escalate(step: Climb) -> None:
    """A BPMN escalation is thrown at the task; a limit of a case throws it at the case's first open task."""
    token = step.limit["token"]
    if token is None:
        token = next((task["token"] for task in step.tasks()), None)
    if token is None or step.running.row["state"] != OPEN:
        _write(step)
        return
    data = {"limit": feel.adopt(step.told)}
    cases.advance(
        step.turn,
        step.running,
        ThrowEscalation(token, step.rung.name, data),
        before=step.entries,
        also=step.changes,
    )


def _start(step: Climb) -> None:
    listed = step.turn.catalog.process(step.rung.name)
    if listed is None:
        step.entries.append(Entry(kind="rung_empty", name=step.definition.name, detail={"process": step.rung.name}))
    _write(step)
    if listed is None:
        return
    turn, single = step.turn, singles.single_of(step.turn, listed)
    if single is None:
        place = turn.directory.units.get(step.running.row["unit_id"])
        starting.start_case(turn, listed, _account(step), unit_code=place.code if place else None)
        return
    matter = singles.filled(turn, turn.library.app(listed.app), listed, _account(step))
    turn.sent.append(
        MessageSent(message=single.message, correlation_key=matter.key, data=matter.data, time_to_live=MESSAGE_KEPT)
    )


def _account(step: Climb) -> Data:
    """What a process that a ladder starts is told: the limit, the case, and who has the tasks that it runs on."""
    row, units = step.running.row, step.turn.directory.units
    place = units.get(row["unit_id"])
    case = {"number": row["number"], "title": row["title"], "unit": row["unit_name"]}
    held = [(task["name"], units[task["unit_id"]]) for task in step.tasks() if task["unit_id"] in units]
    tasks = [{"name": name, "unit": unit.name, "unit_code": unit.code} for name, unit in held]
    due_on = step.limit["due_at"].astimezone(CHINA).date().isoformat()
    return {
        "limit": {**step.told, "due_on": due_on},
        "case": {**case, "unit_code": place.code if place else None},
        "tasks": tasks,
    }


_ACTIONS: dict[str, Callable[[Climb], None]] = {
    REMIND: _remind,
    NOTIFY: _notify,
    RAISE: _raise,
    REASSIGN: _reassign,
    MESSAGE: _send,
    ESCALATION: _escalate,
    START: _start,
}
