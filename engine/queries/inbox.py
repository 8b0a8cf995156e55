"""What waits for somebody: their own tasks and those of their queues, each read by one index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all
from sqlalchemy.orm import Session, defer

from engine import prepared
from engine.access import Actor
from engine.models import Case, CaseField, Task
from engine.prepared import Prepared
from engine.queries import paging, sorting, waiting
from engine.queries.cases import holding
from engine.queries.paging import LONGEST_PAGE, MOST, Page
from engine.queries.sorting import SORTS, Order, Stretch
from engine.queries.waiting import PERSON, TASKS, Condition, Spot, Waits

SIZES = (50, 100, LONGEST_PAGE)  # of pages that are prepared: a database keeps what was prepared for ever
FEW = 300  # cases with a value: so many are gone through one by one
SHOWN = tuple(column for column in TASKS.c if column.name != "detail")
NAMES = tuple(column.name for column in SHOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Which tasks of an inbox are asked for; `fields` are values of searchable fields of their cases.

    `step` is the name or the id of an element, `created_until` is not included.
    """

    process_id: str | None = None
    step: str | None = None
    unit_path: str | None = None
    urged: bool | None = None
    priority_from: int | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    fields: Mapping[str, str] | None = None

    def indexed(self) -> list[ColumnElement[bool]]:
        """This will return what indexes find."""
        found: list[ColumnElement[bool]] = []
        if self.urged is not None:
            found.append(sorting.WAS_URGED if self.urged else sorting.NEVER_URGED)
        if self.priority_from is not None:
            found.append(TASKS.c.priority >= self.priority_from)
        if self.created_from is not None:
            found.append(TASKS.c.created_at >= self.created_from)
        if self.created_until is not None:
            found.append(TASKS.c.created_at < self.created_until)
        return found

    def others(self) -> list[Condition]:
        """This will return what tasks have to be looked through for."""
        found: list[Condition] = []
        if self.process_id is not None:
            found.append(lambda c: c.process_id == self.process_id)
        if self.step is not None:
            found.append(lambda c: or_(c.element == self.step, c.name == self.step))
        return found


@dataclass(frozen=True, slots=True)
class _Look:
    """One look into all places: `inside` is found by indexes, `outside` is looked for in the first `reach` tasks.

    `with_persons` holds for what waits with persons; units of queues were chosen before.
    """

    stretch: Stretch = sorting.BY_DUE
    is_after: bool = False
    limit: int = 0
    reach: int = waiting.LOOKED
    names: tuple[str, ...] = sorting.DUE.names
    inside: tuple[ColumnElement[bool], ...] = ()
    outside: tuple[Condition, ...] = ()
    with_persons: tuple[ColumnElement[bool], ...] = ()

    @property
    def is_plain(self) -> bool:
        """This will tell whether all tasks of the places are asked for."""
        return not (self.inside or self.outside or self.with_persons)

    def _where(self, waits: Waits, *, is_after: bool) -> list[ColumnElement[bool]]:
        where = [waits.here, *self.stretch.where, *self.inside, *(self.with_persons if waits.kind == PERSON else ())]
        return [*where, self.stretch.order.beyond()] if is_after else where

    def _found(self, waits: Waits, *, is_after: bool) -> Select[Any]:
        where = self._where(waits, is_after=is_after)
        conditions = self.outside if waits.only is None else (*self.outside, waits.only)
        if not conditions:
            return (
                select(*(TASKS.c[name] for name in self.names)).where(*where).order_by(*self.stretch.order.by(TASKS.c))
            )
        window = sorting.window(where, self.stretch.order, self.reach)
        found = select(*(window[name] for name in self.names)).where(*(each(window) for each in conditions))
        return found.order_by(*self.stretch.order.by(window))

    def head(self, waits: Waits) -> Select[Any]:
        """This will select the keys of the first tasks of a place."""
        return self._found(waits, is_after=self.is_after).limit(sorting.written(self.limit))

    def counted(self, waits: Waits) -> Select[Any]:
        """This will select what is counted of a place, from its beginning on."""
        return self._found(waits, is_after=False).limit(sorting.written(MOST + 1))

    def end(self, waits: Waits) -> Select[Any]:
        """This will select the last task that was looked at in a place, and one after it when there is one."""
        keys = select(*(TASKS.c[name] for name in self.names)).where(*self._where(waits, is_after=self.is_after))
        keys = keys.order_by(*self.stretch.order.by(TASKS.c))
        return keys.offset(sorting.written(self.reach - 1)).limit(sorting.written(2))


def inbox(
    session: Session,
    /,
    actor: Actor,
    *,
    show: str = "all",
    queue_id: int | None = None,
    due: str | None = None,
    q: str = "",
    sort: str = "due",
    after: str | None = None,
    limit: int = 50,
    soon_days: int = 3,
    **narrowed: Any,
) -> Page[Task]:
    """This will list the tasks that wait for the actor: `mine`, free ones of their queues (`queue`), or `all`.

    `acting` lists those of people who are away and for whom the actor acts; their queues are among the actor's.
    `narrowed` are the fields of Narrowed: process_id, step, unit_path, urged, priority_from, created_from,
    created_until, fields. What no index finds (process, step, words of `q`, a value of very many cases) is looked for
    among the next 10,000 tasks; the page tells when there are more. Raises FilterInvalid, CursorInvalid.
    """
    limit, order, asked = paging.limited(limit), SORTS.get(sort, sorting.DUE), Narrowed(**narrowed)
    place = order.place(after) if after else {}
    spots = waiting.spots(session, actor, show, queue_id, asked.unit_path)
    look = replace(_look(session, q, due, soon_days, asked), limit=limit + 1, names=order.names)
    if not spots:
        return Page([], None, 0, False)
    if look.is_plain and not any(spot.only for spot in spots):
        return _known(session, spots, sort if sort in SORTS else "due", place, limit)
    return _searched(session, spots, order, replace(look, reach=waiting.reach(spots)), place, limit)


def _look(session: Session, q: str, due: str | None, soon_days: int, asked: Narrowed) -> _Look:
    inside = [*paging.due_range(session, paging.now(session), due, soon_days), *asked.indexed()]
    outside = asked.others()
    if q.strip():
        outside.append(lambda c: paging.holds(q, c.case_number, c.case_title, c.case_subject)[0])
    for name, value in (asked.fields or {}).items():
        few, many = _of_field(session, name, value)
        inside += few
        outside += many
    of_unit = (paging.below(TASKS.c.unit_path, asked.unit_path),) if asked.unit_path is not None else ()
    return _Look(inside=tuple(inside), outside=tuple(outside), with_persons=of_unit)


def _of_field(session: Session, name: str, value: str) -> tuple[list[ColumnElement[bool]], list[Condition]]:
    """A value that few cases have leads to their tasks; one that many have is looked for among the tasks."""
    cases = select(CaseField.case_id).where(holding(session, name, value))
    found = session.scalars(cases.limit(FEW + 1)).all()
    if len(found) <= FEW:
        return [TASKS.c.case_id.in_(found)], []
    return [], [lambda c: c.case_id.in_(cases)]


def _page(backend: str, spots: Sequence[Spot], order: Order, looks: Sequence[_Look]) -> Select[Any]:
    """The first tasks of all places: each is read only so far as it can matter, then they are merged."""
    heads = union_all(*(part for look in looks for part in waiting.each(backend, spots, look.head))).subquery()
    keys = [heads.c[name] for name in order.names]
    first = select(*keys).order_by(*order.by(heads.c)).limit(sorting.written(looks[0].limit)).subquery()
    return select(*SHOWN).join_from(first, TASKS, TASKS.c.id == first.c.id).order_by(*order.by(first.c))


def _total(backend: str, spots: Sequence[Spot], look: _Look) -> Select[Any]:
    """How many there are in all places together, but no more than MOST and one."""
    parts = waiting.each(backend, spots, look.counted)
    some = select(union_all(*parts).subquery().c.id).limit(sorting.written(MOST + 1)).subquery()
    return select(func.count()).select_from(some)


def _known(session: Session, spots: Sequence[Spot], sort: str, place: Mapping[str, Any], limit: int) -> Page[Task]:
    """Whole places: statements that are prepared once, in one round trip."""
    whole, is_rest = waiting.written_out(session, spots), place.get("after_urged_count") == 0
    size = next(size for size in SIZES if limit <= size)
    lists = waiting.parameters(spots)
    first = (_first_of(whole, sort, bool(place), is_rest, size), {**lists, **place})
    found, [[total]] = prepared.rows(session, first, (_all_of(whole), lists))
    rows = [dict(zip(NAMES, row, strict=True)) for row in found]
    return _cut(rows, SORTS[sort], limit, (min(total, MOST), total > MOST))


@lru_cache(maxsize=256)
def _first_of(spots: tuple[Spot, ...], sort: str, is_after: bool, is_rest: bool, size: int) -> Prepared:
    order, place = SORTS[sort], {"after_urged_count": 0 if is_rest else 1} if is_after else {}
    looks = _looks(order, place, _Look(limit=size + 1, names=order.names))
    return Prepared(lambda backend: _page(backend, spots, order, looks))


@lru_cache(maxsize=256)
def _all_of(spots: tuple[Spot, ...]) -> Prepared:
    return Prepared(lambda backend: _total(backend, spots, _Look()))


def _looks(order: Order, place: Mapping[str, Any], look: _Look) -> list[_Look]:
    stretches = sorting.stretches(order, place)
    return [replace(look, stretch=stretch, is_after=is_after) for stretch, is_after in stretches]


def _searched(
    session: Session, spots: Sequence[Spot], order: Order, look: _Look, place: Mapping[str, Any], limit: int
) -> Page[Task]:
    """Tasks that are looked for; where not all were looked at, the page ends with what is certainly next."""
    backend = session.get_bind().dialect.name
    values, looks = {**waiting.parameters(spots), **place}, _looks(order, place, look)
    rows = [dict(row) for row in session.execute(_page(backend, spots, order, looks), values).mappings()]
    is_through = bool(look.outside) or any(spot.only for spot in spots)
    end = _end(session, spots, order, looks, values) if is_through else None
    if end is not None:
        rows = [row for row in rows if order.rank(row) <= order.rank(end)]
    if end is None and not place and len(rows) <= limit:
        return _cut(rows, order, limit, (len(rows), False))
    whole = replace(look, names=sorting.DUE.names)  # from its beginning, as it is counted
    total = session.scalar(_total(backend, spots, whole), values) or 0
    is_less = end is not None or (
        is_through and bool(place) and _end(session, spots, sorting.DUE, [whole], values) is not None
    )
    page = _cut(rows, order, limit, (min(total, MOST), total > MOST or is_less))
    return page if page.next is not None or end is None else replace(page, next=order.cursor(end), is_cut_short=True)


def _end(
    session: Session, spots: Sequence[Spot], order: Order, looks: Sequence[_Look], values: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The first of the places where looking ended although there was more; None: everything was looked at."""
    first: Mapping[str, Any] | None = None
    backend = session.get_bind().dialect.name
    for look in looks:
        ends: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
        for row in session.execute(union_all(*waiting.each(backend, spots, look.end)), values).mappings():
            ends.setdefault((row["kind"], row["place"]), []).append(dict(row))
        for last, *further in ends.values():
            if further and (first is None or order.rank(last) < order.rank(first)):
                first = last
    return first


def _cut(rows: Sequence[Mapping[str, Any]], order: Order, limit: int, counted: tuple[int, bool]) -> Page[Task]:
    following = order.cursor(rows[limit - 1]) if len(rows) > limit else None
    return Page([_task(row) for row in rows[:limit]], following, *counted)


def _task(row: Mapping[str, Any]) -> Task:
    """A task of a list, of no session: its constructor would take ten times as long."""
    task: Task = Task.__mapper__.class_manager.new_instance()
    vars(task).update(row)
    return task


def done(session: Session, actor: Actor, *, q: str = "", after: str | None = None, limit: int = 50) -> Page[Task]:
    """This will list what the actor has done, newest first."""
    key = (Task.completed_at, Task.id)
    mine = select(Task).where(
        Task.completed_by == actor.person_id, *paging.holds(q, Task.case_number, Task.case_title, Task.case_subject)
    )
    return paging.newest(
        session, mine.options(defer(Task.detail)), select(Task.id), key, (datetime, UUID), after, limit
    )


def started(session: Session, actor: Actor, *, q: str = "", after: str | None = None, limit: int = 50) -> Page[Case]:
    """This will list the cases that the actor has started, newest first."""
    mine = select(Case).where(
        Case.started_by == actor.person_id, *paging.holds(q, Case.number, Case.title, Case.subject)
    )
    return paging.newest(session, mine, select(Case.id), (Case.id,), (UUID,), after, limit)
