"""Fills a database: copies of cases that the engine itself has made, each able to go on, in millions if need be.

Only their history is not copied; its chain of hashes belongs to one case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Insert, Table, cast, func, insert, literal, select, text
from sqlalchemy import Engine as Database
from sqlalchemy.exc import DBAPIError

from engine import SYSTEM, Case, Engine, Job, Task, board_counts
from web.benchmarks import world

STEPS = 5
CHUNK = 20_000
MASS, WORK = 1, 2
DUE_FROM, DUE_WITHIN = timedelta(days=-5), timedelta(days=30)
SCATTER = 7919  # seconds between one case's due time and the next one's: a prime, so that they spread evenly

Show = Callable[[int, int], None]


def case_id(label: int, number: int) -> UUID:
    """This will return the id of a copy: ids rise with the number, as those of real cases rise with time."""
    return UUID(f"{_prefix(label)}{number:012x}")


def _prefix(label: int) -> str:
    return f"{label:08x}000070008000"


def crowd(engine: Engine, count: int, show: Show | None = None) -> None:
    """This will let `count` tasks be open, in all towns and at all steps, due from five days ago on."""
    fill(engine, originals(engine, towns=min(world.TOWNS, 1 + count // 2000)), count, show=show)


def originals(engine: Engine, *, steps: int = STEPS, towns: int = world.TOWNS) -> list[UUID]:
    """This will start a case in every town and for every step, and bring each to its step."""
    worker = world.actor(engine, "worker")
    made = []
    for number in range(towns):
        for step in range(steps):
            case = engine.start_case(world.BENCH, world.SENT, by=worker, unit_code=world.town(number))
            for _ in range(step):
                (task,) = engine.read(world.open_tasks, [case.id])
                engine.complete_task(task, by=worker, data=world.SENT)
            made.append(case.id)
    return made


def fill(
    engine: Engine,
    cases: Sequence[UUID],
    count: int,
    *,
    label: int = MASS,
    due_from: datetime | None = None,
    within: timedelta = DUE_WITHIN,
    scatter: int = SCATTER,
    show: Show | None = None,
) -> None:
    """This will copy `cases` in turn until there are `count` copies, due from `due_from` on `within` so much time."""
    base = due_from if due_from is not None else engine.clock() + DUE_FROM
    each = len(cases)
    rounds = -(-count // each)
    at_once = max(1, CHUNK // each)
    for first in range(0, rounds, at_once):
        last = min(first + at_once, rounds)
        copier = _Copier(engine.database, cases, label, count, base, int(within.total_seconds()), scatter)
        copier.copy(first, last)
        if show is not None:
            show(min(last * each, count), count)
    engine.write(SYSTEM, board_counts.recount)  # what is copied wholesale wakes no trigger
    while engine.write(SYSTEM, board_counts.fold):
        pass
    _tidy(engine.database)


class _Copier:
    """Writes the statements that copy a range of rounds, as the database understands them."""

    def __init__(
        self,
        database: Database,
        cases: Sequence[UUID],
        label: int,
        count: int,
        base: datetime,
        within: int,
        scatter: int,
    ) -> None:
        self.database, self.cases, self.label = database, cases, label
        self.count, self.base, self.within, self.scatter = count, base, within, scatter
        self.is_sqlite = database.dialect.name == "sqlite"

    def copy(self, first: int, last: int) -> None:
        """This will copy every case once for each round from `first` up to `last`."""
        with self.database.connect().execution_options(writes=True) as connection:
            if not self.is_sqlite:
                _trust(connection)
            for statement in self.statements(first, last):
                connection.execute(statement)
            connection.commit()

    def statements(self, first: int, last: int) -> list[Insert]:
        """This will write the statements for cases, their open tasks and their jobs."""
        rows = self.numbered(first, last)
        at = self.moment(rows.c.k)
        own = {"id": self.identifier(rows.c.k)}
        of_case = {**own, "case_id": self.identifier(rows.c.k)}
        case, task, job = (model.__table__ for model in (Case, Task, Job))
        number = {"number": case.c.number + f"-{self.label}-" + cast(rows.c.k, case.c.number.type)}
        return [
            self.copying(case, rows, case.c.id, own | number),
            self.copying(task, rows, task.c.case_id, of_case | {"due_at": at, "order_at": at}, task.c.state == "open"),
            self.copying(job, rows, job.c.case_id, of_case | {"due_at": at}),
        ]

    def numbered(self, first: int, last: int) -> FromClause:
        """This will give each copy of each original its number `k`; neighbours have different originals."""
        series = select(literal(first).label("n")).cte("series", recursive=True)
        series = series.union_all(select(series.c.n + 1).where(series.c.n + 1 < last))
        table: Any = Case.__table__
        order = (func.row_number().over(order_by=table.c.id) - 1).label("t")
        kept = select(table.c.id.label("original"), order).where(table.c.id.in_(self.cases)).subquery()
        k = (series.c.n * len(self.cases) + kept.c.t).label("k")
        rows = select(kept.c.original, k).join_from(kept, series, literal(True)).subquery()
        return select(rows).where(rows.c.k < self.count).subquery()

    def copying(
        self, table: Any, rows: FromClause, key: Any, changed: dict[str, Any], *where: ColumnElement[bool]
    ) -> Insert:
        """This will write the statement that copies the rows of one table."""
        columns = [changed.get(column.name, column) for column in table.c]
        found = select(*columns).join_from(rows, table, key == rows.c.original).where(*where)
        return insert(_table(table)).from_select([column.name for column in table.c], found.order_by(rows.c.k))

    def identifier(self, k: ColumnElement[int]) -> ColumnElement[Any]:
        """This will write what `case_id` computes, in SQL."""
        if self.is_sqlite:
            return literal(_prefix(self.label)) + func.printf("%012x", k)
        digits = func.concat(_prefix(self.label), func.lpad(func.to_hex(k), 12, "0"))
        return cast(digits, _table(Case.__table__).c.id.type)

    def moment(self, k: ColumnElement[int]) -> ColumnElement[Any]:
        """This will write when the copy `k` is due."""
        seconds = k * self.scatter % self.within
        if not self.is_sqlite:
            return literal(self.base) + seconds * text("INTERVAL '1 second'")
        start = self.base.strftime("%Y-%m-%d %H:%M:%S")
        return func.strftime("%Y-%m-%d %H:%M:%f000", start, func.printf("+%d seconds", seconds))


def _table(found: Any) -> Table:
    assert isinstance(found, Table)
    return found


def _trust(connection: Any) -> None:
    """What is copied refers to rows that are there: who owns the server may skip that check."""
    try:
        with connection.begin_nested():
            connection.execute(text("SET LOCAL session_replication_role = replica"))
    except DBAPIError:
        return


def _tidy(database: Database) -> None:
    """Brings the planner's statistics up to date, as a database in use has them."""
    if database.dialect.name == "sqlite":
        with database.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
        return
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("cases", "tasks", "jobs", "history", "board_counts"):
            connection.execute(text(f"VACUUM (ANALYZE) {name}"))
