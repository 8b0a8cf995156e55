"""What lists show of a case follows its data, the time, and the expressions of its app; nothing else is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine import Case, Engine, ProcessApp, Summary, feel
from tests.conftest import Cast
from tests.engine.test_limits import Desk, day, orders

__all__ = ["orders"]


@contextmanager
def evaluated() -> Iterator[list[str]]:
    """Notes every expression that is evaluated."""
    found: list[str] = []
    real = feel.Expression.evaluate

    def evaluate(self: feel.Expression, *args: Any) -> Any:
        found.append(self.text)
        return real(self, *args)

    feel.Expression.evaluate = evaluate  # type: ignore[method-assign]
    yield found
    feel.Expression.evaluate = real  # type: ignore[method-assign]


def start(engine: Engine, cast: Cast) -> Case:
    return engine.start_case("repair", {"地点": "三楼", "情况": "漏水", "估价": "1500"}, by=cast.alice)


def change(engine: Engine, cast: Cast, case: Case, **data: Any) -> Case:
    return engine.change_data(case.id, data, by=cast.olga, reason="更正")


def test_only_what_reads_something_that_changed_is_evaluated_again(engine: Engine, cast: Cast) -> None:
    case = start(engine, cast)
    assert (case.title, case.badge, case.tone) == ("报修：三楼", "大修", "red")
    with evaluated() as found:
        case = change(engine, cast, case, 情况="漏电")
    assert found == []
    with evaluated() as found:
        case = change(engine, cast, case, 估价=500)
    assert (case.title, case.badge, case.tone) == ("报修：三楼", "小修", "")
    assert len(found) == 2
    assert change(engine, cast, case, 地点="四楼").title == "报修：四楼"


def test_other_expressions_of_the_app_show_from_the_next_step_on(
    engine: Engine, cast: Cast, repair: ProcessApp
) -> None:
    case = start(engine, cast)
    engine.library.apps["repair"] = replace(repair, summary=Summary(title='="维修：" + 地点'))
    assert change(engine, cast, case, 情况="漏电").title == "维修：三楼"


def test_what_tells_the_time_is_evaluated_at_every_step(engine: Engine, cast: Cast, repair: ProcessApp) -> None:
    app = replace(repair, summary=Summary(title="=string(today())"))
    engine.library.apps["repair"] = app
    case = start(engine, cast)
    tomorrow = engine.clock() + timedelta(days=1)
    engine.clock = lambda: tomorrow
    again = change(engine, cast, case, 情况="漏电")
    assert case.title != again.title
    assert again.title == feel.parse("string(today())").evaluate({}, feel.Environment(now=tomorrow))


DUE = Summary(due="=end of day(date(限期))")


def test_when_a_case_is_due_is_found_again_when_its_date_changed(
    engine: Engine, cast: Cast, repair: ProcessApp
) -> None:
    engine.library.apps["repair"] = replace(repair, summary=DUE)
    case = change(engine, cast, start(engine, cast), 限期="2026-12-01")
    with evaluated() as found:
        again = change(engine, cast, case, 情况="漏电")
    assert found == []
    assert again.due_at == case.due_at == datetime(2026, 12, 1, 15, 59, 59, tzinfo=UTC)
    assert change(engine, cast, case, 限期="2026-12-02").due_at == datetime(2026, 12, 2, 15, 59, 59, tzinfo=UTC)


def test_a_function_of_the_apps_own_may_say_something_else_each_time(
    engine: Engine, cast: Cast, repair: ProcessApp
) -> None:
    app = engine.library.apps["repair"] = replace(repair, summary=DUE)
    answers = iter([date(2026, 12, 1), date(2026, 12, 2), date(2026, 12, 3)])
    app.functions["end of day"] = lambda day: next(answers)
    case = change(engine, cast, start(engine, cast), 限期="2026-12-01")
    assert change(engine, cast, case, 情况="漏电").due_at == datetime(2026, 12, 3, 15, 59, 59, tzinfo=UTC)


def test_a_case_whose_limit_is_over_is_due_by_its_data_again(make_engine: Any, orders: ProcessApp, clock: Any) -> None:
    desk_engine = make_engine([replace(orders, summary=DUE)])
    desk = Desk(desk_engine, Cast(desk_engine), clock)

    def due() -> str:
        [case] = desk.all(Case, Case.id == desk.case.id)
        return day(case.due_at)

    desk_engine.change_data(desk.case.id, {"限期": "2026-12-01"}, by=desk.cast.olga, reason="更正")
    assert due() == "2026-12-01"
    desk.done("check")
    assert due() == "2026-03-16"
    desk.done("fix")
    assert due() == "2026-12-01"


def test_the_unit_of_a_case_is_looked_up_again_when_the_directory_changed(
    engine: Engine, cast: Cast, repair: ProcessApp
) -> None:
    engine.library.apps["repair"] = replace(repair, summary=Summary(unit='=unit above(区划, "county").code'))
    case = change(engine, cast, start(engine, cast), 区划="420101001")
    assert case.unit_name == "某县"
    with evaluated() as found:
        change(engine, cast, case, 情况="漏电")
    assert found == []
    engine.load_people([{"code": "420101", "name": "某区", "kind": "county", "parent": "4201"}], [])
    assert change(engine, cast, case, 情况="漏水").unit_name == "某区"
