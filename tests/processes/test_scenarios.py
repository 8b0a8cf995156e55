"""The scenarios of every process app pass: `bihuan scenario processes/<app>/scenarios` runs the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine import load_apps, rehearsals

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "processes").glob("*/scenarios/*.yaml"))
APPS = {app.name: app for app in load_apps()}


@pytest.mark.parametrize("path", FILES, ids=["-".join((path.parts[-3], path.stem)) for path in FILES])
def test_scenario_passes(path: Path) -> None:
    results = rehearsals.run_file(path, APPS)
    assert results
    assert not [f"run {result.index + 1}: {result.message}" for result in results if not result.passed]


def test_the_example_of_the_readme_passes(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "example.yaml"
    path.write_text(example, encoding="utf-8")
    assert [result.message for result in rehearsals.run_file(path, APPS)] == [""]


def test_the_ways_that_officials_rely_on_are_rehearsed() -> None:
    names = {path.stem for path in FILES}
    assert {"general", "major", "fixed-on-spot", "not-founded", "plan", "rights"} <= names
