"""Pages of long lists: read on after the last row seen, counted only so far as anybody looks."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, literal_column, or_, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.access import Actor
from engine.calendars import Calendar
from engine.catalog import ZONE, Catalog
from engine.definitions import Library
from engine.directory import Directory
from engine.errors import Invalid
from engine.models import Task

T = TypeVar("T")
MOST = 1000  # rows that a count goes up to
LONGEST_PAGE = 200
OPEN_TASK = Task.state == literal_column("'open'")  # written out: only so the partial indexes are used


class CursorInvalid(Invalid):
    """The place to read on from is not one that this list gave out."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list. `next` is given as `after` to read on; `total` is exact unless `is_capped`: then at least that.

    `is_cut_short`: the page ends where looking ended, before it was full; `next` looks on.
    """

    items: list[T]
    next: str | None
    total: int
    is_capped: bool
    is_cut_short: bool = False

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)


def library(session: Session) -> Library:
    """This will return what the engine that opened the session has parsed."""
    found: Library = session.info["library"]
    return found


def now(session: Session) -> datetime:
    """This will return the time by the clock of the engine that opened the session."""
    found: datetime = session.info["now"]
    return found


def catalog(session: Session) -> Catalog:
    """This will return what is deployed; one session that reads asks once whether that has changed."""
    found: Catalog | None = session.info.get("catalog")
    if found is None:
        found = session.info["catalog"] = library(session).catalog(session)
    return found


def directory(session: Session) -> Directory:
    """This will return the directory; one session that reads asks once whether it has changed."""
    found: Directory | None = session.info.get("directory")
    if found is None:
        found = session.info["directory"] = library(session).directories.current(session)
    return found


def calendar(session: Session) -> Calendar:
    """This will return the calendar in force."""
    return library(session).calendar(session, catalog(session))


def write_cursor(values: Sequence[Any]) -> str:
    """This will return the place after a row as text for an address."""
    plain = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    return urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read_cursor(text: str, kinds: Sequence[type]) -> list[Any]:
    """This will return the values that `write_cursor` wrote. Raises CursorInvalid."""
    try:
        plain = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if len(plain) != len(kinds):
            raise ValueError(text)
        return [_as(kind, value) for kind, value in zip(kinds, plain, strict=True)]
    except (ValueError, TypeError) as error:
        raise CursorInvalid from error


def _as(kind: type, value: str) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    return kind(value)


def beyond(
    columns: Sequence[InstrumentedAttribute[Any]], after: str, kinds: Sequence[type], *, is_falling: bool
) -> ColumnElement[bool]:
    """This will be true for rows that stand after the place `after` in the order of `columns`."""
    values = read_cursor(after, kinds)
    bound = tuple_(*(literal(value, column.type) for column, value in zip(columns, values, strict=True)))
    row = tuple_(*columns)
    return row < bound if is_falling else row > bound


def limited(limit: int) -> int:
    """This will keep the length of a page within what a page can show."""
    return max(1, min(limit, LONGEST_PAGE))


def cut(rows: Sequence[T], limit: int, key: Any, counted: tuple[int, bool]) -> Page[T]:
    """This will make a page of `limit` + 1 rows read; `key` gives the values that the list is sorted by."""
    items = list(rows[:limit])
    following = write_cursor(key(items[-1])) if len(rows) > limit else None
    return Page(items, following, *counted)


def count(session: Session, *branches: Select[Any]) -> tuple[int, bool]:
    """This will count the rows of all branches together, but no further than MOST."""
    if not branches:
        return 0, False
    parts = [select(branch.limit(MOST + 1).subquery().c[0]) for branch in branches]
    whole = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    found = session.scalar(select(func.count()).select_from(select(whole.c[0]).limit(MOST + 1).subquery())) or 0
    return min(found, MOST), found > MOST


def newest(
    session: Session,
    rows: Select[Any],
    ids: Select[Any],
    key: Sequence[Any],
    kinds: Sequence[type],
    after: str | None,
    limit: int,
) -> Page[Any]:
    """This will cut a page out of `rows`, sorted by `key` and falling; `ids` selects what is counted."""
    limit = limited(limit)
    rest = [beyond(key, after, kinds, is_falling=True)] if after else []
    found = rows.where(*rest).order_by(*(column.desc() for column in key)).limit(limit + 1)
    items = list(session.scalars(found))
    counted = count(session, ids.where(*([rows.whereclause] if rows.whereclause is not None else [])))
    return cut(items, limit, lambda row: [getattr(row, column.key) for column in key], counted)


def below(column: InstrumentedAttribute[str] | ColumnElement[str], path: str) -> ColumnElement[bool]:
    """This will be true for a unit's path and all paths below it: one range of an index."""
    return and_(column >= path, column < end_of(path))


def end_of(path: str) -> str:
    """This will return the first text after a unit's path and all paths below it."""
    return path[:-1] + "0"  # it follows "/" in every byte order


def in_scopes(column: InstrumentedAttribute[str], actor: Actor) -> ColumnElement[bool]:
    """This will be true for rows of units that the actor oversees; for operators always."""
    if actor.is_admin or actor.person_id is None:
        return literal_column("1") == literal_column("1")
    if not actor.scopes:
        return literal_column("1") == literal_column("0")
    return or_(*(below(column, scope) for scope in actor.scopes))


def holds(q: str, *columns: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """This will be true for rows of which one column holds `q`, whatever its case; nothing when `q` is empty."""
    q = q.strip()
    return [or_(*(column.icontains(q, autoescape=True) for column in columns))] if q else []


def soon_until(session: Session, moment: datetime, days: int) -> datetime:
    """This will return the end of the working day that is `days` working days after `moment`."""
    day = calendar(session).workdays(moment.astimezone(ZONE).date(), days)
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(days=1)


def due_range(session: Session, moment: datetime, due: str | None, days: int) -> list[ColumnElement[bool]]:
    """This will be true for tasks that are `overdue`, or due `soon`: within so many working days."""
    if due == "overdue":
        return [Task.order_at < moment]
    if due == "soon":
        return [Task.order_at >= moment, Task.order_at < soon_until(session, moment, days)]
    return []


TASK_KEY = (Task.order_at, Task.id)
TASK_KINDS = (datetime, UUID)
