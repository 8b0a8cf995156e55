"""Whoever writes into the history, cuts it, takes a case away or changes an anchor is found, and where is named."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import SYSTEM, Engine, OperatorsOnly, anchors, audit, history, merkle, queries
from engine.anchors import LineInvalid


@pytest.fixture
def numbers(engine: Engine, cast: Any, clock: Any) -> list[str]:
    """Three cases with some history, anchored; then one of them went on."""
    found = []
    for place in ("三楼", "四楼", "五楼"):
        case = engine.start_case("repair", {"地点": place, "情况": "漏水"}, by=cast.alice)
        engine.comment(case.id, by=cast.alice, text="请尽快")
        found.append(case.number)
    engine.anchor(by=cast.olga)
    clock.advance(days=1)
    engine.comment(case.id, by=cast.alice, text="还在漏")
    return found


def damage(engine: Engine, *statements: str) -> None:
    """Writes into the tables past everything that would refuse it."""
    raw = engine.database.raw_connection()
    wire: Any = raw.driver_connection
    cursor = wire.cursor()
    no_rules = {"sqlite": "PRAGMA foreign_keys=OFF", "postgresql": "SET session_replication_role = replica"}
    for statement in (no_rules[engine.database.dialect.name], *statements):
        cursor.execute(statement)
    wire.commit()
    raw.invalidate()


def found(engine: Engine, line: str = "") -> list[tuple[str, int, str]]:
    """What a verification says: which case, which event, what."""
    verdict = engine.verify_histories(by=SYSTEM, line=line)
    assert verdict.is_whole == (not verdict.breaks and not verdict.broken_anchors)
    seals = [(f"anchor {error.details['anchor']}", 0, error.details["reason"]) for error in verdict.broken_anchors]
    return [(each.number[-3:], each.seq, each.reason) for each in verdict.breaks] + seals


OF_FIRST = "case_id = (SELECT id FROM cases WHERE number LIKE '%-001')"
OF_LAST = "case_id = (SELECT id FROM cases WHERE number LIKE '%-003')"


def test_an_untouched_installation_is_whole(engine: Engine, cast: Any, numbers: list[str]) -> None:
    verdict = engine.verify_histories(by=cast.olga)
    cases = engine.read(queries.cases, cast.olga).items
    events = sum(len(engine.read(history.read, case.id)) for case in cases)
    assert (verdict.cases, verdict.events, verdict.anchors, verdict.is_whole) == (3, events, 1, True)
    assert events == 3 * 5 + 1
    assert engine.verify_case(numbers[0], by=cast.olga).is_whole
    with pytest.raises(OperatorsOnly):
        engine.verify_histories(by=cast.bob)
    with pytest.raises(OperatorsOnly):
        engine.anchor(by=cast.bob)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (f"UPDATE history SET actor = 'x' WHERE seq = 4 AND {OF_FIRST}", ("001", 4, audit.CHANGED)),
        (f"UPDATE history SET origin = 'cli' WHERE seq = 1 AND {OF_FIRST}", ("001", 1, audit.CHANGED)),
        (f"UPDATE history SET detail = '{{}}' WHERE kind = 'commented' AND {OF_FIRST}", ("001", 5, audit.CHANGED)),
        (f"DELETE FROM history WHERE seq = 1 AND {OF_FIRST}", ("001", 1, audit.MISSING)),
        (f"DELETE FROM history WHERE seq = 4 AND {OF_FIRST}", ("001", 4, audit.MISSING)),
        (f"DELETE FROM history WHERE seq = 5 AND {OF_FIRST}", ("001", 5, audit.MISSING)),
        (f"UPDATE history SET seq = seq + 10 WHERE {OF_FIRST}", ("001", 1, audit.MISSING)),
        (
            "INSERT INTO history (case_id, seq, at, kind, actor, element, name, detail, followed, origin, hash) "
            "SELECT case_id, 6, at, kind, actor, element, name, detail, followed, origin, hash FROM history "
            f"WHERE seq = 5 AND {OF_FIRST}",
            ("001", 6, audit.INSERTED),
        ),
        ("UPDATE cases SET history_hash = 'x' WHERE number LIKE '%-001'", ("001", 5, audit.HEAD_CHANGED)),
        ("UPDATE cases SET history_seq = 3 WHERE number LIKE '%-001'", ("001", 4, audit.INSERTED)),
        ("UPDATE cases SET history_seq = 2 WHERE number LIKE '%-001'", ("001", 3, audit.INSERTED)),
        ("UPDATE cases SET number = 'BX-009' WHERE number LIKE '%-001'", ("009", 5, audit.NUMBER_CHANGED)),
        ("DELETE FROM cases WHERE number LIKE '%-001'", ("001", 1, audit.CASE_GONE)),
    ],
    ids=lambda value: f"{value[2]}-{value[1]}" if isinstance(value, tuple) else "",
)
def test_damage_is_found_and_its_place_named(
    engine: Engine, numbers: list[str], statement: str, expected: tuple[str, int, str]
) -> None:
    damage(engine, statement)
    assert found(engine) == [expected]


def test_swapped_events_are_found(engine: Engine, numbers: list[str]) -> None:
    swaps = [
        f"UPDATE history SET seq = {new} WHERE seq = {old} AND {OF_LAST}" for old, new in ((6, 99), (5, 6), (99, 5))
    ]
    damage(engine, *swaps)
    assert found(engine) == [("003", 5, audit.CHANGED)]


def test_a_case_that_vanished_with_its_history_is_missed_by_its_anchor(engine: Engine, numbers: list[str]) -> None:
    damage(engine, f"DELETE FROM history WHERE {OF_FIRST}", "DELETE FROM cases WHERE number LIKE '%-001'")
    assert found(engine) == [("001", 1, audit.CASE_GONE)]


def forge(engine: Engine, number: str, seq: int) -> None:
    """Changes an event and computes every hash after it anew, and the head of the case: what a clever forger does."""
    case = engine.read(queries.cases, SYSTEM, q=number).items[0]
    with engine.database.begin() as connection:
        last = ""
        rows = connection.execute(select(history.EVENTS).where(history.EVENTS.c.case_id == case.id).order_by("seq"))
        for row in rows.mappings().all():
            new = {**row, "detail": '{"text":"forged"}'} if row["seq"] == seq else dict(row)
            last = history.digest(last, new)
            place = (history.EVENTS.c.case_id == case.id, history.EVENTS.c.seq == row["seq"])
            connection.execute(history.EVENTS.update().where(*place).values(detail=new["detail"], hash=last))
        cases = audit.CASES
        connection.execute(cases.update().where(cases.c.id == case.id).values(history_hash=last))


def test_a_history_forged_with_all_its_hashes_is_betrayed_by_the_anchor(engine: Engine, numbers: list[str]) -> None:
    forge(engine, numbers[1], 4)
    assert found(engine) == [("002", 5, audit.ANCHORED_OTHERWISE)]
    forge(engine, numbers[2], 6)
    assert len(found(engine)) == 1, "what came after the last anchor cannot be told yet"


def test_a_changed_anchor_is_found_and_a_forged_one_by_its_printed_line(
    engine: Engine, cast: Any, numbers: Any
) -> None:
    second = engine.anchor(by=cast.olga)
    line = anchors.line(second)
    assert line.startswith("BIHUAN-ANCHOR 2 2026-03-03T01:00:00.000000+00:00 1 ")
    assert second.cases == 1, "only what changed"
    spaced = " ".join([*line.split()[:-1], second.digest[:32], second.digest[32:]]).upper()
    assert found(engine, spaced) == []
    damage(engine, "UPDATE anchored_cases SET seq = 3 WHERE anchor = 1 AND number LIKE '%-001'")
    assert ("anchor 1", 0, "its cases were changed, removed or added") in found(engine)
    with engine.database.begin() as connection:  # the forger seals the anchors anew
        connection.execute(anchors.ANCHORED.delete().where(anchors.ANCHORED.c.anchor == 2))
        connection.execute(anchors.ANCHORS.update().where(anchors.ANCHORS.c.number == 2).values(cases=0, events=0))
        row = connection.execute(select(anchors.ANCHORS).where(anchors.ANCHORS.c.number == 2)).one()
        fresh = anchors.digest(row.previous, 2, row.made_at, 0, 0, merkle.EMPTY)
        sealed = {"root": merkle.EMPTY, "digest": fresh}
        connection.execute(anchors.ANCHORS.update().where(anchors.ANCHORS.c.number == 2).values(**sealed))
        connection.execute(anchors.ANCHORED.update().where(anchors.ANCHORED.c.anchor == 1).values(seq=5))
    assert [place for place, *_ in found(engine)] == []
    assert found(engine, line) == [("anchor 2", 0, "its printed line has another digest")]
    damage(engine, "DELETE FROM anchors WHERE number = 2")
    assert found(engine, line) == [("anchor 2", 0, "it is missing, and its line was printed")]
    with pytest.raises(LineInvalid):
        engine.verify_histories(by=SYSTEM, line="BIHUAN-ANCHOR 2 what I remember")


def test_a_case_deleted_by_rule_is_no_break_and_its_deletion_is_anchored(
    engine: Engine, cast: Any, numbers: list[str], clock: Any
) -> None:
    gone = (
        "INSERT INTO deleted_cases (id, number, title, app, process_id, history_seq, history_hash, closed_at,"
        " deleted_at, rule, reason) SELECT id, number, title, app, process_id, history_seq, history_hash, started_at,"
        " started_at, '', '' FROM cases WHERE number LIKE '%-001'"
    )
    rest = ("tasks", "jobs", "case_fields", "subscriptions", "history")
    damage(
        engine, gone, *(f"DELETE FROM {name} WHERE {OF_FIRST}" for name in rest),
        "DELETE FROM cases WHERE number LIKE '%-001'",
    )  # fmt: skip
    assert found(engine) == []
    assert engine.verify_case(numbers[0], by=cast.olga).deleted == 1
    assert engine.anchor(by=cast.olga).cases == 2, "the deletion, and the case that went on"
    assert found(engine) == []
    damage(engine, "UPDATE deleted_cases SET history_hash = 'x'")
    assert found(engine) == [("001", 5, audit.ANCHORED_OTHERWISE)]
    damage(engine, "DELETE FROM deleted_cases")
    assert found(engine) == [("001", 1, audit.CASE_GONE)]


def test_a_day_has_one_anchor_however_many_processes_try(
    engine: Engine, make_engine: Any, repair: Any, cast: Any, numbers: list[str], clock: Any
) -> None:
    engines = [engine, *(make_engine([repair]) for _ in range(3))]
    for day in range(1, 3):
        clock.advance(days=1)
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number: engines[number % 4].anchor_daily(), range(8)))
        assert [anchor.number for anchor in made if anchor is not None] == [1 + day]
    assert [anchor.cases for anchor in engine.anchors(by=cast.olga)] == [0, 1, 3]
    assert clock.now - engine.anchors(by=cast.olga)[0].made_at == timedelta(0)
    assert found(engine) == []


def test_many_parts_in_many_processes_find_the_same(engine: Engine, numbers: list[str], monkeypatch: Any) -> None:
    damage(engine, f"UPDATE history SET actor = 'x' WHERE seq = 4 AND {OF_LAST}")
    alone = found(engine)
    monkeypatch.setattr(audit, "PART", 1)
    monkeypatch.setattr(audit, "ALONE", 1)
    told: list[tuple[int, int]] = []
    verdict = engine.verify_histories(by=SYSTEM, processes=2, progress=lambda read, total: told.append((read, total)))
    assert (
        [(each.number[-3:], each.seq, each.reason) for each in verdict.breaks] == alone == [("003", 4, audit.CHANGED)]
    )
    assert len(told) == 3
    assert told[-1][0] == told[-1][1] == verdict.events


def test_paths_lead_to_the_root_for_trees_of_every_size() -> None:
    for size in range(1, 20):
        leaves = [merkle.leaf_hash(bytes([number])) for number in range(size)]
        root = merkle.root(leaves)
        for index, leaf in enumerate(leaves):
            steps = merkle.path(leaves, index)
            assert merkle.root_by_path(leaf, index, size, steps) == root
            assert merkle.root_by_path(merkle.leaf_hash(b"other"), index, size, steps) != root
            assert merkle.root_by_path(leaf, index, size, [*steps, root]) != root
    # the example of RFC 6962 style trees: two leaves are one node over both
    two = hashlib.sha256(b"\x01" + merkle.leaf_hash(b"a") + merkle.leaf_hash(b"b")).hexdigest()
    assert merkle.root([merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")]) == two
    assert merkle.root([]) == hashlib.sha256(b"").hexdigest()
