"""Cases: start one, find one, read its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import NUMBER, Browser, first_task
from .test_tasks import LOOKED, page_data

Visit = Callable[[str], Browser]


def test_the_only_process_one_may_start_opens_at_once(visit: Visit) -> None:
    assert visit("alice").get("/cases/start").location == "/cases/start/leak"


def test_a_start_form_is_sent_and_leads_to_the_new_case(visit: Visit) -> None:
    alice = visit("alice")
    page = alice.get("/cases/start/leak").get_data(as_text=True)
    assert page_data(page, "schema")["title"] == "报修"
    answer = alice.send("POST", "/cases/start/leak", {"data": {"地点": "三栋", "漏水情况": "滴水"}, "outcome": None})
    case = alice.get(answer.get_json()["location"]).get_data(as_text=True)
    assert "已登记" in case
    assert NUMBER in case


def test_an_incomplete_start_form_starts_nothing(visit: Visit) -> None:
    alice = visit("alice")
    answer = alice.send("POST", "/cases/start/leak", {"data": {"地点": "三栋"}, "outcome": None})
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == {"漏水情况": ["请填写「漏水情况」"]}
    assert "没有您可以查看的案件" in alice.get("/cases/").get_data(as_text=True)


def test_the_draft_of_a_start_form_is_kept(visit: Visit) -> None:
    alice = visit("alice")
    assert alice.send("PUT", "/cases/start/leak/draft", {"data": {"地点": "五栋"}}).status_code == 200
    assert page_data(alice.get("/cases/start/leak").get_data(as_text=True), "data") == {"地点": "五栋"}


def test_who_may_not_start_is_told_the_role(visit: Visit) -> None:
    bob = visit("bob")
    answer = bob.send("POST", "/cases/start/leak", {"data": {"地点": "三栋", "漏水情况": "滴水"}})
    assert answer.status_code == 403
    assert "报修人" in answer.get_json()["message"]
    assert bob.get("/cases/start/leak").status_code == 403
    assert bob.get("/cases/start/flood").status_code == 404


def test_the_file_shows_values_under_the_words_of_the_forms(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    looked = {**LOOKED, "data": {**LOOKED["data"], "材料": [{"名称": "生料带", "数量": 2}]}}  # type: ignore[dict-item]
    assert bob.send("POST", f"{first_task(bob)}/complete", looked).status_code == 200
    page = bob.get(leak["case"]).get_data(as_text=True)
    for words in ("地点", "三栋 402", "部位", "水管", "费用（元）", "120.5", "生料带", "办理记录", "办结：现场查看"):
        assert words in page
    assert "pipe" not in page
    assert "查看结论" not in page


def test_the_file_lists_open_and_done_tasks_with_their_people(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    bob.send("POST", f"{first_task(bob)}/complete", LOOKED)
    page = bob.get(leak["case"]).get_data(as_text=True)
    assert "批准维修" in page
    assert "物业办 物业经理" in page
    assert "乙" in page


def test_who_has_nothing_to_do_with_a_case_may_not_read_it(visit: Visit, leak: dict[str, Any]) -> None:
    mallory = visit("mallory")
    for path in (leak["case"], f"{leak['case']}/diagram"):
        assert mallory.get(path).status_code == 403
    assert NUMBER not in mallory.get("/cases/").get_data(as_text=True)


def test_cases_are_found_by_words_and_state(visit: Visit, leak: dict[str, Any]) -> None:
    alice = visit("alice")
    assert NUMBER in alice.get("/cases/?q=天花板&state=open").get_data(as_text=True)
    assert NUMBER in alice.get("/cases/?地点=三栋 402").get_data(as_text=True)
    assert "没有符合条件的案件" in alice.get("/cases/?地点=五栋").get_data(as_text=True)
    assert "没有符合条件的案件" in alice.get("/cases/?state=closed").get_data(as_text=True)


def test_a_comment_is_read_by_everybody_on_the_case(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    answer = bob.post(f"{leak['case']}/comments", text="<b>钥匙</b>在门卫处", next=f"{leak['case']}#history")
    assert answer.location == f"{leak['case']}#history"
    page = visit("alice").get(leak["case"]).get_data(as_text=True)
    assert "&lt;b&gt;钥匙&lt;/b&gt;在门卫处" in page
    assert visit("mallory").post(f"{leak['case']}/comments", text="hello").status_code == 403


def test_a_closed_case_says_how_it_ended(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    bob.send("POST", f"{task}/complete", {"data": {"说明": "只是冷凝水"}, "outcome": "不漏"})
    page = bob.get(leak["case"]).get_data(as_text=True)
    assert "已办结" in page
    assert "不漏水" in page
    assert "没有漏水" in page
