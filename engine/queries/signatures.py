"""What a task's page shows of others: signatures, how far a countersign has come, and who did the steps before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, feel, returns
from engine.access import Actor
from engine.definitions import Surroundings
from engine.models import DONE, OPEN, STANDING, Case, Person, Task
from engine.queries import paging

ENOUGH = re.compile(r"=\s*numberOfCompletedInstances\s*>=\s*([1-9]\d{0,3})\s*")
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sign:
    """A signature that was asked for: `when` is before, parallel or after, `state` as of tasks, names of persons.

    `agrees` is None until it was given; `may_remove` tells whether the actor may take it away.
    """

    task_id: UUID
    person: str
    when: str
    state: str
    note: str
    asked_by: str
    asked_at: datetime
    text: str
    agrees: bool | None
    signed_at: datetime | None
    may_remove: bool


@dataclass(frozen=True, slots=True)
class Countersigner:
    """One who countersigns. `state` is that of the task."""

    task_id: UUID
    person: str
    state: str
    outcome: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Countersign:
    """How far a step that several people do has come: `done` of `total`, in turn when `is_sequential`.

    `enough` is the condition of the diagram under which the others need not any more ("" for none).
    """

    total: int
    done: int
    is_sequential: bool
    enough: str
    people: list[Countersigner]

    @property
    def needed(self) -> int | None:
        """This will return how many are enough, where the diagram says so by a plain number below the total."""
        found = ENOUGH.fullmatch(self.enough)
        return int(found[1]) if found is not None and int(found[1]) < self.total else None


@dataclass(frozen=True, slots=True)
class Step:
    """An earlier step that a task may be returned to, and who did it last."""

    element: str
    name: str
    by: str
    done_at: datetime


def signs(session: Session, actor: Actor, found: Task) -> list[Sign]:
    """This will list the signatures of a task (of the task that `found` is a signature of), in the order asked for."""
    mine = (Task.case_id == found.case_id, Task.token == found.token)
    rows = list(session.scalars(select(Task).where(*mine).order_by(Task.sign)))
    if len(rows) < 2:
        return []
    main, *added = rows
    details = [feel.loads(row.detail) for row in added]
    names = _names(session, (*(row.assignee_id for row in added), *(each["sign"]["asked_by"] for each in details)))
    made = []
    for row, detail in zip(added, details, strict=True):
        asked, opinion = detail["sign"], detail.get("opinion") or {}
        may_remove = access.may_remove_sign(
            actor, state=row.state, asked_by=asked["asked_by"], handler_id=main.assignee_id
        )
        made.append(
            Sign(
                task_id=row.id,
                person=names.get(row.assignee_id, ""),
                when=asked["when"],
                state=row.state,
                note=asked["note"],
                asked_by=names.get(asked["asked_by"], ""),
                asked_at=datetime.fromisoformat(asked["asked_at"]),
                text=opinion.get("text", ""),
                agrees=opinion.get("agrees"),
                signed_at=row.completed_at if row.state == DONE else None,
                may_remove=may_remove,
            )
        )
    return made


def countersign(session: Session, found: Task, state: Data) -> Countersign | None:
    """This will tell how far the multi-instance step that a task belongs to has come; None when it is over or none."""
    node = paging.library(session).process(session, found.definition_id).nodes.get(found.element)
    if node is None or node.loop is None:
        return None
    bodies = [row for row in state["tokens"] if row[2] == "body" and row[3] == found.element and row[0] < found.token]
    if not bodies:
        return None
    body = max(bodies, key=lambda row: row[0])
    mine = (Task.case_id == found.case_id, Task.element == found.element, Task.token > body[0], Task.sign == 0)
    rows = session.scalars(select(Task).where(*mine, Task.state.in_((DONE, *STANDING))).order_by(Task.token)).all()
    names = _names(session, (id for row in rows for id in (row.assignee_id, row.completed_by)))
    people = [
        Countersigner(
            row.id, names.get(row.completed_by or row.assignee_id, ""), row.state, row.outcome or "", row.completed_at
        )
        for row in rows
    ]
    enough = node.loop.completion.text if node.loop.completion is not None else ""
    return Countersign(body[5]["n"], body[5]["done"], node.loop.sequential, enough, people)


def earlier_steps(
    session: Session, found: Task, case: Case, snapshot: Data, properties: Mapping[str, str]
) -> list[Step]:
    """This will list the steps that an open task may be returned to, in the order of the diagram."""
    if found.state != OPEN or found.kind == "sign" or case.state != OPEN:
        return []
    library = paging.library(session)
    directory = library.directories.current(session)
    around = Surroundings(
        session, library, library.catalog(session), directory, library.app(case.app), case.definition_id
    )
    process = library.process(session, case.definition_id)
    row = {"case_id": found.case_id, "token": found.token, "process_id": found.process_id}
    steps = returns.earlier_steps(session, row, properties, process, snapshot["state"], around)
    if not steps:
        return []
    done = select(Task.process_id, Task.element, Task.completed_by, Task.completed_at).where(
        Task.case_id == found.case_id, Task.state == DONE, Task.sign == 0
    )
    rows = session.execute(done.order_by(Task.completed_at, Task.id))
    last = {(each.process_id, each.element): each for each in rows}
    found_last = [(step.node, last[step.process_id, step.node.id]) for step in steps]
    names = _names(session, (each.completed_by for _node, each in found_last))
    return [
        Step(node.id, node.name or node.id, names.get(each.completed_by, ""), each.completed_at)
        for node, each in found_last
    ]


def _names(session: Session, ids: Iterable[int | None]) -> dict[int | None, str]:
    wanted = {id for id in ids if id is not None}
    return {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))}
