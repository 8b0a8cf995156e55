"""Programs elsewhere fetch jobs, lock them, do them: each job by exactly one, and never lost with the one that dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest

from engine import (
    SYSTEM,
    AppInvalid,
    Case,
    Engine,
    FaultsFound,
    LockedJob,
    LockInvalid,
    LockLost,
    ProcessApp,
    SystemsOnly,
    now_utc,
    queries,
)

FOLDER = Path(__file__).parent.parent / "apps" / "elsewhere"
CHILD = """
import sys, time
from pathlib import Path
from engine import Engine, ProcessApp
url, folder, files, login = sys.argv[1:]
app = ProcessApp(name="elsewhere", title="外部", folder=Path(folder), process="stamping")
app.external("stamp")
engine = Engine(url, apps=[app], files=Path(files))
print(engine.lock_jobs(["stamp"], "doomed", seconds=60, by=engine.actor(int(login)))[0].key, flush=True)
time.sleep(600)
"""


@pytest.fixture
def elsewhere() -> ProcessApp:
    """A process whose one service is done by a program of another house."""
    app = ProcessApp(name="elsewhere", title="外部", folder=FOLDER, process="stamping", starters={"stamping": ("*",)})
    app.external("stamp")
    return app


@pytest.fixture
def engine(make_engine: Callable[..., Engine], elsewhere: ProcessApp) -> Engine:
    return with_robot(make_engine([elsewhere]))


def with_robot(engine: Engine) -> Engine:
    """This will add the account of the signing program."""
    row = {"login": "robot", "name": "签章系统", "roles": [("external_system", "420101-yj")]}
    engine.load_people([], [row])
    return engine


def start(engine: Engine, cast: Any, name: str = "整改通知书") -> Case:
    return engine.start_case("stamping", {"文件名": name}, by=cast.alice, unit_code="420101")


def lock(engine: Engine, cast: Any, worker: str = "one", **asked: Any) -> list[LockedJob]:
    return engine.lock_jobs(["stamp"], worker, by=cast.robot, **asked)


def end_of(engine: Engine, cast: Any, case: Case) -> tuple[str, str | None]:
    found = engine.read(queries.case, cast.olga, case.id).case
    return found.state, found.end_element


def test_a_worker_gets_what_it_needs_and_its_answer_runs_the_case_on(engine: Engine, cast: Any, clock: Any) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast, seconds=30)
    assert (job.type, job.element, job.case_id, job.case_number) == ("stamp", "stamp", case.id, case.number)
    assert job.headers == {"seal": "公章"}
    assert job.data["file"] == "整改通知书"
    assert (job.attempts, job.retries, job.key) == (0, 2, str(job.id))
    assert (job.due_at, job.locked_until) == (clock.now, clock.now + timedelta(seconds=30))
    engine.complete_job(job.id, "one", {"signed": "整改通知书-章.pdf"}, by=cast.robot)
    view = engine.read(queries.case, cast.alice, case.id)
    assert (view.case.state, view.case.end_element, view.data["签章件"]) == ("closed", "stamped", "整改通知书-章.pdf")
    [done] = [event for event in view.history if event.kind == "completed" and event.element == "stamp"]
    assert done.actor.startswith("签章系统")
    assert view.jobs == []


def test_our_own_worker_never_takes_an_external_job(engine: Engine, cast: Any, clock: Any) -> None:
    case = start(engine, cast)
    clock.advance(minutes=90)
    assert engine.run_due_jobs() == 0
    assert end_of(engine, cast, case) == ("open", None)
    [job] = lock(engine, cast)
    assert job.attempts == 0


def test_a_worker_gets_only_the_types_it_asks_for(engine: Engine, cast: Any) -> None:
    start(engine, cast)
    assert engine.lock_jobs(["print", "mail"], "one", by=cast.robot) == []
    assert len(engine.lock_jobs(["print", "stamp"], "one", by=cast.robot)) == 1


def test_the_oldest_job_is_given_first_and_no_more_than_asked_for(engine: Engine, cast: Any, clock: Any) -> None:
    cases = []
    for name in ("甲", "乙", "丙"):
        cases.append(start(engine, cast, name).id)
        clock.advance(minutes=1)
    assert [job.case_id for job in lock(engine, cast, limit=2)] == cases[:2]
    assert [job.case_id for job in lock(engine, cast, "two", limit=2)] == cases[2:]


def test_a_locked_job_is_given_to_nobody_else_until_its_lock_ends(engine: Engine, cast: Any, clock: Any) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast, seconds=60)
    clock.advance(seconds=60)
    assert lock(engine, cast, "two") == []
    clock.advance(seconds=1)
    [again] = lock(engine, cast, "two")
    assert again.key == job.key, "whoever did the work can see that it was done"
    with pytest.raises(LockLost):
        engine.complete_job(job.id, "one", {"signed": "x"}, by=cast.robot)
    engine.complete_job(again.id, "two", {"signed": "y"}, by=cast.robot)
    assert engine.read(queries.case, cast.alice, case.id).data["签章件"] == "y"
    with pytest.raises(LockLost):
        engine.complete_job(job.id, "one", {"signed": "x"}, by=cast.robot)


def test_a_lock_that_ran_out_is_lost_for_every_verb_even_when_nobody_took_the_job(
    engine: Engine, cast: Any, clock: Any
) -> None:
    start(engine, cast)
    [job] = lock(engine, cast, seconds=10)
    clock.advance(seconds=11)
    for verb in (
        lambda: engine.complete_job(job.id, "one", by=cast.robot),
        lambda: engine.fail_job(job.id, "one", "broken", by=cast.robot),
        lambda: engine.throw_error(job.id, "one", "REFUSED", by=cast.robot),
        lambda: engine.extend_lock(job.id, "one", 60, by=cast.robot),
    ):
        with pytest.raises(LockLost):
            verb()


def test_nobody_answers_for_a_job_that_was_not_given_out(engine: Engine, cast: Any) -> None:
    start(engine, cast)
    [job] = lock(engine, cast)
    with pytest.raises(LockLost):
        engine.complete_job(job.id, "two", by=cast.robot)
    with pytest.raises(LockLost):
        engine.complete_job(uuid4(), "one", by=cast.robot)


def test_a_worker_that_needs_longer_extends_its_lock(engine: Engine, cast: Any, clock: Any) -> None:
    start(engine, cast)
    [job] = lock(engine, cast, seconds=60)
    clock.advance(seconds=50)
    assert engine.extend_lock(job.id, "one", 120, by=cast.robot) == clock.now + timedelta(seconds=120)
    clock.advance(seconds=100)
    assert lock(engine, cast, "two") == []
    engine.complete_job(job.id, "one", {"signed": "x"}, by=cast.robot)


def test_a_failed_job_waits_longer_and_is_an_incident_after_its_last_retry(
    engine: Engine, cast: Any, clock: Any
) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast)
    failed = engine.fail_job(job.id, "one", "签章服务无响应", by=cast.robot)
    assert (failed.is_waiting, failed.retries, failed.due_at) == (True, 1, clock.now + timedelta(seconds=10))
    assert lock(engine, cast) == [], "it pauses"
    clock.advance(seconds=10)
    [job] = lock(engine, cast)
    assert (job.attempts, job.retries) == (1, 1)
    failed = engine.fail_job(job.id, "one", "签章服务无响应", by=cast.robot)
    assert (failed.is_waiting, failed.retries) == (False, 0)
    clock.advance(minutes=30)
    assert lock(engine, cast) == []
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.element, incident.name, incident.reason) == ("stamp", "电子签章", "签章服务无响应")
    assert incident.detail["type"] == "stamp"
    engine.retry_incident(incident.id, by=cast.olga)
    [job] = lock(engine, cast)
    assert (job.attempts, job.retries) == (0, 2)
    engine.complete_job(job.id, "one", {"signed": "x"}, by=cast.robot)
    assert end_of(engine, cast, case) == ("closed", "stamped")
    assert engine.read(queries.case, cast.alice, case.id).case.incidents == 0


def test_a_worker_says_how_often_and_when_to_try_again(engine: Engine, cast: Any, clock: Any) -> None:
    start(engine, cast)
    [job] = lock(engine, cast)
    tomorrow = clock.now + timedelta(minutes=50)
    failed = engine.fail_job(job.id, "one", "夜间维护", retries=5, retry_at=tomorrow, by=cast.robot)
    assert (failed.retries, failed.due_at) == (5, tomorrow)
    clock.advance(minutes=49)
    assert lock(engine, cast) == []
    clock.advance(minutes=1)
    [job] = lock(engine, cast)
    assert (job.attempts, job.retries) == (1, 5)
    assert engine.fail_job(job.id, "one", "证书已吊销", retries=0, by=cast.robot).is_waiting is False
    assert len(engine.read(queries.incidents, cast.olga)) == 1


def test_a_bpmn_error_of_a_worker_is_caught_in_the_diagram(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast)
    engine.throw_error(job.id, "one", "REFUSED", "文件未定稿", {"why": "draft"}, by=cast.robot)
    assert end_of(engine, cast, case) == ("closed", "unstamped")


def test_a_bpmn_error_that_no_diagram_catches_stops_the_case_visibly(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast)
    engine.throw_error(job.id, "one", "NOBODY_KNOWS", by=cast.robot)
    assert end_of(engine, cast, case) == ("open", None)
    [incident] = engine.read(queries.incidents, cast.olga)
    assert "NOBODY_KNOWS" in incident.reason


def test_a_worker_whose_case_went_on_without_it_is_told_so(engine: Engine, cast: Any, clock: Any) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast, seconds=86_400)
    clock.advance(hours=2, seconds=1)
    engine.run_due_jobs()
    assert end_of(engine, cast, case) == ("closed", "given_up")
    with pytest.raises(LockLost):
        engine.complete_job(job.id, "one", {"signed": "x"}, by=cast.robot)


def test_a_suspended_case_takes_its_job_back_and_offers_it_again(engine: Engine, cast: Any, clock: Any) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast, seconds=3600)
    engine.suspend_case(case.id, by=cast.olga, reason="复核")
    assert lock(engine, cast, "two") == []
    with pytest.raises(LockLost):
        engine.complete_job(job.id, "one", {"signed": "x"}, by=cast.robot)
    engine.resume_case(case.id, by=cast.olga)
    assert [found.id for found in lock(engine, cast, "two")] == [job.id]


def test_a_cancelled_case_leaves_no_job(engine: Engine, cast: Any) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast)
    engine.cancel_case(case.id, by=cast.olga, reason="重复")
    with pytest.raises(LockLost):
        engine.extend_lock(job.id, "one", 60, by=cast.robot)
    assert lock(engine, cast, "two") == []


@pytest.mark.parametrize("person", ["alice", "bob", "diana"])
def test_who_is_no_external_system_gets_no_jobs_and_answers_for_none(engine: Engine, cast: Any, person: str) -> None:
    start(engine, cast)
    by = getattr(cast, person)
    with pytest.raises(SystemsOnly):
        engine.lock_jobs(["stamp"], "one", by=by)
    [job] = lock(engine, cast)
    for verb in (
        lambda: engine.complete_job(job.id, "one", by=by),
        lambda: engine.fail_job(job.id, "one", "x", by=by),
        lambda: engine.throw_error(job.id, "one", "REFUSED", by=by),
        lambda: engine.extend_lock(job.id, "one", 60, by=by),
    ):
        with pytest.raises(SystemsOnly):
            verb()


@pytest.mark.parametrize(
    "asked", [{"seconds": 0}, {"seconds": 90_000}, {"limit": 0}, {"limit": 101}, {"worker": " "}, {"worker": "w" * 65}]
)
def test_locks_have_limits(engine: Engine, cast: Any, asked: dict[str, Any]) -> None:
    with pytest.raises(LockInvalid):
        lock(engine, cast, **asked)
    with pytest.raises(LockInvalid):
        engine.lock_jobs([], "one", by=cast.robot)


def test_many_workers_share_the_jobs_and_each_is_done_once(
    engine: Engine, make_engine: Any, cast: Any, elsewhere: ProcessApp
) -> None:
    cases = [start(engine, cast, f"文件{number}") for number in range(24)]
    robot = cast.robot
    together = Barrier(4)
    done: list[tuple[str, str]] = []
    lost: list[str] = []

    def work(own: Engine, name: str) -> None:
        together.wait()
        for _ in range(40):
            for job in own.lock_jobs(["stamp"], name, limit=3, by=robot):
                try:
                    own.complete_job(job.id, name, {"signed": name}, by=robot)
                    done.append((job.data["file"], name))
                except LockLost:
                    lost.append(job.key)

    engines = [engine, *(make_engine([elsewhere]) for _ in range(3))]
    threads = [Thread(target=work, args=(own, f"w{number}")) for number, own in enumerate(engines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(file for file, _ in done) == sorted(f"文件{number}" for number in range(24))
    assert lost == []
    signed = dict(done)
    for number, case in enumerate(cases):
        view = engine.read(queries.case, cast.alice, case.id)
        assert (view.case.state, view.data["签章件"]) == ("closed", signed[f"文件{number}"])


def test_of_two_that_hold_one_job_in_turn_exactly_one_completes_it(
    engine: Engine, make_engine: Any, cast: Any, elsewhere: ProcessApp, clock: Any
) -> None:
    case = start(engine, cast)
    robot = cast.robot
    lock(engine, cast, "slow", seconds=10)
    clock.advance(seconds=11)
    [job] = lock(engine, cast, "quick", seconds=10)
    together, told = Barrier(2), []

    def complete(own: Engine, name: str) -> None:
        together.wait()
        try:
            own.complete_job(job.id, name, {"signed": name}, by=robot)
            told.append((name, True))
        except LockLost:
            told.append((name, False))

    others = [Thread(target=complete, args=(make_engine([elsewhere]), name)) for name in ("slow", "quick")]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    assert sorted(told) == [("quick", True), ("slow", False)]
    assert engine.read(queries.case, cast.alice, case.id).data["签章件"] == "quick"


def test_a_killed_worker_is_replaced_and_the_job_keeps_its_key(
    make_engine: Any, elsewhere: ProcessApp, database: str, tmp_path: Path
) -> None:
    from tests.conftest import Cast

    engine = with_robot(make_engine([elsewhere], clock=now_utc))
    cast = Cast(engine)
    case = start(engine, cast)
    root = Path(__file__).parents[2]
    arguments = [database, str(FOLDER), str(tmp_path / "files"), str(cast.robot.person_id)]
    worker = subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    key = worker.stdout.readline().strip()
    worker.kill()
    worker.communicate()
    assert lock(engine, cast, "heir") == [], "the lock of the dead worker holds"
    engine.clock = lambda: now_utc() + timedelta(seconds=61)
    [job] = lock(engine, cast, "heir")
    assert job.key == key
    engine.complete_job(job.id, "heir", {"signed": "x"}, by=cast.robot)
    assert end_of(engine, cast, case) == ("closed", "stamped")


def test_a_service_that_nobody_declares_is_refused_at_deploy(make_engine: Callable[..., Engine]) -> None:
    app = ProcessApp(name="elsewhere", title="外部", folder=FOLDER, process="stamping")
    engine = make_engine()
    engine.library.apps[app.name] = app
    with pytest.raises(FaultsFound) as refused:
        engine.deploy_app(app)
    [fault] = refused.value.faults
    assert (fault.element, fault.code) == ("stamp", "service-missing")
    app.external("stamp")
    assert engine.deploy_app(app) is not None


def test_a_service_is_either_ours_or_external(elsewhere: ProcessApp) -> None:
    with pytest.raises(AppInvalid):
        elsewhere.service("stamp")(lambda data, headers: {})
    elsewhere.service("print")(lambda data, headers: {})
    with pytest.raises(AppInvalid):
        elsewhere.external("print")


def test_a_case_of_before_the_declaration_is_not_lost(engine: Engine, cast: Any, elsewhere: ProcessApp) -> None:
    elsewhere.externals.clear()
    case = start(engine, cast)
    engine.run_due_jobs()
    view = engine.read(queries.case, cast.alice, case.id)
    assert [(job.kind, job.attempts) for job in view.jobs if job.kind != "timer"] == [("service", 1)]
    assert "stamp" in next(job.error for job in view.jobs if job.kind == "service")


def test_a_service_that_the_data_choose_goes_to_who_does_it_and_an_unknown_one_stops_the_case(
    engine: Engine, cast: Any
) -> None:
    known = engine.start_case("choosing", {"服务": "stamp"}, by=SYSTEM)
    unknown = engine.start_case("choosing", {"服务": "no such thing"}, by=SYSTEM)
    [job] = lock(engine, cast)
    assert job.case_id == known.id
    engine.complete_job(job.id, "one", by=cast.robot)
    assert end_of(engine, cast, known) == ("closed", "done3")
    engine.run_due_jobs()
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.case_id, "no such thing" in incident.reason) == (unknown.id, True)


def test_what_a_failed_try_tells_is_seen_by_the_next_one_and_goes_with_the_element(
    engine: Engine, cast: Any, clock: Any
) -> None:
    case = start(engine, cast)
    [job] = lock(engine, cast)
    engine.fail_job(job.id, "one", "纸尽", data={"页数": 3, "文件名": "另存"}, by=cast.robot)
    clock.advance(minutes=1)
    [job] = lock(engine, cast)
    assert (job.data["页数"], job.data["文件名"], job.attempts) == (3, "另存", 1)
    assert engine.read(queries.case, cast.olga, case.id).data["文件名"] == "整改通知书"
    engine.complete_job(job.id, "one", {"signed": "章.pdf"}, by=cast.robot)
    view = engine.read(queries.case, cast.olga, case.id)
    assert (view.case.state, view.data["文件名"], "页数" in view.data) == ("closed", "整改通知书", False)
