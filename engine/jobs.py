"""Jobs that are due: claimed in batches, run one by one, repeated with growing pauses, at last an incident.

stateDiagram-v2
    [*] --> waiting
    waiting --> waiting : claimed (a lease, no state of its own); it ends or fails, or its worker dies
    waiting --> suspended : the case is suspended
    suspended --> waiting : resumed, with the time that was left
    waiting --> failed : the last attempt failed; an incident tells so
    failed --> waiting : an operator retries
    waiting --> [*] : done, or what it belongs to is gone
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    Tuple,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from engine import bpmn, cases, feel, limits, listener_answers, notices, prepared, reasons, starting
from engine.apps import Service
from engine.batches import Known
from engine.bpmn import timers
from engine.bpmn.host import answered
from engine.bpmn.stimuli import CompleteService, FireTimer, ThrowError
from engine.db import table
from engine.errors import NotFound
from engine.hands import Aside, Flood
from engine.history import Entry
from engine.models import OPEN, OURS, Incident, Job, Notice, new_id
from engine.prepared import Change, Prepared
from engine.task_listeners import DENIED, WHY
from engine.turn import Turn
from engine.writing import inserting

Data = dict[str, Any]
JOBS, INCIDENTS = table(Job), table(Incident)
WAITING, FAILED, SUSPENDED = "waiting", "failed", "suspended"
TIMER, SERVICE, START, EXTERNAL = "timer", "service", "start", "external"
LEASE = timedelta(minutes=5)  # where no heartbeat keeps it
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
WINDOW = 10_000  # due jobs that are looked at for others than a flood
FEW = 20  # of others that come first
_GONE = Prepared(delete(JOBS).where(JOBS.c.id == bindparam("gone_job")))
LONGEST_STACK = 8_000  # characters: its end tells most


class ServiceMissing(NotFound):
    """No app registers the service {type}."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this worker may run until its lease ends."""

    id: UUID
    kind: str
    type: str | None
    case_id: UUID | None
    token: int | None
    definition_id: int | None
    element: str
    attempts: int
    retries: int
    due_at: datetime
    rank: int
    payload: str

    @property
    def details(self) -> Data:
        """This will return what the job needs to know."""
        found: Data = feel.loads(self.payload)
        return found


CLAIMED = tuple(JOBS.c[name] for name in Claimed.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Order:
    """Which of the due jobs come first: for the database, and for those that it has given."""

    columns: tuple[ColumnElement[Any], ...]
    key: Callable[[Claimed], tuple[Any, ...]]


OLDEST = Order((JOBS.c.due_at, JOBS.c.rank, JOBS.c.id), lambda job: (job.due_at, job.rank, job.id))
URGENT = Order((JOBS.c.rank, JOBS.c.due_at, JOBS.c.id), lambda job: (job.rank, job.due_at, job.id))


def claim(
    session: Session,
    *,
    now: datetime,
    worker: str,
    limit: int,
    aside: Aside | None = None,
    lease: timedelta = LEASE,
) -> list[Claimed]:
    """This will take up to `limit` due jobs, oldest first, that no other worker has and that are not external.

    Of those due at the same moment the one with the higher priority comes first. Service calls that are set `aside` are
    left.
    """
    return take(session, _wanted(aside), OLDEST, now=now, until=now + lease, worker=worker, limit=limit)


def claim_others(
    session: Session,
    flood: Flood,
    place: tuple[Any, ...] | None,
    *,
    now: datetime,
    worker: str,
    aside: Aside | None = None,
    lease: timedelta = LEASE,
) -> tuple[list[Claimed], tuple[Any, ...] | None]:
    """This will take a few due jobs that are no part of a `flood`, and tell up to where it looked for them.

    It looks at no more than `WINDOW` jobs from `place` on, so that a look costs the same however much is due.
    """
    which, order = _wanted(aside), tuple_(*OLDEST.columns)
    if place is not None:
        which = (*which, order > _placed(place))
    due = select(*OLDEST.columns).where(*which, *free(now)).order_by(*OLDEST.columns)
    last = session.execute(due.offset(WINDOW - 1).limit(1)).first()
    if last is not None:
        which = (*which, order <= _placed(last))
    if flood.cases:
        which = (*which, func.coalesce(JOBS.c.case_id.not_in(flood.cases), True))
    if flood.steps:
        which = (*which, tuple_(JOBS.c.kind, JOBS.c.element).not_in(sorted(flood.steps)))
    found = take(session, which, OLDEST, now=now, until=now + lease, worker=worker, limit=FEW)
    if len(found) == FEW:
        return found, OLDEST.key(found[-1])
    return found, None if last is None else tuple(last)


def _placed(place: Sequence[Any]) -> Tuple:
    return tuple_(*(literal(value, column.type) for value, column in zip(place, OLDEST.columns, strict=True)))


def _wanted(aside: Aside | None) -> tuple[TextClause | ColumnElement[bool], ...]:
    which: list[TextClause | ColumnElement[bool]] = [text(OURS)]
    if aside is not None and aside.all_services:
        which.append(JOBS.c.kind != SERVICE)
    elif aside is not None and (aside.types or aside.cases):
        of_types, of_cases = JOBS.c.type.in_(sorted(aside.types)), JOBS.c.case_id.in_(aside.cases)
        which.append(or_(JOBS.c.kind != SERVICE, and_(func.coalesce(~of_types, True), ~of_cases)))
    return tuple(which)


def take(
    session: Session,
    which: tuple[TextClause | ColumnElement[bool], ...],
    order: Order,
    *,
    now: datetime,
    until: datetime,
    worker: str,
    limit: int,
) -> list[Claimed]:
    """This will take up to `limit` due jobs of those asked for, in this order, that no other worker has."""
    due = select(JOBS.c.id).where(*which, *free(now)).order_by(*order.columns).limit(limit)
    return lease(session, due.with_for_update(skip_locked=True), order, until=until, worker=worker)


def lease(session: Session, due: Select[Any], order: Order, *, until: datetime, worker: str) -> list[Claimed]:
    """This will let `worker` have the jobs whose ids `due` finds and locks, and return them in their order."""
    found = due.cte("due")  # looked up once: an IN may ask again for each row, and take more than the limit
    taken = update(JOBS).where(JOBS.c.id.in_(select(found.c.id))).values(leased_until=until, leased_by=worker)
    return sorted((Claimed(*row) for row in session.execute(taken.returning(*CLAIMED))), key=order.key)


def free(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """This will ask for jobs that are due and that nobody has."""
    return JOBS.c.due_at <= now, or_(JOBS.c.leased_until.is_(None), JOBS.c.leased_until < now)


def let_go(session: Session, ids: list[UUID], *, worker: str) -> None:
    """This will return jobs that were claimed and not run, so that nobody has to wait for the lease to end."""
    mine = (JOBS.c.id.in_(ids), JOBS.c.leased_by == worker)
    session.execute(update(JOBS).where(*mine).values(leased_until=None, leased_by=None))


def keep(session: Session, ids: Sequence[UUID], *, until: datetime, worker: str) -> None:
    """This will extend the lease of jobs that take long."""
    mine = (JOBS.c.id.in_(ids), JOBS.c.leased_by == worker, JOBS.c.leased_until.is_not(None))
    session.execute(update(JOBS).where(*mine).values(leased_until=until))


def fire(turn: Turn, job: Claimed, known: Known | None = None) -> None:
    """This will fire a timer, once: when its token waits no longer, nothing happens.

    `known` is what was read of the case before.
    """
    assert job.case_id is not None
    assert job.token is not None
    running = (known or Known()).case(turn, job.case_id)
    if running.waiting.get(str(job.token)) is None:
        _remove(turn, job)
    elif running.row["state"] == OPEN:
        cases.advance(turn, running, FireTimer(job.token))


def answer(turn: Turn, job: Claimed, data: Data) -> None:
    """This will give the answer of a service to its case."""
    if not _hear(turn, job, data):
        _step(turn, job, CompleteService(job.token or 0, data))


def throw(turn: Turn, job: Claimed, error: bpmn.ServiceError) -> None:
    """This will let a case catch the BPMN error that its service ended with; that of a listener denies a change."""
    if not _hear(turn, job, {DENIED: True, WHY: error.message or error.code}):
        _step(turn, job, ThrowError(job.token or 0, error.code, error.message, error.data))


def _hear(turn: Turn, job: Claimed, answer: Data) -> bool:
    told = job.details.get("listener") if job.token is None else None
    if told is not None and job.case_id is not None:
        listener_answers.hear(turn, job.id, job.case_id, told, answer)
    return told is not None


def _step(turn: Turn, job: Claimed, stimulus: CompleteService | ThrowError) -> None:
    assert job.case_id is not None
    running = cases.load(turn, job.case_id)
    if running.waiting.get(str(job.token)) is None:
        _remove(turn, job)
    elif running.row["state"] == OPEN:
        cases.advance(turn, running, stimulus)


def _remove(turn: Turn, job: Claimed) -> None:
    prepared.send(turn.session, [Change(_GONE, {"gone_job": job.id})])


def start(turn: Turn, job: Claimed) -> None:
    """This will start a case by the timer of a start event and arm the timer for the next time."""
    gone = turn.session.execute(delete(JOBS).where(JOBS.c.id == job.id).returning(JOBS.c.id)).first()
    if gone is None:
        return
    assert job.definition_id is not None
    following = turn.library.process(turn.session, job.definition_id)
    armed = next(start for start in following.starts if start.element == job.element)
    schedule = _schedule(turn, job.definition_id, armed, job.details, job.due_at)
    next_one = schedule.following()
    if next_one is not None:
        _arm(turn.session, job.definition_id, job.element, next_one)
    listed = turn.catalog.definitions[job.definition_id]
    starting.start_case(turn, listed, {}, element=job.element)


def _schedule(turn: Turn, definition_id: int, start: Any, details: Data, due_at: datetime) -> timers.Schedule:
    """Only what the start event says counts: `left` of the stored firing tells how often it still fires."""
    fresh = first_firing(turn, definition_id, start)
    return timers.Schedule(due_at, details["left"], fresh.every, fresh.line, fresh.until)


def first_firing(turn: Turn, definition_id: int, start: Any) -> timers.Schedule:
    """This will return when the timer of a start event fires first. Raises TimerInvalid."""
    value = start.event.expression
    app = turn.library.app(turn.catalog.definitions[definition_id].app)
    environment = turn.surroundings(app, definition_id).environment(turn.now)
    found = value.feel.evaluate({}, environment) if value.feel is not None else value.text
    return timers.schedule(start.event.timer, found, turn.now)


def arm_start(turn: Turn, definition_id: int, start: Any) -> None:
    """This will make the job that starts a case when the timer of a start event is due."""
    _arm(turn.session, definition_id, start.element, first_firing(turn, definition_id, start))


def _arm(session: Session, definition_id: int, element: str, schedule: timers.Schedule) -> None:
    row = {
        "id": new_id(),
        "kind": START,
        "definition_id": definition_id,
        "element": element,
        "state": WAITING,
        "due_at": schedule.due_at,
        "attempts": 0,
        "retries": 3,
        "payload": feel.dumps({"left": schedule.left}),
        "error": "",
    }
    session.execute(insert(JOBS), [row])


def fail(turn: Turn, job: Claimed, problem: Exception) -> None:
    """This will let a job wait longer each time it fails; after its last attempt the case has an incident."""
    reason, left = str(problem) or type(problem).__name__, job.retries - job.attempts - 1
    stack = "".join(traceback.format_exception(problem))[-LONGEST_STACK:]
    note_failure(turn, job, reason, left=left, due_at=timers.again_at(job.details, turn.now), stack=stack)


def note_failure(
    turn: Turn, job: Claimed, reason: str, *, left: int, due_at: datetime | None = None, stack: str = ""
) -> Data | None:
    """This will count a failed attempt: `left` more are made, the next at `due_at` or after a pause that grows.

    Without any left the case has an incident. Returns what was written, or None when the job has changed meanwhile.
    """
    attempts = job.attempts + 1
    values: Data = {"attempts": attempts, "error": reason[:2000], "leased_until": None, "leased_by": None}
    values["retries"] = attempts + max(left, 0)
    if left > 0:
        pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
        values |= {"state": WAITING, "due_at": due_at or turn.now + pause}
    else:
        values |= {"state": FAILED, "due_at": job.due_at}
    mine = (JOBS.c.id == job.id, JOBS.c.attempts == job.attempts, JOBS.c.state == WAITING)
    met = turn.session.execute(update(JOBS).where(*mine).values(**values).returning(JOBS.c.id)).first()
    if met is None:
        return None
    if left <= 0 and job.case_id is not None:
        _raise_incident(turn, job, reason, stack)
    return values


def _raise_incident(turn: Turn, job: Claimed, reason: str, stack: str) -> None:
    assert job.case_id is not None
    running = cases.load(turn, job.case_id)
    node = running.process.nodes.get(job.element)
    name = node.name[:200] if node is not None else ""
    row = {
        "id": new_id(),
        "case_id": job.case_id,
        "token": job.token,
        "kind": "job",
        "job_id": job.id,
        "element": job.element,
        "name": name,
        "reason": reason,
        "code": reasons.code_of(reason),
        "stack": stack,
        "detail": feel.dumps({"attempts": job.attempts + 1, "job": job.kind, **_called(job)}),
        "raised_at": turn.now,
    }
    running.row["incidents"] += 1
    told = {"reason": reason, "incident": str(row["id"])}
    entry = Entry(kind="incident", element=job.element, name=name, detail=told)
    operators = inserting(Notice, notices.of_incident(turn, running.row, name or job.element, reason))
    cases.record(turn, running, [entry], operators)
    turn.session.execute(insert(INCIDENTS), [row])


def _called(job: Claimed) -> Data:
    return {"type": job.details.get("type")} if job.kind in (SERVICE, EXTERNAL) else {}


def call(find: Callable[[str], Service | None], job: Claimed) -> Data:
    """This will call the service of a job, outside of every transaction. Raises AnswerUnfit and what it raises."""
    details = job.details
    service = find(details["type"])
    if service is None:
        raise ServiceMissing(type=details["type"])
    if service.is_job:
        return answered(service.function(details["data"], details["headers"], str(job.id)))
    return answered(service.function(details["data"], details["headers"]))


def suspend(turn: Turn, case_id: UUID) -> None:
    """This will stop the jobs of a case; `resume` gives timers the time that they had left.

    Statutory limits run on: only a stop of the clock with its legal ground holds them.
    """
    found = (JOBS.c.case_id == case_id, JOBS.c.state == WAITING, JOBS.c.kind != limits.KIND)
    turn.session.execute(update(JOBS).where(*found).values(state=SUSPENDED, leased_until=None, leased_by=None))


def resume(turn: Turn, case_id: UUID, suspended_at: datetime) -> None:
    """This will let the jobs of a case wait on: what was not due when they stopped is due so much later."""
    found = select(JOBS.c.id, JOBS.c.due_at).where(JOBS.c.case_id == case_id, JOBS.c.state == SUSPENDED)
    for id, due_at in turn.session.execute(found).all():
        left = max(due_at - suspended_at, timedelta(0))
        values = {"state": WAITING, "due_at": turn.now + left}
        turn.session.execute(update(JOBS).where(JOBS.c.id == id).values(**values))
