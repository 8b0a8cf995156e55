"""What is kept: history, attachments, numbers given out, registers."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id, path_column


class HistoryEvent(Base):
    """One thing that happened in a case, and what followed by itself; `hash` covers both and the hash before it."""

    __tablename__ = "history"
    __table_args__ = (
        Index(
            "ix_history_given_back",
            "case_id",
            "task_id",
            postgresql_where=text("kind = 'given_back'"),
            sqlite_where=text("kind = 'given_back'"),
        ),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(200), default="")  # name and unit as they were then
    element: Mapped[str] = mapped_column(String(200), default="")
    name: Mapped[str] = mapped_column(String(200), default="")
    task_id: Mapped[UUID | None] = mapped_column(Uuid)
    detail: Mapped[str] = mapped_column(Text, default="{}")
    followed: Mapped[str] = mapped_column(
        Text, default=""
    )  # [[kind, element, name, detail], ...]: only `history` reads it
    origin: Mapped[str] = mapped_column(String(100), default="")  # "page 192.0.2.7", "api:3 192.0.2.7", "worker", ...
    hash: Mapped[str] = mapped_column(String(64))


class Attachment(Base):
    """A file of a case; its bytes lie in the file store under their SHA-256."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index(
            "ix_attachments_task_id",
            "task_id",
            postgresql_where=text("task_id IS NOT NULL"),
            sqlite_where=text("task_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    field: Mapped[str] = mapped_column(String(200), default="")
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Counter(Base):
    """The last number given out in a series (case numbers, document numbers): no gaps, no doubles."""

    __tablename__ = "counters"

    series: Mapped[str] = mapped_column(String(200), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, default=0)


class RegisterEntry(Base):
    """One row of a register (criteria, enterprises, category codes), in force from one day to another."""

    __tablename__ = "register_entries"
    __table_args__ = (UniqueConstraint("register", "code", "effective_from"), Index(None, "register", "code"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    app: Mapped[str] = mapped_column(String(64))
    register: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(300))
    detail: Mapped[str] = mapped_column(Text, default="")
    search: Mapped[str] = mapped_column(Text, default="")  # lower case: what a search looks through
    unit_path: Mapped[str] = path_column()
    effective_from: Mapped[date] = mapped_column(Date, default=date(1900, 1, 1))
    effective_to: Mapped[date | None] = mapped_column(Date)
    data: Mapped[str] = mapped_column(Text, default="{}")
