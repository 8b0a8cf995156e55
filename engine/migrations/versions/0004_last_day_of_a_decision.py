"""The last day on which a version of a decision is in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will add the day; versions without one stay in force."""
    op.add_column("resources", sa.Column("effective_to", sa.Date(), nullable=True))


def downgrade() -> None:
    """This will forget the day."""
    with op.batch_alter_table("resources") as table:
        table.drop_column("effective_to")
