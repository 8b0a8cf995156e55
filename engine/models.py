"""All tables. What an inbox or a board shows stands in the row it reads, so that no list needs a join."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime

OPEN, DONE, WITHDRAWN = "open", "done", "withdrawn"
CASE_STATES = ("open", "suspended", "closed", "cancelled")
TASK_STATES = (OPEN, DONE, WITHDRAWN)
UNIT_KINDS = ("province", "city", "county", "town", "grid", "department", "enterprise")
TONES = ("", "red", "orange", "yellow", "blue")


def new_id() -> UUID:
    """This will return a UUIDv7: unique without asking the database, and sorted by the time it was made."""
    return uuid_utils.compat.uuid7()


class Unit(Base):
    """An org unit: a government level, a department of one, or an enterprise."""

    __tablename__ = "units"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)
    path: Mapped[str] = mapped_column(String(400), index=True)  # "/1/4/9/": a unit and all below it are one prefix
    region: Mapped[str] = mapped_column(String(12), default="")  # GB/T 2260 division code
    is_active: Mapped[bool] = mapped_column(default=True)


class Person(Base):
    """Somebody who signs in."""

    __tablename__ = "persons"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    post: Mapped[str] = mapped_column(String(100), default="")
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(8), default="zh")
    is_active: Mapped[bool] = mapped_column(default=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    session_stamp: Mapped[str] = mapped_column(String(32), default="")  # changes when all sessions must end


class Membership(Base):
    """A person holds a role in a unit."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("person_id", "unit_id", "role"), Index(None, "unit_id", "role"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    role: Mapped[str] = mapped_column(String(64))


class Queue(Base):
    """Where the tasks of a role in a unit wait."""

    __tablename__ = "queues"
    __table_args__ = (UniqueConstraint("unit_id", "role"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    role: Mapped[str] = mapped_column(String(64))


class Deployment(Base):
    """Definitions, decisions and forms that were put in force together."""

    __tablename__ = "deployments"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    app: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deployed_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class Definition(Base):
    """One deployed version of one process. `diagram` holds the XML as it was deployed."""

    __tablename__ = "definitions"
    __table_args__ = (UniqueConstraint("process_id", "version"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"), index=True)
    app: Mapped[str] = mapped_column(String(64))
    process_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    version_tag: Mapped[str | None] = mapped_column(String(64))
    file: Mapped[str] = mapped_column(String(200))
    diagram: Mapped[str] = mapped_column(Text)
    checksum: Mapped[str] = mapped_column(String(64))


class Resource(Base):
    """One deployed version of a form (form-js JSON) or of a decision file (DMN XML)."""

    __tablename__ = "resources"
    __table_args__ = (UniqueConstraint("kind", "key", "version"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"), index=True)
    app: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # "form" or "decision"
    key: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    version_tag: Mapped[str | None] = mapped_column(String(64))
    effective_from: Mapped[date | None] = mapped_column(Date)
    file: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)
    checksum: Mapped[str] = mapped_column(String(64))


class Start(Base):
    """A message, signal or timer that starts a case of the newest version of a process."""

    __tablename__ = "starts"
    __table_args__ = (Index(None, "kind", "name"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"), index=True)
    process_id: Mapped[str] = mapped_column(String(200), index=True)
    element: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200), default="")


class Case(Base):
    """A running or ended process: its document, and the snapshot of where it stands."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_unit", "unit_path", "state", "id"),
        Index("ix_cases_state", "state", "id"),
        Index("ix_cases_process", "process_id", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(200), default="")
    badge: Mapped[str] = mapped_column(String(32), default="")
    tone: Mapped[str] = mapped_column(String(8), default="")
    app: Mapped[str] = mapped_column(String(64))
    process_id: Mapped[str] = mapped_column(String(200))
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    version: Mapped[int] = mapped_column(default=1)
    incidents: Mapped[int] = mapped_column(default=0)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    unit_path: Mapped[str] = mapped_column(String(400), default="/")
    region: Mapped[str] = mapped_column(String(12), default="")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
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
    __table_args__ = (
        Index(None, "name", "text"),
        Index(None, "name", "number"),
        Index(None, "name", "day"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str | None] = mapped_column(String(300))
    number: Mapped[Decimal | None] = mapped_column(Numeric(38, 10))
    day: Mapped[date | None] = mapped_column(Date)


class Task(Base):
    """Something a person has to do, with all that an inbox shows."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("case_id", "token"),
        Index(
            "ix_tasks_queue",
            "queue_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'open' AND assignee_id IS NULL"),
            sqlite_where=text("state = 'open' AND assignee_id IS NULL"),
        ),
        Index(
            "ix_tasks_assignee",
            "assignee_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        Index(
            "ix_tasks_board",
            "unit_path",
            "element",
            "due_at",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        Index("ix_tasks_done", "completed_by", "completed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    token: Mapped[int]
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    element: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    role: Mapped[str] = mapped_column(String(64), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    unit_path: Mapped[str] = mapped_column(String(400), default="/")
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queues.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    is_claimed: Mapped[bool] = mapped_column(default=False)  # taken from the queue: may be released to it
    form_id: Mapped[str | None] = mapped_column(String(200))
    resource_id: Mapped[int | None] = mapped_column(ForeignKey("resources.id"))  # the form's version
    priority: Mapped[int] = mapped_column(default=50)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    follow_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    outcome: Mapped[str | None] = mapped_column(String(64))
    case_number: Mapped[str] = mapped_column(String(64))
    case_title: Mapped[str] = mapped_column(String(300))
    case_subject: Mapped[str] = mapped_column(String(200), default="")
    case_badge: Mapped[str] = mapped_column(String(32), default="")
    case_tone: Mapped[str] = mapped_column(String(8), default="")
    region: Mapped[str] = mapped_column(String(12), default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")  # JSON: local data and properties of the element


class Draft(Base):
    """What a person typed into a form and has not submitted. `key` is a task's id or a process id."""

    __tablename__ = "drafts"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    data: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Job(Base):
    """A timer, a service call or a retry that waits to run. Done jobs are deleted, the history tells of them."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "ix_jobs_due",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index(None, "case_id", "token"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    token: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16))  # "timer", "service", "start"
    element: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(16), default="waiting")  # "waiting" or "failed"
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=3)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    payload: Mapped[str] = mapped_column(Text, default="{}")
    error: Mapped[str] = mapped_column(Text, default="")


class Subscription(Base):
    """A case waits for a message or a signal."""

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
    job_id: Mapped[UUID | None] = mapped_column(Uuid)
    element: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="{}")
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class HistoryEvent(Base):
    """One thing that happened in a case; `hash` covers the event and the hash before it."""

    __tablename__ = "history"

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
    hash: Mapped[str] = mapped_column(String(64))


class Attachment(Base):
    """A file of a case; its bytes lie in the file store under their SHA-256."""

    __tablename__ = "attachments"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    field: Mapped[str] = mapped_column(String(200), default="")
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
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
    unit_path: Mapped[str] = mapped_column(String(400), default="/")
    effective_from: Mapped[date] = mapped_column(Date, default=date(1900, 1, 1))
    effective_to: Mapped[date | None] = mapped_column(Date)
    data: Mapped[str] = mapped_column(Text, default="{}")
