"""A general hazard from registration to closure, through all ways back, with the right and the wrong people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine import FormInvalid, FourEyes, MayNotStart, NotYours

TO_RECTIFY = ("verify", "confirm_grade", "order", "countersign_order")


def test_a_general_hazard_is_closed_by_the_right_people(office: Any) -> None:
    case = office.register()
    assert case.number == "YH-441702-2026-0001"
    assert case.title == "乙丑食品有限公司：糖粉车间除尘管道积粉未清理"
    assert (case.badge, case.tone, case.unit_name) == ("", "", "埠场镇")
    office.go(case, *TO_RECTIFY, "rectify", "accept")
    assert office.data(case)["整改事项"][0]["复查结论"] == "合格"
    done = office.do(case, "close", "kezhang1", office.paper("close"), "核销")
    assert (done.state, done.end_element, done.badge, done.tone) == ("closed", "closed", "一般", "yellow")
    assert office.incidents(case) == []


def test_every_task_waits_with_its_people_until_its_day(office: Any) -> None:
    case = office.register()
    seen = []
    for step in [*TO_RECTIFY, "rectify", "accept", "close"]:
        (task,) = office.open_tasks(case)
        seen.append((task.element, task.role, task.unit_name, f"{task.due_at:%m-%d}"))
        office.go(case, step)
    # the clock stands on Monday 2026-03-02; the order gives 20 days
    assert seen == [
        ("verify", "inspector", "江城区应急管理局", "03-05"),
        ("confirm_grade", "section_chief", "江城区应急管理局", "03-04"),
        ("order", "inspector", "江城区应急管理局", "03-03"),
        ("countersign_order", "inspector", "江城区应急管理局", "03-03"),
        ("rectify", "ent_safety", "乙丑食品有限公司", "03-22"),
        ("accept", "inspector", "江城区应急管理局", "03-12"),
        ("close", "section_chief", "江城区应急管理局", "03-09"),
    ]


def test_a_task_is_due_at_the_end_of_the_day_in_china(office: Any) -> None:
    task = office.task(office.register(), "verify")
    assert task.due_at == datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("steps", "element", "wrong"),
    [
        ((), "verify", ["wangge1", "kezhang1", "anquan2", "jianguan3", "yunwei1"]),
        (TO_RECTIFY[:1], "confirm_grade", ["jianguan2", "kezhang2", "anwei1"]),
        (TO_RECTIFY, "rectify", ["anquan1", "qiye2", "jianguan1", "zhenan1"]),
    ],
)
def test_nobody_else_may_do_a_task(office: Any, steps: tuple[str, ...], element: str, wrong: list[str]) -> None:
    case = office.register()
    office.go(case, *steps)
    for login in wrong:
        with pytest.raises(NotYours):
            office.do(case, element, login, office.paper(element), "属实" if element == "verify" else None)


def test_people_without_a_starting_role_may_not_register(office: Any) -> None:
    for login in ("kezhang1", "zhuanjia1", "qiye2", "yunwei1"):
        with pytest.raises(MayNotStart):
            office.register(login)
    assert office.register("anquan2").number.endswith("-0001")


def test_one_officer_cannot_sign_twice_and_cannot_accept_what_he_fixed(office: Any) -> None:
    case = office.register()
    office.go(case, *TO_RECTIFY[:3])
    with pytest.raises(FourEyes):
        office.do(case, "countersign_order", "jianguan1", office.paper("countersign_order"), "签名")
    spot = office.register()
    office.do(spot, "verify", "jianguan1", {**office.paper("verify"), "可当场整改": True}, "属实")
    office.do(spot, "confirm_grade", "kezhang1", {**office.paper("confirm_grade"), "风险等级": "蓝"}, "确认")
    office.go(spot, "fix_on_spot")
    with pytest.raises(FourEyes):
        office.do(spot, "accept", "jianguan1", office.paper("accept"), "合格")
    office.go(spot, "accept", "close")
    assert office.open_tasks(spot) == []


def test_a_hazard_that_could_not_be_fixed_on_the_spot_gets_an_order(office: Any) -> None:
    case = office.register()
    office.do(case, "verify", "jianguan1", {**office.paper("verify"), "可当场整改": True}, "属实")
    office.go(case, "confirm_grade", "fix_on_spot=未能整改")
    assert [task.element for task in office.open_tasks(case)] == ["order"]


def test_an_unfounded_report_is_closed_by_the_chief_and_counts_as_not_founded(office: Any) -> None:
    case = office.register()
    office.do(case, "verify", "jianguan1", {"核实情况": "现场没有该设备"}, "不属实")
    done = office.do(case, "confirm_grade", "kezhang1", {"定级意见": "同意"}, "不属实")
    assert (done.state, done.end_element) == ("closed", "not_founded")


def test_the_chief_sends_back_with_a_reason_and_not_without(office: Any) -> None:
    case = office.register()
    office.go(case, "verify")
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "confirm_grade", "kezhang1", {}, "退回核实")
    assert caught.value.errors == {"定级意见": ["请填写「审核意见」"]}
    office.do(case, "confirm_grade", "kezhang1", {"定级意见": "补充照片"}, "退回核实")
    assert [task.element for task in office.open_tasks(case)] == ["verify"]


def test_a_grade_other_than_the_suggested_one_needs_a_reason(office: Any) -> None:
    case = office.register()
    office.go(case, "verify")
    differing = {**office.paper("confirm_grade"), "等级": "重大", "风险等级": "红"}
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "confirm_grade", "kezhang1", differing, "确认")
    assert set(caught.value.errors) == {"不一致理由"}
    done = office.do(case, "confirm_grade", "kezhang1", {**differing, "不一致理由": "曾发生过事故"}, "确认")
    assert (done.badge, done.tone) == ("重大", "red")


def test_the_second_officer_returns_the_order(office: Any) -> None:
    case = office.register()
    office.go(case, *TO_RECTIFY[:3])
    office.do(case, "countersign_order", "jianguan2", {"签名意见": "期限过长"}, "退回修改")
    assert [task.element for task in office.open_tasks(case)] == ["order"]
    office.go(case, "order", "countersign_order")
    assert office.task(case, "rectify").due_at == datetime(2026, 3, 22, 15, 59, 59, tzinfo=UTC)


def test_what_is_not_done_cannot_be_offered_for_acceptance(office: Any) -> None:
    case = office.register()
    office.go(case, *TO_RECTIFY)
    paper = {**office.paper("rectify"), "整改事项": [{"完成情况": "未完成"}]}
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "rectify", "anquan2", paper)
    assert "还有未完成的事项" in caught.value.errors["整改事项"][0]


def test_acceptance_cannot_pass_with_a_failed_item_nor_without_looking_at_the_items(office: Any) -> None:
    case = office.register()
    office.go(case, *TO_RECTIFY, "rectify")
    failed = {**office.paper("accept"), "整改事项": [{"复查结论": "不合格"}]}
    with pytest.raises(FormInvalid):
        office.do(case, "accept", "jianguan2", failed, "合格")
    unseen = {name: value for name, value in failed.items() if name != "整改事项"}
    with pytest.raises(FormInvalid):
        office.do(case, "accept", "jianguan2", unseen, "合格")


def test_a_failed_acceptance_goes_back_to_the_order_with_the_failed_items_only(office: Any) -> None:
    case = office.register()
    office.go(case, *TO_RECTIFY[:2])
    (item,) = office.paper("order")["整改事项"]
    order = {**office.paper("order"), "整改事项": [item, {**item, "事项": "没有清扫记录"}]}
    office.do(case, "order", "jianguan1", order)
    office.do(case, "countersign_order", "jianguan2", {"整改事项": [{}, {}], "执法人员二": "乙"}, "签名")
    done = {"完成情况": "已完成"}
    office.do(case, "rectify", "anquan2", {**office.paper("rectify"), "整改事项": [done, done]})
    judged = [{"复查结论": "合格"}, {"复查结论": "不合格", "复查意见": "记录不全"}]
    office.do(case, "accept", "jianguan2", {**office.paper("accept"), "整改事项": judged}, "不合格")
    assert [task.element for task in office.open_tasks(case)] == ["order"]
    data = office.data(case)
    assert [row["事项"] for row in data["整改事项"]] == ["没有清扫记录"]
    assert data["复查不合格次数"] == 1
    office.go(case, "order", "countersign_order", "rectify")
    again = {**office.paper("accept"), "整改事项": [{"复查结论": "不合格"}]}
    office.do(case, "accept", "jianguan2", again, "不合格")
    assert office.data(case)["复查不合格次数"] == 2


def test_the_chief_returns_a_closure_and_the_acceptor_cannot_close(office: Any) -> None:
    case = office.register()
    office.go(case, *TO_RECTIFY, "rectify", "accept")
    office.do(case, "close", "kezhang1", {"核销意见": "缺少照片"}, "退回复查")
    office.go(case, "accept", "close")
    assert office.open_tasks(case) == []


def test_an_enterprise_without_an_account_is_looked_after_by_the_town(office: Any) -> None:
    case = office.register(企业编码=None, 单位名称="无名小作坊")
    office.go(case, *TO_RECTIFY)
    task = office.task(case, "rectify")
    assert task.role == "town_officer,inspector"
    office.do(case, "rectify", "zhenan1", office.paper("rectify"))
    assert office.incidents(case) == []


def test_registration_names_what_is_missing(office: Any) -> None:
    with pytest.raises(FormInvalid) as caught:
        office.register(隐患描述="短", 行业="航天", 发现日期="2026-03-03", 企业编码="91X", 存在紧急危险=True)
    assert set(caught.value.errors) == {"隐患描述", "行业", "发现日期", "企业编码", "现场已采取措施"}
