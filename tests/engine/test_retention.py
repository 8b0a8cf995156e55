"""Ended cases go when their time is over, whole, leaving a record; what runs, is held or must be kept stays."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import (
    Case,
    CaseHeld,
    CaseKept,
    CaseNotFound,
    CaseRuns,
    Engine,
    NotHeld,
    OperatorsOnly,
    RuleInvalid,
    RuleNotFound,
    queries,
)
from engine.models import Base, OrphanedFile

WHY = "超过保存期限"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def reported(engine: Engine, cast: Any, place: str = "三楼") -> Case:
    return engine.start_case("repair", {"地点": place, "情况": "漏水"}, by=cast.alice)


def cancelled(engine: Engine, cast: Any, place: str = "三楼") -> Case:
    return engine.cancel_case(reported(engine, cast, place).id, by=cast.olga, reason="重复")


def rows_of(engine: Engine, case: Case) -> dict[str, int]:
    """How many rows of each table name the case."""

    def count(session: Any) -> dict[str, int]:
        found = {}
        for table in Base.metadata.sorted_tables:
            column = table.c.id if table.name == "cases" else table.c.get("case_id")
            if column is not None:
                number = session.scalar(select(func.count()).select_from(table).where(column == case.id))
                if number:
                    found[table.name] = number
        return found

    return engine.read(count)


def test_a_deleted_case_leaves_its_record_and_nothing_else(engine: Engine, cast: Any) -> None:
    case = reported(engine, cast)
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.save_draft(str(task.id), by=cast.bob, data={"处理": "换"})
    engine.attach(by=cast.alice, name="图.pdf", stream=io.BytesIO(PDF), case_id=case.id)
    ended = engine.cancel_case(case.id, by=cast.olga, reason="重复")
    kept = set(rows_of(engine, case))
    assert {"cases", "tasks", "history", "attachments", "case_fields"} <= kept
    assert engine.delete_case(case.id, by=cast.olga, reason=WHY) == case.number
    assert rows_of(engine, case) == {}
    assert engine.draft(str(task.id), by=cast.bob) is None
    [record] = engine.read(queries.deleted_cases, cast.olga, q=case.number)
    assert (record.id, record.history_seq, record.history_hash) == (case.id, ended.history_seq, ended.history_hash)
    assert (record.reason, record.rule, record.deleted_by) == (WHY, "", cast.olga.person_id)
    assert (record.closed_at, record.app, record.process_id) == (ended.ended_at, "repair", "repair")
    with pytest.raises(CaseNotFound):
        engine.delete_case(case.id, by=cast.olga, reason=WHY)


def test_the_bytes_of_a_file_go_an_hour_after_its_last_case(
    engine: Engine, cast: Any, clock: Any, tmp_path: Path
) -> None:
    first, second = reported(engine, cast, "一楼"), reported(engine, cast, "二楼")
    for case in (first, second):
        file = engine.attach(by=cast.alice, name="图.pdf", stream=io.BytesIO(PDF), case_id=case.id)
        engine.cancel_case(case.id, by=cast.olga, reason="重复")
    path = tmp_path / "files" / file.sha256[:2] / file.sha256[2:4] / file.sha256
    os.utime(path, (time.time() - 7200,) * 2)
    engine.delete_case(first.id, by=cast.olga, reason=WHY)
    clock.advance(hours=2)
    assert engine.clean_up().files == 0
    assert path.exists(), "another case has the same file"
    engine.delete_case(second.id, by=cast.olga, reason=WHY)
    assert engine.clean_up().files == 0
    assert path.exists(), "somebody may be uploading it again"
    clock.advance(hours=2)
    assert engine.clean_up().files == 1
    assert not path.exists()
    assert engine.read(lambda session: session.scalar(select(func.count()).select_from(OrphanedFile))) == 0


@pytest.mark.parametrize("person", ["alice", "bob", "diana"])
def test_only_operators_delete_hold_and_set_rules(engine: Engine, cast: Any, person: str) -> None:
    case, by = cancelled(engine, cast), getattr(cast, person)
    for forbidden in (
        lambda: engine.delete_case(case.id, by=by, reason=WHY),
        lambda: engine.hold_case(case.id, by=by, reason=WHY),
        lambda: engine.release_case(case.id, by=by, reason=WHY),
        lambda: engine.set_retention("repair", 30, by=by, reason=WHY),
        lambda: engine.drop_retention("repair", by=by, reason=WHY),
        lambda: engine.clean_up(by=by),
        lambda: engine.due_for_deletion(by=by),
        lambda: engine.read(queries.deleted_cases, by),
    ):
        with pytest.raises(OperatorsOnly):
            forbidden()


def test_a_running_case_is_not_deleted(engine: Engine, cast: Any, clock: Any) -> None:
    case = reported(engine, cast)
    engine.set_retention("repair", 1, by=cast.olga, reason=WHY)
    clock.advance(days=1000)
    with pytest.raises(CaseRuns):
        engine.delete_case(case.id, by=cast.olga, reason=WHY)
    assert engine.clean_up().cases == 0
    assert engine.read(queries.case, cast.alice, case.id).case.state == "open"


def test_the_clean_up_deletes_what_is_over_and_says_by_which_rule(engine: Engine, cast: Any, clock: Any) -> None:
    engine.set_retention("repair", 30, by=cast.olga, reason="档案管理规定")
    old, held = cancelled(engine, cast, "旧"), cancelled(engine, cast, "诉讼")
    engine.hold_case(held.id, by=cast.olga, reason="行政诉讼")
    clock.advance(days=29)
    young = cancelled(engine, cast, "新")
    assert engine.due_for_deletion() == []
    clock.advance(days=1)
    [due] = engine.due_for_deletion()
    assert (due.rule, due.count) == ("repair/*/*: 30 days", 1)
    assert rows_of(engine, old), "looking deletes nothing"
    assert engine.clean_up().cases == 1
    assert rows_of(engine, old) == {}
    assert rows_of(engine, held)
    assert rows_of(engine, young)
    [record] = engine.read(queries.deleted_cases, cast.olga)
    assert (record.number, record.rule, record.deleted_by) == (old.number, "repair/*/*: 30 days", None)
    verbs = [action.verb for action in engine.read(queries.actions, cast.olga)]
    assert verbs == ["cleanup", "retention"]
    with pytest.raises(CaseHeld):
        engine.delete_case(held.id, by=cast.olga, reason=WHY)
    with pytest.raises(CaseHeld):
        engine.hold_case(held.id, by=cast.olga, reason=WHY)
    engine.release_case(held.id, by=cast.olga, reason="结案")
    with pytest.raises(NotHeld):
        engine.release_case(held.id, by=cast.olga, reason="结案")
    assert engine.clean_up().cases == 1


def test_the_rule_that_names_most_decides(engine: Engine, cast: Any, clock: Any) -> None:
    engine.set_retention("repair", 10, by=cast.olga, reason=WHY)
    engine.set_retention("repair", None, by=cast.olga, reason=WHY, process_id="repair", outcome="cancelled")
    case = cancelled(engine, cast)
    clock.advance(days=365)
    assert engine.clean_up().cases == 0
    with pytest.raises(CaseKept):
        engine.delete_case(case.id, by=cast.olga, reason=WHY)
    engine.drop_retention("repair", by=cast.olga, reason=WHY, process_id="repair", outcome="cancelled")
    assert engine.clean_up().cases == 1
    with pytest.raises(RuleNotFound):
        engine.drop_retention("repair", by=cast.olga, reason=WHY, process_id="repair", outcome="cancelled")


@pytest.mark.parametrize(
    "rule",
    [{"days": 0}, {"days": 40_000}, {"process_id": "atlantis"}, {"outcome": "nowhere"}],
    ids=["no day", "too long", "process", "outcome"],
)
def test_a_rule_that_can_fit_no_case_is_refused(engine: Engine, cast: Any, rule: dict[str, Any]) -> None:
    with pytest.raises(RuleInvalid):
        engine.set_retention("repair", **{"days": 30, "by": cast.olga, "reason": WHY, **rule})


def test_of_two_who_delete_a_case_one_keeps_the_record(engine: Engine, cast: Any) -> None:
    case, olga = cancelled(engine, cast), cast.olga
    together, results = Barrier(2), list[str]()

    def remove() -> None:
        together.wait()
        try:
            results.append(engine.delete_case(case.id, by=olga, reason=WHY))
        except CaseNotFound:
            results.append("gone")

    threads = [Thread(target=remove) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted([case.number, "gone"])
    assert len(engine.read(queries.deleted_cases, cast.olga).items) == 1


def test_a_clean_up_that_is_stopped_goes_on_the_next_time(engine: Engine, cast: Any, clock: Any) -> None:
    engine.set_retention("repair", 30, by=cast.olga, reason=WHY)
    cancelled(engine, cast)
    clock.advance(days=31)
    stopped = engine.clean_up(should_stop=lambda: True)
    assert (stopped.cases, stopped.is_complete) == (0, False)
    assert engine.clean_up().cases == 1


def test_many_ended_cases_are_deleted_by_index_and_in_small_batches(
    engine: Engine, cast: Any, clock: Any, statements: Any
) -> None:
    engine.set_retention("repair", 30, by=cast.olga, reason=WHY)
    for number in range(3):
        cancelled(engine, cast, f"{number}楼")
    clock.advance(days=31)
    with statements(engine) as seen:
        engine.clean_up()
    deletes = [statement for statement in seen if statement.startswith("DELETE FROM")]
    assert len(deletes) == len({statement.split()[2] for statement in deletes}), "each table once for the whole batch"
