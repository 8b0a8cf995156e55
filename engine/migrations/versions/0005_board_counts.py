"""Counts of open tasks by unit, step and day, for boards; 0014 lets the database keep them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PATH = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")


def upgrade() -> None:
    """This will make the tables of the counts and of the changes that are not yet in them."""
    op.create_table(
        "board_counts",
        sa.Column("unit_path", PATH, nullable=False),
        sa.Column("step", sa.String(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit_path", "step", "day", "unit_id", name="pk_board_counts"),
    )
    op.create_table(
        "board_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_path", PATH, nullable=False),
        sa.Column("step", sa.String(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_board_changes"),
    )


def downgrade() -> None:
    """This will take both tables away."""
    op.drop_table("board_changes")
    op.drop_table("board_counts")
