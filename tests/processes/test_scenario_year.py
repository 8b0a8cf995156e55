"""A year of a case, with every rung of its ladders, is rehearsed in less than a second."""

from __future__ import annotations

import time
from pathlib import Path

from engine import load_apps, rehearsals

YEAR = """
name: 一年
app: hazard
start_at: 2026-03-02 09:00
world: demo
uses: {papers}
runs:
  - steps:
      - part: 登记
  - steps:
      - part: 登记
      - advance: P365D
      - expect: {{limits: {{verify: {{exceeded: true, rungs: 5}}}}, notices: {{anwei1: [told_of_limit]}}}}
"""


def test_a_year_of_a_case_is_rehearsed_in_less_than_a_second(tmp_path: Path) -> None:
    papers = Path(__file__).parents[2] / "processes" / "hazard" / "scenarios" / "papers.yml"
    (tmp_path / "papers.yml").write_text(papers.read_text(encoding="utf-8"), encoding="utf-8")
    path = tmp_path / "year.yaml"
    path.write_text(YEAR.format(papers="papers.yml"), encoding="utf-8")
    apps = {app.name: app for app in load_apps()}
    rehearsals.run_file(path, apps)  # the world is made once
    before = time.process_time()
    results = rehearsals.run_file(path, apps)
    took = time.process_time() - before
    assert [result.message for result in results] == ["", ""]
    assert took < 1.0
