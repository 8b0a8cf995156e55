"""Signing in and out, sessions, roles, languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine import SYSTEM, Engine
from web import create_app
from web.addresses import safe
from web.config import Settings

from .conftest import PASSWORD, Browser

Visit = Callable[[str], Browser]


def test_whoever_is_not_signed_in_is_led_to_sign_in_and_back(stranger: Browser) -> None:
    answer = stranger.get("/cases/?state=open")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/cases/?state%3Dopen"
    answer = stranger.sign_in("bob", next="/cases/?state=open")
    assert (answer.status_code, answer.location) == (303, "/cases/?state=open")


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(stranger: Browser) -> None:
    wrong = stranger.sign_in("bob", "not this one at all")
    unknown = stranger.sign_in("nobody", "not this one at all")
    assert wrong.status_code == unknown.status_code == 401
    assert "账号或密码不正确" in wrong.get_data(as_text=True)
    assert "账号或密码不正确" in unknown.get_data(as_text=True)
    assert stranger.get("/inbox").status_code == 302


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\tevil", "evil", "", None],
)
def test_sign_in_leads_to_no_other_site(address: str | None) -> None:
    assert safe(address, "/inbox") == "/inbox"


def test_an_address_of_ours_with_its_query_is_kept() -> None:
    assert safe("/cases/?q=%E6%BC%8F", "/inbox") == "/cases/?q=%E6%BC%8F"


def test_sign_out_ends_the_session(visit: Visit) -> None:
    bob = visit("bob")
    answer = bob.post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert bob.get("/inbox").status_code == 302


def test_a_form_without_the_pages_token_is_refused(visit: Visit) -> None:
    bob = visit("bob")
    bob.token = "made up"
    answer = bob.post("/sign-out")
    assert answer.status_code == 400
    assert "已经失效" in answer.get_data(as_text=True)
    assert bob.get("/inbox").status_code == 200


def test_too_many_attempts_are_stopped_for_the_address_and_for_the_name(settings: Settings, engine: Engine) -> None:
    app = create_app(replace(settings, sign_in_rate="3 per hour"), engine)
    first = Browser(app.test_client())
    for _ in range(3):
        assert first.sign_in("bob", "wrong wrong wrong").status_code == 401
    answer = first.sign_in("bob", PASSWORD)
    assert answer.status_code == 429
    assert "尝试次数过多" in answer.get_data(as_text=True)
    elsewhere = Browser(app.test_client())
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.sign_in("bob", PASSWORD).status_code == 429
    assert elsewhere.sign_in("carol", PASSWORD).status_code == 303


def test_a_new_password_ends_all_other_sessions(visit: Visit, engine: Engine) -> None:
    here, there = visit("bob"), visit("bob")
    new = "another long password"
    answer = here.post("/me/password", old=PASSWORD, new=new, again=new)
    assert answer.status_code == 303
    assert here.get("/inbox").status_code == 200
    assert there.get("/inbox").status_code == 302
    assert engine.sign_in("bob", new) is not None


def test_the_old_password_must_be_right_and_the_new_one_typed_twice(visit: Visit, engine: Engine) -> None:
    bob = visit("bob")
    new = "another long password"
    bob.post("/me/password", old="wrong wrong", new=new, again=new)
    assert "原密码不正确" in bob.get("/me").get_data(as_text=True)
    bob.post("/me/password", old=PASSWORD, new=new, again="something else here")
    assert "两次输入的新密码不一致" in bob.get("/me").get_data(as_text=True)
    assert engine.sign_in("bob", PASSWORD) is not None


def test_a_disabled_account_is_out_at_once(visit: Visit, engine: Engine) -> None:
    bob = visit("bob")
    engine.load_people([], [{"login": "bob", "name": "乙", "is_active": False, "roles": []}])
    assert bob.get("/inbox").status_code == 302


def test_pages_speak_chinese_and_each_person_may_choose_english(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    page = bob.get("/inbox").get_data(as_text=True)
    assert '<html lang="zh-CN"' in page
    assert "待办" in page
    bob.post("/language", locale="en", next="/inbox")
    assert '<html lang="en"' in bob.get("/inbox").get_data(as_text=True)
    bob.post("/sign-out")
    bob.sign_in("bob")
    assert '<html lang="en"' in bob.get("/inbox").get_data(as_text=True)


def test_who_holds_several_roles_may_work_under_one(visit: Visit, leak: dict[str, Any], engine: Engine) -> None:
    bert = visit("bert")
    assert "现场查看" in bert.get("/inbox").get_data(as_text=True)
    unit = next(held.unit_id for held in engine.actor(_id(engine, "bert")).memberships)
    bert.post("/role", role=f"manager@{unit}")
    assert "现场查看" not in bert.get("/inbox").get_data(as_text=True)
    bert.post("/role", role=f"boss@{unit}")
    assert "现场查看" in bert.get("/inbox").get_data(as_text=True)


def _id(engine: Engine, login: str) -> int:
    person = engine.sign_in(login, PASSWORD)
    assert person is not None
    return person.id


def test_demo_accounts_are_offered_only_on_a_demo(settings: Settings, engine: Engine, stranger: Browser) -> None:
    assert "演示账号" not in stranger.get("/sign-in").get_data(as_text=True)
    demo = Browser(create_app(replace(settings, demo=True, demo_password=PASSWORD), engine).test_client())
    page = demo.get("/sign-in").get_data(as_text=True)
    assert "演示账号" in page
    assert "管道工" in page
    assert demo.sign_in("bob").status_code == 303


def test_the_system_itself_cannot_sign_in(stranger: Browser) -> None:
    assert stranger.sign_in(SYSTEM.login, "").status_code == 401
