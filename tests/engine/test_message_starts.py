"""A message begins one case at a time for its correlation key, whoever is quicker; what comes meanwhile may wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from engine import Case, Engine, ProcessApp, ProcessNotFound, SystemsOnly, invariants, queries

FOLDER = Path(__file__).parent.parent / "apps" / "beginning"
DAY = 86_400
WRITTEN, SPOKEN = "petition written", "petition spoken"


@pytest.fixture
def beginning() -> ProcessApp:
    return ProcessApp(
        name="beginning",
        title="来件",
        folder=FOLDER,
        process="petition",
        roles={"officer": "维修员"},
        starters={"petition": ("*",)},
    )


@pytest.fixture
def engine(make_engine: Callable[..., Engine], beginning: ProcessApp) -> Engine:
    return make_engine([beginning])


def found(engine: Engine, cast: Any, process: str = "petition", state: str | None = None) -> list[Case]:
    """The cases of a process, the oldest first."""
    page = engine.read(queries.cases, cast.olga, process_id=process, state=state, limit=50)
    return sorted(page.items, key=lambda case: case.id)


def data(engine: Engine, cast: Any, case: Case) -> dict[str, Any]:
    return engine.read(queries.case, cast.olga, case.id).data


def hear(engine: Engine, cast: Any, case: Case) -> None:
    """This will do the only task of a case."""
    [task] = [task for task in engine.read(queries.case, cast.olga, case.id).tasks if task.state == "open"]
    engine.complete_task(task.id, by=cast.bob, data={})


def sound(engine: Engine) -> list[str]:
    return engine.read(lambda session: [str(fault) for fault in invariants.look(session)])


def test_a_second_message_with_the_key_of_a_running_case_begins_none(engine: Engine, cast: Any) -> None:
    assert engine.publish_message(WRITTEN, "甲") == "taken"
    assert engine.publish_message(WRITTEN, "甲") == "lost"
    assert engine.publish_message(WRITTEN, "乙") == "taken"
    assert len(found(engine, cast)) == 2
    assert sound(engine) == []


def test_another_message_that_begins_the_same_process_is_held_back_by_the_key_too(engine: Engine, cast: Any) -> None:
    assert engine.publish_message(WRITTEN, "甲") == "taken"
    assert engine.publish_message(SPOKEN, "甲") == "lost"
    assert len(found(engine, cast)) == 1


@pytest.mark.parametrize("key", [None, ""])
def test_messages_without_a_key_begin_a_case_each(engine: Engine, cast: Any, key: str | None) -> None:
    for _ in range(3):
        assert engine.publish_message(WRITTEN, key) == "taken"
    assert len(found(engine, cast)) == 3


def test_the_key_is_free_again_when_the_case_has_ended(engine: Engine, cast: Any) -> None:
    engine.publish_message(WRITTEN, "甲")
    hear(engine, cast, found(engine, cast)[0])
    assert engine.publish_message(WRITTEN, "甲") == "taken"
    assert [case.state for case in found(engine, cast)] == ["closed", "open"]


def test_the_key_is_free_again_when_the_case_is_cancelled_but_not_while_it_is_suspended(
    engine: Engine, cast: Any
) -> None:
    engine.publish_message(WRITTEN, "甲")
    [case] = found(engine, cast)
    engine.suspend_case(case.id, by=cast.olga, reason="复核")
    assert engine.publish_message(WRITTEN, "甲") == "lost"
    engine.resume_case(case.id, by=cast.olga)
    engine.cancel_case(case.id, by=cast.olga, reason="重复")
    assert engine.publish_message(WRITTEN, "甲") == "taken"


def test_what_came_meanwhile_begins_the_next_cases_one_after_the_other_in_the_order_of_its_coming(
    engine: Engine, cast: Any
) -> None:
    engine.publish_message(WRITTEN, "甲", {"第": 1})
    assert engine.publish_message(SPOKEN, "甲", {"第": 2}, time_to_live=DAY) == "kept"
    assert engine.publish_message(WRITTEN, "甲", {"第": 3}, time_to_live=DAY) == "kept"
    for number in (1, 2, 3):
        [case] = found(engine, cast, state="open")
        assert data(engine, cast, case)["第"] == number
        hear(engine, cast, case)
    assert found(engine, cast, state="open") == []
    assert sound(engine) == []


def test_what_waited_too_long_begins_nothing(engine: Engine, cast: Any, clock: Any) -> None:
    engine.publish_message(WRITTEN, "甲")
    engine.publish_message(WRITTEN, "甲", time_to_live=3600)
    clock.advance(minutes=61)
    hear(engine, cast, found(engine, cast)[0])
    assert found(engine, cast, state="open") == []


def test_a_case_that_ends_at_once_leaves_the_key_free(engine: Engine, cast: Any) -> None:
    assert [engine.publish_message("note", "甲") for _ in range(3)] == ["taken"] * 3
    assert [case.state for case in found(engine, cast, "noting")] == ["closed"] * 3
    assert sound(engine) == []


def test_of_many_messages_with_one_key_that_come_at_once_one_begins_a_case(
    engine: Engine, make_engine: Any, cast: Any, beginning: ProcessApp
) -> None:
    engines = [engine, *(make_engine([beginning]) for _ in range(5))]
    together, told = Barrier(6), []

    def post(own: Engine, name: str) -> None:
        together.wait()
        told.append(own.publish_message(name, "甲"))

    threads = [Thread(target=post, args=(own, (WRITTEN, SPOKEN)[n % 2])) for n, own in enumerate(engines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["lost"] * 5 + ["taken"]
    assert len(found(engine, cast)) == 1
    assert sound(engine) == []


def test_a_message_that_comes_while_the_case_of_its_key_ends_is_never_left_waiting(
    engine: Engine, make_engine: Any, cast: Any, beginning: ProcessApp
) -> None:
    other, together = make_engine([beginning]), Barrier(2)
    engine.publish_message(WRITTEN, "甲")
    for _ in range(8):
        [case] = found(engine, cast, state="open")

        def post() -> None:
            together.wait()
            other.publish_message(WRITTEN, "甲", time_to_live=DAY)

        sender = Thread(target=post)
        sender.start()
        together.wait()
        hear(engine, cast, case)
        sender.join()
        assert len(found(engine, cast, state="open")) == 1
    assert sound(engine) == []


def test_a_condition_at_the_start_begins_a_case_when_a_program_asks_with_data_for_which_it_is_true(
    engine: Engine, cast: Any
) -> None:
    assert engine.evaluate_conditions({"水位": 11.9}) == []
    assert engine.evaluate_conditions({}) == [], "null is not true"
    assert engine.evaluate_conditions({"水位": 13}, "noting") == []
    [case] = engine.evaluate_conditions({"水位": 13, "站点": "东湖"})
    assert (case.process_id, data(engine, cast, case)) == ("flooding", {"水位": 13, "站点": "东湖", "initiator": None})
    with pytest.raises(ProcessNotFound):
        engine.evaluate_conditions({"水位": 13}, "nowhere")
    with pytest.raises(SystemsOnly):
        engine.evaluate_conditions({"水位": 13}, by=cast.bob)
    assert len(found(engine, cast, "flooding")) == 1
    assert sound(engine) == []
