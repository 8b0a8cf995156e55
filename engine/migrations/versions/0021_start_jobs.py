"""The index of jobs that start cases holds no others: a timer of a case was written into it and never looked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEX = "ix_jobs_definition_id"
STARTS = sa.text("definition_id IS NOT NULL")


def upgrade() -> None:
    """This will leave the jobs of cases out of the index."""
    op.drop_index(INDEX, "jobs")
    op.create_index(INDEX, "jobs", ["definition_id"], postgresql_where=STARTS, sqlite_where=STARTS)


def downgrade() -> None:
    """This will put all jobs in again."""
    op.drop_index(INDEX, "jobs")
    op.create_index(INDEX, "jobs", ["definition_id"])
