"""Versions on pages, by API and by command: compare, put back, move running cases."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from engine import SYSTEM, Engine, queries
from web.commands import installation, versions

OPERATOR = SYSTEM


def listed(engine: Engine) -> list[Any]:
    found: list[Any] = engine.read(queries.versions, OPERATOR, "leak")
    return found


@pytest.fixture
def second(engine: Engine, leak: dict[str, Any]) -> int:
    """A second version with one step renamed; the case of `leak` runs on the first."""
    xml: str = engine.read(queries.diagram, OPERATOR, listed(engine)[0].id)
    [task, *_] = re.findall(r'<bpmn:userTask id="(\w+)"', xml)
    xml = re.sub(rf'(id|Ref)="{task}"', r'\1="renamed"', xml)
    return engine.deploy_diagram("leak", xml, by=SYSTEM, note="改名").id


def first(engine: Engine) -> int:
    return int(listed(engine)[-1].id)


def step(engine: Engine) -> str:
    """The step of the first version that the second calls `renamed`."""
    xml: str = engine.read(queries.diagram, OPERATOR, first(engine))
    return re.findall(r'<bpmn:userTask id="(\w+)"', xml)[0]


def work(engine: Engine) -> None:
    while engine.run_due_jobs():
        pass


Visit = Callable[[str], Any]


def test_the_versions_of_a_process_tell_what_runs_on_them(visit: Visit, second: int) -> None:
    page = visit("root").get("/versions/leak").get_data(as_text=True)
    assert "第 2 版" in page
    assert "改名" in page
    assert page.count("生效中") == 1
    assert "迁移案件" in page


def test_a_comparison_is_told_in_words_and_marked_in_both_diagrams(visit: Visit, engine: Engine, second: int) -> None:
    page = visit("root").get(f"/versions/compare?old={first(engine)}&new={second}").get_data(as_text=True)
    assert page.count("data-changes=") == 2
    assert "&#34;renamed&#34;" in page or "&quot;renamed&quot;" in page
    assert "人员任务" in page


def test_designers_put_versions_back_and_do_not_move_cases(visit: Visit, engine: Engine, second: int) -> None:
    earlier = first(engine)
    engine.give_role("bob", "process_designer", "office", by=SYSTEM)
    bob = visit("bob")
    page = bob.get("/versions/leak").get_data(as_text=True)
    assert "迁移案件" not in page
    assert bob.get(f"/versions/{earlier}/migrate?target={second}").status_code == 403
    assert bob.post(f"/versions/{earlier}/migrate", target=str(second)).status_code == 403
    assert "恢复使用" in bob.get(f"/versions/{earlier}/rollback").get_data(as_text=True)
    assert bob.post(f"/versions/{earlier}/rollback", note="有误").status_code == 303
    assert (listed(engine)[0].version, listed(engine)[0].restores, listed(engine)[0].deployed_by) == (3, 1, "乙")
    assert bob.get(f"/versions/{earlier}/rollback").status_code == 409


def test_others_see_none_of_it(visit: Visit, stranger: Any, engine: Engine, second: int) -> None:
    alice = visit("alice")
    for path in ("/versions/leak", f"/versions/compare?old={first(engine)}&new={second}"):
        assert alice.get(path).status_code == 403
        assert stranger.get(path).status_code == 302
    assert alice.post(f"/versions/{first(engine)}/rollback", note="x").status_code == 403
    assert alice.get("/api/processes/leak/versions").status_code == 403


def test_an_operator_looks_then_moves_many(visit: Visit, engine: Engine, second: int, leak: dict[str, Any]) -> None:
    root, earlier, old = visit("root"), first(engine), step(engine)
    address = f"/versions/{earlier}/migrate?target={second}&look=1"
    page = root.get(address).get_data(as_text=True)
    assert "1 件不能迁移" in page
    assert "新版本里没有这个编号的环节" in page
    page = root.get(f"{address}&map.{old}=renamed").get_data(as_text=True)
    assert "1 件可以迁移" in page
    fields = {"target": str(second), f"map.{old}": "renamed", "note": "改名"}
    answer = root.post(f"/versions/{earlier}/migrate", **fields)
    assert answer.status_code == 303
    assert "正在迁移" in root.get(answer.location).get_data(as_text=True)
    work(engine)
    page = root.get(answer.location).get_data(as_text=True)
    assert "已完成" in page
    assert "厨房天花板滴水" in page
    assert engine.read(queries.case, OPERATOR, UUID(leak["id"])).case.definition_id == second
    assert "迁移到流程的其他版本" in root.get(leak["case"]).get_data(as_text=True)


def test_a_migration_can_be_stopped_and_gone_on_with(visit: Visit, engine: Engine, second: int) -> None:
    root = visit("root")
    address = root.post(f"/versions/{first(engine)}/migrate", target=str(second), note="x").location
    assert root.post(f"{address}/stop").status_code == 303
    work(engine)
    assert "已停止" in root.get(address).get_data(as_text=True)
    assert root.post(f"{address}/stop").status_code == 409
    assert root.post(f"{address}/resume").status_code == 303
    work(engine)
    page = root.get(address).get_data(as_text=True)
    assert "新版本里没有这个编号的环节" in page
    assert root.post(f"{address}/again").status_code == 303


def test_one_case_is_moved_from_its_page(visit: Visit, engine: Engine, second: int, leak: dict[str, Any]) -> None:
    root, case = visit("root"), leak["id"]
    assert f"/versions/cases/{case}" in root.get(leak["case"]).get_data(as_text=True)
    assert f"/versions/cases/{case}" not in visit("alice").get(leak["case"]).get_data(as_text=True)
    assert visit("bob").get(f"/versions/cases/{case}").status_code == 403
    assert "新版本里没有这个编号的环节" in root.get(f"/versions/cases/{case}").get_data(as_text=True)
    refused = root.post(f"/versions/cases/{case}", source=str(first(engine)), target=str(second))
    assert "新版本里没有这个编号的环节" in root.get(refused.location).get_data(as_text=True)
    fields = {"source": str(first(engine)), "target": str(second), f"map.{step(engine)}": "renamed"}
    assert root.post(f"/versions/cases/{case}", **fields).status_code == 303
    assert engine.read(queries.case, OPERATOR, UUID(case)).case.definition_id == second


def test_the_api_does_what_the_pages_do(visit: Visit, engine: Engine, second: int, leak: dict[str, Any]) -> None:
    root, earlier = visit("root"), first(engine)
    items = root.get("/api/processes/leak/versions").get_json()["items"]
    assert [(each["version"], each["running"], each["is_in_force"]) for each in items] == [(2, 0, True), (1, 1, False)]
    found = root.get(f"/api/versions/compare?old={earlier}&new={second}").get_json()
    assert "renamed" in [each["id"] for each in found["diagram"]["added"]]
    own: dict[str, Any] = {"source": earlier, "target": second}
    found = root.send("POST", "/api/migrations/preview", {"own": own}).get_json()
    assert (found["total"], found["movable"], found["reasons"][0]["code"]) == (1, 0, "unmapped")
    assert root.send("POST", f"/api/cases/{leak['id']}/migrate", {"own": own}).status_code == 409
    own["elements"] = {step(engine): "renamed"}
    answer = root.send("POST", "/api/migrations", {"own": own, "note": "改名"})
    assert answer.status_code == 202, answer.get_json()
    address = f"/api/migrations/{answer.get_json()['id']}"
    work(engine)
    found = root.get(address).get_json()
    assert (found["state"], found["moved"], found["source"], found["target"]) == ("finished", 1, 1, 2)
    assert [each["state"] for each in root.get(f"{address}/cases").get_json()["items"]] == ["moved"]
    back = {"own": {"source": second, "target": earlier, "elements": {"renamed": step(engine)}}}
    assert root.send("POST", f"/api/cases/{leak['id']}/migrate", back).get_json()["movable"] == 1
    made = root.send("POST", f"/api/definitions/{earlier}/rollback", {"note": "有误"})
    assert (made.status_code, made.get_json()["version"]) == (201, 3)


def test_a_token_needs_the_scope_of_versions(app: Any, engine: Engine, second: int) -> None:
    def ask(*scopes: str) -> int:
        _, token = engine.create_token("root", name="t", scopes=scopes, by=SYSTEM)
        answer = app.test_client().post(
            f"/api/definitions/{first(engine)}/rollback", json={}, headers={"Authorization": f"Bearer {token}"}
        )
        return int(answer.status_code)

    assert ask("read", "diagrams") == 403
    assert ask("versions") == 201


def test_the_command_line_lists_compares_moves_and_puts_back(
    engine: Engine, second: int, leak: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "open_engine", lambda: engine)

    def run(*args: str) -> Any:
        return CliRunner().invoke(versions.version, args)

    assert "改名" in run("list", "leak").output
    assert "+ " in run("compare", "leak", "1", "2").output
    assert run("compare", "leak", "1", "9").exit_code == 2
    assert "unmapped" not in run("migrate", "leak", "1", "2", "--dry-run").output
    moved = run("migrate", "leak", "1", "2", "--map", f"{step(engine)}=renamed", "--here")
    assert moved.exit_code == 0, moved.output
    assert engine.read(queries.case, OPERATOR, UUID(leak["id"])).case.definition_id == second
    assert run("rollback", "leak", "1", "--dry-run").exit_code == 0
    assert listed(engine)[0].version == 2
    assert run("rollback", "leak", "1", "--note", "有误").exit_code == 0
    assert (listed(engine)[0].version, listed(engine)[0].restores) == (3, 1)
