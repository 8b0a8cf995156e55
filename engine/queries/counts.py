"""How much waits for somebody, in all and in every place, counted only so far as a badge shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, or_, select, union_all
from sqlalchemy.orm import Session

from engine import prepared
from engine.access import Actor
from engine.db import UtcDateTime
from engine.prepared import Prepared
from engine.queries import paging, sorting, waiting
from engine.queries.sorting import window, written
from engine.queries.waiting import PERSON, QUEUE, TASKS, Spot, Waits

COUNTED = 99  # tasks of one place that a count goes up to


class Tally(int):
    """So many; `is_more` when nobody counted on. Written as people read it: 7, 99+."""

    is_more: bool

    def __new__(cls, number: int, is_more: bool = False) -> Tally:
        """This will be `number`, perhaps and more."""
        found = super().__new__(cls, number)
        found.is_more = is_more
        return found

    @classmethod
    def up_to(cls, most: int, number: int) -> Tally:
        """This will be a number that was counted up to one more than `most`."""
        return cls(min(number, most), number > most)

    @classmethod
    def whole(cls, parts: Sequence[Tally]) -> Tally:
        """This will add up parts."""
        return cls(sum(parts), any(part.is_more for part in parts))

    def __str__(self) -> str:
        """This will write the number, with a + when there are more."""
        return f"{int(self)}+" if self.is_more else f"{int(self)}"


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How much waits in a queue; each is counted up to COUNTED."""

    queue_id: int
    role: str
    unit_name: str
    open: Tally
    overdue: Tally


@dataclass(frozen=True, slots=True)
class Counts:
    """How much waits for somebody: sums of places counted up to COUNTED. `acting` are tasks of who is away."""

    all: Tally
    mine: Tally
    overdue: Tally
    soon: Tally
    queues: list[QueueCount]
    acting: Tally


def inbox_counts(session: Session, actor: Actor, *, soon_days: int = 3) -> Counts:
    """This will count what waits for the actor, in all and by queue, in every place up to COUNTED."""
    moment = paging.now(session)
    spots = waiting.spots(session, actor)
    if not spots:
        return Counts(Tally(0), Tally(0), Tally(0), Tally(0), [], Tally(0))
    found = {(kind, place): _Counted(*numbers) for kind, place, *numbers in _counted(session, spots, moment, soon_days)}
    acting = [each for (kind, place), each in found.items() if kind == PERSON and place != actor.person_id]
    return Counts(
        all=Tally.whole([each.open for each in found.values()]),
        mine=found[PERSON, actor.person_id or 0].open,
        overdue=Tally.whole([each.overdue for each in found.values()]),
        soon=Tally.whole([each.soon for each in found.values()]),
        queues=[
            QueueCount(spot.id, spot.role, spot.unit_name, found[QUEUE, spot.id].open, found[QUEUE, spot.id].overdue)
            for spot in spots
            if spot.kind == QUEUE
        ],
        acting=Tally.whole([each.open for each in acting]),
    )


class _Counted:
    """What waits in one place; where not all tasks were looked at, there may be more of everything."""

    def __init__(self, open: int, overdue: int, soon: int, looked: int) -> None:
        is_more = looked > waiting.LOOKED
        numbers = (open, overdue, soon)
        self.open, self.overdue, self.soon = (
            Tally(min(number, COUNTED), is_more or number > COUNTED) for number in numbers
        )


def _counted(session: Session, spots: Sequence[Spot], moment: datetime, soon_days: int) -> Any:
    until = paging.soon_until(session, moment, soon_days)
    values = {**waiting.parameters(spots), "moment": moment, "until": until}
    if not any(spot.only for spot in spots):
        return prepared.rows(session, (_counts_of(waiting.written_out(session, spots)), values))[0]
    return session.execute(union_all(*waiting.each(session.get_bind().dialect.name, spots, _counting)), values)


@lru_cache(maxsize=256)
def _counts_of(spots: tuple[Spot, ...]) -> Prepared:
    return Prepared(lambda backend: union_all(*waiting.each(backend, spots, _counting)))


def _counting(waits: Waits) -> Select[Any]:
    """What waits in one place. What is overdue stands first in its index, then what is due soon: one look counts both.

    Only where it does not reach as far as that, what is due soon is counted by a second one.
    """
    moment, until = bindparam("moment", type_=UtcDateTime()), bindparam("until", type_=UtcDateTime())
    is_soon = (TASKS.c.order_at >= moment, TASKS.c.order_at < until)
    first, second = _first(waits).subquery().c, _first(waits, *is_soon).subquery().c
    near = func.count().filter(first.order_at >= moment, first.order_at < until)
    is_seen = or_(func.count() <= written(COUNTED), func.max(first.order_at) >= until)
    looked = select(TASKS.c.id).where(waits.here).limit(written(waiting.LOOKED + 1)).subquery().c
    return select(
        func.count().label("open"),
        func.count().filter(first.order_at < moment).label("overdue"),
        case((is_seen, near), else_=select(func.count(second.order_at)).scalar_subquery()).label("soon"),
        (written(0) if waits.only is None else select(func.count(looked.id)).scalar_subquery()).label("looked"),
    )


def _first(waits: Waits, *where: ColumnElement[bool]) -> Select[Any]:
    most = written(COUNTED + 1)
    if waits.only is None:
        return select(TASKS.c.order_at).where(waits.here, *where).order_by(TASKS.c.order_at).limit(most)
    seen = window((waits.here, *where), sorting.DUE, waiting.LOOKED)
    return select(seen.order_at).where(waits.only(seen)).order_by(seen.order_at).limit(most)
