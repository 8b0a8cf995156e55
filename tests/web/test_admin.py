"""What operators do on the pages of the system, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import Engine
from tests.web.conftest import PASSWORD, Browser

Visit = Callable[[str], Browser]
PAGES = ("people", "people/new", "people/alice", "units", "incidents", "jobs", "deployments")


@pytest.mark.parametrize("page", PAGES)
def test_an_operator_opens_every_page_of_the_system(visit: Visit, page: str) -> None:
    answer = visit("root").get(f"/admin/{page}")
    assert answer.status_code == 200
    assert "系统管理" in answer.get_data(as_text=True)


@pytest.mark.parametrize("page", PAGES)
def test_a_handler_is_refused_and_told_who_may(visit: Visit, page: str) -> None:
    answer = visit("bob").get(f"/admin/{page}")
    assert answer.status_code == 403


def test_a_handler_sees_no_entry_of_the_system(visit: Visit) -> None:
    assert "系统管理" not in visit("bob").get("/inbox").get_data(as_text=True)


def new_person(**changes: Any) -> dict[str, Any]:
    return {
        "login": "grace",
        "name": "庚",
        "post": "水工",
        "role": "plumber",
        "unit": "office",
        "password": "grace's own words",
    } | changes


def test_a_person_who_was_added_signs_in_and_holds_the_role(visit: Visit, stranger: Browser, engine: Engine) -> None:
    answer = visit("root").post("/admin/people/new", **new_person())
    assert answer.status_code == 303
    assert stranger.sign_in("grace", "grace's own words").status_code == 303
    person = engine.sign_in("grace", "grace's own words")
    assert person is not None
    (held,) = engine.actor(person.id).memberships
    assert (held.role, held.unit_name) == ("plumber", "物业办")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"login": "bob"}, "bob"),
        ({"login": "has space"}, "has space"),
        ({"password": "short"}, "10"),
        ({"name": ""}, "姓名"),
        ({"unit": "atlantis"}, "atlantis"),
    ],
)
def test_what_is_wrong_with_a_new_person_is_said_and_nothing_typed_is_lost(
    visit: Visit, changes: dict[str, str], words: str
) -> None:
    answer = visit("root").post("/admin/people/new", **new_person(**changes))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert 'value="水工"' in page


def test_a_role_is_given_and_taken_away(visit: Visit, engine: Engine) -> None:
    root = visit("root")
    root.post("/admin/people/bob/roles", role="manager", unit="other")
    assert "西山镇" in root.get("/admin/people/bob").get_data(as_text=True)
    root.post("/admin/people/bob/roles/taken", role="manager", unit="other")
    person = engine.sign_in("bob", PASSWORD)
    assert person is not None
    assert engine.actor(person.id).roles == {"plumber"}, "the role held before stays, the password too"


def test_a_disabled_account_is_signed_out_at_once(visit: Visit) -> None:
    bob = visit("bob")
    assert bob.get("/inbox").status_code == 200
    visit("root").post("/admin/people/bob/active", active="no")
    assert bob.get("/inbox").status_code == 302


def test_operators_do_not_lock_themselves_out(visit: Visit) -> None:
    root = visit("root")
    root.post("/admin/people/root/active", active="no")
    assert root.get("/admin/people").status_code == 200


def test_a_reset_password_ends_the_sessions_of_the_old_one(visit: Visit, stranger: Browser) -> None:
    bob = visit("bob")
    visit("root").post("/admin/people/bob/password", password="quite another one")
    assert bob.get("/inbox").status_code == 302
    assert stranger.sign_in("bob", "quite another one").status_code == 303


def test_an_unknown_person_is_not_found(visit: Visit) -> None:
    assert visit("root").get("/admin/people/nobody").status_code == 404


def test_people_are_found_by_unit(visit: Visit) -> None:
    page = visit("root").get("/admin/people?q=西山").get_data(as_text=True)
    assert "mallory" in page
    assert "carol" not in page


def test_the_deployment_of_the_app_is_listed_with_its_contents(visit: Visit) -> None:
    page = visit("root").get("/admin/deployments").get_data(as_text=True)
    assert "漏水" in page
    assert "第 1 版" in page
