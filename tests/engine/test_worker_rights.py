"""What an account for other systems may fetch and answer: jobs of the units in which it holds the role, and below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import SYSTEM, Actor, Engine, LockedJob, LockLost, ProcessApp

FOLDER = Path(__file__).parent.parent / "apps" / "elsewhere"
ROBOTS = {"of_county": "420101", "of_other_county": "420102", "of_city": "4201", "of_bureau": "420101-yj"}


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    app = ProcessApp(name="elsewhere", title="外部", folder=FOLDER, process="stamping", starters={"stamping": ("*",)})
    app.external("stamp")
    made = make_engine([app])
    made.load_people(
        [], [{"login": login, "name": login, "roles": [("external_system", unit)]} for login, unit in ROBOTS.items()]
    )
    return made


def lock(engine: Engine, by: Actor, **asked: Any) -> list[LockedJob]:
    return engine.lock_jobs(["stamp"], "one", by=by, **asked)


@pytest.mark.parametrize(
    ("robot", "is_given"), [("of_county", True), ("of_bureau", True), ("of_city", True), ("of_other_county", False)]
)
def test_a_program_gets_jobs_of_its_unit_and_those_below_it(
    engine: Engine, cast: Any, robot: str, is_given: bool
) -> None:
    case = engine.start_case("stamping", {"文件名": "通知"}, by=cast.alice, unit_code="420101")
    assert [job.case_id for job in lock(engine, getattr(cast, robot), wait=0.01)] == [case.id] * is_given


def test_jobs_of_cases_without_a_unit_are_given_to_every_program(engine: Engine, cast: Any) -> None:
    case = engine.start_case("stamping", {"文件名": "通知"}, by=SYSTEM)
    assert [job.case_id for job in lock(engine, cast.of_other_county)] == [case.id]


def test_nobody_answers_for_a_job_of_a_unit_that_is_not_theirs_under_the_name_of_its_worker(
    engine: Engine, cast: Any
) -> None:
    engine.start_case("stamping", {"文件名": "通知"}, by=cast.alice, unit_code="420101")
    [job] = lock(engine, cast.of_county)
    by = cast.of_other_county
    for verb in (
        lambda: engine.complete_job(job.id, "one", by=by),
        lambda: engine.fail_job(job.id, "one", "坏了", by=by),
        lambda: engine.throw_error(job.id, "one", "REFUSED", by=by),
        lambda: engine.extend_lock(job.id, "one", 60, by=by),
    ):
        with pytest.raises(LockLost):
            verb()
    engine.complete_job(job.id, "one", {"signed": "x"}, by=cast.of_city)


def test_of_several_types_the_oldest_jobs_come_first_whatever_their_type(engine: Engine, cast: Any) -> None:
    app = engine.library.apps["elsewhere"]
    app.external("print")
    wanted = ["stamp", "print", "stamp", "print", "print"]
    cases = [engine.start_case("choosing", {"服务": type}, by=SYSTEM).id for type in wanted]
    asked = ["print", "mail", "stamp", "print"]
    found = engine.lock_jobs(asked, "one", limit=3, by=cast.of_county)
    assert [(job.case_id, job.type) for job in found] == list(zip(cases, wanted, strict=True))[:3]
    found = engine.lock_jobs(asked, "two", limit=3, by=cast.of_county)
    assert [job.case_id for job in found] == cases[3:]
