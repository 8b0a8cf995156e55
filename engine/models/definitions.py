"""What was deployed: processes, forms, decisions, and what starts cases of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime


class Deployment(Base):
    """Definitions, decisions and forms that were put in force together."""

    __tablename__ = "deployments"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    app: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deployed_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class Definition(Base):
    """One deployed version of one process. `diagram` holds the XML as it was deployed.

    `restores` is the number of the earlier version that this one puts back in force.
    """

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
    restores: Mapped[int | None]


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
    effective_to: Mapped[date | None] = mapped_column(Date)
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
