"""The command line, as its users type it."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import Engine
from web import cli as command_line
from web.commands import terminal
from web.config import PREFIX

BROKEN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
  <bpmn:process id="p" isExecutable="true">
    <bpmn:startEvent id="start" name="开始"><bpmn:outgoing>f</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="f" sourceRef="start" targetRef="nowhere"/>
    <bpmn:complexGateway id="odd" name="怪网关"/>
  </bpmn:process>
</bpmn:definitions>"""

TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
  <inputData id="a" name="amount"><variable name="amount" typeRef="number"/></inputData>
  <decision id="grade" name="定级">
    <informationRequirement id="n"><requiredInput href="#a"/></informationRequirement>
    <decisionTable id="t" hitPolicy="FIRST">
      <input id="i"><inputExpression id="e"><text>amount</text></inputExpression></input>
      <output id="o" name="grade"/>
      <rule id="r1"><inputEntry id="c1"><text>&gt; 10</text></inputEntry>
        <outputEntry id="p1"><text>"major"</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="c2"><text>-</text></inputEntry>
        <outputEntry id="p2"><text>"general"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Types a command in an empty installation, in English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv(PREFIX + "DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.setenv(PREFIX + "FILES", str(tmp_path / "files"))

    def type_(*words: str, stdin: str | None = None) -> Result:
        runner = CliRunner()
        monkeypatch.setattr(sys, "argv", ["bihuan", *words])
        with runner.isolation(input=stdin) as (output, errors, _mixed):
            code = 0
            try:
                command_line.main()
            except SystemExit as leaving:
                code = int(leaving.code or 0)
            sys.stdout.flush()
            sys.stderr.flush()
            written, wrong = output.getvalue(), errors.getvalue()
        return Result(runner, written, wrong, written + wrong, None, code, None)

    return type_


def test_every_command_says_in_its_help_what_it_does(run: Run) -> None:
    for name, command in command_line.cli.commands.items():
        answer = run(name, "--help")
        assert answer.exit_code == 0
        assert command.help, name
        assert command.help[:30] in answer.stdout.replace("\n  ", " "), name


def test_feel_prints_value_and_warnings_with_their_place(run: Run, tmp_path: Path) -> None:
    context = tmp_path / "context.json"
    context.write_text('{"amount": 0.1, "other": 0.2}')
    assert run("feel", "amount + other", "--context", str(context)).stdout == "0.3\n"
    answer = run("feel", "missing + 1")
    assert answer.stdout == "null\n"
    assert "line 1, column 1" in answer.stderr
    assert answer.exit_code == 0


def test_feel_that_is_none_fails_with_line_and_column(run: Run) -> None:
    answer = run("feel", "1 +")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "1" in answer.stderr


def test_decide_prints_output_and_matched_rule(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.dmn").write_text(TABLE)
    (tmp_path / "i.json").write_text('{"amount": 11}')
    answer = run("decide", str(tmp_path / "t.dmn"), "--input", str(tmp_path / "i.json"))
    assert answer.stdout.splitlines()[0] == '"major"'
    assert "rule 1" in answer.stdout


def test_check_names_every_fault_with_its_element_and_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.bpmn").write_text(BROKEN)
    (tmp_path / "fine.dmn").write_text(TABLE)
    answer = run("check", str(tmp_path / "broken.bpmn"), str(tmp_path / "fine.dmn"))
    assert answer.exit_code == 1
    assert "怪网关" in answer.stderr
    assert "nowhere" in answer.stderr, "both faults in one answer"
    assert "fine.dmn: no faults" in answer.stdout
    assert "1 of 2 files" in answer.stderr


def test_check_speaks_chinese_to_chinese_readers(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert terminal.is_chinese()
    (tmp_path / "broken.bpmn").write_text(BROKEN)
    answer = run("check", str(tmp_path / "broken.bpmn"))
    assert "共检查 1 个文件，1 个有错误。" in answer.stderr


def test_a_wrong_setting_stops_the_command_by_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + "PORT", "eighty")
    answer = run("user", "list")
    assert answer.exit_code == 2
    assert "BIHUAN_PORT" in answer.stderr


def test_an_unknown_setting_stops_the_command_by_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + "PROT", "80")
    answer = run("db", "current")
    assert answer.exit_code == 2
    assert "BIHUAN_PROT" in answer.stderr


def test_settings_come_from_a_file_and_the_environment_wins(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.env"
    file.write_text(f"# an installation\n{PREFIX}DATABASE_URL=mysql://never\n{PREFIX}SOON_DAYS='nine'\n")
    monkeypatch.setenv(PREFIX + "SOON_DAYS", "")  # so that the test leaves nothing behind
    monkeypatch.delenv(PREFIX + "SOON_DAYS")
    answer = run("--settings", str(file), "db", "current")
    assert answer.exit_code == 2
    assert "BIHUAN_SOON_DAYS" in answer.stderr, "the environment's database was taken, the file's number was read"


def test_commands_on_an_empty_database_say_what_to_do(run: Run) -> None:
    answer = run("user", "list")
    assert answer.exit_code == 1
    assert "bihuan db upgrade" in answer.stderr


def test_the_tables_are_made_once(run: Run) -> None:
    assert run("db", "check").exit_code == 1
    assert "up to date now" in run("db", "upgrade").stdout
    assert "were up to date" in run("db", "upgrade").stdout
    assert run("db", "check").exit_code == 0


@pytest.fixture
def house(run: Run, tmp_path: Path) -> Engine:
    """An installation with one unit."""
    run("db", "upgrade")
    engine = Engine(f"sqlite:///{tmp_path / 'cli.db'}", apps=[], files=tmp_path / "files")
    engine.load_people([{"code": "420103", "name": "江汉区", "kind": "county"}], [])
    return engine


def test_a_person_that_was_added_can_sign_in_until_disabled(run: Run, house: Engine) -> None:
    added = run("user", "add", "wang", "--name", "王某", "--role", "grid_worker@420103", "--password", "-",
                stdin="correct horse\n")  # fmt: skip
    assert added.exit_code == 0, added.stderr
    person = house.sign_in("wang", "correct horse")
    assert person is not None
    assert house.actor(person.id).roles == {"grid_worker"}
    assert run("user", "disable", "wang").exit_code == 0
    assert house.sign_in("wang", "correct horse") is None
    assert run("user", "disable", "wang", "--undo").exit_code == 0
    assert house.sign_in("wang", "correct horse") is not None


def test_a_login_is_given_once(run: Run, house: Engine) -> None:
    words = ("user", "add", "wang", "--name", "王某", "--password", "correct horse")
    assert run(*words).exit_code == 0
    answer = run(*words)
    assert answer.exit_code == 1
    assert "wang" in answer.stderr


def test_roles_are_given_and_taken(run: Run, house: Engine) -> None:
    run("user", "add", "wang", "--name", "王某", "--password", "correct horse")
    assert run("user", "role", "wang", "--add", "leader@420103", "--add", "legal@420103").exit_code == 0
    assert run("user", "role", "wang", "--remove", "legal@420103").exit_code == 0
    listed = run("user", "list").stdout
    assert "leader@420103" in listed
    assert "legal@420103" not in listed


def test_a_role_in_an_unknown_unit_is_refused(run: Run, house: Engine) -> None:
    answer = run("user", "add", "wang", "--name", "王某", "--role", "leader@999", "--password", "correct horse")
    assert answer.exit_code == 1
    assert "999" in answer.stderr


def test_serve_says_clearly_that_the_port_is_in_use(run: Run, house: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + "SECRET_KEY", "for tests only, 32 characters long!")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv(PREFIX + "PORT", str(port))
        answer = run("serve")
    assert answer.exit_code == 2
    assert f"Port {port} is in use" in answer.stderr


def test_serve_needs_the_secret(run: Run, house: Engine) -> None:
    answer = run("serve")
    assert answer.exit_code == 2
    assert "BIHUAN_SECRET_KEY" in answer.stderr


def test_a_worker_runs_what_is_due_and_ends(run: Run, house: Engine) -> None:
    assert run("worker", "--once").stdout == "0 jobs were run.\n"


def test_workdays_explains_the_national_day_of_2026(run: Run) -> None:
    answer = run("workdays", "2026-09-30", "1", "--explain")
    assert answer.stdout.splitlines()[-1] == "2026-10-08"
    assert sum("holiday" in line or "rest day" in line for line in answer.stdout.splitlines()) == 7


def test_workdays_counts_back(run: Run) -> None:
    assert run("workdays", "2026-11-23", "-1").stdout == "2026-11-20\n"


def test_bench_feel_measures_what_it_names(run: Run) -> None:
    figures = json.loads(run("bench", "feel", "--seconds", "0.05", "--json").stdout)
    assert len(figures) == 3
    for figure in figures:
        assert 0 < figure["p50"] <= figure["p95"] <= figure["p99"]
        assert figure["repetitions"] >= 20
