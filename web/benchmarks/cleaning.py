"""How fast ended cases are deleted from a large database, and whether somebody who opens the inbox feels it.

Not part of `bihuan bench`: it fills a database of its own. `python -m web.benchmarks.cleaning --cases 1000000`
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import click
from sqlalchemy import Connection

from engine import SYSTEM, Engine, load_apps, now_utc, queries

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
EVENTS = 4  # history events of a case


def fill(connection: Connection, count: int, *, app: str, process_id: str, definition_id: int) -> None:
    """This will write `count` ended cases straight into an SQLite database, each with a task and its history."""
    ended = f"{now_utc() - timedelta(days=400):%Y-%m-%d %H:%M:%S}.000000"
    numbers = NUMBERS.format(count=count)
    columns = {
        "id": "printf('%032x', i)", "number": "'N-' || i", "title": "'旧案'", "subject": "''", "badge": "''",
        "tone": "''", "app": f"'{app}'", "process_id": f"'{process_id}'", "definition_id": str(definition_id),
        "state": "'closed'", "version": "1", "incidents": "0", "unit_path": "'/'", "unit_name": "''", "region": "''",
        "started_at": f"'{ended}'", "ended_at": f"'{ended}'", "data": "'{}'",
        "snapshot": """'{"state":{"v":1,"next":1,"tokens":[]},"waiting":{}}'""", "history_seq": str(EVENTS),
        "history_hash": "printf('%064x', i)",
    }  # fmt: skip
    _insert(connection, numbers, "cases", columns, "n")
    columns = {
        "id": "printf('%032x', i)", "case_id": "printf('%032x', i)", "token": "1", "definition_id": str(definition_id),
        "process_id": f"'{process_id}'", "element": "'e'", "name": "'办理'", "state": "'done'", "role": "''",
        "unit_path": "'/'", "unit_name": "''", "is_claimed": "0", "priority": "50", "created_at": f"'{ended}'",
        "order_at": f"'{ended}'", "case_number": "'N-' || i", "case_title": "'旧案'", "case_subject": "''",
        "case_badge": "''", "case_tone": "''", "region": "''", "detail": "'{}'", "sign": "0", "signs": "0",
        "urged_count": "0",
    }  # fmt: skip
    _insert(connection, numbers, "tasks", columns, "n")
    columns = {
        "case_id": "printf('%032x', i)", "seq": "k", "at": f"'{ended}'", "kind": "'completed'", "actor": "''",
        "element": "'e'", "name": "'办理'", "detail": "'{}'", "hash": "printf('%064x', i)",
    }  # fmt: skip
    sequence = " UNION ALL ".join(f"SELECT {k} AS k" for k in range(1, EVENTS + 1))
    _insert(connection, numbers, "history", columns, f"n, ({sequence})")


def _insert(connection: Connection, numbers: str, table: str, columns: dict[str, str], source: str) -> None:
    names, values = ", ".join(columns), ", ".join(columns.values())
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM {source}")


def watch(engine: Engine, login: str, stop: Event, found: list[float]) -> None:
    """This will open the inbox and write a draft again and again, and note how long it takes in milliseconds."""
    actor = engine.actor(engine.read(queries.account, SYSTEM, login).id)
    while not stop.wait(0.05):
        begun = time.perf_counter()
        engine.read(queries.inbox, actor)
        engine.save_draft("bench", by=actor, data={"x": 1})
        found.append((time.perf_counter() - begun) * 1000)


def shown(times: Sequence[float]) -> str:
    """This will write the middle and the slow end of some times."""
    ordered = sorted(times)
    return f"median {ordered[len(ordered) // 2]:.0f} ms, p99 {ordered[int(len(ordered) * 0.99)]:.0f} ms"


@click.command()
@click.option("--cases", "count", default=100_000, help="Ended cases to begin with.")
@click.option("--seconds", default=20.0, help="How long to delete.")
def main(count: int, seconds: float) -> None:
    """Fill an SQLite database with ended cases and delete as many as time allows."""
    with tempfile.TemporaryDirectory() as folder:
        [app, *_] = load_apps()
        engine = Engine(f"sqlite:///{Path(folder) / 'many.sqlite'}", apps=[app], files=Path(folder) / "files")
        engine.migrate()
        engine.load_people([{"code": "u", "name": "局", "kind": "county"}], [{"login": "x", "name": "甲"}])
        engine.deploy_app(app)
        mine = next(row for row in engine.read(queries.definitions, SYSTEM) if row.process_id == app.process)
        begun = time.monotonic()
        with engine.database.connect().execution_options(writes=True) as connection, connection.begin():
            fill(connection, count, app=app.name, process_id=app.process, definition_id=mine.id)
        with engine.database.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # else the first batches pay for the filling
        click.echo(f"filled with {count} cases in {time.monotonic() - begun:.0f} s")
        engine.set_retention(app.name, 365, by=SYSTEM, reason="benchmark")
        _measure(engine, seconds)
        engine.close()


def _measure(engine: Engine, seconds: float) -> None:
    for label, is_cleaning in (("idle", False), ("while deleting", True)):
        stop, times = Event(), list[float]()
        watcher = Thread(target=watch, args=(engine, "x", stop, times))
        watcher.start()
        begun = time.monotonic()
        if is_cleaning:
            done = engine.clean_up(should_stop=lambda begun=begun: time.monotonic() - begun >= seconds)  # type: ignore[misc]
            rate = done.cases / (time.monotonic() - begun)
            click.echo(
                f"deleted {done.cases} cases, {rate:.0f} a second: a million in {1e6 / max(rate, 1) / 60:.0f} min"
            )
        else:
            time.sleep(min(seconds, 5))
        stop.set()
        watcher.join()
        click.echo(f"inbox and a draft, {label}: {shown(times)}")


if __name__ == "__main__":
    main()
