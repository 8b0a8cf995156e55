"""What the studio's page gives its panel to choose from, where faults are shown, and what it says after deploying."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from engine import Engine
from tests.web.conftest import Browser

Visit = Callable[[str], Browser]


@pytest.fixture
def address(visit: Visit) -> str:
    """The page of the diagram that is in force."""
    found = re.search(r'href="(/studio/definitions/\d+)"', visit("root").get("/studio/").get_data(as_text=True))
    assert found
    return found[1]


def test_the_panel_offers_the_roles_and_the_forms_with_their_buttons(visit: Visit, address: str) -> None:
    page = visit("root").get(address).get_data(as_text=True)
    found = re.search(r'id="studio-choices">(.*?)</script>', page, re.DOTALL)
    assert found
    choices = json.loads(html.unescape(found[1]))
    assert {"id": "plumber", "title": "管道工"} in choices["roles"]
    assert any(form["id"] == "leak-look" and form["title"] for form in choices["forms"])
    assert [each["id"] for each in choices["processes"]] == ["leak"]
    assert 'data-choices="#studio-choices"' in page


@pytest.mark.parametrize(
    ("attribute", "value", "field", "reason"),
    [
        ("limit", "no-such", "limit", "时限规则“no-such”不存在。"),
        ("urgeMost", "x", "urgeMost", "“催办次数上限”须为 0 到 1000 的整数。"),
        ("whenEmpty", "x", "whenEmpty", "“岗位无人时”的值不认识：x"),
        ("returnTo", "nowhere", "returnTo", "“可退回到”中的“nowhere”不是本环节之前的环节。"),
        ("cc", "=1 +", "cc", "“抄送给”有误"),
        ("skip", "金额", "skip", "跳过条件必须是 FEEL"),
        ("unit", "=1 +", "unit", "办理单位有误"),
    ],
)
def test_a_fault_names_the_field_that_is_wrong(
    visit: Visit, address: str, attribute: str, value: str, field: str, reason: str
) -> None:
    root = visit("root")
    xml = root.get(f"{address}/xml").get_data(as_text=True)
    clean = re.sub(rf'(<bpmn:userTask [^>]*?) bihuan:{attribute}="[^"]*"', r"\1", xml)
    namespace = "" if "xmlns:bihuan" in clean else ' xmlns:bihuan="http://bihuan.dev/schema/bpmn/1.0"'
    wrong = clean.replace("<bpmn:userTask ", f'<bpmn:userTask{namespace} bihuan:{attribute}="{value}" ', 1)
    faults = root.send("POST", f"{address}/check", {"xml": wrong}).get_json()["faults"]
    errors = [fault for fault in faults if fault["level"] == "error"]
    assert [fault["field"] for fault in errors] == [field], errors
    assert reason in errors[0]["reason"]


def test_after_deploying_the_page_leads_to_what_changed_and_to_the_cases_left_behind(
    visit: Visit, engine: Engine, address: str, leak: dict[str, Any]
) -> None:
    root = visit("root")
    xml = root.get(f"{address}/xml").get_data(as_text=True)
    changed = re.sub(r'name="[^"]*"( isExecutable)', r'name="漏水维修（新）"\1', xml)
    location = root.send("POST", f"{address}/deploy", {"xml": changed, "note": "改名"}).get_json()["location"]
    page = root.get(location).get_data(as_text=True)
    assert "第 2 版已生效。" in page
    old, new = address.rsplit("/", 1)[1], re.search(r"definitions/(\d+)", location)
    assert new
    assert f"/versions/compare?old={old}&amp;new={new[1]}" in page
    assert f'href="/versions/{old}/migrate"' in page
    assert root.get(f"/versions/{old}/migrate").status_code == 200
