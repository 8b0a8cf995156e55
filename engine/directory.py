"""The org tree and who holds what in it, read once and kept until somebody changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import ScalarSelect, Select, select
from sqlalchemy.orm import Session

from engine import counters, outbox
from engine.access import Standin
from engine.db import table
from engine.models import Absence, Counter, Membership, Person, Unit
from engine.outbox import Subscriber

SERIES = "directory"


@dataclass(frozen=True, slots=True)
class Place:
    """An org unit as the directory knows it."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    path: str
    region: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Official:
    """An active person as the directory knows them."""

    id: int
    login: str
    name: str
    unit_id: int | None
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Away:
    """An absence that was not ended, as the directory knows it."""

    id: int
    person_id: int | None
    substitute_id: int | None
    role: str | None
    unit_id: int | None
    process_id: str | None
    substitute_role: str | None
    substitute_unit_id: int | None
    from_at: datetime
    until_at: datetime

    def concerns(self, role: str, unit_id: int | None, process_id: str | None) -> bool:
        """This will tell whether tasks of this queue and process are meant."""
        return (
            (self.role is None or self.role in role.split(","))
            and self.unit_id in (None, unit_id)
            and self.process_id in (None, process_id)
        )


@dataclass(slots=True)
class Directory:
    """All units and active persons, as they were at `version`."""

    version: int
    units: dict[int, Place] = field(default_factory=dict)
    codes: dict[str, Place] = field(default_factory=dict)
    children: dict[int | None, list[Place]] = field(default_factory=dict)
    held: dict[tuple[int, str], list[int]] = field(default_factory=dict)  # (unit, role) -> persons
    officials: dict[int, Official] = field(default_factory=dict)
    logins: dict[str, Official] = field(default_factory=dict)
    posts: dict[int, list[tuple[str, int]]] = field(default_factory=dict)  # person -> (role, unit)
    absences: list[Away] = field(default_factory=list)
    subscribers: list[Subscriber] = field(default_factory=list)  # webhooks that are on
    holders: dict[tuple[int, tuple[str, ...]], Place] = field(default_factory=dict)  # as `find_holder` has found them

    def upwards(self, place: Place) -> Iterator[Place]:
        """This will go from a unit up to the root."""
        here: Place | None = place
        while here is not None:
            yield here
            here = self.units.get(here.parent_id) if here.parent_id is not None else None

    def living(self, place: Place) -> Place:
        """This will return the unit, or of a closed one that which took it over: the nearest above it in use."""
        return next((above for above in self.upwards(place) if above.is_active), place)

    def scope(self, place: Place) -> str:
        """This will return the path that members of a unit oversee: a department oversees what its government does."""
        for above in self.upwards(place):
            if above.kind != "department":
                return above.path
        return place.path

    def departments(self, place: Place) -> list[Place]:
        """This will list the active departments directly below a unit, by code."""
        return [child for child in self.children.get(place.id, []) if child.kind == "department" and child.is_active]

    def find_holder(self, roles: Iterable[str], place: Place) -> Place | None:
        """This will find the nearest unit where one of `roles` is held: the unit, its departments, then its parent."""
        wanted = tuple(roles)
        known = self.holders.get((place.id, wanted))
        if known is not None:
            return known
        for above in self.upwards(place):
            for candidate in (above, *self.departments(above)):
                if candidate.is_active and any((candidate.id, role) in self.held for role in wanted):
                    self.holders[place.id, wanted] = candidate
                    return candidate
        return None

    def members(self, role: str, unit_id: int | None) -> list[Official]:
        """This will list the active persons of a queue: `role` may name several, and @logins, by comma."""
        found: dict[int, Official] = {}
        for part in filter(None, role.split(",")):
            if part.startswith("@"):
                ids = [self.logins[part[1:]].id] if part[1:] in self.logins else []
            else:
                ids = self.held.get((unit_id, part), []) if unit_id is not None else []
            found.update((id, self.officials[id]) for id in ids)
        return list(found.values())

    def away(self, now: datetime) -> Iterator[Away]:
        """This will go through the absences in force."""
        return (each for each in self.absences if each.from_at <= now < each.until_at)

    def is_away(
        self,
        person_id: int,
        now: datetime,
        *,
        role: str = "",
        unit_id: int | None = None,
        process_id: str | None = None,
    ) -> bool:
        """This will tell whether a person is away for tasks of this queue and process."""
        return any(
            each.concerns(role, unit_id, process_id)
            and (
                each.person_id == person_id
                or (each.person_id is None and person_id in self.held.get((each.unit_id or 0, each.role or ""), ()))
            )
            for each in self.away(now)
        )

    def standins(self, person_id: int, now: datetime) -> tuple[Standin, ...]:
        """This will tell for whom a person acts now. Who acts for somebody does not act for those they acted for."""
        mine = set(self.posts.get(person_id, ()))
        return tuple(
            self._standin(each)
            for each in self.away(now)
            if each.substitute_id == person_id or (each.substitute_role, each.substitute_unit_id) in mine
        )

    def _standin(self, away: Away) -> Standin:
        narrowed: dict[str, Any] = {"role": away.role, "unit_id": away.unit_id, "process_id": away.process_id}
        if away.person_id is not None:
            official = self.officials.get(away.person_id)
            return Standin(
                absence_id=away.id,
                person_id=away.person_id,
                name=official.name if official else "",
                login=official.login if official else "",
                persons=frozenset({away.person_id}),
                queues=frozenset(self.posts.get(away.person_id, ())),
                **narrowed,
            )
        unit_id, role = away.unit_id or 0, away.role or ""
        place = self.units.get(unit_id)
        return Standin(
            absence_id=away.id,
            person_id=None,
            name=place.name if place else "",
            login="",
            persons=frozenset(self.held.get((unit_id, role), ())),
            queues=frozenset({(role, unit_id)}),
            **narrowed,
        )

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """This will return the look-ups that FEEL may call."""
        return {"unit": self._unit, "unit above": self._unit_above, "person": self._person}

    def _unit(self, code: Any) -> dict[str, Any] | None:
        place = self.codes.get(str(code))
        return None if place is None else self._described(place)

    def _unit_above(self, code: Any, kind: Any) -> dict[str, Any] | None:
        place = self.codes.get(str(code))
        for above in self.upwards(place) if place else ():
            if above.kind == kind:
                return self._described(above)
        return None

    def _person(self, login: Any) -> dict[str, Any] | None:
        official = self.logins.get(str(login))
        if official is None:
            return None
        place = self.units.get(official.unit_id) if official.unit_id is not None else None
        return {"login": official.login, "name": official.name, "unit": place.code if place else None}

    def _described(self, place: Place) -> dict[str, Any]:
        parent = self.units.get(place.parent_id) if place.parent_id is not None else None
        return {
            "code": place.code,
            "name": place.name,
            "kind": place.kind,
            "region": place.region,
            "parent": parent.code if parent else None,
        }


class Directories:
    """Keeps the newest directory of one database; safe for threads."""

    def __init__(self) -> None:
        """This will start empty: the first question reads the tables."""
        self._lock = Lock()
        self._current: Directory | None = None

    def current(self, session: Session, version: int | None = None) -> Directory:
        """This will return the directory as of `version` (asked from the database when None)."""
        wanted = session.scalar(select(stamp())) if version is None else version
        kept = self._current
        if kept is not None and kept.version == (wanted or 0):
            return kept
        fresh = read_directory(session)
        with self._lock:
            if self._current is None or fresh.version >= self._current.version:
                self._current = fresh
        return fresh


def stamp() -> ScalarSelect[Any]:
    """This will select the version of the directory, as a part of another query."""
    kept = table(Counter)
    return select(kept.c.value).where(kept.c.series == SERIES).scalar_subquery()


def changed(session: Session) -> None:
    """This will make every process read the directory again after this transaction."""
    counters.next_value(session, SERIES)


def read_directory(session: Session) -> Directory:
    """This will read all units, active persons and memberships."""
    directory = Directory(session.scalar(select(stamp())) or 0)
    columns = (Unit.id, Unit.code, Unit.name, Unit.kind, Unit.parent_id, Unit.path, Unit.region, Unit.is_active)
    for row in session.execute(select(*columns).order_by(Unit.code)):
        place = Place(*row)
        directory.units[place.id] = directory.codes[place.code] = place
        directory.children.setdefault(place.parent_id, []).append(place)
    work: dict[int, int] = {}
    held = select(Membership.person_id, Membership.unit_id, Membership.role).join(Person).where(Person.is_active)
    for person_id, unit_id, role in session.execute(held.order_by(Membership.id)):
        directory.held.setdefault((unit_id, role), []).append(person_id)
        directory.posts.setdefault(person_id, []).append((role, unit_id))
        work.setdefault(person_id, unit_id)
    persons = select(Person.id, Person.login, Person.name, Person.is_admin).where(Person.is_active)
    for person_id, login, name, is_admin in session.execute(persons):
        official = Official(person_id, login, name, work.get(person_id), is_admin)
        directory.officials[person_id] = directory.logins[login] = official
    directory.absences = [Away(*row) for row in session.execute(_in_force())]
    directory.subscribers = [outbox.subscriber(row) for row in session.execute(outbox.subscribers())]
    return directory


def _in_force() -> Select[Any]:
    """The absences that were not ended, those of the past among them until somebody sets another one."""
    columns = (getattr(Absence, name) for name in Away.__dataclass_fields__)
    return select(*columns).where(Absence.ended_at.is_(None)).order_by(Absence.id)
