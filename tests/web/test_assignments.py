"""The pages of what handlers do besides finishing: each verb right and refused, told in words, nothing typed lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .conftest import Browser, first_task
from .test_tasks import LOOKED, page_data

Visit = Callable[[str], Browser]
SCRIPT = {"Accept": "application/json"}


def dialogs(page: str) -> set[str]:
    """This will return the verbs that a page offers, by the ids of their dialogs."""
    return set(re.findall(r'<dialog class="verb" id="(?:verb-)?([\w-]+?)"', page))


def look(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def test_a_task_offers_exactly_the_verbs_that_may_be_used(visit: Visit, leak: dict[str, Any]) -> None:
    bob, alice = visit("bob"), visit("alice")
    task = first_task(bob)
    assert dialogs(look(bob, task)) == {"delegate", "transfer", "add_signs", "copy"}
    bob.post(f"{task}/claim")
    assert dialogs(look(bob, task)) == {"delegate", "transfer", "add_signs", "release", "copy"}
    assert dialogs(look(alice, task)) == {"copy", "urge"}


def test_a_delegated_task_says_who_gets_it_back_and_comes_back_with_what_was_filled_in(
    visit: Visit, leak: dict[str, Any]
) -> None:
    bob, bert = visit("bob"), visit("bert")
    task = first_task(bob)
    answer = bob.post(f"{task}/delegate", headers=SCRIPT, login="bert", note="请看屋顶")
    assert answer.get_json() == {"location": "/inbox"}
    assert "已委派" in look(bob, "/inbox")
    page = look(bert, task)
    for words in ("乙 委派您办理", "请看屋顶", "办结并交回"):
        assert words in page
    assert "data-readonly" not in page
    assert "data-form-submit=" not in page
    assert "委派" in look(bert, "/inbox")
    owner = look(bob, task)
    assert "召回" in owner
    assert "data-readonly" in owner
    refused = bert.post(f"{task}/resolve", headers=SCRIPT, note=" ", data="{}")
    assert (refused.status_code, refused.get_json()["message"]) == (422, "请填写理由。")
    answer = bert.post(f"{task}/resolve", headers=SCRIPT, note="屋顶完好", data=json.dumps({"漏水情况": "不是屋顶"}))
    assert answer.status_code == 200
    page = look(bob, task)
    assert page_data(page, "data")["漏水情况"] == "不是屋顶"
    assert "屋顶完好" in page.partition('class="work"')[0]


def test_who_delegated_may_call_it_back(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    bob.post(f"{task}/delegate", login="bert")
    assert bob.post(f"{task}/resolve", headers=SCRIPT, note="").get_json() == {"location": task}
    assert "data-readonly" not in look(bob, task)


def test_a_transfer_is_refused_in_words_and_nothing_moves(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    for login, words in (("alice", "甲"), ("nobody", "nobody")):
        answer = bob.post(f"{task}/transfer", headers=SCRIPT, login=login)
        assert answer.status_code == 422
        assert words in answer.get_json()["message"]
    assert visit("carol").post(f"{task}/transfer", headers=SCRIPT, login="bert").status_code == 403
    assert bob.post(f"{task}/transfer", headers=SCRIPT, login="mallory").get_json() == {"location": "/inbox"}
    assert "现场查看" in look(visit("mallory"), "/inbox")
    assert "已转办：现场查看。" in look(bob, "/inbox")
    assert "没有待办任务" in look(bob, "/inbox")


def test_a_signature_has_a_page_of_its_own_and_its_opinion_is_read_on_the_task(
    visit: Visit, leak: dict[str, Any]
) -> None:
    bob, carol = visit("bob"), visit("carol")
    task = first_task(bob)
    answer = bob.post(f"{task}/signs", headers=SCRIPT, login="carol", when="before", note="要不要停水")
    assert answer.get_json() == {"location": task}
    held = look(bob, task)
    assert "等待 丁 签署" in held
    assert "data-readonly" in held
    assert "没有待办任务" in look(bob, "/inbox")
    sign = first_task(carol)
    page = look(carol, sign)
    for words in ("签署意见：现场查看", "要不要停水", "乙 请您签署意见", "厨房天花板滴水"):
        assert words in page
    assert page_data(page, "schema")["id"] == "leak-look"
    assert "data-form-submit=" not in page
    assert bob.post(f"{sign}/sign", headers=SCRIPT, agrees="yes").status_code == 403
    answer = carol.post(f"{sign}/sign", headers=SCRIPT, agrees="no", text="")
    assert answer.status_code == 422
    carol.post(f"{sign}/sign", headers=SCRIPT, agrees="no", text="先停水再查")
    page = look(bob, task)
    for words in ("丁", "不同意", "先停水再查"):
        assert words in page.partition('id="form"')[0]
    assert "data-readonly" not in page
    assert "丁" in look(carol, sign)


def test_a_signature_is_no_longer_asked_for_with_a_reason(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    bob.post(f"{task}/signs", login="carol", when="before")
    found = re.search(r"/tasks/([0-9a-f-]+)/remove", look(bob, task))
    assert found is not None
    address = f"/tasks/{found[1]}/remove"
    assert bob.post(address, headers=SCRIPT, reason="").status_code == 422
    assert visit("alice").post(address, headers=SCRIPT, reason="不必").status_code == 403
    assert bob.post(address, headers=SCRIPT, reason="已电话确认", next=task).get_json() == {"location": task}
    assert "data-readonly" not in look(bob, task)


def test_a_task_is_returned_to_a_step_by_who_did_it_with_a_reason_that_is_read_there(
    visit: Visit, leak: dict[str, Any]
) -> None:
    bob, carol = visit("bob"), visit("carol")
    bob.send("POST", f"{first_task(bob)}/complete", LOOKED)
    task = first_task(carol)
    page = look(carol, task)
    assert "return" in dialogs(page)
    assert re.search(r'name="element" value="look".*?乙 办理于', page, re.DOTALL)
    assert carol.post(f"{task}/return", headers=SCRIPT, element="look", reason="").status_code == 422
    assert carol.post(f"{task}/return", headers=SCRIPT, element="report", reason="x").status_code == 403
    answer = carol.post(f"{task}/return", headers=SCRIPT, element="look", reason="照片不清")
    assert answer.get_json() == {"location": "/inbox"}
    assert "照片不清" in look(bob, first_task(bob)).partition('class="work"')[0]


def test_a_done_task_is_taken_back_until_somebody_goes_on_and_then_says_who(visit: Visit, leak: dict[str, Any]) -> None:
    bob, carol = visit("bob"), visit("carol")
    task = first_task(bob)
    bob.send("POST", f"{task}/complete", LOOKED)
    assert task in look(bob, "/done")
    assert dialogs(look(bob, task)) == {"withdraw"}
    assert dialogs(look(carol, task)) == set()
    assert carol.post(f"{task}/withdraw", headers=SCRIPT).status_code == 403
    assert bob.post(f"{task}/withdraw", headers=SCRIPT, reason="金额有误").get_json() == {"location": task}
    assert page_data(look(bob, task), "data")["漏水情况"] == "水管开裂"
    bob.send("POST", f"{task}/complete", LOOKED)
    carol.post(f"{first_task(carol)}/claim")
    page = look(bob, task)
    assert dialogs(page) == set()
    assert re.search(r"不能撤回：.*丁", page)
    assert bob.post(f"{task}/withdraw", headers=SCRIPT).status_code == 409


def test_who_started_the_case_urges_from_its_page_and_the_inbox_shows_it(visit: Visit, leak: dict[str, Any]) -> None:
    alice, bob = visit("alice"), visit("bob")
    task = first_task(bob)
    assert "urge-" in look(alice, leak["case"])
    assert bob.post(f"{task}/urge", headers=SCRIPT).status_code == 403
    answer = alice.post(f"{task}/urge", headers=SCRIPT, text="家里还在漏", next=leak["case"])
    assert answer.get_json() == {"location": leak["case"]}
    assert 'data-dialog="urge-' not in look(alice, leak["case"])
    again = alice.post(f"{task}/urge", headers=SCRIPT)
    assert again.status_code == 409
    assert "10 分钟" in again.get_json()["message"]
    assert "最近催办" in look(bob, "/inbox?urged=yes")
    assert "家里还在漏" in look(bob, task).partition('class="work"')[0]


def test_a_dialog_without_the_pages_token_is_refused(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob)
    answer = bob.client.post(f"{task}/transfer", data={"login": "bert"}, headers=SCRIPT)
    assert answer.status_code == 400
    assert "页面" in answer.get_json()["message"]
    assert first_task(bob) == task


def test_people_are_found_by_words_and_only_those_whom_a_task_may_go_to(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    task = first_task(bob).rsplit("/", 1)[-1]

    def found(query: str) -> list[str]:
        answer = bob.get(f"/find/people?{query}")
        assert answer.status_code == 200
        return [item["value"] for item in answer.get_json()["items"]]

    assert found(f"task={task}") == ["carol", "bert", "mallory"]
    assert found(f"task={task}&q=西山 管道工") == ["mallory"]
    assert found(f"task={task}&q=甲") == []
    assert found(f"case={leak['id']}&q=物业") == ["carol", "bert"]
    assert found(f"case={leak['id']}&queues=1&q=物业经理") == ["carol", "bert", "manager@office"]
    assert found("q=mallory") == []
    assert visit("mallory").get(f"/find/people?task={task}").status_code == 403
