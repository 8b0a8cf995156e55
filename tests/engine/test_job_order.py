"""Which job comes first, and workers that wait for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest

from engine import Engine, LockedJob, ProcessApp

DIAGRAM = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://bihuan.dev/tests">
  <bpmn:process id="ordered" name="Ordered" isExecutable="true">
    <bpmn:extensionElements><zeebe:jobPriorityDefinition priority="=urgency"/></bpmn:extensionElements>
    <bpmn:startEvent id="s"/>
    <bpmn:serviceTask id="own"><bpmn:extensionElements><zeebe:taskDefinition type="own"/></bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:serviceTask id="last"><bpmn:extensionElements><zeebe:taskDefinition type="theirs"/>
      <zeebe:jobPriorityDefinition priority="-1"/></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:serviceTask id="theirs"><bpmn:extensionElements><zeebe:taskDefinition type="theirs"/></bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="own"/>
    <bpmn:sequenceFlow id="f2" sourceRef="s" targetRef="theirs"/>
    <bpmn:sequenceFlow id="f3" sourceRef="s" targetRef="last"/>
  </bpmn:process>
</bpmn:definitions>"""


@pytest.fixture
def done() -> list[Any]:
    return []


@pytest.fixture
def engine(make_engine: Callable[..., Engine], tmp_path: Path, done: list[Any]) -> Engine:
    """One process with jobs of ours and of others; the case says how urgent it is."""
    folder = tmp_path / "ordered"
    folder.mkdir()
    (folder / "ordered.bpmn").write_text(DIAGRAM, encoding="utf-8")
    app = ProcessApp(name="ordered", title="次序", folder=folder, process="ordered", starters={"ordered": ("*",)})
    app.external("theirs")

    @app.service("own", job=True)
    def own(data: dict[str, Any], headers: Any, key: str) -> dict[str, Any]:
        done.append(data["urgency"])
        return {}

    made = make_engine([app])
    made.load_people([], [{"login": "robot", "name": "外部系统", "roles": [("external_system", "420101-yj")]}])
    return made


def begin(engine: Engine, cast: Any, *urgencies: int) -> None:
    for urgency in urgencies:
        engine.start_case("ordered", {"urgency": urgency}, by=cast.alice, unit_code="420101")


def test_jobs_of_one_moment_run_by_priority_and_older_ones_first(
    engine: Engine, cast: Any, clock: Any, done: list[Any]
) -> None:
    begin(engine, cast, 1)
    clock.advance(minutes=1)
    begin(engine, cast, 2, 9, 5)
    assert engine.run_due_jobs() == 4
    assert done == [1, 9, 5, 2]


def test_a_worker_elsewhere_gets_the_higher_priority_first(engine: Engine, cast: Any, clock: Any) -> None:
    begin(engine, cast, 1)
    clock.advance(minutes=1)
    begin(engine, cast, 5, 5)
    jobs = engine.lock_jobs(["theirs"], "one", limit=4, by=cast.robot)
    assert [(job.priority, job.element) for job in jobs] == [(5, "theirs"), (5, "theirs"), (1, "theirs"), (-1, "last")]
    assert jobs[0].id < jobs[1].id


def test_a_priority_that_is_no_number_is_an_incident(engine: Engine, cast: Any) -> None:
    case = engine.start_case("ordered", {"urgency": "very"}, by=cast.alice, unit_code="420101")
    assert case.incidents == 2


def test_a_waiting_worker_gets_a_job_soon_after_it_was_made(engine: Engine, cast: Any) -> None:
    found: list[LockedJob] = []
    began = monotonic()
    waiting = Thread(
        target=lambda: found.extend(engine.lock_jobs(["theirs"], "one", limit=1, wait=60, by=cast.robot)), daemon=True
    )
    waiting.start()
    used = []
    for _ in range(30):
        sleep(0.01)
        used.append(engine.database.pool.checkedout())
    assert waiting.is_alive()
    assert min(used) == 0
    begin(engine, cast, 3)
    waiting.join()
    assert [job.priority for job in found] == [3]
    assert monotonic() - began < 50, "it was not told before the end of its wait"


def test_waiting_ends_without_a_job(engine: Engine, cast: Any) -> None:
    began = monotonic()
    assert engine.lock_jobs(["theirs"], "one", wait=0.3, by=cast.robot) == []
    assert monotonic() - began >= 0.3
