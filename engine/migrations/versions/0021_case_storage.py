"""Documents of usual length stay in the row of their case, and the index of jobs that start cases holds no others.

PostgreSQL compresses a row of more than 2 kB and moves what is still too long into another table, again at every step
of the case: a third of what a step of a long one costs the server. Up to 4 kB a row now stays as it is, and pages keep
room for its next version. A timer of a case was written into the index of start jobs and never looked for there.
"""

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
    """This will set when PostgreSQL moves documents away, and leave the jobs of cases out of the index."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE cases SET (toast_tuple_target = 4080, fillfactor = 60)")
    op.drop_index(INDEX, "jobs")
    op.create_index(INDEX, "jobs", ["definition_id"], postgresql_where=STARTS, sqlite_where=STARTS)


def downgrade() -> None:
    """This will let PostgreSQL choose, and put all jobs into the index again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE cases RESET (toast_tuple_target, fillfactor)")
    op.drop_index(INDEX, "jobs")
    op.create_index(INDEX, "jobs", ["definition_id"])
