"""Signals reach everybody who waits at that moment; early messages reach whoever begins to wait for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import Case, Engine, ProcessApp, queries

FOLDER = Path(__file__).parent.parent / "apps" / "signals"


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    app = ProcessApp(
        name="signals",
        title="信号",
        folder=FOLDER,
        process="echoing",
        roles={"officer": "维修员"},
        starters={"echoing": ("*",), "handing_in": ("*",)},
    )
    return make_engine([app])


def start(engine: Engine, cast: Any) -> Case:
    return engine.start_case("echoing", {}, by=cast.alice, unit_code="420101-yj")


def open_tasks(engine: Engine, cast: Any, case: Case) -> list[str]:
    return [task.element for task in engine.read(queries.case, cast.olga, case.id).tasks if task.state == "open"]


def tell(engine: Engine, cast: Any, case: Case) -> None:
    """This will let the case throw its signal; then it waits for the next one."""
    [task] = [task for task in engine.read(queries.case, cast.olga, case.id).tasks if task.element == "call"]
    engine.claim_task(task.id, by=cast.bob)
    engine.complete_task(task.id, by=cast.bob, data={})


def test_a_case_that_waits_after_its_own_signal_has_not_heard_it(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    tell(engine, cast, case)
    assert open_tasks(engine, cast, case) == []
    assert engine.broadcast_signal("汛情") == 1
    assert open_tasks(engine, cast, case) == ["answer"]


def test_the_signal_of_one_case_reaches_the_others_that_wait(engine: Engine, cast: Any) -> None:
    first, second, third = start(engine, cast), start(engine, cast), start(engine, cast)
    tell(engine, cast, first)
    tell(engine, cast, second)
    assert [open_tasks(engine, cast, case) for case in (first, second, third)] == [["answer"], [], ["call"]]


def test_who_goes_on_waiting_takes_all_messages_that_came_early(engine: Engine, cast: Any) -> None:
    told = [engine.publish_message("补充材料", key, time_to_live=60) for key in ("7", "8", "7", "7")]
    assert told == ["kept"] * 4
    case = engine.start_case("handing_in", {"编号": 7}, by=cast.alice, unit_code="420101-yj")
    assert sorted(open_tasks(engine, cast, case)) == ["file", "file", "file", "review"]
    assert engine.publish_message("补充材料", 7) == "taken"
    assert engine.publish_message("补充材料", 9) == "lost"
    assert sorted(open_tasks(engine, cast, case)) == ["file", "file", "file", "file", "review"]
