"""Queue rules."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will add what this version needs."""


def downgrade() -> None:
    """This will take it away."""
