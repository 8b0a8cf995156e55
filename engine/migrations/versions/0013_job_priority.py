"""Jobs have a rank, minus their priority: among those due at the same moment the lower one runs first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OURS = sa.text("state = 'waiting' AND kind <> 'external'")
THEIRS = sa.text("state = 'waiting' AND kind = 'external'")


def _index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.drop_index(name, "jobs")
    op.create_index(name, "jobs", columns, postgresql_where=where, sqlite_where=where)


def upgrade() -> None:
    """This will give every job the rank 0, and the indexes by which jobs are claimed too."""
    op.add_column("jobs", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    # a hundred thousand limits end at the same moment: without the rank each claim would sort all of them
    _index("ix_jobs_due", ["due_at", "rank", "id"], OURS)
    _index("ix_jobs_external", ["type", "rank", "due_at", "id"], THEIRS)


def downgrade() -> None:
    """This will forget the ranks."""
    _index("ix_jobs_due", ["due_at", "id"], OURS)
    _index("ix_jobs_external", ["type", "due_at", "id"], THEIRS)
    op.drop_column("jobs", "rank")
