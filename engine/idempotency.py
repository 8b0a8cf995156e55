"""Answers to requests that carry an idempotency key, kept in the transaction of what they tell: never one without the
other, whatever breaks between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.db import is_postgresql, table, upserting
from engine.errors import Conflict, Invalid
from engine.models import KeptAnswer

KEPT = table(KeptAnswer)
KEPT_FOR = timedelta(hours=24)
PATIENCE = 10  # seconds for which a duplicate waits for the first request
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL: the lock timeout is over


class KeyReused(Invalid):
    """This idempotency key was used for another request in the last 24 hours."""


class StillRunning(Conflict):
    """A request with this idempotency key is still being worked on; try again in a few seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is told apart from others: who sent it, its key, and SHA-256 over what it says."""

    person_id: int
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer; `is_repeated` when it is the one of an earlier request."""

    status: int
    content_type: str
    body: str
    is_repeated: bool = False


def once(session: Session, asked: Asked, act: Callable[[], Answered], *, now: datetime) -> Answered:
    """This will do what is asked and keep its answer, or return the answer kept before.

    `act` has to work in the transaction of `session`. While another request with the same key runs, this one waits.
    Raises KeyReused, StillRunning.
    """
    mine = (KEPT.c.person_id == asked.person_id, KEPT.c.key == asked.key)
    session.execute(delete(KEPT).where(*mine, KEPT.c.kept_at <= now - KEPT_FOR))
    if not _reserve(session, asked, now):
        row = session.execute(select(KEPT).where(*mine)).one()
        if row.fingerprint != asked.fingerprint:
            raise KeyReused
        return Answered(row.status, row.content_type, row.body, is_repeated=True)
    answer = act()
    values = {"status": answer.status, "content_type": answer.content_type, "body": answer.body}
    session.execute(update(KEPT).where(*mine).values(**values))
    return answer


def _reserve(session: Session, asked: Asked, now: datetime) -> bool:
    """Takes the key, waiting for whoever has it; tells whether it was free."""
    if is_postgresql(session):
        session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}s'"))
    row = {"person_id": asked.person_id, "key": asked.key, "fingerprint": asked.fingerprint, "kept_at": now}
    empty = {"status": 0, "content_type": "", "body": ""}
    taking = upserting(session, KeptAnswer).values(**row, **empty).on_conflict_do_nothing().returning(KEPT.c.key)
    try:
        taken = session.execute(taking).first() is not None
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise StillRunning from error
        raise
    if is_postgresql(session):
        session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    return taken


def forget(session: Session, *, now: datetime) -> int:
    """This will delete the answers that need not be kept any longer, and return how many."""
    gone = session.execute(delete(KEPT).where(KEPT.c.kept_at <= now - KEPT_FOR).returning(KEPT.c.key))
    return len(gone.all())
