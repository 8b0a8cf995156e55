"""What was done with versions: many running cases moved from one to another, and what became of each."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id

RUNNING, STOPPED, FINISHED = "running", "stopped", "finished"
WAITING, MOVED, REFUSED, LEFT = "waiting", "moved", "refused", "left"


class Migration(Base):
    """Running cases of one version that move to another: the plan, who ordered it, and how far it is."""

    __tablename__ = "migrations"
    __table_args__ = (Index(None, "process_id", "id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    process_id: Mapped[str] = mapped_column(String(200))
    source_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    plan: Mapped[str] = mapped_column(Text)  # JSON: which elements, which called processes
    selection: Mapped[str] = mapped_column(Text, default="{}")  # JSON: which cases, as it was asked
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default=RUNNING)
    total: Mapped[int] = mapped_column(default=0)
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ordered_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    actor: Mapped[str] = mapped_column(String(200))  # name as it was then
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MigratedCase(Base):
    """One case of a migration: waiting, moved, refused (with the reasons), or left because it was no longer there."""

    __tablename__ = "migrated_cases"
    __table_args__ = (Index(None, "migration_id", "state", "case_id"),)

    migration_id: Mapped[UUID] = mapped_column(ForeignKey("migrations.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  # no key of another table: the case may be deleted
    number: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), default=WAITING)
    reasons: Mapped[str] = mapped_column(Text, default="[]")  # JSON: code, element, name, detail of each
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)
