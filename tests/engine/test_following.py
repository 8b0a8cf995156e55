"""What a step does by itself stands in the row of what began it, and is read, proved and found as if it had its own."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine import SYSTEM, Engine, audit, exports, feel, history, queries
from engine.history import ASKED_FOR, EVENTS, Entry
from engine.mining import Chosen
from engine.queries.limits import CHANGES

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def case_id(engine: Engine, cast: Any) -> UUID:
    """A case in which a task was done; what came of it, up to the next task, stands in the same row."""
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    return case.id


def chained(entries: list[Entry]) -> tuple[list[dict[str, Any]], list[history.Event]]:
    """The rows of one step, and the events read from them."""
    case = {"id": UUID(int=1), "history_seq": 0, "history_hash": ""}
    rows = history.chain(case, entries, by=SYSTEM, now=NOW)
    assert (case["history_seq"], case["history_hash"]) == (len(entries), rows[-1]["hash"])
    return rows, [history.Event(**event) for event in history.events(rows)]


def an_entry(chance: random.Random) -> Entry:
    """Something that happens, with whatever a detail may hold."""
    values = (1, 2.5, None, True, '"\\\u2028', Decimal("1.50"), ["甲", {"b": []}], "長" * 300, 10**30)
    return Entry(
        kind=chance.choice(["entered", "flow_taken", "decision_made", "limit_started", *sorted(ASKED_FOR)]),
        element=chance.choice(["", "审核", "a"]),
        name=chance.choice(["", "审核", '"名"' * 90]),
        task_id=UUID(int=chance.randrange(1, 9)) if chance.random() < 0.2 else None,
        detail={f"k{number}": chance.choice(values) for number in range(chance.randrange(4))},
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_is_read_is_what_was_told(seed: int) -> None:
    chance = random.Random(seed)
    entries = [an_entry(chance) for _ in range(chance.randrange(1, 60))]
    rows, events = chained(entries)
    assert [event.seq for event in events] == list(range(1, len(entries) + 1))
    for entry, event in zip(entries, events, strict=True):
        told = (entry.kind, entry.element, entry.name[:200], entry.task_id, feel.encode(entry.detail))
        assert (event.kind, event.element, event.name, event.task_id, event.detail) == told
        assert (event.at, event.actor, event.origin) == (NOW, SYSTEM.label, SYSTEM.origin)
    own = {1} | {event.seq for event in events if event.task_id is not None or event.kind in ASKED_FOR}
    assert {row["seq"] for row in rows} == own


def test_a_long_step_is_read_in_pieces() -> None:
    rows, events = chained([Entry(kind="entered", element=str(number)) for number in range(1000)])
    assert [row["seq"] for row in rows] == [1, 202, 403, 604, 805]
    assert [event.element for event in events] == list(map(str, range(1000)))
    bulky = [Entry(kind="decision_made", detail={"text": "x" * length}) for length in (10, 40_000, 40_000, 90_000, 10)]
    rows, events = chained(bulky)
    assert [len(event.detail) for event in events] == [len(feel.encode(entry.detail)) for entry in bulky]
    assert max(len(row["followed"]) for row in rows) <= history.LONGEST
    assert len(rows) > 1


def test_a_step_has_few_rows_and_all_its_events(engine: Engine, cast: Any, case_id: UUID) -> None:
    events = engine.read(queries.case, cast.alice, case_id).history
    rows = engine.read(lambda session: session.scalar(select(func.count()).where(EVENTS.c.case_id == case_id)))
    told = [(event.seq, event.kind, event.element, event.task_id is not None) for event in events]
    assert told == [
        (1, "started", "repair", False), (2, "entered", "reported", False), (3, "completed", "reported", False),
        (4, "entered", "fix", True),
        (5, "completed", "fix", True), (6, "entered", "fixed", False), (7, "flow_taken", "fixed", False),
        (8, "entered", "check", True),
    ]  # fmt: skip
    assert {event.actor for event in events[4:]} == {"乙@某县应急管理局"}
    assert len({event.hash for event in events}) == rows == 4


def test_logs_for_mining_are_the_same_however_events_are_kept(
    engine: Engine, cast: Any, case_id: UUID, monkeypatch: Any
) -> None:
    monkeypatch.setattr(history, "MOST", 0)
    again = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    [task] = [each for each in engine.read(queries.inbox, cast.bob).items if each.case_id == again.id]
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    for is_ocel in (False, True):
        log = "".join(engine.export_log(Chosen(), by=SYSTEM, is_ocel=is_ocel))
        assert engine.read(lambda session: session.scalar(select(func.count()).where(EVENTS.c.case_id == again.id))) > 3
        if is_ocel:
            told = [(each["id"].split(":"), each["type"], each["attributes"]) for each in json.loads(log)["events"]]
            kept = [[(id[1], *rest) for id, *rest in told if id[0] == str(of)] for of in (case_id, again.id)]
        else:
            kept = [re.findall("<event>.*", trace) for trace in log.split("<trace>")[1:]]
        assert kept[0] == kept[1] != []


CHANGED = ("was changed", 4)
FORGERIES = {
    "changed": lambda followed: [[*followed[0][:1], "other", *followed[0][2:]], *followed[1:]],
    "removed": lambda followed: followed[:-1],
    "added": lambda followed: [*followed, followed[0]],
    "swapped": lambda followed: followed[::-1],
    "emptied": lambda followed: [],
    "broken": lambda followed: "not a list",
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_whoever_changes_what_followed_is_found(engine: Engine, cast: Any, case_id: UUID, kind: str) -> None:
    place = (EVENTS.c.case_id == case_id, EVENTS.c.seq == first_with_followers(engine, case_id))
    seq = first_with_followers(engine, case_id)
    document = engine.export_history(case_id, by=SYSTEM)
    with engine.database.begin() as connection:
        followed = connection.scalar(select(EVENTS.c.followed).where(*place))
        forged = FORGERIES[kind](json.loads(followed))
        written = json.dumps(forged, ensure_ascii=False, separators=(",", ":")) if forged else ""
        connection.execute(EVENTS.update().where(*place).values(followed=written))
    verdict = engine.verify_histories(by=SYSTEM)
    assert [(each.seq, each.reason) for each in verdict.breaks] == [(seq, audit.CHANGED)]
    with pytest.raises(history.HistoryBroken) as broken:
        engine.read(history.verify, case_id)
    assert broken.value.details["seq"] == seq
    next(row for row in document["events"] if row["seq"] == seq)["followed"] = written
    with pytest.raises(history.HistoryBroken) as broken:
        exports.verify_document(document)
    assert broken.value.details["seq"] == seq


def first_with_followers(engine: Engine, case_id: UUID) -> int:
    """The number of the longest row."""
    longest = select(EVENTS.c.seq).where(EVENTS.c.case_id == case_id).order_by(func.length(EVENTS.c.followed).desc())
    return int(engine.read(lambda session: session.scalar(longest.limit(1))))


def test_rows_that_were_made_one_do_not_hide_an_anchor(engine: Engine, cast: Any, case_id: UUID) -> None:
    engine.anchor(by=cast.olga)
    anchored = len(engine.read(history.read, case_id))
    for word in ("一", "二"):
        engine.comment(case_id, by=cast.alice, text=word)
    with engine.database.begin() as connection:
        rows = [dict(row) for row in connection.execute(of_case(case_id)).mappings()]
        before, one, two = rows[-3:]
        mine = (EVENTS.c.case_id == case_id, EVENTS.c.seq > before["seq"])
        connection.execute(EVENTS.delete().where(*mine))
        later = [[row["kind"], "", "", json.loads(row["detail"])] for row in (one, two)]
        before["followed"] = json.dumps([*json.loads(before["followed"] or "[]"), *later], ensure_ascii=False)
        before["hash"] = history.digest(rows[-4]["hash"], before)
        told = {"followed": before["followed"], "hash": before["hash"]}
        connection.execute(EVENTS.update().where(mine[0], EVENTS.c.seq == before["seq"]).values(told))
        connection.execute(audit.CASES.update().values(history_hash=before["hash"]))
    assert engine.read(history.verify, case_id) == anchored + 2, "the hashes are in order"
    verdict = engine.verify_histories(by=SYSTEM)
    assert [(each.seq, each.reason) for each in verdict.breaks] == [(anchored, audit.ANCHORED_OTHERWISE)]


def of_case(case_id: UUID) -> Any:
    return select(EVENTS).where(EVENTS.c.case_id == case_id).order_by(EVENTS.c.seq)


def write_as_before(engine: Engine, case_id: UUID) -> None:
    """Gives each event of a case a row of its own, hashed as it was before anything followed in a row."""
    with engine.database.begin() as connection:
        events = list(history.events(connection.execute(of_case(case_id)).mappings()))
        connection.execute(EVENTS.delete().where(EVENTS.c.case_id == case_id))
        last = ""
        for event in events:
            at = event["at"].astimezone(UTC).isoformat(timespec="microseconds")
            task = str(event["task_id"]) if event["task_id"] else None
            content = [last, str(case_id), event["seq"], at, event["kind"], event["actor_id"], event["actor"]]
            content += [event["element"], event["name"], task, event["detail"], *filter(None, [event["origin"]])]
            written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            last = hashlib.sha256(written.encode()).hexdigest()
            connection.execute(EVENTS.insert().values({**event, "followed": "", "hash": last}))
        mine = audit.CASES.c.id == case_id
        connection.execute(audit.CASES.update().where(mine).values(history_hash=last))


def test_rows_of_earlier_versions_hold_and_are_read_beside_new_ones(engine: Engine, cast: Any) -> None:
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    told = engine.read(history.read, case.id)
    write_as_before(engine, case.id)
    old = engine.export_history(case.id, by=SYSTEM)
    assert [each["seq"] for each in old["events"]] == [event.seq for event in told] == [1, 2, 3, 4]
    for row in old["events"]:
        del row["followed"]
    assert exports.verify_document({**old, "format_version": 1}) == 4, "what auditors took away holds"
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    events = engine.read(queries.case, cast.alice, case.id).history
    assert [(event.seq, event.kind, event.detail) for event in events[:4]] == [
        (event.seq, event.kind, event.detail) for event in told
    ]
    assert len(events) == 8
    assert engine.read(history.verify, case.id) == 8
    assert engine.verify_histories(by=SYSTEM).is_whole
    assert engine.check_soundness(by=SYSTEM) == []
    assert exports.verify_document(engine.export_history(case.id, by=SYSTEM)) == 8


# What may ask the table itself for kinds and places: those kinds never follow, nor does what concerns a task.
ASKING = {
    "engine/mining.py": {"kind"},  # then it looks at what followed, too
    "engine/queries/limits.py": {"kind"},
    "engine/tasks.py": {"kind"},
    "web/benchmarks/completing.py": {"kind"},
    "web/benchmarks/ladders.py": {"kind"},
    "web/benchmarks/models.py": {"kind"},
    "web/benchmarks/timers.py": {"kind"},
    "web/benchmarks/wakeups.py": {"kind"},
}


def asked(path: Path) -> set[str]:
    """What of an event, that may follow in another's row, a module asks the table of histories for."""
    tables, names = {"HistoryEvent", "EVENTS.c", "history.EVENTS.c"}, {"kind", "element", "name", "detail"}
    source = path.read_text(encoding="utf-8")
    if not any(name in source for name in tables):
        return set()
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    return {node.attr for node in found if node.attr in names and ast.unparse(node.value) in tables}


def test_nobody_asks_the_table_for_what_may_follow_in_a_row() -> None:
    folders = (
        ROOT / "engine",
        ROOT / "processes",
        *(each for each in (ROOT / "web").iterdir() if each.name != "frontend"),
    )
    files = [path for folder in folders for path in (folder.rglob("*.py") if folder.is_dir() else [folder])]
    found = {path.relative_to(ROOT).as_posix(): asked(path) for path in files if path.suffix == ".py"}
    cure = "ask `history.read`, or let the kind stand in ASKED_FOR, and say so here"
    assert {path: names for path, names in found.items() if names} == ASKING, cure
    assert set(CHANGES) | {"given_back", "timer_fired", "rung_climbed"} == ASKED_FOR
    for path in ASKING:
        if path.startswith("web/"):
            source = (ROOT / path).read_text(encoding="utf-8")
            kinds = re.findall(r'HistoryEvent\.kind == "(\w+)"(, HistoryEvent\.task_id\.is_not\(None\))?', source)
            assert kinds
            assert all(kind in ASKED_FOR or of_task for kind, of_task in kinds), path
