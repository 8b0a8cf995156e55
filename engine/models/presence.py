"""What keeps work from lying: copies to read, urges, absences with substitutes, kept filters, changes to follow."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, new_id

UNREAD = "read_at IS NULL"
IN_FORCE = "ended_at IS NULL"


class Reading(Base):
    """A copy of a case that was sent to somebody, who may read the case; `read_at` is the receipt."""

    __tablename__ = "readings"
    __table_args__ = (
        Index("ix_readings_person", "person_id", "id"),
        Index("ix_readings_unread", "person_id", "id", postgresql_where=text(UNREAD), sqlite_where=text(UNREAD)),
        Index("ix_readings_case", "case_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    task_id: Mapped[UUID | None] = mapped_column(Uuid)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))  # None: by the rule of a diagram
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sender: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    case_number: Mapped[str] = mapped_column(String(64))
    case_title: Mapped[str] = mapped_column(String(300))


class Urge(Base):
    """Somebody asked that a task be done soon."""

    __tablename__ = "urges"
    __table_args__ = (Index(None, "task_id", "id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    urged_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    urged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text, default="")


class Absence(Base):
    """Somebody is away from one moment to another, and who acts for them.

    Person for person: `person_id` and `substitute_id`; `role` with `unit_id` or `process_id` narrow it to those tasks.
    Group for group: no persons; who holds `substitute_role` in `substitute_unit_id` acts for who holds `role` in
    `unit_id`.
    """

    __tablename__ = "absences"
    __table_args__ = (
        Index("ix_absences_in_force", "until_at", postgresql_where=text(IN_FORCE), sqlite_where=text(IN_FORCE)),
        Index(None, "person_id", "until_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    role: Mapped[str | None] = mapped_column(String(64))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    process_id: Mapped[str | None] = mapped_column(String(200))
    substitute_role: Mapped[str | None] = mapped_column(String(64))
    substitute_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class KeptFilter(Base):
    """A question to a list that a person keeps under a name, for themselves or for their unit."""

    __tablename__ = "filters"
    __table_args__ = (UniqueConstraint("person_id", "list", "name"), Index(None, "unit_id", "list"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # shared with who holds a role there
    list: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    asked: Mapped[str] = mapped_column(Text, default="{}")  # JSON: the arguments of the query
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StaffChange(Base):
    """A change of people or units that open tasks and cases have to follow; done ones are deleted."""

    __tablename__ = "staff_changes"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # "left": a person lost something; "came": a role is held; "unit"
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    role: Mapped[str | None] = mapped_column(String(64))
    old_path: Mapped[str | None] = mapped_column(String(400))
    reason: Mapped[str] = mapped_column(String(200), default="")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(200), default="")
