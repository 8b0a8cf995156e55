"""Copies, urges, absences, kept filters, and changes of people and units that open tasks follow."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UNREAD = "read_at IS NULL"
IN_FORCE = "ended_at IS NULL"


def _column(name: str, type: sa.types.TypeEngine[Any], *, is_needed: bool = True) -> sa.Column[Any]:
    return sa.Column(name, type, nullable=not is_needed)


def _to(table: str, *columns: str, of: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_{of}_{name}") for name in columns]


def _readings() -> None:
    op.create_table(
        "readings",
        _column("id", sa.Uuid()),
        _column("case_id", sa.Uuid()),
        _column("task_id", sa.Uuid(), is_needed=False),
        _column("person_id", sa.Integer()),
        _column("sent_by", sa.Integer(), is_needed=False),
        _column("sent_at", UtcDateTime()),
        _column("sender", sa.String(length=200)),
        _column("note", sa.Text()),
        _column("read_at", UtcDateTime(), is_needed=False),
        _column("case_number", sa.String(length=64)),
        _column("case_title", sa.String(length=300)),
        *_to("cases", "case_id", of="readings"),
        *_to("persons", "person_id", "sent_by", of="readings"),
        sa.PrimaryKeyConstraint("id", name="pk_readings"),
    )
    op.create_index("ix_readings_person", "readings", ["person_id", "id"])
    unread = sa.text(UNREAD)
    op.create_index("ix_readings_unread", "readings", ["person_id", "id"], postgresql_where=unread, sqlite_where=unread)
    op.create_index("ix_readings_case", "readings", ["case_id", "person_id"])


def _urges() -> None:
    op.create_table(
        "urges",
        _column("id", sa.Uuid()),
        _column("task_id", sa.Uuid()),
        _column("case_id", sa.Uuid()),
        _column("urged_by", sa.Integer(), is_needed=False),
        _column("urged_at", UtcDateTime()),
        _column("text", sa.Text()),
        *_to("tasks", "task_id", of="urges"),
        *_to("cases", "case_id", of="urges"),
        *_to("persons", "urged_by", of="urges"),
        sa.PrimaryKeyConstraint("id", name="pk_urges"),
    )
    op.create_index("ix_urges_task_id_id", "urges", ["task_id", "id"])


def _absences() -> None:
    op.create_table(
        "absences",
        _column("id", sa.Integer()),
        _column("person_id", sa.Integer(), is_needed=False),
        _column("substitute_id", sa.Integer(), is_needed=False),
        _column("role", sa.String(length=64), is_needed=False),
        _column("unit_id", sa.Integer(), is_needed=False),
        _column("process_id", sa.String(length=200), is_needed=False),
        _column("substitute_role", sa.String(length=64), is_needed=False),
        _column("substitute_unit_id", sa.Integer(), is_needed=False),
        _column("from_at", UtcDateTime()),
        _column("until_at", UtcDateTime()),
        _column("note", sa.String(length=500)),
        _column("created_at", UtcDateTime()),
        _column("created_by", sa.Integer(), is_needed=False),
        _column("ended_at", UtcDateTime(), is_needed=False),
        _column("ended_by", sa.Integer(), is_needed=False),
        *_to("persons", "person_id", "substitute_id", "created_by", "ended_by", of="absences"),
        *_to("units", "unit_id", "substitute_unit_id", of="absences"),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    in_force = sa.text(IN_FORCE)
    op.create_index("ix_absences_in_force", "absences", ["until_at"], postgresql_where=in_force, sqlite_where=in_force)
    op.create_index("ix_absences_person_id_until_at", "absences", ["person_id", "until_at"])


def _filters() -> None:
    op.create_table(
        "filters",
        _column("id", sa.Integer()),
        _column("person_id", sa.Integer()),
        _column("unit_id", sa.Integer(), is_needed=False),
        _column("list", sa.String(length=16)),
        _column("name", sa.String(length=100)),
        _column("asked", sa.Text()),
        _column("saved_at", UtcDateTime()),
        *_to("persons", "person_id", of="filters"),
        *_to("units", "unit_id", of="filters"),
        sa.PrimaryKeyConstraint("id", name="pk_filters"),
        sa.UniqueConstraint("person_id", "list", "name", name="uq_filters_person_id_list_name"),
    )
    op.create_index("ix_filters_unit_id_list", "filters", ["unit_id", "list"])


def _staff_changes() -> None:
    op.create_table(
        "staff_changes",
        _column("id", sa.Integer()),
        _column("kind", sa.String(length=16)),
        _column("person_id", sa.Integer(), is_needed=False),
        _column("unit_id", sa.Integer(), is_needed=False),
        _column("role", sa.String(length=64), is_needed=False),
        _column("old_path", sa.String(length=400), is_needed=False),
        _column("reason", sa.String(length=200)),
        _column("made_at", UtcDateTime()),
        _column("made_by", sa.String(length=200)),
        *_to("persons", "person_id", of="staff_changes"),
        *_to("units", "unit_id", of="staff_changes"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_changes"),
    )


def upgrade() -> None:
    """This will make the tables, and the columns of tasks and queues that go with them."""
    op.add_column("tasks", _column("on_behalf_id", sa.Integer(), is_needed=False))
    op.add_column("tasks", _column("urged_at", UtcDateTime(), is_needed=False))
    op.add_column("tasks", sa.Column("urged_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("queues", _column("turn_id", sa.Integer(), is_needed=False))
    _readings()
    _urges()
    _absences()
    _filters()
    _staff_changes()


def downgrade() -> None:
    """This will take them away, with everything in them."""
    for table in ("staff_changes", "filters", "absences", "urges", "readings"):
        op.drop_table(table)
    op.drop_column("queues", "turn_id")
    for name in ("urged_count", "urged_at", "on_behalf_id"):
        op.drop_column("tasks", name)
