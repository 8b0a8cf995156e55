"""Every page of the navigation, on an office screen and on a phone; the pictures of the README are made here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Installation, as_phone
from tests.browser.official import Official

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("installation")]

SignIn = Callable[[str], Official]
SUPERVISOR, INSPECTOR, OPERATOR = "kezhang1", "jianguan1", "yunwei1"
DESIGNER = "sheji1"
WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def picture(person: Official, name: str) -> None:
    """This will keep a picture of the page where `SCREENSHOTS` says (see `make screenshots`)."""
    if folder := os.environ.get("SCREENSHOTS"):
        person.page.screenshot(path=Path(folder) / f"{name}.png")


def test_signing_in_leads_to_the_inbox(installation: Installation, chromium: Browser) -> None:
    person = Official(installation.address, chromium.new_context(locale="zh-CN"), INSPECTOR)
    person.sign_in_by_page()
    expect(person.page.locator("main")).to_contain_text("江城区应急管理局")
    assert person.faults == []
    person.context.close()


@pytest.mark.parametrize(
    ("login", "path", "text"),
    [
        (INSPECTOR, "/inbox", "江城区应急管理局"),
        (INSPECTOR, "/done", "任务"),
        (INSPECTOR, "/cases/", "办理中"),
        ("wangge1", "/cases/start", "隐患"),
        (SUPERVISOR, "/supervise/", "超期"),
        (DESIGNER, "/studio/", "隐患闭环"),
        (OPERATOR, "/admin/people", "监管员甲"),
        (OPERATOR, "/admin/units", "江城区"),
        (OPERATOR, "/admin/incidents", "运行异常"),
        (OPERATOR, "/admin/jobs", "后台作业"),
        (OPERATOR, "/admin/deployments", "隐患闭环"),
        (INSPECTOR, "/me", "监管员甲"),
    ],
)
def test_a_page_shows_what_it_is_for_and_fits_office_screens_and_phones(
    official: SignIn, login: str, path: str, text: str
) -> None:
    person = official(login)
    assert person.go(path) == 200
    expect(person.page.locator("main")).to_contain_text(text)
    assert person.page.evaluate(WIDER_THAN_THE_SCREEN) <= 0
    as_phone(person.page)
    assert person.page.evaluate(WIDER_THAN_THE_SCREEN) <= 0


def test_pictures_of_inbox_task_and_board(official: SignIn) -> None:
    person = official(INSPECTOR)
    person.go("/inbox")
    expect(person.page.locator("tr[data-href]").first).to_be_visible()
    picture(person, "inbox")
    person.page.locator("tr[data-href]").first.click()
    expect(person.form.locator(".fjs-form")).to_be_visible()
    picture(person, "task")
    person = official(SUPERVISOR)
    person.go("/supervise/")
    picture(person, "board")


def test_a_deployed_diagram_is_opened_in_the_studio_and_checked(official: SignIn) -> None:
    person = official(DESIGNER)
    person.go("/studio/")
    person.page.locator("tr[data-href]").filter(has_text="隐患闭环").first.click()
    canvas = person.page.locator("[data-studio]")
    expect(canvas.locator("[data-element-id=verify]").first).to_be_visible(timeout=20_000)
    picture(person, "studio")
    person.page.locator("[data-studio-action=check]").click()
    expect(person.page.locator("#flashes")).to_contain_text("检查通过")
