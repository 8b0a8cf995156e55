"""What lists show of a case follows its data, the time, and the expressions of its app; nothing else is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from engine import Case, Engine, ProcessApp, Summary, feel
from tests.conftest import Cast


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
