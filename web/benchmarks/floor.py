"""The floor: what the database takes for the least that can be called work, one row changed and committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine import Engine
from web.benchmarks import clients, meters
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line, line

WARM_UP = 20
LEAST = 20


def measure(engine: Engine, seconds: float, url: str = "", count: int = 1) -> Line:
    """This will change and commit one row again and again over the bare driver.

    Several clients, on the database at `url`, have a row each.
    """
    connection = engine.database.raw_connection()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS bench_floor (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)")
    for number in range(count):
        cursor.execute(f"INSERT INTO bench_floor VALUES ({number}, 0) ON CONFLICT DO NOTHING")
    connection.commit()
    cursor.close()
    connection.close()
    found = line("floor", clients.run(engine, url, count, change, seconds))
    with meters.traffic(engine.database) as seen, _changing(engine, 0) as change_once:
        change_once()
    found.statements, found.round_trips, found.floors = seen.statements, seen.round_trips, 1.0
    return found


def change(engine: Engine, watch: Stopwatch, number: int) -> Iterator[None]:
    """This will change and commit the client's row."""
    yield  # who looks at the database before the clock runs shall find its connection free
    with _changing(engine, number) as change_once:
        for _ in range(WARM_UP):
            change_once()
        while not watch.is_over or len(watch.samples) < LEAST:
            watch.time(change_once)


@contextmanager
def _changing(engine: Engine, number: int) -> Iterator[Callable[[], None]]:
    is_sqlite = engine.database.dialect.name == "sqlite"
    connection = engine.database.raw_connection()
    cursor = connection.cursor()

    def change_once() -> None:
        if is_sqlite:  # its driver begins no transactions here
            cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(f"UPDATE bench_floor SET value = value + 1 WHERE id = {number}")
        if is_sqlite:
            cursor.execute("COMMIT")
        else:
            connection.commit()

    try:
        yield change_once
    finally:
        cursor.close()
        connection.close()
