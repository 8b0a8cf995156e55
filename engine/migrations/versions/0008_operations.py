"""What operators keep: rules of retention, holds, what was deleted, and what was done to many cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ENDED = "ended_at IS NOT NULL"
OF_TASK = "task_id IS NOT NULL"
WAITING = "state = 'waiting'"


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["persons.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    """This will add the tables, and the indexes by which ended cases and all that belongs to them are found."""
    op.add_column("incidents", sa.Column("code", sa.String(length=48), server_default="", nullable=False))
    op.add_column("incidents", sa.Column("stack", sa.Text(), server_default="", nullable=False))
    _partial("ix_cases_ended", "cases", ["app", "process_id", "ended_at", "id"], ENDED)
    _partial("ix_attachments_task_id", "attachments", ["task_id"], OF_TASK)
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"], unique=False)
    _partial("ix_tasks_parent", "tasks", ["parent_id"], "parent_id IS NOT NULL")
    op.create_index("ix_drafts_key", "drafts", ["key"], unique=False)
    op.create_index("ix_urges_case_id", "urges", ["case_id"], unique=False)
    _kept_tables()
    _action_tables()


def _kept_tables() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("process_id", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        _person("retention_rules", "set_by"),
        sa.PrimaryKeyConstraint("id", name="pk_retention_rules"),
        sa.UniqueConstraint("app", "process_id", "outcome", name="uq_retention_rules_app_process_id_outcome"),
    )
    op.create_table(
        "holds",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_at", UtcDateTime(), nullable=False),
        sa.Column("held_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_holds_case_id"),
        _person("holds", "held_by"),
        sa.PrimaryKeyConstraint("case_id", name="pk_holds"),
    )
    op.create_table(
        "deleted_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("process_id", sa.String(length=200), nullable=False),
        sa.Column("history_seq", sa.Integer(), nullable=False),
        sa.Column("history_hash", sa.String(length=64), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_by", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _person("deleted_cases", "deleted_by"),
        sa.PrimaryKeyConstraint("id", name="pk_deleted_cases"),
    )
    op.create_index("ix_deleted_cases_number", "deleted_cases", ["number"], unique=False)
    op.create_index("ix_deleted_cases_deleted_at", "deleted_cases", ["deleted_at"], unique=False)
    op.create_table(
        "orphaned_files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_orphaned_files"),
    )
    op.create_index("ix_orphaned_files_since", "orphaned_files", ["since"], unique=False)


def _action_tables() -> None:
    op.create_table(
        "operator_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        _person("operator_actions", "actor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_operator_actions"),
    )
    op.create_table(
        "action_items",
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["operator_actions.id"], name="fk_action_items_action_id"),
        sa.PrimaryKeyConstraint("action_id", "seq", name="pk_action_items"),
    )
    _partial("ix_action_items_waiting", "action_items", ["action_id", "seq"], WAITING)


def downgrade() -> None:
    """This will take all of it away."""
    for name in ("action_items", "operator_actions", "orphaned_files", "deleted_cases", "holds", "retention_rules"):
        op.drop_table(name)
    op.drop_index("ix_urges_case_id", "urges")
    op.drop_index("ix_drafts_key", "drafts")
    op.drop_index("ix_tasks_parent", "tasks")
    op.drop_index("ix_attachments_sha256", "attachments")
    op.drop_index("ix_attachments_task_id", "attachments")
    op.drop_index("ix_cases_ended", "cases")
    op.drop_column("incidents", "stack")
    op.drop_column("incidents", "code")
