"""Less work for each row of cases and tasks: fewer references to check, a shorter trigger for boards, room in pages.

Definitions, forms, units, queues and persons are never deleted, so what points to them points to something. To check it
cost a look-up for each reference and a lock on the row that all share, which transactions at the same time then fight
for. References to cases and tasks stay: retention deletes those.
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BEFORE = import_module("engine.migrations.versions.0014_board_triggers")
REFERENCES = {
    "cases": {"definition_id": "definitions", "started_by": "persons", "unit_id": "units"},
    "tasks": {
        "assignee_id": "persons",
        "completed_by": "persons",
        "definition_id": "definitions",
        "queue_id": "queues",
        "resource_id": "resources",
        "unit_id": "units",
    },
}
OLD, NEW = (
    f"{BEFORE.INTO} VALUES ({row}.unit_path, {row}.name, ({row}.order_at AT TIME ZONE 'Asia/Shanghai')::date, "
    f"coalesce({row}.unit_id, 0), {change});"
    for row, change in (("OLD", -1), ("NEW", 1))
)
# A condition in WHEN is read and planned anew for every statement; in the function it is planned once a connection.
FUNCTION = f"""
CREATE OR REPLACE FUNCTION board_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.{BEFORE.OPEN} THEN
      {NEW}
    END IF;
    RETURN NULL;
  END IF;
  IF OLD.{BEFORE.OPEN} THEN
    IF TG_OP = 'UPDATE' AND NOT ({BEFORE.MOVED}) THEN
      RETURN NULL;
    END IF;
    {OLD}
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.{BEFORE.OPEN} THEN
    {NEW}
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """This will drop the references and put the new trigger in place of the old one."""
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(is_kept=False)
        return
    for table, references in REFERENCES.items():
        for column in references:
            op.drop_constraint(f"fk_{table}_{column}", table, type_="foreignkey")
    # A case is written anew with each step: where its page has room it stays there, and no index has to learn of it.
    op.execute("ALTER TABLE cases SET (fillfactor = 80)")
    op.execute(FUNCTION)
    for name in ("insert", "update"):
        op.execute(f"DROP TRIGGER tasks_board_{name} ON tasks")
        event = BEFORE.EVENTS[name][0]
        op.execute(
            f"CREATE TRIGGER tasks_board_{name} AFTER {event} ON tasks FOR EACH ROW EXECUTE FUNCTION board_change()"
        )


def downgrade() -> None:
    """This will check all references again, and put the old trigger back."""
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(is_kept=True)
        return
    for name in ("insert", "update"):
        op.execute(f"DROP TRIGGER tasks_board_{name} ON tasks")
        event, when, _rows = BEFORE.EVENTS[name]
        op.execute(
            f"CREATE TRIGGER tasks_board_{name} AFTER {event} ON tasks FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION board_change()"
        )
    op.execute("ALTER TABLE cases RESET (fillfactor)")
    op.execute(BEFORE.FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    for table, references in REFERENCES.items():
        for column, target in references.items():
            op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"])


def _rewrite(*, is_kept: bool) -> None:
    """SQLite can only be told by the text of the table, as its documentation of ALTER TABLE has it for constraints."""
    connection = op.get_bind()
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    for table, references in REFERENCES.items():
        mine = {"name": table}
        written = connection.scalar(
            sa.text("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :name"), mine
        )
        for column, target in references.items():
            text = f"CONSTRAINT fk_{table}_{column} FOREIGN KEY({column}) REFERENCES {target} (id)"
            before, found, after = written.partition(text)
            if is_kept and not found:
                written = f"{written.rstrip().removesuffix(')').rstrip()}, \n\t{text}\n)"
            elif not is_kept and found:
                written = before.rstrip().removesuffix(",") + after
        statement = sa.text("UPDATE sqlite_schema SET sql = :sql WHERE type = 'table' AND name = :name")
        connection.execute(statement, {**mine, "sql": written})
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))
