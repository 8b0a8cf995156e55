"""Gives a task that opens in a queue to one of its members: in turn, or to who has the least to do."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, literal_column, select, update

from engine.db import table
from engine.directory import Official
from engine.models import Queue, Task
from engine.rules import LEAST
from engine.turn import Turn

QUEUES, TASKS = table(Queue), table(Task)


def choose(
    turn: Turn, *, how: str, queue_id: int, role: str, unit_id: int | None, process_id: str, barred: Collection[int]
) -> Official | None:
    """This will choose a member of a queue who is there and may do the task; None when nobody is left.

    Whoever opens a task of the same queue meanwhile waits until this transaction ends, so that no turn is taken twice.
    """
    asked: dict[str, Any] = {"role": role, "unit_id": unit_id, "process_id": process_id}
    members = sorted(
        (
            member
            for member in turn.directory.members(role, unit_id)
            if member.id not in barred and not turn.directory.is_away(member.id, turn.now, **asked)
        ),
        key=lambda member: member.id,
    )
    if not members:
        return None
    mine = QUEUES.c.id == queue_id
    last = turn.session.scalar(select(QUEUES.c.turn_id).where(mine).with_for_update()) or 0
    in_turn = [*(each for each in members if each.id > last), *(each for each in members if each.id <= last)]
    if how == LEAST:
        loads = _loads(turn, [member.id for member in members])
        in_turn.sort(key=lambda member: loads.get(member.id, 0))
    turn.session.execute(update(QUEUES).where(mine).values(turn_id=in_turn[0].id))
    return in_turn[0]


def _loads(turn: Turn, ids: Collection[int]) -> dict[int, int]:
    """How many open tasks people have."""
    is_open = TASKS.c.state == literal_column("'open'")
    rows = select(TASKS.c.assignee_id, func.count()).where(TASKS.c.assignee_id.in_(ids), is_open)
    return {row[0]: row[1] for row in turn.session.execute(rows.group_by(TASKS.c.assignee_id))}
