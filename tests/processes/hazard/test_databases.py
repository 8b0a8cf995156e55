"""A general and a major hazard from registration to closure, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any


def test_a_general_hazard_is_closed(any_office: Any) -> None:
    case = any_office.register()
    any_office.go(case, "verify", "confirm_grade", "order", "countersign_order", "rectify", "accept", "close")
    assert any_office.open_tasks(case) == []
    assert any_office.incidents(case) == []


def test_a_major_hazard_is_listed_and_closed(any_office: Any) -> None:
    case = any_office.register()
    verified = {**any_office.paper("verify"), "判定条款": ["GM10-11-10"], "外部因素": True}
    any_office.do(case, "verify", "jianguan1", verified, "属实")
    graded = {**any_office.paper("confirm_grade"), "等级": "重大", "风险等级": "红"}
    any_office.do(case, "confirm_grade", "kezhang1", graded, "确认")
    any_office.go(case, "plan", "review_plan@inspector", "review_plan@expert", "decide_plan")
    any_office.go(case, "propose_listing", "approve_listing")
    done, passed = [{"完成情况": "已完成"}] * 2, [{"复查结论": "合格"}] * 2
    any_office.do(case, "rectify", "anquan2", {**any_office.paper("rectify"), "整改事项": done})
    any_office.do(case, "accept", "jianguan2", {**any_office.paper("accept"), "整改事项": passed}, "合格")
    any_office.go(case, "close", "delist")
    assert any_office.open_tasks(case) == []
    assert any_office.data(case)["整改资金"] == 12.5
