"""Inboxes by age, importance and urges, and boards by step, are read by indexes; two others hold less.

What a completion writes stays the same: the task that it opens enters two indexes more (by age, by importance) and two
less (done tasks, tasks of persons), and few tasks are ever urged.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OPEN = "state = 'open'"
FREE = f"{OPEN} AND assignee_id IS NULL"
Partial = tuple[list[sa.TextClause | str], str | None]  # columns, condition
NEW: dict[str, Partial] = {
    "ix_tasks_created": (["queue_id", "created_at", "id"], FREE),
    "ix_tasks_priority": (["queue_id", sa.text("priority DESC"), "order_at", "id"], FREE),
    "ix_tasks_urged": (["queue_id", sa.text("urged_count DESC"), "order_at", "id"], f"{FREE} AND urged_count > 0"),
}
CHANGED: dict[str, tuple[Partial, Partial]] = {  # now, and before
    "ix_tasks_assignee": (
        (["assignee_id", "order_at", "id"], f"{OPEN} AND assignee_id IS NOT NULL"),
        (["assignee_id", "order_at", "id"], OPEN),
    ),
    "ix_tasks_board": ((["unit_path", "name", "order_at"], OPEN), (["unit_path", "element", "order_at"], OPEN)),
    "ix_tasks_done": (
        (["completed_by", "completed_at", "id"], "completed_by IS NOT NULL"),
        (["completed_by", "completed_at", "id"], None),
    ),
}


def _create(name: str, columns: list[sa.TextClause | str], where: str | None) -> None:
    condition = sa.text(where) if where is not None else None
    op.create_index(name, "tasks", columns, postgresql_where=condition, sqlite_where=condition)


def upgrade() -> None:
    """This will make the indexes."""
    for name, (now, _before) in CHANGED.items():
        op.drop_index(name, "tasks")
        _create(name, *now)
    for name, (columns, where) in NEW.items():
        _create(name, columns, where)


def downgrade() -> None:
    """This will make those of before."""
    for name in NEW:
        op.drop_index(name, "tasks")
    for name, (_now, before) in CHANGED.items():
        op.drop_index(name, "tasks")
        _create(name, *before)
