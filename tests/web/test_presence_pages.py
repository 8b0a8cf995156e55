"""Copies to read, absences, filters of the inbox and many tasks at once, as the pages show them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .conftest import NUMBER, Browser, first_task
from .test_assignments import SCRIPT, look

Visit = Callable[[str], Browser]
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


def copy(browser: Browser, leak: dict[str, Any], *to: str) -> Any:
    fields: dict[str, Any] = {"to": list(to), "note": "请知悉"}
    return browser.post(f"{leak['case']}/copies", headers=SCRIPT, **fields)


def test_a_copy_is_counted_read_and_its_receipt_seen_by_who_sent_it(visit: Visit, leak: dict[str, Any]) -> None:
    alice, mallory = visit("alice"), visit("mallory")
    assert mallory.get(leak["case"]).status_code == 403
    assert copy(alice, leak, "mallory", "manager@office").get_json() == {"location": leak["case"]}
    assert "已抄送 3 人" in look(alice, leak["case"])
    listed = look(mallory, "/readings")
    assert re.search(r'阅件\s*<span class="count">1</span>', listed)
    case = look(mallory, leak["case"])
    assert "抄送给您阅知" in case
    assert "请知悉" in case
    found = re.search(r"/readings/([0-9a-f-]+)/read", case)
    assert found is not None
    assert visit("bob").post(f"/readings/{found[1]}/read", headers=SCRIPT).status_code == 404
    assert mallory.post(f"/readings/{found[1]}/read", next=leak["case"]).location == leak["case"]
    assert "抄送给您阅知" not in look(mallory, leak["case"])
    assert "已阅 1/3" in look(alice, leak["case"])
    assert "没有符合条件的阅件" in look(mallory, "/readings?state=unread")


def test_all_copies_are_marked_as_read_at_once(visit: Visit, leak: dict[str, Any]) -> None:
    alice, carol = visit("alice"), visit("carol")
    copy(alice, leak, "carol")
    carol.post("/readings/read", all="yes")
    assert "1 件已标为已阅" in look(carol, "/readings")


def test_copies_are_refused_where_nobody_is_found_or_the_case_is_not_ones_own(
    visit: Visit, leak: dict[str, Any]
) -> None:
    answer = copy(visit("alice"), leak, "nobody")
    assert answer.status_code == 422
    assert "nobody" in answer.get_json()["message"]
    assert copy(visit("mallory"), leak, "carol").status_code == 403


def absent(browser: Browser, substitute: str, days: int = 3, **more: str) -> Any:
    until = (TODAY + timedelta(days=days)).isoformat()
    return browser.post(
        "/absences/", headers=SCRIPT, substitute=substitute, from_day=TODAY.isoformat(), until_day=until, **more
    )


def test_a_substitute_sees_for_whom_they_act_before_and_after(visit: Visit, leak: dict[str, Any]) -> None:
    bob, bert = visit("bob"), visit("bert")
    task = first_task(bob)
    bob.post(f"{task}/claim")
    assert absent(bob, "carol", note="休假").get_json() == {"location": "/absences/"}
    page = look(bob, "/absences/")
    for words in ("丁", "生效中", "休假", (TODAY + timedelta(days=3)).isoformat()):
        assert words in page
    carol = visit("carol")
    assert "代 乙" in look(carol, "/inbox?show=acting")
    assert "您正在代 乙 办理" in look(carol, task)
    sent = {"data": {"漏水情况": "只是冷凝水", "说明": "不漏"}, "outcome": "不漏"}
    assert carol.send("POST", f"{task}/complete", sent).status_code == 200
    assert "代 乙" in look(carol, "/done")
    assert re.search(r"丁.{0,12}代.{0,12}乙", look(bob, leak["case"]), re.DOTALL)
    assert "您正在代" not in look(bert, leak["case"])


def test_an_absence_is_refused_in_words_and_ended_by_its_person_or_an_operator(visit: Visit) -> None:
    bob, root = visit("bob"), visit("root")
    assert absent(bob, "bob").status_code == 422
    assert absent(bob, "carol", days=-2).status_code == 422
    answer = bob.post("/absences/", headers=SCRIPT, substitute="carol", from_day="", until_day="soon")
    assert answer.get_json()["message"] == "请填写外出的起止日期。"
    for first, last in (("0001-01-01", "2026-01-01"), ("2026-01-01", "9999-12-31"), ("2026-02-30", "2026-03-01")):
        days = {"from_day": first, "until_day": last}
        assert bob.post("/absences/", headers=SCRIPT, substitute="carol", **days).status_code == 422
    absent(bob, "carol")
    assert absent(bob, "bert").status_code == 409
    found = re.search(r"/absences/(\d+)/end", look(bob, "/absences/"))
    assert found is not None
    assert visit("carol").post(f"/absences/{found[1]}/end", headers=SCRIPT).status_code == 403
    assert "设置 乙 外出" in look(root, "/absences/?person=bob")
    answer = root.post(f"/absences/{found[1]}/end", headers=SCRIPT, person="bob")
    assert answer.get_json() == {"location": "/absences/?person=bob"}
    assert "目前没有外出" in look(bob, "/absences/")
    assert "已结束" in look(bob, "/absences/?past=yes")


def test_only_an_operator_sets_an_absence_for_somebody_else(visit: Visit) -> None:
    assert absent(visit("bob"), "carol", person="bert").status_code == 403
    assert "目前没有外出" in look(visit("root"), "/absences/")
    assert absent(visit("root"), "carol", person="bert").status_code == 200
    assert "丙" in look(visit("root"), "/absences/?person=bert")


def of_group(browser: Browser, queue: str, acts: str) -> Any:
    days = {"from_day": TODAY.isoformat(), "until_day": TODAY.isoformat()}
    return browser.post("/absences/", headers=SCRIPT, queue=queue, substitute_queue=acts, note="培训", **days)


def test_who_leads_a_unit_lets_one_of_its_queues_act_for_another(visit: Visit, leak: dict[str, Any]) -> None:
    carol, bob = visit("carol"), visit("bob")
    assert "岗位代办" in look(carol, "/absences/")
    assert "岗位代办" not in look(bob, "/absences/")
    found = carol.get("/find/queues?q=管道").get_json()["items"]
    assert [each["value"] for each in found] == ["plumber@office"], "not that of the other town"
    assert [each["value"] for each in carol.get("/find/queues").get_json()["items"]] == [
        "manager@office", "plumber@office",
    ], "all of them before a word is typed"  # fmt: skip
    assert bob.get("/find/queues?q=管道").get_json()["items"] == []
    assert of_group(bob, "plumber@office", "manager@office").status_code == 403
    assert of_group(carol, "plumber@office", "plumber@other").status_code == 403
    assert of_group(carol, "plumber@office", "manager@office").get_json() == {"location": "/absences/"}
    task = first_task(carol)
    assert "您正在代 物业办 办理" in look(carol, task)
    assert "培训" in look(bob, "/absences/"), "who is of the queue sees who acts for it"
    ending = re.search(r"/absences/(\d+)/end", look(carol, "/absences/"))
    assert ending is not None
    assert "/end" not in look(bob, "/absences/")
    assert bob.post(ending[0], headers=SCRIPT).status_code == 403
    assert carol.post(ending[0], headers=SCRIPT).status_code == 200
    assert task not in look(carol, "/inbox")


def test_filters_stand_in_the_address_and_are_kept_under_a_name(visit: Visit, leak: dict[str, Any]) -> None:
    bob, bert = visit("bob"), visit("bert")
    assert "三栋 402" in look(bob, "/inbox?f.地点=三栋 402&step=现场查看&process=leak&unit=office")
    assert "没有符合条件的任务" in look(bob, "/inbox?f.地点=五栋")
    assert "没有符合条件的任务" in look(bob, "/inbox?age=7")
    assert "没有符合条件的任务" in look(bob, "/inbox?urged=yes")
    asked = {"f.地点": "三栋 402", "sort": "new", "name": "三栋", "share": "office"}
    answer = bob.post("/inbox/filters/", headers=SCRIPT, **asked)
    assert answer.status_code == 200
    shared = look(bert, "/inbox")
    assert "三栋</a>" in shared
    assert "没有符合" not in look(bert, answer.get_json()["location"])
    assert bob.post("/inbox/filters/", headers=SCRIPT, **{**asked, "name": " "}).status_code == 422
    assert bob.post("/inbox/filters/", headers=SCRIPT, **{**asked, "share": "other"}).status_code == 403
    found = re.search(r"/inbox/filters/(\d+)/removed", look(bob, "/inbox"))
    assert found is not None
    assert f"/inbox/filters/{found[1]}/removed" not in shared
    assert bert.post(f"/inbox/filters/{found[1]}/removed").status_code == 404
    bob.post(f"/inbox/filters/{found[1]}/removed")
    assert "三栋</a>" not in look(bert, "/inbox")


def test_of_many_tasks_each_is_told_that_could_not_be_done(visit: Visit, leak: dict[str, Any]) -> None:
    bob, bert, alice = visit("bob"), visit("bert"), visit("alice")
    task = first_task(bob).rsplit("/", 1)[-1]
    assert bob.post("/many/claim", ids=[task], next="/inbox?show=mine").location == "/inbox?show=mine"
    assert "签收：已办 1 项" in look(bob, "/inbox")
    page = bert.post("/many/claim", ids=[task, "no id"]).get_data(as_text=True)
    assert "1 项中有 1 项未办成" in page
    assert "乙" in page
    assert NUMBER in page
    assert bob.post("/many/transfer", ids=[task], login="bert", note="轮换").location == "/inbox"
    assert "现场查看" in look(bert, "/inbox?show=mine")
    assert bert.post("/many/claim").location == "/inbox"
    assert alice.post("/many/urge", ids=[leak["id"]], text="请快些", next="/started").location == "/started"
    assert "未办成" in alice.post("/many/urge", ids=[leak["id"]]).get_data(as_text=True)
