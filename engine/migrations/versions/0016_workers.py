"""Worker processes, what the calendar let them do, and a call that wakes them for a job that is due at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# A second more than now: the clocks of two machines are never quite the same.
DUE = """
  NEW.state = 'waiting' AND NEW.kind <> 'external' AND NEW.leased_until IS NULL
  AND NEW.due_at <= clock_timestamp() + interval '1 second'
"""
FUNCTION = """
CREATE FUNCTION wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('bihuan_jobs', '');
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """This will make the tables of workers and calendar jobs, and on PostgreSQL the triggers that wake workers."""
    op.create_table(
        "workers",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "calendar_runs",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("period", sa.String(32), primary_key=True),
        sa.Column("worker", sa.String(64), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(200), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)
        for name, event in (("inserted", "INSERT"), ("due", "UPDATE OF due_at, state, leased_until")):
            op.execute(
                f"CREATE TRIGGER jobs_{name} AFTER {event} ON jobs FOR EACH ROW WHEN ({DUE}) "
                "EXECUTE FUNCTION wake_workers()"
            )


def downgrade() -> None:
    """This will let workers find out by themselves."""
    if op.get_bind().dialect.name == "postgresql":
        for name in ("inserted", "due"):
            op.execute(f"DROP TRIGGER jobs_{name} ON jobs")
        op.execute("DROP FUNCTION wake_workers()")
    op.drop_table("calendar_runs")
    op.drop_table("workers")
