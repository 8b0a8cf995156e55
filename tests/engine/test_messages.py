"""Messages reach one receiver, early ones wait, signals reach everybody."""

from __future__ import annotations

from typing import Any

from engine import Case, Engine, queries


def wait_for(engine: Engine, cast: Any, key: str) -> Case:
    """This will start a case that waits for the message `answer` with `key`."""
    return engine.start_case("waiting", {"key": key}, by=cast.alice, unit_code="420101")


def open_tasks(engine: Engine, cast: Any, case: Case) -> list[str]:
    """The elements of a case's open tasks."""
    return [task.element for task in engine.read(queries.case, cast.alice, case.id).tasks if task.state == "open"]


def test_a_message_reaches_the_case_with_its_key(engine: Engine, cast: Any) -> None:
    one, two = wait_for(engine, cast, "1"), wait_for(engine, cast, "2")
    assert engine.publish_message("answer", "2", {"text": "好"}) == "taken"
    assert (open_tasks(engine, cast, one), open_tasks(engine, cast, two)) == ([], ["read"])
    assert engine.read(queries.case, cast.alice, two.id).data["text"] == "好"


def test_a_message_reaches_one_receiver_only(engine: Engine, cast: Any) -> None:
    first, second = wait_for(engine, cast, "1"), wait_for(engine, cast, "1")
    engine.publish_message("answer", "1")
    assert (open_tasks(engine, cast, first), open_tasks(engine, cast, second)) == (["read"], [])


def test_an_early_message_waits_for_its_receiver(engine: Engine, cast: Any, clock: Any) -> None:
    assert engine.publish_message("answer", "1", {"text": "早"}, time_to_live=3600) == "kept"
    clock.advance(minutes=59)
    case = wait_for(engine, cast, "1")
    assert open_tasks(engine, cast, case) == ["read"]
    assert open_tasks(engine, cast, wait_for(engine, cast, "1")) == []


def test_an_early_message_is_forgotten_after_its_time(engine: Engine, cast: Any, clock: Any) -> None:
    engine.publish_message("answer", "1", time_to_live=3600)
    engine.publish_message("answer", "2", time_to_live=0)
    clock.advance(minutes=61)
    assert open_tasks(engine, cast, wait_for(engine, cast, "1")) == []
    assert open_tasks(engine, cast, wait_for(engine, cast, "2")) == []


def test_a_message_sent_twice_with_one_key_is_taken_once(engine: Engine, cast: Any) -> None:
    first, second = wait_for(engine, cast, "1"), wait_for(engine, cast, "1")
    for _ in range(2):
        engine.publish_message("answer", "1", idempotency_key="letter-7")
    assert (open_tasks(engine, cast, first), open_tasks(engine, cast, second)) == (["read"], [])


def test_a_message_starts_a_case_that_answers_another_and_raises_the_alarm(engine: Engine, cast: Any) -> None:
    asking = wait_for(engine, cast, "7")
    hearing = engine.start_case("listening", {}, by=cast.alice)
    engine.publish_message("found", None, {"key": "7"})
    assert open_tasks(engine, cast, asking) == ["read"]
    assert engine.read(queries.case, cast.alice, hearing.id).case.state == "closed"
    [alarmed] = engine.read(queries.cases, cast.olga, process_id="alarmed").items
    assert alarmed.state == "open"
    [answering] = engine.read(queries.cases, cast.olga, process_id="answering").items
    assert answering.state == "closed"


def test_a_signal_that_nobody_hears_is_gone(engine: Engine, cast: Any) -> None:
    assert engine.broadcast_signal("nothing") == 0
    case = engine.start_case("listening", {}, by=cast.alice)
    assert engine.read(queries.case, cast.alice, case.id).case.state == "open"
