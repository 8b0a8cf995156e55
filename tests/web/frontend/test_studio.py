"""The designers' workbench, in a real Chromium."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.patience import PATIENCE, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("bundles")]


POOLS = Path(__file__).parent / "pages" / "pools.bpmn"


@pytest.fixture
def studio(open_page: Any) -> Any:
    """This will open the studio with the small loop of `pages/loop.bpmn`."""
    page = open_page("/studio.html")
    page.wait_for_selector("[data-studio][data-ready]")
    return page


def select(page: Any, name: str) -> None:
    """This will select an element of the diagram."""
    page.click(f"[data-element-id={name}].djs-shape")
    page.wait_for_selector(".bio-properties-panel-group:has-text('办理设置')")


def xml_of(site: Any, path: str) -> str:
    """This will return the diagram that was sent last."""
    return str(site.asked("POST", path)[-1].json["xml"])


def test_faults_are_listed_and_lead_to_their_elements(studio: Any, site: Any) -> None:
    site.answers["POST", "/check"] = (
        200,
        {"faults": [{"element": "accept", "name": "验收", "reason": "没有指定由谁办理。", "level": "error"}]},
    )
    studio.keyboard.press("Control+s")
    studio.wait_for_selector(".studio-faults:has-text('1 处错误，0 处提醒')")
    assert studio.locator("[data-container-id=accept] .fault-mark").is_visible()
    studio.click(".studio-faults button:has-text('没有指定由谁办理。')")
    studio.wait_for_selector("[data-element-id=accept].djs-shape.selected")


def test_our_settings_and_the_form_are_written_into_the_diagram(studio: Any, site: Any) -> None:
    site.answers["POST", "/check"] = (200, {"faults": []})
    select(studio, "accept")
    studio.fill("[name=bihuan-unit]", "=企业编码")
    studio.select_option("[name=bihuan-form]", "rectify")
    studio.wait_for_selector("[data-studio-status]:has-text('有未发布的修改')")
    studio.click("[data-studio-action=check]")
    studio.wait_for_selector(".flash:has-text('检查通过')")
    task = re.search(r'<bpmn:userTask id="accept".*?</bpmn:userTask>', xml_of(site, "/check"), re.DOTALL)
    assert task
    assert 'bihuan:unit="=企业编码"' in task[0]
    assert '<zeebe:formDefinition formId="rectify" />' in task[0]
    assert 'candidateGroups="inspector"' in task[0]
    assert 'bihuan:caseUnit="=unit"' in xml_of(site, "/check")


def test_what_officials_do_not_need_is_hidden_and_the_watermark_is_not(studio: Any) -> None:
    select(studio, "verify")
    groups = studio.locator(".bio-properties-panel-group-header-title").all_inner_texts()
    assert groups[:8] == ["通用", "办理设置", "时限", "办理规则", "退回与转办", "抄送", "监听", "文档"]
    assert not {"标头", "任务监听", "执行监听", "实现方式", "表单"} & set(groups)
    assert studio.locator(".bjs-powered-by").is_visible()


def test_a_mistake_in_drawing_is_marked_at_once_in_chinese(studio: Any) -> None:
    studio.evaluate(
        """() => {
            const modeler = document.querySelector('[data-studio]').workbench.modeler;
            modeler.get('modeling').removeElements([modeler.get('elementRegistry').get('f3')]);
        }"""
    )
    studio.wait_for_selector("[data-container-id=rectify] .bjsl-icon-error")
    told = studio.text_content("[data-container-id=rectify] .bjsl-dropdown")
    assert "没有流出的连线，案件会停在这里。" in told
    studio.click("[data-studio-action=undo]")
    studio.wait_for_selector("[data-container-id=rectify] .bjsl-icon-error", state="detached")


def test_what_is_missing_in_a_pool_that_is_only_drawn_is_no_mistake(studio: Any, site: Any) -> None:
    xml = POOLS.read_text(encoding="utf-8")
    site.answers["POST", "/opened"] = (200, {"xml": xml, "translated": 0, "faults": [], "told": []})
    with studio.expect_file_chooser() as chooser:
        studio.click("[data-studio-action=open]")
    chooser.value.set_files(POOLS)
    studio.wait_for_selector("[data-container-id=t1] .bjsl-icon-error")
    assert "只作图示" in studio.text_content("[data-container-id=them] .bjsl-dropdown")
    assert not studio.locator("[data-container-id=t2] .bjsl-icon-error").count()


def test_deploying_says_what_happens_and_sends_the_note(studio: Any, site: Any) -> None:
    site.answers["POST", "/deploy"] = (
        422,
        {
            "message": "有 1 处错误，没有发布。",
            "faults": [{"element": "verify", "name": "核实定级", "reason": "时限不存在。"}],
        },
    )
    studio.click("[data-studio-action=deploy]")
    assert "在办案件仍按原版本办完" in studio.text_content("dialog")
    studio.fill("#studio-note", "缩短核实时限")
    studio.click("dialog .btn-primary")
    studio.wait_for_selector(".flash:has-text('没有发布')")
    studio.wait_for_selector(".studio-faults:has-text('时限不存在。')")
    site.answers["POST", "/deploy"] = (200, {"message": "已发布第 2 版。", "location": "/empty.html"})
    studio.click("[data-studio-action=deploy]")
    studio.fill("#studio-note", "缩短核实时限")
    studio.click("dialog .btn-primary")
    studio.wait_for_url("**/empty.html")
    assert site.asked("POST", "/deploy")[-1].json["note"] == "缩短核实时限"


def test_what_is_drawn_while_the_server_deploys_is_told_to_be_left(studio: Any, site: Any) -> None:
    answer = Event()
    deployed = {"message": "已发布第 2 版。"}
    site.answers["POST", "/deploy"] = (200, lambda _request: deployed if answer.wait(PATIENCE) else None)
    select(studio, "accept")
    studio.select_option("[name=bihuan-form]", "rectify")
    studio.click("[data-studio-action=deploy]")
    studio.fill("#studio-note", "换表单")
    studio.click("dialog .btn-primary")
    wait_until(lambda: site.asked("POST", "/deploy"))
    studio.select_option("[name=bihuan-form]", "verify")
    answer.set()
    studio.wait_for_selector(".flash:has-text('已发布第 2 版')")
    assert "有未发布的修改" in studio.text_content("[data-studio-status]")
    studio.click("[data-studio-action=undo]")
    assert studio.text_content("[data-studio-status]") == ""


def test_a_diagram_goes_out_as_a_file_and_comes_back(studio: Any, site: Any, tmp_path: Path) -> None:
    with studio.expect_download() as download:
        studio.click("[data-studio-action=download]")
    assert download.value.suggested_filename == "loop.bpmn"
    file = tmp_path / "other.bpmn"
    xml = Path(download.value.path()).read_text(encoding="utf-8").replace("核实定级", "现场核查")
    file.write_text("<any tool='s'/>", "utf-8")
    wrong = {"element": "verify", "name": "现场核查", "reason": "时限不存在。", "level": "error"}
    passed = {"element": "rectify", "name": "整改", "reason": "会直接通过。", "level": "warning"}
    needed = {"element": None, "name": "整改", "reason": "办理人", "level": "need"}
    site.answers["POST", "/opened"] = (200, {"xml": xml, "translated": 3, "faults": [wrong], "told": [needed, passed]})
    site.answers["POST", "/check"] = (200, {"faults": []})
    with studio.expect_file_chooser() as chooser:
        studio.click("[data-studio-action=open]")
    chooser.value.set_files(file)
    studio.wait_for_selector("[data-element-id=verify] >> text=现场核查")
    studio.wait_for_selector(
        ".studio-faults-title:has-text('转换为本系统的写法 3 处。1 处错误，1 处提醒，流程应用还需要准备 1 项')"
    )
    studio.wait_for_selector("[data-container-id=rectify] .fault-mark.fault-warning")
    studio.wait_for_selector(
        ".studio-faults-title:has-text('3 处。0 处错误，1 处提醒，流程应用还需要准备 1 项')"
    )  # checked anew
    assert studio.locator(".studio-faults li").all_text_contents() == ["整改 办理人", "整改 会直接通过。"]
    studio.wait_for_selector("[data-studio-status]:has-text('有未发布的修改')")


def test_a_flow_that_is_written_at_no_step_leads_there_all_the_same(studio: Any, site: Any, tmp_path: Path) -> None:
    with studio.expect_download() as download:
        studio.click("[data-studio-action=download]")
    xml = Path(download.value.path()).read_text(encoding="utf-8")
    bare = re.sub(r"<bpmn:(incoming|outgoing)>.*?</bpmn:\1>", "", xml)
    assert bare != xml
    file = tmp_path / "bare.bpmn"
    file.write_text(bare, "utf-8")
    site.answers["POST", "/opened"] = (
        200,
        {"xml": bare.replace("核实定级", "现场核查"), "translated": 0, "faults": [], "told": []},
    )
    with studio.expect_file_chooser() as chooser:
        studio.click("[data-studio-action=open]")
    chooser.value.set_files(file)
    studio.wait_for_selector("[data-element-id=verify] >> text=现场核查")
    studio.evaluate(
        """() => {
            const modeler = document.querySelector('[data-studio]').workbench.modeler;
            modeler.get('modeling').removeElements([modeler.get('elementRegistry').get('f3')]);
        }"""
    )
    studio.wait_for_selector("[data-container-id=rectify] .bjsl-icon-error")
    told = studio.locator(".bjsl-dropdown").all_text_contents()
    assert sum("没有流出的连线" in text for text in told) == 1
    assert sum("没有流入的连线" in text for text in told) == 1


def test_a_simulation_runs_in_chinese(studio: Any) -> None:
    studio.click("[data-studio-action=simulate]")
    assert studio.get_attribute("[data-studio-action=simulate]", "aria-pressed") == "true"
    studio.wait_for_selector("[title=模拟记录]")
    studio.click("[data-container-id=start] [title=触发]")
    studio.wait_for_selector(".bts-log .bts-text:has-text('发现隐患')", state="attached")


def test_every_word_of_the_properties_has_its_chinese(studio: Any) -> None:
    missing = studio.evaluate(
        """async () => {
            const {modeler, dictionary} = document.querySelector('[data-studio]').workbench;
            const drawn = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 30)));
            const types = ['ServiceTask', 'ScriptTask', 'BusinessRuleTask', 'CallActivity', 'SubProcess'];
            const verify = modeler.get('elementRegistry').get('verify');
            let shape = verify;
            for (const type of types) {
                shape = modeler.get('bpmnReplace').replaceElement(shape, {type: `bpmn:${type}`, isExpanded: true});
                modeler.get('selection').select(shape);
                await drawn();
                modeler.get('popupMenu').open(shape, 'bpmn-replace', {x: 10, y: 10});
                await drawn();
                modeler.get('popupMenu').close();
            }
            return [...dictionary.missing];
        }"""
    )
    assert missing == []
