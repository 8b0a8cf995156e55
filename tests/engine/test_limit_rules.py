"""Rules of limits that designers write: checked against the diagrams in force, what they change is told before."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine import DesignersOnly, Engine, FaultsFound, ProcessApp
from engine.calendars import CHINA
from engine.limit_rules import LimitRuleUnchanged

FOLDER = Path(__file__).parent.parent / "apps" / "limits"
RULES = {
    entry["code"]: entry for entry in yaml.safe_load((FOLDER / "limits.yaml").read_text(encoding="utf-8"))["limits"]
}
DAY = date(2026, 9, 30)


@pytest.fixture
def engine(make_engine: Any) -> Engine:
    app = ProcessApp(
        name="orders",
        title="责令整改",
        folder=FOLDER,
        process="order",
        roles={"officer": "执法人员", "leader": "领导"},
        starters={"order": ("*",)},
    )
    made: Engine = make_engine([app])
    return made


def rule(name: str, /, **changed: Any) -> str:
    return yaml.safe_dump({**RULES[name], **changed}, allow_unicode=True)


def test_a_rule_alone_is_checked_against_the_diagram_in_force(engine: Engine, cast: Any) -> None:
    strange = rule("rectification", starts=[{"element": "check"}, {"element": "gone"}], decided_by=["leader", "king"])
    for ask in (
        lambda: engine.deploy_limit("orders", strange, by=cast.olga),
        lambda: engine.foresee_rule("orders", strange, DAY, by=cast.olga),
    ):
        with pytest.raises(FaultsFound) as found:
            ask()
        told = {(fault.element, fault.reason) for fault in found.value.faults}
        assert ("starts.1.element", "the process order has no element gone") in told
        assert any(place == "decided_by.1" for place, _reason in told)
        assert len(told) == 2
    with pytest.raises(FaultsFound) as found:
        engine.deploy_limit("orders", rule("rectification", process="nothing"), by=cast.olga)
    assert [fault.element for fault in found.value.faults] == ["process"]


def test_a_diagram_that_loses_an_element_of_a_limit_is_told_of_it(engine: Engine) -> None:
    diagram = (FOLDER / "order.bpmn").read_text(encoding="utf-8")
    assert engine.check_diagram(diagram).warnings == []
    (warning,) = [
        each
        for each in engine.check_diagram(diagram.replace('"fix"', '"mend"')).warnings
        if each.code == "limit-element"
    ]
    assert "整改时限" in warning.reason
    assert "fix" in warning.reason


def test_what_a_rule_changes_is_told_before_it_is_in_force(engine: Engine, cast: Any) -> None:
    engine.start_case("order", {}, by=cast.bob)
    engine.start_case("order", {}, by=cast.bob)
    found = engine.foresee_rule("orders", rule("check", term="5 workdays"), DAY, by=cast.olga)
    assert (found.version, found.kept, found.begins, found.shadow) == (2, 2, date(2026, 3, 2), None)
    assert [(each.field, str(each.before), str(each.after)) for each in found.changes] == [
        ("term", "3 workdays", "5 workdays")
    ]
    assert found.due.due_at is not None
    assert found.due_before is not None
    assert found.due_before.due_at is not None
    days = [each.astimezone(CHINA).date() for each in (found.due_before.due_at, found.due.due_at)]
    assert days == [date(2026, 10, 10), date(2026, 10, 13)]
    later = engine.foresee_rule("orders", rule("check", effective_from="2026-07-01"), DAY, by=cast.olga)
    assert later.begins == date(2026, 7, 1)
    new = engine.foresee_rule("orders", rule("check", code="fresh"), DAY, by=cast.olga)
    assert (new.version, new.changes, new.kept, new.due_before) == (1, [], 0, None)


def test_a_version_that_would_never_be_counted_by_is_told_of(engine: Engine, cast: Any) -> None:
    engine.deploy_limit("orders", rule("check", effective_from="2026-01-01"), by=cast.olga)
    without = rule("check", term="9 workdays")
    assert engine.foresee_rule("orders", without, DAY, by=cast.olga).shadow == 2
    engine.deploy_limit("orders", without, by=cast.olga)
    assert engine.start_case("order", {}, by=cast.bob)
    again = rule("check", term="9 workdays", effective_from="2026-01-01")
    assert engine.foresee_rule("orders", again, DAY, by=cast.olga).shadow is None


def test_a_rule_that_says_the_same_or_comes_from_anybody_is_refused(engine: Engine, cast: Any) -> None:
    with pytest.raises(LimitRuleUnchanged):
        engine.foresee_rule("orders", rule("check"), DAY, by=cast.olga)
    with pytest.raises(DesignersOnly):
        engine.foresee_rule("orders", rule("check", term="5 workdays"), DAY, by=cast.bob)
