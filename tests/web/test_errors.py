"""Errors become pages and JSON by one table; faults of ours tell nothing but a number."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy.exc import OperationalError

from engine import BihuanError, Conflict, Invalid, NotFound, Refused, feel
from web.errors import status_of
from web.locale import sentence

from .conftest import Browser

Visit = Callable[[str], Browser]


@pytest.mark.parametrize(
    ("kind", "status"), [(NotFound, 404), (Refused, 403), (Conflict, 409), (Invalid, 422), (BihuanError, 500)]
)
def test_the_kind_decides_the_status_also_of_what_derives_from_it(kind: type[BihuanError], status: int) -> None:
    assert status_of(kind()) == status
    assert status_of(type("Derived", (kind,), {})()) == status


def test_a_fault_of_ours_shows_a_number_and_logs_the_cause(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise RuntimeError("the password is sesame")

    app.add_url_rule("/healthz/broken", "health.healthz.broken", broken)
    app.before_request_funcs[None].clear()
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/healthz/broken")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "sesame" not in page
    number = re.search(r"<strong>([0-9A-F]{8})</strong>", page)
    assert number
    assert number[1] in caplog.text
    assert "sesame" in caplog.text


def test_the_page_of_a_fault_needs_no_database(visit: Visit, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = visit("bob")

    def down(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("select 1", {}, Exception("connection refused at 10.0.0.1"))

    monkeypatch.setattr(engine, "read", down)
    answer = bob.get("/inbox")
    assert answer.status_code == 500
    assert "服务器出错" in answer.get_data(as_text=True)
    assert "10.0.0.1" not in answer.get_data(as_text=True)


def test_scripts_get_json(visit: Visit) -> None:
    bob = visit("bob")
    answer = bob.get("/tasks/01890000-0000-7000-8000-000000000000", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (404, "application/json")
    assert answer.get_json()["message"]


def test_whoever_is_not_signed_in_gets_json_or_a_part_where_a_page_makes_no_sense(stranger: Browser) -> None:
    assert stranger.get("/inbox", headers={"Accept": "application/json"}).status_code == 401
    assert stranger.get("/inbox", headers={"HX-Request": "true"}).status_code == 401


def test_a_wrong_method_is_answered_in_words(visit: Visit) -> None:
    answer = visit("bob").post("/inbox")
    assert answer.status_code == 405
    assert "这里不能这样操作" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh", "第 1 行第 4 列：遇到文本结尾，应为表达式。"),
        ("en", "Line 1, column 4: found the end of the text, expected an expression."),
    ],
)
def test_a_fault_of_feel_is_told_wholly_in_the_readers_language(app: Flask, language: str, told: str) -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught, app.test_request_context(), force_locale(language):
        feel.parse("1 +")
    with app.test_request_context(), force_locale(language):
        assert sentence(caught.value) == told
