"""The database itself counts open tasks for boards, whoever changes them.

After 0006 and 0007, because SQLite makes a table anew to change it, and forgets its triggers then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = "state = 'open'"
INTO = "INSERT INTO board_changes (unit_path, step, day, unit_id, change)"
SEEN = ("state", "unit_path", "name", "order_at", "unit_id")  # what a board sees of a task
MOVED = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in SEEN)
CHANGED = f"(OLD.{OPEN} OR NEW.{OPEN}) AND ({MOVED})"
EVENTS = {
    "insert": ("INSERT", f"NEW.{OPEN}", ("NEW",)),
    "update": (f"UPDATE OF {', '.join(SEEN)}", CHANGED, ("OLD", "NEW")),
    "delete": ("DELETE", f"OLD.{OPEN}", ("OLD",)),
}
FUNCTION = f"""
CREATE FUNCTION board_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.{OPEN} THEN
    {INTO} VALUES (OLD.unit_path, OLD.name, (OLD.order_at AT TIME ZONE 'Asia/Shanghai')::date,
      coalesce(OLD.unit_id, 0), -1);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.{OPEN} THEN
    {INTO} VALUES (NEW.unit_path, NEW.name, (NEW.order_at AT TIME ZONE 'Asia/Shanghai')::date,
      coalesce(NEW.unit_id, 0), 1);
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """This will make the triggers, count what is open, and index what is due on the day that a board cuts in two."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    day = "date(order_at, '+8 hours')" if is_sqlite else "(order_at AT TIME ZONE 'Asia/Shanghai')::date"
    columns = ["order_at", "unit_path", "name", "unit_id"]
    op.create_index("ix_tasks_due", "tasks", columns, postgresql_where=sa.text(OPEN), sqlite_where=sa.text(OPEN))
    op.execute(
        "INSERT INTO board_counts (unit_path, step, day, unit_id, open) "
        f"SELECT unit_path, name, {day}, coalesce(unit_id, 0), count(*) FROM tasks WHERE {OPEN} GROUP BY 1, 2, 3, 4"
    )
    if not is_sqlite:
        op.execute(FUNCTION)
    for name, (event, when, rows) in EVENTS.items():
        op.execute(_sqlite(name, event, when, rows) if is_sqlite else _postgresql(name, event, when))


def _postgresql(name: str, event: str, when: str) -> str:
    return (
        f"CREATE TRIGGER tasks_board_{name} AFTER {event} ON tasks FOR EACH ROW WHEN ({when}) "
        "EXECUTE FUNCTION board_change()"
    )


def _sqlite(name: str, event: str, when: str, rows: tuple[str, ...]) -> str:
    body = "".join(
        f"{INTO} SELECT {row}.unit_path, {row}.name, date({row}.order_at, '+8 hours'), coalesce({row}.unit_id, 0), "
        f"{1 if row == 'NEW' else -1} WHERE {row}.{OPEN};"
        for row in rows
    )
    return f"CREATE TRIGGER tasks_board_{name} AFTER {event} ON tasks FOR EACH ROW WHEN {when} BEGIN {body} END"


def downgrade() -> None:
    """This will let nobody count."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in EVENTS:
        op.execute(f"DROP TRIGGER tasks_board_{name}" + ("" if is_sqlite else " ON tasks"))
    if not is_sqlite:
        op.execute("DROP FUNCTION board_change()")
    op.drop_index("ix_tasks_due", "tasks")
    for table in ("board_changes", "board_counts"):
        op.execute(f"DELETE FROM {table}")
