"""What a person was told: the list, and how much of it is unread."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.access import Actor
from engine.models import Notice
from engine.queries.paging import Page
from engine.queries.unread import count as count_unread
from engine.queries.unread import listed as unread_rows

MOST_SHOWN = 99  # a count in the navigation goes no further


def notices(
    session: Session, actor: Actor, *, unread: bool | None = None, after: str | None = None, limit: int = 50
) -> Page[Notice]:
    """This will list what the actor was told, unread first and the newest of each first.

    `unread` lists only what was not read, or only what was.
    """
    return unread_rows(session, Notice, actor, unread=unread, after=after, limit=limit)


def unread_notices(session: Session, actor: Actor) -> int:
    """This will count what the actor has not read, up to 100."""
    return count_unread(session, Notice, actor, most=MOST_SHOWN)
