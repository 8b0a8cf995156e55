"""The history tells from where: the page, a token of the API, the command line, a worker, an import."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from engine import SYSTEM, Engine, HistoryEvent, history


def origins(engine: Engine, case_id: Any) -> set[str]:
    found = select(HistoryEvent.origin).where(HistoryEvent.case_id == case_id)
    return set(engine.read(lambda session: session.scalars(found).all()))


def test_origins_are_kept_and_covered_by_the_hash(engine: Engine, cast: Any, clock: Any) -> None:
    alice = replace(cast.alice, origin="page 192.0.2.7")
    case = engine.start_case("calling", {"number": 1}, by=alice)
    assert origins(engine, case.id) == {"page 192.0.2.7"}
    clock.advance(minutes=1)
    engine.run_due_jobs()
    assert origins(engine, case.id) == {"page 192.0.2.7", "worker"}
    assert engine.read(history.verify, case.id) > 3


def test_an_event_without_origin_has_the_hash_it_always_had() -> None:
    from datetime import UTC, datetime
    from uuid import UUID

    row = {
        "case_id": UUID(int=1), "seq": 1, "at": datetime(2026, 3, 2, 1, tzinfo=UTC), "kind": "started",
        "actor_id": None, "actor": SYSTEM.label, "element": "", "name": "", "task_id": None, "detail": "{}",
        "followed": "", "origin": "",
    }  # fmt: skip
    old = history.digest("", row)
    assert old == "7519b64d989dfdefe083023ed368c8bd50fac0d2d32b5913a3b00720a8844dc6"
    assert history.digest("", {**row, "origin": "cli"}) != old
