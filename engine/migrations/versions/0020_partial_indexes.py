"""Indexes of what is asked for only: the one kind of value that a field has, and the work that delegates gave back.

Each value of a case was written into three indexes, two of which never find it. Who worked on a task for somebody else
was looked for among all that happened.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KINDS = ("text", "number", "day")
GIVEN_BACK = sa.text("kind = 'given_back'")


def _fields(*, are_partial: bool) -> None:
    for kind in KINDS:
        name, where = f"ix_case_fields_name_{kind}", sa.text(f"{kind} IS NOT NULL") if are_partial else None
        op.drop_index(name, "case_fields")
        op.create_index(name, "case_fields", ["name", kind], postgresql_where=where, sqlite_where=where)


def upgrade() -> None:
    """This will leave out of each index what nobody looks for in it."""
    _fields(are_partial=True)
    columns = ["case_id", "task_id"]
    op.create_index("ix_history_given_back", "history", columns, postgresql_where=GIVEN_BACK, sqlite_where=GIVEN_BACK)


def downgrade() -> None:
    """This will put all of it in again."""
    op.drop_index("ix_history_given_back", "history")
    _fields(are_partial=False)
