"""The scenarios of every process app pass: `bihuan scenario processes/<app>/scenarios` runs the same."""

from __future__ import annotations

import re
from datetime import date, timedelta
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


CALENDARS = (
    ("turn-of-the-year-2026", "核实隐患: 2027-01-05"),
    ("spring-festival-2026", "核实隐患: 2026-02-25"),
    ("make-up-saturday", "核销: 2026-10-10"),
    ("pause-over-weekend", "due: 2026-03-18"),
    ("extension-after-expiry", "due: 2026-04-28"),
    ("ladder-to-accountability", "反馈整改情况: 2026-03-19"),
)


@pytest.mark.parametrize(("name", "due"), CALENDARS, ids=[name for name, _due in CALENDARS])
def test_a_scenario_of_limits_fails_when_a_day_is_wrong(name: str, due: str, tmp_path: Path) -> None:
    folder = ROOT / "processes" / "hazard" / "scenarios"
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    assert due in text
    day = date.fromisoformat(due[-10:])
    wrong = due.replace(due[-10:], (day + timedelta(days=1)).isoformat())
    (tmp_path / "papers.yml").write_text((folder / "papers.yml").read_text(encoding="utf-8"), encoding="utf-8")
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(due, wrong, 1), encoding="utf-8")
    failed = [result.message for result in rehearsals.run_file(path, APPS) if not result.passed]
    assert len(failed) == 1
    assert f"expected {wrong[-10:]}, but there is {due[-10:]}" in failed[0]
