"""What operators do on their pages: see why cases stand still, repair them, act on many, keep and delete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from engine import SYSTEM, Engine, jobs, limit_changes, limits, migration_runs, queries
from tests.web.conftest import Browser
from web import operations

Visit = Callable[[str], Browser]
WHY = "纠正录入错误"
PAGES = ("incidents", "jobs", "jobs?state=failed", "cases", "actions", "retention", "retention?count=yes")


def standing(engine: Engine, case_id: Any) -> Any:
    """Where the case stands: one task."""
    [each] = engine.read(queries.repair, SYSTEM, case_id).standing
    return each


@pytest.fixture
def broken(engine: Engine) -> dict[str, Any]:
    """The case of alice stands still, for nobody is a plumber any more."""
    engine.take_role("bob", "plumber", "office", by=SYSTEM)
    engine.take_role("bert", "plumber", "office", by=SYSTEM)
    alice = engine.actor(engine.read(queries.account, SYSTEM, "alice").id)
    case = engine.start_case("leak", {"地点": "一栋", "漏水情况": "滴水"}, by=alice)
    return {"id": str(case.id), "number": case.number}


@pytest.mark.parametrize("page", PAGES)
def test_operators_open_their_pages_and_others_are_refused(visit: Visit, leak: dict[str, Any], page: str) -> None:
    assert visit("root").get(f"/admin/{page}").status_code == 200
    assert visit("bob").get(f"/admin/{page}").status_code == 403


def test_every_kind_of_job_has_a_name() -> None:
    kinds = {jobs.TIMER, jobs.START, jobs.EXTERNAL, "service"}
    assert kinds | {limits.KIND, limit_changes.RECALCULATE, migration_runs.KIND} == operations.JOB_KINDS.keys()


def test_the_repair_page_of_a_case_is_for_operators(visit: Visit, leak: dict[str, Any]) -> None:
    page = visit("root").get(f"/admin/cases/{leak['id']}")
    assert page.status_code == 200
    assert "三栋 402" in page.get_data(as_text=True)
    bob = visit("bob")
    assert bob.get(f"/admin/cases/{leak['id']}").status_code == 403
    for verb in ("suspend", "cancel", "delete", "data", "shift", "modify"):
        assert bob.post(f"/admin/cases/{leak['id']}/{verb}", reason=WHY).status_code == 403
    assert bob.post("/admin/cases/many", verb="cancel", all="yes", reason=WHY).status_code == 403


def test_why_a_case_stands_still_is_told_in_chinese_and_counted(visit: Visit, broken: dict[str, Any]) -> None:
    page = visit("root").get("/admin/incidents").get_data(as_text=True)
    assert broken["number"] in page
    assert "无人担任" in page
    assert "nobody holds" not in page


def test_chosen_incidents_are_tried_again_and_each_result_is_shown(
    visit: Visit, engine: Engine, broken: dict[str, Any]
) -> None:
    root = visit("root")
    refused = root.post("/admin/incidents/retry", all="yes", reason=WHY)
    page = root.get(refused.headers["Location"]).get_data(as_text=True)
    assert "拒绝 1" in page
    assert "1 / 1" in page
    assert "仍未解决：" in page, "why it was refused"
    assert engine.read(queries.incident_count, SYSTEM) == 1
    assert WHY in root.get("/admin/actions").get_data(as_text=True)


def test_many_are_not_tried_again_without_a_reason_or_a_choice(visit: Visit, broken: dict[str, Any]) -> None:
    root = visit("root")
    for fields in ({"all": "yes", "reason": ""}, {"reason": WHY}):
        answer = root.post("/admin/incidents/retry", **fields)
        assert answer.headers["Location"].startswith("/admin/incidents")
    assert "试" not in root.get("/admin/actions").get_data(as_text=True).partition("<main")[2].partition("<tbody")[2]


def test_data_are_shown_old_and_new_before_they_are_written(visit: Visit, engine: Engine, leak: dict[str, Any]) -> None:
    root, address = visit("root"), f"/admin/cases/{leak['id']}/data"
    sent = {"name": "地点", "value": "四栋 101", "reason": WHY}
    shown = root.post(address, **sent).get_data(as_text=True)
    assert "三栋 402" in shown
    assert "四栋 101" in shown
    assert engine.read(queries.case, SYSTEM, UUID(leak["id"])).data["地点"] == "三栋 402", "shown, not done"
    confirmed = re.search(r'name="confirmed" value="(\d+)"', shown)
    assert confirmed
    assert root.post(address, **sent, confirmed=confirmed[1]).status_code == 303
    view = engine.read(queries.case, SYSTEM, UUID(leak["id"]))
    assert view.data["地点"] == "四栋 101"
    assert WHY in next(event for event in view.history if event.kind == "data_changed").detail
    assert root.post(address, **{**sent, "value": "五栋"}, confirmed=confirmed[1]).status_code == 200, "it moved on"


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "地点", "value": "三栋 402", "reason": WHY},
        {"name": "新值", "value": "not json", "reason": WHY},
        {"name": "地点", "value": "四栋", "reason": ""},
    ],
    ids=["nothing changed", "not json", "no reason"],
)
def test_what_cannot_be_written_is_refused_and_what_was_typed_stays(
    visit: Visit, leak: dict[str, Any], sent: dict[str, str]
) -> None:
    assert visit("root").post(f"/admin/cases/{leak['id']}/data", **sent).status_code == 422


def test_a_step_is_passed_over_after_its_effects_were_shown(visit: Visit, engine: Engine, leak: dict[str, Any]) -> None:
    root, address = visit("root"), f"/admin/cases/{leak['id']}/shift"
    each = standing(engine, UUID(leak["id"]))
    sent = {"token": each.token, "element": "", "data": "", "reason": WHY}
    shown = root.post(address, **sent).get_data(as_text=True)
    assert each.name in shown
    confirmed = re.search(r'name="confirmed" value="(\d+)"', shown)
    assert confirmed
    assert root.post(address, **sent, confirmed=confirmed[1]).status_code == 303
    kinds = [event.kind for event in engine.read(queries.case, SYSTEM, UUID(leak["id"])).history]
    assert "passed_over" in kinds
    assert "跳过" in root.get(f"/cases/{leak['id']}").get_data(as_text=True), "the history tells it to everybody"


def test_steps_are_begun_and_ended_together_after_it_was_shown(
    visit: Visit, engine: Engine, leak: dict[str, Any]
) -> None:
    root, address = visit("root"), f"/admin/cases/{leak['id']}/modify"
    each = standing(engine, UUID(leak["id"]))
    assert root.post(address, reason=WHY).status_code == 422, "nothing was chosen"
    sent = {"begin": [each.element], "end": [each.token], "data": '{"n": 1}', "reason": WHY}
    refused = root.post(address, **{**sent, "reason": ""})
    assert refused.status_code == 422
    kept = refused.get_data(as_text=True)
    assert f'value="{each.element}" selected' in kept
    assert f'value="{each.token}" checked' in kept
    shown = root.post(address, **sent).get_data(as_text=True)
    confirmed = re.search(r'name="confirmed" value="(\d+)"', shown)
    assert confirmed
    assert standing(engine, UUID(leak["id"])).token == each.token, "it was only shown"
    assert root.post(address, **sent, confirmed=confirmed[1]).status_code == 303
    assert standing(engine, UUID(leak["id"])).token > each.token
    assert "启动和终止步骤" in root.get(f"/cases/{leak['id']}").get_data(as_text=True)


def test_a_case_is_suspended_resumed_held_cancelled_and_deleted(
    visit: Visit, engine: Engine, leak: dict[str, Any]
) -> None:
    root, address = visit("root"), f"/admin/cases/{leak['id']}"
    for verb in ("suspend", "resume", "hold", "cancel", "delete", "release", "delete"):
        assert root.post(f"{address}/{verb}", reason=WHY).status_code == 303
        if verb == "delete" and "deleted" not in leak:
            leak["deleted"] = root.get(address).status_code == 200
    assert leak["deleted"], "a held case is not deleted"
    assert root.get(address).status_code == 404
    assert "LS-" in root.get("/admin/retention").get_data(as_text=True)


def test_all_cases_of_a_process_are_suspended_from_the_list(visit: Visit, engine: Engine, leak: dict[str, Any]) -> None:
    root = visit("root")
    answer = root.post("/admin/cases/many?process=leak&state=open", verb="suspend", all="yes", reason=WHY)
    assert "完成 1" in root.get(answer.headers["Location"]).get_data(as_text=True)
    assert engine.read(queries.case, SYSTEM, UUID(leak["id"])).case.state == "suspended"


def test_rules_of_retention_are_set_and_dropped(visit: Visit, engine: Engine) -> None:
    root = visit("root")
    rule = {"which": "leak/leak", "outcome": "closed", "days": "365", "reason": WHY}
    assert root.post("/admin/retention", **rule).status_code == 303
    assert "365 天" in root.get("/admin/retention").get_data(as_text=True)
    assert root.post("/admin/retention", **{**rule, "days": ""}).status_code == 422
    assert root.post("/admin/retention", **{**rule, "days": "0"}).status_code == 422
    gone = {"app": "leak", "process": "leak", "outcome": "closed", "reason": WHY}
    root.post("/admin/retention/dropped", **gone)
    assert engine.read(queries.retention_rules, SYSTEM) == []


def call(visit: Visit, login: str, method: str, path: str, body: Any = None) -> Any:
    browser = visit(login)
    return browser.send(method, f"/api/operations/{path}", body)


def test_programs_repair_with_the_scope_operations_alone(
    app: Any, engine: Engine, leak: dict[str, Any], broken: dict[str, Any]
) -> None:
    client = app.test_client()

    def ask(scopes: list[str], method: str, path: str, body: Any = None) -> Any:
        _row, token = engine.create_token("root", name="ops", scopes=scopes, days=1, by=SYSTEM)
        headers = {"Authorization": f"Bearer {token}"}
        return client.open(f"/api/operations/{path}", method=method, json=body, headers=headers)

    assert ask(["operations"], "GET", "incidents").status_code == 403
    found = ask(["read"], "GET", "incidents").get_json()["items"]
    incident = next(row for row in found if row["case_number"] == broken["number"])
    assert "无人担任" in incident["reason_zh"]
    assert ask(["cases"], "POST", f"incidents/{incident['id']}/retry", {}).status_code == 403
    still = ask(["operations"], "POST", f"incidents/{incident['id']}/retry", {})
    assert (still.status_code, still.mimetype) == (409, "application/problem+json")
    [group] = ask(["read"], "GET", "incident-groups").get_json()["items"]
    assert group["count"] == len(found)
    [each] = ask(["read"], "GET", f"cases/{leak['id']}/standing").get_json()["items"]
    again = {"activate": [{"element": each["element"], "data": {"": {"n": 1}}}], "terminate": [each["token"]]}
    preview = ask(["operations"], "POST", f"cases/{leak['id']}/modify/preview", again).get_json()
    assert [row["element"] for row in preview["withdrawn"] if row["kind"] == "task"] == [each["element"]]
    assert ask(["operations"], "POST", f"cases/{leak['id']}/modify", again).status_code == 422, "without a reason"
    assert ask(["read"], "POST", f"cases/{leak['id']}/modify", {**again, "reason": WHY}).status_code == 403
    assert ask(["operations"], "POST", f"cases/{leak['id']}/modify", {**again, "reason": WHY}).status_code == 200
    nowhere = {"activate": [{"element": "nowhere"}], "reason": WHY}
    assert ask(["operations"], "POST", f"cases/{leak['id']}/modify", nowhere).status_code == 422
    [each] = ask(["read"], "GET", f"cases/{leak['id']}/standing").get_json()["items"]
    shift = {"token": each["token"], "reason": WHY}
    preview = ask(["operations"], "POST", f"cases/{leak['id']}/shift/preview", shift).get_json()
    assert preview["withdrawn"][0]["element"] == each["element"]
    assert ask(["operations"], "POST", f"cases/{leak['id']}/shift", {"token": each["token"]}).status_code == 422
    assert ask(["operations"], "POST", f"cases/{leak['id']}/shift", shift).status_code == 200
    assert ask(["operations"], "POST", f"cases/{leak['id']}/shift", shift).status_code == 409
    action = ask(["operations"], "POST", "actions", {"verb": "cancel", "ids": [leak["id"]], "reason": WHY})
    assert action.status_code == 202
    engine.finish_actions()
    told = ask(["read"], "GET", f"actions/{action.get_json()['id']}").get_json()
    assert (told["done"], told["refused"]) == (0, 1), "the step passed over was the last one: the case had ended"
    assert ask(["operations"], "DELETE", f"cases/{leak['id']}", {"reason": WHY}).status_code == 204
    assert [row["id"] for row in ask(["read"], "GET", "deleted-cases").get_json()["items"]] == [leak["id"]]


def test_the_api_of_operators_refuses_handlers(visit: Visit, leak: dict[str, Any]) -> None:
    for method, path, body in (
        ("GET", "incidents", None),
        ("GET", "deleted-cases", None),
        ("POST", f"cases/{leak['id']}/cancel", {"reason": WHY}),
        ("POST", "actions", {"verb": "cancel", "ids": [leak["id"]], "reason": WHY}),
    ):
        assert call(visit, "bob", method, path, body).status_code == 403
    assert json.loads(call(visit, "root", "POST", f"cases/{leak['id']}/cancel", {"reason": ""}).data)["errors"]
