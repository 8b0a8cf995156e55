"""Org units, persons, roles and passwords: who somebody is when they act."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import directory as directories
from engine.access import Actor
from engine.access import Membership as Held
from engine.directory import Directory
from engine.errors import Invalid, NotFound
from engine.models import UNIT_KINDS, Membership, Person, Unit

HASHER = PasswordHasher()
SHORTEST_PASSWORD = 8


class PersonNotFound(NotFound):
    """There is no active person {person}."""


class UnitNotFound(NotFound):
    """There is no unit with the code {code}."""


class PersonInvalid(Invalid):
    """The account “{login}” cannot be made: {reason}."""


class UnitInvalid(Invalid):
    """The unit “{code}” cannot be made: {reason}."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many units and persons an upsert wrote."""

    units: int
    persons: int


def find_actor(session: Session, directory: Directory, person_id: int, now: datetime) -> Actor:
    """This will return a person as somebody who acts. Raises PersonNotFound."""
    person = session.get(Person, person_id)
    if person is None or not person.is_active:
        raise PersonNotFound(person=person_id)
    return describe_actor(session, directory, person, now)


def describe_actor(session: Session, directory: Directory, person: Person, now: datetime) -> Actor:
    """This will return `person` with the roles held now, and those for whom they act."""
    rows = session.execute(
        select(Membership.unit_id, Membership.role).where(Membership.person_id == person.id).order_by(Membership.id)
    )
    held = []
    for unit_id, role in rows:
        place = directory.units[unit_id]
        held.append(Held(place.id, place.path, place.name, role, directory.scope(place)))
    standins = directory.standins(person.id, now)
    return Actor(person.id, person.name, person.login, person.is_admin, tuple(held), standins)


@cache
def _nobodys_hash() -> str:
    return HASHER.hash(secrets.token_hex(16))


def check_password(session: Session, *, login: str, password: str) -> Person | None:
    """This will return the active person with this password; a wrong name takes as long as a wrong password."""
    person = session.scalar(select(Person).where(Person.login == login))
    stored = person.password_hash if person is not None and person.password_hash else _nobodys_hash()
    try:
        HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return None
    return person if person is not None and person.is_active and person.password_hash else None


def find_person(session: Session, login: str) -> Person:
    """This will return an account, active or not. Raises PersonNotFound."""
    person = session.scalar(select(Person).where(Person.login == login))
    if person is None:
        raise PersonNotFound(person=login)
    return person


def create(session: Session, row: Mapping[str, Any]) -> Person:
    """This will make an account as described for `load`. Raises PersonInvalid, UnitNotFound."""
    login = str(row["login"])
    if session.scalar(select(Person.id).where(Person.login == login)) is not None:
        raise PersonInvalid(login=login, reason="there is an account of this name")
    if not str(row["name"]).strip():
        raise PersonInvalid(login=login, reason="a name is needed")
    if not row.get("password"):
        raise PersonInvalid(login=login, reason="a password is needed")
    load(session, units=(), persons=[row])
    return find_person(session, login)


def change_role(session: Session, *, login: str, role: str, unit_code: str, is_held: bool) -> None:
    """This will give or take a role in a unit; nothing happens when it is so already."""
    person = find_person(session, login)
    unit_id = session.scalar(select(Unit.id).where(Unit.code == unit_code))
    if unit_id is None:
        raise UnitNotFound(code=unit_code)
    mine = (Membership.person_id == person.id, Membership.unit_id == unit_id, Membership.role == role)
    found = session.scalar(select(Membership.id).where(*mine))
    if is_held and found is None:
        session.add(Membership(person_id=person.id, unit_id=unit_id, role=role))
    elif not is_held:
        session.execute(delete(Membership).where(*mine))
    session.flush()
    directories.changed(session)


def set_active(session: Session, *, login: str, is_active: bool) -> Person:
    """This will disable an account, which ends its sessions, or put it into use again. Raises PersonNotFound."""
    person = find_person(session, login)
    person.is_active = is_active
    if not is_active:
        person.session_stamp = secrets.token_hex(16)
    session.flush()
    directories.changed(session)
    return person


def set_password(session: Session, *, login: str, password: str) -> Person:
    """This will set a new password and end all sessions of the person. Raises PersonNotFound, PersonInvalid."""
    person = find_person(session, login)
    person.password_hash = _hashed(login, password)
    person.session_stamp = secrets.token_hex(16)
    session.flush()
    return person


def _hashed(login: str, password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise PersonInvalid(login=login, reason=f"a password needs at least {SHORTEST_PASSWORD} characters")
    return HASHER.hash(password)


def load(session: Session, *, units: Sequence[Mapping[str, Any]], persons: Sequence[Mapping[str, Any]]) -> Loaded:
    """This will insert or update units (parents first) and persons with exactly the roles given.

    A unit: code, name, kind, parent (its code), region. A person: login, name, post, password, is_admin,
    roles as pairs of role and unit code. Raises UnitInvalid, PersonInvalid, UnitNotFound.
    """
    known = {unit.code: unit for unit in session.scalars(select(Unit))}
    for row in units:
        _load_unit(session, known, row)
    _set_paths(known.values())
    accounts = {person.login: person for person in session.scalars(select(Person))}
    hashes: dict[str, str] = {}
    for row in persons:
        _load_person(session, known, accounts, hashes, row)
    session.flush()
    directories.changed(session)
    return Loaded(len(units), len(persons))


def _load_unit(session: Session, known: dict[str, Unit], row: Mapping[str, Any]) -> None:
    code, kind, parent_code = str(row["code"]), str(row["kind"]), row.get("parent")
    if kind not in UNIT_KINDS:
        raise UnitInvalid(code=code, reason=f"{kind} is not one of {', '.join(UNIT_KINDS)}")
    parent = known.get(str(parent_code)) if parent_code else None
    if parent_code and parent is None:
        raise UnitInvalid(code=code, reason=f"its parent {parent_code} is not known")
    unit = known.get(code)
    if unit is None:
        unit = known[code] = Unit(code=code)
        session.add(unit)
    unit.name, unit.kind = str(row["name"]), kind
    unit.parent_id = parent.id if parent else None
    unit.region = str(row.get("region") or (parent.region if parent else ""))
    unit.path = unit.path or ""
    unit.is_active = bool(row.get("is_active", True))
    session.flush()


def _set_paths(units: Iterable[Unit]) -> None:
    by_id = {unit.id: unit for unit in units}
    for unit in by_id.values():
        ids, here = [unit.id], unit
        while here.parent_id is not None:
            here = by_id[here.parent_id]
            if here.id in ids:
                raise UnitInvalid(code=unit.code, reason="it is its own ancestor")
            ids.append(here.id)
        unit.path = "/" + "".join(f"{id}/" for id in reversed(ids))


def close_unit(session: Session, *, code: str, into: str | None) -> Unit:
    """This will close a unit: it and what is below it goes to `into` (its parent when None), also its people.

    People keep their roles only when a unit takes theirs over. Raises UnitNotFound, UnitInvalid.
    """
    known = {unit.code: unit for unit in session.scalars(select(Unit))}
    unit = known.get(code)
    if unit is None:
        raise UnitNotFound(code=code)
    successor = (
        known.get(into) if into is not None else next((u for u in known.values() if u.id == unit.parent_id), None)
    )
    if into is not None and successor is None:
        raise UnitNotFound(code=into)
    if successor is None or not successor.is_active or successor.id == unit.id:
        raise UnitInvalid(code=code, reason="no unit in use takes it over")
    if successor.path.startswith(unit.path):
        raise UnitInvalid(code=code, reason="the unit that takes it over lies below it")
    for child in known.values():
        if child.parent_id == unit.id:
            child.parent_id = successor.id
    unit.is_active, unit.parent_id = False, successor.id
    session.flush()
    _set_paths(known.values())
    _hand_over(session, unit.id, successor.id if into is not None else None)
    session.flush()
    directories.changed(session)
    return unit


def _hand_over(session: Session, unit_id: int, successor_id: int | None) -> None:
    """The roles held in a closed unit are held in the one that took it over, or by nobody."""
    rows = list(session.scalars(select(Membership).where(Membership.unit_id.in_((unit_id, successor_id or unit_id)))))
    held = {(row.person_id, row.role) for row in rows if row.unit_id == successor_id}
    for row in rows:
        if row.unit_id != unit_id:
            continue
        if successor_id is None or (row.person_id, row.role) in held:
            session.delete(row)
        else:
            row.unit_id = successor_id


def _load_person(
    session: Session,
    known: Mapping[str, Unit],
    accounts: dict[str, Person],
    hashes: dict[str, str],
    row: Mapping[str, Any],
) -> None:
    login = str(row["login"])
    if not login or not login.isprintable() or set(login) & set(", @"):
        raise PersonInvalid(login=login, reason="a login has no spaces, commas or @")
    person = accounts.get(login)
    if person is None:
        person = accounts[login] = Person(login=login, session_stamp=secrets.token_hex(16))
        session.add(person)
    person.name, person.post = str(row["name"]), str(row.get("post") or "")
    person.is_admin, person.is_active = bool(row.get("is_admin", False)), bool(row.get("is_active", True))
    password = row.get("password")
    if password:
        # Whoever gives many accounts one password (a demo) need not wait for each hash.
        person.password_hash = hashes.get(password) or hashes.setdefault(password, _hashed(login, password))
    session.flush()
    set_roles(session, known, person, row.get("roles") or ())


def set_roles(session: Session, known: Mapping[str, Unit], person: Person, roles: Iterable[tuple[str, str]]) -> None:
    """This will give the person exactly these roles: pairs of role and unit code. Raises UnitNotFound."""
    wanted = []
    for role, code in roles:
        if str(code) not in known:
            raise UnitNotFound(code=code)
        wanted.append((known[str(code)].id, str(role)))
    held = session.execute(
        select(Membership.unit_id, Membership.role).where(Membership.person_id == person.id).order_by(Membership.id)
    )
    if [tuple(row) for row in held] != wanted:
        session.execute(delete(Membership).where(Membership.person_id == person.id))
        session.add_all(Membership(person_id=person.id, unit_id=unit_id, role=role) for unit_id, role in wanted)
        session.flush()
