"""Anchors over all histories, and where each event came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will make the tables of anchors, and a column for the origin of events."""
    # added in place: copying a history of years to add a column would take hours
    op.add_column("history", sa.Column("origin", sa.String(length=100), nullable=False, server_default=""))
    op.create_table(
        "anchors",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_anchors"),
    )
    op.create_index("ix_anchors_day", "anchors", ["day"], unique=False)
    op.create_table(
        "anchored_cases",
        sa.Column("anchor", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("anchor", "case_id", name="pk_anchored_cases"),
    )
    op.create_index("ix_anchored_cases_case_id_anchor", "anchored_cases", ["case_id", "anchor"], unique=False)


def downgrade() -> None:
    """This will drop the anchors and where events came from."""
    op.drop_table("anchored_cases")
    op.drop_table("anchors")
    op.drop_column("history", "origin")
