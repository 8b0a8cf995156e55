"""Programs."""

from __future__ import annotations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will add what this version needs."""


def downgrade() -> None:
    """This will take it away."""
