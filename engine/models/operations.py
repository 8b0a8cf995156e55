"""What operators keep: how long cases stay, which must not be deleted, what was deleted, what was done to many."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id


class RetentionRule(Base):
    """How long ended cases are kept. The rule that names most decides; a case without any is kept."""

    __tablename__ = "retention_rules"
    __table_args__ = (UniqueConstraint("app", "process_id", "outcome"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    app: Mapped[str] = mapped_column(String(64))
    process_id: Mapped[str] = mapped_column(String(200), default="")  # empty: every process of the app
    outcome: Mapped[str] = mapped_column(String(200), default="")  # empty: any; "closed", "cancelled", or an end event
    days: Mapped[int | None]  # None: for ever
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    set_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class Hold(Base):
    """A case that must not be deleted, whatever the rules say: a legal hold."""

    __tablename__ = "holds"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    held_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class DeletedCase(Base):
    """What stays of a deleted case: enough to tell deletion by rule from tampering."""

    __tablename__ = "deleted_cases"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(300))
    app: Mapped[str] = mapped_column(String(64))
    process_id: Mapped[str] = mapped_column(String(200))
    history_seq: Mapped[int]
    history_hash: Mapped[str] = mapped_column(String(64))  # of the last event: it covers all before it
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    deleted_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    rule: Mapped[str] = mapped_column(String(500), default="")  # the rule as it read; empty: by hand
    reason: Mapped[str] = mapped_column(Text, default="")


class OrphanedFile(Base):
    """A stored file whose last attachment was deleted: its bytes go when an hour has passed."""

    __tablename__ = "orphaned_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class OperatorAction(Base):
    """Something that an operator does to many cases, or to the rules: who, why, when, and how far it has come."""

    __tablename__ = "operator_actions"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    verb: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    actor: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    total: Mapped[int] = mapped_column(default=0)


class ActionItem(Base):
    """One case or incident of an operator's action, and what became of it."""

    __tablename__ = "action_items"
    __table_args__ = (
        Index(
            "ix_action_items_waiting",
            "action_id",
            "seq",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    action_id: Mapped[UUID] = mapped_column(ForeignKey("operator_actions.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[UUID] = mapped_column(Uuid)  # no key of another table: the case may be deleted
    incident_id: Mapped[UUID | None] = mapped_column(Uuid)
    number: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default="waiting")  # "waiting", "done" or "refused"
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by whoever works on it; free again after a while
    error: Mapped[str] = mapped_column(Text, default="")  # JSON: the template of the refusal and what fills it
