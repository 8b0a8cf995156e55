"""Versions that restore earlier ones, and running cases that move from one version to another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """This will note what a version restores, and make the tables of migrations."""
    op.add_column("definitions", sa.Column("restores", sa.Integer(), nullable=True))
    op.create_table(
        "migrations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("process_id", sa.String(length=200), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.Column("ordered_by", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["ordered_by"], ["persons.id"], name="fk_migrations_ordered_by"),
        sa.ForeignKeyConstraint(["source_id"], ["definitions.id"], name="fk_migrations_source_id"),
        sa.ForeignKeyConstraint(["target_id"], ["definitions.id"], name="fk_migrations_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_migrations"),
    )
    op.create_index("ix_migrations_process_id_id", "migrations", ["process_id", "id"], unique=False)
    op.create_table(
        "migrated_cases",
        sa.Column("migration_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["migration_id"], ["migrations.id"], name="fk_migrated_cases_migration_id"),
        sa.PrimaryKeyConstraint("migration_id", "case_id", name="pk_migrated_cases"),
    )
    op.create_index(
        "ix_migrated_cases_migration_id_state_case_id",
        "migrated_cases",
        ["migration_id", "state", "case_id"],
        unique=False,
    )


def downgrade() -> None:
    """This will forget them; a job that moves cases goes with its migration."""
    op.execute("DELETE FROM jobs WHERE kind = 'migration'")
    op.drop_table("migrated_cases")
    op.drop_table("migrations")
    op.drop_column("definitions", "restores")
