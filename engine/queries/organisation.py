"""People, units and registers as lists show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import feel
from engine.access import Actor, is_in_scope, require_operator
from engine.catalog import ZONE
from engine.models import ApiToken, Membership, Person, RegisterEntry, Unit
from engine.people import PersonNotFound, describe_actor
from engine.queries import paging


@dataclass(frozen=True, slots=True)
class Held:
    """A role that a person holds in a unit."""

    role: str
    unit_id: int
    unit_code: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person with the roles held."""

    id: int
    login: str
    name: str
    post: str
    is_admin: bool
    is_active: bool
    roles: list[Held] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TokenShown:
    """A token for the API, without its secret. `is_valid` until it expires or is revoked."""

    id: int
    login: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    is_valid: bool


@dataclass(frozen=True, slots=True)
class UnitShown:
    """An org unit, how deep it stands in the tree, and how many people hold a role in it."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    path: str
    region: str
    is_active: bool
    depth: int
    people: int


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row of a register, in force on the day that was asked for."""

    id: int
    code: str
    title: str
    detail: str
    effective_from: date
    effective_to: date | None
    data: dict[str, Any]


def person(session: Session, person_id: int) -> Person | None:
    """This will return an active account for the session that signs in; None when it is gone or disabled."""
    found = session.get(Person, person_id)
    return found if found is not None and found.is_active else None


def signed_in(session: Session, person_id: int) -> tuple[Person, Actor] | None:
    """This will return an active account and its person as they act, with all roles; None when it is gone."""
    found = person(session, person_id)
    if found is None:
        return None
    return found, describe_actor(session, paging.directory(session), found, paging.now(session))


def accounts(session: Session) -> list[Account]:
    """This will list the active accounts with their roles: what a demo offers to sign in as."""
    return [account for account in _accounts(session) if account.is_active]


def people(session: Session, actor: Actor, *, q: str = "") -> list[Account]:
    """This will list the accounts, those whose login, name or post holds `q`."""
    return _accounts(session, *paging.holds(q, Person.login, Person.name, Person.post))


def account(session: Session, actor: Actor, login: str) -> Account:
    """This will return one account. Raises PersonNotFound."""
    found = _accounts(session, Person.login == login)
    if not found:
        raise PersonNotFound(person=login)
    return found[0]


def _accounts(session: Session, *where: Any) -> list[Account]:
    persons = list(session.scalars(select(Person).where(*where).order_by(Person.login)))
    roles: dict[int, list[Held]] = {row.id: [] for row in persons}
    held = select(Membership.person_id, Membership.role, Unit.id, Unit.code, Unit.name)
    held = held.join(Unit, Unit.id == Membership.unit_id).join(Person, Person.id == Membership.person_id)
    for person_id, role, unit_id, code, name in session.execute(held.where(*where).order_by(Membership.id)):
        roles[person_id].append(Held(role, unit_id, code, name))
    return [
        Account(row.id, row.login, row.name, row.post, row.is_admin, row.is_active, roles[row.id]) for row in persons
    ]


def tokens(session: Session, actor: Actor, *, login: str | None = None) -> list[TokenShown]:
    """This will list the tokens for the API, of everybody or of one person, the newest first. Raises OperatorsOnly."""
    require_operator(actor)
    now = paging.now(session)
    rows = select(ApiToken, Person.login).join(Person, Person.id == ApiToken.person_id).order_by(ApiToken.id.desc())
    if login is not None:
        rows = rows.where(Person.login == login)
    return [
        TokenShown(
            row.id,
            owner,
            row.name,
            row.prefix,
            tuple(row.scopes.split()),
            row.created_at,
            row.expires_at,
            row.used_at,
            row.revoked_at,
            is_valid=row.revoked_at is None and row.expires_at > now,
        )
        for row, owner in session.execute(rows)
    ]


def names(session: Session, actor: Actor, ids: Collection[int]) -> dict[int, str]:
    """This will return the names of persons by id."""
    return {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))}


def units(session: Session, actor: Actor, *, below: bool = False) -> list[UnitShown]:
    """This will list the org tree, each unit after the one above it; `below` only what the actor oversees."""
    held = Counter(session.scalars(select(Membership.unit_id)))
    rows = {row.id: row for row in session.scalars(select(Unit).order_by(Unit.code))}
    children: dict[int | None, list[Unit]] = {}
    for row in rows.values():
        children.setdefault(row.parent_id, []).append(row)
    found: list[UnitShown] = []
    waiting = children.get(None, [])[::-1]
    while waiting:
        row = waiting.pop()
        waiting.extend(children.get(row.id, [])[::-1])
        if below and not actor.is_admin and not is_in_scope(actor, row.path):
            continue
        place = (row.id, row.code, row.name, row.kind, row.parent_id, row.path, row.region, row.is_active)
        found.append(UnitShown(*place, depth=row.path.count("/") - 2, people=held[row.id]))
    return found


def register(
    session: Session, actor: Actor, register: str, *, q: str = "", on: date | None = None, limit: int = 20
) -> list[RegisterRow]:
    """This will list the rows of a register in force on a day (today) that hold every word of `q`."""
    day = on or paging.now(session).astimezone(ZONE).date()
    rows = select(RegisterEntry).where(
        RegisterEntry.register == register,
        RegisterEntry.effective_from <= day,
        or_(RegisterEntry.effective_to.is_(None), RegisterEntry.effective_to >= day),
        *(RegisterEntry.search.contains(word, autoescape=True) for word in q.lower().split()[:8]),
    )
    found = session.scalars(rows.order_by(RegisterEntry.code).limit(paging.limited(limit)))
    return [
        RegisterRow(row.id, row.code, row.title, row.detail, row.effective_from, row.effective_to, feel.loads(row.data))
        for row in found
    ]
