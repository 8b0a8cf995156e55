"""Which queue a task enters, and who sees it there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine import Engine, IncidentResolved, MayNotStart, QueueStillEmpty, queries


def test_a_task_waits_in_the_nearest_unit_up_the_tree_where_its_role_is_held(engine: Engine, cast: Any) -> None:
    near = engine.start_case("parallel", {}, by=cast.alice, unit_code="420101001")
    engine.load_people([], [{"login": "tom", "name": "辛", "roles": [("officer", "420101001")]}])
    nearer = engine.start_case("parallel", {}, by=cast.alice, unit_code="420101001")
    units = {
        case.id: {task.unit_name for task in engine.read(queries.case, cast.alice, case.id).tasks}
        for case in (near, nearer)
    }
    assert units == {near.id: {"某县应急管理局"}, nearer.id: {"某镇"}}


def test_a_role_that_nobody_holds_is_an_incident_until_somebody_does(engine: Engine, cast: Any) -> None:
    case = engine.start_case("orphan", {}, by=cast.alice)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.kind, incident.element, incident.case_id) == ("empty-queue", "alone", case.id)
    with pytest.raises(QueueStillEmpty):
        engine.retry_incident(incident.id, by=cast.olga)
    engine.load_people([], [{"login": "gus", "name": "庚", "roles": [("ghost", "4201")]}])
    with pytest.raises(IncidentResolved):
        engine.retry_incident(incident.id, by=cast.olga)
    assert engine.read(queries.incidents, cast.olga) == []
    assert [task.element for task in engine.read(queries.inbox, cast.gus).items] == ["alone"]


def test_named_persons_get_their_tasks(engine: Engine, cast: Any) -> None:
    engine.load_people([], [{"login": "gus", "name": "庚", "roles": [("ghost", "4201")]}])
    engine.start_case("orphan", {}, by=cast.alice)
    for login, element in (("gus", "alone"), ("alice", "named")):
        [task] = engine.read(queries.inbox, getattr(cast, login)).items
        assert task.element == element
        engine.complete_task(task.id, by=getattr(cast, login), data={})
    for login, found in (("alice", 1), ("bob", 1), ("bella", 0)):
        assert len(engine.read(queries.inbox, getattr(cast, login)).items) == found, login


def test_a_role_taken_away_hides_the_queue_at_once(engine: Engine, cast: Any) -> None:
    engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    assert len(engine.read(queries.inbox, cast.bob).items) == 2
    engine.take_role("bob", "officer", "420101-yj", by=cast.olga)
    assert engine.read(queries.inbox, cast.bob).items == []
    engine.give_role("bob", "officer", "420101-yj", by=cast.olga)
    assert len(engine.read(queries.inbox, cast.bob).items) == 2


def test_only_those_with_the_role_may_start(engine: Engine, cast: Any) -> None:
    assert [each.process_id for each in engine.read(queries.startable, cast.alice) if each.app == "repair"] == [
        "repair"
    ]
    assert all(each.app != "repair" for each in engine.read(queries.startable, cast.bob))
    with pytest.raises(MayNotStart) as refused:
        engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.bob)
    assert refused.value.details["needed"] == "报修人"


def test_the_inbox_is_read_page_by_page_without_gaps_or_doubles(engine: Engine, cast: Any, clock: Any) -> None:
    for number in range(23):
        engine.start_case("repair", {"地点": f"{number}号楼", "情况": "漏水"}, by=cast.alice)
        clock.advance(minutes=number % 3)
    engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    for sort in ("due", "-due", "new", "created"):
        seen, after = [], None
        while True:
            page = engine.read(queries.inbox, cast.bob, sort=sort, after=after, limit=7)
            seen += [task.id for task in page.items]
            after = page.next
            if after is None:
                break
        assert (len(seen), len(set(seen)), page.total) == (25, 25, 25)
    assert [task.due_at for task in engine.read(queries.inbox, cast.bob).items][-2:] == [None, None]


def test_the_inbox_finds_words_as_they_are_written(engine: Engine, cast: Any) -> None:
    for place in ("100%楼", "1000号楼", "A_座"):
        engine.start_case("repair", {"地点": place, "情况": "漏水"}, by=cast.alice)
    for q, found in (("100%", 1), ("100", 2), ("_", 1), ("a_座", 1), ("BX-420101", 3), ("没有", 0)):
        assert len(engine.read(queries.inbox, cast.bob, q=q).items) == found, q


def test_counts_tell_overdue_and_soon(engine: Engine, cast: Any, clock: Any) -> None:
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    clock.advance(days=4)
    task = engine.start_case("repair", {"地点": "二楼", "情况": "漏水"}, by=cast.alice)
    counts = engine.read(queries.inbox_counts, cast.bob)
    assert (counts.all, counts.mine, counts.overdue, counts.soon) == (2, 0, 1, 1)
    [queue] = counts.queues
    assert (queue.role, queue.unit_name, queue.open, queue.overdue) == ("officer", "某县应急管理局", 2, 1)
    assert [each.case_id for each in engine.read(queries.inbox, cast.bob, due="soon").items] == [task.id]


def test_a_supervisor_sees_the_board_of_units_below(engine: Engine, cast: Any, clock: Any) -> None:
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    clock.advance(days=4)
    engine.start_case("repair", {"地点": "二楼", "情况": "漏水"}, by=cast.alice)
    [cell] = engine.read(queries.board, cast.diana).cells
    assert (cell.unit_code, cell.step, cell.open, cell.overdue, cell.soon) == ("420101-yj", "维修", 2, 1, 1)
    assert engine.read(queries.board, cast.charlie).cells == []
    page = engine.read(queries.board_tasks, cast.diana, step="维修", due="overdue")
    assert [task.case_subject for task in page.items] == ["一楼"]


def test_cases_are_listed_for_those_who_may_see_them(engine: Engine, cast: Any) -> None:
    case = engine.start_case("repair", {"地点": "一楼", "情况": "漏水", "估价": "1500"}, by=cast.alice)
    for login, found in (("alice", 1), ("bob", 1), ("diana", 1), ("charlie", 0), ("olga", 1)):
        assert engine.read(queries.cases, getattr(cast, login)).total == found, login
    for filters, found in (({"地点": "一楼"}, 1), ({"地点": "二楼"}, 0), ({"估价": "1500"}, 1)):
        assert len(engine.read(queries.cases, cast.olga, filters=filters).items) == found
    assert engine.read(queries.started, cast.alice).items[0].id == case.id
    assert (case.badge, case.tone) == ("大修", "red")


def test_inbox_and_board_are_read_by_their_indexes(engine: Engine, cast: Any, clock: Any) -> None:
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    engine.set_absence(by=cast.bob, substitute="charlie", from_at=clock(), until_at=clock() + timedelta(days=1))
    bob, diana, charlie = cast.bob, cast.diana, cast.charlie
    for show, index in (("acting", "ix_tasks_assignee"), ("queue", "ix_tasks_queue")):
        assert index in _plan(engine, lambda session, show=show: queries.inbox(session, charlie, show=show))
    plans = {}
    for name, ask in {
        "ix_tasks_queue": lambda session: queries.inbox(session, bob, show="queue"),
        "ix_tasks_assignee": lambda session: queries.inbox(session, bob, show="mine"),
        "ix_tasks_board|ix_tasks_due": lambda session: queries.board_tasks(session, diana),  # by place or by urgency
        "ix_tasks_due|ix_tasks_board": lambda session: queries.board(session, diana),
    }.items():
        plans[name] = _plan(engine, ask)
    for indexes, plan in plans.items():
        assert any(index in plan for index in indexes.split("|")), plan
        assert "Seq Scan on tasks" not in plan
        assert "SCAN tasks" not in plan or "USING" in plan


def _plan(engine: Engine, ask: Any) -> str:
    """How the database goes about the first statement on tasks that `ask` sends."""
    from sqlalchemy import event

    is_sqlite = engine.database.dialect.name == "sqlite"
    found: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM tasks" in statement and not statement.startswith("EXPLAIN") and not found:
            found.append("")
            prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            given = tuple(parameters) if is_sqlite else parameters
            rows = connection.exec_driver_sql(prefix + statement, given).all()
            found[0] = "\n".join(str(row[-1]) for row in rows)

    event.listen(engine.database, "before_cursor_execute", explain)
    if is_sqlite:
        engine.read(ask)
    else:
        # A table of one row is always read whole; the question is whether the index can answer.
        engine.read(lambda session: (session.execute(text("SET enable_seqscan = off")), ask(session)))
    event.remove(engine.database, "before_cursor_execute", explain)
    return found[0]
