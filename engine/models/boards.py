"""What boards count: how many tasks are open, by unit, step and day, kept up to date by triggers of the database.

Every change of an open task appends a row to `board_changes`, so that no two completions wait for the same counter; the
worker adds them up into `board_counts`. A board sums both.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, path_column


class BoardCount(Base):
    """How many tasks of one step stood open in one unit and were due on one day of China's clock."""

    __tablename__ = "board_counts"

    unit_path: Mapped[str] = path_column(is_key=True)
    step: Mapped[str] = mapped_column(String(200), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none
    open: Mapped[int]


class BoardChange(Base):
    """One task more or less that is open; not yet added to the counts."""

    __tablename__ = "board_changes"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    unit_path: Mapped[str] = path_column()
    step: Mapped[str] = mapped_column(String(200))
    day: Mapped[date] = mapped_column(Date)
    unit_id: Mapped[int]
    change: Mapped[int]
