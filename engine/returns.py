"""Giving a case back to an earlier step: which steps are offered, and who does the step again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import bpmn, cases, tasks
from engine.assignment import NoteMissing
from engine.bpmn.host import Host
from engine.bpmn.outcome import State
from engine.bpmn.stimuli import ReturnTo
from engine.errors import Refused
from engine.models import DONE, OPEN, Case
from engine.prepared import Change
from engine.tasks import TASKS
from engine.turn import LostRace, Turn

RETURN_TO, RETURN_OTHERS = "bihuan:returnTo", "bihuan:returnOthers"
NOWHERE, KEEP = "none", "keep"
SENT_BACK = "sent_back"


class MayNotReturn(Refused):
    """This task may not be returned to {element}."""


def earlier_steps(
    session: Session,
    row: Mapping[str, Any],
    allowed: str | None,
    process: bpmn.Process,
    state: State,
    host: Host,
) -> list[bpmn.Node]:
    """This will list the steps that a task may be returned to: they precede it, were done, and the diagram allows them.

    `allowed` is what the diagram says: `none`, ids by space, or nothing (None).
    """
    if allowed is not None and allowed.strip() == NOWHERE:
        return []
    only = set((allowed or "").replace(",", " ").split())
    done = select(TASKS.c.element).where(TASKS.c.case_id == row["case_id"], TASKS.c.state == DONE, TASKS.c.sign == 0)
    were_done = set(session.scalars(done.distinct()))
    steps = bpmn.earlier_steps(process, state, row["token"], host)
    return [step for step in steps if step.id in were_done and (not only or step.id in only)]


def give_back(turn: Turn, task_id: UUID, element: str, *, reason: str) -> Case:
    """This will withdraw a task and let the earlier step `element` be done again.

    By who did it last, if they still may. Raises MayNotReturn, NoteMissing, TaskHeld, Delegated, NotYours, TaskTaken.
    """
    held = tasks.load(turn, task_id)
    tasks.require_handler(turn, held)
    if not reason.strip():
        raise NoteMissing
    row, running = held.row, held.running
    if str(row["token"]) not in running.waiting:
        raise LostRace
    around = turn.surroundings(running.app, running.row["definition_id"])
    allowed = held.property(RETURN_TO)
    steps = earlier_steps(turn.session, row, allowed, running.process, running.state, around)
    step = next((step for step in steps if step.id == element), None)
    if step is None:
        raise MayNotReturn(element=element)
    turn.again[element] = _last_doer(turn, row["case_id"], element)
    told = {"to": step.name or step.id, "element": element, "text": reason.strip()}
    values = {"completed_by": turn.by.person_id, "assignee_id": turn.by.person_id, "outcome": SENT_BACK}
    mine = Change(update(TASKS).where(TASKS.c.id == row["id"], TASKS.c.state == OPEN).values(**values))
    others = held.property(RETURN_OTHERS) != KEEP
    stimulus = ReturnTo(row["token"], element, withdraw_others=others)
    cases.advance(turn, running, stimulus, before=[tasks.entry(held, SENT_BACK, told)], also=[mine])
    turn.again.clear()
    return running.as_case()


def _last_doer(turn: Turn, case_id: UUID, element: str) -> int | None:
    done = (TASKS.c.case_id == case_id, TASKS.c.element == element, TASKS.c.state == DONE, TASKS.c.sign == 0)
    found = select(TASKS.c.completed_by).where(*done).order_by(TASKS.c.completed_at.desc(), TASKS.c.id.desc())
    return turn.session.scalar(found.limit(1))
