"""The statutory and agreed periods that run on cases and tasks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, Uuid, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id, path_column

RUNNING, PAUSED, MET, VOID = "running", "paused", "met", "void"
LIMIT_STATES = (RUNNING, PAUSED, MET, VOID)
RUNS = text(f"state = '{RUNNING}'")
SELDOM = text(f"state = '{PAUSED}' OR state = '{VOID}'")  # not IN: SQLite would not see what that implies


class Limit(Base):
    """One period that runs on a case, or on the task at `token`.

    `happened` is what its due time is reckoned from: started, paused, resumed, extended, fixed. A job with the same id
    waits for the next rung of its ladder. `exceeded_at` is the due time that passed before it was met.
    """

    __tablename__ = "limits"
    __table_args__ = (
        Index("ix_limits_case", "case_id"),
        Index("ix_limits_unit", "unit_path", "state", "due_at"),
        # what ends leaves these two: each full index has to learn of every limit twice
        Index("ix_limits_running", "due_at", "id", "resource_id", postgresql_where=RUNS, sqlite_where=RUNS),
        Index("ix_limits_seldom", "state", "id", postgresql_where=SELDOM, sqlite_where=SELDOM),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    token: Mapped[int | None]
    task_id: Mapped[UUID | None] = mapped_column(Uuid)
    resource_id: Mapped[int]  # the version of its definition
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100))
    element: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(16), default=RUNNING)
    unit_path: Mapped[str] = path_column()
    region: Mapped[str] = mapped_column(String(12), default="")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exceeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    extensions: Mapped[int] = mapped_column(default=0)
    climbed: Mapped[int] = mapped_column(default=0)  # a bit for each rung of its ladder that is done with
    happened: Mapped[str] = mapped_column(Text, default="[]")


# written out, so that every plan may use the index of those that run, or of those that stand still
LIMIT_IS = {state: Limit.state == literal_column(f"'{state}'") for state in LIMIT_STATES}
