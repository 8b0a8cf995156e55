"""The task page: form, file, claim, release, complete, drafts, and tasks that are over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .conftest import NUMBER, Browser, first_task

Visit = Callable[[str], Browser]
LOOKED = {"data": {"漏水情况": "水管开裂", "部位": "pipe", "费用": "120.50"}, "outcome": "漏水"}


def page_data(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_task_page_shows_what_is_asked_by_when_and_about_what(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    page = bob.get(first_task(bob)).get_data(as_text=True)
    for words in ("现场查看", "到现场查看，写明漏水部位。", "剩 2 个工作日", NUMBER, "尚未签收", "三栋 402"):
        assert words in page
    assert page_data(page, "schema")["id"] == "leak-look"
    assert page_data(page, "data")["漏水情况"] == "厨房天花板滴水"
    buttons = re.findall(r"<button[^>]*data-form-submit[^>]*>([^<]+)<", page)
    assert buttons == ["确认漏水", "没有漏水"]
    assert 'data-outcome="漏水" data-main' in page
    assert 'data-outcome="不漏" data-novalidate' in page
    assert "data-readonly" not in page


def test_the_diagram_marks_the_current_step(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    page = bob.get(first_task(bob)).get_data(as_text=True)
    found = re.search(r"data-state=['\"](.*?)['\"] ", page)
    assert found
    state = json.loads(found[1].replace("&#34;", '"').replace("&quot;", '"'))
    assert state["open"] == ["look"]
    assert "report" in state["done"]
    diagram = bob.get(f"{leak['case']}/diagram")
    assert diagram.mimetype == "application/xml"
    assert b'bpmnElement="look"' in diagram.data


def test_submitting_runs_the_case_on_and_leads_to_the_inbox(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    answer = bob.send("POST", f"{first_task(bob)}/complete", LOOKED)
    assert (answer.status_code, answer.get_json()) == (200, {"location": "/inbox"})
    assert "已提交" in bob.get("/inbox").get_data(as_text=True)
    assert "批准维修" in visit("carol").get("/inbox").get_data(as_text=True)


def test_wrong_data_is_answered_at_its_field_and_nothing_moves(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    sent = {"data": {"漏水情况": "", "部位": "cellar", "费用": "-1"}, "outcome": "漏水"}
    answer = bob.send("POST", f"{task}/complete", sent)
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == {
        "漏水情况": ["请填写「漏水情况」"],
        "部位": ["「部位」中没有选项「cellar」"],
        "费用": ["「费用（元）」须不小于 0"],
    }
    assert "3" in answer.get_json()["message"]
    assert first_task(bob) == task


def test_an_outcome_that_needs_no_check_still_needs_its_reason(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    answer = bob.send("POST", f"{task}/complete", {"data": {"漏水情况": ""}, "outcome": "不漏"})
    assert list(answer.get_json()["errors"]) == ["说明"]
    answer = bob.send("POST", f"{task}/complete", {"data": {"漏水情况": "", "说明": "只是冷凝水"}, "outcome": "不漏"})
    assert answer.status_code == 200


def test_what_is_not_a_form_is_answered_and_does_not_break(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    for body in ([1, 2], {"data": "text"}, {"data": {}, "outcome": {"a": 1}}, None):
        assert bob.send("POST", f"{task}/complete", body).status_code == 422


def test_a_draft_is_kept_and_seen_by_nobody_else(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    assert bob.send("PUT", f"{task}/draft", {"data": {"漏水情况": "像是水管"}}).status_code == 200
    page = bob.get(task).get_data(as_text=True)
    assert page_data(page, "data")["漏水情况"] == "像是水管"
    assert "的草稿" in page
    assert "像是水管" not in visit("bert").get(task).get_data(as_text=True)


def test_a_claimed_task_can_be_given_back(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    assert bob.post(f"{task}/claim").location == task
    page = bob.get(task).get_data(as_text=True)
    assert "由 乙 签收" in page
    assert "放回" in page
    assert bob.post(f"{task}/release").location == "/inbox"
    assert "尚未签收" in visit("bert").get(task).get_data(as_text=True)


def test_a_finished_task_says_who_did_it_and_when(visit: Visit, leak: dict[str, Any]) -> None:
    bob, bert = visit("bob"), visit("bert")
    task = first_task(bob)
    bob.send("POST", f"{task}/complete", LOOKED)
    page = bert.get(task)
    assert page.status_code == 200
    assert re.search(r"乙.*20\d\d-\d\d-\d\d \d\d:\d\d", page.get_data(as_text=True))
    answer = bert.send("POST", f"{task}/complete", LOOKED)
    assert answer.status_code == 409
    assert re.search(r"乙.*20\d\d-\d\d-\d\d \d\d:\d\d", answer.get_json()["message"])


def test_the_wrong_person_is_told_which_role_is_needed_and_where(visit: Visit, leak: dict[str, Any]) -> None:
    task, mallory = first_task(visit("bob")), visit("mallory")
    for answer in (mallory.get(task), mallory.post(f"{task}/claim")):
        assert answer.status_code == 403
        assert "管道工@物业办" in answer.get_data(as_text=True)
    answer = mallory.send("POST", f"{task}/complete", LOOKED)
    assert answer.status_code == 403
    assert "管道工@物业办" in answer.get_json()["message"]
    assert first_task(visit("bob")) == task


def test_who_looked_may_not_approve(visit: Visit, leak: dict[str, Any]) -> None:
    bert = visit("bert")
    bert.send("POST", f"{first_task(bert)}/complete", LOOKED)
    answer = bert.send("POST", f"{first_task(visit('carol'))}/complete", {"data": {}, "outcome": "同意"})
    assert answer.status_code == 403
    assert "现场查看" in answer.get_json()["message"]


def test_a_returned_task_shows_on_top_why_it_came_back(visit: Visit, leak: dict[str, Any]) -> None:
    bob, carol = visit("bob"), visit("carol")
    bob.send("POST", f"{first_task(bob)}/complete", LOOKED)
    returned = {"data": {"意见": "请写明水管位置"}, "outcome": "退回"}
    assert carol.send("POST", f"{first_task(carol)}/complete", returned).status_code == 200
    page = bob.get(first_task(bob)).get_data(as_text=True)
    top = page.partition('class="work"')[0]
    for words in ("上一步", "批准维修", "退回重看", "丁", "请写明水管位置"):
        assert words in top


def test_an_unknown_task_is_not_found(visit: Visit) -> None:
    bob = visit("bob")
    for path in ("/tasks/01890000-0000-7000-8000-000000000000", "/tasks/1", "/nowhere"):
        answer = bob.get(path)
        assert answer.status_code == 404
        assert "没有找到" in answer.get_data(as_text=True)
