"""Runs the jobs that are due, each in a transaction of its own and its effects on others outside of any."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from engine import bpmn, jobs, messages
from engine.access import SYSTEM, Actor
from engine.apps import Service
from engine.definitions import Library
from engine.jobs import Claimed
from engine.turn import Turn

log = logging.getLogger(__name__)
T = TypeVar("T")
BATCH = 20


class Write(Protocol):
    """Runs an operation in a transaction of its own."""

    def __call__(self, by: Actor, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T: ...


def run(
    write: Write, library: Library, *, limit: int, worker: str, should_stop: Callable[[], bool] | None = None
) -> int:
    """This will run up to `limit` due jobs, oldest first, and return how many; `should_stop` is asked between jobs."""
    done = 0
    while done < limit:
        batch = write(SYSTEM, _claim, worker, min(BATCH, limit - done))
        for number, job in enumerate(batch):
            if should_stop is not None and should_stop():
                write(SYSTEM, _let_go, [left.id for left in batch[number:]], worker)
                return done
            _run_one(write, library, job)
            done += 1
        if len(batch) < BATCH:
            break
    return done


def _claim(turn: Turn, worker: str, limit: int) -> list[Claimed]:
    return jobs.claim(turn.session, now=turn.now, worker=worker, limit=limit)


def _let_go(turn: Turn, ids: list[Any], worker: str) -> None:
    jobs.let_go(turn.session, ids, worker=worker)


def _run_one(write: Write, library: Library, job: Claimed) -> None:
    try:
        if job.kind == jobs.TIMER:
            write(SYSTEM, jobs.fire, job)
        elif job.kind == jobs.START:
            write(SYSTEM, jobs.start, job)
        else:
            _call(write, library, job)
    except Exception as problem:
        log.exception("job %s of case %s failed", job.id, job.case_id)
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
