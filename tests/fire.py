"""Faults to put under an engine: a power cut at any statement and around every commit, and what must be true after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from PIL import Image
from sqlalchemy import Connection, event, text

from engine import SYSTEM, Engine, history, queries
from engine.wire import Wire

TABLES = ("cases", "case_fields", "tasks", "jobs", "subscriptions", "incidents", "history", "messages", "drafts",
          "attachments", "counters", "queues")  # fmt: skip
BEFORE_COMMIT, AFTER_COMMIT = "before the commit", "after the commit"


class PowerCut(Exception):
    """The light went out."""


class Fire:
    """Cuts the power of an engine at the statement number `at`, or around the commit; counts statements and commits."""

    def __init__(self, engine: Engine, strike: Any = None) -> None:
        """This will do nothing until it is lit; `strike(connection)` is what happens instead of a power cut."""
        self.engine, self.strike = engine, strike or self._cut
        self.at: int | str | None = None
        self.statements = self.commits = 0

    @staticmethod
    def _cut(_connection: Any) -> None:
        raise PowerCut

    @contextmanager
    def lit(self, at: int | str | None = None) -> Iterator[Fire]:
        """This will cut the power inside the block."""
        self.at, self.statements, self.commits = at, 0, 0
        dialect = self.engine.database.dialect
        commit, exchange = dialect.do_commit, Wire.exchange

        def exchange_or_strike(wire: Wire, low: Any, *, commits: bool) -> Any:
            if not commits:
                return exchange(wire, low, commits=False)
            wire.is_in_doubt, answers = True, list[Any]()
            held = SimpleNamespace(driver_connection=wire.connection)
            self._around(lambda _held: answers.extend(exchange(wire, low, commits=True)), held)
            return answers

        event.listen(self.engine.database, "before_cursor_execute", self._count)
        dialect.do_commit = lambda wire: self._around(commit, wire)  # type: ignore[method-assign,assignment]
        Wire.exchange = exchange_or_strike  # type: ignore[method-assign]
        try:
            yield self
        finally:
            del dialect.do_commit
            Wire.exchange = exchange  # type: ignore[method-assign]
            event.remove(self.engine.database, "before_cursor_execute", self._count)

    def _around(self, commit: Any, held: Any) -> None:
        self.commits += 1
        if self.at == BEFORE_COMMIT:
            self.strike(held)
        commit(held)
        if self.at == AFTER_COMMIT:
            self.strike(held)

    def _count(self, connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("BEGIN", "PRAGMA")):
            return
        self.statements += 1
        if self.statements == self.at:
            self.strike(connection)


def picture(engine: Engine) -> dict[str, list[Any]]:
    """This will return everything that a case can change, to compare."""
    with engine.database.connect() as connection:
        return {name: sorted(map(str, connection.execute(text(f"SELECT * FROM {name}")))) for name in TABLES}


def photo() -> BytesIO:
    """This will return a small picture, as a stream."""
    drawn = BytesIO()
    Image.new("RGB", (2, 2)).save(drawn, "PNG")
    drawn.seek(0)
    return drawn


def require_sound(engine: Engine) -> None:
    """This will fail unless all cases hold together and their histories are as they were written."""
    assert [str(finding) for finding in engine.check_soundness(by=SYSTEM, with_files=True)] == []
    for case in engine.read(queries.cases, SYSTEM, limit=100).items:
        engine.read(history.verify, case.id)
