"""Rules of a diagram: who gets a task when nobody holds the role, when it is the starter, or the same hand again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text

from engine import Engine, FaultsFound, ProcessApp, queries
from engine.tasks import OwnCase

FOLDER = Path(__file__).parent.parent / "apps" / "rules"
TOWN = "420101001"


@pytest.fixture
def engine(make_engine: Any) -> Engine:
    """Only the diagrams with rules; everybody may start them."""
    names = [path.stem for path in FOLDER.glob("*.bpmn")]
    roles = {"clerk": "报修人", "officer": "维修员", "leader": "领导", "ghost": "无人担任"}
    starters = dict.fromkeys(names, ("*",))
    app = ProcessApp(name="rules", title="规则", folder=FOLDER, process="rotate", roles=roles, starters=starters)
    made: Engine = make_engine([app])
    return made


def start(engine: Engine, process: str, by: Any, **data: Any) -> Any:
    return engine.start_case(process, data, by=by, unit_code=TOWN)


def tasks(engine: Engine, case: Any, cast: Any) -> list[tuple[str, str, str]]:
    """Element, state and queue of a case's tasks."""
    rows = engine.read(queries.case, cast.olga, case.id).tasks
    return [(row.element, row.state, f"{row.role}@{row.unit_name}") for row in rows]


def told(engine: Engine, case: Any, cast: Any, *kinds: str) -> list[dict[str, Any]]:
    history = engine.read(queries.case, cast.olga, case.id).history
    return [json.loads(event.detail) for event in history if event.kind in (kinds or ("rule_applied",))]


def holders(engine: Engine, cast: Any, process: str) -> Counter[str]:
    with engine.database.connect() as connection:
        rows = connection.execute(
            text("SELECT login FROM tasks JOIN persons ON persons.id = assignee_id WHERE process_id = :process"),
            {"process": process},
        )
        return Counter(row.login for row in rows)


def test_tasks_are_dispatched_in_turn_and_who_is_away_is_passed_over(engine: Engine, cast: Any, clock: Any) -> None:
    engine.give_role("charlie", "officer", "420101-yj", by=cast.olga)
    for _ in range(6):
        case = start(engine, "rotate", cast.alice)
    assert holders(engine, cast, "rotate") == {"bob": 2, "bella": 2, "charlie": 2}
    [event] = told(engine, case, cast, "dispatched")
    assert (event["rule"], event["did"]) == ("dispatch", "rotate")
    until = clock.advance(days=1)
    clock.advance(days=-1)
    engine.set_absence(by=cast.charlie, substitute="diana", from_at=clock(), until_at=until)
    for _ in range(4):
        start(engine, "rotate", cast.alice)
    assert holders(engine, cast, "rotate") == {"bob": 4, "bella": 4, "charlie": 2}
    clock.advance(days=1)
    start(engine, "rotate", cast.alice)
    assert holders(engine, cast, "rotate")["charlie"] == 3


def test_who_has_least_to_do_gets_the_next_one(engine: Engine, cast: Any) -> None:
    for _ in range(3):
        start(engine, "least", cast.alice)
    assert sorted(holders(engine, cast, "least").values()) == [1, 2]
    for task in engine.read(queries.inbox, cast.bob, show="mine").items:
        engine.complete_task(task.id, by=cast.bob, data={})
    before = len(engine.read(queries.inbox, cast.bella, show="mine").items)
    for _ in range(before):
        start(engine, "least", cast.alice)
    assert len(engine.read(queries.inbox, cast.bob, show="mine").items) == before
    assert len(engine.read(queries.inbox, cast.bella, show="mine").items) == before


@pytest.mark.parametrize("how", ["rotate", "least"])
def test_dispatch_is_fair_when_many_start_at_once(engine: Engine, cast: Any, how: str) -> None:
    alice, together = cast.alice, Barrier(4)

    def begin() -> None:
        together.wait()
        for _ in range(3):
            start(engine, how, alice)

    threads = [Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert holders(engine, cast, how) == {"bob": 6, "bella": 6}


def test_a_dispatched_task_may_be_given_back_and_goes_to_nobody_who_may_not_do_it(engine: Engine, cast: Any) -> None:
    for _ in range(2):
        start(engine, "drafted", cast.alice)
        draft = engine.read(queries.inbox, cast.bob, show="queue").items[-1]
        engine.complete_task(draft.id, by=cast.bob, data={})
    mine = engine.read(queries.inbox, cast.bella, show="mine").items
    assert [task.element for task in mine] == ["review", "review"]
    engine.release_task(mine[0].id, by=cast.bella)
    assert mine[0].id in [task.id for task in engine.read(queries.inbox, cast.bella, show="queue").items]


def test_nobody_there_is_an_incident_unless_the_diagram_says_otherwise(engine: Engine, cast: Any) -> None:
    case = start(engine, "empty_incident", cast.alice)
    assert [each.case_id for each in engine.read(queries.incidents, cast.olga)] == [case.id]
    assert told(engine, case, cast) == []


def test_nobody_there_sends_it_to_whoever_works_in_the_nearest_unit_above(engine: Engine, cast: Any) -> None:
    case = start(engine, "empty_up", cast.alice)
    assert tasks(engine, case, cast) == [("alone", "open", "officer@某县应急管理局")]
    [rule] = told(engine, case, cast)
    assert (rule["rule"], rule["did"], rule["to"]) == ("whenEmpty", "up", "officer@某县应急管理局")
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.complete_task(task.id, by=cast.bob, data={})
    assert engine.read(queries.incidents, cast.olga) == []


def test_nobody_there_sends_it_to_the_operators(engine: Engine, cast: Any) -> None:
    case = start(engine, "empty_operator", cast.alice)
    [task] = engine.read(queries.inbox, cast.olga).items
    assert (task.case_id, task.role) == (case.id, "@olga")
    assert engine.read(queries.inbox, cast.bob).items == []
    engine.complete_task(task.id, by=cast.olga, data={})


def test_nobody_there_skips_it_and_the_history_says_by_which_rule(engine: Engine, cast: Any) -> None:
    case = start(engine, "empty_skip", cast.alice)
    assert [(element, state) for element, state, _ in tasks(engine, case, cast)] == [
        ("alone", "done"),
        ("after", "open"),
    ]
    [rule] = told(engine, case, cast)
    assert (rule["rule"], rule["did"]) == ("whenEmpty", "skip")
    view = engine.read(queries.case, cast.olga, case.id)
    [done] = [event for event in view.history if event.kind == "completed" and event.element == "alone"]
    assert (done.actor, json.loads(done.detail)["rule"]) == ("系统", "whenEmpty")
    assert view.case.incidents == 0


def test_the_starter_may_not_do_it_others_may(engine: Engine, cast: Any) -> None:
    engine.load_people([], [{"login": "anna", "name": "子", "roles": [("clerk", TOWN)]}])
    start(engine, "own_refuse", cast.alice)
    [task] = engine.read(queries.inbox, cast.alice).items
    for verb in (lambda: engine.claim_task(task.id, by=cast.alice), lambda: _done(engine, task, cast.alice)):
        with pytest.raises(OwnCase):
            verb()
    _done(engine, task, cast.anna)


def _done(engine: Engine, task: Any, by: Any) -> None:
    engine.complete_task(task.id, by=by, data={})


def test_the_starter_alone_could_do_it_and_may_not_is_an_incident(engine: Engine, cast: Any) -> None:
    case = start(engine, "own_refuse", cast.alice)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.case_id, "whenOwn" in incident.reason) == (case.id, True)


def test_the_starter_alone_could_do_it_and_it_is_skipped_or_goes_up(engine: Engine, cast: Any) -> None:
    skipped, up = (start(engine, process, cast.alice) for process in ("own_skip", "own_up"))
    assert [row[:2] for row in tasks(engine, skipped, cast)] == [("check", "done"), ("after", "open")]
    assert [rule["rule"] for rule in told(engine, skipped, cast)] == ["whenOwn"]
    assert tasks(engine, up, cast) == [("check", "open", "officer@某县应急管理局")]
    other = start(engine, "own_skip", cast.bob)
    assert tasks(engine, other, cast)[0][1] == "open"  # bob is no clerk: alice does it


def test_the_same_hand_again_is_skipped_but_never_against_four_eyes(engine: Engine, cast: Any) -> None:
    case = start(engine, "again", cast.alice)
    [first] = engine.read(queries.inbox, cast.bob).items
    engine.complete_task(first.id, by=cast.bob, data={})
    assert [row[:2] for row in tasks(engine, case, cast)] == [
        ("first", "done"),
        ("second", "done"),
        ("third", "done"),
        ("fourth", "open"),
    ]
    assert [rule["person"] for rule in told(engine, case, cast)] == ["乙", "乙"]
    [fourth] = engine.read(queries.inbox, cast.diana).items
    engine.complete_task(fourth.id, by=cast.diana, data={})
    assert tasks(engine, case, cast)[-1][:2] == ("fifth", "open")


def test_a_circle_of_skips_ends_and_says_so(engine: Engine, cast: Any) -> None:
    case = start(engine, "circling", cast.alice)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.case_id, "100" in incident.reason) == (case.id, True)
    found = Counter(row[1] for row in tasks(engine, case, cast))
    assert found == {"done": 100, "open": 1}
    engine.give_role("bob", "ghost", TOWN, by=cast.olga)
    assert engine.read(queries.incidents, cast.olga) == []
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.change_data(case.id, {"done": True}, by=cast.olga, reason="genug")
    assert engine.complete_task(task.id, by=cast.bob, data={}).state == "closed"


def test_role_and_unit_come_from_expressions_and_a_wrong_one_names_itself(engine: Engine, cast: Any) -> None:
    right = start(engine, "choosing_queue", cast.alice, 岗位=["leader"], 单位="4201")
    assert tasks(engine, right, cast) == [("work", "open", "leader@某市")]
    for wrong, word in (
        ({"岗位": "officer", "单位": "?"}, "单位"),
        ({"岗位": None, "单位": "4201"}, "岗位"),
        ({"岗位": "nobody", "单位": "4201"}, "岗位"),
        ({"岗位": 5, "单位": "4201"}, "岗位"),
    ):
        case = start(engine, "choosing_queue", cast.alice, **wrong)
        [incident] = [each for each in engine.read(queries.incidents, cast.olga) if each.case_id == case.id]
        assert word in f"{incident.reason} {incident.detail}", wrong


def test_a_queue_is_inherited_from_five_levels_up_and_taken_over_by_each_nearer_one(engine: Engine, cast: Any) -> None:
    units = [
        {"code": "L3", "name": "某村", "kind": "grid", "parent": TOWN},
        {"code": "L4", "name": "某网格", "kind": "grid", "parent": "L3"},
    ]
    engine.load_people(units, [])
    given = {"岗位": "leader", "单位": "L4"}
    engine.load_people([], [{"login": "diana", "name": "戊", "roles": [("leader", "4200")]}])
    nearest = []
    for code in ("4201", "420101", "420101-yj", TOWN, "L3", "L4"):
        case = start(engine, "choosing_queue", cast.alice, **given)
        nearest.append(tasks(engine, case, cast)[0][2].removeprefix("leader@"))
        engine.give_role("bob", "leader", code, by=cast.olga)
    case = start(engine, "choosing_queue", cast.alice, **given)
    nearest.append(tasks(engine, case, cast)[0][2].removeprefix("leader@"))
    # A department stands beside its own government: what the county itself holds comes before it.
    assert nearest == ["某省", "某市", "某县", "某县", "某镇", "某村", "某网格"]


def test_a_diagram_sends_copies_and_what_fails_is_an_incident_that_stops_nothing(engine: Engine, cast: Any) -> None:
    for given, readers in ((["charlie", "leader@420101"], {"丁", "戊"}), (None, set()), ("?@?", set()), (5, set())):
        case = start(engine, "copying", cast.alice, 抄送=given)
        [task] = [each for each in engine.read(queries.inbox, cast.bob).items if each.case_id == case.id]
        assert engine.complete_task(task.id, by=cast.bob, data={}).state == "closed"
        assert {name for _, name in engine.read(queries.case_readings, cast.bob, case.id)} == readers
        raised = [each for each in engine.read(queries.incidents, cast.olga) if each.case_id == case.id]
        failed = [(True, "copy")] if given in ("?@?", 5) else []
        assert [("=抄送" in each.reason, each.kind) for each in raised] == failed


def test_rules_that_mean_nothing_are_refused_at_deploy(engine: Engine, cast: Any) -> None:
    xml = (FOLDER / "rotate.bpmn").read_text(encoding="utf-8")
    rules = (
        ("dispatch", "random"),
        ("whenEmpty", "wait"),
        ("whenOwn", "yes"),
        ("whenAgain", "no"),
        ("urgePause", "soon"),
    )
    for name, value in (*rules, ("cc", "=1 +")):
        wrong = f'bihuan:{name}="{value}"'
        with pytest.raises(FaultsFound) as found:
            engine.deploy_diagram("rotate", xml.replace('bihuan:dispatch="rotate"', wrong), by=cast.olga)
        assert [(fault.element, fault.code) for fault in found.value.faults] == [("work", "rule-unknown")], wrong
