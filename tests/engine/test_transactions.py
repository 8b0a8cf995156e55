"""What happens to calls when the database goes away or refuses."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, text, update

from engine import DataInvalid, Engine, TaskDone, cases, counters, history, prepared, queries
from engine.db import table
from engine.history import Entry
from engine.models import CaseField, Counter, Draft
from engine.prepared import Change, Prepared
from engine.turn import Turn
from engine.wire import Wire


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no server to restart
def test_a_restarted_database_is_found_again(engine: Engine, cast: Any) -> None:
    engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    bob = cast.bob
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    for ask in (
        lambda: engine.read(queries.inbox, bob).items,
        lambda: engine.start_case("parallel", {}, by=bob, unit_code="420101"),
    ):
        with engine.database.connect() as connection:
            connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
            doomed = connection.connection.dbapi_connection
            assert doomed is not None
        doomed.close()
        assert ask()
    assert engine.read(queries.cases, cast.olga).total == 2


def test_what_the_database_cannot_hold_is_told_and_not_a_crash(engine: Engine, cast: Any) -> None:
    if engine.database.dialect.name == "sqlite":
        assert engine.read(queries.inbox, cast.bob, q="a\x00b").items == []
        return
    with pytest.raises(DataInvalid):
        engine.read(queries.inbox, cast.bob, q="a\x00b")


def test_nothing_of_a_failed_call_stays(engine: Engine, cast: Any) -> None:
    from engine import messages

    def fail_late(turn: Any) -> None:
        messages.publish(turn, "found", None, {"key": "1"})
        messages.deliver_all(turn)
        raise RuntimeError("power cut")

    before = engine.read(queries.cases, cast.olga).total
    with pytest.raises(RuntimeError):
        engine.write(cast.olga, fail_late)
    assert engine.read(queries.cases, cast.olga).total == before == 0
    with engine.database.connect() as connection:
        rest = ("jobs WHERE case_id IS NOT NULL", "subscriptions", "counters WHERE series LIKE 'machines%'")
        for table in ("tasks", "history", *rest):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table


def test_what_went_past_a_session_whose_books_were_only_opened_is_committed_too(engine: Engine, cast: Any) -> None:
    case = engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")

    def look_and_note(turn: Turn) -> None:
        running = cases.load(turn, case.id)
        assert turn.session.get_bind() is not None
        cases.record(turn, running, [Entry(kind="noted")])

    engine.write(cast.olga, look_and_note)
    assert engine.read(history.verify, case.id) == engine.read(queries.case, cast.olga, case.id).history[-1].seq
    assert engine.read(queries.case, cast.olga, case.id).history[-1].kind == "noted"


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no round trips
def test_a_task_is_done_in_two_round_trips_and_a_lost_race_commits_nothing(
    engine: Engine, make_engine: Any, cast: Any, repair: Any, monkeypatch: Any
) -> None:
    trips: list[bool] = []
    run = Wire.run

    def count(wire: Wire, calls: Any, *, commits: bool = False) -> Any:
        trips.append(commits)
        if commits and others:
            rival.complete_task(others.pop(), by=bob, data={"处理": "换管"}, outcome="修好")
        return run(wire, calls, commits=commits)

    bob, rival, others = cast.bob, make_engine([repair]), list[Any]()
    for number in range(3):
        engine.start_case("repair", {"地点": f"{number} 楼", "情况": "漏水"}, by=cast.alice)
    first, second, contested = (task.id for task in engine.read(queries.inbox, bob).items)
    for each in (engine, rival):  # what is read once
        each.complete_task(first if each is engine else second, by=bob, data={"处理": "换管"}, outcome="修好")
    monkeypatch.setattr(Wire, "run", count)
    others.append(contested)
    with pytest.raises(TaskDone):
        engine.complete_task(contested, by=bob, data={"处理": "焊"}, outcome="修好")
    monkeypatch.undo()
    assert trips[:4] == [False, True, False, True], "each of the two asked once, and wrote and committed at once"
    case = engine.read(queries.case, cast.olga, engine.read(queries.task, cast.olga, contested).task.case_id)
    assert case.data["处理"] == "换管"
    assert engine.read(history.verify, case.case.id) > 0


def test_changes_fold_into_one_statement_but_never_pass_a_change_of_the_same_table(
    engine: Engine, cast: Any, monkeypatch: Any
) -> None:
    case = engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    fields, numbers, drafts = (table(model) for model in (CaseField, Counter, Draft))
    sent: list[int] = []
    run = Wire.run

    def count(wire: Wire, calls: Any, **how: Any) -> Any:
        sent.append(len(calls))
        return run(wire, calls, **how)

    named, found = {"case_id": case.id, "name": "color", "text": "red"}, {"field": "color"}
    changes = [
        Change(Prepared(update(numbers).values(value=numbers.c.value + 1))),
        Change(Prepared(insert(fields).values({name: bindparam(name) for name in ("case_id", "name", "text")})), named),
        Change(Prepared(update(fields).where(fields.c.name == bindparam("field")).values(text="blue")), found),
        Change(Prepared(delete(drafts).where(drafts.c.key == bindparam("field"))), found),
    ]
    before = kept(engine)
    monkeypatch.setattr(Wire, "run", count)
    engine.write(cast.olga, lambda turn: prepared.send_late(turn.session, changes))
    monkeypatch.undo()
    with engine.database.connect() as connection:
        assert connection.scalar(select(fields.c.text).where(fields.c.name == "color")) == "blue"
    assert kept(engine) == {name: value + 1 for name, value in before.items()}
    if engine.database.dialect.name == "postgresql":
        assert sent[-1] == 3, "the numbers and the drafts at once, then the two changes of fields"


@pytest.mark.parametrize("opens_books", [False, True])
def test_a_connection_whose_commit_failed_comes_back_without_what_it_wrote(
    engine: Engine, cast: Any, monkeypatch: Any, opens_books: bool
) -> None:
    class Cut(Exception):
        pass

    def cut(*_given: Any, **_named: Any) -> None:
        raise Cut

    def work(turn: Any) -> None:
        if opens_books:
            turn.session.execute(text("UPDATE counters SET value = value + 100"))
        counters.next_value(turn.session, "cut")

    engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    before = kept(engine)
    monkeypatch.setattr(Wire, "exchange", unless_reading(Wire.exchange, cut))
    monkeypatch.setattr(engine.database.dialect, "do_commit", cut)
    with pytest.raises(Cut):
        engine.write(cast.alice, work)
    monkeypatch.undo()
    engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")  # on that very connection
    after = kept(engine)
    assert "cut" not in after
    assert all(after[name] - before[name] <= 1 for name in before)


def unless_reading(exchange: Any, cut: Any) -> Any:
    return lambda wire, low, *, commits: cut() if commits else exchange(wire, low, commits=False)


def kept(engine: Engine) -> dict[str, int]:
    with engine.database.connect() as connection:
        return {row.series: row.value for row in connection.execute(text("SELECT series, value FROM counters"))}
