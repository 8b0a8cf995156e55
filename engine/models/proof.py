"""Anchors: once a day the heads of all histories that grew are sealed under one digest that can be printed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Date, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, UtcDateTime


class Anchor(Base):
    """A seal over all histories that changed since the one before, whose digest it covers."""

    __tablename__ = "anchors"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, index=True)  # of the officials' calendar
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cases: Mapped[int]
    events: Mapped[int] = mapped_column(BigInteger)  # of these cases, from their beginning
    root: Mapped[str] = mapped_column(String(64))  # of the Merkle tree (RFC 6962) over its cases
    previous: Mapped[str] = mapped_column(String(64), default="")
    digest: Mapped[str] = mapped_column(String(64))


class AnchoredCase(Base):
    """How far the history of a case was when an anchor was made. It stays when the case is deleted."""

    __tablename__ = "anchored_cases"
    __table_args__ = (Index(None, "case_id", "anchor"),)

    anchor: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    case_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    is_deleted: Mapped[bool] = mapped_column(default=False)  # it was deleted when its time to be kept was over
