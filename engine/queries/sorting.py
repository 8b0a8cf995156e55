"""The orders in which an inbox can be read, each served by an index of its queues, and how to read on in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, bindparam, literal_column, or_, select, tuple_

from engine.db import table
from engine.models import Task
from engine.queries import paging

TASKS = table(Task)
KINDS = {"order_at": datetime, "created_at": datetime, "priority": int, "urged_count": int, "id": UUID}
EPOCH, TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
SEEN = ("id", "order_at", "created_at", "priority", "urged_count", "process_id", "element", "name", "unit_id",
        "unit_path", "role", "case_id", "case_number", "case_title", "case_subject")  # fmt: skip
NEVER_URGED = TASKS.c.urged_count == literal_column("0")
WAS_URGED = TASKS.c.urged_count > literal_column("0")  # written out: only so its partial index is used


@dataclass(frozen=True, slots=True)
class Order:
    """Columns of tasks to sort by, the last of which is the id.

    `falls` tells how many of them, from the first on, fall: all, one or none.
    """

    names: tuple[str, ...]
    falls: int = 0

    def by(self, columns: Any) -> list[ColumnElement[Any]]:
        """This will return what to ORDER BY, of the table of tasks or of what was cut out of it."""
        return [columns[name].desc() if at < self.falls else columns[name] for at, name in enumerate(self.names)]

    def beyond(self) -> ColumnElement[bool]:
        """This will be true for tasks after the place whose values `place` gives."""
        columns: list[Any] = [TASKS.c[name] for name in self.names]
        place: list[Any] = [bindparam(f"after_{column.key}", type_=column.type) for column in columns]
        if self.falls in (0, len(columns)):
            row, after = tuple_(*columns), tuple_(*place)
            return row < after if self.falls else row > after
        further = tuple_(*columns[1:]) > tuple_(*place[1:])
        # the first part says nothing new, but an index can begin with it
        return and_(columns[0] <= place[0], or_(columns[0] < place[0], further))

    def place(self, after: str) -> dict[str, Any]:
        """This will return what `cursor` wrote as parameters. Raises CursorInvalid."""
        values = paging.read_cursor(after, [KINDS[name] for name in self.names])
        return {f"after_{name}": value for name, value in zip(self.names, values, strict=True)}

    def cursor(self, row: Mapping[str, Any]) -> str:
        """This will write the place of a task as text for an address."""
        return paging.write_cursor([row[name] for name in self.names])

    def rank(self, row: Mapping[str, Any]) -> tuple[int, ...]:
        """This will return where a task stands: the less, the earlier."""
        return tuple(_number(row[name]) * (-1 if at < self.falls else 1) for at, name in enumerate(self.names))


def _number(value: Any) -> int:
    if isinstance(value, datetime):
        return (value - EPOCH) // TICK
    return value.int if isinstance(value, UUID) else int(value)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of every place that one index serves, in the order in which it does."""

    order: Order
    where: tuple[ColumnElement[bool], ...] = ()


DUE = Order(("order_at", "id"))
BY_DUE = Stretch(DUE)
BY_URGES = Order(("urged_count", "order_at", "id"), falls=1)
SORTS: dict[str, Order] = {
    "due": DUE,
    "-due": Order(("order_at", "id"), falls=2),
    "created": Order(("created_at", "id")),
    "-created": Order(("created_at", "id"), falls=2),
    "new": Order(("created_at", "id"), falls=2),
    "priority": Order(("priority", "order_at", "id"), falls=1),
    "urged": BY_URGES,
}


def stretches(order: Order, place: Mapping[str, Any]) -> list[tuple[Stretch, bool]]:
    """This will tell in which parts to read an order, and of each whether it is read on after `place`.

    Few tasks are ever urged: they have an index of their own, all others follow as they are due.
    """
    if order is not BY_URGES:
        return [(Stretch(order), bool(place))]
    rest = (Stretch(DUE, (NEVER_URGED,)), place.get("after_urged_count") == 0)
    urged = (Stretch(BY_URGES, (WAS_URGED,)), bool(place))
    return [urged, rest] if place.get("after_urged_count") != 0 else [rest]


def written(number: int) -> ColumnElement[int]:
    """This will write a number into a statement, so that a plan that is kept knows how little is asked."""
    return literal_column(str(number), Integer)


def window(where: Sequence[ColumnElement[bool]], order: Order, reach: int) -> Any:
    """This will cut the first tasks out of a place, and return their columns."""
    seen = select(*(TASKS.c[name] for name in SEEN)).where(*where).order_by(*order.by(TASKS.c))
    return seen.limit(written(reach)).subquery().c
