"""What programs elsewhere need: answers kept for repeated requests, and webhooks that tell them what happened."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id

TO_DELIVER = "state = 'waiting'"


class KeptAnswer(Base):
    """What a request with an idempotency key was answered: who sends it again gets the same answer."""

    __tablename__ = "kept_answers"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))  # SHA-256 over method, address and body
    status: Mapped[int] = mapped_column(default=0)
    content_type: Mapped[str] = mapped_column(String(100), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Webhook(Base):
    """An address elsewhere that is told what happens."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(1000))
    secret: Mapped[str] = mapped_column(String(200))  # has to be readable: every message is signed with it
    kinds: Mapped[str] = mapped_column(String(1000), default="")  # of events, by space; empty: all
    app: Mapped[str] = mapped_column(String(64), default="")  # empty: every one
    process_id: Mapped[str] = mapped_column(String(200), default="")  # empty: every one
    is_active: Mapped[bool] = mapped_column(default=True)
    trouble: Mapped[str] = mapped_column(Text, default="")  # why it was switched off by itself
    switched_off_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class WebhookDelivery(Base):
    """One event on its way to one webhook: written with the event, sent by a worker, kept for a while."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "ix_webhook_deliveries_due",
            "due_at",
            "id",
            postgresql_where=text(TO_DELIVER),
            sqlite_where=text(TO_DELIVER),
        ),
        Index(None, "webhook_id", "id"),
        Index(None, "created_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"))
    case_id: Mapped[UUID | None] = mapped_column(Uuid)  # no foreign key: what was sent outlives a deleted case
    kind: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default="waiting")  # "waiting", "delivered" or "failed"
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int | None]  # HTTP status of the last answer
    answer: Mapped[str] = mapped_column(Text, default="")  # its first characters, or why there was none
    took: Mapped[int | None]  # milliseconds
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
