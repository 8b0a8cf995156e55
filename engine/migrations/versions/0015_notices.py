"""What notices need."""

from __future__ import annotations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will add what this version needs."""


def downgrade() -> None:
    """This will take it away."""
