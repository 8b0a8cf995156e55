"""Jobs that programs elsewhere do: fetched and locked, then completed, failed, or ended with a BPMN error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    TextClause,
    and_,
    bindparam,
    column,
    or_,
    select,
    text,
    true,
    update,
    values,
)

from engine import bpmn, feel, jobs, prepared
from engine.access import EXTERNAL_SYSTEM, Actor, require_system
from engine.cases import CASES
from engine.db import is_postgresql
from engine.errors import Conflict, Invalid
from engine.jobs import CLAIMED, EXTERNAL, FAILED, JOBS, URGENT, WAITING, Claimed, free
from engine.models import THEIRS
from engine.prepared import Prepared
from engine.queries import paging
from engine.sentences import N_, Sentence
from engine.turn import Turn

Data = dict[str, Any]
Which = tuple[TextClause | ColumnElement[bool], ...]
LONGEST_LOCK = 86_400  # seconds
LONGEST_PAUSE = timedelta(days=366)
MOST = 100  # jobs of one call
LONGEST_NAME = 64
NO_UNIT = "/"  # the path of a case that belongs to no unit


class LockLost(Conflict):
    """Worker {worker} does not hold this job: {reason}."""


class LockInvalid(Invalid):
    """Jobs cannot be locked like this: {reason}."""


@dataclass(frozen=True, slots=True)
class LockedJob:
    """A job that one worker may do until `locked_until`.

    `key` stays the same when the job is given out again: whoever sees it a second time has perhaps done the work. When
    `retries` is 1 the next failure becomes an incident.
    """

    id: UUID
    key: str
    type: str
    case_id: UUID
    case_number: str
    case_due_at: datetime | None
    process_id: str
    element: str
    headers: dict[str, str]
    data: Data
    attempts: int
    retries: int
    priority: int
    due_at: datetime
    locked_until: datetime


@dataclass(frozen=True, slots=True)
class FailedJob:
    """How a job stands after a failure: `is_waiting` for another try at `due_at`, else its case has an incident."""

    id: UUID
    is_waiting: bool
    retries: int
    due_at: datetime


def lock(turn: Turn, types: Sequence[str], worker: str, *, seconds: int, limit: int) -> list[LockedJob]:
    """This will give `worker` up to `limit` due jobs of these service types for `seconds`.

    Of cases of the units in which `turn.by` holds the role, and below. The higher priority comes first, then the older
    one. Raises SystemsOnly, LockInvalid.
    """
    require_system(turn.by)
    until = _until(turn, seconds)
    if not types or not all(types):
        raise _invalid(N_("name the types of service"))
    if not worker.strip() or len(worker) > LONGEST_NAME:
        raise _invalid(N_("a worker has a name of up to {most} characters"), most=LONGEST_NAME)
    if not 1 <= limit <= MOST:
        raise _invalid(N_("from 1 to {most} jobs at once"), most=MOST)
    due = _due(turn, tuple(dict.fromkeys(types)), limit)
    found = jobs.lease(turn.session, due, URGENT, until=until, worker=worker)
    columns = (CASES.c.id, CASES.c.number, CASES.c.due_at, CASES.c.process_id)
    rows = turn.session.execute(select(*columns).where(CASES.c.id.in_({job.case_id for job in found})))
    cases = {row.id: row for row in rows}
    return [_shown(job, cases[job.case_id], until) for job in found]


def _due(turn: Turn, types: Sequence[str], limit: int) -> Select[Any]:
    """The first jobs of each type are found in its stretch of the index: together they would all have to be sorted."""
    which: Which = (text(THEIRS), *free(turn.now), *_in_scope(turn.by))
    if len(types) == 1 or not is_postgresql(turn.session):
        due = select(JOBS.c.id).where(JOBS.c.type.in_(types), *which).order_by(*URGENT.columns)
        return due.limit(limit).with_for_update(skip_locked=True)
    asked = values(column("asked", String), name="asked").data([(each,) for each in types])
    first = select(*URGENT.columns).where(JOBS.c.type == asked.c.asked, *which).order_by(*URGENT.columns)
    each = first.limit(limit).with_for_update(skip_locked=True).lateral("each")
    found = select(each.c.id).select_from(asked.join(each, true()))
    return found.order_by(each.c.rank, each.c.due_at, each.c.id).limit(limit)


def is_due(turn: Turn, types: Sequence[str], by: Actor) -> bool:
    """This will tell whether a job of these service types waits for `by` to lock it; nothing is changed."""
    which: Which = (text(THEIRS), JOBS.c.type.in_(types), *free(turn.now), *_in_scope(by))
    return turn.session.execute(select(JOBS.c.id).where(*which).limit(1)).first() is not None


def _oversees_all(by: Actor) -> bool:
    return by.person_id is None or by.is_admin


def _in_scope(by: Actor) -> tuple[ColumnElement[bool], ...]:
    """Jobs of cases of the units below which they work, and of cases that belong to no unit: else nobody did those."""
    if _oversees_all(by):
        return ()
    path = CASES.c.unit_path
    is_mine = or_(path == NO_UNIT, *(paging.below(path, scope) for scope in by.scopes_of(EXTERNAL_SYSTEM)))
    # asked for each job that is met, in their order: a join could read all cases first
    return (select(is_mine).where(CASES.c.id == JOBS.c.case_id).scalar_subquery(),)


def _invalid(template: str, **values: Any) -> LockInvalid:
    return LockInvalid(reason=Sentence(template, values))


def _until(turn: Turn, seconds: int) -> datetime:
    if not 1 <= seconds <= LONGEST_LOCK:
        raise _invalid(N_("a lock lasts from 1 to {most} seconds"), most=LONGEST_LOCK)
    return turn.now + timedelta(seconds=seconds)


def _shown(job: Claimed, case: Any, until: datetime) -> LockedJob:
    details = job.details
    return LockedJob(
        id=job.id,
        key=str(job.id),
        type=details["type"],
        case_id=case.id,
        case_number=case.number,
        case_due_at=case.due_at,
        process_id=case.process_id,
        element=job.element,
        headers=details["headers"],
        data=details["data"],
        attempts=job.attempts,
        retries=max(job.retries - job.attempts, 1),
        priority=-job.rank,
        due_at=job.due_at,
        locked_until=until,
    )


def _held(turn: Turn, worker: str) -> tuple[Any, ...]:
    """A lock that ran out is lost even when nobody else has taken the job yet."""
    return (text(THEIRS), JOBS.c.leased_by == worker, JOBS.c.leased_until >= turn.now, *_in_scope(turn.by))


def _find(turn: Turn, job_id: UUID, worker: str) -> Claimed:
    require_system(turn.by)
    scopes = None if _oversees_all(turn.by) else turn.by.scopes_of(EXTERNAL_SYSTEM)
    asked: Data = {"job": job_id, "worker": worker, "now": turn.now}
    for number, scope in enumerate(scopes or ()):
        asked |= {f"from_{number}": scope, f"to_{number}": paging.end_of(scope)}
    row = prepared.first(turn.session, _question(None if scopes is None else len(scopes)), asked)
    if row is None:
        raise _lost(turn, job_id, worker)
    return Claimed(*row)


@cache
def _question(scopes: int | None) -> Prepared:
    """For a job that a worker holds, below so many units; None: wherever its case is."""
    now = bindparam("now", type_=JOBS.c.leased_until.type)
    held = (JOBS.c.leased_by == bindparam("worker", type_=String), JOBS.c.leased_until >= now)
    which: Which = (text(THEIRS), JOBS.c.id == bindparam("job", type_=JOBS.c.id.type), *held)
    if scopes is not None:
        path = CASES.c.unit_path
        ranges = [
            (bindparam(f"from_{each}", type_=path.type), bindparam(f"to_{each}", type_=path.type))
            for each in range(scopes)
        ]
        is_mine = or_(path == NO_UNIT, *(and_(path >= low, path < high) for low, high in ranges))
        which = (*which, select(is_mine).where(CASES.c.id == JOBS.c.case_id).scalar_subquery())
    return Prepared(select(*CLAIMED).where(*which))


def _lost(turn: Turn, job_id: UUID, worker: str) -> LockLost:
    """Tells why a worker does not hold a job; one of another unit it knows nothing of."""
    columns = (JOBS.c.state, JOBS.c.leased_by, JOBS.c.leased_until)
    found = select(*columns).where(JOBS.c.id == job_id, JOBS.c.kind == EXTERNAL, *_in_scope(turn.by))
    row = turn.session.execute(found).first()
    if row is None:
        reason = Sentence(N_("it is done, or its case went on without it"))
    elif row.state != WAITING:
        reason = Sentence(
            N_("it failed and waits for an operator") if row.state == FAILED else N_("its case is suspended")
        )
    elif row.leased_by is None:
        reason = Sentence(N_("nobody holds it; it has to be fetched first"))
    elif row.leased_until < turn.now:
        reason = Sentence(N_("its lock ran out at {moment}"), {"moment": row.leased_until})
    else:
        reason = Sentence(N_("{other} holds it"), {"other": row.leased_by})
    return LockLost(worker=worker, reason=reason)


def complete(turn: Turn, job_id: UUID, worker: str, data: Mapping[str, Any]) -> None:
    """This will give the answer of the service to its case. Raises LockLost, SystemsOnly."""
    jobs.answer(turn, _find(turn, job_id, worker), feel.to_json(dict(data)))


def throw(turn: Turn, job_id: UUID, worker: str, code: str, message: str, data: Mapping[str, Any]) -> None:
    """This will end the service with the BPMN error `code`, for its case to catch. Raises LockLost, SystemsOnly."""
    jobs.throw(turn, _find(turn, job_id, worker), bpmn.ServiceError(code, message, feel.to_json(dict(data))))


def fail(
    turn: Turn, job_id: UUID, worker: str, reason: str, *, retries: int | None, retry_at: datetime | None
) -> FailedJob:
    """This will tell that the work failed. `retries` says how many more tries to make (None: one fewer than before).

    The next is made at `retry_at`, or after a pause that grows from 10 seconds to an hour. Without any left the case
    has an incident. Raises LockLost, LockInvalid, SystemsOnly.
    """
    job = _find(turn, job_id, worker)
    left = job.retries - job.attempts - 1 if retries is None else retries
    if retry_at is not None and retry_at > turn.now + LONGEST_PAUSE:
        raise _invalid(N_("the next try is made within {most} days"), most=LONGEST_PAUSE.days)
    due_at = None if retry_at is None else max(retry_at, turn.now)
    written = jobs.note_failure(turn, job, reason or "the worker gave no reason", left=left, due_at=due_at)
    if written is None:
        raise _lost(turn, job_id, worker)
    is_waiting = written["state"] == WAITING
    return FailedJob(job.id, is_waiting, written["retries"] - written["attempts"], written["due_at"])


def extend(turn: Turn, job_id: UUID, worker: str, seconds: int) -> datetime:
    """This will let a worker keep a job for `seconds` from now and return until when. Raises LockLost, SystemsOnly."""
    require_system(turn.by)
    until = _until(turn, seconds)
    change = update(JOBS).where(JOBS.c.id == job_id, *_held(turn, worker)).values(leased_until=until)
    if turn.session.execute(change.returning(JOBS.c.id)).first() is None:
        raise _lost(turn, job_id, worker)
    return until
