"""What a person was told: the list, and how much of it is unread."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from engine.access import Actor
from engine.models import Notice
from engine.models.notices import UNREAD
from engine.queries import paging
from engine.queries.paging import Page

MOST_SHOWN = 99  # a count in the navigation goes no further


def notices(
    session: Session, actor: Actor, *, unread: bool | None = None, after: str | None = None, limit: int = 50
) -> Page[Notice]:
    """This will list what the actor was told, unread first and the newest of each first.

    `unread` lists only what was not read, or only what was.
    """
    limit = paging.limited(limit)
    parts = [state for state in (True, False) if unread in (None, state)]
    items: list[Notice] = []
    begun = _place(after)
    for is_unread in parts:
        if begun is not None and begun[0] < is_unread:
            continue
        rows = select(Notice).where(*_of(actor, is_unread)).order_by(Notice.id.desc()).limit(limit + 1 - len(items))
        if begun is not None and begun[0] == is_unread:
            rows = rows.where(Notice.id < begun[1])
        items += session.scalars(rows)
    counted = paging.count(session, *(select(Notice.id).where(*_of(actor, part)) for part in parts))
    return paging.cut(items, limit, lambda row: (int(row.read_at is None), row.id), counted)


def _place(after: str | None) -> tuple[bool, UUID] | None:
    if after is None:
        return None
    is_unread, id = paging.read_cursor(after, (int, UUID))
    return bool(is_unread), id


def _of(actor: Actor, is_unread: bool) -> list[Any]:
    state = literal_column(f"notices.{UNREAD}") if is_unread else Notice.read_at.is_not(None)
    return [Notice.person_id == actor.person_id, state]


def unread_notices(session: Session, actor: Actor) -> int:
    """This will count what the actor has not read, up to 100."""
    first = select(Notice.id).where(*_of(actor, True)).limit(MOST_SHOWN + 1).subquery()
    return session.scalar(select(func.count()).select_from(first)) or 0
