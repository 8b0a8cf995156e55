"""A message is taken once: whatever its key, however often it is sent, and whoever is quicker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from sqlalchemy import text

from engine import (
    SYSTEM,
    Case,
    DataInvalid,
    Delivery,
    Engine,
    MessageInvalid,
    ProcessApp,
    SystemsOnly,
    messages,
    queries,
)
from tests.patience import PATIENCE

FOLDER = Path(__file__).parent.parent / "apps" / "elsewhere"
DAY = 86_400


@pytest.fixture
def elsewhere() -> ProcessApp:
    starters = {"hearing": ("*",), "keyed": ("*",)}
    app = ProcessApp(name="elsewhere", title="外部", folder=FOLDER, process="stamping", starters=starters)
    app.external("stamp")
    return app


@pytest.fixture
def engine(make_engine: Callable[..., Engine], elsewhere: ProcessApp) -> Engine:
    engine = make_engine([elsewhere])
    engine.load_people([], [{"login": "robot", "name": "来件系统", "roles": [("external_system", "420101-yj")]}])
    return engine


def start(engine: Engine, cast: Any, process: str = "keyed", key: str = "1") -> Case:
    return engine.start_case(process, {"key": key}, by=cast.alice, unit_code="420101")


def states(engine: Engine, cast: Any, *cases: Case) -> list[str]:
    return [engine.read(queries.case, cast.olga, case.id).case.state for case in cases]


def kept(engine: Engine) -> int:
    """How many messages and keys are stored."""
    return engine.read(lambda session: session.execute(text("SELECT count(*) FROM messages")).scalar_one())


def send(engine: Engine, **changes: Any) -> Delivery:
    return engine.publish_message("answer for one", "1", **{"idempotency_key": "letter-7"} | changes)


def test_a_key_of_an_early_message_is_remembered_after_a_case_took_it(engine: Engine, cast: Any, clock: Any) -> None:
    assert send(engine, time_to_live=3600) == "kept"
    assert send(engine, time_to_live=3600) == "kept", "the first one still waits"
    first = start(engine, cast)
    clock.advance(minutes=30)
    second = start(engine, cast)
    assert send(engine, time_to_live=3600) == "taken"
    assert states(engine, cast, first, second) == ["closed", "open"]


def test_a_key_is_remembered_for_a_week_after_the_message_was_taken(engine: Engine, cast: Any, clock: Any) -> None:
    cases = [start(engine, cast), start(engine, cast)]
    assert send(engine) == "taken"
    clock.advance(days=6, hours=23)
    assert send(engine) == "taken"
    assert states(engine, cast, *cases) == ["closed", "open"]
    clock.advance(hours=2)
    assert send(engine) == "taken"
    assert states(engine, cast, *cases) == ["closed", "closed"]


def test_a_message_that_nobody_took_or_kept_may_be_sent_again(engine: Engine, cast: Any) -> None:
    assert send(engine) == "lost"
    case = start(engine, cast)
    assert send(engine) == "taken"
    assert states(engine, cast, case) == ["closed"]


def test_a_key_belongs_to_the_name_of_its_message(engine: Engine, cast: Any) -> None:
    engine.publish_message("petition", None, idempotency_key="1")
    case = start(engine, cast)
    assert send(engine, idempotency_key="1") == "taken"
    assert states(engine, cast, case) == ["closed"]


def test_keys_are_forgotten_when_their_time_is_over(engine: Engine, cast: Any, clock: Any) -> None:
    from engine import due

    start(engine, cast)
    send(engine)
    engine.publish_message("answer", None, time_to_live=DAY)
    assert kept(engine) == 2
    clock.advance(days=2)
    assert due.forget_expired(engine.write) == 1
    clock.advance(days=6)
    assert due.forget_expired(engine.write) == 1
    assert kept(engine) == 0


def test_the_same_letter_sent_by_many_at_once_is_taken_once(
    engine: Engine, make_engine: Any, cast: Any, elsewhere: ProcessApp
) -> None:
    cases = [start(engine, cast) for _ in range(6)]
    engines = [engine, *(make_engine([elsewhere]) for _ in range(5))]
    together, told = Barrier(6), []

    def post(own: Engine) -> None:
        together.wait()
        told.append(send(own))

    threads = [Thread(target=post, args=(own,)) for own in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["taken"] * 6
    assert sorted(states(engine, cast, *cases)) == ["closed"] + ["open"] * 5


@pytest.mark.parametrize(("process", "name", "key"), [("keyed", "answer for one", "1"), ("hearing", "answer", "7")])
def test_a_message_and_its_receiver_that_come_at_once_find_each_other(
    engine: Engine, make_engine: Any, cast: Any, elsewhere: ProcessApp, process: str, name: str, key: str
) -> None:
    alice, other = cast.alice, make_engine([elsewhere])
    together, cases = Barrier(2), []

    def wait() -> None:
        for _ in range(8):
            together.wait()
            cases.append(engine.start_case(process, {"key": "1"}, by=alice, unit_code="420101"))

    def post() -> None:
        for _ in range(8):
            together.wait()
            other.publish_message(name, key, time_to_live=DAY)

    threads = [Thread(target=wait), Thread(target=post)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(engine, cast, *cases) == ["closed"] * 8
    assert kept(engine) == 0


@pytest.mark.parametrize(("process", "name", "key"), [("keyed", "answer for one", "1"), ("hearing", "answer", "7")])
def test_a_receiver_waits_until_a_message_on_its_way_can_be_seen(
    engine: Engine, make_engine: Any, cast: Any, elsewhere: ProcessApp, process: str, name: str, key: str
) -> None:
    alice, other, is_sent = cast.alice, make_engine([elsewhere]), Event()

    def publish(turn: Any) -> None:
        messages.publish(turn, name, key, {}, time_to_live=DAY)
        is_sent.set()
        time.sleep(0.2)  # the message is written, and nobody can see it yet

    sender = Thread(target=lambda: other.write(SYSTEM, publish))
    sender.start()
    assert is_sent.wait(PATIENCE)
    case = engine.start_case(process, {"key": "1"}, by=alice, unit_code="420101")
    sender.join()
    assert states(engine, cast, case) == ["closed"]
    assert kept(engine) == 0


def test_a_receiver_without_a_key_takes_an_early_message_of_any_key(engine: Engine, cast: Any) -> None:
    assert engine.publish_message("answer", "whatever", time_to_live=60) == "kept"
    assert states(engine, cast, start(engine, cast, "hearing")) == ["closed"]


def test_a_case_that_waits_longest_takes_the_message(engine: Engine, cast: Any) -> None:
    first, second, third = (start(engine, cast, "hearing") for _ in range(3))
    engine.publish_message("answer")
    engine.publish_message("answer")
    assert states(engine, cast, first, second, third) == ["closed", "closed", "open"]


def test_a_message_starts_a_case_when_no_case_waits_for_it(engine: Engine, cast: Any) -> None:
    assert engine.publish_message("petition", None, {"who": "甲"}, by=cast.robot) == "taken"
    [case] = engine.read(queries.cases, cast.olga, process_id="hearing").items
    view = engine.read(queries.case, cast.olga, case.id)
    assert (view.data["who"], view.case.unit_name) == ("甲", "某县应急管理局")


def test_a_suspended_case_takes_what_came_for_it_when_it_is_resumed(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    engine.suspend_case(case.id, by=cast.olga, reason="复核")
    assert send(engine) == "lost"
    assert send(engine, time_to_live=DAY) == "kept"
    assert states(engine, cast, case) == ["suspended"]
    engine.resume_case(case.id, by=cast.olga)
    assert states(engine, cast, case) == ["closed"]


def test_an_ended_case_takes_no_message(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    engine.cancel_case(case.id, by=cast.olga, reason="重复")
    assert send(engine) == "lost"


@pytest.mark.parametrize("person", ["alice", "bob", "diana"])
def test_who_is_no_external_system_sends_nothing(engine: Engine, cast: Any, person: str) -> None:
    case = start(engine, cast)
    with pytest.raises(SystemsOnly):
        send(engine, by=getattr(cast, person))
    with pytest.raises(SystemsOnly):
        engine.broadcast_signal("alarm", by=getattr(cast, person))
    assert states(engine, cast, case) == ["open"]
    assert send(engine, by=cast.robot) == "taken"


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("", {}),
        ("n" * 201, {}),
        ("answer", {"correlation_key": "k" * 201}),
        ("answer", {"time_to_live": -1}),
        ("answer", {"time_to_live": 400 * DAY}),
    ],
)
def test_what_is_no_message_is_refused(engine: Engine, name: str, asked: dict[str, Any]) -> None:
    with pytest.raises(MessageInvalid):
        engine.publish_message(name, **asked)


def test_text_that_no_database_keeps_is_refused(engine: Engine, cast: Any) -> None:
    for name, data in (("petition", {"a": "\ud800"}), ("\ud800", {})):
        with pytest.raises(DataInvalid):
            engine.publish_message(name, None, data, time_to_live=60)
    assert engine.read(queries.cases, cast.olga, process_id="hearing").items == []
    assert kept(engine) == 0
