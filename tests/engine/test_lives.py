"""What a process keeps in memory of the cases that it stepped."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from engine import Engine, feel, queries, tasks
from engine.lives import Live, Lives


def written(name: str) -> tuple[str, str]:
    return feel.encode({"name": name}), "{}"


def live(name: str) -> Live:
    return Live(written(name), {"name": name}, {})


def test_a_case_is_handed_out_once_and_only_as_it_was_written_last() -> None:
    lives, case = Lives(), uuid4()
    lives.keep({case: live("old")})
    lives.keep({case: live("new")})
    assert lives.take(case, written("old")) is None
    lives.keep({case: live("new")})
    found = lives.take(case, written("new"))
    assert found is not None
    assert found.data == {"name": "new"}
    assert lives.take(case, written("new")) is None, "a step has it"


def test_those_stepped_long_ago_go_first_and_all_of_them_have_bounded_size() -> None:
    lives, cases = Lives(room=100), [uuid4() for _ in range(10)]
    for number, case in enumerate(cases):
        lives.keep({case: live(f"{number:017}")})  # 30 characters each
    assert [lives.take(case, written(f"{number:017}")) is not None for number, case in enumerate(cases)] == [
        number >= 7 for number in range(10)
    ]
    lives.keep({cases[0]: live("x" * 101)})
    assert lives.take(cases[0], written("x" * 101)) is None, "more than there is room for"


@pytest.mark.parametrize("is_stepped_elsewhere", [False, True])
def test_a_step_goes_on_from_memory_unless_the_row_says_something_else(
    engine: Engine, make_engine: Any, repair: Any, cast: Any, monkeypatch: Any, is_stepped_elsewhere: bool
) -> None:
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    (task,) = engine.read(queries.inbox, cast.bob).items
    if is_stepped_elsewhere:
        changed = "UPDATE cases SET data = replace(data, '一楼', '二楼')"
        with engine.database.begin() as connection:
            assert connection.execute(text(changed)).rowcount == 1
    found: list[Live | None] = []
    take = Lives.take

    def watch(lives: Lives, *asked: Any) -> Live | None:
        found.append(take(lives, *asked))
        return found[-1]

    monkeypatch.setattr(Lives, "take", watch)
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert [each is None for each in found] == [is_stepped_elsewhere]
    data = engine.read(queries.case, cast.olga, task.case_id).data
    assert (data["地点"], data["处理"]) == ("二楼" if is_stepped_elsewhere else "一楼", "换管")


def test_what_a_failed_step_has_touched_is_forgotten(engine: Engine, cast: Any) -> None:
    engine.start_case("repair", {"地点": "一楼", "情况": "漏水"}, by=cast.alice)
    (task,) = engine.read(queries.inbox, cast.bob).items

    def fail_late(turn: Any) -> None:
        tasks.complete(turn, task.id, {"处理": "换管"}, outcome="修好")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        engine.write(cast.bob, fail_late)
    engine.complete_task(task.id, by=cast.bob, data={"处理": "焊"}, outcome="修好")
    assert engine.read(queries.case, cast.olga, task.case_id).data["处理"] == "焊"
