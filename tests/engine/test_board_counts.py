"""The counts that a board sums are those of a plain count, whoever changed tasks and whenever they are folded."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from engine import SYSTEM, Engine, Task, board_counts, queries
from engine.db import table
from engine.models import BoardChange, Unit, new_id
from tests.conftest import Clock

TASKS = table(Task)
STEPS = ("登记", "审核", "复查")


def counted(engine: Engine, now: datetime) -> Counter[tuple[str, str, str]]:
    """Counts open tasks by unit, step and urgency without any help."""
    found: Counter[tuple[str, str, str]] = Counter()
    until = engine.read(queries.paging.soon_until, now, 3)
    rows = engine.read(lambda session: session.execute(select(TASKS).where(TASKS.c.state == "open")).all())
    for row in rows:
        found[row.unit_path, row.name, "open"] += 1
        if row.order_at < now:
            found[row.unit_path, row.name, "overdue"] += 1
        elif row.order_at < until:
            found[row.unit_path, row.name, "soon"] += 1
    return found


def shown(engine: Engine, now: datetime) -> Counter[tuple[str, str, str]]:
    """Returns the numbers of the board."""
    board = engine.read(queries.board, SYSTEM, now=now)
    found = Counter(
        {
            (cell.unit_path, cell.step, kind): getattr(cell, kind)
            for cell in board.cells
            for kind in ("open", "overdue", "soon")
        }
    )
    assert board.open == sum(cell.open for cell in board.cells)
    return +found


def walk(engine: Engine, chance: random.Random, template: dict[str, Any], units: list[Any], now: datetime) -> None:
    """Does one thing to the tasks, past the engine, as any code could."""
    unit = chance.choice(units)
    moment = now + timedelta(minutes=chance.randrange(-4000, 8000))
    seen = {"unit_id": unit.id, "unit_path": unit.path, "name": chance.choice(STEPS), "order_at": moment}
    some = TASKS.c.token == chance.randrange(40)
    row = {**template, **seen, "id": new_id(), "token": chance.randrange(40), "sign": chance.randrange(10**6)}
    with engine.database.connect().execution_options(writes=True) as connection:
        connection.execute(
            chance.choice([
                insert(TASKS).values(row), insert(TASKS).values(row), insert(TASKS).values({**row, "state": "done"}),
                update(TASKS).where(some).values(state=chance.choice(["open", "done", "held", "withdrawn"])),
                update(TASKS).where(some).values(**seen), update(TASKS).where(some).values(priority=7),
                delete(TASKS).where(some),
            ])
        )  # fmt: skip
        connection.commit()


def test_a_board_counts_what_is_there_after_every_kind_of_change(engine: Engine, cast: Any, clock: Clock) -> None:
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    [task] = engine.read(lambda session: session.execute(select(TASKS)).mappings().all())
    units = engine.read(lambda session: session.execute(select(Unit.id, Unit.path)).all())
    chance = random.Random(20261122)
    for step in range(120):
        walk(engine, chance, dict(task), list(units), clock())
        if chance.random() < 0.1:
            engine.write(SYSTEM, board_counts.fold)
        if step % 6 == 0:
            now = clock() + timedelta(minutes=chance.randrange(-3000, 3000))
            assert shown(engine, now) == counted(engine, now), step
    midnight = datetime(2026, 1, 6, 16, tzinfo=UTC)
    assert shown(engine, midnight) == counted(engine, midnight)
    before = shown(engine, clock())
    assert engine.write(SYSTEM, board_counts.fold) > 0
    assert engine.read(lambda session: session.scalars(select(BoardChange.id)).all()) == []
    assert shown(engine, clock()) == before
    engine.write(SYSTEM, board_counts.recount)
    assert shown(engine, clock()) == before


def test_a_board_counts_what_people_do(engine: Engine, cast: Any, clock: Clock) -> None:
    for number in range(6):
        engine.start_case("repair", {"地点": f"{number} 楼", "情况": "漏水"}, by=cast.alice)
    tasks = engine.read(queries.inbox, cast.bob).items
    engine.claim_task(tasks[0].id, by=cast.bob)
    engine.complete_task(tasks[0].id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    engine.cancel_case(tasks[1].case_id, by=cast.olga, reason="重复")
    assert shown(engine, clock()) == counted(engine, clock())
    assert len(shown(engine, clock())) > 1
