"""Numbers given out one after another, without gaps or doubles."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.db import upserting
from engine.models import Counter


def next_value(session: Session, series: str) -> int:
    """This will return the next number of `series`; who asks meanwhile waits until this transaction ends."""
    statement = (
        upserting(session, Counter)
        .values(series=series, value=1)
        .on_conflict_do_update(index_elements=["series"], set_={"value": Counter.value + 1})
        .returning(Counter.value)
    )
    value: int = session.execute(statement).scalar_one()
    return value
