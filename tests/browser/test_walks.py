"""A general and a major hazard from registration to closure: the right person at each step, a wrong one refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Installation
from tests.browser.official import Official

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("installation")]

SignIn = Callable[[str], Official]
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # where the officials are
LATER = (TODAY + timedelta(days=20)).isoformat()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "现场.jpg"
    Image.new("RGB", (1600, 1200), (180, 90, 40)).save(file)
    return file


def register(person: Official, description: str, photo: Path | None = None) -> str:
    """This will register a hazard of the first enterprise of the demo and return the case's number."""
    person.go("/cases/start/hazard")
    person.pick("单位（从企业名录中选）", "甲子", "甲子家具有限公司")
    person.fill(隐患部位="二车间", 隐患描述=description)
    person.choose("隐患类别", "2-05")
    person.choose("隐患来源", "网格")
    person.fill(发现日期=TODAY.isoformat())
    if photo is not None:
        person.upload("现场照片", photo)
    person.press("提交")
    return number_in(person.page.locator("main").inner_text())


def reported(official: SignIn, description: str) -> str:
    """This will register a hazard as the script of the form does, and return the case's number."""
    person = official("wangge1")
    data = {
        "企业编码": "91441702MA00000150", "单位名称": "甲子家具有限公司", "行业": "粉尘涉爆", "所在区划": "441702001",
        "隐患部位": "二车间", "隐患描述": description, "隐患类别": "2-05", "隐患来源": "网格巡查",
        "发现日期": TODAY.isoformat(),
    }  # fmt: skip
    answer = person.send("POST", "/cases/start/hazard", {"data": data, "outcome": None})
    assert answer.status == 200, answer.text()
    return number_in(person.read(answer.json()["location"])[1])


def number_in(text: str) -> str:
    """This will find the number of a case in a page."""
    found = re.search(r"YH-\d+-\d{4}-\d{4}", text)
    assert found is not None
    return found[0]


def hand_over(official: SignIn, name: str, number: str, right: str, wrong: str, role: str) -> Official:
    """This will open a task as the right person, after a wrong one was refused and told which role is needed."""
    person = official(right)
    person.open_task(name, number)
    path = person.page.url.removeprefix(person.address)
    refused = official(wrong)
    status, page = refused.read(path)
    if status == 200:  # colleagues of the unit may read it
        assert "data-form-submit" not in page
        assert "不能办理" in page
    answer = refused.send("POST", f"{path}/complete", {"data": {}, "outcome": None})
    assert answer.status == 403, answer.text()
    assert role in answer.json()["message"], answer.text()
    return person


def close(official: SignIn, number: str) -> None:
    """This will close the case and find it closed."""
    person = hand_over(official, "核销", number, "kezhang1", "anquan1", "科室负责人")
    person.fill(核销依据="复查验收合格，佐证材料齐全")
    person.press("同意核销")


def test_a_general_hazard_goes_from_registration_to_closure(official: SignIn, photo: Path) -> None:
    number = register(official("wangge1"), "安全出口被货物堵塞", photo)

    person = hand_over(official, "核实隐患", number, "jianguan1", "kezhang1", "监管执法人员")
    expect(person.page.locator(".file")).to_contain_text("现场.jpg")
    person.fill(检查日期=TODAY.isoformat(), 核实情况="到场核实，二车间安全出口被货物堵塞，情况属实")
    person.tick("需要停产停业", "不需要")
    person.press("属实，提交定级")

    person = hand_over(official, "审核定级", number, "kezhang1", "jianguan1", "科室负责人")
    expect(person.form).to_contain_text("系统建议：一般")
    person.tick("隐患等级", "一般")
    person.tick("风险等级", "黄（一般）")
    person.fill(负责监督整改的部门="江城区应急管理局")
    person.press("确认定级")

    person = hand_over(official, "责令限期整改", number, "jianguan1", "anquan1", "监管执法人员")
    person.fill(存在的问题="安全出口被堵塞", 整改要求="立即清理，保持畅通", 整改期限=LATER, 全部事项的整改期限=LATER)
    person.fill(执法人员及证号="监管员甲（执法证 00001）")
    person.press("提交")

    person = hand_over(official, "第二名执法人员签名", number, "jianguan2", "wangge1", "监管执法人员")
    person.fill(第二名执法人员及证号="监管员乙（执法证 00002）")
    person.press("签名，送达生效")

    person = hand_over(official, "实施整改", number, "anquan1", "anquan2", "企业安全员")
    person.tick("完成情况", "已完成")
    person.fill(整改完成日期=TODAY.isoformat(), 整改完成情况="货物已清运，出口畅通")
    person.press("提交")

    person = hand_over(official, "复查验收", number, "jianguan1", "anquan1", "监管执法人员")
    person.tick("复查结论", "合格")
    person.fill(复查日期=TODAY.isoformat(), 另一名复查人员及证号="监管员乙（执法证 00002）", 验收意见="整改到位")
    person.press("验收合格")

    close(official, number)
    reporter = official("wangge1")
    reporter.go(f"/cases/?state=closed&q={number}")
    expect(reporter.page.locator("tr[data-href]")).to_have_count(1)
    reporter.page.locator("tr[data-href]").click()
    expect(reporter.page.locator("main")).to_contain_text("办结")


def test_a_major_hazard_goes_from_registration_to_closure(official: SignIn) -> None:
    number = reported(official, "除尘系统没有任何防爆措施")

    person = hand_over(official, "核实隐患", number, "jianguan1", "jianguan3", "监管执法人员")
    person.fill(检查日期=TODAY.isoformat(), 核实情况="到场核实，除尘系统没有泄爆、惰化、抑爆措施")
    person.pick("重大事故隐患判定条款", "GM10-11-03", "GM10-11-03")
    person.tick("需要停产停业", "局部停产停业")
    person.fill(现场处理措施="停用除尘系统，撤出作业人员")
    person.press("属实，提交定级")

    person = hand_over(official, "审核定级", number, "kezhang1", "kezhang2", "科室负责人")
    expect(person.form).to_contain_text("系统建议：重大")
    person.tick("隐患等级", "重大")
    person.tick("风险等级", "红（重大）")
    person.fill(负责监督整改的部门="江城区应急管理局")
    person.press("确认定级")

    person = hand_over(official, "制定五落实治理方案", number, "qiye1", "anquan1", "企业主要负责人")
    person.fill(目标和任务="消除粉尘爆炸隐患，符合国家标准")
    person.choose("负责治理的机构", "专班")
    person.page.get_by_role("button", name="提交", exact=True).click()
    alert = person.page.get_by_role("alert")
    expect(alert).to_contain_text("整改资金")  # one of the five points is missing: the plan is not submitted
    expect(person.field("目标和任务")).to_have_value("消除粉尘爆炸隐患，符合国家标准")
    person.fill(
        整改措施="加装泄爆装置并经检测确认",
        任务="加装泄爆装置",
        措施和完成标准="检测合格",
        责任人="生产副经理",
        完成时限=LATER,
    )
    person.fill(整改资金="12.50")
    person.choose("资金来源", "安全生产费用")
    person.fill(整改完成期限=LATER, 整改责任人="生产副经理", 职务="副经理", 联系电话="0662-3300001")
    person.fill(安全措施和应急预案="整改期间停产撤人，专人监护，配齐器材")
    person.press("提交")

    for login, role in (("jianguan1", "监管执法人员"), ("zhuanjia1", "专家")):
        person = hand_over(official, "审查治理方案", number, login, "anquan1", role)
        person.fill(审查意见="五项内容完整，方案可行")
        person.press("方案可行")
    person = hand_over(official, "审定治理方案", number, "kezhang1", "jianguan1", "科室负责人")
    expect(person.page.locator(".file")).to_contain_text("12.5")
    person.fill(审定意见="同意方案")
    person.press("同意方案")

    person = hand_over(official, "实施整改", number, "anquan1", "qiye1", "企业安全员")
    person.tick("完成情况", "已完成")
    person.fill(整改完成日期=TODAY.isoformat(), 整改完成情况="泄爆装置已安装，检测合格")
    person.press("提交")

    person = hand_over(official, "复查验收", number, "jianguan2", "kezhang1", "监管执法人员")
    person.tick("复查结论", "合格")
    person.fill(复查日期=TODAY.isoformat(), 另一名复查人员及证号="监管员甲（执法证 00001）", 验收意见="整改到位")
    person.press("验收合格")
    close(official, number)


def test_what_another_person_finished_says_who_and_when(official: SignIn) -> None:
    number = reported(official, "消防通道停放叉车")
    first, second = official("jianguan1"), official("jianguan2")
    first.open_task("核实隐患", number)
    second.open_task("核实隐患", number)
    for person in (first, second):
        person.fill(检查日期=TODAY.isoformat(), 核实情况=f"{person.login} 到场核实，情况属实")
        person.tick("需要停产停业", "不需要")
    first.press("属实，提交定级")
    second.page.get_by_role("button", name="属实，提交定级").click()
    alert = second.page.get_by_role("alert")
    expect(alert).to_contain_text("监管员甲")
    expect(alert).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"))
    expect(second.field("核实情况")).to_have_value("jianguan2 到场核实，情况属实")


def test_a_wrong_value_is_told_at_its_field_and_nothing_typed_is_lost(official: SignIn) -> None:
    person = official("wangge1")
    person.go("/cases/start/hazard")
    person.fill(隐患描述="吊装孔没有护栏")
    person.page.get_by_role("button", name="提交", exact=True).click()
    expect(person.page.get_by_role("alert")).to_contain_text("隐患部位")
    expect(person.field("隐患描述")).to_have_value("吊装孔没有护栏")
    person.page.reload()
    expect(person.field("隐患描述")).to_have_value("吊装孔没有护栏")


def test_what_is_unknown_is_said_to_be_unknown(official: SignIn) -> None:
    person = official("wangge1")
    assert person.go("/cases/01a20053-6e65-72ea-a6f3-83248c6e01a2") == 404
    expect(person.page.locator("main")).to_contain_text("没有")


def test_killing_server_and_worker_in_the_middle_of_a_run_loses_nothing(
    official: SignIn, installation: Installation
) -> None:
    number = reported(official, "配电箱门敞开，箱内积尘")
    person = official("jianguan1")
    person.open_task("核实隐患", number)
    person.fill(检查日期=TODAY.isoformat(), 核实情况="到场核实，情况属实")
    person.tick("需要停产停业", "不需要")
    installation.kill()
    person.page.get_by_role("button", name="属实，提交定级").click()
    expect(person.page.get_by_role("alert")).to_be_visible()
    installation.start()
    person.page.get_by_role("button", name="属实，提交定级").click()
    person.page.wait_for_url(lambda url: "/tasks/" not in url)
    official("kezhang1").open_task("审核定级", number)
    person.faults[:] = [fault for fault in person.faults if "net::ERR_" not in fault]
