"""Timers and service calls: each once, repeated when they fail, an incident at last."""

from __future__ import annotations

import os
import signal
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event, select, update

from engine import Case, CaseSuspended, Engine, Job, OperatorsOnly, ServiceError, hands, history, queries
from engine.apps import Service
from tests.fire import BEFORE_COMMIT, Fire


def reminders(engine: Engine, cast: Any, case: Case) -> int:
    """How often the reminder of a case has fired."""
    history = engine.read(queries.case, cast.alice, case.id).history
    return [event.kind for event in history].count("timer_fired")


def test_a_timer_fires_when_it_is_due_and_not_before(engine: Engine, cast: Any, clock: Any) -> None:
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    engine.run_due_jobs()
    assert reminders(engine, cast, case) == 0
    clock.advance(days=3, seconds=1)
    engine.run_due_jobs()
    assert engine.run_due_jobs() == 0 or reminders(engine, cast, case) == 1
    assert reminders(engine, cast, case) == 1
    assert engine.read(queries.case, cast.alice, case.id).tasks[0].state == "open"


def test_a_timer_that_was_not_needed_is_gone(engine: Engine, cast: Any, clock: Any) -> None:
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    [task] = engine.read(queries.inbox, cast.bob).items
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert engine.read(queries.case, cast.alice, case.id).jobs == []
    clock.advance(days=4)
    engine.run_due_jobs()
    assert reminders(engine, cast, case) == 0


def test_two_workers_fire_each_timer_exactly_once(engine: Engine, make_engine: Any, cast: Any, clock: Any) -> None:
    alice = cast.alice
    cases = [engine.start_case("pausing", {}, by=alice, unit_code="420101") for _ in range(12)]
    clock.advance(hours=2)
    other = make_engine(engine.apps)
    together = Barrier(2)

    def work(worker: Engine, name: str) -> None:
        together.wait()
        for _ in range(10):
            worker.run_due_jobs(limit=3, worker=name)

    threads = [Thread(target=work, args=(engine, "one")), Thread(target=work, args=(other, "two"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.run_due_jobs()
    assert [reminders(engine, cast, case) for case in cases] == [1] * 12
    assert len(engine.read(queries.inbox, cast.bob).items) == 12


def test_a_job_of_a_dead_worker_is_done_by_another(engine: Engine, cast: Any, clock: Any) -> None:
    case = engine.start_case("pausing", {}, by=cast.alice, unit_code="420101")
    clock.advance(hours=2)
    from engine import jobs

    engine.write(cast.olga, lambda turn: jobs.claim(turn.session, now=turn.now, worker="dead", limit=10))
    assert engine.run_due_jobs(worker="alive") >= 0
    assert reminders(engine, cast, case) == 0
    clock.advance(minutes=6)
    engine.run_due_jobs(worker="alive")
    assert reminders(engine, cast, case) == 1


def test_a_worker_killed_in_the_middle_of_a_batch_loses_nothing_and_doubles_nothing(
    engine: Engine, cast: Any, clock: Any
) -> None:
    clock.advance(hours=3)
    while engine.run_due_jobs():
        continue  # what starts by itself
    cases = [engine.start_case("pausing", {}, by=cast.alice, unit_code="420101") for _ in range(8)]
    clock.advance(hours=2)
    assert killed_at_commit(engine, 2), "it has claimed them and is about to write what they brought about"
    assert engine.run_due_jobs(worker="alive") == 0, "the lease of the dead worker lasts"
    assert [reminders(engine, cast, case) for case in cases] == [0] * 8
    clock.advance(seconds=hands.KEPT + 1)
    assert not killed_at_commit(engine, 3), "there are no more than two: what is claimed is written as one"
    assert [reminders(engine, cast, case) for case in cases] == [1] * 8
    clock.advance(seconds=hands.KEPT + 1)
    assert engine.run_due_jobs(worker="alive") == 0
    for case in cases:
        engine.read(history.verify, case.id)


def killed_at_commit(engine: Engine, number: int) -> bool:
    """This will let a process run what is due and kill it before that commit; tells whether it was killed."""
    engine.close()
    child = os.fork()
    if not child:

        def strike(_held: Any) -> None:
            if fire.commits == number:
                os.kill(os.getpid(), signal.SIGKILL)

        fire = Fire(engine, strike)
        with fire.lit(BEFORE_COMMIT):
            engine.run_due_jobs(worker="dead", hand=hands.Hand(is_kept=True))
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_case_that_changes_while_its_batch_runs_is_read_again(engine: Engine, cast: Any, clock: Any) -> None:
    cases = [engine.start_case("pausing", {}, by=cast.alice, unit_code="420101") for _ in range(6)]
    clock.advance(hours=2)
    alice, changed = cast.alice, list[str]()

    def change(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not changed and "UPDATE cases" in statement:
            changed.append(statement)
            engine.comment(cases[3].id, by=alice, text="还有一事")

    event.listen(engine.database, "before_cursor_execute", change)
    try:
        engine.run_due_jobs()
    finally:
        event.remove(engine.database, "before_cursor_execute", change)
    assert changed
    assert [reminders(engine, cast, case) for case in cases] == [1] * 6
    with engine.database.connect() as connection:
        assert connection.scalars(select(Job.attempts).where(Job.kind == "timer")).all() == []
    engine.read(history.verify, cases[3].id)


def test_due_jobs_run_oldest_first(engine: Engine, cast: Any, clock: Any) -> None:
    first = engine.start_case("pausing", {}, by=cast.alice, unit_code="420101")
    clock.advance(minutes=5)
    second = engine.start_case("pausing", {}, by=cast.alice, unit_code="420101")
    clock.advance(minutes=62)
    engine.broadcast_signal("nobody listens")
    while not reminders(engine, cast, first):
        assert engine.run_due_jobs(limit=1) == 1
        assert reminders(engine, cast, second) == 0
    clock.advance(minutes=5)
    engine.run_due_jobs()
    assert reminders(engine, cast, second) == 1


def test_a_service_is_called_outside_and_answers_the_case(engine: Engine, cast: Any, post: Any) -> None:
    case = engine.start_case("calling", {"number": 21}, by=cast.alice)
    assert engine.read(queries.case, cast.alice, case.id).data["doubled"] == 42
    assert post.keys == []
    engine.run_due_jobs()
    view = engine.read(queries.case, cast.alice, case.id)
    assert (view.case.state, view.case.end_element, view.data["sent_to"]) == ("closed", "end", "bob")
    assert len(post.keys) == 1


def test_a_bpmn_error_of_a_service_is_caught_in_the_diagram(
    engine: Engine, cast: Any, post: Any, refusal: ServiceError
) -> None:
    post.problem = refusal
    case = engine.start_case("calling", {"number": 1}, by=cast.alice)
    engine.run_due_jobs()
    assert engine.read(queries.case, cast.alice, case.id).case.end_element == "unsent"


def test_a_failing_service_is_tried_again_later_and_becomes_an_incident(
    engine: Engine, cast: Any, post: Any, clock: Any
) -> None:
    post.problem = ConnectionError("no route to host")
    case = engine.start_case("calling", {"number": 1}, by=cast.alice)
    engine.run_due_jobs()
    assert len(post.keys) == 1
    engine.run_due_jobs()
    assert len(post.keys) == 1
    clock.advance(seconds=11)
    engine.run_due_jobs()
    assert post.keys[0] == post.keys[1]
    [incident] = engine.read(queries.incidents, cast.olga)
    assert (incident.element, incident.reason) == ("mail", "no route to host")
    assert engine.read(queries.case, cast.alice, case.id).case.incidents == 1
    clock.advance(days=1)
    engine.run_due_jobs()
    assert len(post.keys) == 2


def test_a_call_that_fails_is_made_again_after_the_pause_that_its_diagram_names(
    engine: Engine, cast: Any, post: Any, clock: Any
) -> None:
    post.problem = ConnectionError("no route to host")
    engine.start_case("patient", {"number": 1}, by=cast.alice)
    for seconds, calls in ((0, 1), (290, 1), (11, 2), (290, 2), (11, 3)):
        clock.advance(seconds=seconds)
        engine.run_due_jobs()
        assert len(post.keys) == calls


def test_a_service_that_answers_no_values_is_tried_again(
    engine: Engine, cast: Any, machines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(machines.services, "mail", Service("mail", lambda data, headers, key: ["sent"], is_job=True))
    case = engine.start_case("calling", {"number": 1}, by=cast.alice)
    assert engine.run_due_jobs() == 1
    [job] = [job for job in engine.read(queries.jobs, cast.olga).items if job.case_id == case.id]
    assert (job.state, job.attempts, job.error) == ("waiting", 1, "The answer is not values by name.")


def test_an_operator_retries_what_failed_and_nobody_else(engine: Engine, cast: Any, post: Any, clock: Any) -> None:
    post.problem = ConnectionError("no route to host")
    case = engine.start_case("calling", {"number": 1}, by=cast.alice)
    for _ in range(2):
        engine.run_due_jobs()
        clock.advance(seconds=11)
    [incident] = engine.read(queries.incidents, cast.olga)
    with pytest.raises(OperatorsOnly):
        engine.retry_incident(incident.id, by=cast.alice)
    post.problem = None
    engine.retry_incident(incident.id, by=cast.olga)
    engine.run_due_jobs()
    view = engine.read(queries.case, cast.alice, case.id)
    assert (view.case.state, view.case.incidents) == ("closed", 0)
    assert engine.read(queries.incidents, cast.olga) == []


def test_how_late_jobs_ran_and_what_failed_is_counted_over_all_workers(
    engine: Engine, cast: Any, post: Any, clock: Any
) -> None:
    post.problem = ConnectionError("no route to host")
    for _ in range(2):
        engine.start_case("pausing", {}, by=cast.alice, unit_code="420101")
    engine.start_case("calling", {"number": 1}, by=cast.alice)
    clock.advance(hours=1, seconds=40)
    engine.run_due_jobs()
    done = engine.read(queries.load, cast.olga).ran
    assert [count for _bound, count in done["timer"].up_to] == [0, 0, 0, 0, 0, 2, 2, 2, 2, 2]
    assert done["timer"].seconds == pytest.approx(80, abs=5)
    assert (done["service"].failures, done["timer"].failures) == (1, 0)
    assert engine.read(queries.load, cast.olga).queued == {}


def test_a_start_timer_starts_as_many_cases_as_it_says(engine: Engine, cast: Any, clock: Any) -> None:
    for _ in range(5):
        clock.advance(hours=1, seconds=1)
        engine.run_due_jobs()
    cases = engine.read(queries.cases, cast.olga, process_id="hourly").items
    assert [case.state for case in cases] == ["closed"] * 2


def test_a_suspended_case_waits_and_its_timers_keep_their_time(engine: Engine, cast: Any, clock: Any) -> None:
    case = engine.start_case("pausing", {}, by=cast.alice, unit_code="420101")
    clock.advance(minutes=40)
    engine.suspend_case(case.id, by=cast.olga, reason="复核")
    clock.advance(hours=5)
    engine.run_due_jobs()
    assert reminders(engine, cast, case) == 0
    engine.resume_case(case.id, by=cast.olga)
    clock.advance(minutes=19)
    engine.run_due_jobs()
    assert reminders(engine, cast, case) == 0
    clock.advance(minutes=2)
    engine.run_due_jobs()
    assert reminders(engine, cast, case) == 1


def test_nobody_works_on_a_suspended_case(engine: Engine, cast: Any) -> None:
    case = engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    engine.suspend_case(case.id, by=cast.olga, reason="复核")
    [task, *_] = engine.read(queries.inbox, cast.bob).items
    with pytest.raises(CaseSuspended):
        engine.complete_task(task.id, by=cast.bob, data={})


def test_a_cancelled_case_leaves_nothing_open(engine: Engine, cast: Any) -> None:
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    ended = engine.cancel_case(case.id, by=cast.olga, reason="重复")
    assert ended.state == "cancelled"
    view = engine.read(queries.case, cast.alice, case.id)
    assert [task.state for task in view.tasks] == ["withdrawn"]
    assert view.jobs == []
    assert engine.read(queries.inbox, cast.bob).items == []


def test_a_timer_that_cannot_fire_does_not_stop_those_beside_it(engine: Engine, cast: Any, clock: Any) -> None:
    cases = [engine.start_case("pausing", {}, by=cast.alice, unit_code="420101") for _ in range(5)]
    with engine.database.begin() as connection:
        connection.execute(update(Case).where(Case.id == cases[2].id).values(snapshot="{"))
    clock.advance(hours=2)
    engine.run_due_jobs()
    assert [reminders(engine, cast, case) for case in cases if case is not cases[2]] == [1] * 4
    with engine.database.connect() as connection:
        assert list(connection.execute(select(Job.attempts).where(Job.case_id.in_([case.id for case in cases])))) == [
            (1,)
        ]
