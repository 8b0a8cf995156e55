"""Puts a year of the calendar in force; what runs over it is reckoned anew by a job."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from engine import feel, limits
from engine.access import Actor, require_operator
from engine.calendar_years import DayChange, Year, differences, write_year
from engine.calendars import CHINA, Calendar
from engine.catalog import CALENDAR
from engine.db import table
from engine.errors import Conflict
from engine.limit_changes import RECALCULATE
from engine.models import LIMIT_IS, RUNNING, Case, Deployment, Job, Limit, Resource, new_id
from engine.turn import Turn

NOBODY = UUID(int=0)
MOST_FORESEEN = 5000  # limits that a preview reckons anew
EXAMPLES = 20
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC).isoformat()


class YearUnchanged(Conflict):
    """The calendar of {year} says just this already."""


def publish_year(turn: Turn, year: Year, *, note: str = "") -> Year:
    """This will put a new version of a year in force and make the job that moves running limits.

    Raises OperatorsOnly, YearInvalid, YearUnchanged.
    """
    require_operator(turn.by)
    year.check()
    versions = turn.catalog.resources.get((CALENDAR, str(year.number)), [])
    content = write_year(year)
    known = turn.calendar.year(year.number)
    if write_year(known) == content and not known.is_provisional:
        raise YearUnchanged(year=year.number)
    version = versions[-1].version + 1 if versions else 1
    deployment = Deployment(app="", note=note[:2000], deployed_at=turn.now, deployed_by=turn.by.person_id)
    turn.session.add(deployment)
    turn.session.flush()
    row: dict[str, Any] = {
        "deployment_id": deployment.id,
        "app": "",
        "kind": CALENDAR,
        "key": str(year.number),
        "version": version,
        "file": f"{year.number}",
        "content": content,
        "checksum": hashlib.sha256(content.encode()).hexdigest(),
    }
    turn.session.execute(insert(table(Resource)), [row])
    _follow(turn, year.number, version)
    turn.refresh()
    return replace(year, version=version)


@dataclass(frozen=True, slots=True)
class Moved:
    """A running limit that a year would move."""

    limit_id: UUID
    case_id: UUID
    case_number: str
    case_title: str
    name: str
    before: datetime | None
    after: datetime


@dataclass(frozen=True, slots=True)
class YearForeseen:
    """What publishing a year would change: its days, and running limits (`is_capped`: there are more to look at)."""

    days: list[DayChange]
    moved: int
    looked: int
    is_capped: bool
    examples: list[Moved]


def foresee_year(turn: Turn, year: Year, *, by: Actor) -> YearForeseen:
    """This will tell what publishing a year would change. Raises OperatorsOnly, YearInvalid."""
    require_operator(by)
    year.check()
    then = Calendar({**turn.calendar.published, year.number: replace(year, version=0)})
    first = datetime(year.number, 1, 1, tzinfo=CHINA).astimezone(UTC)
    rows = select(Limit, Case.number, Case.title).join(Case, Case.id == Limit.case_id)
    rows = rows.where(LIMIT_IS[RUNNING], Limit.due_at >= first).order_by(Limit.due_at, Limit.id)
    moved, looked, examples = 0, 0, list[Moved]()
    for row, number, title in turn.session.execute(rows.limit(MOST_FORESEEN + 1)):
        looked += 1
        definition = turn.library.limit(turn.session, row.resource_id)
        due_at = limits.reckon(definition, limits.read_happened(row.happened), then).due_at
        if due_at is not None and due_at != row.due_at:
            moved += 1
            if len(examples) < EXAMPLES:
                examples.append(Moved(row.id, row.case_id, number, title, row.name, row.due_at, due_at))
    days = differences(turn.calendar.year(year.number), year)
    return YearForeseen(days, moved, min(looked, MOST_FORESEEN), looked > MOST_FORESEEN, examples)


def _follow(turn: Turn, year: int, version: int) -> None:
    """What is due before the year does not change, but its rungs in the year do; what ended is history."""
    first = datetime(year, 1, 1, tzinfo=CHINA).astimezone(UTC)
    details = {"since": first.isoformat(), "from": EARLIEST, "after": str(NOBODY), "year": year, "version": version}
    row = {
        "id": new_id(),
        "kind": RECALCULATE,
        "element": "",
        "state": "waiting",
        "due_at": turn.now,
        "attempts": 0,
        "retries": 10,
        "payload": feel.dumps(details),
        "error": "",
    }
    turn.session.execute(insert(table(Job)), [row])
