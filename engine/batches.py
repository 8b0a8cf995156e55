"""What a batch of jobs needs to know of its cases: read at once, before the first of them runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import cases
from engine import catalog as catalogs
from engine import directory as directories
from engine.cases import COLUMNS, Running
from engine.db import table
from engine.models import OPEN, Case, Limit, Task
from engine.turn import Turn

Data = dict[str, Any]
CASES, LIMITS, TASKS = table(Case), table(Limit), table(Task)
OF_TASK = tuple(
    TASKS.c[name] for name in ("id", "case_id", "token", "element", "name", "assignee_id", "role", "unit_id")
)


@dataclass(slots=True)
class Known:
    """Cases as they stand in this transaction, limits, and open tasks; what is not here is read when it is needed."""

    cases: dict[UUID, Running] = field(default_factory=dict)
    limits: dict[UUID, Data] = field(default_factory=dict)
    tasks: dict[UUID, list[Data]] = field(default_factory=dict)

    def case(self, turn: Turn, case_id: UUID) -> Running:
        """This will return a case as the jobs before have left it. Raises CaseNotFound."""
        return self.cases.get(case_id) or cases.load(turn, case_id)

    def forget(self) -> None:
        """This will know nothing any more: others may have changed these cases."""
        self.cases.clear()
        self.limits.clear()
        self.tasks.clear()


def read(turn: Turn, case_ids: Collection[UUID], limit_ids: Sequence[UUID], oversight: Collection[UUID]) -> Known:
    """This will read cases, limits, and the open tasks of the cases under `oversight`, each with one question."""
    known = Known()
    if turn.is_locking:  # in one order for all workers: no two of them wait in a circle
        locked = select(CASES.c.id).where(CASES.c.id.in_(case_ids)).order_by(CASES.c.id).with_for_update()
        turn.session.execute(locked).all()
    found = select(*COLUMNS, catalogs.stamp(), directories.stamp()).where(CASES.c.id.in_(case_ids))
    for values in turn.session.execute(found).all():
        if not known.cases:
            turn.look(*values[len(COLUMNS) :])
        running = cases.restore(turn, values[: len(COLUMNS)])
        known.cases[running.id] = running
    if limit_ids:
        rows = turn.session.execute(select(LIMITS).where(LIMITS.c.id.in_(limit_ids))).mappings()
        known.limits = {row["id"]: dict(row) for row in rows}
    if oversight:
        known.tasks = {case_id: [] for case_id in oversight}
        mine = (TASKS.c.case_id.in_(oversight), TASKS.c.state == OPEN)
        for row in turn.session.execute(select(*OF_TASK).where(*mine).order_by(TASKS.c.id)).mappings():
            known.tasks[row["case_id"]].append(dict(row))
    return known
