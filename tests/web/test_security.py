"""Every answer carries the headers that keep a page from running what it should not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine import Engine
from web import create_app
from web.config import Settings

from .conftest import PASSWORD, Browser, first_task

Visit = Callable[[str], Browser]


def test_every_page_forbids_scripts_of_others_and_inline_ones(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    for path in ("/inbox", "/done", "/started", "/cases/", leak["case"], first_task(bob), "/me", "/nowhere"):
        answer = bob.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "object-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        page = answer.get_data(as_text=True)
        scripts = re.findall(r"<script\b[^>]*>", page)
        assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts), path
        assert not re.search(r"<[^>]+ on[a-z]+=", page), path
        assert not re.search(r'(?:src|href)="https?://', page), path


def test_answers_are_not_guessed_framed_or_kept(visit: Visit) -> None:
    headers = visit("bob").get("/inbox").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-cache"


def test_cookies_are_closed_to_scripts_and_other_sites(stranger: Browser) -> None:
    answer = stranger.sign_in("bob")
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie" and "bihuan=" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_with_https_cookies_are_secure_and_browsers_stay_with_it(settings: Settings, engine: Engine) -> None:
    browser = Browser(create_app(replace(settings, https=True), engine).test_client())
    browser.client.environ_base["wsgi.url_scheme"] = "https"
    page = browser.get("/sign-in", base_url="https://localhost")
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    answer = browser.client.post(
        "/sign-in",
        data={"csrf_token": browser.token, "login": "bob", "password": PASSWORD},
        base_url="https://localhost",
        headers={"Referer": "https://localhost/sign-in"},
    )
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie" and "bihuan=" in value)
    assert cookie.startswith("__Host-bihuan=")
    assert "Secure" in cookie


def test_monitors_are_told_without_signing_in(stranger: Browser, engine: Engine) -> None:
    assert stranger.get("/healthz").get_json() == {"status": "ok"}
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ok")


def test_a_server_without_its_tables_is_not_ready(settings: Settings, tmp_path: Any) -> None:
    settings = replace(settings, database_url=f"sqlite:///{tmp_path / 'empty.db'}")
    fresh = create_app(settings, Engine(settings.database_url, apps=[], files=settings.files))
    answer = fresh.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["database"] is False


def test_built_files_are_kept_for_ever_and_sent_compressed(stranger: Browser) -> None:
    page = stranger.get("/sign-in").get_data(as_text=True)
    address = re.search(r'src="(/static/dist/app-[0-9A-Z]+\.js)"', page)
    assert address
    answer = stranger.client.get(address[1], headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert stranger.client.get("/static/../accounts.py").status_code in (302, 404)
