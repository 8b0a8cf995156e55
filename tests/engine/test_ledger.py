"""The ledger of limits is read by an index, for a unit and those below it too, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import event, insert, select

from engine import SYSTEM, Engine, ProcessApp, Unit, queries
from engine.db import table
from engine.models import Limit, new_id

FOLDER = Path(__file__).parent.parent / "apps" / "limits"
LIMITS = table(Limit)
SELDOM = {1: "paused", 2: "void"}


@pytest.fixture
def engine(make_engine: Any) -> Engine:
    app = ProcessApp(
        name="orders",
        title="责令整改",
        folder=FOLDER,
        process="order",
        roles={"officer": "执法人员", "leader": "领导"},
        starters={"order": ("*",)},
    )
    made: Engine = make_engine([app])
    return made


@contextmanager
def heard(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every question about limits that is asked inside, with its values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "FROM limits" in statement and statement.startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(engine.database, "before_cursor_execute", note)
    yield seen
    event.remove(engine.database, "before_cursor_execute", note)


def plans(engine: Engine, **asked: Any) -> list[str]:
    """How the database finds what the ledger asks for."""
    with heard(engine) as seen:
        engine.read(queries.limits, SYSTEM, **asked)
    return explained(engine, seen)


def explained(engine: Engine, seen: list[tuple[str, Any]]) -> list[str]:
    is_sqlite = engine.database.dialect.name == "sqlite"
    found = []
    with engine.database.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("ANALYZE limits")
        for statement, parameters in seen:
            word = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            rows = connection.exec_driver_sql(word + statement, parameters).all()
            found.append("\n".join(str(row[-1]) for row in rows))
    return found


def fill(engine: Engine, cast: Any, count: int) -> None:
    """Limits of all units and states, one every minute."""
    case = engine.start_case("order", {}, by=cast.bob)
    mine = select(LIMITS).where(LIMITS.c.case_id == case.id)
    [row] = engine.read(lambda session: session.execute(mine).mappings().all())
    units = engine.read(lambda session: list(session.scalars(select(Unit.path).order_by(Unit.path))))
    rows = [
        {
            **row,
            "id": new_id(),
            "unit_path": units[number % len(units)],
            "state": SELDOM.get(number % 200, "met" if number % 10 else "running"),
            "due_at": row["due_at"] + timedelta(minutes=number),
        }
        for number in range(count)
    ]
    with engine.database.connect().execution_options(writes=True) as connection:
        connection.execute(insert(LIMITS), rows)
        connection.commit()


def test_the_ledger_of_everybody_and_of_a_unit_is_read_by_an_index(engine: Engine, cast: Any) -> None:
    fill(engine, cast, 4000)
    path = engine.read(lambda session: session.scalar(select(Unit.path).where(Unit.code == "420101")))
    for asked in ({}, {"unit_path": path}, {"unit_path": path, "state": "exceeded"}, {"code": "check"}):
        for plan in plans(engine, **asked):
            assert "ix_limits" in plan, plan
            assert "Seq Scan on limits" not in plan, plan
            assert "SCAN limits\n" not in plan + "\n", plan


@pytest.mark.parametrize(("state", "index"), [("running", "running"), ("exceeded", "running"), ("paused", "seldom")])
def test_what_runs_and_what_stands_still_are_read_in_order_by_indexes_of_their_own(
    engine: Engine, cast: Any, state: str, index: str
) -> None:
    fill(engine, cast, 4000)
    page, _count = plans(engine, state=state)
    assert f"ix_limits_{index}" in page
    assert "Sort" not in page
    assert "TEMP B-TREE" not in page


def test_the_limits_that_keep_a_version_are_counted_without_those_that_ended(engine: Engine, cast: Any) -> None:
    fill(engine, cast, 4000)
    [entry] = [
        each for each in yaml.safe_load((FOLDER / "limits.yaml").read_text())["limits"] if each["code"] == "check"
    ]
    rule = yaml.safe_dump({**entry, "term": "5 workdays"}, allow_unicode=True)
    with heard(engine) as seen:
        assert engine.foresee_rule("orders", rule, date(2026, 3, 2), by=cast.olga).kept > 0
    told = "\n".join(explained(engine, seen))
    assert "ix_limits_running" in told
    assert "ix_limits_seldom" in told


def test_the_ledger_of_a_unit_holds_what_is_below_it_and_no_other(engine: Engine, cast: Any) -> None:
    fill(engine, cast, 120)
    path = engine.read(lambda session: session.scalar(select(Unit.path).where(Unit.code == "420101")))
    page = engine.read(queries.limits, SYSTEM, unit_path=path, state=None, limit=200)
    every = engine.read(queries.limits, SYSTEM, state=None, limit=200)
    assert {row.limit.unit_path for row in page} == {
        row.limit.unit_path for row in every if row.limit.unit_path.startswith(path)
    }
    assert 0 < len(page.items) < len(every.items)
