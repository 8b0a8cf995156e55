"""Scenario files: those of the tiny diagrams pass, and a wrong one says what stood there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import scenarios

APPS = Path(__file__).parents[2] / "apps"
FILES = sorted(path for folder in ("bpmn", "situations") for path in (APPS / folder).glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_scenario_passes(path: Path) -> None:
    failed = [f"run {result.index + 1}: {result.message}" for result in scenarios.run_file(path) if not result.passed]
    assert not failed


def write(folder: Path, name: str, runs: str, head: str = "") -> Path:
    model = FILES[0].parent / f"{name}.bpmn"
    path = folder / "scenario.yaml"
    path.write_text(f"models: [{model}]\nprocess: {name}\n{head}runs:\n{runs}", encoding="utf-8")
    return path


def message_of(path: Path) -> str:
    (result,) = scenarios.run_file(path)
    assert not result.passed
    return result.message


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            "{expect: {tasks: [Other]}}",
            "step 2 (scenario.yaml line 5) {expect: {'tasks': ['Other']}}: "
            "tasks expected ['Other'], but there is ['Do']",
        ),
        ("{expect: {vars: {x: 2}}}", "variable x expected 2, but it is 1"),
        ("{expect: {ended: true}}", "ended expected True, but there is False"),
        (
            "{complete: Nothing}",
            "step 2 (scenario.yaml line 5) {complete: Nothing}: it was refused: no task Nothing is open",
        ),
        ("{message: nothing}", "nobody waits for the message nothing"),
        ("{expect: {error: true}}", "the step before should have been refused"),
        ("{dance: true}", "the step has no verb"),
        ("{expect: {mood: good}}", "expect has no mood"),
    ],
)
def test_a_failure_says_which_step_what_was_expected_and_what_stood_there(tmp_path: Path, step: str, said: str) -> None:
    assert said in message_of(write(tmp_path, "rework", f"- - {{start: {{x: 1}}}}\n  - {step}\n"))


def test_an_incident_is_told_with_expression_and_values(tmp_path: Path) -> None:
    said = message_of(write(tmp_path, "document_order", "- - {start: {x: text}}\n"))
    assert "neither true nor false" in said
    assert "x > 1" in said
    assert "'x': 'text'" in said


def test_a_refused_step_leaves_the_case_as_it_was(tmp_path: Path) -> None:
    runs = "- - {start: {}}\n  - {complete: Missing}\n  - {expect: {error: true, tasks: [Do]}}\n"
    assert scenarios.run_file(write(tmp_path, "rework", runs))[0].passed


def test_services_may_be_stubs_set_variables_or_throw_errors(tmp_path: Path) -> None:
    done = "- - {start: {amount: 1}}\n  - {expect: {ended: true, vars: {code: null}}}\n"
    assert scenarios.run_file(write(tmp_path, "passing_tasks", done, "services: noop\n"))[0].passed
    refused = "- - {start: {amount: 1}}\n  - {expect: {tasks: [Repair]}}\n"
    assert scenarios.run_file(write(tmp_path, "passing_tasks", refused, 'services: {outside: {error: "NO"}}\n'))[
        0
    ].passed
    filled = "- - {start: {amount: 1}}\n  - {expect: {ended: true, vars: {code: 9}}}\n"
    answer = "services: {outside: {set: {answer: {code: 9}}}}\n"
    assert scenarios.run_file(write(tmp_path, "passing_tasks", filled, answer))[0].passed


def test_a_script_hook_replaces_the_work_of_an_element(tmp_path: Path) -> None:
    runs = (
        "- - {start: {左: 1, 右: 1}}\n  - {complete: Left}\n  - {complete: Right}\n  - {expect: {vars: {合计: 12}}}\n"
    )
    assert scenarios.run_file(write(tmp_path, "one_document", runs, "scripts: {total: {合计: 左 + 11}}\n"))[0].passed


def test_files_that_cannot_be_read_fail_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("models: [missing.bpmn]\nprocess: p\nruns: [[{start: {}}]]\n", encoding="utf-8")
    assert "missing.bpmn" in message_of(path)
    path.write_text("just text", encoding="utf-8")
    assert "models, process and runs must be given" in message_of(path)


def test_the_report_counts_the_files_that_passed(tmp_path: Path) -> None:
    bad = write(tmp_path, "rework", "- - {complete: Nothing}\n")
    lines = [line for line, _ in scenarios.report([FILES[0], bad])]
    assert lines[0].startswith(f"passed {FILES[0]}")
    assert lines[1].startswith(f"FAILED {bad}")
    assert lines[-1] == "scenarios: 1 of 2 passed"
