"""How late jobs ran and how often they failed, counted over all workers since the installation began."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.db import table, upserting
from engine.models import Counter

COUNTERS = table(Counter)
BOUNDS = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 3600.0, 86400.0)  # seconds
PREFIX = "#jobs:"  # no process app, whose numbers are counted in the same table, can be called so
LATE, WAITED, FAILED = "late", "waited", "failed"


@dataclass(slots=True)
class Ran:
    """Jobs of one kind that ran: how many were late by up to each of `BOUNDS` or more, seconds in all, failures."""

    late: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0
    failures: int = 0

    @property
    def up_to(self) -> list[tuple[float, int]]:
        """This will tell for each bound how many ran no later than that; the last bound is infinite."""
        return list(zip((*BOUNDS, inf), accumulate(self.late), strict=True))


def note(tally: Tally[str], kind: str, seconds: float) -> None:
    """This will count a job that runs so many seconds after it was due."""
    tally[f"{PREFIX}{LATE}:{kind}:{bisect_left(BOUNDS, seconds)}"] += 1
    tally[f"{PREFIX}{WAITED}:{kind}"] += max(round(seconds * 1000), 0)


def note_failure(tally: Tally[str], kind: str) -> None:
    """This will count an attempt that failed."""
    tally[f"{PREFIX}{FAILED}:{kind}"] += 1


def keep(session: Session, tally: Tally[str]) -> None:
    """This will add what a worker has counted to what all of them have."""
    rows = [{"series": series, "value": value} for series, value in sorted(tally.items())]
    if rows:
        adding = upserting(session, Counter).values(rows)
        more = {"value": COUNTERS.c.value + adding.excluded.value}
        session.execute(adding.on_conflict_do_update(index_elements=["series"], set_=more))


def read(session: Session) -> dict[str, Ran]:
    """This will return what ran, by kind of job."""
    found: dict[str, Ran] = defaultdict(Ran)
    mine = COUNTERS.c.series.startswith(PREFIX, autoescape=True)
    for series, value in session.execute(select(COUNTERS.c.series, COUNTERS.c.value).where(mine)).all():
        _, what, kind, *place = series.split(":")
        if what == LATE:
            found[kind].late[int(place[0])] = value
        elif what == WAITED:
            found[kind].seconds = value / 1000
        else:
            found[kind].failures = value
    return dict(found)
