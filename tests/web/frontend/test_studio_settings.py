"""The designers' panel: every setting by hand, nothing lost on saving, wrong values marked at their fields."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine import bpmn, rules

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("bundles")]

HERE = Path(__file__).parent
WHOLE = (HERE / "pages" / "whole.bpmn").read_text(encoding="utf-8")
DESCRIPTOR = HERE.parents[2] / "web" / "frontend" / "src" / "studio" / "bihuan.json"
ENGINE = HERE.parents[2] / "engine"
OURS = ("http://bihuan.dev/schema/bpmn/1.0", "http://camunda.org/schema/zeebe/1.0")
INTERNAL = {"set"}  # a type of listener


def open_studio(open_page: Any, site: Any, xml: str | None = None) -> Any:
    """This will open the studio, with `xml` instead of the small loop."""
    if xml is not None:
        site.answers["GET", "/loop.bpmn"] = (200, xml)
    site.answers["POST", "/check"] = (200, {"faults": []})
    page = open_page("/studio.html")
    page.wait_for_selector("[data-studio][data-ready]")
    return page


def select(page: Any, id: str) -> None:
    """This will select an element and unfold the groups of its panel."""
    page.evaluate(
        """id => {
            const modeler = document.querySelector('[data-studio]').workbench.modeler;
            modeler.get('selection').select(modeler.get('elementRegistry').get(id));
        }""",
        id,
    )
    page.wait_for_selector(".bio-properties-panel-group:has-text('办理设置')")
    page.evaluate(
        "document.querySelectorAll('.bio-properties-panel-group-header:not(.open)').forEach(each => each.click())"
    )


def type_feel(page: Any, entry: str, text: str) -> None:
    """This will type an expression into an editor and leave it."""
    page.click(f"[data-entry-id={entry}] .cm-content")
    page.keyboard.insert_text(text)
    page.keyboard.press("Escape")
    page.click(".bio-properties-panel-header")


def saved(page: Any) -> str:
    """This will return the diagram as it would be deployed."""
    return str(page.evaluate("document.querySelector('[data-studio]').workbench.xml()"))


def ours(xml: str) -> Counter[tuple[str, ...]]:
    """This will count everything of the namespaces bihuan and zeebe, with where it stands."""
    found: Counter[tuple[str, ...]] = Counter()
    for element in etree.fromstring(xml.encode()).iter():
        above = next((up.get("id") for up in [element, *element.iterancestors()] if up.get("id")), "")
        name = etree.QName(element)
        for key, value in element.attrib.items():
            if name.namespace in OURS or any(space in key for space in OURS):
                found[above, name.localname, str(key), str(value)] += 1
    return found


def test_the_descriptor_knows_every_attribute_that_the_engine_reads() -> None:
    descriptor = json.loads(DESCRIPTOR.read_text(encoding="utf-8"))
    known = {each["name"] for type in descriptor["types"] for each in type["properties"]}
    read = {
        *rules.VALUES,
        *rules.NUMBERS,
        rules.FOUR_EYES,
        rules.OUTCOME,
        rules.SKIP_OUTCOME,
        rules.RETURN_TO,
        rules.CC,
    }
    for path in ENGINE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        read |= set(re.findall(r"[\"']bihuan:(\w+)[\"']", text)) | set(re.findall(r"bihuan\(\"(\w+)\"\)", text))
    assert read - INTERNAL == known


def test_nothing_is_lost_when_a_diagram_with_every_setting_is_saved(open_page: Any, site: Any) -> None:
    page = open_studio(open_page, site, WHOLE)
    for id in ("start", "verify", "grade", "tell", "say", "end"):
        select(page, id)
    page.evaluate(
        """() => {
            const modeler = document.querySelector('[data-studio]').workbench.modeler;
            const shapes = ['verify', 'grade'].map(id => modeler.get('elementRegistry').get(id));
            modeler.get('modeling').moveElements(shapes, {x: 0, y: 40});
        }"""
    )
    xml = saved(page)
    assert ours(xml) == ours(WHOLE)
    before, after = (bpmn.parse(text.encode()).processes["whole"] for text in (WHOLE, xml))
    assert (before.strict, after.strict) == (False, False)
    for id, node in before.nodes.items():
        again = after.nodes[id]
        assert again.properties == node.properties
        for name in ("assignment", "form", "call", "skip", "listeners", "event"):
            assert repr(getattr(again, name)) == repr(getattr(node, name)), (id, name)


CHOSEN = {
    "limit": "rectify",
    "dispatch": "least",
    "whenEmpty": "operator",
    "whenOwn": "refuse",
    "whenAgain": "skip",
    "skipOutcome": "属实",
    "returnOthers": "keep",
    "transfer": "none",
}
TYPED = {"urgePause": "20", "urgeMost": "2", "outcome": "验收结论", "unit": "town"}


def test_every_setting_of_a_task_can_be_made_by_hand(open_page: Any, site: Any) -> None:
    page = open_studio(open_page, site)
    select(page, "accept")
    page.select_option("[name=bihuan-form]", "verify")
    for name, value in CHOSEN.items():
        page.select_option(f"[name=bihuan-{name}]", value)
    for name, value in TYPED.items():
        page.fill(f"[name=bihuan-{name}]", value)
    page.fill("[name=bihuan-cc]", "chief@town")
    page.check("[name=bihuan-candidateGroups][value=chief]")
    page.check("[name=bihuan-fourEyes][value=rectify]")
    page.check("[name=bihuan-fourEyes][value=verify]")
    page.select_option("[name=bihuan-returnTo-mode]", "some")
    assert page.locator("[name=bihuan-returnTo]").evaluate_all("all => all.map(each => each.value).sort()") == [
        "rectify", "register", "verify",
    ]  # fmt: skip
    page.check("[name=bihuan-returnTo][value=verify]")
    type_feel(page, "bihuan-skip", "金额 < 10")
    task = bpmn.parse(saved(page).encode()).processes["loop"].nodes["accept"]
    expected = {
        **CHOSEN,
        **TYPED,
        "cc": "chief@town",
        "fourEyes": "verify rectify",
        "returnTo": "verify",
        "skip": "=金额 < 10",
    }
    assert {name.removeprefix("bihuan:"): value for name, value in task.properties.items()} == expected
    assert task.assignment
    assert task.assignment.groups
    assert task.assignment.groups.text == "inspector,chief"
    page.select_option("[name=bihuan-returnTo-mode]", "none")
    page.select_option("[name=bihuan-limit]", "")
    task = bpmn.parse(saved(page).encode()).processes["loop"].nodes["accept"]
    assert task.properties["bihuan:returnTo"] == "none"
    assert "bihuan:limit" not in task.properties


def test_listeners_are_added_changed_and_removed(open_page: Any, site: Any) -> None:
    page = open_studio(open_page, site)
    select(page, "accept")
    group = page.locator("[data-group-id=group-bihuan-listeners]")
    group.locator(".bio-properties-panel-add-entry").dispatch_event("click")
    page.select_option("[name=bihuan-listener-0-what]", "archive")
    page.select_option("[name=bihuan-listener-0-when]", "completing")
    group.locator(".bio-properties-panel-add-entry").dispatch_event("click")
    page.select_option("[name=bihuan-listener-0-what]", "bihuan:set")
    page.fill("[name=bihuan-listener-0-variable]", "开始日")
    type_feel(page, "bihuan-listener-0-value", "today()")
    found = bpmn.parse(saved(page).encode()).processes["loop"].nodes["accept"].listeners
    assert [(each.event, each.type.text) for each in found] == [("start", "bihuan:set"), ("completing", "archive")]
    assert found[0].script
    assert (found[0].script.result, found[0].script.expression.text) == ("开始日", "=today()")
    group.locator(".bio-properties-panel-remove-entry").first.dispatch_event("click")
    found = bpmn.parse(saved(page).encode()).processes["loop"].nodes["accept"].listeners
    assert [each.event for each in found] == ["completing"]


def test_of_a_task_that_is_changed_only_services_are_told(open_page: Any, site: Any) -> None:
    page = open_studio(open_page, site)
    select(page, "accept")
    page.locator("[data-group-id=group-bihuan-listeners] .bio-properties-panel-add-entry").dispatch_event("click")
    for moment in ("assigning", "updating", "canceling"):
        page.select_option("[name=bihuan-listener-0-when]", moment)
        page.select_option("[name=bihuan-listener-0-what]", "archive")
        what = page.locator("[name=bihuan-listener-0-what] option").evaluate_all("all => all.map(one => one.value)")
        assert "bihuan:set" not in what
        [found] = bpmn.parse(saved(page).encode()).processes["loop"].nodes["accept"].listeners
        assert (found.event, found.type.text) == (moment, "archive")


AD_HOC = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  id="d" targetNamespace="http://bihuan.dev/tests">
  <bpmn:process id="loop" isExecutable="true"><bpmn:adHocSubProcess id="talks" name="会商"><bpmn:task id="ask" />
  </bpmn:adHocSubProcess></bpmn:process>
  <bpmndi:BPMNDiagram id="di"><bpmndi:BPMNPlane id="plane" bpmnElement="loop">
    <bpmndi:BPMNShape id="s1" bpmnElement="talks" isExpanded="true">
      <dc:Bounds x="160" y="80" width="300" height="200" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s2" bpmnElement="ask"><dc:Bounds x="220" y="130" width="100" height="80" /></bpmndi:BPMNShape>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>"""


def test_designers_let_a_service_rule_an_ad_hoc_subprocess(open_page: Any, site: Any) -> None:
    page = open_studio(open_page, site, AD_HOC)
    select(page, "talks")
    page.select_option("[name=adHocImplementation]", "jobWorker")
    page.wait_for_selector("[data-entry-id=taskDefinitionType]", state="attached")
    select(page, "talks")
    page.fill("[data-entry-id=taskDefinitionType] [name=taskDefinitionType]", "archive")
    page.click(".bio-properties-panel-header")
    process = bpmn.parse(saved(page).encode()).processes["loop"]
    assert process.service_types == ["archive"]
    assert process.nodes["talks"].call


def test_a_property_of_the_same_name_gives_way_to_the_attribute(open_page: Any, site: Any) -> None:
    told = '<zeebe:properties><zeebe:property name="dispatch" value="rotate" /></zeebe:properties>'
    xml = (HERE / "pages" / "loop.bpmn").read_text("utf-8")
    task = re.sub(r'(<bpmn:userTask id="accept".*?<zeebe:userTask />)', rf"\g<1>{told}", xml)
    page = open_studio(open_page, site, task)
    select(page, "accept")
    assert page.input_value("[name=bihuan-dispatch]") == "rotate"
    page.select_option("[name=bihuan-dispatch]", "")
    assert "rotate" not in saved(page)
    page.click("[data-studio-action=undo]")
    assert told.split("><")[1][:-2] in saved(page)


def test_a_wrong_value_is_marked_at_its_field_while_drawing(open_page: Any, site: Any) -> None:
    page = open_studio(open_page, site)
    fault = {
        "element": "accept",
        "name": "验收",
        "reason": "“催办次数上限”须为 0 到 1000 的整数。",
        "level": "error",
        "field": "urgeMost",
    }
    site.answers["POST", "/check"] = (200, {"faults": [fault]})
    select(page, "accept")
    page.fill("[name=bihuan-urgeMost]", "9999")
    page.wait_for_selector("[data-container-id=accept] .fault-mark")
    assert "须为 0 到 1000" in page.text_content("[data-entry-id=bihuan-urgeMost] .bio-properties-panel-error")
    assert "有未发布的修改，1 处错误" in page.text_content("[data-studio-status]")
    assert page.locator(".studio-faults").is_hidden()
    site.answers["POST", "/check"] = (200, {"faults": []})
    page.fill("[name=bihuan-urgeMost]", "3")
    page.wait_for_selector("[data-entry-id=bihuan-urgeMost] .bio-properties-panel-error", state="detached")


def test_leaving_with_changes_asks_first(open_page: Any, site: Any) -> None:
    page = open_studio(open_page, site)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))  # it stays
    select(page, "accept")
    page.select_option("[name=bihuan-transfer]", "none")
    page.click("[data-studio-action=undo]")
    page.select_option("[name=bihuan-dispatch]", "least")
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    page.close()
    assert asked == ["beforeunload"]
