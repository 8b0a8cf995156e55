"""Jobs that programs elsewhere do, and the tokens that they sign in with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OURS = "state = 'waiting' AND kind <> 'external'"
THEIRS = "state = 'waiting' AND kind = 'external'"


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "jobs", columns, unique=False, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def upgrade() -> None:
    """This will tell external jobs from ours, and make the table of tokens."""
    op.add_column("jobs", sa.Column("type", sa.String(length=200), nullable=True))
    op.drop_index("ix_jobs_due", "jobs")
    _index("ix_jobs_due", ["due_at", "id"], OURS)
    _index("ix_jobs_external", ["type", "due_at", "id"], THEIRS)
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_api_tokens_person_id"),
        sa.ForeignKeyConstraint(["revoked_by"], ["persons.id"], name="fk_api_tokens_revoked_by"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("sha256", name="uq_api_tokens_sha256"),
    )
    op.create_index("ix_api_tokens_person_id", "api_tokens", ["person_id"], unique=False)


def downgrade() -> None:
    """This will take both away; external jobs that wait become service calls."""
    op.drop_table("api_tokens")
    op.drop_index("ix_jobs_external", "jobs")
    op.drop_index("ix_jobs_due", "jobs")
    op.execute("UPDATE jobs SET kind = 'service' WHERE kind = 'external'")
    op.drop_column("jobs", "type")
    _index("ix_jobs_due", ["due_at", "id"], "state = 'waiting'")
