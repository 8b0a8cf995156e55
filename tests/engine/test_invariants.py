"""Whatever does not hold together in the tables is found, named, and told with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from engine import SYSTEM, Engine, OperatorsOnly, invariants, queries
from tests.fire import photo, require_sound


@pytest.fixture
def case(engine: Engine, cast: Any) -> Any:
    """Cases of every kind: one with task and timer, one with a job, one that waits for a message, one that stands."""
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    engine.attach(by=cast.alice, name="a.png", stream=photo(), case_id=case.id)
    for process in ("calling", "listening", "orphan", "waiting", "parallel", "pausing"):
        engine.start_case(process, {"number": 1, "key": "7"}, by=cast.alice, unit_code="420101")
    require_sound(engine)
    return case


def damage(engine: Engine, *statements: str) -> None:
    with engine.database.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


MINE = "case_id = (SELECT id FROM cases WHERE process_id = 'repair')"


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        (f"DELETE FROM jobs WHERE {MINE}", ["RowMissing"]),
        (f"UPDATE tasks SET state = 'done' WHERE {MINE}", ["RowMissing"]),
        ("DELETE FROM subscriptions", ["RowMissing", "RowMissing"]),
        ("UPDATE cases SET incidents = 7 WHERE process_id = 'repair'", ["IncidentsMiscounted"]),
        ("UPDATE cases SET history_seq = 99 WHERE process_id = 'repair'", ["HeadWrong"]),
        (f"UPDATE tasks SET case_title = 'another' WHERE {MINE}", ["CopyOld"]),
        (f"UPDATE jobs SET state = 'failed' WHERE {MINE}", ["JobSilent"]),
        ("UPDATE cases SET state = 'closed' WHERE process_id = 'repair'", ["EndTimeWrong"]),
        ("UPDATE cases SET state = 'suspended' WHERE process_id = 'repair'", ["EndTimeWrong"]),
        (
            'UPDATE cases SET snapshot = \'{"state":{"v":1,"next":9,"tokens":[]},"waiting":{}}\' '
            "WHERE process_id = 'repair'",
            ["NothingWaits", "RowLeft", "RowLeft"],
        ),
        (
            "UPDATE cases SET snapshot = replace(snapshot, '[2,0,', '[9,0,') WHERE process_id = 'repair'",
            ["TokenUnknown"],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_does_not_fit_is_named(engine: Engine, case: Any, statement: str, kinds: list[str]) -> None:
    damage(engine, statement)
    found = engine.check_soundness(by=SYSTEM)
    assert sorted(type(finding).__name__ for finding in found) == kinds
    if kinds[0] != "RowMissing":
        assert {finding.details["case"] for finding in found} == {case.number}
    if "DELETE FROM subscriptions" not in statement:
        assert len(engine.check_soundness(by=SYSTEM, number=case.number)) == len(kinds)


def test_files_that_are_gone_cut_or_changed_are_named(engine: Engine, case: Any, tmp_path: Any) -> None:
    [file] = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"x")

    def found(*, is_deep: bool = False) -> list[str]:
        all_of_it = engine.check_soundness(by=SYSTEM, with_files=True, is_deep=is_deep)
        return [type(finding).__name__ for finding in all_of_it]

    assert found() == []
    assert found(is_deep=True) == ["FileDamaged"]
    file.write_bytes(whole[:-1])
    assert found() == ["FileDamaged"]
    file.unlink()
    (tmp_path / "files" / ".upload-1").touch()
    assert found() == ["FileMissing", "HalfFile"]


def test_only_operators_look(engine: Engine, cast: Any) -> None:
    with pytest.raises(OperatorsOnly):
        engine.check_soundness(by=cast.bob)
    assert engine.check_soundness(by=cast.olga) == []


def test_many_cases_are_read_in_batches(engine: Engine, cast: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(invariants, "BATCH", 2)
    for _ in range(5):
        engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    damage(engine, "UPDATE cases SET incidents = 1")
    assert len(engine.check_soundness(by=cast.olga)) == 5 == engine.read(queries.cases, cast.olga).total


def test_counts_of_boards_that_are_wrong_are_named_and_corrected(engine: Engine, case: Any, cast: Any) -> None:
    open_before = engine.read(queries.board, SYSTEM).open
    damage(
        engine,
        "UPDATE board_counts SET open = open + 3",
        "DELETE FROM board_changes WHERE id IN (SELECT min(id) FROM board_changes)",
    )
    found = engine.check_soundness(by=SYSTEM)
    assert {type(finding).__name__ for finding in found} == {"BoardMiscounted"}
    assert "某县应急管理局" in {finding.details["unit"] for finding in found}
    assert all(finding.details["kept"] != finding.details["found"] for finding in found)
    assert engine.check_soundness(by=SYSTEM, number=case.number) == []
    with pytest.raises(OperatorsOnly):
        engine.recount_boards(by=cast.bob)
    assert engine.recount_boards(by=cast.olga) == len(found)
    assert engine.check_soundness(by=SYSTEM) == []
    assert engine.read(queries.board, SYSTEM).open == open_before
    assert engine.recount_boards(by=cast.olga) == 0
    assert [action.verb for action in engine.read(queries.actions, cast.olga).items] == ["recount"]


def test_references_to_what_is_gone_are_named(engine: Engine, case: Any) -> None:
    damage(
        engine,
        f"UPDATE tasks SET queue_id = 999, completed_by = 998 WHERE {MINE}",
        "UPDATE cases SET definition_id = 997 WHERE process_id = 'repair'",
    )
    found = [finding.details for finding in engine.check_soundness(by=SYSTEM)]
    assert {(each["kind"], each["column"], each["id"]) for each in found} == {
        ("case", "definition_id", 997),
        ("task", "completed_by", 998),
        ("task", "queue_id", 999),
    }
    assert {each["case"] for each in found} == {case.number}
