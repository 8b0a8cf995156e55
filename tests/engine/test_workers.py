"""Many workers: each job once at a time, nobody starves, the calendar asks once, one works on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text

from engine import Engine, OperatorsOnly, ProcessApp, Worker, calendar_jobs, hands, jobs, now_utc, queries, workers
from engine.calendar_jobs import JOBS, Calendar, CalendarJob
from engine.models import CalendarRun, Job, new_id
from tests.patience import PATIENCE, wait_until


@pytest.fixture
def living(make_engine: Any, machines: ProcessApp) -> Iterator[Engine]:
    """An engine whose clock is the machine's, and the services of whose app are set back afterwards."""
    services = dict(machines.services)
    yield make_engine([machines], clock=now_utc)
    machines.services.clear()
    machines.services.update(services)


@pytest.fixture
def cast(living: Engine) -> Any:
    from tests.conftest import Cast

    return Cast(living)


def state(engine: Engine, cast: Any, case: Any) -> str:
    """How a case stands."""
    return engine.read(queries.case, cast.alice, case.id).case.state


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_postgresql_wakes_a_worker_that_would_not_look_for_an_hour(
    living: Engine, cast: Any, machines: ProcessApp
) -> None:
    machines.service("mail", job=True)(lambda data, headers, key: {})
    worker = Worker(living, every=3600)
    worker.start()
    try:
        wait_until(lambda: worker.wakeups.is_listening)
        living.start_case("calling", {"number": 1}, by=cast.alice)  # the first one: everything is read for it
        wait_until(lambda: _jobs(living) == 0)
        living.start_case("calling", {"number": 1}, by=cast.alice)
        wait_until(lambda: _jobs(living) == 0)
        with living.database.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                )
            )
        wait_until(lambda: not worker.wakeups.is_listening)
        wait_until(lambda: worker.wakeups.is_listening)
        living.start_case("calling", {"number": 1}, by=cast.alice)
        wait_until(lambda: _jobs(living) == 0)
    finally:
        worker.stop()


def _jobs(engine: Engine) -> int:
    return len(engine.read(lambda session: session.scalars(select(Job.id).where(Job.kind == "service")).all()))


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_service_that_hangs_leaves_a_thread_for_all_other_work(
    living: Engine, cast: Any, machines: ProcessApp
) -> None:
    hung = Event()
    machines.service("mail", job=True)(lambda data, headers, key: hung.wait(2 * PATIENCE) and {})
    for _ in range(6):
        living.start_case("calling", {"number": 1}, by=cast.alice)
    worker = Worker(living, every=0.05, threads=2)
    worker.start()
    try:
        wait_until(lambda: any(hand.calls for hand in worker.crew.hands))
        living.start_case("pausing", {}, by=cast.alice, unit_code="420101")
        with living.database.begin() as connection:
            connection.execute(text("UPDATE jobs SET due_at = now() - interval '1 hour' WHERE kind = 'timer'"))
        wait_until(lambda: not _timers(living))
        assert sum(hand.calls for hand in worker.crew.hands) == 1, "one thread calls, the other one is free"
    finally:
        hung.set()
        worker.stop()


def _timers(engine: Engine) -> list[Any]:
    late = select(Job.id).where(Job.kind == "timer", Job.due_at < now_utc())
    return list(engine.read(lambda session: session.scalars(late).all()))


def test_what_waits_behind_a_slow_job_is_given_back() -> None:
    hand = hands.Hand()
    jobs = [_FakeJob(number) for number in range(3)]
    hand.take(jobs)
    assert hand.begin(jobs[:1]) == jobs[:1]
    assert hand.give_back_slow() == []
    hand.since -= 2 * hands.SLOW
    assert hand.give_back_slow() == [1, 2]
    hand.end(jobs[:1])
    assert hand.begin(jobs[1:2]) == [], "another worker may have it"
    assert hand.aside() == hands.Aside(False, frozenset({"mail"}), frozenset({0}))
    assert hand.forget()
    assert not hand.forget()


def test_a_lease_that_is_about_to_end_is_not_used() -> None:
    hand = hands.Hand(is_kept=True)
    jobs = [_FakeJob(1)]
    hand.take(jobs)
    hand.kept_at -= hands.KEPT
    assert hand.begin(jobs) == []


class _FakeJob:
    def __init__(self, id: int) -> None:
        self.id: Any = id
        self.case_id: Any = id
        self.kind, self.type, self.element = "service", "mail", "post"


def test_services_of_a_slow_type_wait_until_nothing_else_is_due(
    living: Engine, cast: Any, machines: ProcessApp
) -> None:
    calls: list[str] = []

    def mail(data: Any, headers: Any, key: str) -> dict[str, Any]:
        calls.append("mail")
        return {}

    machines.service("mail", job=True)(mail)
    for _ in range(3):
        living.start_case("calling", {"number": 1}, by=cast.alice)
    hand = hands.Hand()
    hand._types = {"mail"}
    assert living.run_due_jobs(1, "w", None, hand) == 1, "nothing else was due"
    assert calls == ["mail"]


@pytest.mark.parametrize("cases", [1, 30], ids=["of one case", "of one step in many cases"])
def test_a_flood_of_timers_lets_jobs_of_others_run_soon(
    living: Engine, cast: Any, machines: ProcessApp, cases: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.service("mail", job=True)(lambda data, headers, key: {})
    monkeypatch.setattr(jobs, "WINDOW", 400)
    flooding = [living.start_case("pausing", {}, by=cast.alice, unit_code="420101") for _ in range(cases)]
    later = living.start_case("calling", {"number": 1}, by=cast.alice)
    _flood(living, [case.id for case in flooding], 1500)
    hand, done = hands.Hand(), 0
    while _jobs_of(living, later.id):
        done += living.run_due_jobs(100, "w", None, hand)
        assert done < 1100, "it waits for the whole flood"
    assert living.run_due_jobs(2000, "w", None, hand) == 1501 - done
    assert living.run_due_jobs(100, "w", None, hand) == 0


def _jobs_of(engine: Engine, case_id: Any) -> list[Any]:
    return list(engine.read(lambda session: session.scalars(select(Job.id).where(Job.case_id == case_id)).all()))


def _flood(engine: Engine, cases: list[Any], count: int) -> None:
    """Timers of an hour ago, by far more than a worker takes at once; each is of a token that waits no longer."""
    row = {"kind": "timer", "element": "pause", "due_at": now_utc() - timedelta(hours=1)}
    own = ({"id": new_id(), "case_id": cases[number % len(cases)], "token": 900 + number} for number in range(count))
    flood = [{**row, **each, **({"element": f"pause{each['token']}"} if len(cases) == 1 else {})} for each in own]
    with engine.database.connect().execution_options(writes=True) as connection:
        connection.execute(delete(Job).where(Job.case_id.in_(cases)))
        connection.execute(insert(Job), flood)
        connection.commit()


def test_the_heart_keeps_the_lease_of_a_long_call(living: Engine, cast: Any, machines: ProcessApp) -> None:
    from engine import due

    living.start_case("calling", {"number": 1}, by=cast.alice)
    hand = hands.Hand(is_kept=True)
    [claimed] = living.write(
        cast.olga, lambda turn: jobs.claim(turn.session, now=turn.now, worker="w", limit=5, lease=due.KEPT_LEASE)
    )
    hand.take([claimed])
    hand.begin([claimed])
    living.clock = lambda: now_utc() + timedelta(seconds=29)
    due.beat(living.write, hand, "w", is_time=True)
    living.clock = lambda: now_utc() + timedelta(seconds=50)
    assert living.run_due_jobs(worker="other") == 0, "its worker lives"
    living.clock = lambda: now_utc() + timedelta(seconds=61)
    assert living.run_due_jobs(worker="other") == 1, "its worker is dead"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_second_worker_on_sqlite_stands_by_and_takes_over(living: Engine, cast: Any) -> None:
    first, second = Worker(living, name="first", every=0.1), Worker(living, name="second", every=0.1)
    first.report()
    second.report()
    assert (first.other, second.other) == ("", "first")
    assert second.work() == 0
    assert [(row.name, row.is_active) for row in living.read(workers.seen)] == [("second", False), ("first", True)]
    living.clock = lambda: now_utc() + timedelta(seconds=40)
    second.report()
    assert second.other == ""


# The calendar


MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_daily_job_begins_at_the_time_of_the_officials_clock() -> None:
    job = CalendarJob("x", "x", lambda engine, stop: None, at=(3, 20))
    assert job.latest(MONDAY) == datetime(2026, 3, 1, 19, 20, tzinfo=UTC), "03:20 in Shanghai"
    assert job.latest(datetime(2026, 3, 1, 19, 19, tzinfo=UTC)) == datetime(2026, 2, 28, 19, 20, tzinfo=UTC)
    assert job.following(MONDAY) == datetime(2026, 3, 2, 19, 20, tzinfo=UTC)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What one calendar job, the only one, did."""
    done: list[str] = []
    JOBS_BEFORE = dict(JOBS)
    JOBS.clear()
    calendar_jobs.daily("sweep", "Sweep", "03:20")(lambda engine, stop: done.append("sweep"))
    yield done  # type: ignore[misc]
    JOBS.clear()
    JOBS.update(JOBS_BEFORE)


def test_two_processes_run_a_calendar_job_once_and_catch_up_once(
    make_engine: Any, clock: Any, asked: list[str]
) -> None:
    engine = make_engine()
    one, two = Calendar(engine, "one"), Calendar(engine, "two")
    assert [one.run_due(lambda: False), two.run_due(lambda: False), one.run_due(lambda: False)] == [1, 0, 0]
    clock.advance(days=5)
    assert [two.run_due(lambda: False), one.run_due(lambda: False)] == [1, 0]
    assert asked == ["sweep", "sweep"]


def test_a_calendar_job_that_fails_is_tried_three_times_and_shown(
    make_engine: Any, clock: Any, asked: list[str]
) -> None:
    from engine import SYSTEM

    engine = make_engine()

    @calendar_jobs.daily("sweep", "Sweep", "03:20")
    def fail(_engine: Any, _stop: Any) -> None:
        asked.append("failed")
        raise ValueError("no room")

    calendar = Calendar(engine, "one")
    for minutes in (0, 1, 6, 11, 30):
        clock.advance(minutes=minutes)
        calendar.run_due(lambda: False)
    assert asked == ["failed"] * 3
    [shown] = engine.read(calendar_jobs.schedule, SYSTEM)
    assert shown.last is not None
    assert (shown.last.attempts, "no room" in shown.last.error, shown.is_running) == (3, True, False)
    assert shown.next_at == datetime(2026, 3, 2, 19, 20, tzinfo=UTC)


def test_a_calendar_job_of_a_dead_worker_is_taken_over(make_engine: Any, clock: Any, asked: list[str]) -> None:
    from engine import SYSTEM

    engine = make_engine()
    period = JOBS["sweep"].latest(clock()).isoformat(timespec="minutes")
    assert engine.write(SYSTEM, calendar_jobs._claim, "sweep", period, "dead")
    calendar = Calendar(engine, "alive")
    assert calendar.run_due(lambda: False) == 0
    clock.advance(minutes=3)
    assert calendar.run_due(lambda: False) == 1
    assert asked == ["sweep"]


def test_all_calendar_jobs_run_on_a_new_installation_and_operators_see_them(make_engine: Any, clock: Any) -> None:
    from engine import SYSTEM
    from tests.conftest import PERSONS, UNITS, Cast

    engine = make_engine()
    engine.load_people(UNITS, PERSONS)
    assert Calendar(engine, "one").run_due(lambda: False) == len(JOBS)
    shown = engine.read(calendar_jobs.schedule, SYSTEM)
    assert {each.name for each in shown} == set(JOBS)
    assert all(each.last is not None and not each.last.error and each.took is not None for each in shown)
    with pytest.raises(OperatorsOnly):
        engine.read(calendar_jobs.schedule, Cast(engine).bob)
    for day in range(40):
        clock.advance(days=1)
        Calendar(engine, f"day {day}").run_due(lambda: False)
    kept = engine.read(lambda session: session.scalars(select(CalendarRun.period).where(CalendarRun.name == "anchor")))
    assert len(list(kept)) <= calendar_jobs.REMEMBERED + 1
