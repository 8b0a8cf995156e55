"""Any diagram can be measured: what it lacks gets a stand-in, its forms are filled in; what cannot be is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from engine import Case, FaultsFound, Task, forms
from web.benchmarks import guests, papers, replays, world
from web.benchmarks.meters import Stopwatch
from web.commands.benches import bench

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="http://bihuan.dev/tests">"""
CALL = '<bpmn:callActivity id="stamp" calledElement="stamping">'
FORM = {
    "id": "visit",
    "type": "default",
    "components": [
        {"type": "textfield", "key": "plate", "label": "Plate",
         "validate": {"required": True, "pattern": "^[A-Z][0-9]$"}},
        {"type": "number", "key": "people", "label": "People", "validate": {"required": True, "min": 2, "max": 9}},
        {"type": "datetime", "key": "day", "label": "Day", "subtype": "date", "validate": {"required": True}},
        {"type": "radio", "key": "found", "label": "Found", "validate": {"required": True},
         "values": [{"label": "Good", "value": "good"}, {"label": "Bad", "value": "bad"}]},
        {"type": "dynamiclist", "path": "rooms", "label": "Rooms", "id": "rooms", "validate": {"minRows": 1},
         "components": [{"type": "textfield", "key": "room", "label": "Room", "validate": {"required": True}}]},
    ],
    "outcomes": [{"value": "back", "label": "Back"}, {"value": "on", "label": "On", "main": True}],
}  # fmt: skip


def written(folder: Path, *, group: str = "inspector", form: str = "visit", service: str = "stamp") -> Path:
    """This will write a diagram with a task, a timer beside it, and a service."""
    file = folder / "visit.bpmn"
    file.write_text(
        f"""{HEAD}<bpmn:process id="visiting" isExecutable="true"><bpmn:startEvent id="begin"/>
        <bpmn:sequenceFlow id="a" sourceRef="begin" targetRef="visit"/>
        <bpmn:userTask id="visit" name="Visit"><bpmn:extensionElements><zeebe:userTask/>
          <zeebe:assignmentDefinition candidateGroups="{group}"/><zeebe:formDefinition formId="{form}"/>
        </bpmn:extensionElements></bpmn:userTask>
        <bpmn:boundaryEvent id="late" attachedToRef="visit" cancelActivity="false"><bpmn:timerEventDefinition id="t">
          <bpmn:timeDuration>P3D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="b" sourceRef="visit" targetRef="stamp"/>
        <bpmn:serviceTask id="stamp"><bpmn:extensionElements><zeebe:taskDefinition type="{service}"/>
        </bpmn:extensionElements></bpmn:serviceTask><bpmn:sequenceFlow id="c" sourceRef="stamp" targetRef="end"/>
        <bpmn:endEvent id="end"/></bpmn:process></bpmn:definitions>""",
        encoding="utf-8",
    )
    return file


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Runs a benchmark beside an SQLite file that is there already."""
    (tmp_path / "app.db").write_bytes(b"the application's")

    def run(*words: str) -> Result:
        found = CliRunner().invoke(bench, [*words, "--db", f"sqlite:///{tmp_path / 'app.db'}", "--json"])
        assert (tmp_path / "app.db").read_bytes() == b"the application's"
        return found

    return run


def lines(result: Result) -> list[dict[str, Any]]:
    """This will return what a benchmark measured."""
    assert result.exit_code == 0, (result.output, result.exception)
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_forms_that_ask_for_values_are_filled_in_and_services_stood_in_for(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "visit.json").write_text(json.dumps(FORM), encoding="utf-8")
    model = str(written(tmp_path))
    complete, floor = lines(run("complete", "--model", model, "--open", "40", "--seconds", "0.1"))
    assert complete["notes"] == {"checked": complete["notes"]["checked"], "open": 40, "stand_ins": "service stamp"}
    assert complete["notes"]["checked"] >= complete["operations"] > 0
    assert complete["statements"] > floor["statements"] == 1
    started, _floor = lines(run("start", "--model", model, "--seconds", "0.1"))
    assert started["notes"]["checked"] == started["operations"] + 5
    fired, _floor = lines(run("timers", "--model", model, "--due", "30"))
    assert (fired["operations"], fired["notes"]["out_of_order"]) == (30, 0)


def test_values_that_are_given_go_before_those_made_up() -> None:
    data, outcome = papers.fill(FORM, {"people": 7})
    assert (data["people"], outcome) == (7, "on")
    forms.parse(FORM).load(data, outcome=outcome)


def test_a_diagram_brings_along_only_what_it_names(tmp_path: Path) -> None:
    file = written(tmp_path, form="nowhere", service="=kind")
    text = file.read_text(encoding="utf-8").replace('<bpmn:serviceTask id="stamp">', CALL)
    file = file.rename(tmp_path / "visit.bpmn20.xml")
    file.write_text(text.replace("</bpmn:serviceTask>", "</bpmn:callActivity>"), encoding="utf-8")
    (tmp_path / "other.bpmn").write_text("this is broken", encoding="utf-8")
    for name, process in (("called", "stamping"), ("unasked", "begin"), ("again", "visiting")):
        xml = f'{HEAD}<bpmn:process id="{process}"><bpmn:task id="visiting"/></bpmn:process></bpmn:definitions>'
        (tmp_path / f"{name}.bpmn").write_text(xml, encoding="utf-8")
    with guests.invited(file) as guest:
        found = {path.name for path in guest.app.folder.iterdir()}
        assert (found, guest.stand_ins) == ({"00 visit.bpmn", "01 called.bpmn", "forms"}, ["form nowhere"])
        assert guest.app.roles == {"inspector": "inspector"}


@pytest.mark.parametrize(
    ("words", "xml", "reason"),
    [
        (["complete"], "no diagram", "The file holds no process."),
        (["complete"], '<process id="p"><startEvent id="s"/></process>', "opens no task that anybody could do"),
        (["timers"], '<process id="p"><startEvent id="s"/></process>', "waits for no timer"),
        (["complete", "--data", "[]"], "", "An object is needed"),
        (["complete", "--rounds", "3"], "", "--rounds takes the benchmark's own process"),
    ],
    ids=["no-process", "no-task", "no-timer", "no-object", "rounds-of-its-own"],
)  # fmt: skip
def test_what_cannot_be_measured_is_said_in_words(
    run: Callable[..., Result], tmp_path: Path, words: list[str], xml: str, reason: str
) -> None:
    file = tmp_path / "odd.bpmn"
    spaced = xml.replace("<process ", '<bpmn:process isExecutable="true" ').replace("</process", "</bpmn:process")
    spaced = spaced.replace("<startEvent", "<bpmn:startEvent")
    file.write_text(f"{HEAD}{spaced}</bpmn:definitions>" if xml.startswith("<") else xml, encoding="utf-8")
    result = run(*words, "--model", str(file))
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert reason in result.output


def test_a_diagram_that_cannot_be_put_in_force_is_refused_with_its_faults(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    file = written(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace("P3D", "soon"), encoding="utf-8")
    result = run("complete", "--model", str(file))
    assert isinstance(result.exception, FaultsFound)
    assert {fault.element for fault in result.exception.faults} >= {"late"}


def test_a_task_that_is_nobodys_is_named(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("complete", "--model", str(written(tmp_path, group="=missing", form="none")))
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
    assert "“visit” names no candidate group" in result.output


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("mysql://a/b", "is not the address of a database"),
        ("postgresql://nobody@127.0.0.1:1/x", "The database cannot be opened"),
        ("sqlite:////nowhere/at/all.db", "The database cannot be opened"),
    ],
    ids=["another-kind", "nobody-listens", "no-folder"],
)
def test_an_address_where_no_database_can_be_made_is_said_in_words(address: str, reason: str) -> None:
    result = CliRunner().invoke(bench, ["floor", "--db", address, "--seconds", "0.1"])
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert reason in result.output


def test_what_a_demo_did_is_done_again_in_copies_of_its_cases_at_its_own_times() -> None:
    with world.made(None, world.APP, kind=replays.Recorder) as (own, recorder):
        assert isinstance(recorder, replays.Recorder)
        began = recorder.clock()
        case = recorder.start_case(
            world.BENCH, world.SENT, by=world.actor(recorder, "worker"), unit_code=world.town(7), origin="demo:1"
        )
        for _ in range(2):
            (task,) = recorder.read(world.open_tasks, [case.id])
            recorder.complete_task(task, by=world.actor(recorder, "worker"), data=world.SENT)
        left_alone = recorder.start_case(world.BENCH, world.SENT, by=world.actor(recorder, "worker"), unit_code=None)
        tales, ended = replays.told(recorder), recorder.clock()
        assert [[deed.element for deed in tale] for tale in tales] == [["", "receive", "examine"]]
        with world.opened(own) as engine:
            engine.clock = replays.Clock()
            watch, beside = Stopwatch(0.05), Stopwatch(0.0)
            working = replays.complete(engine, watch, tales, beside, 3)
            next(working)
            watch.start()
            assert (list(working), watch.is_over) == ([], True)
            assert watch.samples
            own = len(beside.samples) + 5 * replays.BESIDE
            assert own % (5 * replays.BESIDE) == 0, "those that take turns are finished"
            assert [each.statements > 1 for each in replays.traffic(engine, tales)] == [True, True]
            copies = select(Case).where(Case.id.not_in([case.id, left_alone.id]), Case.origin.is_not(None))
            found = engine.read(lambda session: list(session.scalars(copies)))
            assert {each.unit_name for each in found} == {"Town 7"}
            assert all(began <= each.started_at <= ended for each in found)
            done = select(func.count()).select_from(Task).where(Task.state == "done")
            timed = len(watch.samples) + 2 * replays.WARM_UP + 2 + own
            assert engine.read(lambda session: session.scalar(done)) == timed + 2


def test_a_demo_without_people_cannot_be_done_again() -> None:
    with world.made(None, world.APP, kind=replays.Recorder) as (_own, engine):
        assert isinstance(engine, replays.Recorder)
        with pytest.raises(replays.NothingToRepeat):
            replays.told(engine)
