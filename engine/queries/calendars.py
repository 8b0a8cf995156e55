"""The years of the calendar with their versions: what was published here, by whom and why, on what was known before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.access import Actor
from engine.calendar_years import PUBLISHED, Year, read_year, shipped
from engine.catalog import CALENDAR
from engine.models import Deployment, Person, Resource
from engine.queries import paging


@dataclass(frozen=True, slots=True)
class YearVersion:
    """One version of a year; the one that this program brought along has no day and nobody who published it."""

    year: Year
    published_at: datetime | None = None
    published_by: str = ""
    note: str = ""


def calendar_years(session: Session, actor: Actor) -> list[Year]:
    """This will list the years in force that are worth a look, the latest first: published ones and those to come."""
    calendar = paging.calendar(session)
    this = paging.now(session).year
    numbers = {*range(this - 1, this + 3), *PUBLISHED, *calendar.published}
    return [calendar.year(number) for number in sorted(numbers, reverse=True)]


def year_versions(session: Session, actor: Actor, number: int) -> list[YearVersion]:
    """This will list the versions of a year, the one in force first, what the program brought along last."""
    rows = select(Resource, Deployment, Person.name).join(Deployment, Deployment.id == Resource.deployment_id)
    rows = rows.outerjoin(Person, Person.id == Deployment.deployed_by)
    rows = rows.where(Resource.kind == CALENDAR, Resource.key == str(number)).order_by(Resource.version.desc())
    found = [
        YearVersion(replace(read_year(row.content), version=row.version), made.deployed_at, by or "", made.note)
        for row, made, by in session.execute(rows)
    ]
    return [*found, YearVersion(shipped(number))]
