"""The bundle of every page, in a real Chromium."""

from __future__ import annotations

from threading import Event
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.patience import PATIENCE, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("bundles")]


def test_a_row_opens_and_the_list_is_found_where_it_was_left(open_page: Any) -> None:
    page = open_page("/app.html", height=300)
    page.evaluate("window.scrollTo(0, 60)")
    page.dispatch_event("tr[data-href='/empty.html?2'] td:nth-child(3)", "click")
    page.wait_for_url("**/empty.html?2")
    page.click("text=返回")
    page.wait_for_selector("tr.row-seen")
    assert page.evaluate("window.scrollY") == 60
    assert page.locator("tr.row-seen").get_attribute("data-href") == "/empty.html?2"


def test_rows_open_by_keyboard(open_page: Any) -> None:
    page = open_page("/app.html")
    page.focus("tr[data-href='/empty.html?1']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/empty.html?2")


def test_slash_goes_to_the_search_and_can_be_typed_there(open_page: Any) -> None:
    page = open_page("/app.html")
    page.keyboard.press("/")
    page.keyboard.type("a/b")
    assert page.input_value("[data-search]") == "a/b"


def test_a_request_of_htmx_carries_the_token_and_its_refusal_is_shown(open_page: Any, site: Any) -> None:
    site.answers["POST", "/partial"] = (409, "<p id='told'>已被李四签收</p>")
    page = open_page("/app.html")
    page.click("#ask")
    page.wait_for_selector("#part #told")
    assert site.asked("POST", "/partial")[0].headers["X-CSRFToken"] == site.token


def test_a_far_reaching_step_asks_first_and_is_sent_once(open_page: Any, site: Any) -> None:
    site.answers["POST", "/plain"] = (200, "<p>ok</p>")
    page = open_page("/app.html")
    page.click("#plain button")
    assert "江城街道办不再办理" in page.text_content("dialog.confirmation")
    page.click("dialog.confirmation >> text=取消")
    assert site.asked("POST", "/plain") == []
    page.click("#plain button")
    page.click("dialog.confirmation .btn-primary")
    page.wait_for_url("**/plain")
    [sent] = site.asked("POST", "/plain")
    assert parse_qs(sent.body.decode()) == {"verb": ["withdraw"]}


def test_who_was_found_for_other_words_is_never_taken(open_page: Any, site: Any) -> None:
    answer = Event()

    def people(request: Any) -> dict[str, Any]:
        name = request.query["q"][0] if request.query.get("q") else "甲"
        assert name == "乙" or answer.wait(PATIENCE)
        return {"items": [{"value": name, "name": name, "detail": "监管员"}]}

    site.answers["GET", "/people"] = (200, people)
    page = open_page("/app.html")
    page.focus("#whom")
    wait_until(lambda: site.asked("GET", "/people"))
    page.keyboard.insert_text("乙")
    page.keyboard.press("Enter")
    answer.set()
    page.wait_for_selector(".picker-chosen li")
    assert page.input_value("[name=login]") == "乙"
    page.click(".picker-chosen button")
    assert page.evaluate("document.activeElement.id") == "whom"
    page.wait_for_selector(".picker-list [role=option]")
    page.hover("#over")
    page.mouse.down()
    page.evaluate("() => new Promise(done => setTimeout(done, 200))")  # a slow hand
    page.mouse.up()
    page.wait_for_selector(".verb-fault:has-text('请选择')")


def test_photos_open_large_and_go_on_by_keyboard(open_page: Any) -> None:
    page = open_page("/app.html")
    page.click("a[data-photo] >> nth=0")
    page.keyboard.press("ArrowRight")
    assert page.text_content("dialog.photo p") == "线路  2 / 2"
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.photo", state="hidden")


def test_menus_messages_and_the_dark_theme_work(open_page: Any) -> None:
    page = open_page("/app.html")
    page.click("#who")
    page.wait_for_selector(".dropdown-menu.show")
    page.click(".flash[data-level=danger] .flash-close")  # good news leaves by itself, perhaps before the click
    page.wait_for_selector(".flash[data-level=danger]", state="detached")
    page.click("[data-theme-toggle]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert "theme=dark" in page.evaluate("document.cookie")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(243, 245, 247)"


def test_a_phone_shows_cards_and_a_bottom_bar_and_nothing_hangs_over(open_page: Any) -> None:
    page = open_page("/app.html", width=390, height=844)
    assert page.locator("table.cards thead").is_hidden()
    assert page.locator(".bottom-bar").is_visible()
    assert page.locator("table.cards td.card-hidden").first.is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
