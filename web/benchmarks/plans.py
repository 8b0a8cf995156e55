"""What PostgreSQL itself says that statements cost: planning, execution and the blocks that they touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, event
from sqlalchemy import Engine as Database

PLACE = re.compile(r"%\((\w+)\)s")
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "  # the clock of each row would cost more than the rows
TIMES = 8  # after five times PostgreSQL knows whether a prepared statement needs a plan of its own each time


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of planning and execution together, and blocks of 8 kB touched in memory or read into it."""

    milliseconds: float
    blocks: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as it was sent; `is_prepared` when the database had planned it already."""

    text: str
    values: Any
    is_prepared: bool


@contextmanager
def heard(database: Database) -> Iterator[list[Sent]]:
    """This will keep the statements that are sent while the block runs."""
    found: list[Sent] = []

    def note(_connection: Connection, cursor: Any, text: str, values: Any, *_rest: object) -> None:
        found.append(Sent(text, values, cursor is None))

    event.listen(database, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database, "before_cursor_execute", note)


def cost(database: Database, ask: Callable[[], object]) -> Cost:
    """This will return what all statements of `ask` cost together, each at its best of several times."""
    with heard(database) as sent:
        ask()
    with database.connect() as connection:
        costs = [_explained(connection, each) for each in sent]
        connection.rollback()
    return Cost(sum(each.milliseconds for each in costs), sum(each.blocks for each in costs))


def _explained(connection: Connection, sent: Sent) -> Cost:
    told = []
    explain = EXPLAIN + _prepare(connection, sent) if sent.is_prepared else EXPLAIN + sent.text
    for _ in range(TIMES):
        found = connection.exec_driver_sql(explain, None if sent.is_prepared else sent.values)
        told.append(found.scalar_one()[0])
    if sent.is_prepared:
        connection.exec_driver_sql("DEALLOCATE asked")
    best = min(told, key=lambda each: float(each["Planning Time"] + each["Execution Time"]))
    blocks = best["Plan"]["Shared Hit Blocks"] + best["Plan"]["Shared Read Blocks"]
    return Cost(best["Planning Time"] + best["Execution Time"], blocks)


def _prepare(connection: Connection, sent: Sent) -> str:
    """Prepares a statement as `engine.wire` does, and returns how to execute it."""
    places: dict[str, int] = {}
    text = PLACE.sub(lambda found: f"${places.setdefault(found[1], len(places) + 1)}", sent.text)
    connection.exec_driver_sql(f"PREPARE asked AS {text}".replace("%%", "%").replace("%", "%%"))
    wire: Any = connection.connection.driver_connection
    values = ", ".join(sql.Literal(sent.values[name]).as_string(wire) for name in places)
    return f"EXECUTE asked({values})".replace("%", "%%") if places else "EXECUTE asked"
