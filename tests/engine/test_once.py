"""Requests with an idempotency key: what they do and what they answer is kept together, or neither."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import Answered, Asked, Case, Engine, KeyReused, NotYourCase, Queue, Task, queries
from tests.patience import PATIENCE


def count(engine: Engine, model: type[Any] = Case) -> int:
    return engine.read(lambda session: session.scalar(select(func.count()).select_from(model))) or 0


class Caller:
    """Starts a case and answers with its number."""

    def __init__(self, engine: Engine, actor: Any) -> None:
        self.engine, self.actor = engine, actor

    def start(self) -> Answered:
        """This will start a case."""
        case = self.engine.start_case("repair", {"地点": "三楼", "情况": "灯坏了"}, by=self.actor)
        assert self.engine.read(queries.case, self.actor, case.id).case.number == case.number
        return Answered(201, "application/json", case.number)

    def asked(self, key: str = "a", fingerprint: str = "f") -> Asked:
        """This will return what tells the request apart."""
        return Asked(self.actor.person_id, key, fingerprint)

    def call(self, key: str = "a", fingerprint: str = "f") -> Answered:
        """This will ask once."""
        return self.engine.once(self.asked(key, fingerprint), self.start)


@pytest.fixture
def alice(engine: Engine, cast: Any) -> Caller:
    return Caller(engine, cast.alice)


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(alice: Caller) -> None:
    first, again = alice.call(), alice.call()
    assert (again.status, again.body) == (first.status, first.body)
    assert (first.is_repeated, again.is_repeated) == (False, True)
    assert count(alice.engine) == 1


def test_another_request_with_the_same_key_is_refused(alice: Caller) -> None:
    alice.call()
    with pytest.raises(KeyReused):
        alice.call(fingerprint="another")
    assert count(alice.engine) == 1


def test_keys_of_different_people_are_different_keys(alice: Caller, cast: Any) -> None:
    alice.call()
    other = Caller(alice.engine, cast.charlie)
    other.call()
    assert count(alice.engine) == 2


def test_a_key_is_free_again_after_a_day(alice: Caller, clock: Any) -> None:
    alice.call()
    clock.advance(hours=24)
    assert not alice.call().is_repeated
    assert count(alice.engine) == 2
    clock.advance(hours=25)
    assert alice.engine.forget_programs() == 1


def test_a_crash_between_effect_and_answer_loses_both(alice: Caller) -> None:
    class Crash(BaseException):
        """The process dies."""

    def die() -> Answered:
        alice.start()
        raise Crash

    with pytest.raises(Crash):
        alice.engine.once(alice.asked(), die)
    assert count(alice.engine) == 0
    assert not alice.call().is_repeated, "whoever sends it again is the first"
    assert count(alice.engine) == 1


def test_a_refusal_is_not_kept(alice: Caller, cast: Any) -> None:
    case = alice.engine.start_case("repair", {"地点": "三楼", "情况": "灯坏了"}, by=cast.alice)
    comment = lambda: (alice.engine.comment(case.id, by=cast.charlie, text="x"), Answered(204, "", ""))[1]  # noqa: E731
    asked = Asked(cast.charlie.person_id, "a", "f")
    for _ in range(2):
        with pytest.raises(NotYourCase):
            alice.engine.once(asked, comment)


def test_what_fails_within_is_undone_alone(alice: Caller, cast: Any) -> None:
    def half() -> Answered:
        answer = alice.start()
        case = alice.engine.read(lambda session: session.scalars(select(Case)).one())
        with pytest.raises(NotYourCase):
            alice.engine.comment(case.id, by=cast.charlie, text="x")
        return answer

    alice.engine.once(alice.asked(), half)
    assert count(alice.engine) == 1


def test_of_two_at_once_one_runs_and_the_other_gets_its_answer(alice: Caller) -> None:
    begun, go_on = Event(), Event()

    def slowly() -> Answered:
        begun.set()
        assert go_on.wait(PATIENCE)
        return alice.start()

    with ThreadPoolExecutor(2) as clients:
        first = clients.submit(alice.engine.once, alice.asked(), slowly)
        assert begun.wait(PATIENCE)
        second = clients.submit(alice.call)
        with pytest.raises(TimeoutError):
            second.result(timeout=timedelta(milliseconds=200).total_seconds())
        go_on.set()
        answers = [first.result(PATIENCE), second.result(PATIENCE)]
    assert [each.is_repeated for each in answers] == [False, True]
    assert answers[0].body == answers[1].body
    assert count(alice.engine) == 1


def test_a_queue_made_by_what_was_undone_is_made_again_by_what_comes_after_it(alice: Caller) -> None:
    """Its number is remembered only when it is there: a task with the number of no queue is in nobody's inbox."""
    engine = alice.engine

    def fail() -> Answered:
        for _ in range(2):
            engine.start_case("repair", {"地点": "三楼", "情况": "灯坏了"}, by=alice.actor)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        engine.once(alice.asked(), fail)
    assert (count(engine), count(engine, Queue)) == (0, 0)
    alice.call("b")
    kept, task = engine.read(
        lambda session: (session.scalars(select(Queue.id)).all(), session.scalars(select(Task)).one())
    )
    assert task.queue_id in kept
