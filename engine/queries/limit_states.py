"""In which state a limit is, as lists ask for it; a limit that runs although its time has passed is exceeded."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select

from engine.models import LIMIT_IS, MET, PAUSED, RUNNING, VOID, Case, Limit

EXCEEDED, LATE = "exceeded", "late"  # runs although its time has passed; was met after it
LIMIT_FILTERS: Final = (RUNNING, EXCEEDED, PAUSED, MET, LATE, VOID)


def in_state(state: str, now: datetime) -> list[ColumnElement[bool]]:
    """This will be true for limits in one of the states LIMIT_FILTERS."""
    if state == EXCEEDED:
        return [LIMIT_IS[RUNNING], Limit.due_at < now]
    if state == LATE:
        return [LIMIT_IS[MET], Limit.exceeded_at.is_not(None)]
    return [LIMIT_IS[state]]


def has_limit(state: str | None, code: str | None, now: datetime) -> ColumnElement[bool]:
    """This will be true for cases that have a limit of this code in this state."""
    where = [Limit.case_id == Case.id]
    if state is not None:
        where += in_state(state, now)
    if code is not None:
        where.append(Limit.code == code)
    return select(Limit.id).where(*where).exists()
