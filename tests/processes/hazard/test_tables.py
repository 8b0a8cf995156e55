"""The four decision tables, row by row."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from engine import dmn, feel, forms
from processes.hazard import app

ENVIRONMENT = feel.Environment(now=datetime(2026, 3, 2, 1, 0, tzinfo=UTC))


def decide(file: str, decision: str, **inputs: Any) -> dict[str, Any]:
    model = dmn.parse((app.folder / file).read_bytes())
    found: dict[str, Any] = dmn.evaluate(model, decision, inputs, ENVIRONMENT).value
    return found


@pytest.mark.parametrize(
    ("facts", "grade", "colour", "reason"),
    [
        ({"判定条款": ["GM10-11-03"], "可当场整改": True}, "重大", "红", "判定条款"),
        ({"外部因素": True}, "重大", "红", "外部因素"),
        ({"需要停产": "全部", "可当场整改": True}, "重大", "红", "全部停产"),
        ({"需要停产": "局部", "可当场整改": False}, "重大", "橙", "局部停产"),
        ({"需要停产": "局部", "可当场整改": True}, "一般", "蓝", "立即整改"),
        ({"受威胁人数": 10, "可当场整改": True}, "一般", "橙", "10人以上"),
        ({"受威胁人数": 9, "可当场整改": True}, "一般", "蓝", "立即整改"),
        ({"判定条款": [], "受威胁人数": 9}, "一般", "黄", "限期整改"),
        ({}, "一般", "黄", "限期整改"),
    ],
)
def test_the_grade_that_is_suggested_and_why(facts: dict[str, Any], grade: str, colour: str, reason: str) -> None:
    found = decide("grade.dmn", "grade", **facts)
    assert (found["等级"], found["风险等级"]) == (grade, colour)
    assert reason in found["理由"]


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({"等级": "一般", "影响范围": "跨市"}, "不挂牌"),
        ({"等级": "重大", "影响范围": "跨市", "需要停产": "全部"}, "省级"),
        ({"等级": "重大", "影响范围": "跨县区", "需要停产": "全部"}, "市级"),
        ({"等级": "重大", "影响范围": "本县区", "需要停产": "全部"}, "县级"),
        ({"等级": "重大", "外部因素": True}, "县级"),
        ({"等级": "重大", "期限建议": {"天数": 60}}, "县级"),
        ({"等级": "重大", "期限建议": {"天数": 59}}, "不挂牌"),
        ({"等级": "重大"}, "不挂牌"),
    ],
)
def test_the_level_of_listing(facts: dict[str, Any], level: str) -> None:
    assert decide("listing-level.dmn", "listing_level", **facts)["级别"] == level


@pytest.mark.parametrize(
    ("facts", "days"),
    [
        ({"等级": "重大", "风险等级": "红", "需要停产": "全部"}, 90),
        ({"等级": "重大", "风险等级": "橙", "需要停产": "局部"}, 30),
        ({"等级": "重大", "风险等级": "红", "需要停产": "否"}, 30),
        ({"等级": "重大", "风险等级": "橙", "需要停产": "否"}, 60),
        ({"等级": "一般", "风险等级": "橙", "隐患类别": "1-06"}, 15),
        ({"等级": "一般", "风险等级": "橙", "隐患类别": "2-05"}, 7),
        ({"等级": "一般", "风险等级": "黄", "隐患类别": "2-05"}, 5),
        ({"等级": "一般", "风险等级": "蓝", "隐患类别": "2-05"}, 3),
        ({}, 15),
    ],
)
def test_the_days_that_are_suggested_for_rectification(facts: dict[str, Any], days: int) -> None:
    assert decide("deadline.dmn", "deadline", **facts)["天数"] == days


@pytest.mark.parametrize(
    ("industry", "grade", "department"),
    [
        ("城镇燃气", "一般", "住房和城乡建设局"),
        ("道路交通", "重大", "交通运输局"),
        ("消防", "重大", "消防救援大队"),
        ("特种设备", "一般", "市场监督管理局"),
        ("油气管道", "重大", "发展和改革局"),
        ("民爆", "一般", "工业和信息化局"),
        ("粉尘涉爆", "一般", "应急管理局"),
        ("通用", "重大", "应急管理局"),
        ("通用", "一般", "乡镇人民政府（街道办事处）"),
    ],
)
def test_the_department_that_is_responsible(industry: str, grade: str, department: str) -> None:
    assert decide("route.dmn", "route", 行业=industry, 等级=grade)["部门"] == department


def test_every_industry_and_category_of_the_form_has_its_way_through_the_tables() -> None:
    asked = forms.parse(json.loads((app.folder / "forms" / "register.json").read_text(encoding="utf-8")))
    choices = {each.path: [choice["value"] for choice in each.spec.get("values", [])] for each in asked.fields}
    with (app.folder / "data" / "categories.csv").open(encoding="utf-8", newline="") as lines:
        assert choices["隐患类别"] == [row["code"] for row in csv.DictReader(lines)]
    for industry in choices["行业"]:
        assert decide("route.dmn", "route", 行业=industry, 等级="一般")["部门"]
    for category in choices["隐患类别"]:
        assert decide("deadline.dmn", "deadline", 等级="一般", 风险等级="黄", 隐患类别=category)["天数"] > 0
