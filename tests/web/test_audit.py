"""Operators prove histories by page, API and command line; nobody else may. What fails below is told plainly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from engine import DatabaseAway, DiskFull, Engine, HistoryEvent, anchors, exports
from engine.transactions import told
from tests.web.conftest import NUMBER, Browser, first_task
from tests.web.programs import program
from tests.web.test_cli import run

__all__ = ["run"]
Visit = Callable[[str], Browser]


def test_an_operator_anchors_verifies_and_takes_along(visit: Visit, leak: dict[str, Any], engine: Engine) -> None:
    root = visit("root")
    page = root.get("/admin/audit/").get_data(as_text=True)
    assert "还没有锚" in page
    assert root.post("/admin/audit/anchors").status_code == 303
    page = root.get(f"/admin/audit/?case={NUMBER}").get_data(as_text=True)
    assert "BIHUAN-ANCHOR 1 " in page
    assert "一切与写入时一致" in page
    with engine.database.begin() as connection:
        connection.execute(text("UPDATE history SET actor = 'x' WHERE seq = 1"))
    page = root.get(f"/admin/audit/?case={NUMBER}").get_data(as_text=True)
    assert "已被改动" in page
    assert "一切与写入时一致" not in page
    assert root.get("/admin/audit/?case=LS-0").status_code == 200
    document = json.loads(root.get(f"/admin/audit/cases/{leak['id']}").data)
    with pytest.raises(exports.HistoryBroken):
        exports.verify_document(document)
    log = root.get("/admin/audit/log?kind=xes&from=2020-01-01&to=&names=yes")
    assert "attachment" in log.headers["Content-Disposition"]
    assert len(etree.fromstring(log.data).findall("{*}trace")) == 1
    assert "甲" not in root.get("/admin/audit/log?kind=ocel").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/admin/audit/", "/admin/audit/log", "/admin/audit/cases/{id}"])
def test_nobody_else_sees_it(visit: Visit, leak: dict[str, Any], path: str) -> None:
    alice = visit("alice")
    assert alice.get(path.format(**leak)).status_code == 403
    assert "/admin/audit" not in alice.get(leak["case"]).get_data(as_text=True)
    assert f"/admin/audit/cases/{leak['id']}" in visit("root").get(leak["case"]).get_data(as_text=True)


def test_whoever_may_read_a_case_takes_it_along_without_network_addresses(visit: Visit, leak: dict[str, Any]) -> None:
    answer = visit("alice").get(f"{leak['case']}/export.json")
    taken = answer.get_json()
    assert (taken["data"]["地点"], taken["history"][0]["kind"]) == ("三栋 402", "started")
    assert f"filename={taken['case']['number']}.json" in answer.headers["Content-Disposition"]
    assert "127.0.0.1" not in answer.get_data(as_text=True)
    assert visit("mallory").get(f"{leak['case']}/export.json").status_code == 403
    for path in ("/api/audit/cases/", "/admin/audit/cases/"):
        assert visit("alice").get(f"{path}{leak['id']}").status_code == 403


def test_programs_of_operators_do_the_same(app: Flask, engine: Engine, leak: dict[str, Any]) -> None:
    auditor = program(app, engine, "root", "read", "audit")
    made = auditor.post("/api/audit/anchors")
    assert made.status_code == 201, made.get_data(as_text=True)
    [anchor] = auditor.get("/api/audit/anchors").get_json()["items"]
    assert anchor["line"] == anchors.line(engine.anchors(by=_root(engine))[0])
    verdict = auditor.get(f"/api/audit/verdicts/{NUMBER}").get_json()
    assert (verdict["is_whole"], verdict["breaks"]) == (True, [])
    document = auditor.get(f"/api/audit/cases/{leak['id']}").get_json()
    assert exports.verify_document(document, anchors.read_line(anchor["line"])) == verdict["events"]
    assert auditor.get("/api/audit/logs/ocel?since=2020-01-01T00:00:00Z").get_json()["objectTypes"]
    assert auditor.get("/api/audit/verdicts/none").status_code == 404
    reader = program(app, engine, "root", "read")
    assert reader.post("/api/audit/anchors").status_code == 403
    assert program(app, engine, "bob", "read", "audit").get("/api/audit/anchors").status_code == 403


def _root(engine: Engine) -> Any:
    from engine import Person

    found = engine.read(lambda session: session.scalars(select(Person.id).where(Person.login == "root")).one())
    return engine.actor(found)


def test_the_history_tells_from_which_page_or_token(visit: Visit, app: Flask, engine: Engine, leak: Any) -> None:
    task = first_task(visit("bob")).rsplit("/", 1)[-1]
    robot = program(app, engine, "bob", "read", "tasks")
    assert robot.post(f"/api/tasks/{task}/claim").status_code == 200
    seen = set(engine.read(lambda session: session.scalars(select(HistoryEvent.origin)).all()))
    [token] = [origin for origin in seen if origin.startswith("api:")]
    assert seen == {"page 127.0.0.1", token}
    assert token.endswith(" 127.0.0.1")


@pytest.mark.parametrize(("error", "words"), [(DatabaseAway, "数据库没有应答"), (DiskFull, "磁盘已满")])
def test_a_database_that_is_away_or_full_is_told_plainly(
    visit: Visit, engine: Engine, monkeypatch: Any, error: type[Exception], words: str
) -> None:
    bob = visit("bob")

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(engine, "read", fail)
    monkeypatch.setattr(engine, "look", fail)
    page = bob.get("/inbox")
    assert page.status_code == 503
    assert words in page.get_data(as_text=True)
    assert bob.get("/no-such-page").status_code == 503
    answer = bob.get("/api/startable")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert words in answer.get_json()["detail"]
    monkeypatch.undo()
    assert bob.get("/inbox").status_code == 200


def test_a_full_postgresql_is_known_by_its_code() -> None:
    class Full(Exception):
        sqlstate = "53100"

    assert isinstance(told(OperationalError("INSERT", {}, Full())), DiskFull)
    other = OperationalError("INSERT", {}, Exception("something else"))
    assert told(other) is other


def test_the_command_line_proves_backs_up_and_restores(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    assert run("db", "upgrade").exit_code == 0
    line = run("audit", "anchor").output.strip()
    assert line.startswith("BIHUAN-ANCHOR 1 ")
    assert run("audit", "list", "--lines").output.strip() == line
    whole = run("audit", "verify", "--anchor", line)
    assert (whole.exit_code, "as it was written" in whole.output) == (0, True)
    assert run("audit", "verify", "--anchor", line[:-1] + ("0" if line[-1] != "0" else "1")).exit_code == 1
    assert run("audit", "verify", "--anchor", "nonsense").exit_code == 1
    assert run("audit", "verify", "--case", "NONE-1").exit_code == 1
    assert run("doctor", "--deep").exit_code == 0
    backup = tmp_path / "b.zip"
    assert run("backup", str(backup)).exit_code == 0
    assert run("backup", str(backup)).exit_code == 1, "it never overwrites"
    assert run("restore", str(backup)).exit_code == 1, "the database is not empty"
    other = f"sqlite:///{tmp_path / 'other.db'}"
    restored = run("restore", str(backup), "--db", other, "--files", str(tmp_path / "other"))
    assert restored.exit_code == 0, restored.output
    assert "Everything is as it was written." in restored.output
    assert run("restore", str(backup), "--force").exit_code == 0
    assert run("export", "log", "xes", "-o", str(tmp_path / "log.xes")).exit_code == 0
    assert etree.parse(tmp_path / "log.xes").getroot().tag.endswith("log")
    assert run("export", "log", "ocel").output.startswith('{"objectTypes"')
