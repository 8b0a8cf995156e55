"""Versions."""

from __future__ import annotations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will add what this version needs."""


def downgrade() -> None:
    """This will take it away."""
