"""Files: uploaded in forms and to cases, shown small and whole, never run by the browser."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from .conftest import Browser, first_task
from .test_tasks import page_data

Visit = Callable[[str], Browser]


def photo(side: int = 800) -> BytesIO:
    content = BytesIO()
    Image.new("RGB", (side, side // 2), "#2460a7").save(content, "JPEG")
    content.seek(0)
    return content


def upload(browser: Browser, path: str, content: BytesIO, name: str) -> Any:
    data = {"file": (content, name)}
    return browser.client.post(path, data=data, headers={"X-CSRFToken": browser.token, "Accept": "application/json"})


def test_a_photo_of_the_start_form_goes_with_the_case(visit: Visit) -> None:
    alice = visit("alice")
    answer = upload(alice, "/attachments/", photo(), "漏水.jpg")
    assert answer.status_code == 201
    kept = answer.get_json()
    assert set(kept) == {"id", "name", "size", "content_type", "url"}
    sent = {"地点": "三栋", "漏水情况": "滴水", "照片": [kept]}
    case = alice.send("POST", "/cases/start/leak", {"data": sent, "outcome": None}).get_json()["location"]
    page = alice.get(case).get_data(as_text=True)
    assert page.count("漏水.jpg") >= 2
    assert f"{kept['url']}/preview" in page
    bob = visit("bob")
    shown = page_data(bob.get(first_task(bob)).get_data(as_text=True), "data")["照片"]
    assert shown == [kept]


def test_a_photo_is_shown_whole_and_small(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    url = upload(bob, f"/attachments/?task_id={first_task(bob)[7:]}", photo(), "a.jpg").get_json()["url"]
    whole, small = bob.get(url), bob.get(f"{url}/preview")
    assert whole.mimetype == small.mimetype == "image/jpeg"
    assert Image.open(BytesIO(whole.data)).size == (800, 400)
    assert Image.open(BytesIO(small.data)).size == (240, 120)
    assert "sandbox" in whole.headers["Content-Security-Policy"]


def test_what_is_no_photo_is_only_downloaded(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    bob.get(leak["case"])
    pdf = BytesIO(b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n")
    answer = bob.client.post(f"/attachments/of/{leak['id']}", data={"csrf_token": bob.token, "file": (pdf, "报告.pdf")})
    assert answer.status_code == 303
    page = bob.get(leak["case"]).get_data(as_text=True)
    assert "报告.pdf" in page
    url = page.partition('<a href="/attachments/')[2].partition('"')[0]
    answer = bob.get(f"/attachments/{url}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "application/octet-stream"
    assert bob.get(f"/attachments/{url}/preview").status_code == 404


def test_a_page_is_not_taken_as_a_file(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    answer = upload(bob, "/attachments/", BytesIO(b"<html><script>alert(1)</script></html>"), "a.jpg")
    assert answer.status_code == 422
    assert "a.jpg" in answer.get_json()["message"]


def test_a_file_that_is_too_large_is_refused_with_the_limit(visit: Visit) -> None:
    alice = visit("alice")
    answer = upload(alice, "/attachments/", BytesIO(b"x" * (22 * 1024 * 1024)), "a.jpg")
    assert answer.status_code == 413
    assert answer.get_json()["message"] == "文件太大"
    assert "20 MB" in answer.get_json()["detail"]


def test_nobody_else_may_read_a_file(visit: Visit, leak: dict[str, Any]) -> None:
    bob, mallory = visit("bob"), visit("mallory")
    url = upload(bob, f"/attachments/?task_id={first_task(bob)[7:]}", photo(), "a.jpg").get_json()["url"]
    assert mallory.get(url).status_code == 403
    assert mallory.get(f"{url}/preview").status_code == 403
    assert visit("alice").get(url).status_code == 200
