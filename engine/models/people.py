"""Org units, persons, and the roles they hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime, path_column

PERSONS = "role LIKE '%@%'"  # queues that name persons
UNIT_KINDS = ("province", "city", "county", "town", "grid", "department", "enterprise")


class Unit(Base):
    """An org unit: a government level, a department of one, or an enterprise."""

    __tablename__ = "units"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)
    path: Mapped[str] = path_column(index=True)  # "/1/4/9/": a unit and all below it are one prefix
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


class ApiToken(Base):
    """What a program signs in with for a person. The token itself is shown once and not kept, only its SHA-256."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))  # its first characters, to tell it from others
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(400))  # "jobs messages"
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # coarse: kept once an hour
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class Membership(Base):
    """A person holds a role in a unit."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("person_id", "unit_id", "role"), Index(None, "unit_id", "role"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    role: Mapped[str] = mapped_column(String(64))


class Queue(Base):
    """Where the tasks of a role in a unit wait.

    `role` may name several, with persons among them: "inspector,town_officer,@alice".
    """

    __tablename__ = "queues"
    __table_args__ = (
        UniqueConstraint("unit_id", "role"),
        Index("ix_queues_persons", "id", postgresql_where=text(PERSONS), sqlite_where=text(PERSONS)),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    role: Mapped[str] = mapped_column(String(400))
    turn_id: Mapped[int | None]  # the person to whom a task was dispatched last
