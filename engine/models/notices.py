"""What people are told, by which ways it goes out to them, what each of them wishes, and the texts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id

UNREAD, UNROUTED = "read_at IS NULL", "routed_at IS NULL"
TO_SEND, NOT_SENT = "state = 'waiting'", "state = 'failed'"


class Notice(Base):
    """Something that a person is told. `kind` chooses the sentence, `detail` (JSON) fills it in.

    It is routed when the ways are chosen by which it goes out of the house, perhaps none.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_person", "person_id", "id"),
        Index("ix_notices_unread", "person_id", "id", postgresql_where=text(UNREAD), sqlite_where=text(UNREAD)),
        Index("ix_notices_unrouted", "id", postgresql_where=text(UNROUTED), sqlite_where=text(UNROUTED)),
        Index("ix_notices_case", "case_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    task_id: Mapped[UUID | None] = mapped_column(Uuid)
    case_number: Mapped[str] = mapped_column(String(64), default="")
    case_title: Mapped[str] = mapped_column(String(300), default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    routed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Sending(Base):
    """One notice on its way to a person by one channel. Those with the same `batch` are one message.

    A batch keeps its number over all attempts: the receiver can tell a repeated message from a new one.
    """

    __tablename__ = "sendings"
    __table_args__ = (
        Index("ix_sendings_due", "due_at", "id", postgresql_where=text(TO_SEND), sqlite_where=text(TO_SEND)),
        Index("ix_sendings_to", "person_id", "channel", postgresql_where=text(TO_SEND), sqlite_where=text(TO_SEND)),
        Index("ix_sendings_failed", "id", postgresql_where=text(NOT_SENT), sqlite_where=text(NOT_SENT)),
        Index("ix_sendings_batch", "batch"),
        Index("ix_sendings_notice", "notice_id"),
        Index("ix_sendings_made_at", "made_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notices.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    channel: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="waiting")  # "waiting", "sent", "failed" or "dropped"
    is_digest: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    batch: Mapped[UUID | None] = mapped_column(Uuid)
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str] = mapped_column(Text, default="")  # of the last attempt
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoticePreference(Base):
    """By which ways and when a person wants to be told; times are of the officials' clock: "20:00"."""

    __tablename__ = "notice_preferences"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    addresses: Mapped[str] = mapped_column(Text, default="{}")  # JSON: channel -> address
    choices: Mapped[str] = mapped_column(Text, default="{}")  # JSON: channel -> kind -> "now", "digest" or "none"
    quiet_from: Mapped[str] = mapped_column(String(5), default="20:00")
    quiet_until: Mapped[str] = mapped_column(String(5), default="07:30")
    is_quiet_on_rest_days: Mapped[bool] = mapped_column(default=True)
    urgent_passes: Mapped[bool] = mapped_column(default=True)
    digest_at: Mapped[str] = mapped_column(String(5), default="08:30")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Wording(Base):
    """A version of the text of a kind of message in one language; `is_reset` takes the shipped text again."""

    __tablename__ = "wordings"
    __table_args__ = (UniqueConstraint("kind", "language", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(8))
    version: Mapped[int]
    subject: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    is_reset: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
