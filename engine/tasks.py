"""What people do with tasks: claim, release, complete."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import and_, bindparam, case, delete, func, literal_column, or_, select, update
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.selectable import FromClause

from engine import cases, feel, files, notices, prepared, readings, rules, submission, task_listeners
from engine import catalog as catalogs
from engine import directory as directories
from engine.access import FourEyes, NotYours, Standin, may_claim, may_complete, standin_for
from engine.bpmn.stimuli import CompleteTask
from engine.bpmn.variables import visible
from engine.cases import CASES, COLUMNS, Running
from engine.catalog import ZONE
from engine.db import table
from engine.errors import Conflict, NotFound, Refused
from engine.history import EVENTS, Entry
from engine.models import DONE, HELD, OPEN, PLANNED, SUSPENDED, Case, Draft, Person, Task
from engine.prepared import Change, Prepared
from engine.task_listeners import ASSIGNING, About
from engine.turn import LostRace, Turn

Data = dict[str, Any]
TASKS, DRAFTS = table(Task), table(Draft)
TASK_COLUMNS = tuple(TASKS.c)
TASK_NAMES = tuple(column.name for column in TASK_COLUMNS)
FOUR_EYES, OUTCOME, WHEN_OWN = "bihuan:fourEyes", "bihuan:outcome", "bihuan:whenOwn"

_DRAFT = select(DRAFTS.c.key).where(DRAFTS.c.person_id == bindparam("person"), DRAFTS.c.key == bindparam("key"))
_EARLIER = TASKS.alias("earlier")


def _is_by(rows: FromClause, people: Sequence[BindParameter[Any]]) -> ColumnElement[bool]:
    """Whether one of `people` did a task or had it done for them; a delegate has done what somebody else sends."""
    given_back = select(EVENTS.c.task_id).where(
        EVENTS.c.case_id == rows.c.case_id,
        EVENTS.c.kind == literal_column(f"'{notices.GIVEN_BACK}'"),  # written out: a parameter would hide the index
        EVENTS.c.actor_id.in_(people),
    )
    return and_(
        rows.c.state == DONE,
        rows.c.sign == 0,
        or_(rows.c.completed_by.in_(people), rows.c.on_behalf_id.in_(people), rows.c.id.in_(given_back)),
    )


_DID = (
    select(func.aggregate_strings(_EARLIER.c.element, cast(Any, literal_column("' '"))))
    .where(_EARLIER.c.case_id == TASKS.c.case_id, _is_by(_EARLIER, (bindparam("person"),)))
    .scalar_subquery()
)
QUESTION = Prepared(
    select(
        *TASK_COLUMNS,
        *COLUMNS,
        catalogs.stamp(),
        directories.stamp(),
        _DRAFT.exists(),
        case((TASKS.c.detail.contains(FOUR_EYES.removeprefix("bihuan:")), _DID), else_=None),
    )
    .join_from(TASKS, CASES, TASKS.c.case_id == CASES.c.id)
    .where(TASKS.c.id == bindparam("task"))
)
DONE_TASK = Prepared(
    update(TASKS)
    .where(TASKS.c.id == bindparam("done_task"), TASKS.c.state == OPEN)
    .values(
        state=DONE,
        completed_at=bindparam("done_at", type_=TASKS.c.completed_at.type),
        completed_by=bindparam("done_by"),
        assignee_id=bindparam("done_by"),
        on_behalf_id=bindparam("done_for"),
        outcome=bindparam("done_outcome"),
    )
)
DONE_BY = Prepared(  # by who acts, or by whom they act for
    select(TASKS.c.name)
    .where(
        TASKS.c.case_id == bindparam("case"),
        TASKS.c.element == bindparam("element"),
        _is_by(TASKS, (bindparam("person"), bindparam("other"))),
    )
    .limit(1)
)


class TaskNotFound(NotFound):
    """There is no such task."""


class TaskDone(Conflict):
    """{by} did this task at {at}."""


class TaskWithdrawn(Conflict):
    """This task was withdrawn at {at}, because its case went another way."""


class TaskTaken(Conflict):
    """{by} has taken this task."""


class TaskHeld(Conflict):
    """This task waits for signatures."""


class SignPlanned(Conflict):
    """This signature is asked for when its task is submitted."""


class SignDone(Conflict):
    """{by} gave this signature at {at}."""


class IsSign(Conflict):
    """This is a signature: it can be given or taken away, nothing else."""


class Delegated(Conflict):
    """{by} delegated this task and gets it back before it can be finished."""


class NotDone(Conflict):
    """This task is not done."""


class OwnCase(Refused):
    """You started this case, so somebody else must do this task."""


class NotReleasable(Conflict):
    """Only a task that you took from a queue can be given back to it."""


@dataclass(slots=True)
class Held:
    """A task as read together with its case. `drafts` tells whether the actor kept a draft of it.

    `did` names the steps of the case that the actor has done, when the task may be one for other eyes.
    """

    row: Data
    running: Running
    drafts: bool
    did: frozenset[str] = frozenset()
    _detail: tuple[str, Data] | None = None  # as written, and as read

    @property
    def detail(self) -> Data:
        """This will return local data and properties of the task."""
        text = self.row["detail"]
        if self._detail is None or self._detail[0] is not text:
            self._detail = text, feel.loads(text)
        return self._detail[1]

    def property(self, name: str) -> str | None:
        """This will return a property of the diagram, written as `bihuan:` attribute or as zeebe property."""
        properties = self.detail["properties"]
        found = properties.get(name, properties.get(name.removeprefix("bihuan:")))
        return None if found is None else str(found)


def load(turn: Turn, task_id: UUID, states: Collection[str] = (OPEN,), *, even_suspended: bool = False) -> Held:
    """This will read a task that is in one of `states` with its case, catalog and directory in one question.

    Raises TaskNotFound, TaskDone, TaskWithdrawn, TaskHeld, SignDone, SignPlanned, CaseSuspended, CaseEnded.
    """
    if turn.is_locking:
        mine = select(TASKS.c.case_id).where(TASKS.c.id == task_id).scalar_subquery()
        turn.session.execute(select(CASES.c.id).where(CASES.c.id == mine).with_for_update())
    asked = {"task": task_id, "key": str(task_id), "person": turn.by.person_id}
    values = prepared.first(turn.session, QUESTION, asked)
    if values is None:
        raise TaskNotFound
    row = dict(zip(TASK_NAMES, values, strict=False))
    *of_case, catalog_version, directory_version, drafts, did = values[len(TASK_NAMES) :]
    turn.look(catalog_version, directory_version)
    if row["state"] not in states:
        _refuse_state(turn, row)
    running = cases.restore(turn, of_case)
    if not (even_suspended and running.row["state"] == SUSPENDED):
        cases.require_open(running)
    return Held(row, running, bool(drafts), frozenset((did or "").split()))


def _refuse_state(turn: Turn, row: Mapping[str, Any]) -> None:
    """Says what became of a task, who did it and when."""
    state, is_sign = row["state"], row["parent_id"] is not None
    if state == DONE:
        done = SignDone if is_sign else TaskDone
        raise done(by=name_of(turn, row["completed_by"]), at=shown(row["completed_at"]))
    if state == PLANNED:
        raise SignPlanned
    if state == HELD:
        raise TaskHeld
    if state == OPEN:
        raise NotDone
    raise TaskWithdrawn(at=shown(row["completed_at"]))


def name_of(turn: Turn, person_id: int | None) -> str:
    """This will return a person's name, also of one who left."""
    if person_id is None:
        return "系统"
    return turn.session.scalar(select(Person.name).where(Person.id == person_id)) or "?"


def shown(at: datetime | None) -> str:
    """This will return a moment as officials read it."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if at is not None else ""


def needed(held: Held) -> str:
    """This will say who may do a task: role@unit, or whose it is."""
    titles = held.running.app.roles
    roles = "、".join(titles.get(part, part) for part in held.row["role"].split(",") if part)
    return f"{roles}@{held.row['unit_name']}" if roles else held.row["unit_name"] or held.row["name"]


def _queue(held: Held) -> Data:
    return {name: held.row[name] for name in ("assignee_id", "role", "unit_id", "process_id")}


def _refuse(turn: Turn, held: Held) -> None:
    """Says why somebody may not have a task: it is somebody else's, or waits for another role."""
    assignee_id = held.row["assignee_id"]
    free = {**_queue(held), "assignee_id": None}
    if assignee_id is not None and assignee_id != turn.by.person_id and may_claim(turn.by, **free):
        raise TaskTaken(by=name_of(turn, assignee_id))
    raise NotYours(needed=needed(held))


def require_handler(turn: Turn, held: Held) -> None:
    """This will refuse everybody but who may finish the task. Raises NotYours, TaskTaken, IsSign, Delegated."""
    row = held.row
    if not may_complete(turn.by, **_queue(held)):
        _refuse(turn, held)
    if row["parent_id"] is not None:
        raise IsSign
    if row["owner_id"] is not None:
        raise Delegated(by=name_of(turn, row["owner_id"]))


def claim(turn: Turn, task_id: UUID) -> Task:
    """This will take a free task out of its queue. Raises NotYours, TaskTaken, FourEyes."""
    held = load(turn, task_id)
    if held.row["assignee_id"] == turn.by.person_id is not None:
        return as_task(held)
    if not may_claim(turn.by, **_queue(held)):
        _refuse(turn, held)
    require_other_eyes(turn, held)
    _assign(turn, held, "claimed", turn.by.person_id, standin_for(turn.by, **_queue(held)))
    return as_task(held)


def release(turn: Turn, task_id: UUID) -> Task:
    """This will give a claimed task back to its queue. Raises NotYours, NotReleasable."""
    held = load(turn, task_id)
    if held.row["assignee_id"] != turn.by.person_id:
        _refuse(turn, held)
    if held.row["queue_id"] is None or not held.row["is_claimed"] or held.row["owner_id"] is not None:
        raise NotReleasable
    _assign(turn, held, "released", None)
    return as_task(held)


def _assign(turn: Turn, held: Held, kind: str, person_id: int | None, standin: Standin | None = None) -> None:
    row = held.row
    values = {"assignee_id": person_id, "is_claimed": person_id is not None}
    values["on_behalf_id"] = standin.person_id if standin is not None else None
    values, told = task_listeners.ask(turn, About.of(row, held.detail, held.running), ASSIGNING, kind, values)
    change = update(TASKS).where(TASKS.c.id == row["id"], TASKS.c.state == OPEN).values(**values)
    row.update(values)
    detail = {"on_behalf": standin.name} if standin is not None else None
    cases.record(turn, held.running, [entry(held, kind, detail)], [Change(change), *told])


def entry(held: Held, kind: str, detail: Data | None = None) -> Entry:
    """This will return a line of the history about the task."""
    row = held.row
    return Entry(kind=kind, element=row["element"], name=row["name"], task_id=row["id"], detail=detail or {})


def as_task(held: Held) -> Task:
    """This will return the row as the model that callers know."""
    return Task(**held.row)


def absent(turn: Turn, held: Held) -> int | None:
    """This will return the absent person for whom the actor does a task, perhaps claimed for them before."""
    standin = standin_for(turn.by, **_queue(held))
    if standin is None:
        kept: int | None = held.row["on_behalf_id"]
        return kept
    return standin.person_id or held.row["assignee_id"]


def require_other_eyes(turn: Turn, held: Held) -> None:
    """This will refuse somebody who did one of the tasks that the diagram wants done by others. Raises FourEyes.

    Who acts for an absent person may not do what that person may not do either.
    """
    if held.property(WHEN_OWN) == rules.REFUSE and held.running.row["started_by"] == turn.by.person_id is not None:
        raise OwnCase
    elements = (held.property(FOUR_EYES) or "").replace(",", " ").split()
    if not elements or turn.by.person_id is None:
        return
    pair = {"person": turn.by.person_id, "other": absent(turn, held) or turn.by.person_id}
    if pair["person"] == pair["other"] and held.did.isdisjoint(elements):
        return
    for element in elements:
        found = prepared.first(turn.session, DONE_BY, {"case": held.row["case_id"], "element": element, **pair})
        if found is not None:
            raise FourEyes(element=found[0])


def complete(
    turn: Turn, task_id: UUID, sent: Mapping[str, Any], *, outcome: str | None = None, locale: str = "zh"
) -> Case:
    """This will finish a task with what its form sent and run the case on.

    A free task may be completed by a member of its queue, who thereby claims it. Raises TaskDone, TaskTaken, NotYours,
    FourEyes, FormInvalid, NotYourFile.
    """
    held = load(turn, task_id)
    row, running = held.row, held.running
    require_handler(turn, held)
    require_other_eyes(turn, held)
    if str(row["token"]) not in running.waiting:
        raise LostRace
    if row["resource_id"] is None:
        outcome = None  # only a form has outcomes
    seen = visible(running.state, row["token"], running.data) or {**running.data, **held.detail["local"]}
    around = turn.surroundings(running.app, running.row["definition_id"])
    data, attachments = submission.check(
        turn, row["resource_id"], sent, outcome=outcome, case=seen, around=around, locale=locale
    )
    on_behalf = absent(turn, held)
    also = files.bind(turn, attachments, case_id=running.id, task_id=task_id)
    told: Data = {"data": data, **_behalf(turn, held, on_behalf)}
    if outcome is not None:
        told["outcome"] = outcome
        data = {**data, held.property(OUTCOME) or "outcome": outcome}
    if row["signs"]:
        _submit(turn, held, {"data": data, "told": told, "for": on_behalf}, also)
        return running.as_case()
    del running.waiting[str(row["token"])]
    also = [*_done(turn, held, outcome, on_behalf), *also]
    told = {"task": task_id, **told}
    cases.advance(turn, running, CompleteTask(row["token"], data), also=also, told={row["token"]: told})
    readings.copy_after(turn, running, row, held.property(readings.CC))
    return running.as_case()


def _submit(turn: Turn, held: Held, submitted: Data, also: Sequence[Change]) -> None:
    """Keeps what a task is finished with until all have signed; signatures planned for now are asked for."""
    row, by = held.row, turn.by.person_id
    submitted = {**submitted, "by": by, "at": turn.now.isoformat()}
    mine = (TASKS.c.case_id == row["case_id"], TASKS.c.token == row["token"])
    values = {"state": HELD, "assignee_id": by, "detail": feel.dumps({**held.detail, "submitted": submitted})}
    kept = update(TASKS).where(*mine, TASKS.c.id == row["id"]).values(**values)
    asked = update(TASKS).where(*mine, TASKS.c.state == PLANNED).values(state=OPEN, created_at=turn.now)
    told = {name: value for name, value in submitted["told"].items() if name != "data"}
    signs = turn.session.execute(select(TASKS).where(*mine, TASKS.c.state == PLANNED)).mappings().all()
    for each in signs:
        also = [
            *also,
            *notices.tell_others(turn, [each["assignee_id"]], notices.SIGN_ASKED, held.running.row, dict(each)),
        ]
    changes = [Change(kept), Change(asked), *_forget_drafts(held), *also]
    cases.record(turn, held.running, [entry(held, "submitted", told)], changes)


def _behalf(turn: Turn, held: Held, on_behalf: int | None) -> Data:
    """What the history says of somebody who did a task for another: the name, of a group that of its unit."""
    standin = standin_for(turn.by, **_queue(held))
    if on_behalf is not None:
        return {"on_behalf": name_of(turn, on_behalf)}
    return {"on_behalf": standin.name} if standin is not None else {}


def _done(turn: Turn, held: Held, outcome: str | None, on_behalf: int | None) -> list[Change]:
    values = {"done_task": held.row["id"], "done_at": turn.now, "done_by": turn.by.person_id, "done_for": on_behalf}
    values["done_outcome"] = outcome[:64] if outcome is not None else None
    return [Change(DONE_TASK, values), *_forget_drafts(held)]


def _forget_drafts(held: Held) -> list[Change]:
    return [Change(delete(DRAFTS).where(DRAFTS.c.key == str(held.row["id"])))] if held.drafts else []
