"""An inbox lists and counts what a plain look at all tasks finds, in every order, however little it reads."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from engine import Engine, Task, queries
from engine.db import table
from engine.models import Queue, new_id
from engine.queries import waiting
from engine.queries.counts import COUNTED, Tally

TASKS = table(Task)
STEPS = ("登记", "审核", "复查")
Row = dict[str, Any]
Key = Callable[[Row], Any]
ORDERS: dict[str, Key] = {
    "due": lambda row: (row["order_at"], row["id"]),
    "-due": lambda row: (row["order_at"], row["id"]),
    "created": lambda row: (row["created_at"], row["id"]),
    "-created": lambda row: (row["created_at"], row["id"]),
    "new": lambda row: (row["created_at"], row["id"]),
    "priority": lambda row: (-row["priority"], row["order_at"], row["id"]),
    "urged": lambda row: (-row["urged_count"], row["order_at"], row["id"]),
}
FALLING = ("-due", "-created", "new")


@pytest.fixture
def rows(engine: Engine, cast: Any, clock: Any) -> list[Row]:
    """300 open tasks: of bob himself, of three queues of his, and of others."""
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    [template] = engine.read(lambda session: session.execute(select(TASKS)).mappings().all())
    with engine.database.connect().execution_options(writes=True) as connection:
        places = [template["queue_id"], *(_queue(connection, template["unit_id"], f"@bob,{n}") for n in range(2))]
        other = _queue(connection, template["unit_id"], "nobody")
        found = _rows(dict(template), [*places, other], cast.bob.person_id, clock())
        connection.execute(insert(TASKS), found)
        connection.commit()
    mine = [dict(template), *(row for row in found if row["queue_id"] != other)]
    return [row for row in mine if row["assignee_id"] in (None, cast.bob.person_id)]


def _queue(connection: Any, unit_id: int, role: str) -> int:
    made = insert(table(Queue)).values(unit_id=unit_id, role=role).returning(table(Queue).c.id)
    return int(connection.execute(made).scalar_one())


def _rows(template: Row, places: list[int], bob: int, now: datetime) -> list[Row]:
    chance, found = random.Random(20261122), []
    for number in range(300):
        row = {**template, "id": new_id(), "token": number + 100, "name": chance.choice(STEPS)}
        row["queue_id"] = chance.choice([*places, places[0], places[0]])
        row["assignee_id"] = bob if number % 9 == 0 and row["queue_id"] != places[-1] else None
        row["order_at"] = row["due_at"] = now + timedelta(hours=chance.randrange(-150, 400))
        row["created_at"] = now - timedelta(hours=chance.randrange(0, 900))
        row["priority"] = chance.choice([20, 50, 50, 50, 80, 90])
        row["urged_count"] = chance.choice([0, 0, 0, 0, 1, 2])
        row["process_id"] = chance.choice(["repair", "repair", "other"])
        found.append(row)
    return found


def walked(engine: Engine, actor: Any, **asked: Any) -> Iterator[Any]:
    """Reads an inbox from its first page to its last one, and gives the pages."""
    after = None
    for _ in range(400):
        page = engine.read(queries.inbox, actor, after=after, **asked)
        yield page
        if page.next is None:
            return
        after = page.next
    pytest.fail("this list never ends")


def expected(rows: list[Row], sort: str, test: Callable[[Row], bool] = lambda row: True) -> list[Any]:
    """Sorts all that is true in Python."""
    found = sorted(filter(test, rows), key=ORDERS[sort], reverse=sort in FALLING)
    return [row["id"] for row in found]


def test_every_order_lists_every_task_once_and_in_its_place(engine: Engine, cast: Any, rows: list[Row]) -> None:
    for sort in ORDERS:
        pages = list(walked(engine, cast.bob, sort=sort, limit=40))
        assert [task.id for page in pages for task in page.items] == expected(rows, sort), sort
        assert {(page.total, page.is_capped, page.is_cut_short) for page in pages} == {(len(rows), False, False)}, sort


def test_what_no_index_finds_is_looked_for_a_stretch_at_a_time(
    engine: Engine, cast: Any, clock: Any, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, now = clock() - timedelta(days=20), clock()
    asked: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
        ({"step": "复查"}, lambda row: row["name"] == "复查"),
        ({"process_id": "other", "urged": True}, lambda row: row["process_id"] == "other" and row["urged_count"] > 0),
        ({"process_id": "nothing"}, lambda row: False),
        ({"priority_from": 51, "step": "登记"}, lambda row: row["priority"] > 50 and row["name"] == "登记"),
        ({"created_until": old, "due": "overdue"}, lambda row: row["created_at"] < old and row["order_at"] < now),
    ]
    for sort, some in (("due", asked), ("urged", asked[:2]), ("-created", asked[2:]), ("priority", asked[3:4])):
        for narrowed, test in some:
            for least in (10_000, 15):
                monkeypatch.setattr(waiting, "LOOKED_LEAST", least)
                monkeypatch.setattr(waiting, "LOOKED", least)
                pages = list(walked(engine, cast.bob, sort=sort, limit=7, **narrowed))
                wanted = expected(rows, sort, test)
                assert [task.id for page in pages for task in page.items] == wanted, (sort, narrowed, least)
                is_cut = any(page.is_cut_short for page in pages)
                assert not is_cut or (least == 15 and narrowed.keys() & {"step", "process_id"})
                assert is_cut or least > 15 or narrowed != {"process_id": "nothing"}
                for page in pages:  # never more than there are, and exact unless it says otherwise
                    assert page.total == len(wanted) if not page.is_capped else page.total <= len(wanted)


def test_counts_are_exact_up_to_99_and_tell_where_they_are_not(
    engine: Engine, cast: Any, clock: Any, rows: list[Row]
) -> None:
    now = clock()
    until = engine.read(queries.paging.soon_until, now, 3)
    counts = engine.read(queries.inbox_counts, cast.bob)
    soon, overdue = 0, 0
    for queue in counts.queues:
        here = [row for row in rows if row["queue_id"] == queue.queue_id and row["assignee_id"] is None]
        late = sum(row["order_at"] < now for row in here)
        assert (queue.open, queue.open.is_more) == (min(len(here), COUNTED), len(here) > COUNTED)
        assert (queue.overdue, queue.overdue.is_more) == (min(late, COUNTED), late > COUNTED)
        soon += sum(now <= row["order_at"] < until for row in here)
        overdue += late
    mine = [row for row in rows if row["assignee_id"] is not None]
    assert (counts.mine, counts.mine.is_more) == (len(mine), False)
    assert counts.overdue == overdue + sum(row["order_at"] < now for row in mine)
    assert counts.soon == soon + sum(now <= row["order_at"] < until for row in mine)
    assert counts.all.is_more
    assert str(counts.all) == f"{sum(queue.open for queue in counts.queues) + len(mine)}+"
    assert str(Tally.up_to(99, 99)) == "99"


def test_no_list_and_no_count_reads_a_table_of_tasks_whole(engine: Engine, cast: Any, rows: list[Row]) -> None:
    is_sqlite = engine.database.dialect.name == "sqlite"
    sent: list[tuple[str, Any]] = []
    with engine.database.connect().execution_options(writes=True) as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM tasks" in statement:
            sent.append((statement, tuple(parameters) if is_sqlite else parameters))

    event.listen(engine.database, "before_cursor_execute", note)
    for sort in ORDERS:
        for narrowed in ({}, {"step": "复查"}, {"urged": True}, {"priority_from": 51}, {"q": "漏水"}):
            page = engine.read(queries.inbox, cast.bob, sort=sort, limit=5, **narrowed)
            engine.read(queries.inbox, cast.bob, sort=sort, limit=5, after=page.next, **narrowed)
    engine.read(queries.inbox_counts, cast.bob)
    event.remove(engine.database, "before_cursor_execute", note)
    assert len(sent) > 70
    with engine.database.connect() as connection:
        if not is_sqlite:  # a table of some hundred rows is best read whole; the question is whether it has to be
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in sent:
            prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(prefix + statement, parameters))
            assert "Seq Scan on tasks" not in plan, plan
            assert "SCAN tasks" not in plan, plan
