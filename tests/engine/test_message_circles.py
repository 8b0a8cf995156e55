"""What one event sets off: circles of messages stop early and say so, long lines and broadcasts run to their end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, ProcessApp, bpmn, causes, queries, reasons
from engine.trials import World

FOLDER = Path(__file__).parent.parent / "apps" / "circles"
FEW = 10
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it makes no difference here


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Circles stop after fewer rounds than in earnest."""
    assert causes.ROUNDS == 100
    monkeypatch.setattr(causes, "ROUNDS", FEW)
    monkeypatch.setattr(causes, "ALL_ROUNDS", 3 * FEW)


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    processes = [path.stem for path in FOLDER.glob("*.bpmn")]
    starters = dict.fromkeys(processes, ("*",))
    return make_engine([ProcessApp(name="circles", title="往来", folder=FOLDER, process="ping", starters=starters)])


def start(engine: Engine, cast: Any, process: str, **data: Any) -> Any:
    return engine.start_case(process, data, by=cast.alice, unit_code="420101").id


def counted(engine: Engine, cast: Any, process: str) -> int:
    found = engine.read(queries.cases, cast.olga, process_id=process, limit=200).items
    return len(found)


def test_processes_that_begin_each_other_by_messages_stop_with_an_incident_that_names_the_circle(
    engine: Engine, cast: Any
) -> None:
    engine.publish_message("to ping")
    [incident] = engine.read(queries.incidents, cast.olga)
    assert incident.reason == "Messages go round in a circle: to ping → to pong → to ping."
    assert (incident.element, incident.name, incident.code) == ("reply", "回复乙方", "circle")
    assert reasons.say(incident.reason) == "消息循环发送：to ping → to pong → to ping"
    assert (counted(engine, cast, "ping"), counted(engine, cast, "pong")) == (FEW, FEW - 1)
    engine.retry_incident(incident.id, by=cast.olga)
    assert len(engine.read(queries.incidents, cast.olga)) == 1, "tried again it goes round as often once more"


def test_two_cases_that_answer_each_other_for_ever_stop_where_they_are(engine: Engine, cast: Any) -> None:
    answering = start(engine, cast, "answering", 编号="甲")
    asking = start(engine, cast, "asking", 编号="甲", 次数=10_000)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert incident.reason == "Messages go round in a circle: question → answer → question."
    assert (incident.case_id, incident.element) == (answering, "answer")
    assert engine.read(queries.case, cast.olga, asking).data["已答"] == FEW - 1


def test_a_case_may_ask_and_hear_many_times_in_one_step(engine: Engine, cast: Any) -> None:
    start(engine, cast, "answering", 编号="甲")
    asking = start(engine, cast, "asking", 编号="甲", 次数=FEW - 2)
    assert engine.read(queries.case, cast.olga, asking).case.state == "closed"
    assert engine.read(queries.incidents, cast.olga) == []


def test_a_message_is_handed_on_through_as_many_cases_as_wait_for_it(engine: Engine, cast: Any) -> None:
    count = 3 * FEW
    for number in range(count):
        start(engine, cast, "passing", 第几棒=number)
    engine.publish_message("baton", 0)
    assert engine.read(queries.incidents, cast.olga) == []
    assert engine.read(queries.cases, cast.olga, process_id="passing", state="open").items == []


def test_a_signal_whose_hearers_send_it_twice_stops_before_it_doubles_without_end(engine: Engine, cast: Any) -> None:
    engine.broadcast_signal("alarm")
    found = engine.read(queries.incidents, cast.olga)
    assert {incident.reason for incident in found} == {"Messages go round in a circle: alarm → alarm."}
    assert counted(engine, cast, "shouting") < 100


def test_all_who_hear_a_signal_answer_the_one_who_sent_it(engine: Engine, cast: Any) -> None:
    count = 4 * FEW
    for _ in range(count):
        start(engine, cast, "reporting", 编号="甲")
    mustering = start(engine, cast, "mustering", 编号="甲", 应到=count, 到场=0)
    found = engine.read(queries.case, cast.olga, mustering)
    assert (found.case.state, found.data["到场"]) == ("closed", count)
    assert engine.read(queries.incidents, cast.olga) == []


def test_a_circle_in_a_scenario_file_is_an_incident_too(database: str) -> None:
    processes = bpmn.parse((FOLDER / "ping.bpmn").read_bytes()).processes
    processes |= bpmn.parse((FOLDER / "pong.bpmn").read_bytes()).processes
    world = World(processes, [], {"process": "ping"})
    world.deliver("to ping", None, {})
    assert len(world.cases) == 2 * FEW - 1
    [told] = [each for case in world.cases for each in case.incidents.values()]
    assert "Messages go round in a circle: to ping → to pong → to ping." in told
