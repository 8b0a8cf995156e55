"""The demo world: every step has cases, everything went through the engine, nothing lies in the future."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import select

from engine import Case, Engine, HistoryEvent, Incident, Task, access
from processes.hazard import app, demo

NOW = datetime.fromisoformat("2026-11-21T08:00:00+00:00")


@pytest.fixture
def world(sqlite_template: Path, tmp_path: Path) -> Engine:
    """The demo on a fresh SQLite database, loaded on 21 November 2026."""
    file = tmp_path / "demo.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    engine = Engine(f"sqlite:///{file}", apps=[app], files=tmp_path / "files", clock=lambda: NOW)
    engine.deploy_app(app)
    return engine


def all_of(engine: Engine, model: Any) -> list[Any]:
    return engine.read(lambda session: list(session.scalars(select(model))))


def test_the_demo_world_is_alive_and_loads_once(world: Engine) -> None:
    told: list[tuple[int, int]] = []
    accounts = demo.load_demo(world, progress=lambda done, total, what: told.append((done, total)), password="")
    cases, tasks = all_of(world, Case), all_of(world, Task)
    assert len(cases) == 60
    assert told[-1][0] == told[-1][1]
    diagram = etree.parse(app.folder / "hazard.bpmn")
    steps = {node.get("id") for node in diagram.iter("{http://www.omg.org/spec/BPMN/20100524/MODEL}userTask")}
    waiting = Counter(task.element for task in tasks if task.state == "open")
    assert set(waiting) == steps
    assert sum(task.due_at is not None and task.due_at < NOW for task in tasks if task.state == "open") >= 8
    assert {case.end_element for case in cases if case.state == "closed"} == {"closed", "delisted", "not_founded"}
    assert not all_of(world, Incident)
    assert max(event.at for event in all_of(world, HistoryEvent)) < NOW
    assert {account.role for account in accounts} >= set(app.roles.values())
    again = demo.load_demo(world)
    assert again == accounts
    assert len(all_of(world, Case)) == 60
    assert len(all_of(world, Task)) == len(tasks)


def test_the_demo_world_is_the_same_each_time(
    world: Engine, tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [next(hazard for hazard in demo.hazards(NOW.date()) if hazard.position == each) for each in (0, 11, 50)]
    monkeypatch.setattr(demo, "hazards", lambda today: few)
    demo.load_demo(world)
    twin_file = tmp_path / "twin.sqlite"
    twin_file.write_bytes(sqlite_template.read_bytes())
    twin = Engine(f"sqlite:///{twin_file}", apps=[app], files=tmp_path / "files", clock=lambda: NOW)
    twin.deploy_app(app)
    monkeypatch.setattr(demo, "hazards", lambda today: [_fresh(hazard) for hazard in few])
    demo.load_demo(twin)
    assert _told(world) == _told(twin)


def _fresh(hazard: demo.Hazard) -> demo.Hazard:
    return demo.Hazard(hazard.position, hazard.record, hazard.enterprise, hazard.route, hazard.begins)


def _told(engine: Engine) -> list[Any]:
    cases = all_of(engine, Case)
    return sorted((case.number, case.title, str(case.started_at), case.end_element) for case in cases)


def test_each_role_of_the_process_is_held_by_somebody() -> None:
    held = {role for row in demo.rows("accounts.csv") for role, _ in demo.person(row, "")["roles"]}
    assert held == {*app.roles, access.DESIGNER}


def test_units_carry_real_division_codes_and_enterprises_valid_credit_codes() -> None:
    units = {row["code"]: row for row in demo.rows("units.csv")}
    assert units["441700"]["name"] == "阳江市"
    assert (units["441702"]["name"], units["441704"]["name"]) == ("江城区", "阳东区")
    digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for enterprise in demo.rows("enterprises.csv"):
        code = enterprise["code"]
        total = sum(digits.index(digit) * pow(3, place, 31) for place, digit in enumerate(code[:17]))
        assert code[17] == digits[(31 - total % 31) % 31], code
        assert units[code]["parent"] == enterprise["区划"]
