"""Cases and their tasks, with all that a list shows of them in the row itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, Numeric, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id, path_column

OPEN, DONE, WITHDRAWN = "open", "done", "withdrawn"
HELD = "held"  # waits for signatures: in nobody's inbox
PLANNED = "planned"  # a signature that is asked for when its task is submitted
STANDING = (OPEN, HELD, PLANNED)
SUSPENDED, CLOSED, CANCELLED = "suspended", "closed", "cancelled"
CASE_STATES = (OPEN, SUSPENDED, CLOSED, CANCELLED)
TASK_STATES = (OPEN, DONE, WITHDRAWN, HELD, PLANNED)
TONES = ("", "red", "orange", "yellow", "blue")
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
IS_OPEN = "state = 'open'"
FREE = f"{IS_OPEN} AND assignee_id IS NULL"  # waits in its queue
URGED = f"{FREE} AND urged_count > 0"


def _partial(name: str, *columns: Any, where: str) -> Index:
    """An index of those rows only that a list asks for."""
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


class Case(Base):
    """A running or ended process: its document, and the snapshot of where it stands."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_unit", "unit_path", "state", "id"),
        Index("ix_cases_state", "state", "id"),
        Index("ix_cases_process", "process_id", "state", "id"),
        Index("ix_cases_started", "started_by", "id"),
        Index(
            "ix_cases_ended",
            "app",
            "process_id",
            "ended_at",
            "id",
            postgresql_where=text("ended_at IS NOT NULL"),
            sqlite_where=text("ended_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(200), default="")
    badge: Mapped[str] = mapped_column(String(32), default="")
    tone: Mapped[str] = mapped_column(String(8), default="")
    app: Mapped[str] = mapped_column(String(64))
    process_id: Mapped[str] = mapped_column(String(200))
    definition_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    version: Mapped[int] = mapped_column(default=1)
    incidents: Mapped[int] = mapped_column(default=0)
    unit_id: Mapped[int | None]
    unit_path: Mapped[str] = path_column()
    unit_name: Mapped[str] = mapped_column(String(200), default="")
    region: Mapped[str] = mapped_column(String(12), default="")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_by: Mapped[int | None]
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_element: Mapped[str | None] = mapped_column(String(200))
    origin: Mapped[str | None] = mapped_column(String(200), unique=True)  # key of an imported row: never twice
    data: Mapped[str] = mapped_column(Text, default="{}", deferred=True)
    snapshot: Mapped[str] = mapped_column(Text, default="{}", deferred=True)
    history_seq: Mapped[int] = mapped_column(default=0)
    history_hash: Mapped[str] = mapped_column(String(64), default="")


class CaseField(Base):
    """A value of a case that its app declares searchable."""

    __tablename__ = "case_fields"
    # a value is one of the three: the other two indexes need not learn of it
    __table_args__ = tuple(
        _partial(f"ix_case_fields_name_{kind}", "name", kind, where=f"{kind} IS NOT NULL")
        for kind in ("text", "number", "day")
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str | None] = mapped_column(String(300))
    number: Mapped[Decimal | None] = mapped_column(Numeric(38, 10))
    day: Mapped[date | None] = mapped_column(Date)


class Task(Base):
    """Something a person has to do, with all that an inbox shows.

    A row with a `parent_id` is a signature that was asked for with a task: `sign` numbers those of one task from 1.
    `signs` counts the signatures that a task still waits for; `owner_id` is who delegated it and gets it back.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("case_id", "token", "sign"),
        _partial("ix_tasks_queue", "queue_id", "order_at", "id", where=FREE),
        _partial("ix_tasks_created", "queue_id", "created_at", "id", where=FREE),
        _partial("ix_tasks_priority", "queue_id", text("priority DESC"), "order_at", "id", where=FREE),
        _partial("ix_tasks_urged", "queue_id", text("urged_count DESC"), "order_at", "id", where=URGED),
        _partial("ix_tasks_assignee", "assignee_id", "order_at", "id", where=f"{IS_OPEN} AND assignee_id IS NOT NULL"),
        _partial("ix_tasks_board", "unit_path", "name", "order_at", where=IS_OPEN),
        _partial("ix_tasks_due", "order_at", "unit_path", "name", "unit_id", where=IS_OPEN),
        _partial("ix_tasks_done", "completed_by", "completed_at", "id", where="completed_by IS NOT NULL"),
        _partial("ix_tasks_parent", "parent_id", where="parent_id IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    token: Mapped[int]
    definition_id: Mapped[int]
    process_id: Mapped[str] = mapped_column(String(200))
    element: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    role: Mapped[str] = mapped_column(String(400), default="")
    unit_id: Mapped[int | None]
    unit_path: Mapped[str] = path_column()
    unit_name: Mapped[str] = mapped_column(String(200), default="")
    queue_id: Mapped[int | None]
    assignee_id: Mapped[int | None]
    is_claimed: Mapped[bool] = mapped_column(default=False)  # taken from the queue: may be released to it
    form_id: Mapped[str | None] = mapped_column(String(200))
    resource_id: Mapped[int | None]  # the form's version
    priority: Mapped[int] = mapped_column(default=50)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order_at: Mapped[datetime] = mapped_column(UtcDateTime, default=NEVER)  # due_at, or NEVER: what lists sort by
    follow_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_by: Mapped[int | None]
    on_behalf_id: Mapped[int | None]  # the absent person for whom a substitute did it
    urged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    urged_count: Mapped[int] = mapped_column(default=0, server_default="0")
    outcome: Mapped[str | None] = mapped_column(String(64))
    case_number: Mapped[str] = mapped_column(String(64))
    case_title: Mapped[str] = mapped_column(String(300))
    case_subject: Mapped[str] = mapped_column(String(200), default="")
    case_badge: Mapped[str] = mapped_column(String(32), default="")
    case_tone: Mapped[str] = mapped_column(String(8), default="")
    region: Mapped[str] = mapped_column(String(12), default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")  # JSON: local data and properties of the element
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    sign: Mapped[int] = mapped_column(default=0)
    signs: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))

    @property
    def kind(self) -> str:
        """This will return `sign` for an added signature, `task` for what the diagram asks for."""
        return "task" if self.parent_id is None else "sign"


class Draft(Base):
    """What a person typed into a form and has not submitted. `key` is a task's id or a process id."""

    __tablename__ = "drafts"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True, index=True)
    data: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
