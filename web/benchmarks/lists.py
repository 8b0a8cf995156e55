"""How fast an inbox and a board come, and how much of that is the database's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, event

from engine import Actor, Engine, queries
from web.benchmarks import clients, copies, floor, meters, report, world
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line

PAGE = 50
Question = Callable[[Engine, Actor], object]
Asked = tuple[str, str, Question]  # the name of a line, who asks, what


def page(engine: Engine, actor: Actor) -> object:
    """This will read the first page of an inbox with its count."""
    return engine.read(queries.inbox, actor, limit=PAGE)


def counts(engine: Engine, actor: Actor) -> object:
    """This will count what waits in every queue."""
    return engine.read(queries.inbox_counts, actor)


def board(engine: Engine, actor: Actor) -> object:
    """This will count what is overdue, by unit and step."""
    return engine.read(queries.board, actor)


INBOX: Sequence[Asked] = (("inbox page", "official", page), ("queue counts", "official", counts))
BOARD: Sequence[Asked] = (("board", "chief", board),)


def measure(
    url: str | None,
    questions: Sequence[Asked],
    *,
    seconds: float,
    open_tasks: int,
    show: Show | None = None,
) -> list[Line]:
    """This will ask each question for so many seconds while `open_tasks` are open."""
    with world.made(url) as (_own, engine):
        copies.crowd(engine, open_tasks, show)
        beside = floor.measure(engine, min(seconds, 2.0))
        lines = []
        for name, login, question in questions:
            actor = world.actor(engine, login)
            found = report.line(name, [clients.alone(engine, ask, seconds, question, actor)])
            with meters.traffic(engine.database) as seen:
                question(engine, actor)
            found.statements, found.round_trips = seen.statements, seen.round_trips
            found.notes["open"] = open_tasks
            if engine.database.dialect.name == "postgresql":
                found.notes["in_database_ms"] = round(min(in_database(engine, question, actor) for _ in range(5)), 2)
            lines.append(found)
        return report.compare(lines, beside)


def ask(engine: Engine, watch: Stopwatch, question: Question, actor: Actor) -> Iterator[None]:
    """This will ask one question again and again."""
    for _ in range(5):
        question(engine, actor)
    yield
    while not watch.is_over or not watch.samples:
        watch.time(question, engine, actor)


def in_database(engine: Engine, question: Question, actor: Actor) -> float:
    """This will return how many milliseconds PostgreSQL says that it plans and executes a question."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        seen.append((statement, parameters))

    event.listen(engine.database, "before_cursor_execute", note)
    try:
        question(engine, actor)
    finally:
        event.remove(engine.database, "before_cursor_execute", note)
    spent = 0.0
    with engine.database.connect() as connection:
        for statement, parameters in seen:
            told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()[0]
            spent += told["Planning Time"] + told["Execution Time"]
    return spent
