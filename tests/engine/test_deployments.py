"""What is put in force: versions, faults, warnings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import DesignersOnly, Engine, FaultsFound, ProcessApp, queries


@pytest.fixture
def folder(tmp_path: Path, repair: ProcessApp) -> Path:
    """A copy of the app's folder that a test may change."""
    return Path(shutil.copytree(repair.folder, tmp_path / "repair"))


@pytest.fixture
def engine(make_engine: Callable[..., Engine], repair: ProcessApp, folder: Path) -> Engine:
    repair.folder = folder
    return make_engine([repair])


def diagram(engine: Engine, cast: Any) -> str:
    """The newest diagram."""
    newest = engine.read(queries.definitions, cast.olga)[0]
    xml: str = engine.read(queries.diagram, cast.olga, newest.id)
    return xml


def test_what_did_not_change_makes_no_version(engine: Engine, cast: Any) -> None:
    assert engine.deploy_app("repair") is None
    assert [row.version for row in engine.read(queries.definitions, cast.olga)] == [1]
    [first] = engine.read(queries.deployments, cast.olga)
    assert sorted(getattr(item, "key", "process") for item in first.contents) == ["check", "fix", "process", "report"]


def test_running_cases_stay_on_their_version(engine: Engine, cast: Any) -> None:
    old = engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    xml = diagram(engine, cast).replace('name="维修"', 'name="抢修"')
    definition = engine.deploy_diagram("repair", xml, by=cast.olga, note="改名")
    assert definition.version == 2
    new = engine.start_case("repair", {"地点": "二楼", "情况": "漏水"}, by=cast.alice)
    names = {case.id: engine.read(queries.case, cast.alice, case.id).tasks[0].name for case in (old, new)}
    assert names == {old.id: "维修", new.id: "抢修"}
    [fix] = [task for task in engine.read(queries.inbox, cast.bob).items if task.case_id == old.id]
    case = engine.complete_task(fix.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert case.definition_id == old.definition_id


def test_a_changed_form_binds_to_new_tasks_only(engine: Engine, cast: Any, folder: Path) -> None:
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    form = folder / "forms" / "fix.json"
    form.write_text(form.read_text().replace('"label": "处理"', '"label": "怎么处理的"'))
    deployment = engine.deploy_app("repair")
    assert deployment is not None
    engine.start_case("repair", {"地点": "二楼", "情况": "漏水"}, by=cast.alice)
    labels = [
        engine.read(queries.task, cast.bob, task.id).form["components"][0]["label"]
        for task in engine.read(queries.inbox, cast.bob, sort="created").items
    ]
    assert labels == ["处理", "怎么处理的"]


def test_a_designers_version_outlives_a_restart_of_the_app(engine: Engine, cast: Any) -> None:
    engine.deploy_diagram("repair", diagram(engine, cast).replace("维修", "抢修"), by=cast.olga)
    assert engine.deploy_app("repair") is None
    assert "抢修" in diagram(engine, cast)


def test_all_faults_come_in_one_answer_with_their_elements(engine: Engine, cast: Any) -> None:
    xml = (
        diagram(engine, cast)
        .replace('formId="fix"', 'formId="nowhere"')
        .replace('candidateGroups="officer"', 'candidateGroups="nobody"')
        .replace('sourceRef="check" targetRef="accepted"', 'sourceRef="check" targetRef="lost"')
    )
    with pytest.raises(FaultsFound) as found:
        engine.deploy_diagram("repair", xml, by=cast.olga)
    assert len(found.value.faults) >= 1
    xml = xml.replace('targetRef="lost"', 'targetRef="accepted"')
    checked = engine.check_diagram(xml)
    assert [(fault.code, fault.element) for fault in checked.faults] == [
        ("form-missing", "fix"),
        ("role-unknown", "fix"),
        ("role-unknown", "check"),
    ]
    assert [row.version for row in engine.read(queries.definitions, cast.olga)] == [1]


def test_a_variable_that_nothing_writes_is_a_warning(engine: Engine, cast: Any) -> None:
    assert engine.check_diagram(diagram(engine, cast)).warnings == []
    xml = diagram(engine, cast).replace("验收结论 = ", "验收结伦 = ")
    [warning] = engine.check_diagram(xml).warnings
    assert (warning.code, warning.element) == ("variable-unwritten", "f5")
    assert "验收结伦" in warning.reason


def test_the_process_id_cannot_change(engine: Engine, cast: Any) -> None:
    with pytest.raises(FaultsFound) as found:
        engine.deploy_diagram("repair", diagram(engine, cast).replace('id="repair"', 'id="other"'), by=cast.olga)
    assert [fault.code for fault in found.value.faults] == ["process-id-changed"]


def test_only_designers_deploy(engine: Engine, cast: Any) -> None:
    with pytest.raises(DesignersOnly):
        engine.deploy_diagram("repair", diagram(engine, cast), by=cast.bob)
    engine.give_role("bob", "process_designer", "420101-yj", by=cast.olga)
    xml = diagram(engine, cast).replace("维修", "抢修")
    assert engine.deploy_diagram("repair", xml, by=cast.bob).version == 2


def test_a_folder_with_faults_deploys_nothing(engine: Engine, cast: Any, folder: Path) -> None:
    (folder / "broken.bpmn").write_text("<!DOCTYPE x><x/>")
    (folder / "forms" / "broken.json").write_text("{")
    with pytest.raises(FaultsFound) as found:
        engine.deploy_app("repair")
    assert {fault.name for fault in found.value.faults} == {"broken.bpmn", "forms/broken.json"}
    assert len(engine.read(queries.deployments, cast.olga)) == 1


@pytest.mark.parametrize(
    ("timer", "refused"),
    [("=workdays(today(), 3)", False), ("=now() + duration(wanted)", True), ("=1", True)],
)
def test_a_timer_that_begins_cases_is_reckoned_without_data(
    engine: Engine, cast: Any, timer: str, refused: bool
) -> None:
    xml = diagram(engine, cast)
    timed = f"<bpmn:timerEventDefinition><bpmn:timeDate>{timer}</bpmn:timeDate></bpmn:timerEventDefinition>"
    xml = xml.replace(
        "</bpmn:startEvent>", f'</bpmn:startEvent><bpmn:startEvent id="early">{timed}</bpmn:startEvent>', 1
    )
    xml = xml.replace(
        "</bpmn:process>", '<bpmn:sequenceFlow id="f9" sourceRef="early" targetRef="fix"/></bpmn:process>'
    )
    if not refused:
        engine.deploy_diagram("repair", xml, by=cast.olga)
        return
    with pytest.raises(FaultsFound) as caught:
        engine.deploy_diagram("repair", xml, by=cast.olga)
    assert [(each.element, each.code) for each in caught.value.faults] == [("early", "start-timer")]


def test_faults_of_the_diagram_and_of_what_it_needs_come_in_one_answer(engine: Engine, cast: Any) -> None:
    xml = diagram(engine, cast).replace('formId="fix"', 'formId="gone"').replace("outcome = ", "outcome == ", 1)
    with pytest.raises(FaultsFound) as caught:
        engine.deploy_diagram("repair", xml.replace('"officer"', '"nobody"'), by=cast.olga)
    found = sorted((str(each.element), str(each.code)) for each in caught.value.faults)
    assert found == [
        ("check", "role-unknown"),
        ("f3", "expression-invalid"),
        ("fix", "form-missing"),
        ("fix", "role-unknown"),
    ]
