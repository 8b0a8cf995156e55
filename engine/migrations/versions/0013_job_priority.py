"""Jobs have a rank, minus their priority: among those due at the same moment the lower one runs first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

THEIRS = sa.text("state = 'waiting' AND kind = 'external'")


def upgrade() -> None:
    """This will give every job the rank 0, and workers elsewhere an index by rank."""
    op.add_column("jobs", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_jobs_external", "jobs")
    columns = ["type", "rank", "due_at", "id"]
    op.create_index("ix_jobs_external", "jobs", columns, postgresql_where=THEIRS, sqlite_where=THEIRS)


def downgrade() -> None:
    """This will forget the ranks."""
    op.drop_index("ix_jobs_external", "jobs")
    op.create_index("ix_jobs_external", "jobs", ["type", "due_at", "id"], postgresql_where=THEIRS, sqlite_where=THEIRS)
    op.drop_column("jobs", "rank")
