"""Whatever happens to a limit, each rung of its ladder is climbed exactly once for a due time, in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine import BihuanError, Engine, HistoryEvent, feel
from engine.reckoning import Term
from tests.engine.test_limits import Desk, engine, orders

__all__ = ["engine", "orders"]
STEPS = st.lists(st.sampled_from(["wait", "sleep", "pause", "resume", "extend", "suspend", "go on"]), max_size=5)


def take(desk: Desk, step: str) -> None:
    """One thing that may happen; what is refused changes nothing."""
    leader, limit = desk.cast.diana, desk.limit("rectification")
    try:
        if step == "pause":
            desk.engine.pause_limit(limit.id, by=leader, ground="检测鉴定", approver="分管负责人")
        elif step == "resume":
            desk.engine.resume_limit(limit.id, by=leader)
        elif step == "extend":
            desk.engine.extend_limit(limit.id, Term.read("4 workdays"), by=leader, reason="设备到货延迟")
        elif step == "suspend":
            desk.engine.suspend_case(desk.case.id, by=desk.cast.olga, reason="停电")
        elif step == "go on":
            desk.engine.resume_case(desk.case.id, by=desk.cast.olga)
        else:
            for _ in range(1 if step == "sleep" else 3):  # after a sleep all that was missed is due at once
                desk.clock.now += timedelta(days=9 if step == "sleep" else 3)
                desk.engine.run_due_jobs()
                desk.engine.run_due_jobs()
    except BihuanError:
        return


def climbed(desk: Desk) -> list[tuple[str, int]]:
    """The rungs of the rectification as the history tells: due time and number."""
    asked = select(HistoryEvent).where(HistoryEvent.case_id == desk.case.id, HistoryEvent.kind == "rung_climbed")
    found = desk.engine.read(lambda session: list(session.scalars(asked.order_by(HistoryEvent.seq))))
    told = [feel.loads(event.detail) for event in found]
    return [(each["due"], int(each["rung"])) for each in told if each["code"] == "rectification"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(steps=STEPS)
def test_each_rung_is_climbed_once_for_a_due_time_and_in_order(
    engine: Engine,
    cast: Any,
    clock: Any,
    steps: Sequence[str],
) -> None:
    desk = Desk(engine, cast, clock)
    desk.done("check")
    for step in steps:
        take(desk, step)
    for step in ("go on", "resume", "wait", "wait", "wait"):
        take(desk, step)
    found = climbed(desk)
    assert len(found) == len(set(found)), "none twice for a due time"
    by_due: dict[str, list[int]] = {}
    for due, rung in found:
        by_due.setdefault(due, []).append(rung)
    assert all(rungs == sorted(rungs) for rungs in by_due.values())
    last = by_due[found[-1][0]]
    assert last == list(range(last[0], 4)), "to the end, none left out"
