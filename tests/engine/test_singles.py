"""One case at a time runs for one matter, whoever starts it and however many start it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import AlreadyRuns, AppInvalid, Case, Engine, ProcessApp, Single, Task, feel
from engine.models import Job
from tests.conftest import Clock

APPS = Path(__file__).parent.parent / "apps"
GIVEN = {
    "place": '=if place = null then (if tasks = null then "?" else tasks[1].unit_code) else place',
    "rows": "=if rows = null then (if case = null then [] else [case.number]) else rows",
    "key": '=place + "/" + (if cause = null then limit.code else cause)',
}
MATTER = ProcessApp(
    name="singles",
    title="Matters",
    folder=APPS / "singles",
    process="matter",
    number="M-{region}-{seq:03}",
    roles={"officer": "执法人员"},
    starters={"matter": ("*",)},
    singles={"matter": Single(message="matter", key="=key", given=GIVEN, unit="=place")},
)
ORDERS = ProcessApp(
    name="orders",
    title="责令整改",
    folder=APPS / "limits",
    process="order",
    roles={"officer": "执法人员", "leader": "领导"},
    starters={"order": ("*",)},
)


@pytest.fixture
def engine(make_engine: Any, tmp_path: Path) -> Engine:
    folder = tmp_path / "orders"
    folder.mkdir()
    for file in ORDERS.folder.iterdir():
        text = file.read_text(encoding="utf-8").replace("do: start, name: blame", "do: start, name: matter")
        (folder / file.name).write_text(text, encoding="utf-8")
    orders = replace(ORDERS, folder=folder)
    made: Engine = make_engine([MATTER, orders])
    return made


def cases(engine: Engine) -> list[Case]:
    wanted = select(Case).where(Case.app == "singles").order_by(Case.id)
    return engine.read(lambda session: list(session.scalars(wanted)))


def data(engine: Engine, case: Case) -> Any:
    return feel.loads(engine.read(lambda session: session.scalar(select(Case.data).where(Case.id == case.id))))


def test_a_person_is_told_which_case_is_open_until_it_has_ended(engine: Engine, cast: Any) -> None:
    asked = {"place": "420101001", "cause": "late"}
    first = engine.start_case("matter", asked, by=cast.bob)
    assert (first.number, first.unit_name) == ("M-420101-001", "某镇")
    with pytest.raises(AlreadyRuns, match="M-420101-001"):
        engine.start_case("matter", asked, by=cast.alice)
    engine.start_case("matter", {**asked, "cause": "other"}, by=cast.bob)
    task = engine.read(lambda session: session.scalar(select(Task).where(Task.case_id == first.id)))
    engine.complete_task(task.id, by=cast.bob, data={})
    engine.start_case("matter", asked, by=cast.alice)
    assert len(cases(engine)) == 3


def test_a_message_begins_a_case_or_joins_it(engine: Engine, cast: Any) -> None:
    sent = {"place": "420101001", "cause": "late", "rows": ["A"], "key": "420101001/late"}
    engine.publish_message("matter", sent["key"], sent, by=cast.olga)
    engine.publish_message("matter", sent["key"], {**sent, "rows": ["B"]}, by=cast.olga)
    (case,) = cases(engine)
    assert data(engine, case)["rows"] == ["A", "B"]
    with pytest.raises(AlreadyRuns):
        engine.start_case("matter", {"place": "420101001", "cause": "late"}, by=cast.bob)


def test_ladders_of_several_cases_lead_to_one(engine: Engine, cast: Any, clock: Clock) -> None:
    orders = [engine.start_case("order", {}, by=cast.bob) for _number in range(3)]
    clock.advance(days=30)
    while engine.run_due_jobs():
        continue
    (case,) = cases(engine)
    assert data(engine, case)["rows"] == [order.number for order in orders]
    assert (case.unit_name, data(engine, case)["key"]) == ("某县应急管理局", "420101-yj/check")
    assert engine.read(lambda session: session.scalars(select(Job).where(Job.state == "failed")).all()) == []


def test_of_many_who_start_at_once_one_does(engine: Engine, cast: Any) -> None:
    people = [cast.bob, cast.alice, cast.bella, cast.diana]

    def start(person: Any) -> bool:
        try:
            engine.start_case("matter", {"place": "420101001", "cause": "late"}, by=person)
        except AlreadyRuns:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(start, people)) == 1
    assert len(cases(engine)) == 1


def test_a_key_that_cannot_be_read_stops_the_app() -> None:
    with pytest.raises(AppInvalid, match="singles"):
        ProcessApp(name="singles", title="", folder=APPS, process="matter",
                   singles={"matter": Single(message="matter", key="=1 +")})  # fmt: skip
