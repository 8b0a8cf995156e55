"""What came to a person, unread first: copies of cases and notices are read alike, each by its own indexes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from engine import prepared
from engine.access import Actor
from engine.models import Notice, Reading
from engine.models.notices import UNREAD
from engine.prepared import Prepared
from engine.queries import paging
from engine.queries.paging import Page
from engine.queries.sorting import written

Arrived = TypeVar("Arrived", Notice, Reading)


def listed(
    session: Session, model: type[Arrived], actor: Actor, *, unread: bool | None, after: str | None, limit: int
) -> Page[Arrived]:
    """This will list the rows of `model` that came to the actor, unread first and the newest of each first.

    `unread` lists only what was not read, or only what was.
    """
    limit = paging.limited(limit)
    parts = [state for state in (True, False) if unread in (None, state)]
    items: list[Arrived] = []
    begun = _place(after)
    for is_unread in parts:
        if begun is not None and begun[0] < is_unread:
            continue
        rows = select(model).where(*_of(model, actor, is_unread)).order_by(model.id.desc())
        if begun is not None and begun[0] == is_unread:
            rows = rows.where(model.id < begun[1])
        items += session.scalars(rows.limit(limit + 1 - len(items)))
    counted = paging.count(session, *(select(model.id).where(*_of(model, actor, part)) for part in parts))
    return paging.cut(items, limit, lambda row: (int(row.read_at is None), row.id), counted)


def count(session: Session, model: type[Arrived], actor: Actor, *, most: int) -> int:
    """This will count what the actor has not read, up to one more than `most`."""
    [[[found]]] = prepared.rows(session, (_counting(model, most), {"person_id": actor.person_id}))
    return int(found)


@lru_cache
def _counting(model: type[Notice] | type[Reading], most: int) -> Prepared:
    mine = [model.person_id == bindparam("person_id"), _state(model, True)]
    first = select(model.id).where(*mine).limit(written(most + 1)).subquery()
    return Prepared(select(func.count()).select_from(first))


def _place(after: str | None) -> tuple[bool, UUID] | None:
    if after is None:
        return None
    is_unread, id = paging.read_cursor(after, (int, UUID))
    return bool(is_unread), id


def _of(model: type[Arrived], actor: Actor, is_unread: bool) -> list[Any]:
    return [model.person_id == actor.person_id, _state(model, is_unread)]


def _state(model: type[Notice] | type[Reading], is_unread: bool) -> Any:
    # written out: only so the partial index is used
    return literal_column(f"{model.__tablename__}.{UNREAD}") if is_unread else model.read_at.is_not(None)
