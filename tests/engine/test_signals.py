"""Signals reach everybody who waits at that moment, and nobody who begins to wait later."""

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
        starters={"echoing": ("*",)},
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
