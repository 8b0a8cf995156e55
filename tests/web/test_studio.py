"""Process design: who may, what a check says, what a deployment changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engine import Engine
from tests.web.conftest import Browser, first_task

Visit = Callable[[str], Browser]


@pytest.fixture
def designer(visit: Visit, engine: Engine) -> Browser:
    """A process designer who is no operator."""
    engine.load_people(
        [],
        [
            {
                "login": "dora",
                "name": "辛",
                "password": "a long enough password",
                "roles": [("process_designer", "town")],
            }
        ],
    )
    return visit("dora")


def address(browser: Browser) -> str:
    """This will return the address of the diagram on top of the list."""
    found = re.search(r'href="(/studio/definitions/\d+)"', browser.get("/studio/").get_data(as_text=True))
    assert found
    return found[1]


def test_a_handler_is_refused(visit: Visit) -> None:
    assert visit("bob").get("/studio/").status_code == 403
    assert "流程设计" not in visit("bob").get("/inbox").get_data(as_text=True)


OLD = """<?xml version="1.0" encoding="GB2312"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  id="d" targetNamespace="t"><process id="p" isExecutable="true"><startEvent id="s"/>
  <userTask id="t" name="核查" camunda:candidateGroups="chief"/>
  <sequenceFlow id="f" sourceRef="s" targetRef="t"/></process></definitions>""".encode("gb18030")


def open_file(browser: Browser, content: bytes) -> TestResponse:
    """This will send a chosen file as the modeler does."""
    browser.get("/inbox")
    return browser.client.post("/studio/definitions/1/opened", data=content, headers={"X-CSRFToken": browser.token})


def test_a_file_of_another_tool_opens_translated_and_drawn(designer: Browser, visit: Visit) -> None:
    told = open_file(designer, OLD.replace(b"chief", b"manager")).get_json()
    assert 'name="核查"' in told["xml"]
    assert '<zeebe:assignmentDefinition candidateGroups="manager"/>' in told["xml"]
    assert 'bpmnElement="t"' in told["xml"], "it is drawn"
    assert '<process id="leak"' in told["xml"], "it takes the place of the process"
    assert (told["faults"], told["told"]) == ([], [])
    assert designer.send("POST", f"{address(designer)}/deploy", {"xml": told["xml"], "note": "新"}).status_code == 200
    refused = open_file(designer, b"<a/>")
    assert refused.status_code == 422
    assert "BPMN" in refused.get_json()["message"]
    assert open_file(visit("bob"), OLD).status_code == 403


def shown(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """This will return what a designer sees of each line: how grave, where, by which name, and what is said."""
    return [(row["level"], row["element"], row["name"], row["reason"]) for row in rows]


def test_of_an_opened_file_is_told_what_is_wrong_what_its_app_has_to_bring_and_what_is_passed(
    designer: Browser,
) -> None:
    steps = '<userTask id="u" name="归档"/><task id="a" name="登记"/><task id="b" name="通知"/>'
    flows = '<sequenceFlow id="{0}{1}" sourceRef="{0}" targetRef="{1}"/>'
    steps += (
        '<laneSet id="ls"><lane id="l1" name="窗口"><flowNodeRef>w</flowNodeRef></lane><lane id="l2" name="manager">'
    )
    steps += '<flowNodeRef>v</flowNodeRef></lane></laneSet><userTask id="w" name="受理"/><userTask id="v" name="审核"/>'
    steps += "".join(flows.format(*ends) for ends in ("tu", "ua", "ab", "bw", "wv")) + "</process>"
    told = open_file(designer, OLD.decode("gb18030").replace("</process>", steps).encode("gb18030")).get_json()
    assert shown(told["faults"]) == [("error", "t", "核查", "流程应用中没有岗位“chief”。")]
    assert shown(told["told"]) == [
        ("need", None, "受理", "岗位 窗口（按泳道名称）"),
        ("need", None, "归档", "办理人：流程图没有指定办理人"),
        ("warning", "a", "登记、通知", "这一步没有人办理，会直接通过；如需人工办理，请改为用户任务。"),
    ]


def test_why_an_opened_file_would_be_refused_is_told_at_each_element(designer: Browser) -> None:
    text = OLD.decode("gb18030").replace(
        "</process>", '<serviceTask id="v" name="查询"/><complexGateway id="x"/></process>'
    )
    told = open_file(designer, text.encode("gb18030")).get_json()
    assert shown(told["faults"]) == [
        ("error", "v", "查询", "必须选择服务。"),
        ("error", "x", None, "不支持执行复杂网关，请换用其他元素。"),
        ("error", "t", "核查", "流程应用中没有岗位“chief”。"),
    ]
    assert told["told"] == [], "what it needs is told when it can be read"


def test_a_check_tells_that_a_diagram_could_not_replace_this_one(designer: Browser) -> None:
    xml = designer.get(f"{address(designer)}/xml").get_data(as_text=True).replace('"leak"', '"flood"')
    faults = designer.send("POST", f"{address(designer)}/check", {"xml": xml}).get_json()["faults"]
    assert ("error", "flood", None, "流程编号必须保持为“leak”。") in shown(faults)


def test_the_list_shows_the_version_in_force_and_its_cases(designer: Browser, leak: dict[str, Any]) -> None:
    page = designer.get("/studio/").get_data(as_text=True)
    assert "生效中" in page
    assert re.search(r'data-label="在办案件">1<', page)


def test_the_page_of_a_diagram_may_use_inline_styles_and_no_other_page(designer: Browser) -> None:
    edit = designer.get(address(designer))
    assert "style-src 'self' 'unsafe-inline'" in edit.headers["Content-Security-Policy"]
    assert "style-src 'self';" in designer.get("/studio/").headers["Content-Security-Policy"]
    assert "script-src 'self';" in edit.headers["Content-Security-Policy"]


def test_the_deployed_diagram_has_no_faults(designer: Browser) -> None:
    xml = designer.get(f"{address(designer)}/xml").get_data(as_text=True)
    answer = designer.send("POST", f"{address(designer)}/check", {"xml": xml})
    assert answer.status_code == 200
    assert [fault for fault in answer.get_json()["faults"] if fault["level"] == "error"] == []


def test_all_faults_come_in_one_answer_at_their_elements_in_chinese(designer: Browser) -> None:
    xml = designer.get(f"{address(designer)}/xml").get_data(as_text=True)
    broken = re.sub(r'formId="leak-look"', 'formId="no-such-form"', xml)
    broken = re.sub(r'candidateGroups="manager"', 'candidateGroups="no-such-role"', broken)
    assert broken.count("no-such") == 2
    faults = designer.send("POST", f"{address(designer)}/check", {"xml": broken}).get_json()["faults"]
    errors = [fault for fault in faults if fault["level"] == "error"]
    assert len(errors) == 2
    for fault in errors:
        assert fault["element"]
        assert fault["name"]
        assert re.search(r"[一-鿿]", fault["reason"]), fault
    assert designer.send("POST", f"{address(designer)}/deploy", {"xml": broken, "note": ""}).status_code == 422


def test_a_changed_diagram_becomes_a_version_and_running_cases_stay_on_theirs(
    designer: Browser, visit: Visit, leak: dict[str, Any]
) -> None:
    before = address(designer)
    xml = designer.get(f"{before}/xml").get_data(as_text=True)
    changed = re.sub(r'name="[^"]*"( isExecutable)', r'name="漏水维修（新）"\1', xml)
    assert changed != xml
    answer = designer.send("POST", f"{before}/deploy", {"xml": changed, "note": "改名"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert "第 2 版" in answer.get_json()["message"]
    page = designer.get(answer.get_json()["location"]).get_data(as_text=True)
    assert "第 1 版有 1 个在办案件" in page.replace(" 版", " 版")
    assert first_task(visit("bob")), "the case that ran goes on"
    assert "改名" in designer.get("/studio/").get_data(as_text=True)


def test_another_process_id_is_refused(designer: Browser) -> None:
    xml = designer.get(f"{address(designer)}/xml").get_data(as_text=True)
    answer = designer.send("POST", f"{address(designer)}/deploy", {"xml": xml.replace('"leak"', '"flood"'), "note": ""})
    assert answer.status_code == 422


def test_a_request_without_a_diagram_is_refused(designer: Browser) -> None:
    assert designer.send("POST", f"{address(designer)}/check", {"note": "nothing"}).status_code == 422


def test_forms_can_be_read(designer: Browser) -> None:
    page = designer.get("/studio/").get_data(as_text=True)
    for found in re.findall(r'<a href="(/studio/resources/\d+)"', page):
        answer = designer.get(found)
        assert answer.status_code == 200
        assert "数据名称" in answer.get_data(as_text=True)
    assert page.count("/studio/resources/") >= 3
