"""`bihuan scenario` runs files of both kinds and whole folders, and its exit code tells whether all passed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from web.commands.diagrams import scenario

ROOT = Path(__file__).parents[2]
DIAGRAMS = ROOT / "tests" / "apps" / "bpmn"
RUNS = """\
app: hazard
world: demo
start_at: 2026-03-02 09:00
runs:
  - - refused: {start: {}, as: kezhang1}
      because: REASON
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a scenario of a diagram and one of an installed app."""
    model = sorted(DIAGRAMS.glob("*.yaml"))[0]
    shutil.copy(model, tmp_path / "a-diagram.yaml")
    for diagram in DIAGRAMS.glob(f"{model.stem}*.bpmn"):
        shutil.copy(diagram, tmp_path)
    (tmp_path / "b-app.yaml").write_text(RUNS.replace("REASON", "MayNotStart"), encoding="utf-8")
    (tmp_path / "shared.yml").write_text("papers: {}\n", encoding="utf-8")
    return tmp_path


def test_a_folder_runs_all_scenarios_in_it(folder: Path) -> None:
    result = CliRunner().invoke(scenario, [str(folder)])
    assert [line.split()[0] for line in result.output.splitlines()] == ["passed", "passed", "scenarios:"]
    assert result.output.endswith("scenarios: 2 of 2 passed\n")
    assert result.exit_code == 0


def test_a_failure_names_file_run_step_and_line(folder: Path) -> None:
    bad = folder / "b-app.yaml"
    bad.write_text(RUNS.replace("REASON", "FourEyes"), encoding="utf-8")
    result = CliRunner().invoke(scenario, [str(folder)])
    assert f"FAILED {bad} (b-app), run 1: step 1 (b-app.yaml line 5)" in result.output
    assert "it should have been refused because of FourEyes, but there is MayNotStart" in result.output
    assert result.output.endswith("scenarios: 1 of 2 passed\n")
    assert result.exit_code == 1
