"""Who is told what: by limits see `test_limits`; here by what people do with tasks, by absences and incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine import Engine, Task, feel, notices, queries
from engine.models import Notice

REPORT = {"地点": "三号楼", "情况": "漏水"}


class Board:
    """The repair house with one case, whose task `fix` waits in the queue of bob and bella."""

    def __init__(self, engine: Engine, cast: Any) -> None:
        self.engine, self.cast = engine, cast
        self.case = engine.start_case("repair", REPORT, by=cast.alice)
        self.task: Task = engine.read(queries.inbox, cast.bob).items[-1]

    def told(self, login: str) -> list[tuple[str, dict[str, Any]]]:
        """What somebody was told, the oldest first."""
        person = getattr(self.cast, login).person_id
        rows = self.engine.read(
            lambda session: session.query(Notice).filter_by(person_id=person).order_by(Notice.id).all()
        )
        return [(row.kind, feel.loads(row.detail)) for row in rows]


@pytest.fixture
def board(engine: Engine, cast: Any) -> Board:
    return Board(engine, cast)


def test_a_task_in_a_queue_is_told_to_nobody(board: Board) -> None:
    assert board.told("bob") == board.told("bella") == []


def test_delegating_and_answering_tell_the_other(board: Board) -> None:
    engine, cast, task = board.engine, board.cast, board.task
    engine.delegate_task(task.id, "bella", by=cast.bob, note="请先看现场")
    assert board.told("bella") == [("delegated", {"task": task.name, "by": "乙", "text": "请先看现场"})]
    engine.resolve_task(task.id, by=cast.bella, note="已看")
    assert board.told("bob") == [("given_back", {"task": task.name, "by": "丙", "text": "已看"})]
    engine.delegate_task(task.id, "bella", by=cast.bob)
    engine.resolve_task(task.id, by=cast.bob)
    assert [kind for kind, _detail in board.told("bella")] == ["delegated", "delegated", "called_back"]


def test_transferring_tells_who_has_it_now(board: Board) -> None:
    board.engine.transfer_task(board.task.id, "bella", by=board.cast.bob)
    assert board.told("bella") == [("transferred", {"task": board.task.name, "by": "乙"})]
    assert board.told("bob") == []


def test_signers_are_told_when_it_is_their_turn(board: Board) -> None:
    engine, cast, task = board.engine, board.cast, board.task
    engine.claim_task(task.id, by=cast.bob)
    engine.add_signs(task.id, ["bella"], by=cast.bob, when="after", note="请把关")
    assert board.told("bella") == []
    engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert [kind for kind, _detail in board.told("bella")] == ["sign_asked"]


def test_an_urge_reaches_all_of_the_queue_and_then_who_has_the_task(board: Board) -> None:
    engine, cast, task = board.engine, board.cast, board.task
    engine.urge_task(task.id, by=cast.alice, text="住户在等")
    urged = [("urged", {"task": task.name, "by": "甲", "text": "住户在等"})]
    assert (board.told("bob"), board.told("bella")) == (urged, urged)


def test_who_had_a_task_learns_that_it_is_gone(board: Board) -> None:
    engine, cast, task = board.engine, board.cast, board.task
    engine.claim_task(task.id, by=cast.bob)
    engine.cancel_case(board.case.id, by=cast.olga, reason="重复登记")
    assert board.told("bob") == [("withdrawn", {"task": task.name, "by": "己"})]
    assert board.told("bella") == []


def test_a_copy_is_told_and_a_substitute_knows_from_when(board: Board, clock: Any) -> None:
    engine, cast = board.engine, board.cast
    engine.copy_case(board.case.id, ["bella"], by=cast.alice, note="请阅")
    assert board.told("bella") == [("copied", {"by": "甲", "text": "请阅"})]
    begins = clock()
    ends = begins + timedelta(days=1)
    engine.set_absence(by=cast.bob, substitute="bella", from_at=begins, until_at=ends)
    kind, detail = board.told("bella")[-1]
    assert (kind, detail["name"]) == ("substitute", "乙")
    assert (detail["from"], detail["until"]) == (begins.isoformat(), ends.isoformat())


def test_operators_are_told_of_a_standstill(engine: Engine, cast: Any, post: Any, clock: Any) -> None:
    post.problem = RuntimeError("the post office is closed")
    engine.start_case("calling", {"number": 1}, by=cast.alice)
    for _ in range(12):
        engine.run_due_jobs()
        clock.advance(hours=2)
    person = cast.olga.person_id
    (told,) = engine.read(lambda session: session.query(Notice).filter_by(person_id=person).all())
    assert told.kind == "incident"
    assert "post office" in feel.loads(told.detail)["reason"]


def test_notices_are_listed_unread_first_page_by_page_and_only_ones_own(board: Board) -> None:
    engine, cast = board.engine, board.cast
    for number in range(5):
        engine.write(cast.alice, _tell, cast.bella.person_id, number)
    first = engine.read(queries.notices, cast.bella, limit=2)
    engine.read_notice(first.items[0].id, by=cast.bella)
    seen, after = [], None
    while True:
        page = engine.read(queries.notices, cast.bella, limit=2, after=after)
        seen += [(feel.loads(row.detail)["n"], row.read_at is None) for row in page.items]
        after = page.next
        if after is None:
            break
    assert seen == [(3, True), (2, True), (1, True), (0, True), (4, False)]
    assert engine.read(queries.unread_notices, cast.bella) == 4
    with pytest.raises(notices.NoticeNotFound):
        engine.read_notice(first.items[1].id, by=cast.bob)
    assert engine.read_notices(by=cast.bella) == 4
    assert engine.read(queries.unread_notices, cast.bella) == 0


def _tell(turn: Any, person: int, number: int) -> None:
    from engine import prepared

    prepared.send(turn.session, notices.tell(turn, [person], notices.TRIAL, case=None, detail={"n": number}))


def test_completing_a_task_that_tells_nobody_asks_nothing_more(board: Board, statements: Any) -> None:
    engine, cast = board.engine, board.cast
    with statements(engine) as seen:
        engine.complete_task(board.task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert not [text for text in seen if "notices" in text]
