"""A limit knows which rungs of its ladder are climbed, not only how many; jobs are claimed by an index that has ranks.

A calendar published meanwhile may turn the order of two rungs around: a count alone would then climb one of them twice
and never the other.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OURS = sa.text("state = 'waiting' AND kind <> 'external'")


def _index(columns: list[str]) -> None:
    op.drop_index("ix_jobs_due", "jobs")
    op.create_index("ix_jobs_due", "jobs", columns, postgresql_where=OURS, sqlite_where=OURS)


def upgrade() -> None:
    """This will turn counts into sets; the rungs of a ladder that is written in the order of time are the same ones."""
    op.execute("ALTER TABLE limits RENAME COLUMN rung TO climbed")
    op.execute("UPDATE limits SET climbed = (1 << climbed) - 1 WHERE climbed > 0")
    # a hundred thousand limits end at the same moment: without the rank each claim would sort all of them
    _index(["due_at", "rank", "id"])


def downgrade() -> None:
    """This will only count how many are climbed."""
    _index(["due_at", "id"])
    count = " + ".join(f"((climbed >> {place}) & 1)" for place in range(30))
    op.execute(f"UPDATE limits SET climbed = {count} WHERE climbed > 0")
    op.execute("ALTER TABLE limits RENAME COLUMN climbed TO rung")
