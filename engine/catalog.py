"""What is in force: every deployed version of every process, form and decision, without their contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from engine.calendars import Calendar
from engine.db import table
from engine.models import Definition, Deployment, Resource

ZONE = ZoneInfo("Asia/Shanghai")
LimitStarts = Mapping[tuple[str, str, str], frozenset[str]]  # (process, element, entered or completed) -> codes
FORM, DECISION, LIMIT, CALENDAR = "form", "decision", "limit", "calendar"  # kinds of resources
LATEST, DEPLOYMENT, VERSION_TAG = "latest", "deployment", "versionTag"


@dataclass(frozen=True, slots=True)
class Listed:
    """One deployed version: its row without the content."""

    id: int
    deployment_id: int
    app: str
    key: str
    name: str
    version: int
    version_tag: str | None
    checksum: str
    effective_from: date | None = None
    effective_to: date | None = None


@dataclass(slots=True)
class Catalog:
    """All deployed versions as of the deployment `version`; the newest stands last in each list."""

    version: int
    definitions: dict[int, Listed] = field(default_factory=dict)
    processes: dict[str, list[Listed]] = field(default_factory=dict)
    resources: dict[tuple[str, str], list[Listed]] = field(default_factory=dict)
    kinds: dict[str, list[list[Listed]]] = field(default_factory=dict)  # of the same lists, by kind
    calendar: Calendar | None = None  # made when it is first asked for, like the next
    limit_starts: LimitStarts | None = None
    _begun: dict[tuple[str, str], list[Listed]] = field(default_factory=dict)  # `resources`, the one begun last at last

    def process(
        self, process_id: str, *, binding: str = LATEST, tag: str | None = None, caller: Listed | None = None
    ) -> Listed | None:
        """This will find the version of a process that `binding` names, seen from `caller`."""
        versions = self.processes.get(process_id, ())
        return next((row for row in reversed(versions) if _is_meant(row, binding, tag, caller)), None)

    def of_kind(self, kind: str) -> list[list[Listed]]:
        """This will return the versions of every resource of a kind, by key."""
        return self.kinds.get(kind, [])

    def resource(
        self,
        kind: str,
        key: str,
        *,
        now: datetime,
        on: date | None = None,
        binding: str = LATEST,
        tag: str | None = None,
        caller: Listed | None = None,
    ) -> Listed | None:
        """This will find the version of a form or decision that `binding` names and that is in force.

        In force `on` a day (without it, the day of `now`) is what has begun and not ended, of several the one begun
        last.
        """
        day = on
        for row in reversed(self._begun.get((kind, key)) or self._by_begin(kind, key)):
            if row.effective_from is not None or row.effective_to is not None:
                day = day or now.astimezone(ZONE).date()
                if not (row.effective_from or day) <= day <= (row.effective_to or day):
                    continue
            if _is_meant(row, binding, tag, caller):
                return row
        return None

    def _by_begin(self, kind: str, key: str) -> list[Listed]:
        versions = sorted(self.resources.get((kind, key), ()), key=lambda row: row.effective_from or date.min)
        if versions:  # sorting is stable: of one day the newest stays last
            self._begun[kind, key] = versions
        return versions


def _is_meant(row: Listed, binding: str, tag: str | None, caller: Listed | None) -> bool:
    if binding == VERSION_TAG:
        return row.version_tag == tag
    # Unchanged files get no new version, so the package of a deployment is what was newest when it was made.
    return binding != DEPLOYMENT or caller is None or row.deployment_id <= caller.deployment_id


def stamp() -> ScalarSelect[Any]:
    """This will select the version of the catalog, as a part of another query."""
    return select(func.max(table(Deployment).c.id)).scalar_subquery()


def read_catalog(session: Session) -> Catalog:
    """This will read what is deployed."""
    catalog = Catalog(session.scalar(select(stamp())) or 0)
    processes = select(
        Definition.id,
        Definition.deployment_id,
        Definition.app,
        Definition.process_id,
        Definition.name,
        Definition.version,
        Definition.version_tag,
        Definition.checksum,
    )
    for row in session.execute(processes.order_by(Definition.process_id, Definition.version)):
        listed = catalog.definitions[row.id] = Listed(*row)
        catalog.processes.setdefault(listed.key, []).append(listed)
    resources = select(
        Resource.kind,
        Resource.id,
        Resource.deployment_id,
        Resource.app,
        Resource.key,
        Resource.file,
        Resource.version,
        Resource.version_tag,
        Resource.checksum,
        Resource.effective_from,
        Resource.effective_to,
    )
    for kind, *values in session.execute(resources.order_by(Resource.kind, Resource.key, Resource.version)):
        listed = Listed(*values)
        if (kind, listed.key) not in catalog.resources:
            versions = catalog.resources[kind, listed.key] = []
            catalog.kinds.setdefault(kind, []).append(versions)
        catalog.resources[kind, listed.key].append(listed)
    return catalog
