"""For operators: what cases wait for, and messages that came early and wait for a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.access import Actor, require_operator, require_system
from engine.bpmn.waiting import key_text
from engine.models import BEGUN, Case, Message, Start, Subscription
from engine.queries import paging
from engine.queries.paging import Page
from engine.sentences import N_, Sentence


@dataclass(frozen=True, slots=True)
class SubscriptionShown:
    """What a case waits for: `kind` is message or signal. Without a key a message of any key will do."""

    id: UUID
    kind: str
    name: str
    correlation_key: str | None
    case_id: UUID
    case_number: str
    case_state: str
    process_id: str
    element: str


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message that nobody has taken; at `expires_at` it is forgotten."""

    id: UUID
    name: str
    correlation_key: str | None
    received_at: datetime
    expires_at: datetime


def subscriptions(
    session: Session, actor: Actor, *, name: str | None = None, after: str | None = None, limit: int = 50
) -> Page[SubscriptionShown]:
    """This will list what cases wait for, who waits longest first. Raises OperatorsOnly, CursorInvalid."""
    require_operator(actor)
    limit = paging.limited(limit)
    where = [Subscription.kind != BEGUN, *([Subscription.name == name] if name else [])]
    of_case = (Case.id, Case.number, Case.state, Case.process_id)
    own = (Subscription.id, Subscription.kind, Subscription.name, Subscription.correlation_key)
    found = select(*own, *of_case, Subscription.element).join_from(Subscription, Case, Case.id == Subscription.case_id)
    found = found.where(*where).order_by(Subscription.id)
    if after is not None:
        (last,) = paging.read_cursor(after, (UUID,))
        found = found.where(Subscription.id > last)
    items = [SubscriptionShown(*row) for row in session.execute(found.limit(limit + 1))]
    return paging.cut(items, limit, lambda row: (row.id,), paging.count(session, select(Subscription.id).where(*where)))


def kept_messages(
    session: Session, actor: Actor, *, name: str | None = None, after: str | None = None, limit: int = 50
) -> Page[KeptMessage]:
    """This will list messages that wait for a case, the oldest first. Raises OperatorsOnly, CursorInvalid."""
    require_operator(actor)
    limit = paging.limited(limit)
    # what has no name only remembers an idempotency key
    where = [Message.expires_at > paging.now(session), Message.name == name if name else Message.name != ""]
    columns = (Message.id, Message.name, Message.correlation_key, Message.received_at, Message.expires_at)
    found = select(*columns).where(*where).order_by(Message.id)
    if after is not None:
        (last,) = paging.read_cursor(after, (UUID,))
        found = found.where(Message.id > last)
    items = [KeptMessage(*row) for row in session.execute(found.limit(limit + 1))]
    return paging.cut(items, limit, lambda row: (row.id,), paging.count(session, select(Message.id).where(*where)))


def why_lost(session: Session, actor: Actor, name: str, key: Any) -> Sentence:
    """This will tell why nobody took a message. Raises SystemsOnly."""
    require_system(actor)
    begins = exists().where(Start.kind == "message", Start.name == name)
    waits = exists().where(Subscription.kind == "message", Subscription.name == name)
    is_begun, is_awaited = session.execute(select(begins, waits)).one()
    if is_begun:
        template = N_("a case that began with the key “{key}” is still open")
    elif is_awaited:
        template = N_("no open case waits for it with the key “{key}”")
    else:
        template = N_("no case waits for a message of this name, and no process in force begins with one")
    return Sentence(template, {"key": key_text(key) or ""})
