"""Signatures that are added to a task, delegation, and how often somebody urged a task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNIQUE = "uq_tasks_case_id_token"
UNIQUE_SIGN = "uq_tasks_case_id_token_sign"
PARTIAL = {  # indexes that hold open tasks only
    "ix_tasks_assignee": (["assignee_id", "order_at", "id"], "state = 'open'"),
    "ix_tasks_board": (["unit_path", "element", "order_at"], "state = 'open'"),
    "ix_tasks_queue": (["queue_id", "order_at", "id"], "state = 'open' AND assignee_id IS NULL"),
}


def upgrade() -> None:
    """This will let several rows stand for one token: the task, and the signatures added to it."""
    _unbind_files()
    with op.batch_alter_table("tasks") as tasks:
        tasks.add_column(sa.Column("parent_id", sa.Uuid(), nullable=True))
        tasks.add_column(sa.Column("sign", sa.Integer(), nullable=False, server_default="0"))
        tasks.add_column(sa.Column("signs", sa.Integer(), nullable=False, server_default="0"))
        tasks.add_column(sa.Column("owner_id", sa.Integer(), nullable=True))
        tasks.create_foreign_key("fk_tasks_parent_id", "tasks", ["parent_id"], ["id"])
        tasks.create_foreign_key("fk_tasks_owner_id", "persons", ["owner_id"], ["id"])
        tasks.drop_constraint(UNIQUE, type_="unique")
        tasks.create_unique_constraint(UNIQUE_SIGN, ["case_id", "token", "sign"])
    _bind_files()


def downgrade() -> None:
    """This will take signatures and delegations away; a delegated task stays with its delegate."""
    op.execute("DELETE FROM tasks WHERE parent_id IS NOT NULL")
    op.execute("UPDATE tasks SET state = 'open' WHERE state = 'held'")
    _unbind_files()
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_constraint(UNIQUE_SIGN, type_="unique")
        tasks.create_unique_constraint(UNIQUE, ["case_id", "token"])
        tasks.drop_constraint("fk_tasks_parent_id", type_="foreignkey")
        tasks.drop_constraint("fk_tasks_owner_id", type_="foreignkey")
        for name in ("parent_id", "sign", "signs", "owner_id"):
            tasks.drop_column(name)
    _bind_files()


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _unbind_files() -> None:
    """SQLite makes the table anew, which it refuses while rows elsewhere point to its rows."""
    if not _is_sqlite():
        return
    op.execute("CREATE TEMPORARY TABLE bound AS SELECT id, task_id FROM attachments WHERE task_id IS NOT NULL")
    op.execute("UPDATE attachments SET task_id = NULL WHERE task_id IS NOT NULL")
    for name in PARTIAL:
        op.drop_index(name, "tasks")


def _bind_files() -> None:
    if not _is_sqlite():
        return
    for name, (columns, where) in PARTIAL.items():
        op.create_index(name, "tasks", columns, sqlite_where=sa.text(where))
    op.execute("UPDATE attachments SET task_id = (SELECT task_id FROM bound WHERE bound.id = attachments.id)")
    op.execute("DROP TABLE bound")
