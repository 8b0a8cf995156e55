"""The bundle that fills forms, in a real Chromium, against the contract with the server."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.patience import PATIENCE, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("bundles")]

CRITERIA = [
    {"code": "GZ-11", "title": "受限空间作业未履行审批", "detail": "第 11 条", "data": {"level": "major"}},
    {"code": "GZ-12", "title": "除尘系统未按规定设置", "detail": "第 12 条", "data": {"level": "general"}},
]
KINDS = [{"code": "K1", "title": "电气"}, {"code": "K2", "title": "消防"}]


def entries(known: list[dict[str, Any]]) -> Any:
    """This will answer like a register: what holds the words asked for."""

    def answer(request: Any) -> dict[str, Any]:
        text = request.query.get("q", [""])[0]
        return {"items": [item for item in known if text in item["code"] or text in item["title"]]}

    return answer


@pytest.fixture
def sheet(open_page: Any, site: Any) -> Any:
    """This will open the form with a server that takes drafts and files."""
    site.answers["GET", "/api/registers/criteria/entries"] = (200, entries(CRITERIA))
    site.answers["GET", "/api/registers/kinds/entries"] = (200, entries(KINDS))
    site.answers["PUT", "/draft"] = (200, {})
    stored = {"id": "7", "name": "a.png", "size": 120, "content_type": "image/png", "url": "/photo.svg"}
    site.answers["POST", "/upload"] = (201, stored)
    page = open_page("/form.html")
    page.wait_for_selector("text=隐患地点")
    return page


def field(page: Any, key: str) -> Any:
    """This will find the control of a field."""
    return page.locator(f"[id$='-Field_{key}']")


def fill(page: Any, tmp_path: Path) -> None:
    """This will fill everything that is required."""
    field(page, "text").fill("配电箱门缺失")
    field(page, "criterion").fill("除尘")
    page.click("[role=option]:has-text('GZ-12')")
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    with page.expect_file_chooser() as chooser:
        field(page, "photos").click()
    chooser.value.set_files(picture)
    page.wait_for_selector(".sent-file .file-size")


def test_an_incomplete_form_is_not_sent_and_its_list_jumps_to_the_field(sheet: Any, site: Any) -> None:
    sheet.click("text=提交审核")
    assert "还有 3 处需要改正" in sheet.text_content("[role=alert].form-faults")
    assert sheet.evaluate("document.activeElement.className") == "form-faults"
    sheet.click(".form-faults a:has-text('「判定依据」此项必填。')")
    assert sheet.evaluate("document.activeElement.id").endswith("Field_criterion")
    assert site.asked("POST", "/submit") == []


def test_a_filled_form_is_sent_with_its_outcome_and_leads_on(sheet: Any, site: Any, tmp_path: Path) -> None:
    site.answers["POST", "/submit"] = (200, {"location": "/empty.html"})
    fill(sheet, tmp_path)
    field(sheet, "cost").fill("1.5")
    sheet.click("text=提交审核")
    sheet.wait_for_url("**/empty.html")
    [sent] = site.asked("POST", "/submit")
    assert sent.headers["X-CSRFToken"] == site.token
    assert sent.json["outcome"] == "同意"
    data = sent.json["data"]
    assert (data["place"], data["criterion"], data["level"]) == ("江城化工有限公司", "GZ-12", "general")
    assert (data["cost"], data["found_on"]) == (1.5, "2026-11-20")
    assert data["photos"] == [
        {"id": "7", "name": "a.png", "size": 120, "content_type": "image/png", "url": "/photo.svg"}
    ]
    assert sheet.evaluate("Object.keys(localStorage).length") == 0


def test_what_the_server_refuses_stands_at_the_field_and_nothing_is_lost(sheet: Any, site: Any, tmp_path: Path) -> None:
    site.answers["POST", "/submit"] = (
        422,
        {
            "message": "表单有误。",
            "errors": {"place": ["此单位已注销。"], "measures.0.who": ["查无此人。"], "x": ["总体不符。"]},
        },
    )
    fill(sheet, tmp_path)
    sheet.click("text=提交审核")
    assert "表单有误。" in sheet.text_content(".form-faults:not([hidden])")
    assert sheet.locator(".fjs-form-field-error:has-text('此单位已注销。')").is_visible()
    assert sheet.locator(".fjs-form-field-error:has-text('查无此人。')").is_visible()
    assert "x:总体不符。" in sheet.text_content(".form-faults")
    assert field(sheet, "text").input_value() == "配电箱门缺失"
    assert sheet.locator("text=提交审核").is_enabled()


def test_a_conflict_is_told_on_top_and_offers_to_reload(sheet: Any, site: Any, tmp_path: Path) -> None:
    site.answers["POST", "/submit"] = (409, {"message": "任务已由李四办结。", "detail": "2026-11-21 14:30"})
    fill(sheet, tmp_path)
    sheet.click("text=提交审核")
    told = sheet.text_content(".form-faults:not([hidden])")
    assert "任务已由李四办结。2026-11-21 14:30" in told
    assert sheet.locator(".form-faults a:has-text('重新打开此页')").is_visible()
    assert field(sheet, "text").input_value() == "配电箱门缺失"


def test_enter_does_what_the_main_button_does(sheet: Any, site: Any, tmp_path: Path) -> None:
    site.answers["POST", "/submit"] = (200, {"location": "/empty.html"})
    fill(sheet, tmp_path)
    field(sheet, "place").press("Enter")
    sheet.wait_for_url("**/empty.html")
    assert site.asked("POST", "/submit")[0].json["outcome"] == "同意"


def test_returning_a_task_needs_no_complete_form(sheet: Any, site: Any) -> None:
    site.answers["POST", "/submit"] = (200, {"location": "/empty.html"})
    sheet.click("text=退回")
    sheet.wait_for_url("**/empty.html")
    assert site.asked("POST", "/submit")[0].json["outcome"] == "退回"


def test_a_draft_goes_to_the_server_and_survives_a_crash_on_the_device(sheet: Any, site: Any) -> None:
    answer = Event()
    site.answers["PUT", "/draft"] = (200, lambda _request: {} if answer.wait(PATIENCE) else None)
    field(sheet, "text").fill("写到一半")
    wait_until(lambda: site.asked("PUT", "/draft"))
    field(sheet, "text").fill("写到一多半")
    sheet.evaluate("document.querySelector('[data-form]').sheet.draft.save()")
    assert len(site.asked("PUT", "/draft")) == 1, "the later draft could arrive before the earlier one"
    answer.set()
    sheet.wait_for_selector("[data-form-status]:has-text('已保存草稿')")
    wait_until(lambda: len(site.asked("PUT", "/draft")) == 2)
    assert [asked.json["data"]["text"] for asked in site.asked("PUT", "/draft")] == ["写到一半", "写到一多半"]
    site.answers["PUT", "/draft"] = (503, {})
    field(sheet, "text").fill("写到一大半")
    sheet.reload()
    sheet.wait_for_selector(".form-recovered:has-text('尚未提交的内容')")
    assert field(sheet, "text").input_value() == "写到一大半"
    sheet.click("text=不要这些，恢复原样")
    sheet.wait_for_selector(".form-recovered", state="detached")
    assert field(sheet, "text").input_value() == ""


def test_a_register_is_searched_by_keyboard_and_takes_several(sheet: Any, site: Any) -> None:
    field(sheet, "kinds").focus()
    sheet.wait_for_selector("[role=option] >> nth=1")
    sheet.keyboard.press("ArrowDown")
    sheet.keyboard.press("Enter")
    sheet.wait_for_selector(".register-chip:has-text('K2 消防')")
    field(sheet, "kinds").press("ArrowDown")
    sheet.wait_for_selector("[role=option]:has-text('K1')")
    sheet.keyboard.press("Enter")
    sheet.wait_for_selector(".register-chip:has-text('K1 电气')")
    sheet.click("[aria-label='移除 K2']")
    assert sheet.locator(".register-chip").count() == 1
    asked = site.asked("GET", "/api/registers/kinds/entries")[0]
    assert asked.query["limit"] == ["20"]
    assert len(asked.query["on"][0]) == 10


def test_an_arrow_pressed_the_moment_the_list_is_there_counts(sheet: Any) -> None:
    sheet.evaluate(
        """() => new MutationObserver((_changes, watch) => {
            if (document.querySelectorAll('[role=option]').length > 1) {
                watch.disconnect();
                document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true}));
            }
        }).observe(document.body, {childList: true, subtree: true})"""
    )
    field(sheet, "kinds").focus()
    sheet.wait_for_selector("[role=option][aria-selected=true]:has-text('K2')")
    sheet.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    sheet.keyboard.press("Enter")
    sheet.wait_for_selector(".register-chip")
    assert sheet.inner_text(".register-chip").split() == ["K2", "消防"]


def test_a_position_comes_from_the_device_or_by_hand_and_must_be_whole(
    open_page: Any, site: Any, sheet: Any, tmp_path: Path
) -> None:
    site.answers["POST", "/submit"] = (200, {"location": "/empty.html"})
    fill(sheet, tmp_path)
    field(sheet, "position").fill("120.15507")
    sheet.click("text=提交审核")
    assert "请填写完整的经度和纬度" in sheet.text_content(".form-faults:not([hidden])")
    latitude = sheet.locator("[id$='-Field_position-lat']")
    latitude.press_sequentially("30.274085")
    assert latitude.input_value() == "30.274085"
    latitude.press("Enter")
    sheet.wait_for_url("**/empty.html")
    assert site.asked("POST", "/submit")[0].json["data"]["position"] == {"lat": 30.274085, "lng": 120.15507}
    phone = open_page(
        "/form.html",
        width=390,
        permissions=["geolocation"],
        geolocation={"latitude": 30.5, "longitude": 120.25, "accuracy": 8},
    )
    phone.click("button:has-text('定位')")
    phone.wait_for_selector("text=误差约 8 米")
    assert field(phone, "position").input_value() == "120.250000"


def test_a_refused_file_can_be_sent_again_and_blocks_nothing_else(sheet: Any, site: Any, tmp_path: Path) -> None:
    picture = tmp_path / "b.png"
    picture.write_bytes(b"\x89PNG")
    taken = site.answers["POST", "/upload"]
    site.answers["POST", "/upload"] = (413, {"message": "照片不得超过 20 MB。"})
    with sheet.expect_file_chooser() as chooser:
        field(sheet, "photos").click()
    chooser.value.set_files(picture)
    sheet.wait_for_selector(".file-problem:has-text('照片不得超过 20 MB。')")
    site.answers["POST", "/upload"] = taken
    sheet.click("text=重传")
    sheet.wait_for_selector(".sent-file .file-size")
    sheet.click("[aria-label='移除 a.png']")
    sheet.wait_for_selector(".sent-file", state="detached")
    assert b'name="file"; filename="b.png"' in site.asked("POST", "/upload")[0].body


def test_dates_read_as_the_rules_say_in_chinese(sheet: Any) -> None:
    date = sheet.locator("[id$='-Field_found_on-date']")
    assert date.input_value() == "2026-11-20"
    date.click()
    assert "十一月" in sheet.text_content(".flatpickr-calendar.open .flatpickr-current-month")
    date.fill("2026-12-01")
    date.press("Tab")
    assert date.input_value() == "2026-12-01"


def test_a_finished_form_reads_as_text_with_titles_and_photos(open_page: Any, site: Any) -> None:
    site.answers["GET", "/api/registers/criteria/entries"] = (200, entries(CRITERIA))
    site.answers["GET", "/api/registers/kinds/entries"] = (200, entries(KINDS))
    page = open_page("/shown.html")
    page.wait_for_selector(".register-chip:has-text('除尘系统未按规定设置')")
    assert page.locator("a[data-photo] img").is_visible()
    assert page.text_content(".geopoint-value") == "120.155070, 30.274085"
    assert page.locator("button:visible").count() == 0


def test_the_form_fits_a_phone(open_page: Any, site: Any) -> None:
    page = open_page("/form.html", width=390, height=844, has_touch=True, is_mobile=True)
    page.wait_for_selector("text=拍照")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_quick_enter_never_takes_what_was_found_for_other_words(sheet: Any) -> None:
    field(sheet, "criterion").focus()
    sheet.wait_for_selector("[role=option] >> nth=1")
    sheet.keyboard.type("除")
    sheet.keyboard.press("Enter")
    assert sheet.locator(".register-chip").count() == 0
    sheet.wait_for_selector("[role=option] >> text=除尘")
    sheet.keyboard.press("Enter")
    sheet.wait_for_selector(".register-chip:has-text('GZ-12')")
