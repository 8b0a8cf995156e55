"""The floor: what the database takes for the least that can be called work, one row changed and committed."""

from __future__ import annotations

from collections.abc import Iterator

from engine import Engine
from web.benchmarks import clients
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line, line

WARM_UP = 20
LEAST = 20


def measure(engine: Engine, seconds: float) -> Line:
    """This will change and commit one row again and again over the bare driver."""
    connection = engine.database.raw_connection()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS bench_floor (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)")
    cursor.execute("INSERT INTO bench_floor VALUES (1, 0) ON CONFLICT DO NOTHING")
    connection.commit()
    cursor.close()
    connection.close()
    found = line("floor", [clients.alone(engine, _change, seconds)])
    found.statements, found.round_trips, found.floors = 1, None, 1.0
    return found


def _change(engine: Engine, watch: Stopwatch) -> Iterator[None]:
    yield
    is_sqlite = engine.database.dialect.name == "sqlite"
    connection = engine.database.raw_connection()
    cursor = connection.cursor()

    def change() -> None:
        if is_sqlite:  # its driver begins no transactions here
            cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("UPDATE bench_floor SET value = value + 1 WHERE id = 1")
        if is_sqlite:
            cursor.execute("COMMIT")
        else:
            connection.commit()

    for _ in range(WARM_UP):
        change()
    while not watch.is_over or len(watch.samples) < LEAST:
        watch.time(change)
    cursor.close()
    connection.close()
