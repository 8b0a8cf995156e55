"""Indexes of limits that those which end leave: a limit was written into nine, it is written into seven, smaller ones.

Lists of what runs ask for the nearest due time, those of what ended for the newest or for a unit. Definitions of limits
are never deleted: that one points to something need not be looked up, nor a row locked that all limits share.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

RUNS, SELDOM = sa.text("state = 'running'"), sa.text("state = 'paused' OR state = 'void'")
STANDING = sa.text("state IN ('running', 'paused')")
NAME = "fk_limits_resource_id"
REFERENCE = f"CONSTRAINT {NAME} FOREIGN KEY(resource_id) REFERENCES resources (id)"


def upgrade() -> None:
    """This will put smaller indexes in place of the old ones, and drop the reference to the definition."""
    for name in ("case", "state", "running"):
        op.drop_index(f"ix_limits_{name}", "limits")
    op.create_index("ix_limits_case", "limits", ["case_id"])
    columns = ["due_at", "id", "resource_id"]
    op.create_index("ix_limits_running", "limits", columns, postgresql_where=RUNS, sqlite_where=RUNS)
    op.create_index("ix_limits_seldom", "limits", ["state", "id"], postgresql_where=SELDOM, sqlite_where=SELDOM)
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(is_kept=False)
    else:
        op.drop_constraint(NAME, "limits", type_="foreignkey")


def downgrade() -> None:
    """This will put the old indexes and the reference back."""
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(is_kept=True)
    else:
        op.create_foreign_key(NAME, "limits", "resources", ["resource_id"], ["id"])
    for name in ("case", "running", "seldom"):
        op.drop_index(f"ix_limits_{name}", "limits")
    op.create_index("ix_limits_case", "limits", ["case_id", "id"])
    op.create_index("ix_limits_state", "limits", ["state", "due_at", "id"])
    columns = ["resource_id", "id"]
    op.create_index("ix_limits_running", "limits", columns, postgresql_where=STANDING, sqlite_where=STANDING)


def _rewrite(*, is_kept: bool) -> None:
    """SQLite can only be told by the text of the table, as its documentation of ALTER TABLE has it for constraints."""
    connection = op.get_bind()
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    mine = "type = 'table' AND name = 'limits'"
    written = connection.scalar(sa.text(f"SELECT sql FROM sqlite_schema WHERE {mine}"))
    if is_kept:
        written = f"{written.rstrip().removesuffix(')').rstrip()}, \n\t{REFERENCE}\n)"
    else:
        before, _found, after = written.partition(REFERENCE)
        written = before.rstrip().removesuffix(",") + after
    connection.execute(sa.text(f"UPDATE sqlite_schema SET sql = :sql WHERE {mine}"), {"sql": written})
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))
