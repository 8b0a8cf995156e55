"""Statutory limits of cases and tasks, and notices to people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PATH = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")
RUNNING = sa.text("state IN ('running', 'paused')")


def upgrade() -> None:
    """This will make the tables of limits and notices."""
    op.create_table(
        "limits",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("token", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("resource_id", sa.Integer(), sa.ForeignKey("resources.id"), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("element", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("unit_path", PATH, nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("exceeded_at", UtcDateTime(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("happened", sa.Text(), nullable=False),
    )
    op.create_index("ix_limits_case", "limits", ["case_id", "id"])
    op.create_index("ix_limits_state", "limits", ["state", "due_at", "id"])
    op.create_index("ix_limits_unit", "limits", ["unit_path", "state", "due_at"])
    op.create_index(
        "ix_limits_running", "limits", ["resource_id", "id"], postgresql_where=RUNNING, sqlite_where=RUNNING
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("case_number", sa.String(64), nullable=False),
        sa.Column("case_title", sa.String(300), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
    )
    unread = sa.text("read_at IS NULL")
    op.create_index("ix_notices_person", "notices", ["person_id", "id"])
    op.create_index("ix_notices_case", "notices", ["case_id"])
    op.create_index("ix_notices_unread", "notices", ["person_id", "id"], postgresql_where=unread, sqlite_where=unread)


def downgrade() -> None:
    """This will forget all limits and notices."""
    op.drop_table("notices")
    op.drop_table("limits")
