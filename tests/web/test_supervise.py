"""The supervision board on real cases: who sees what, and where its numbers lead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import Engine
from tests.web.conftest import Browser, first_task

Visit = Callable[[str], Browser]
LATER = timedelta(days=20)


@pytest.fixture
def overdue(leak: dict[str, Any], engine: Engine, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The leak was due long ago, for it is three weeks later."""
    later = datetime.now(UTC) + LATER

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Later:
            return cls.fromtimestamp(later.timestamp(), tz)

    monkeypatch.setattr("web.supervise.datetime", Later)
    monkeypatch.setattr("web.formatting.datetime", Later)
    engine.clock = lambda: later
    return leak


def test_a_manager_sees_the_overdue_task_and_its_number_leads_to_the_case(
    visit: Visit, overdue: dict[str, Any]
) -> None:
    carol = visit("carol")
    page = carol.get("/supervise/").get_data(as_text=True)
    assert "现场查看" in page
    found = re.search(r'class="tally limit-overdue" href="([^"]+)"', page)
    assert found
    cases = carol.get(found[1].replace("&amp;", "&")).get_data(as_text=True)
    assert f'data-href="{overdue["case"]}"' in cases
    assert re.search(r"超期 \d+ 个工作日", cases)
    assert "未签收" in cases


def test_the_list_names_who_has_the_task(visit: Visit, overdue: dict[str, Any]) -> None:
    bob = visit("bob")
    bob.post(f"{first_task(bob)}/claim")
    page = visit("carol").get("/supervise/cases?due=overdue").get_data(as_text=True)
    assert ">乙" in page
    assert "未签收" not in page


def test_other_towns_are_not_seen(visit: Visit, overdue: dict[str, Any]) -> None:
    mallory = visit("mallory")
    assert "没有在办任务" in mallory.get("/supervise/").get_data(as_text=True)
    assert overdue["case"] not in mallory.get("/supervise/cases").get_data(as_text=True)
    assert mallory.get("/supervise/?unit=town").status_code == 404
    assert mallory.get("/supervise/cases?unit=office").status_code == 404


def test_what_is_due_soon_is_not_overdue(visit: Visit, leak: dict[str, Any]) -> None:
    carol = visit("carol")
    assert leak["case"] in carol.get("/supervise/cases?due=soon").get_data(as_text=True)
    assert leak["case"] not in carol.get("/supervise/cases?due=overdue").get_data(as_text=True)


def test_an_empty_board_says_what_it_will_show(visit: Visit) -> None:
    assert "点数字可查看案件" in visit("carol").get("/supervise/").get_data(as_text=True)


def test_only_those_above_others_have_the_entry(visit: Visit, engine: Engine) -> None:
    engine.load_people([{"code": "lane", "name": "一巷", "kind": "grid", "parent": "town"}], [])
    assert "督办看板" in visit("carol").get("/inbox").get_data(as_text=True), "the office oversees what the town does"
    assert "督办看板" not in visit("mallory").get("/inbox").get_data(as_text=True)
