"""What cannot go on stands still, says why, and goes on after repair."""

from __future__ import annotations

from typing import Any

import pytest

from engine import AlreadyImported, CaseEnded, Engine, IncidentResolved, OperatorsOnly, UnitNotFound, queries


def test_a_condition_that_is_neither_true_nor_false_is_an_incident(engine: Engine, cast: Any) -> None:
    case = engine.start_case("doubtful", {"金额": "很多"}, by=cast.alice)
    assert (case.state, case.incidents) == ("open", 1)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert incident.element == "big"
    assert "金额 > 10" in str(incident.detail)
    with pytest.raises(OperatorsOnly):
        engine.change_data(case.id, {"金额": 20}, by=cast.alice, reason="更正")
    engine.change_data(case.id, {"金额": 20}, by=cast.olga, reason="更正")
    done = engine.retry_incident(incident.id, by=cast.olga)
    assert (done.state, done.end_element, done.incidents) == ("closed", "large", 0)
    with pytest.raises(IncidentResolved):
        engine.retry_incident(incident.id, by=cast.olga)
    kinds = [event.kind for event in engine.read(queries.case, cast.olga, case.id).history]
    assert [kind for kind in kinds if kind in ("incident", "data_changed", "retried")] == [
        "incident",
        "data_changed",
        "retried",
    ]


def test_a_retry_that_fails_again_is_a_new_incident(engine: Engine, cast: Any) -> None:
    case = engine.start_case("doubtful", {"金额": "很多"}, by=cast.alice)
    [first] = engine.read(queries.incidents, cast.olga)
    again = engine.retry_incident(first.id, by=cast.olga)
    [second] = engine.read(queries.incidents, cast.olga)
    assert (again.incidents, second.id != first.id) == (1, True)
    engine.cancel_case(case.id, by=cast.olga, reason="作废")
    assert engine.read(queries.incidents, cast.olga) == []
    with pytest.raises(CaseEnded):
        engine.cancel_case(case.id, by=cast.olga, reason="作废")


def test_a_row_is_imported_once(engine: Engine, cast: Any) -> None:
    case = engine.start_case("parallel", {}, by=cast.alice, origin="台账:17")
    with pytest.raises(AlreadyImported) as again:
        engine.start_case("parallel", {}, by=cast.alice, origin="台账:17")
    assert again.value.details == {"origin": "台账:17", "case": case.number}
    assert engine.read(queries.cases, cast.olga).total == 1


def test_a_case_of_an_unknown_unit_is_refused_and_takes_no_number(engine: Engine, cast: Any) -> None:
    with pytest.raises(UnitNotFound):
        engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice, unit_code="?")
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    assert case.number.endswith("-001")
