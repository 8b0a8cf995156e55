"""What is on its way out of the house: for operators, and as figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import preferences as wishes
from engine import wordings as texts
from engine.access import Actor, require_operator
from engine.models import Notice, Person, Sending
from engine.preferences import Preferences
from engine.queries import paging
from engine.queries.paging import Page
from engine.wordings import Text

WAITING, FAILED = "waiting", "failed"
SENDING_STATES = (WAITING, "sent", FAILED, "dropped")


@dataclass(frozen=True, slots=True)
class SendingShown:
    """One notice on its way to a person, as operators see it: what it is about, but not its text."""

    id: UUID
    batch: UUID | None
    kind: str
    case_number: str
    person: str
    channel: str
    state: str
    is_digest: bool
    made_at: datetime
    due_at: datetime
    attempts: int
    error: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How full the outbox is: notices not routed yet, waiting, given up; `oldest_due_at` of those that are due."""

    unrouted: int
    waiting: int
    failed: int
    oldest_due_at: datetime | None


def sendings(
    session: Session, actor: Actor, *, state: str | None = None, after: str | None = None, limit: int = 50
) -> Page[SendingShown]:
    """This will list what is or was on its way, the newest first. Raises OperatorsOnly, CursorInvalid."""
    require_operator(actor)
    limit = paging.limited(limit)
    where = [Sending.state == state] if state is not None else []
    columns: tuple[Any, ...] = (
        Sending.id, Sending.batch, Notice.kind, Notice.case_number, Person.name, Sending.channel, Sending.state,
        Sending.is_digest, Sending.made_at, Sending.due_at, Sending.attempts, Sending.error, Sending.sent_at,
    )  # fmt: skip
    found = select(*columns).join_from(Sending, Notice, Notice.id == Sending.notice_id)
    found = found.join(Person, Person.id == Sending.person_id).where(*where).order_by(Sending.id.desc())
    if after is not None:
        (last,) = paging.read_cursor(after, (UUID,))
        found = found.where(Sending.id < last)
    items = [SendingShown(*row) for row in session.execute(found.limit(limit + 1))]
    return paging.cut(items, limit, lambda row: (row.id,), paging.count(session, select(Sending.id).where(*where)))


def failed_sendings(session: Session, actor: Actor) -> int:
    """This will count what was given up, up to 1001. Raises OperatorsOnly."""
    require_operator(actor)
    first = select(Sending.id).where(Sending.state == FAILED).limit(paging.MOST + 1).subquery()
    return session.scalar(select(func.count()).select_from(first)) or 0


def outbox_state(session: Session, actor: Actor) -> OutboxState:
    """This will tell how full the outbox is. Raises OperatorsOnly."""
    require_operator(actor)
    due = select(func.min(Sending.due_at)).where(Sending.state == WAITING, Sending.due_at <= paging.now(session))

    def count(statement: Any) -> int:
        return session.scalar(select(func.count()).select_from(statement.subquery())) or 0

    return OutboxState(
        count(select(Notice.id).where(Notice.routed_at.is_(None))),
        count(select(Sending.id).where(Sending.state == WAITING)),
        count(select(Sending.id).where(Sending.state == FAILED)),
        session.scalar(due),
    )


def preferences(session: Session, actor: Actor) -> Preferences:
    """This will return by which ways and when the actor wants to be told."""
    return wishes.find(session, actor.person_id)


def wordings(session: Session, actor: Actor) -> dict[tuple[str, str], Text]:
    """This will return the texts of messages in force, by kind and language. Raises OperatorsOnly."""
    require_operator(actor)
    return texts.current(session)


def wording_versions(session: Session, actor: Actor, kind: str, language: str) -> list[Text]:
    """This will list all versions of a text, the newest first. Raises OperatorsOnly, WordingNotFound."""
    require_operator(actor)
    return texts.versions(session, kind, language)
