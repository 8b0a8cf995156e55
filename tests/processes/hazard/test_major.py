"""A major hazard: the plan with its five points, its review, the listing, and all ways back."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Case, FormInvalid, FourEyes, NotYours, feel, queries

REVIEWED = ("plan", "review_plan@inspector", "review_plan@expert")


def graded(office: Any, **verified: Any) -> Case:
    """A hazard that meets a criterion for major hazards, graded by the chief."""
    case: Case = office.register()
    paper = {**office.paper("verify"), "判定条款": ["GM10-11-10"], "判定依据": "判定标准第十一条", **verified}
    office.do(case, "verify", "jianguan1", paper, "属实")
    confirmed = {**office.paper("confirm_grade"), "等级": "重大", "风险等级": "红"}
    office.do(case, "confirm_grade", "kezhang1", confirmed, "确认")
    return case


def finish(office: Any, case: Case, **accepted: Any) -> None:
    """Rectifies and accepts the two items of the plan."""
    done, passed = {"完成情况": "已完成"}, {"复查结论": "合格"}
    office.do(case, "rectify", "anquan2", {**office.paper("rectify"), "整改事项": [done, done]})
    office.do(case, "accept", "jianguan2", {**office.paper("accept"), "整改事项": [passed, passed]}, "合格")


def test_a_major_hazard_that_is_not_listed_is_closed(office: Any) -> None:
    case = graded(office)
    office.go(case, *REVIEWED, "decide_plan")
    finish(office, case)
    ended = office.do(case, "close", "kezhang1", office.paper("close"), "核销")
    assert (ended.state, ended.end_element, ended.badge, ended.tone) == ("closed", "closed", "重大", "red")
    assert office.incidents(case) == []


def test_a_major_hazard_that_stops_the_whole_plant_is_listed_and_delisted_by_the_county(office: Any) -> None:
    case = graded(office, 需要停产="全部", 现场处理措施="全厂停产")
    office.go(case, *REVIEWED, "decide_plan")
    assert office.task(case, "propose_listing").unit_name == "江城区安全生产委员会"
    office.go(case, "propose_listing", "approve_listing")
    finish(office, case)
    office.go(case, "close")
    assert [task.element for task in office.open_tasks(case)] == ["delist"]
    ended = office.do(case, "delist", "anwei1", office.paper("delist"))
    assert (ended.state, ended.end_element) == ("closed", "delisted")


@pytest.mark.parametrize("reach", ["跨县区", "跨市"])
def test_a_hazard_beyond_the_county_goes_to_the_committee_of_the_city(office: Any, reach: str) -> None:
    case = graded(office, 影响范围=reach)
    office.go(case, *REVIEWED, "decide_plan")
    assert office.task(case, "propose_listing").unit_name == "阳江市安全生产委员会"
    with pytest.raises(NotYours):
        office.do(case, "propose_listing", "anwei1", office.paper("propose_listing"))
    office.do(case, "propose_listing", "anwei3", office.paper("propose_listing"))
    office.do(case, "approve_listing", "fenguan3", office.paper("approve_listing"), "同意")
    assert [task.element for task in office.open_tasks(case)] == ["rectify"]


def test_a_listing_that_is_not_approved_lets_the_hazard_go_on_unlisted(office: Any) -> None:
    case = graded(office, 外部因素=True)
    office.go(case, *REVIEWED, "decide_plan", "propose_listing")
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "approve_listing", "fenguan1", {"挂牌意见": "同意"}, "同意")
    assert set(caught.value.errors) == {"挂牌文号"}
    office.do(case, "approve_listing", "fenguan1", {"挂牌意见": "由监管部门跟踪"}, "不同意")
    finish(office, case)
    ended = office.do(case, "close", "kezhang1", office.paper("close"), "核销")
    assert ended.end_element == "closed"


@pytest.mark.parametrize("missing", ["整改措施", "整改资金", "整改期限", "整改责任人", "应急预案", "整改事项"])
def test_a_plan_without_one_of_the_five_points_is_not_submitted(office: Any, missing: str) -> None:
    case = graded(office)
    paper = {name: value for name, value in office.paper("plan").items() if name != missing}
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "plan", "qiye2", paper)
    assert missing in caught.value.errors
    assert [task.element for task in office.open_tasks(case)] == ["plan"]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"整改资金": 0}, "整改资金"),
        ({"整改资金": "1.234"}, "整改资金"),
        ({"整改期限": "2026-03-01"}, "整改期限"),
        ({"责任人电话": "没有"}, "责任人电话"),
    ],
)
def test_a_plan_with_a_hollow_point_is_not_submitted(office: Any, changed: dict[str, Any], path: str) -> None:
    case = graded(office)
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "plan", "qiye2", {**office.paper("plan"), **changed})
    assert path in caught.value.errors


def test_the_plan_is_the_heads_and_not_the_safety_officers(office: Any) -> None:
    case = graded(office)
    for login in ("anquan2", "qiye1", "jianguan1", "kezhang1"):
        with pytest.raises(NotYours):
            office.do(case, "plan", login, office.paper("plan"))


def test_inspector_and_expert_review_side_by_side_and_the_chief_sees_both(office: Any) -> None:
    case = graded(office)
    office.go(case, "plan")
    assert sorted(task.role for task in office.open_tasks(case)) == ["expert", "inspector"]
    office.do(
        case, "review_plan", "zhuanjia1", {"需修改事项": ["资金", "时限"], "审查意见": "资金偏少"}, "需修改", "expert"
    )
    with pytest.raises(NotYours):
        office.do(case, "review_plan", "zhuanjia1", {"审查意见": "好"}, "可行", "inspector")
    office.go(case, "review_plan@inspector")
    assert office.data(case)["方案审查意见"] == [
        {"审查方": "监管人员", "结论": "可行", "需修改事项": "", "意见": "内容完整"},
        {"审查方": "专家", "结论": "需修改", "需修改事项": "资金、时限", "意见": "资金偏少"},
    ]
    assert "审查结论" not in office.data(case)


def test_the_plan_goes_back_with_the_points_to_change(office: Any) -> None:
    case = graded(office)
    office.go(case, *REVIEWED)
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "decide_plan", "kezhang1", {"方案意见": "不足"}, "退回修改")
    assert set(caught.value.errors) == {"退回事项"}
    office.do(case, "decide_plan", "kezhang1", {"方案意见": "不足", "退回事项": ["资金"]}, "退回修改")
    assert office.data(case)["退回事项"] == ["资金"]
    office.go(case, *REVIEWED, "decide_plan")
    assert [task.element for task in office.open_tasks(case)] == ["rectify"]


def test_a_failed_acceptance_goes_back_to_the_plan_and_a_listed_hazard_is_not_listed_twice(office: Any) -> None:
    case = graded(office, 需要停产="全部", 现场处理措施="全厂停产")
    office.go(case, *REVIEWED, "decide_plan", "propose_listing", "approve_listing")
    done = {"完成情况": "已完成"}
    office.do(case, "rectify", "anquan2", {**office.paper("rectify"), "整改事项": [done, done]})
    judged = [{"复查结论": "合格"}, {"复查结论": "不合格"}]
    office.do(case, "accept", "jianguan2", {**office.paper("accept"), "整改事项": judged}, "不合格")
    assert [row["事项"] for row in office.data(case)["整改事项"]] == ["安装泄爆装置"]
    office.go(case, *REVIEWED, "decide_plan")
    assert [task.element for task in office.open_tasks(case)] == ["rectify"]
    finish(office, case)
    office.go(case, "close", "delist")
    assert office.open_tasks(case) == []


def test_who_proposed_the_listing_may_not_approve_it(office: Any, engine: Any) -> None:
    both = {"login": "both", "name": "兼任", "roles": [("sac_office", "441702-AW"), ("sac_leader", "441702-AW")]}
    engine.load_people([], [both])
    case = graded(office, 外部因素=True)
    office.go(case, *REVIEWED, "decide_plan")
    office.do(case, "propose_listing", "both", office.paper("propose_listing"))
    with pytest.raises(FourEyes):
        office.do(case, "approve_listing", "both", office.paper("approve_listing"), "同意")


def test_the_history_says_why_a_hazard_was_called_major(office: Any, engine: Any) -> None:
    case = graded(office)
    view = engine.read(queries.case, office.actor("kezhang1"), case.id)
    decided = [feel.loads(event.detail) for event in view.history if event.kind == "decision_made"]
    assert "符合重大事故隐患判定条款" in str(decided)
    assert "GM10-11-10" in str(decided)


def test_a_criterion_counts_only_from_the_day_its_standard_is_in_force(office: Any, clock: Any) -> None:
    clock.now = clock.now.replace(month=11, day=21)
    case = office.register()
    paper = {**office.paper("verify"), "判定条款": ["WH26-5.3.5"]}  # in force since 2026-09-30
    with pytest.raises(FormInvalid) as caught:
        office.do(case, "verify", "jianguan1", {**paper, "检查日期": "2026-09-29"}, "属实")
    assert "没有代码 WH26-5.3.5" in caught.value.errors["判定条款"][0]
    office.do(case, "verify", "jianguan1", {**paper, "检查日期": "2026-09-30"}, "属实")
    assert office.data(case)["分级建议"]["等级"] == "重大"
