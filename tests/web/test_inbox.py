"""The inbox: what waits for whom, claimed in the row, filtered, searched, paged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlalchemy import text as statement

from engine import Engine
from engine.queries import waiting

from .conftest import NUMBER, PASSWORD, Browser, first_task

Visit = Callable[[str], Browser]


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def test_the_first_page_is_the_inbox(visit: Visit) -> None:
    assert visit("bob").get("/").location == "/inbox"


def test_a_task_waits_in_the_inbox_of_its_queue_and_in_no_other(visit: Visit, leak: dict[str, Any]) -> None:
    page = text(visit("bob"), "/inbox")
    for words in ("现场查看", "厨房天花板滴水", "三栋 402", NUMBER, "物业办 管道工", "剩 2 个工作日"):
        assert words in page
    assert "现场查看" not in text(visit("mallory"), "/inbox")
    assert "现场查看" not in text(visit("carol"), "/inbox")


def test_an_empty_inbox_says_so_and_offers_the_one_thing_to_do(visit: Visit) -> None:
    page = text(visit("alice"), "/inbox")
    assert "没有待办任务" in page
    assert 'href="/cases/start"' in page
    assert "没有待办任务" in text(visit("mallory"), "/inbox")


def test_claiming_in_the_row_answers_with_the_row(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    answer = bob.post(f"{first_task(bob)}/claim", headers={"HX-Request": "true"})
    row = answer.get_data(as_text=True).strip()
    assert row.startswith("<tr")
    assert "我的" in row
    assert "签收" not in row
    assert "现场查看" not in text(visit("bert"), "/inbox?show=queue")
    assert "现场查看" in text(bob, "/inbox?show=mine")


def test_who_claims_too_late_reads_who_was_faster_on_the_same_page(visit: Visit, leak: dict[str, Any]) -> None:
    bob, bert = visit("bob"), visit("bert")
    task = first_task(bert)
    bob.post(f"{task}/claim")
    answer = bert.post(f"{task}/claim", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#flashes"
    assert "乙" in answer.get_data(as_text=True)
    assert "<html" not in answer.get_data(as_text=True)


def test_chips_count_and_search_finds_by_number_and_words(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    assert '<span class="count">1</span>' in text(bob, "/inbox")
    assert "现场查看" in text(bob, f"/inbox?q={NUMBER}")
    assert "现场查看" in text(bob, "/inbox?q=天花板")
    page = text(bob, "/inbox?q=马路")
    assert "没有符合条件的任务" in page
    assert "现场查看" not in page


def test_filters_by_limit(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    assert "没有符合条件的任务" in text(bob, "/inbox?due=overdue")
    assert "现场查看" in text(bob, "/inbox?due=soon")


def test_a_long_inbox_is_paged_and_every_task_is_on_one_page(visit: Visit, engine: Engine) -> None:
    alice = engine.sign_in("alice", PASSWORD)
    assert alice is not None
    actor = engine.actor(alice.id)
    for number in range(60):
        engine.start_case("leak", {"地点": f"{number} 号", "漏水情况": f"滴水 {number:02}"}, by=actor)
    bob, seen, path = visit("bob"), [], "/inbox"
    while path:
        page = text(bob, path)
        seen += [number for number in range(60) if f"滴水 {number:02}" in page]
        _, found, rest = page.partition('rel="next" href="')
        path = rest.partition('"')[0].replace("&amp;", "&") if found else ""
    assert sorted(seen) == list(range(60))


def test_done_and_started_keep_what_a_person_did(visit: Visit, leak: dict[str, Any]) -> None:
    bob = visit("bob")
    assert "还没有办结的任务" in text(bob, "/done")
    sent = {"data": {"漏水情况": "水管开裂", "部位": "pipe"}, "outcome": "漏水"}
    assert bob.send("POST", f"{first_task(bob)}/complete", sent).status_code == 200
    assert "现场查看" in text(bob, "/done")
    assert NUMBER in text(visit("alice"), "/started")
    assert "还没有发起过案件" in text(bob, "/started")


def test_the_navigation_shows_only_what_a_person_may_use(visit: Visit) -> None:
    assert 'href="/cases/start"' in text(visit("alice"), "/me")
    assert 'href="/cases/start"' not in text(visit("bob"), "/me")


@pytest.fixture
def crowd(visit: Visit, engine: Engine, leak: dict[str, Any]) -> int:
    """120 tasks more in the queue of plumbers, the last of which is another step."""
    columns = [column["name"] for column in inspect(engine.database).get_columns("tasks")]
    kept = ", ".join(name for name in columns if name not in ("id", "token", "name"))
    with engine.database.connect().execution_options(writes=True) as connection:
        for number in range(120):
            name = "最后一步" if number == 119 else "现场查看"
            copied = f"printf('%032x', {number + 1}), {number + 1000}, :name, {kept} FROM tasks LIMIT 1"
            connection.execute(
                statement(f"INSERT INTO tasks (id, token, name, {kept}) SELECT {copied}"), {"name": name}
            )
        connection.execute(statement("UPDATE tasks SET order_at = '2099-01-01 00:00:00' WHERE name = '最后一步'"))
        connection.commit()
    return 121


def test_a_badge_goes_up_to_99_and_the_list_counts_on(visit: Visit, crowd: int) -> None:
    page = text(visit("bob"), "/inbox")
    assert '<span class="count">99+</span>' in page
    assert f"{crowd} 条" in page


def test_who_looks_for_a_rare_step_among_very_many_tasks_looks_further_until_it_is_found(
    visit: Visit, crowd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOKED", 50)
    monkeypatch.setattr(waiting, "LOOKED_LEAST", 50)
    bob = visit("bob")
    pages = [text(bob, "/inbox?step=最后一步")]
    while 'rel="next"' in pages[-1]:
        assert "继续查找" in pages[-1]
        assert "目前查找过的任务中没有符合条件的" in pages[-1]
        assert "没有符合条件的任务" not in pages[-1]
        pages.append(text(bob, pages[-1].partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")))
    assert len(pages) == 3
    assert "最后一步</a>" in pages[-1]
    assert "没有符合条件的任务" in text(bob, "/inbox?due=overdue&step=最后一步")


def test_an_inbox_costs_few_statements_however_many_places_of_the_page_show_its_count(
    visit: Visit, engine: Engine, statements: Any, crowd: int
) -> None:
    bob = visit("bob")
    with statements(engine) as seen:
        page = text(bob, "/inbox")
    assert page.count('<span class="count">99+</span>') + page.count('<span class="count ms-auto">99+</span>') >= 3
    assert len(seen) <= 14, "\n".join(seen)
    assert len(seen) == len(set(seen)), "something is asked twice"
