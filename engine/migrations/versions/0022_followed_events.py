"""What follows by itself stands in the row of the event before it, not in a row of its own.

Rows written before stay as they are: nothing followed in them, and their hashes hold.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will add a column for the events that follow."""
    # added in place: copying a history of years to add a column would take hours
    op.add_column("history", sa.Column("followed", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """This will drop the column and what stands in it: histories of which it is a part are whole no more."""
    op.drop_column("history", "followed")
