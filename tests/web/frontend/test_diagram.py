"""The bundle that shows where a case stands on its diagram."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("bundles")]


def test_the_diagram_is_loaded_when_its_tab_opens_and_shows_the_state(open_page: Any, site: Any) -> None:
    page = open_page("/diagram.html")
    page.wait_for_load_state("networkidle")
    assert site.asked("GET", "/loop.bpmn") == []
    page.click("text=流程图")
    page.wait_for_selector(".diagram-legend")
    for name, state in {"register": "done", "verify": "open", "rectify": "overdue", "accept": "idle"}.items():
        assert f"state-{state}" in page.get_attribute(f"[data-element-id={name}].djs-shape", "class")
    assert page.locator(".diagram-legend").inner_text().split() == ["已办", "在办", "超期", "未到"]


def test_words_on_the_diagram_are_never_markup(open_page: Any) -> None:
    page = open_page("/diagram.html")
    page.click("text=流程图")
    page.wait_for_selector(".diagram-label-overdue")
    assert page.inner_text(".diagram-label-overdue") == "<b>王五</b> 超期 2 个工作日"


def test_the_diagram_is_zoomed_by_button_and_by_keyboard(open_page: Any) -> None:
    page = open_page("/diagram.html")
    page.click("text=流程图")
    page.wait_for_selector(".diagram-legend")

    def scale() -> float:
        return float(page.evaluate("document.querySelector('.djs-container .viewport').getCTM().a"))

    first = scale()
    page.click("[aria-label=放大]")
    assert scale() > first
    page.focus(".diagram-canvas")
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert scale() < first
    page.keyboard.press("0")
    assert scale() == pytest.approx(first, abs=0.01)


def test_a_phone_opens_at_the_step_in_hand(open_page: Any) -> None:
    page = open_page("/diagram.html", width=390, height=844)
    page.click("text=流程图")
    page.wait_for_selector(".diagram-legend")
    box = page.locator("[data-element-id=rectify].djs-shape").bounding_box()
    assert 0 <= box["x"] <= 390 - box["width"]
    assert box["width"] > 60


def test_a_diagram_that_cannot_be_had_is_told(open_page: Any, site: Any) -> None:
    site.answers["GET", "/loop.bpmn"] = (404, {"message": "没有这个流程版本。"})
    page = open_page("/diagram.html")
    page.click("text=流程图")
    page.wait_for_selector("[role=alert]:has-text('流程图打不开：没有这个流程版本。')")
