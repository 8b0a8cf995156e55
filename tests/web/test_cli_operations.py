"""The command line of operators: a case by its number, what would happen told before, exit codes for scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import SYSTEM, Case, ProcessApp, queries
from tests.web.test_cli import Run, run  # noqa: F401
from web.commands import installation

FOLDER = Path(__file__).parent.parent / "apps" / "operations"


@pytest.fixture
def case(run: Run, monkeypatch: pytest.MonkeyPatch) -> Case:  # noqa: F811
    """A case that stands still, for its amount is no number."""
    app = ProcessApp(
        name="operations",
        title="检修",
        folder=FOLDER,
        process="repairing",
        roles={"officer": "维修员"},
        starters={"repairing": ("*",), "gathering": ("*",)},
    )
    app.external("mail")
    monkeypatch.setattr(installation, "process_apps", lambda: (app,))
    assert run("db", "upgrade").exit_code == 0
    engine = installation.open_engine()
    people = [{"login": "bob", "name": "乙", "roles": [("officer", "u")]}]
    engine.load_people([{"code": "u", "name": "某县", "kind": "county"}], people)
    engine.deploy_app(app)
    return engine.start_case("repairing", {"金额": "很多"}, by=SYSTEM, unit_code="u")


def test_what_stands_still_is_listed_shown_corrected_and_retried(run: Run, case: Case) -> None:  # noqa: F811
    listed = run("incident", "list")
    assert case.number in listed.stdout
    [incident] = installation.open_engine().read(queries.incidents, SYSTEM)
    assert "很多" in run("incident", "show", str(incident.id)).stdout
    assert run("incident", "retry", "--all").exit_code == 0, "it was tried; it stands still again with a new incident"
    assert run("incident", "retry").exit_code == 2
    asked = run("case", "data", case.number, "金额=20", "--reason", "更正")
    assert asked.exit_code == 2, "nobody is there to say yes"
    assert '"很多" -> "20"' in asked.stdout, "text stays text"
    done = run("case", "data", case.number, "金额=20", "--json", "--reason", "更正", "--yes")
    assert done.exit_code == 0
    assert run("incident", "retry", "--all", "--process", "repairing").exit_code == 0
    assert case.number not in run("incident", "list").stdout
    assert "high" in run("case", "show", case.number).stdout


def test_tokens_move_and_cases_stop_end_and_go(run: Run, case: Case) -> None:  # noqa: F811
    engine = installation.open_engine()
    grade = next(row for row in engine.read(queries.repair, SYSTEM, case.id).standing if row.element == "grade")
    wrong = run("case", "move", case.number, str(grade.token), "join", "--reason", "更正", "--yes")
    assert wrong.exit_code == 1
    moved = run("case", "move", case.number, str(grade.token), "low", "--reason", "更正", "--yes")
    assert (moved.exit_code, "low" in moved.stdout) == (0, True)
    low = next(row for row in engine.read(queries.repair, SYSTEM, case.id).standing if row.element == "low")
    again = ("--begin", "grade", "--end", str(low.token), "--set", "金额=5", "--reason", "更正")
    assert run("case", "modify", case.number, *again).exit_code == 2, "nobody is there to say yes"
    assert (
        run("case", "modify", case.number, "--end", str(low.token), "--set", "金额=5", "--reason", "更正").exit_code
        == 2
    )
    assert run("case", "modify", case.number, "--begin", "start", "--reason", "更正", "--yes").exit_code == 1
    assert run("case", "modify", case.number, *again, "--yes").exit_code == 0
    assert run("case", "suspend", "--process", "repairing", "--reason", "停", "--yes").exit_code == 0
    assert run("case", "cancel", case.number, "--reason", "作废").exit_code == 2
    assert run("case", "cancel", case.number, "--reason", "作废", "--yes").exit_code == 0
    assert run("case", "cancel", case.number, "--reason", "作废", "--yes").exit_code == 1, "it has ended"
    assert run("case", "hold", case.number, "--reason", "诉讼").exit_code == 0
    assert run("case", "delete", case.number, "--reason", "到期", "--yes").exit_code == 1
    assert run("case", "hold", case.number, "--end", "--reason", "结案").exit_code == 0
    assert run("case", "delete", case.number, "--reason", "到期", "--yes").exit_code == 0
    assert run("case", "show", case.number).exit_code == 1
    assert run("cleanup", "--dry-run").exit_code == 0
    assert run("cleanup").exit_code == 0
    assert run("job", "list").exit_code == 0
