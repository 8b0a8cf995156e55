"""One case from report to closure."""

from __future__ import annotations

from typing import Any

from engine import Engine, queries


def test_a_case_walks_from_report_to_closure(engine: Engine, cast: Any) -> None:
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    assert case.number == "BX-420101-2026-001"
    assert case.title == "报修：三楼"
    [fix] = engine.read(queries.inbox, cast.bob).items
    assert (fix.name, fix.role, fix.unit_name) == ("维修", "officer", "某县应急管理局")
    engine.complete_task(fix.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    [check] = engine.read(queries.inbox, cast.bella).items
    done = engine.complete_task(check.id, by=cast.bella, data={}, outcome="合格")
    assert (done.state, done.end_element) == ("closed", "closed")
