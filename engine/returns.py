"""Giving a case back to an earlier step: which steps are offered, and who does the step again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import bpmn, cases, rules, tasks
from engine.assignment import NoteMissing
from engine.bpmn.host import Host
from engine.bpmn.outcome import State
from engine.bpmn.stimuli import ReturnTo
from engine.errors import Refused
from engine.models import DONE, OPEN, Case
from engine.prepared import Change
from engine.tasks import TASKS
from engine.turn import LostRace, Turn

RETURN_OTHERS = "returnOthers"
SENT_BACK = "sent_back"


class MayNotReturn(Refused):
    """This task may not be returned to {element}."""


def earlier_steps(
    session: Session,
    row: Mapping[str, Any],
    properties: Mapping[str, str],
    process: bpmn.Process,
    state: State,
    host: Host,
) -> list[bpmn.EarlierStep]:
    """This will list the steps that a task may be returned to: they precede it, were done, and the diagram allows them.

    `returnTo` names steps of the task's own process (`none`: no step of it); `returnCaller` allows those that the
    process which called it had done before.
    """
    allowed, into_callers = rules.said(properties, rules.RETURN_TO), returns_to_callers(properties)
    if allowed == rules.NEVER and not into_callers:
        return []
    only = set(allowed.replace(",", " ").split())
    columns = (TASKS.c.process_id, TASKS.c.element)
    done = select(*columns).where(TASKS.c.case_id == row["case_id"], TASKS.c.state == DONE, TASKS.c.sign == 0)
    were_done = {(process_id, element) for process_id, element in session.execute(done.distinct())}
    steps = bpmn.earlier_steps(process, state, row["token"], host, into_callers=into_callers)
    return [
        step
        for step in steps
        if (step.process_id, step.node.id) in were_done
        and (not only or step.process_id != row["process_id"] or step.node.id in only)
    ]


def returns_to_callers(properties: Mapping[str, str]) -> bool:
    """This will tell whether a task of a called process may be returned to steps before the call."""
    return rules.said(properties, rules.RETURN_CALLER) == rules.ALLOW


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
    properties = held.detail["properties"]
    steps = earlier_steps(turn.session, row, properties, running.process, running.state, around)
    step = next((step for step in steps if step.node.id == element), None)
    if step is None:
        raise MayNotReturn(element=element)
    turn.again[element] = _last_doer(turn, row["case_id"], step)
    told = {"to": step.node.name or element, "element": element, "text": reason.strip()}
    values = {"completed_by": turn.by.person_id, "assignee_id": turn.by.person_id, "outcome": SENT_BACK}
    mine = Change(update(TASKS).where(TASKS.c.id == row["id"], TASKS.c.state == OPEN).values(**values))
    others = rules.said(properties, RETURN_OTHERS) != rules.KEEP
    stimulus = ReturnTo(row["token"], element, others, returns_to_callers(properties))
    cases.advance(turn, running, stimulus, before=[tasks.entry(held, SENT_BACK, told)], also=[mine])
    turn.again.clear()
    return running.as_case()


def _last_doer(turn: Turn, case_id: UUID, step: bpmn.EarlierStep) -> int | None:
    same = (TASKS.c.process_id == step.process_id, TASKS.c.element == step.node.id)
    done = (TASKS.c.case_id == case_id, *same, TASKS.c.state == DONE, TASKS.c.sign == 0)
    found = select(TASKS.c.completed_by).where(*done).order_by(TASKS.c.completed_at.desc(), TASKS.c.id.desc())
    return turn.session.scalar(found.limit(1))
