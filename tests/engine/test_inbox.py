"""What an inbox can be asked: by step, unit, urged, age, priority and the fields of the cases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from engine import Engine, queries


@pytest.fixture
def world(engine: Engine, cast: Any, clock: Any) -> dict[str, Any]:
    """Three repairs, the second urged and a day later, and two tasks of another process."""
    made = {}
    for number, (place, price) in enumerate((("一楼", "100"), ("二楼", "2000"), ("三楼", "100"))):
        case = engine.start_case("repair", {"地点": place, "情况": "漏水", "估价": price}, by=cast.alice)
        [task] = [each for each in engine.read(queries.inbox, cast.bob).items if each.case_id == case.id]
        made[place] = task.id
        clock.advance(days=number)
    engine.urge_task(made["二楼"], by=cast.alice)
    engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    return made


def test_the_inbox_is_narrowed_in_every_way_that_officials_ask_for(
    engine: Engine, cast: Any, clock: Any, world: dict[str, Any]
) -> None:
    first, second, third = world["一楼"], world["二楼"], world["三楼"]
    begun = clock() - timedelta(days=3)
    units = {unit.code: unit.path for unit in engine.read(queries.units, cast.olga)}
    for asked, found in (
        ({"process_id": "repair"}, {first, second, third}),
        ({"step": "维修"}, {first, second, third}),
        ({"step": "fix", "urged": True}, {second}),
        ({"step": "fix", "urged": False}, {first, third}),
        ({"unit_path": units["420101"], "process_id": "repair"}, {first, second, third}),
        ({"unit_path": units["420102"]}, set()),
        ({"created_from": begun + timedelta(hours=1), "process_id": "repair"}, {third}),
        ({"created_until": begun + timedelta(hours=1)}, {first, second}),
        ({"priority_from": 51}, set()),
        ({"fields": {"地点": "二楼"}}, {second}),
        ({"fields": {"估价": "100.00"}}, {first, third}),
        ({"fields": {"估价": "100", "地点": "三楼"}, "q": "漏"}, set()),
        ({"fields": {"估价": "100", "地点": "三楼"}, "q": "BX-"}, {third}),
        ({"due": "soon", "process_id": "repair"}, {first, second, third}),
    ):
        page = engine.read(queries.inbox, cast.bob, **asked)
        assert ({task.id for task in page.items}, page.total) == (found, len(found)), asked
        assert engine.read(queries.inbox, cast.charlie, **asked).items == []
    for wrong in ({"没有": "1"}, {"估价": "many"}):
        with pytest.raises(queries.FilterInvalid):
            engine.read(queries.inbox, cast.bob, fields=wrong)


@pytest.mark.parametrize("sort", ["priority", "urged"])
def test_the_inbox_is_sorted_by_urgency_page_by_page(
    engine: Engine, cast: Any, world: dict[str, Any], sort: str
) -> None:
    with engine.database.begin() as connection:
        connection.execute(text("UPDATE tasks SET priority = 90 WHERE urged_count > 0"))
    seen, after = [], None
    while True:
        page = engine.read(queries.inbox, cast.bob, sort=sort, after=after, limit=2)
        seen += [task.id for task in page.items]
        after = page.next
        if after is None:
            break
    assert (len(seen), len(set(seen)), seen[0]) == (5, 5, world["二楼"])


def test_a_field_is_looked_up_by_its_index_and_no_list_reads_case_data(
    engine: Engine, cast: Any, world: dict[str, Any]
) -> None:
    bob, sent = cast.bob, list[tuple[str, Any]]()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM tasks" in statement or "FROM case_fields" in statement:
            sent.append((statement, parameters))

    event.listen(engine.database, "before_cursor_execute", note)
    assert len(engine.read(queries.inbox, bob, fields={"地点": "二楼"}).items) == 1
    event.remove(engine.database, "before_cursor_execute", note)
    assert not any("FROM cases" in statement or "cases.data" in statement for statement, _ in sent)
    is_sqlite = engine.database.dialect.name == "sqlite"
    plans = []
    with engine.database.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")
        prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        for statement, parameters in sent:
            rows = connection.exec_driver_sql(prefix + statement, parameters)
            plans.append("\n".join(str(row[-1]) for row in rows))
    fields, page = plans
    assert "case_fields_name_text" in fields or "pk_case_fields" in fields, fields
    assert "ix_tasks_queue" in page or "tasks_case_id" in page, page
    assert "Seq Scan on tasks" not in page
    assert "SCAN tasks" not in page
