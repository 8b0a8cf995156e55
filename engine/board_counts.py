"""The counts that boards sum: what changed is added to them from time to time, or all is counted anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal_column, select
from sqlalchemy.orm import Session

from engine.db import is_postgresql, table, upserting
from engine.models import BoardChange, BoardCount, Task
from engine.turn import Turn

CHANGES, COUNTS, TASKS = table(BoardChange), table(BoardCount), table(Task)
KEY = ("unit_path", "step", "day", "unit_id")
AT_ONCE = 20_000


def fold(turn: Turn) -> int:
    """This will add changes to the counts and return how many; any number of workers may do so at once."""
    session = turn.session
    first = select(CHANGES.c.id).order_by(CHANGES.c.id).limit(AT_ONCE).subquery()
    last = session.scalar(select(func.max(first.c.id)))
    if last is None:
        return 0
    # Only what this transaction deletes is added: another worker may have taken some, others are not yet committed.
    taken = delete(CHANGES).where(CHANGES.c.id <= last).returning(*(CHANGES.c[name] for name in KEY), CHANGES.c.change)
    gone = session.execute(taken).all()
    sums: dict[tuple[Any, ...], int] = {}
    for *cell, change in gone:
        sums[tuple(cell)] = sums.get(tuple(cell), 0) + change
    # always in the same order: two workers then never wait for each other in a ring
    rows = [dict(zip((*KEY, "open"), (*cell, sums[cell]), strict=True)) for cell in sorted(sums) if sums[cell]]
    if rows:
        statement = upserting(session, BoardCount)
        added = COUNTS.c.open + statement.excluded.open
        session.execute(statement.on_conflict_do_update(index_elements=KEY, set_={"open": added}), rows)
        session.execute(delete(COUNTS).where(COUNTS.c.open == 0))
    return len(gone)


def recount(turn: Turn) -> None:
    """This will count all open tasks anew."""
    session = turn.session
    session.execute(delete(CHANGES))
    session.execute(delete(COUNTS))
    cell = [TASKS.c.unit_path, TASKS.c.name, _day(session), func.coalesce(TASKS.c.unit_id, 0)]
    found = select(*cell, func.count()).where(TASKS.c.state == literal_column("'open'")).group_by(*cell)
    session.execute(insert(COUNTS).from_select([*KEY, "open"], found))


def _day(session: Session) -> ColumnElement[Any]:
    if is_postgresql(session):
        return literal_column("(tasks.order_at AT TIME ZONE 'Asia/Shanghai')::date")
    return literal_column("date(tasks.order_at, '+8 hours')")
