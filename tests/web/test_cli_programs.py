"""What an operator types for other systems: tokens, messages, signals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import SYSTEM, Engine, ProcessApp, queries
from tests.web.test_cli import Run, house, run  # noqa: F401
from web.commands import installation

FOLDER = Path(__file__).parent.parent / "apps" / "elsewhere"


@pytest.fixture
def waiting(house: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:  # noqa: F811
    """An installation whose cases wait for messages."""
    app = ProcessApp(name="elsewhere", title="外部", folder=FOLDER, process="stamping")
    app.external("stamp")
    monkeypatch.setattr(installation, "process_apps", lambda: (app,))
    engine = Engine(f"sqlite:///{tmp_path / 'cli.db'}", apps=[app], files=tmp_path / "files")
    engine.deploy_app(app)
    return engine


def test_a_token_is_printed_once_and_listed_without_its_secret(run: Run, house: Engine) -> None:  # noqa: F811
    run("user", "add", "robot", "--name", "签章系统", "--role", "external_system@420103", "--password", "correct horse")
    made = run("user", "token", "robot", "--name", "server1", "--scope", "jobs", "--scope", "read", "--days", "30")
    assert made.exit_code == 0, made.stderr
    token = made.stdout.strip()
    assert len(token.split()) == 1
    grant = house.check_token(token)
    assert grant is not None
    assert grant.scopes == {"jobs", "read"}
    listed = run("user", "tokens", "robot").stdout
    assert token[:13] in listed
    assert token not in listed
    assert run("user", "revoke", str(grant.token_id)).exit_code == 0
    assert house.check_token(token) is None
    assert "revoked" in run("user", "tokens").stdout


def test_a_token_needs_an_account_and_a_known_scope(run: Run, house: Engine) -> None:  # noqa: F811
    answer = run("user", "token", "nobody", "--name", "x", "--scope", "jobs")
    assert answer.exit_code == 1
    assert "nobody" in answer.stderr
    assert run("user", "token", "nobody", "--name", "x", "--scope", "everything").exit_code == 2
    assert run("user", "revoke", "77").exit_code == 1


def test_a_message_is_taken_kept_or_lost(run: Run, waiting: Engine, tmp_path: Path) -> None:  # noqa: F811
    case = waiting.start_case("keyed", {"key": "17"}, by=SYSTEM)
    data = tmp_path / "answer.json"
    data.write_text(json.dumps({"金额": 0.1}))
    words = ("message", "answer for one", "--key", "17", "--data", str(data), "--id", "letter-1")
    for _ in range(2):
        answer = run(*words)
        assert (answer.exit_code, "taken by one case" in answer.stdout) == (0, True), answer.stderr
    view = waiting.read(queries.case, SYSTEM, case.id)
    assert (view.case.state, str(view.data["金额"])) == ("closed", "0.1")
    lost = run("message", "answer for one", "--key", "17")
    assert lost.exit_code == 1
    assert "--ttl" in lost.stderr
    assert "is kept" in run("message", "answer for one", "--key", "17", "--ttl", "60").stdout


def test_a_signal_tells_how_many_it_reached(run: Run, waiting: Engine) -> None:  # noqa: F811
    assert "reached 0 cases" in run("signal", "typhoon").stdout


def test_data_that_are_none_are_refused(run: Run, waiting: Engine, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "list.json").write_text("[1]")
    assert run("signal", "typhoon", "--data", str(tmp_path / "list.json")).exit_code == 2


def test_what_waits_is_listed_and_a_kept_message_is_forgotten(run: Run, waiting: Engine) -> None:  # noqa: F811
    case = waiting.start_case("keyed", {"key": "17"}, by=SYSTEM)
    assert "waits for it with the key “18”" in run("message", "answer for one", "--key", "18").stderr
    run("message", "answer for one", "--key", "18", "--ttl", "60")
    listed = run("waiting", "cases", "--name", "answer for one").stdout.splitlines()
    assert listed[1].split() == ["message", "answer", "for", "one", "17", case.number, "keyed", "one", "open"]
    kept = run("waiting", "messages").stdout.splitlines()
    assert len(kept) == 2
    number = kept[1].split()[0]
    assert run("waiting", "drop", number).exit_code == 0
    assert "No such message waits" in run("waiting", "drop", number).stderr
