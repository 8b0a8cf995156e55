"""The counts that boards sum: what changed is added to them from time to time, or all is counted anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, delete, func, insert, literal_column, select, text, union_all
from sqlalchemy.orm import Session

from engine.db import is_postgresql, table, upserting
from engine.models import BoardChange, BoardCount, Task
from engine.turn import Turn

CHANGES, COUNTS, TASKS = table(BoardChange), table(BoardCount), table(Task)
KEY = ("unit_path", "step", "day", "unit_id")
AT_ONCE = 20_000
WHY = "counts of boards were not those of the open tasks"


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


def differences(session: Session) -> list[RowMapping]:
    """This will compare what the counts and changes sum up to (`kept`) with the open tasks (`found`), cell by cell."""
    return list(session.execute(_compared(session)).mappings())


def _compared(session: Session) -> Select[Any]:
    cell = [TASKS.c.unit_path, TASKS.c.name.label("step"), _day(session).label("day")]
    cell.append(func.coalesce(TASKS.c.unit_id, 0).label("unit_id"))
    none: ColumnElement[int] = literal_column("0")
    found = select(*cell, func.count().label("found"), none.label("kept"))
    found = found.where(TASKS.c.state == literal_column("'open'")).group_by(*cell)
    kept = select(*(COUNTS.c[name] for name in KEY), none, COUNTS.c.open)
    changed = select(*(CHANGES.c[name] for name in KEY), none, CHANGES.c.change)
    both = union_all(found, kept, changed).subquery()
    sums = [func.sum(both.c[name]).label(name) for name in ("found", "kept")]
    key = [both.c[name] for name in KEY]
    return select(*key, *sums).group_by(*key).having(sums[0] != sums[1]).order_by(*key)


def recount(turn: Turn) -> int:
    """This will correct counts that are not those of the open tasks and return how many were wrong.

    One statement sees the tables at one moment, so that nobody has to wait; what others change meanwhile is added.
    """
    session = turn.session
    if is_postgresql(session):  # two at once would correct twice
        session.execute(text("LOCK TABLE board_counts IN SHARE UPDATE EXCLUSIVE MODE"))
    wrong = _compared(session).subquery()
    columns = [*(wrong.c[name] for name in KEY), wrong.c.found - wrong.c.kept]
    corrected = insert(CHANGES).from_select([*KEY, "change"], select(*columns)).returning(CHANGES.c.id)
    return len(session.execute(corrected).all())


def _day(session: Session) -> ColumnElement[Any]:
    if is_postgresql(session):
        return literal_column("(tasks.order_at AT TIME ZONE 'Asia/Shanghai')::date")
    return literal_column("date(tasks.order_at, '+8 hours')")
