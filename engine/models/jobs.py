"""What waits to happen to a case: jobs, messages, signals, and incidents that stop it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id

# Written into queries word by word too: then every plan may use the index of these jobs.
OURS = "state = 'waiting' AND kind <> 'external'"
THEIRS = "state = 'waiting' AND kind = 'external'"


class Job(Base):
    """A timer, a service call or a retry that waits to run. Done jobs are deleted, the history tells of them."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "ix_jobs_due",
            "due_at",
            "rank",
            "id",
            postgresql_where=text(OURS),
            sqlite_where=text(OURS),
        ),
        Index(
            "ix_jobs_external",
            "type",
            "rank",
            "due_at",
            "id",
            postgresql_where=text(THEIRS),
            sqlite_where=text(THEIRS),
        ),
        Index(None, "case_id", "token"),
        Index(
            None,
            "definition_id",
            postgresql_where=text("definition_id IS NOT NULL"),
            sqlite_where=text("definition_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    token: Mapped[int | None]
    definition_id: Mapped[int | None] = mapped_column(ForeignKey("definitions.id"))  # of a start
    kind: Mapped[str] = mapped_column(String(16))  # "timer", "service", "start", or "external": for workers elsewhere
    type: Mapped[str | None] = mapped_column(String(200))  # of the service; of an external one: who fetches it
    element: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(
        String(16), default="waiting"
    )  # "waiting", "failed", or "suspended" with its case
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rank: Mapped[int] = mapped_column(default=0, server_default="0")  # minus the priority: indexes run upwards
    attempts: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=3)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    payload: Mapped[str] = mapped_column(Text, default="{}")
    error: Mapped[str] = mapped_column(Text, default="")


BEGUN = "begun"


class Subscription(Base):
    """A case waits for a message or a signal.

    One of kind `begun` waits for nothing: until its case has ended no other message with the key may start a case of
    the process that is its name.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (Index(None, "kind", "name", "correlation_key"), UniqueConstraint("case_id", "token"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    token: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    correlation_key: Mapped[str | None] = mapped_column(String(200))
    element: Mapped[str] = mapped_column(String(200))


class Message(Base):
    """An early message that waits for its receiver."""

    __tablename__ = "messages"
    __table_args__ = (Index(None, "name", "correlation_key", "id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    correlation_key: Mapped[str | None] = mapped_column(String(200))
    data: Mapped[str] = mapped_column(Text, default="{}")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)


class Incident(Base):
    """A token of a case stands still until somebody repairs what failed."""

    __tablename__ = "incidents"
    __table_args__ = (Index(None, "resolved_at", "id"), Index(None, "case_id", "token"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    token: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16), default="failed")  # see queries.INCIDENT_KINDS
    job_id: Mapped[UUID | None] = mapped_column(Uuid)
    element: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(48), default="", server_default="")  # what reasons of one kind share
    detail: Mapped[str] = mapped_column(Text, default="{}")
    stack: Mapped[str] = mapped_column(Text, default="", server_default="")  # where a service failed; for operators
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
