"""Runs the jobs that are due, oldest first; their effects on others happen outside of every transaction.

Timers and rungs that follow one another share a transaction, because waiting for the disk and for answers is most of
what firing one takes: their cases are read at once and written at once. When one of them fails the batch is undone and
each half of it tried again, until what fails stands alone: then it is a failed job as every other one.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Protocol, TypeVar
from uuid import UUID

from engine import batches, bpmn, jobs, ladders, lateness, limit_changes, limits, messages, migration_runs, prepared
from engine.access import SYSTEM as ENGINE
from engine.access import Actor
from engine.apps import Service
from engine.db import is_postgresql
from engine.definitions import Library
from engine.hands import KEPT, Aside, Flood, Hand
from engine.jobs import Claimed
from engine.turn import LostRace, Turn

log = logging.getLogger(__name__)
SYSTEM = replace(ENGINE, origin="worker")
T = TypeVar("T")
BATCH = 20  # what one worker takes from the others while any of it may be slow
TOGETHER = 100  # timers and rungs, which never are; not on SQLite: there everybody else waits meanwhile
QUICK = (jobs.TIMER, limits.KIND)
KEPT_LEASE = timedelta(seconds=KEPT)


class Write(Protocol):
    """Runs an operation in a transaction of its own."""

    def __call__(self, by: Actor, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T: ...


def run(
    write: Write,
    library: Library,
    *,
    limit: int,
    worker: str,
    should_stop: Callable[[], bool] | None = None,
    hand: Hand | None = None,
) -> int:
    """This will run up to `limit` due jobs, oldest first, and return how many; `should_stop` is asked in between.

    `hand` is what the worker's heartbeat sees of them.
    """
    if hand is None:
        hand = Hand()
        done = run(write, library, limit=limit, worker=worker, should_stop=should_stop, hand=hand)
        if hand.tally:
            write(SYSTEM, _keep_tally, hand.tally)
        return done
    done, most = 0, BATCH
    while done < limit:
        size = min(most, limit - done)
        batch, now, is_last = _take(write, hand, worker, size)
        began = time.monotonic()
        hand.take(batch)
        for group in _groups(batch):
            if should_stop is not None and should_stop():
                give_back(write, hand.give_back(), worker)
                return done
            mine = hand.begin(group)
            if mine:
                for job in mine:
                    late = (now - job.due_at).total_seconds() + time.monotonic() - began
                    lateness.note(hand.tally, job.kind, late)
                _run_group(write, library, mine, hand.tally)
                hand.end(mine)
                done += len(mine)
        give_back(write, hand.give_back(), worker)
        most = TOGETHER if hand.is_shared and all(job.kind in QUICK for job in batch) else BATCH
        if is_last and not hand.forget():
            break
    return done


def _take(write: Write, hand: Hand, worker: str, size: int) -> tuple[Sequence[Claimed], datetime, bool]:
    """What is due, oldest first; while one case or step floods, now and then others first. Tells whether it was all."""
    lease, flood = KEPT_LEASE if hand.is_kept else jobs.LEASE, hand.flood()
    if flood is not None:
        others, hand.place, now = write(SYSTEM, _claim_others, worker, flood, hand.place, hand.aside(), lease)
        if others:
            hand.note_others()
            return others, now, False
    tally = hand.counted()
    batch, now, hand.is_shared = write(SYSTEM, _claim, worker, size, hand.aside(), lease, tally)
    hand.tell(tally)
    hand.note_flood(batch, is_full=len(batch) == size)
    return batch, now, len(batch) < size


def give_back(write: Write, ids: list[UUID], worker: str) -> None:
    """This will return jobs that were claimed and not run, so that nobody has to wait for the lease to end."""
    if ids:
        write(SYSTEM, _let_go, ids, worker)


def beat(write: Write, hand: Hand, worker: str, *, is_time: bool) -> None:
    """This will return what waits behind a slow job, and when it is time extend the leases of what is in hand."""
    give_back(write, hand.give_back_slow(), worker)
    if is_time and (ids := hand.held()):
        write(SYSTEM, _keep, ids, worker)
        hand.note_kept()


def _groups(batch: Sequence[Claimed]) -> Iterator[Sequence[Claimed]]:
    """Timers and rungs of ladders that follow one another, a few at a time; every other job alone."""
    for is_quick, found in groupby(batch, lambda job: job.kind in QUICK):
        row, size = list(found), TOGETHER if is_quick else 1
        yield from (row[first : first + size] for first in range(0, len(row), size))


def _run_group(write: Write, library: Library, group: Sequence[Claimed], tally: Counter[str]) -> None:
    if len(group) == 1:
        _run_one(write, library, group[0], tally)
        return
    try:
        write(SYSTEM, _fire_all, group)
    except Exception:
        log.info("%s jobs are tried again in two halves", len(group), exc_info=True)
        half = len(group) // 2
        _run_group(write, library, group[:half], tally)
        _run_group(write, library, group[half:], tally)


def _fire_all(turn: Turn, group: Sequence[Claimed]) -> None:
    try:
        with prepared.gathering(turn.session):
            _fire_each(turn, group)
    except prepared.Unmet as problem:
        raise LostRace from problem


def _fire_each(turn: Turn, group: Sequence[Claimed]) -> None:
    climbing = [job for job in group if job.kind == limits.KIND]
    overseen = {_case_of(job) for job in climbing}
    known = batches.read(turn, {_case_of(job) for job in group}, [job.id for job in climbing], overseen)
    for job in group:
        if job.kind == jobs.TIMER:
            jobs.fire(turn, job, known)
            known.tasks.pop(_case_of(job), None)
        else:
            ladders.climb(turn, job.id, _case_of(job), known)
        if turn.is_telling:
            messages.deliver_all(turn)
            known.forget()


def _case_of(job: Claimed) -> UUID:
    assert job.case_id is not None
    return job.case_id


def _claim(
    turn: Turn, worker: str, limit: int, aside: Aside, lease: timedelta, tally: Counter[str]
) -> tuple[list[Claimed], datetime, bool]:
    _keep_tally(turn, tally)
    found = jobs.claim(turn.session, now=turn.now, worker=worker, limit=limit, aside=aside, lease=lease)
    return found, turn.now, is_postgresql(turn.session)


def _keep_tally(turn: Turn, tally: Counter[str]) -> None:
    lateness.keep(turn.session, tally)


def _claim_others(
    turn: Turn, worker: str, flood: Flood, place: tuple[Any, ...] | None, aside: Aside, lease: timedelta
) -> tuple[list[Claimed], tuple[Any, ...] | None, datetime]:
    found = jobs.claim_others(turn.session, flood, place, now=turn.now, worker=worker, aside=aside, lease=lease)
    return *found, turn.now


def _keep(turn: Turn, ids: list[UUID], worker: str) -> None:
    jobs.keep(turn.session, ids, until=turn.now + KEPT_LEASE, worker=worker)


def _let_go(turn: Turn, ids: list[UUID], worker: str) -> None:
    jobs.let_go(turn.session, ids, worker=worker)


def _run_one(write: Write, library: Library, job: Claimed, tally: Counter[str]) -> None:
    try:
        if job.kind == jobs.TIMER:
            write(SYSTEM, jobs.fire, job)
        elif job.kind == jobs.START:
            write(SYSTEM, jobs.start, job)
        elif job.kind == limits.KIND:
            write(SYSTEM, ladders.climb, job.id, _case_of(job))
        elif job.kind == limit_changes.RECALCULATE:
            write(SYSTEM, limit_changes.recalculate, job.id, job.details)
        elif job.kind == migration_runs.KIND:
            migration_runs.run(write, job)
        else:
            _call(write, library, job)
    except Exception as problem:
        log.exception("job %s of case %s failed", job.id, job.case_id)
        lateness.note_failure(tally, job.kind)
        write(SYSTEM, jobs.fail, job, problem)


def _call(write: Write, library: Library, job: Claimed) -> None:
    try:
        data = jobs.call(lambda type: _find(library, type), job)
    except bpmn.ServiceError as error:
        write(SYSTEM, jobs.throw, job, error)
    else:
        write(SYSTEM, jobs.answer, job, data)


def _find(library: Library, type: str) -> Service | None:
    return next((app.services[type] for app in library.apps.values() if type in app.services), None)


def forget_expired(write: Write) -> int:
    """This will delete messages that nobody took in time, and return how many."""
    return write(SYSTEM, messages.forget_expired)
