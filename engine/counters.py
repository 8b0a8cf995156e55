"""Numbers given out one after another, without gaps or doubles."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from engine import prepared
from engine.db import upserting_on
from engine.models import Counter
from engine.prepared import Prepared


def next_value(session: Session, series: str) -> int:
    """This will return the next number of `series`; who asks meanwhile waits until this transaction ends."""
    found = prepared.first(session, _NEXT, {"series": series})
    if found is None:
        raise LookupError(series)
    value: int = found[0]
    return value


def _next(backend: str) -> ReturningInsert[Any]:
    statement = upserting_on(backend, Counter).values(series=bindparam("series"), value=1)
    more = {"value": Counter.value + 1}
    return statement.on_conflict_do_update(index_elements=["series"], set_=more).returning(Counter.value)


_NEXT = Prepared(_next)
