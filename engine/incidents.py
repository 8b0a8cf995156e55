"""What operators do when a case stands still, and with cases as a whole: retry, suspend, resume, cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import cases, feel, grounds, jobs, limit_gaps, limit_repairs, messages, queues, readings, reasons, requeuing
from engine.access import require_operator
from engine.bpmn import shifting
from engine.bpmn.outcome import TaskOpened
from engine.bpmn.stimuli import Cancel, RetryIncident
from engine.cases import Running
from engine.db import table
from engine.errors import Conflict, NotFound
from engine.history import Entry
from engine.models import CANCELLED, OPEN, SUSPENDED, Case, Incident, Task
from engine.opening import EMPTY_QUEUE
from engine.prepared import Change
from engine.turn import Turn

INCIDENTS, TASKS = table(Incident), table(Task)


class IncidentNotFound(NotFound):
    """There is no such incident."""


class IncidentResolved(Conflict):
    """This incident was resolved before."""


class QueueStillEmpty(Conflict):
    """Still {problem}."""

    def text(self, language: str = "zh") -> str:
        """This will say what is still wrong in `zh` or `en`."""
        return self.message if language == "en" else f"仍未解决：{reasons.say(self.details['problem'])}。"


class NotSuspended(Conflict):
    """Case {case} is not suspended."""


def find(turn: Turn, incident_id: UUID) -> dict[str, Any]:
    """This will return the row of an open incident. Raises IncidentNotFound, IncidentResolved."""
    found = turn.session.execute(select(INCIDENTS).where(INCIDENTS.c.id == incident_id)).mappings().first()
    if found is None:
        raise IncidentNotFound
    if found["resolved_at"] is not None:
        raise IncidentResolved
    return dict(found)


def retry(turn: Turn, incident_id: UUID, *, reason: str = "") -> Case:
    """This will try again what failed. Raises OperatorsOnly, IncidentNotFound, IncidentResolved, QueueStillEmpty."""
    require_operator(turn.by)
    incident = find(turn, incident_id)
    running = cases.load(turn, incident["case_id"])
    if not (incident["kind"] == "job" and incident["token"] is None and running.row["ended_at"] is not None):
        cases.require_open(running)  # listeners may still have to hear of an ended case
    told = {"kind": incident["kind"], **({"reason": reason.strip()} if reason.strip() else {})}
    told_of: list[Entry] = []
    changes: list[Change] = []
    entry = Entry(kind="retried", element=incident["element"], name=incident["name"], detail=told)
    if incident["kind"] == "failed" and incident["token"] is not None and not _is_form(running, incident):
        cases.advance(turn, running, RetryIncident(incident["token"]), before=[entry])
        return running.as_case()
    if incident["kind"] == "job":
        again = {"state": jobs.WAITING, "attempts": 0, "due_at": turn.now, "leased_until": None}
        turn.session.execute(update(jobs.JOBS).where(jobs.JOBS.c.id == incident["job_id"]).values(**again))
    elif incident["kind"] == EMPTY_QUEUE:
        _route_again(turn, running, incident)
    elif incident["kind"] == readings.COPY:
        readings.copy_again(turn, running, incident)
    elif incident["kind"] == limit_gaps.GAP:
        told_of, changes = limit_repairs.repair(turn, running, incident)
    else:
        _bind_form(turn, incident)
    resolved = {"resolved_at": turn.now, "resolved_by": turn.by.person_id}
    running.row["incidents"] -= 1
    change = update(INCIDENTS).where(INCIDENTS.c.id == incident_id).values(**resolved)
    cases.record(turn, running, [entry, *told_of], [*changes, Change(change)])
    return running.as_case()


def _is_form(running: Running, incident: dict[str, Any]) -> bool:
    return "form" in feel.loads(incident["detail"])


def _bind_form(turn: Turn, incident: dict[str, Any]) -> None:
    form_id = feel.loads(incident["detail"])["form"]
    form = turn.catalog.resource("form", form_id, now=turn.now)
    if form is None:
        raise QueueStillEmpty(problem=f"the form {form_id} is not deployed")
    mine = (TASKS.c.case_id == incident["case_id"], TASKS.c.token == incident["token"], TASKS.c.sign == 0)
    turn.session.execute(update(TASKS).where(*mine).values(resource_id=form.id))


def _route_again(turn: Turn, running: Running, incident: dict[str, Any]) -> None:
    """The queue or person that the diagram named, as the directory stands now."""
    named = feel.loads(incident["detail"])
    opened = TaskOpened(
        token=incident["token"],
        element=incident["element"],
        name=incident["name"],
        process_key="",
        lane=named["lane"],
        assignee=named["assignee"],
        groups=tuple(named["groups"]),
        users=tuple(named["users"]),
        unit=named["unit"],
    )
    route = queues.route(turn, opened=opened, unit_id=running.row["unit_id"], roles=running.app.roles)
    if route.problem is not None:
        raise QueueStillEmpty(problem=route.problem)
    place = route.place
    values: dict[str, Any] = {"assignee_id": route.assignee_id, "queue_id": route.queue_id, "role": route.role}
    if place is not None:
        values |= {"unit_id": place.id, "unit_path": place.path, "unit_name": place.name}
    mine = (
        TASKS.c.case_id == running.id,
        TASKS.c.token == incident["token"],
        TASKS.c.sign == 0,
        TASKS.c.state == OPEN,
    )
    for task_id in turn.session.scalars(update(TASKS).where(*mine).values(**values).returning(TASKS.c.id)).all():
        requeuing.inherit(turn, task_id, values["role"], values.get("unit_id"))


def retry_job(turn: Turn, job_id: UUID) -> Case:
    """This will try a failed job again: the incident that it became. Raises OperatorsOnly, IncidentNotFound."""
    require_operator(turn.by)
    mine = select(INCIDENTS.c.id).where(INCIDENTS.c.job_id == job_id, INCIDENTS.c.resolved_at.is_(None))
    case_id = turn.session.scalar(select(jobs.JOBS.c.case_id).where(jobs.JOBS.c.id == job_id))
    found = turn.session.scalar(mine.where(INCIDENTS.c.case_id == case_id))
    if found is None:
        raise IncidentNotFound
    return retry(turn, found)


def suspend(turn: Turn, case_id: UUID, *, reason: str) -> Case:
    """This will stop a case: nobody can work on it and no timer fires until it is resumed."""
    require_operator(turn.by)
    reason = grounds.given(reason)
    running = cases.load(turn, case_id)
    cases.require_open(running)
    running.row.update(state=SUSPENDED, suspended_at=turn.now)
    jobs.suspend(turn, case_id)
    cases.record(turn, running, [Entry(kind="suspended", detail={"reason": reason})])
    return running.as_case()


def resume(turn: Turn, case_id: UUID, *, reason: str = "") -> Case:
    """This will let a suspended case go on; timers have the time left that they had. Raises NotSuspended."""
    require_operator(turn.by)
    running = cases.load(turn, case_id)
    if running.row["state"] != SUSPENDED:
        raise NotSuspended(case=running.row["number"])
    suspended_at = running.row["suspended_at"]
    running.row.update(state=OPEN, suspended_at=None)
    _postpone(turn, running, suspended_at)
    jobs.resume(turn, case_id, suspended_at)
    messages.look_again(turn, case_id)
    told = {"since": suspended_at.isoformat(), **({"reason": reason.strip()} if reason.strip() else {})}
    cases.record(turn, running, [Entry(kind="resumed", detail=told)])
    return running.as_case()


def _postpone(turn: Turn, running: Running, suspended_at: datetime) -> None:
    """A repeating timer counts on from its last time, which the snapshot keeps."""
    kept = feel.loads(running.row["snapshot"])
    kept["state"] = running.state = shifting.postpone(running.state, turn.now - suspended_at)
    running.row["snapshot"] = feel.encode(kept)


def cancel(turn: Turn, case_id: UUID, *, reason: str) -> Case:
    """This will end a case where it stands; its open tasks are withdrawn."""
    require_operator(turn.by)
    reason = grounds.given(reason)
    running = cases.load(turn, case_id)
    if running.row["state"] != SUSPENDED:
        cases.require_open(running)
    running.row.update(state=CANCELLED, ended_at=turn.now, suspended_at=None)
    cases.advance(turn, running, Cancel(), before=[Entry(kind="cancelled", detail={"reason": reason})])
    return running.as_case()
