"""Puts a year of the calendar in force; what runs over it is reckoned anew by a job."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from engine import feel
from engine.access import require_operator
from engine.calendar_years import Year, write_year
from engine.calendars import CHINA
from engine.catalog import CALENDAR
from engine.db import table
from engine.errors import Conflict
from engine.limit_changes import RECALCULATE
from engine.models import Deployment, Job, Resource, new_id
from engine.turn import Turn

NOBODY = UUID(int=0)


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


def _follow(turn: Turn, year: int, version: int) -> None:
    """What is due before the year does not change; what ended is history."""
    first = datetime(year, 1, 1, tzinfo=CHINA).astimezone(UTC)
    details = {"from": first.isoformat(), "after": str(NOBODY), "year": year, "version": version}
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
