"""Work that changes hands in a browser: delegated, signed, returned, taken back; copied, read and urged on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import as_phone
from tests.browser.official import Official
from tests.browser.test_walks import TODAY, reported

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("installation")]

SignIn = Callable[[str], Official]


def dialog(person: Official, verb: str) -> Locator:
    """This will open the dialog of a verb from the menu beside the main button."""
    person.page.get_by_role("button", name="更多操作").click()
    person.page.locator(".verbs .dropdown-item").filter(has_text=verb).click()
    opened = person.page.locator("dialog[open]")
    expect(opened).to_be_visible()
    return opened


def choose(opened: Locator, name: str) -> None:
    """This will search for somebody by words and take them with the keyboard."""
    field = opened.get_by_role("combobox")
    field.fill(name)
    expect(opened.get_by_role("option").first).to_contain_text(name)
    field.press("ArrowDown")
    field.press("Enter")
    expect(opened.locator(".picker-chosen")).to_contain_text(name)


def send(person: Official, opened: Locator, button: str, leads_to: str = "**/inbox*") -> None:
    """This will press the button of a dialog and wait for the page that it leads to."""
    with person.page.expect_navigation(url=leads_to):
        opened.get_by_role("button", name=button, exact=True).click()


def test_a_task_is_delegated_signed_returned_submitted_again_and_taken_back(official: SignIn) -> None:
    number = reported(official, "疏散通道被货架占用")
    owner, delegate, head = official("jianguan1"), official("jianguan2"), official("kezhang1")
    owner.open_task("核实隐患", number)
    path = owner.page.url.removeprefix(owner.address)

    opened = dialog(owner, "委派")
    owner.page.keyboard.press("Escape")  # closes the list of names
    owner.page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(owner.page.get_by_role("button", name="更多操作")).to_be_focused()
    opened = dialog(owner, "委派")
    opened.get_by_role("button", name="委派", exact=True).click()
    expect(opened.get_by_role("alert")).to_contain_text("请从列表中选择一人")
    choose(opened, "监管员乙")
    opened.get_by_label("办理要求").fill("请到现场核实")
    send(owner, opened, "委派")

    delegate.open_task("核实隐患", number)
    expect(delegate.page.locator(".asked")).to_contain_text("请到现场核实")
    delegate.fill(检查日期=TODAY.isoformat(), 核实情况="货架占用通道，情况属实")
    delegate.page.get_by_role("button", name="办结并交回").click()
    opened = delegate.page.locator("dialog[open]")
    opened.get_by_label("答复").fill("已到现场")
    opened.get_by_label("答复").press("Control+Enter")
    delegate.page.wait_for_url("**/inbox*")

    owner.open_task("核实隐患", number)
    expect(owner.field("核实情况")).to_have_value("货架占用通道，情况属实")
    opened = dialog(owner, "加签")
    choose(opened, "科长甲")
    send(owner, opened, "加签", "**/tasks/*")
    expect(owner.page.locator(".work")).to_contain_text("等待 科长甲 签署")
    head.go(f"/inbox?q={number}")
    head.page.locator("tr[data-href]").filter(has_text="加签").click()
    head.page.wait_for_url("**/tasks/*")
    head.page.get_by_role("radio", name="不同意").check()
    head.page.get_by_role("button", name="签署", exact=True).click()
    expect(head.page.get_by_role("alert")).to_contain_text("请填写理由")
    head.page.get_by_role("textbox", name="意见", exact=True).fill("请补充货架数量")
    head.page.get_by_role("button", name="签署", exact=True).click()
    head.page.wait_for_url("**/inbox*")

    owner.open_task("核实隐患", number)
    expect(owner.page.locator("#signs")).to_contain_text("请补充货架数量")
    owner.fill(核实情况="五组货架占用通道，情况属实")
    owner.tick("需要停产停业", "不需要")
    owner.press("属实，提交定级")
    head.open_task("审核定级", number)
    opened = dialog(head, "退回")
    opened.get_by_role("radio", name="核实隐患").check()
    opened.get_by_label("退回原因").fill("检查日期有误")
    send(head, opened, "退回")

    owner.open_task("核实隐患", number)
    expect(owner.page.locator(".asked")).to_contain_text("检查日期有误")
    path = owner.page.url.removeprefix(owner.address)
    owner.press("属实，提交定级")
    owner.go(path)
    owner.page.get_by_role("button", name="撤回").click()
    send(owner, owner.page.locator("dialog[open]"), "撤回", "**/tasks/*")
    expect(owner.field("核实情况")).to_have_value("五组货架占用通道，情况属实")
    assert not head.has_task(number)


def test_a_case_is_copied_read_and_urged_on_a_phone(official: SignIn) -> None:
    sender, reader = official("wangge1"), official("juzhang1")
    number = reported(official, "灭火器压力不足")
    as_phone(sender.page)
    sender.go("/cases/?state=open")
    sender.page.locator("tr[data-href]").filter(has_text=number).click()
    sender.page.wait_for_url("**/cases/*-*")
    as_phone(reader.page)
    sender.page.get_by_role("button", name="抄送").click()
    opened = sender.page.locator("dialog[open]")
    choose(opened, "局长甲")
    opened.get_by_label("需要对方关注什么").fill("请关注")
    send(sender, opened, "抄送", "**/cases/*")
    expect(sender.page.locator("#copies")).to_contain_text("未阅")

    reader.go("/readings")
    reader.page.locator("tr[data-href]").filter(has_text=number).click()
    reader.page.wait_for_url("**/cases/*")
    with reader.page.expect_navigation():
        reader.page.locator(".asked-note").get_by_role("button", name="已阅").click()

    sender.page.reload()
    expect(sender.page.locator("#copies")).to_contain_text("已阅 1/1")
    sender.page.get_by_role("button", name="催办").click()
    opened = sender.page.locator("dialog[open]")
    opened.get_by_label("催办留言").fill("请尽快核实")
    send(sender, opened, "催办", "**/cases/*")
    handler = official("jianguan1")
    handler.go(f"/inbox?urged=yes&q={number}")
    expect(handler.page.locator("tr[data-href]")).to_contain_text("催办")
    for person in (sender, reader):
        wide = person.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{person.page.url} is {wide} px wider than a phone"
